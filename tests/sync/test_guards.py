"""What stops a changeset: amounts per run, day, person and kind, an empty side, a freeze, a lock."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Config
from model.outbox import Tally
from model.values import Ref
from sync.changeset import Action, Changeset, Why, Write
from sync.guards import Reason, Source, Surroundings, Verdict, held_back, judge
from tests.sync.office import at, config

TODAY = date(2026, 3, 2)


def write(number: int, actor: str = "ja", destructive: bool = False, connection: str = "github") -> Write:
    return Write(
        tie=Ref("github", f"{number}"),
        title="Title",
        action=Action.EDIT,
        target=Ref(connection, f"{number}"),
        source="acme/pay",
        key=f"#{number}",
        field="status" if destructive else "due",
        before=None,
        after="x",
        shown_before="",
        shown_after="x",
        why=Why("ask", actor=actor),
        destructive=destructive,
    )


def changes(*writes: Write, ties: int = 1000) -> Changeset:
    return Changeset("pay", at(0), "rules", ties, 0, tuple(writes))


def judged(
    changeset: Changeset, around: Surroundings | None = None, said: Config | None = None
) -> set[Reason]:
    return {verdict.reason for verdict in verdicts(changeset, around, said)}


def verdicts(
    changeset: Changeset, around: Surroundings | None = None, said: Config | None = None
) -> tuple[Verdict, ...]:
    whole = said or config()
    return judge(changeset, whole.projects["pay"], whole.connections, around or Surroundings(TODAY))


def tally(ties: int, actor: str | None = "ja", destructive: bool = False) -> Tally:
    return Tally("pay", "github", "acme/pay", actor, destructive, ties, ties)


def test_a_few_writes_pass() -> None:
    assert judged(changes(*map(write, range(5)), ties=5)) == set()
    assert judged(changes()) == set()


def test_a_run_that_would_write_to_more_ties_than_its_share_stops_and_asks() -> None:
    people = [f"p{number}" for number in range(20)]
    few = [write(n, people[n % 20]) for n in range(200)]
    assert judged(changes(*few)) == set()
    (verdict,) = verdicts(changes(*few, write(200)))
    assert (verdict.reason, verdict.asks, len(verdict.writes)) == (Reason.RUN, True, 201)
    assert "201 of 1000 ties would be written to, 200 are allowed" in verdict.text


def test_one_edit_a_minute_for_a_day_is_stopped_as_500_at_once_are() -> None:
    slow = Surroundings(TODAY, day=tuple(tally(10, f"p{number}") for number in range(40)))
    assert judged(changes(write(1, "q")), slow) == {Reason.DAY}
    assert Reason.RUN in judged(changes(*map(write, range(500))))


def test_one_persons_edits_are_limited_whatever_the_others_do() -> None:
    mine = Surroundings(TODAY, day=(tally(195),))
    assert judged(changes(*map(write, range(6))), mine) == {Reason.ACTOR}
    assert judged(changes(*(write(n, "jb") for n in range(6))), mine) == set()


def test_closing_and_unassigning_have_a_limit_of_their_own() -> None:
    assert judged(changes(*(write(n, f"p{n}", destructive=True) for n in range(50)))) == set()
    (verdict,) = verdicts(changes(*(write(n, f"p{n}", destructive=True) for n in range(51)), write(99)))
    assert (verdict.reason, len(verdict.writes)) == (Reason.DESTRUCTIVE, 51)


def test_a_side_that_is_suddenly_empty_stops_everything() -> None:
    gone = Surroundings(TODAY, sources=(Source("github", "acme/pay", 100, 50),))
    less = Surroundings(TODAY, sources=(Source("github", "acme/pay", 100, 51),))
    small = Surroundings(TODAY, sources=(Source("github", "acme/pay", 5, 0),))
    assert judged(changes(write(1)), gone) == {Reason.EMPTY}
    assert judged(changes(write(1)), less) == set()
    assert judged(changes(write(1)), small) == set()


def test_nothing_is_written_in_a_freeze_a_pause_or_before_the_project_says_so() -> None:
    frozen = config(change={"write = true\n": 'write = true\nfreeze = ["2026-03-01/2026-03-02"]\n'})
    assert judged(changes(write(1)), said=frozen) == {Reason.FROZEN}
    assert judged(changes(write(1)), Surroundings(date(2026, 3, 3)), frozen) == set()
    assert judged(changes(write(1)), Surroundings(TODAY, paused="ada paused")) == {Reason.PAUSED}
    assert judged(changes(write(1)), said=config(change={"write = true\n": ""})) == {Reason.NOT_ASKED}


def test_a_lock_holds_back_its_own_connection_only() -> None:
    locked = config(change={'token = "env:B" }': 'token = "env:B", read_only = true }'})
    found = verdicts(changes(write(1), write(2, connection="plan")), said=locked)
    assert held_back(found, lambda _: True) == {(Ref("github", "1"), "due")}


def test_a_person_may_let_pass_what_asks_and_nothing_else() -> None:
    found = verdicts(changes(*map(write, range(500))), Surroundings(TODAY, paused="ada paused"))
    assert len(held_back(found, lambda _: True)) == 500
    asked = verdicts(changes(*map(write, range(500))))
    assert held_back(asked, lambda _: True) == frozenset()
    assert len(held_back(asked, lambda reason: reason is Reason.RUN)) == 500, "the person's limit stands"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 1000))
def test_what_passes_without_a_word_is_never_more_than_the_shares_allow(
    now: int, before: int, ties: int
) -> None:
    found = judged(
        changes(*map(write, range(now)), ties=ties),
        Surroundings(TODAY, day=(tally(before),) if before else ()),
    )
    if now and not found:
        assert now <= max(ties * 0.2, 5)
        assert now + before <= max(ties * 0.2, 5)
