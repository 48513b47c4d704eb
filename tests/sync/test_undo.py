"""Taking a run back: later edits are never trampled, nothing is deleted, people settle what remains."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from config.settings import Project
from connectors.memory.faults import Call, Fault
from model.outbox import RunKind, State
from model.store import Store
from model.values import StatusCategory
from sync.own import own_writes, written_by
from sync.undo import CannotUndo, apply_undo, undo
from tests.sync.applying import Bench, strike, written

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


def _project(bench: Bench, **rules: Any) -> Project:
    plain = bench.means().signs.project
    return plain.model_copy(update={"rules": plain.rules.model_copy(update=rules)})


def _undo(bench: Bench, run: int, **rules: Any) -> list[State]:
    taken = undo(bench.store, _project(bench, **rules), run, bench.clock())
    return [told.state for told in written(list(apply_undo(bench.means(), taken, run)))]


def test_an_undo_puts_back_what_stood_there_and_marks_the_run(store: Store) -> None:
    bench = Bench(store)
    bench.edit("a", 1, due=MAY)
    bench.pull()
    bench.apply(bench.write("b", 1, "due", MAY))
    assert _undo(bench, 1) == [State.APPLIED]
    assert (bench.there("a", 1).due, bench.there("b", 1).due) == (MAY, None)
    with store.reading() as books:
        run = books.outbox.run(1)
        assert run is not None
        assert run.undone_by == 2
        assert [each.kind for each in books.outbox.runs()] == [RunKind.UNDO, RunKind.APPLY]


def test_an_undo_leaves_the_open_conflicts_of_other_work_open(store: Store) -> None:
    bench = Bench(store)
    bench.apply(bench.write("b", 1, "due", MAY))
    other = bench.stored("a", 2).ref
    with store.transaction() as writer:
        writer.decisions.note_conflicts("pay", {(other, "due")}, bench.clock())
    _undo(bench, 1)
    with store.reading() as books:
        assert [each.field for each in books.decisions.conflicts("pay")] == ["due"]


def test_after_an_undo_the_sides_no_longer_count_as_agreed(store: Store) -> None:
    bench = Bench(store)
    bench.edit("a", 1, due=MAY)
    bench.pull()
    bench.apply(bench.write("b", 1, "due", MAY))
    _undo(bench, 1)
    assert bench.agreed("a", 1) == bench.agreed("b", 1) == {"due": ("2026-05-01", False)}


def test_a_later_edit_is_shown_as_a_conflict_and_left_alone(store: Store) -> None:
    bench = Bench(store)
    bench.apply(bench.write("b", 1, "due", MAY), bench.write("b", 1, "title", "Better"))
    bench.edit("b", 1, due=JUNE)
    bench.pull()
    taken = undo(store, _project(bench), 1, bench.clock())
    (conflict,) = taken.conflicts
    assert (conflict.field, conflict.agreed) == ("due", "2026-05-01")
    assert [side.value for side in conflict.sides] == ["2026-06-01"]
    list(apply_undo(bench.means(), taken, 1))
    assert (bench.there("b", 1).due, bench.there("b", 1).title) == (JUNE, "Work 1")


def test_an_edit_between_the_undos_look_and_its_write_is_left_alone_too(store: Store) -> None:
    bench = Bench(store)
    bench.apply(bench.write("b", 1, "due", MAY))
    bench.edit("b", 1, due=JUNE)
    assert _undo(bench, 1) == [State.MOVED]
    assert bench.there("b", 1).due == JUNE


def test_an_undo_can_be_undone(store: Store) -> None:
    bench = Bench(store)
    bench.apply(bench.write("b", 1, "due", MAY))
    _undo(bench, 1)
    assert _undo(bench, 2) == [State.APPLIED]
    assert bench.there("b", 1).due == MAY


@pytest.mark.parametrize(
    ("rule", "status"), [("unlink", StatusCategory.TODO), ("cancel", StatusCategory.CANCELLED)]
)
def test_a_created_twin_is_untied_never_deleted_and_cancelled_where_the_rules_say_so(
    store: Store, rule: str, status: StatusCategory
) -> None:
    bench = Bench(store)
    bench.apply(bench.creation())
    (refusal,) = undo(store, _project(bench), 1, bench.clock()).refusals
    assert "nothing is ever deleted in a tracker" in refusal.reason
    _undo(bench, 1, deleted=rule)
    (twin,) = [each for each in bench.all_there("b") if each.title == "New"]
    assert twin.status is status
    assert store.view(bench.clock()).ties() == ()


def test_what_never_happened_cannot_be_undone(store: Store) -> None:
    bench = Bench(store)
    strike(bench, "b", Call.WRITE, Fault.REFUSED)
    bench.apply(bench.write("b", 1, "due", MAY))
    for run, reason in ((1, "run 1 wrote nothing"), (7, "there is no run 7")):
        with pytest.raises(CannotUndo, match=reason):
            undo(store, _project(bench), run, bench.clock())


def test_a_run_is_taken_back_once(store: Store) -> None:
    bench = Bench(store)
    bench.apply(bench.write("b", 1, "due", MAY))
    _undo(bench, 1)
    with pytest.raises(CannotUndo, match="by run 2"):
        undo(store, _project(bench), 1, bench.clock())


def test_our_own_writes_are_told_apart_from_other_peoples_changes(store: Store) -> None:
    bench = Bench(store)
    bench.edit("b", 1, title="Theirs")
    bench.pull()
    bench.apply(bench.write("b", 1, "due", MAY))
    ref = bench.there("b", 1).ref
    ours = own_writes(store, ref)
    (own,) = ours
    assert (own.run, own.by, own.field, own.after, own.state) == (
        1,
        "tester",
        "due",
        "2026-05-01",
        State.APPLIED,
    )
    changes = {change.field: written_by(change, ours) for change in store.view(bench.clock()).changes()}
    assert (changes["due"], changes["title"]) == (own, None)
