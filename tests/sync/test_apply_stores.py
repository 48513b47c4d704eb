"""The heart of applying, on both kinds of store."""

from __future__ import annotations

import json
from datetime import date, timedelta

from connectors.memory.faults import Call, Fault
from model.outbox import State
from model.store import Store
from sync.outcome import Begun, Ended
from tests.sync.applying import Bench, strike, written

MAY = date(2026, 5, 1)


def test_a_write_reaches_its_tracker_and_its_receipt_is_agreed_and_audited(store: Store) -> None:
    bench = Bench(store)
    bench.edit("a", 1, due=MAY)
    bench.pull()
    steps = bench.apply(bench.write("b", 1, "due", MAY))
    assert bench.there("b", 1).due == MAY == bench.stored("b", 1).due
    assert bench.agreed("a", 1) == bench.agreed("b", 1) == {"due": ("2026-05-01", True)}
    assert isinstance(steps[0], Begun)
    assert steps[-1] == Ended("pay", 1, {State.APPLIED: 1})
    intended, ended = map(json.loads, bench.audit())
    assert (intended["before"], intended["after"], intended["actor"]) == (None, "2026-05-01", "ada")
    assert (ended["outcome"], ended["receipt"]) == ("applied", "2026-05-01")
    (entry,) = bench.entries()
    assert entry.inverse == '{"field":"due","before":null}'


def test_a_twin_is_created_with_its_marker_tied_and_agreed(store: Store) -> None:
    bench = Bench(store)
    bench.apply(bench.creation())
    (twin,) = [each for each in bench.all_there("b") if each.title == "New"]
    assert bench.trackers["b"].shelf("b").marks[twin.ref.id] == "ct1.twin-1.b"
    (edge,) = bench.store.view(bench.clock()).ties()
    assert {edge.a, edge.b} == {bench.there("a", 1).ref, twin.ref}
    assert [entry.target for entry in bench.entries()] == [twin.ref.id]


def test_one_poisoned_issue_waits_alone_and_is_tried_again_later(store: Store) -> None:
    bench = Bench(store)
    strike(bench, "b", Call.WRITE, Fault.BEFORE, issue="1")
    writes = bench.write("b", 1, "due", MAY), bench.write("b", 2, "due", MAY)
    waiting, applied = written(bench.apply(*writes))
    assert (waiting.state, applied.state) == (State.INTENDED, State.APPLIED)
    assert waiting.next_try is not None
    (still,) = written(bench.apply(writes[0]))
    assert (still.state, bench.there("b", 1).due) == (State.INTENDED, None)
    bench.now += timedelta(hours=1)
    assert [told.state for told in written(bench.apply(writes[0]))] == [State.APPLIED]
    assert [entry.attempts for entry in bench.entries()] == [1, 1, 2]
