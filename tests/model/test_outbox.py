"""The outbox: each write moves from state to state once, and only for whoever saw it where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from model.errors import LeaseLost, WriteMoved
from model.outbox import Entry, Intent, RunKind, State, Tally
from model.store import Store
from tests.sync.told import at


def intent(number: int, **fields: object) -> Intent:
    plain = Intent(
        intent=f"i{number}",
        position=number,
        action="edit",
        tie="github:1",
        connection="jira",
        source="PAY",
        target="10001",
        field="due",
        actor="ada",
        destructive=False,
        payload='{"title":"Crane 🏗"}',
    )
    return replace(plain, **fields)


def begun(store: Store, *intents: Intent, fence: int = 1, project: str = "pay") -> int:
    with store.transaction() as writer:
        run = writer.outbox.begin_run(project, RunKind.SYNC, "ada", "d" * 64, at(1))
        writer.outbox.add(run, intents, fence, at(1))
    return run


def entry(store: Store, name: str) -> Entry:
    with store.reading() as books:
        return books.outbox.by_intent([name])[name]


def advance(store: Store, name: str, to: State, minute: float = 2, **changed: object) -> Entry:
    seen = entry(store, name)
    with store.transaction() as writer:
        return writer.outbox.advance(seen, to, at(minute), **changed)


def test_a_run_is_remembered_with_how_it_ended_and_what_took_it_back(store: Store) -> None:
    first = begun(store)
    with store.transaction() as writer:
        writer.outbox.end_run(first, "complete", '{"applied": 1}', at(3))
    second = begun(store, project="web")
    with store.transaction() as writer:
        writer.outbox.mark_undone(first, second)
    with store.reading() as books:
        assert [run.pk for run in books.outbox.runs()] == [second, first]
        assert [run.pk for run in books.outbox.runs(before=second)] == [first]
        assert [run.pk for run in books.outbox.runs("web")] == [second]
        found = books.outbox.run(first)
        assert books.outbox.run(999) is None
    assert found is not None
    assert (found.project, found.kind, found.by, found.started) == ("pay", RunKind.SYNC, "ada", at(1))
    assert (found.outcome, found.counts, found.finished, found.undone_by) == (
        "complete",
        '{"applied": 1}',
        at(3),
        second,
    )


def test_an_intent_comes_back_as_it_was_stored(store: Store) -> None:
    told = (intent(1), intent(2, action="create", target=None, actor=None, destructive=True))
    run = begun(store, *told, fence=7)
    with store.reading() as books:
        found = books.outbox.of_run(run)
        assert books.outbox.by_intent(["i2", "never"]).keys() == {"i2"}
    assert [Intent(*(getattr(each, name) for name in Intent.__slots__)) for each in found] == list(told)
    assert {(e.state, e.fence, e.run, e.attempts, e.created) for e in found} == {
        (State.INTENDED, 7, run, 0, at(1))
    }


def test_a_write_is_moved_on_with_its_receipt_and_what_would_take_it_back(store: Store) -> None:
    begun(store, intent(1, target=None))
    sent = advance(store, "i1", State.SENT, attempts=1)
    assert (sent.state, sent.attempts, sent.settled) == (State.SENT, 1, None)
    done = advance(store, "i1", State.APPLIED, 3, target="10009", receipt='{"id":1}', inverse="{}")
    assert (done.target, done.receipt, done.inverse, done.settled) == ("10009", '{"id":1}', "{}", at(3))
    assert entry(store, "i1") == done


def test_of_two_who_saw_the_same_state_only_the_first_moves_it(store: Store) -> None:
    begun(store, intent(1))
    seen = entry(store, "i1")
    advance(store, "i1", State.SENT)
    with (
        pytest.raises(WriteMoved, match=r"i1 is no longer intended .*End one of the two"),
        store.transaction() as w,
    ):
        w.outbox.advance(seen, State.SENT, at(3))
    assert entry(store, "i1").state is State.SENT


def test_whoever_took_a_write_over_by_a_new_fence_shuts_the_old_holder_out(store: Store) -> None:
    begun(store, intent(1), fence=1)
    sleeper = advance(store, "i1", State.SENT)
    assert advance(store, "i1", State.SENT, fence=2).fence == 2
    with pytest.raises(WriteMoved), store.transaction() as writer:
        writer.outbox.advance(sleeper, State.APPLIED, at(4))
    assert entry(store, "i1").state is State.SENT


def test_after_a_crash_every_write_without_an_end_is_listed(store: Store) -> None:
    ends = {State.SENT, State.APPLIED, State.REFUSED, State.MOVED, State.UNKNOWN, State.PARKED}
    begun(store, intent(0), *(intent(n) for n, _ in enumerate(ends, 1)))
    for number, state in enumerate(ends, 1):
        advance(store, f"i{number}", state, error="why")
    with store.reading() as books:
        left = {each.state for each in books.outbox.unsettled()}
        assert [each.state for each in books.outbox.parked()] == [State.PARKED]
    assert left == {State.INTENDED, State.SENT, State.UNKNOWN, State.PARKED}


def test_the_guard_is_told_what_was_written_and_what_may_have_been_by_actor(store: Store) -> None:
    begun(
        store,
        intent(1),
        intent(2, tie="github:2"),
        intent(3, field="title"),
        intent(4),
        intent(5, actor="bob"),
    )
    begun(store, intent(6, destructive=True), intent(7), project="web")
    for number in (1, 2, 3, 6):
        advance(store, f"i{number}", State.APPLIED, 10)
    advance(store, "i4", State.REFUSED, 10)
    advance(store, "i5", State.SENT, 10)
    advance(store, "i7", State.APPLIED, -9000)
    with store.reading() as books:
        told = books.outbox.tallies(at(10) - timedelta(hours=24))
        assert books.outbox.tallies(at(11)) == ()
    place = ("jira", "PAY")
    assert set(told) == {
        Tally("pay", *place, "ada", False, 3, 2),
        Tally("pay", *place, "bob", False, 1, 1),
        Tally("web", *place, "ada", True, 1, 1),
    }


def test_nothing_of_a_transaction_that_failed_is_an_intent(store: Store) -> None:
    with pytest.raises(LeaseLost), store.transaction() as writer:  # noqa: PT012
        run = writer.outbox.begin_run("pay", RunKind.APPLY, "ada", "", at(1))
        writer.outbox.add(run, [intent(1)], 1, at(1))
        writer.fenced("jira", 1)
    with store.reading() as books:
        assert books.outbox.runs() == ()
        assert books.outbox.unsettled() == ()
