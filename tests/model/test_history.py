"""Replay: any history, learned in any order, against an oracle that searches it naively."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from model.history import Fact, Stay, Thread, sprint_as_of, stays, weave
from model.values import Ref, Sprint, SprintState

START = datetime(2026, 3, 2, tzinfo=UTC)


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def fact(seq: int, before: str | None, after: str | None, when: int, learned: int, record: int = 1) -> Fact:
    return Fact(seq, record, "title", before, after, at(when), at(learned), "recorded")


days = st.integers(0, 12)
texts = st.sampled_from(["a", "b", "c", None])


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Facts of one field in any order, most of them learned later than they happened."""
    several = draw(st.lists(st.tuples(texts, texts, days, st.integers(-2, 8)), min_size=1, max_size=8))
    facts = [
        fact(seq, before, after, when, when + late) for seq, (before, after, when, late) in enumerate(several)
    ]
    return draw(st.permutations(facts))


def oracle(facts: list[Fact], when: datetime, known: datetime) -> str | None:
    """The rule of model.history read aloud, by exhaustive search."""
    heard = [f for f in facts if f.learned <= known]
    happened = [f for f in heard if f.at <= when]
    if happened:
        newest = max(f.at for f in happened)
        return max((f for f in happened if f.at == newest), key=lambda f: f.seq).after
    if heard:
        oldest = min(f.at for f in heard)
        return min((f for f in heard if f.at == oldest), key=lambda f: f.seq).before
    soonest = min(f.learned for f in facts)
    return min((f for f in facts if f.learned == soonest), key=lambda f: f.seq).before


@given(histories(), days, days)
def test_a_thread_gives_what_a_naive_search_gives(facts: list[Fact], when: int, known: int) -> None:
    assert Thread(facts, at(known)).value(at(when)) == oracle(facts, at(when), at(known))


@given(histories(), histories(), days, days)
def test_more_learned_later_changes_no_answer(
    facts: list[Fact], more: list[Fact], when: int, known: int
) -> None:
    later = [fact(100 + f.seq, f.before, f.after, (f.at - START).days, known + 1 + f.seq) for f in more]
    told = [f for f in facts if f.learned <= at(known)]
    if told:
        answer = Thread(told, at(known)).value(at(when))
        assert Thread([*told, *later], at(known)).value(at(when)) == answer


@given(histories(), days, days, days)
def test_a_timeline_says_at_each_instant_what_the_thread_says(
    facts: list[Fact], start: int, end: int, known: int
) -> None:
    thread = Thread(facts, at(known))
    timeline = list(thread.timeline(at(start), at(end)))
    assert timeline[0][0] == at(start)
    assert [when for when, _ in timeline] == sorted({when for when, _ in timeline})
    assert all(one != other for (_, one), (_, other) in pairwise(timeline))
    for day in range(start, end + 1):
        said = [text for when, text in timeline if when <= at(day)][-1]
        assert said == thread.value(at(day))


@given(histories(), days, days)
def test_a_thread_is_current_only_where_its_last_step_speaks(
    facts: list[Fact], when: int, known: int
) -> None:
    thread = Thread(facts, at(known))
    newest = max(facts, key=lambda f: (f.at, f.seq))
    if thread.is_current(at(when)):
        assert thread.value(at(when)) == newest.after
    else:
        assert newest.at > at(when) or any(f.learned > at(known) for f in facts)


def test_facts_of_several_records_and_fields_do_not_mix() -> None:
    facts = [fact(1, "a", "b", 1, 1), fact(2, "x", "y", 1, 1, record=2)]
    threads = weave(facts, at(5))
    assert (threads[1]["title"].value(at(3)), threads[2]["title"].value(at(3))) == ("b", "y")


def test_of_two_changes_at_one_instant_the_later_told_one_counts() -> None:
    thread = Thread([fact(2, "b", "c", 1, 1), fact(1, "a", "b", 1, 1)], at(5))
    assert (thread.value(at(0)), thread.value(at(1))) == ("a", "c")


@given(st.lists(st.frozensets(st.sampled_from("123"), max_size=3), min_size=1, max_size=8))
def test_stays_cover_exactly_the_times_in_each_sprint(sets: list[frozenset[str]]) -> None:
    timeline = [(at(day), sprints) for day, sprints in enumerate(sets)]
    found = stays(timeline)
    for day, sprints in enumerate(sets):
        within = [s.sprint for s in found if s.since <= at(day) and (s.until is None or at(day) < s.until)]
        assert sorted(within) == sorted(sprints)


def test_a_sprint_left_and_joined_again_is_two_stays() -> None:
    one, none = frozenset({"1"}), frozenset[str]()
    timeline = [(at(1), one), (at(2), none), (at(3), one)]
    assert stays(timeline) == (Stay("1", at(1), at(2)), Stay("1", at(3), None))


def test_a_sprint_is_not_closed_before_it_was_closed_nor_active_before_it_began() -> None:
    sprint = Sprint(Ref("jira", "1"), "PAY", "S", SprintState.CLOSED, at(2), at(9), at(10))
    assert sprint_as_of(sprint, at(10)) == sprint
    assert (sprint_as_of(sprint, at(9)).state, sprint_as_of(sprint, at(9)).completed) == (
        SprintState.ACTIVE,
        None,
    )
    assert sprint_as_of(sprint, at(1)).state is SprintState.FUTURE
