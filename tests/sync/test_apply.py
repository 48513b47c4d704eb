"""Applying: exactly what was looked at, once, and every write ends applied, refused, moved or looked for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from connectors.memory.faults import Call, Fault
from connectors.memory.form import Form
from model.outbox import State
from model.store import Store
from sync.apply import apply
from sync.changeset import Settled
from sync.outcome import Differs, Halted
from sync.resume import resume
from tests.sync.applying import Bench, Crash, changeset, counted, dying, strike, then, written

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

MAY = date(2026, 5, 1)
JUNE = date(2026, 6, 1)


def test_several_fields_of_an_issue_are_one_request(store: Store) -> None:
    bench = Bench(store)
    asked = counted(bench, "b")
    bench.apply(bench.write("b", 1, "due", MAY), bench.write("b", 1, "title", "Better"))
    assert asked.count(Call.WRITE) == 1
    assert bench.states() == [State.APPLIED, State.APPLIED]


def test_a_target_that_moved_meanwhile_is_left_alone_and_its_news_are_recorded(store: Store) -> None:
    bench = Bench(store)
    write = bench.write("b", 1, "due", MAY)
    bench.edit("b", 1, due=JUNE)
    (told,) = written(bench.apply(write))
    assert (told.state, bench.there("b", 1).due) == (State.MOVED, JUNE)
    assert "B-1 due was changed meanwhile" in told.reason
    assert bench.stored("b", 1).due == JUNE


def test_a_value_whose_source_moved_meanwhile_is_not_carried_over(store: Store) -> None:
    bench = Bench(store)
    bench.edit("a", 1, due=MAY)
    bench.pull()
    write = bench.write("b", 1, "due", MAY)
    bench.edit("a", 1, due=JUNE)
    assert [told.state for told in written(bench.apply(write))] == [State.MOVED]
    assert bench.there("b", 1).due is None


def test_two_sides_that_are_united_are_both_written_in_one_run(store: Store) -> None:
    bench = Bench(store)
    bench.edit("a", 1, labels=frozenset({"x"}))
    bench.edit("b", 1, labels=frozenset({"y"}))
    bench.pull()
    both = frozenset({"x", "y"})
    bench.apply(bench.write("a", 1, "labels", both, "b"), bench.write("b", 1, "labels", both, "a"))
    assert bench.states() == [State.APPLIED, State.APPLIED]
    assert bench.there("a", 1).labels == bench.there("b", 1).labels == both


def test_one_field_that_moved_does_not_hold_back_the_others(store: Store) -> None:
    bench = Bench(store)
    writes = bench.write("b", 1, "due", MAY), bench.write("b", 1, "title", "Better")
    bench.edit("b", 1, due=JUNE)
    bench.apply(*writes)
    assert bench.states() == [State.MOVED, State.APPLIED]
    assert (bench.there("b", 1).due, bench.there("b", 1).title) == (JUNE, "Better")


def test_a_refused_write_is_told_and_not_sent_again_the_same_day(store: Store) -> None:
    bench = Bench(store)
    strike(bench, "b", Call.WRITE, Fault.REFUSED)
    write = bench.write("b", 1, "due", MAY)
    assert [told.state for told in written(bench.apply(write))] == [State.REFUSED]
    asked = counted(bench, "b")
    assert [told.state for told in written(bench.apply(write))] == [State.REFUSED]
    assert not asked
    assert [told.state for told in written(bench.apply(write, insist=True))] == [State.APPLIED]


def test_a_field_that_the_tracker_drops_is_refused_and_the_others_are_applied(store: Store) -> None:
    bench = Bench(store, forms={"b": Form(fields=frozenset({"title"}))})
    bench.apply(bench.write("b", 1, "title", "Better"), bench.write("b", 1, "due", MAY))
    assert bench.states() == [State.APPLIED, State.REFUSED]
    assert bench.agreed("b", 1).keys() == {"title"}


def test_a_value_that_the_tracker_rounds_is_applied(store: Store) -> None:
    bench = Bench(store, forms={"b": Form(title_limit=4)})
    bench.apply(bench.write("b", 1, "title", "Rather long"))
    assert (bench.states(), bench.there("b", 1).title) == ([State.APPLIED], "Rath")


def test_a_connection_that_never_answers_is_not_asked_for_every_issue(store: Store) -> None:
    bench = Bench(store)
    for number in range(3, 9):
        bench.trackers["b"].put(
            replace(bench.there("b", 1), ref=replace(bench.there("b", 1).ref, id=f"{number}")), bench.clock()
        )
    bench.pull()
    asked = counted(bench, "b", Fault.UNREACHABLE)
    told = written(bench.apply(*(bench.write("b", number, "due", MAY, None) for number in range(1, 9))))
    assert (len(asked), {each.state for each in told}) == (3, {State.INTENDED})


def test_an_unanswered_edit_is_looked_for_before_anything_else(store: Store) -> None:
    bench = Bench(store)
    asked = strike(bench, "b", Call.WRITE, Fault.AFTER)
    *_, last = written(bench.apply(bench.write("b", 1, "due", MAY)))
    assert (last.state, bench.states()) == (State.APPLIED, [State.APPLIED])
    assert asked.count(Call.WRITE) == 1
    assert bench.agreed("b", 1) == {"due": ("2026-05-01", True)}


def test_an_unanswered_edit_that_never_arrived_is_left_to_the_next_run(store: Store) -> None:
    bench = Bench(store)
    strike(bench, "b", Call.WRITE, Fault.LOST)
    *_, last = written(bench.apply(bench.write("b", 1, "due", MAY)))
    assert (last.state, bench.there("b", 1).due) == (State.MOVED, None)
    assert not bench.agreed("b", 1)


def test_an_unanswered_edit_that_somebody_took_back_meanwhile_counts_as_done(store: Store) -> None:
    bench = Bench(store)
    bench.trackers["b"].listening = then(
        lambda call, issue: Fault.AFTER if call is Call.WRITE else None,
        lambda call: call is Call.FETCH and bench.there("b", 1).due == MAY and bench.edit("b", 1, due=None),
    )
    *_, last = written(bench.apply(bench.write("b", 1, "due", MAY)))
    assert (last.state, bench.there("b", 1).due) == (State.APPLIED, None)
    assert bench.agreed("b", 1) == {"due": ("2026-05-01", True)}


def test_what_somebody_set_at_the_very_moment_of_our_write_is_put_back(store: Store) -> None:
    bench = Bench(store, forms={"b": Form(conditional=False)})
    struck: list[int] = []

    def meanwhile(call: Call, issue: str) -> Fault | None:
        if call is Call.WRITE and not struck:
            struck.append(1)
            bench.edit("b", 1, due=JUNE)
        return None

    write = bench.write("b", 1, "due", MAY)
    bench.trackers["b"].listening = meanwhile
    bench.apply(write)
    assert bench.there("b", 1).due == JUNE
    assert bench.states() == [State.APPLIED, State.APPLIED]
    assert not bench.agreed("b", 1)
    intents = [entry["intent"] for entry in map(json.loads, bench.audit())]
    assert intents == ["1.1", "1.1", "1.2", "1.2"]


def test_a_stale_answer_ends_the_write_as_moved(store: Store) -> None:
    bench = Bench(store)
    strike(bench, "b", Call.WRITE, Fault.STALE)
    assert [told.state for told in written(bench.apply(bench.write("b", 1, "due", MAY)))] == [State.MOVED]


def test_a_side_that_could_not_be_written_is_in_doubt_and_the_others_have_settled(store: Store) -> None:
    bench = Bench(store, count=3)
    for name in bench.names:
        with store.transaction() as writer:
            writer.ties.agree(bench.there(name, 1).ref, {"due": None}, bench.clock())
    bench.edit("a", 1, due=MAY)
    bench.pull()
    strike(bench, "c", Call.WRITE, Fault.BEFORE)
    bench.apply(bench.write("b", 1, "due", MAY), bench.write("c", 1, "due", MAY))
    assert bench.agreed("a", 1) == bench.agreed("b", 1) == {"due": ("2026-05-01", True)}
    assert bench.agreed("c", 1) == {"due": (None, False)}


def test_what_is_settled_is_agreed_without_any_run(store: Store) -> None:
    bench = Bench(store)
    ref = bench.there("a", 1).ref
    assert list(apply(bench.means(), changeset(settled=(Settled(ref, "due", {str(ref): None}),)))) == []
    assert bench.agreed("a", 1) == {"due": (None, True)}
    assert bench.entries() == []


def test_a_changeset_that_is_not_what_would_be_computed_now_is_refused_with_what_moved(store: Store) -> None:
    bench = Bench(store)
    old = changeset(bench.write("b", 1, "due", MAY), bench.write("b", 1, "title", "X"))
    new = changeset(bench.write("b", 1, "due", JUNE), bench.write("b", 2, "due", MAY))
    assert list(apply(bench.means(), old, lambda: new)) == [
        Differs("pay", ("B-1 due: another write", "B-1 title: no write any more", "B-2 due: a new write"))
    ]
    assert bench.entries() == []


def test_the_same_changeset_again_is_applied(store: Store) -> None:
    bench = Bench(store)
    said = changeset(bench.write("b", 1, "due", MAY))
    again = replace(said, made=bench.now)
    assert written(list(apply(bench.means(), said, lambda: again)))[0].state is State.APPLIED


# Creating


@pytest.mark.parametrize("lag", [0, 2])
def test_a_creation_without_an_answer_is_found_by_its_marker_and_never_repeated(
    store: Store, lag: int
) -> None:
    bench = Bench(store)
    bench.trackers["b"].search_lag = lag
    asked = strike(bench, "b", Call.CREATE, Fault.AFTER)
    bench.apply(bench.creation())
    for _ in range(lag + 1):
        bench.now += timedelta(hours=1)
        list(resume(bench.means()))
        bench.apply(bench.creation())
    assert bench.states() == [State.APPLIED]
    assert asked.count(Call.CREATE) == 1
    assert [each.title for each in bench.all_there("b")].count("New") == 1
    assert len(bench.store.view(bench.clock()).ties()) == 1


def test_a_creation_that_is_never_found_is_left_to_a_person(store: Store) -> None:
    bench = Bench(store)
    asked = strike(bench, "b", Call.CREATE, Fault.LOST)
    bench.apply(bench.creation())
    for _ in range(8):
        bench.now += timedelta(hours=1)
        list(resume(bench.means()))
        bench.apply(bench.creation())
    assert bench.states() == [State.PARKED]
    assert asked.count(Call.CREATE) == 1
    (entry,) = bench.entries()
    assert "nobody knows whether the twin of A-1 was created" in (entry.error or "")


def test_a_strangers_issue_with_the_twins_own_marker_is_not_taken_for_it(store: Store) -> None:
    bench = Bench(store)
    strike(bench, "b", Call.CREATE, Fault.LOST)
    bench.apply(bench.creation())
    tracker = bench.trackers["b"]
    forged = tracker.make("b", "b", {"title": "New"}, bench.clock(), "stranger")
    tracker.shelf("b").marks[forged] = "ct1.twin-1.b"
    bench.now += timedelta(hours=1)
    list(resume(bench.means()))
    assert bench.states() == [State.UNKNOWN]
    assert bench.store.view(bench.clock()).ties() == ()


def test_a_twin_whose_marker_was_lost_is_known_by_its_maker_and_title(store: Store) -> None:
    bench = Bench(store, forms={"b": Form(marker_apart=True)})
    strike(bench, "b", Call.MARK, Fault.LOST)
    bench.apply(bench.creation())
    assert bench.states() == [State.APPLIED]
    assert len(bench.store.view(bench.clock()).ties()) == 1


def test_the_unmarked_twin_of_another_issue_is_not_taken_for_this_one(store: Store) -> None:
    bench = Bench(store, forms={"b": Form(marker_apart=True)})
    strike(bench, "b", Call.MARK, Fault.LOST)
    bench.apply(bench.creation("twin-1"))
    strike(bench, "b", Call.CREATE, Fault.LOST)
    bench.apply(bench.creation("twin-2"))
    assert bench.states() == [State.APPLIED, State.UNKNOWN]


def test_a_creation_that_was_put_off_is_tried_again_under_the_same_intent(store: Store) -> None:
    bench = Bench(store)
    strike(bench, "b", Call.CREATE, Fault.BEFORE)
    bench.apply(bench.creation())
    bench.now += timedelta(hours=1)
    bench.apply(bench.creation())
    assert bench.states() == [State.APPLIED]


def test_a_twin_that_lost_its_tie_is_not_created_again(store: Store) -> None:
    bench = Bench(store)
    bench.apply(bench.creation())
    (told,) = written(bench.apply(bench.creation()))
    assert told.state is State.REFUSED
    assert [each.title for each in bench.all_there("b")].count("New") == 1


def test_a_restored_store_looks_for_the_twin_before_it_creates_one(store: Store) -> None:
    bench = Bench(store)
    bench.trackers["b"].make("b", "b", {"title": "New"}, bench.clock(), "crosstie")
    (twin,) = [each.ref.id for each in bench.all_there("b") if each.title == "New"]
    bench.trackers["b"].shelf("b").marks[twin] = "ct1.twin-1.b"
    store.admit_restore(bench.clock(), "tester")
    bench.apply(bench.creation())
    assert [each.title for each in bench.all_there("b")].count("New") == 1
    assert bench.states() == [State.APPLIED]


# Stop signs


def test_a_pause_takes_effect_before_the_next_call(store: Store) -> None:
    bench = Bench(store)

    def pause(call: Call, issue: str) -> None:
        if call is Call.FETCH and issue == "" and bench.there("b", 1).due == MAY:
            with store.transaction() as writer:
                writer.leases.set("paused", "an incident", "ada", bench.clock())

    bench.trackers["b"].listening = pause
    steps = bench.apply(bench.write("b", 1, "due", MAY), bench.write("b", 2, "due", MAY))
    (halted,) = [step for step in steps if isinstance(step, Halted)]
    assert "ada paused all writing: an incident" in halted.reason
    assert (halted.left, bench.there("b", 2).due) == (1, None)
    assert bench.states() == [State.APPLIED, State.MOVED]


def test_nothing_begins_while_writing_is_paused(store: Store) -> None:
    bench = Bench(store)
    with store.transaction() as writer:
        writer.leases.set("paused", "", "ada", bench.clock())
    (halted,) = bench.apply(bench.write("b", 1, "due", MAY))
    assert isinstance(halted, Halted)
    assert (bench.entries(), bench.there("b", 1).due) == ([], None)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"write": False}, "write = true"),
        ({"write": True, "freeze": ("2026-03-01/2026-03-05",)}, "2026-03-05"),
    ],
)
def test_a_project_that_may_not_write_does_not(
    store: Store, settings: dict[str, object], reason: str
) -> None:
    bench = Bench(store)
    plain = bench.means().signs.project
    bench.project = plain.model_copy(update=settings)
    (halted,) = bench.apply(bench.write("b", 1, "due", MAY))
    assert isinstance(halted, Halted)
    assert reason in halted.reason


def test_a_read_only_connection_refuses_its_writes_alone(store: Store) -> None:
    bench = Bench(store, count=3, read_only={"b"})
    bench.apply(bench.write("b", 1, "due", MAY), bench.write("c", 1, "due", MAY))
    assert bench.states() == [State.REFUSED, State.APPLIED]
    assert (bench.there("b", 1).due, bench.there("c", 1).due) == (None, MAY)


def test_what_its_readers_may_not_see_is_not_sent(store: Store) -> None:
    bench = Bench(store, hidden="b is public and A-1 is not; narrow b")
    (told,) = written(bench.apply(bench.write("b", 1, "due", MAY)))
    assert (told.state, told.reason) == (State.REFUSED, "b is public and A-1 is not; narrow b")
    assert bench.there("b", 1).due is None


# Crashes


@pytest.mark.parametrize("creates", [False, True])
def test_a_crash_anywhere_leaves_one_write_in_the_end(new_store: object, creates: bool) -> None:
    points = unknown = 0
    while True:
        bench = Bench(next(new_store))  # type: ignore[call-overload]
        write = bench.creation() if creates else bench.write("b", 1, "due", MAY)
        asked = counted(bench, "b")
        bench.store = _Mortal(bench.store, points)  # type: ignore[assignment]
        try:
            bench.apply(write)
            break
        except Crash:
            bench.store = bench.store.store  # type: ignore[attr-defined]
        points += 1
        bench.now += timedelta(hours=1)
        list(resume(bench.means()))
        if not _done(bench, creates):
            bench.apply(write)
        sends = asked.count(Call.WRITE) + asked.count(Call.CREATE)
        if creates and not sends:  # it died between its note and its call, and nobody can tell
            assert bench.states() == [State.UNKNOWN]
            unknown += 1
        else:
            assert (_done(bench, creates), sends) == (True, 1), f"died at point {points}"
        assert State.SENT not in bench.states()
        with bench.store.reading() as books:
            assert "running" not in {run.outcome for run in books.outbox.runs()}
    assert (points > 6, unknown) == (True, int(creates))


def test_a_run_that_died_before_it_sent_anything_is_closed_without_sending(store: Store) -> None:
    bench = Bench(store)

    def die(call: Call, issue: str) -> None:
        raise Crash

    bench.trackers["b"].listening = die
    with dying():
        bench.apply(bench.write("b", 1, "due", MAY))
    asked = counted(bench, "b")
    list(resume(bench.means()))
    assert (bench.states(), asked) == ([State.MOVED], [])


def _done(bench: Bench, creates: bool) -> bool:
    if creates:
        return [each.title for each in bench.all_there("b")].count("New") == 1
    return bench.there("b", 1).due == MAY


class _Mortal:
    """A store whose program dies at the beginning or the end of one of its transactions."""

    def __init__(self, store: Store, after: int) -> None:
        self.store = store
        self._left = after

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    def transaction(self) -> object:
        return self._transaction()

    def _transaction(self) -> object:
        from contextlib import contextmanager

        @contextmanager
        def mortal() -> object:  # type: ignore[misc]
            self._point()
            with self.store.transaction() as writer:
                yield writer
                self._point()
            self._point()

        return mortal()

    def _point(self) -> None:
        if self._left == 0:
            raise Crash
        self._left -= 1
