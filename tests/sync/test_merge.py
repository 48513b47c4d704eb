"""The laws of the three-way merge, each as a property over any sides, rules and histories."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.values import Ref
from sync.merge import Held, Outcome, Ruling, Value, merge

SIDES = (Ref("jira", "1"), Ref("github", "2"), Ref("planner", "3"), Ref("jira", "4"))
JIRA, GITHUB, PLANNER, OTHER = SIDES
EPOCH = datetime(2026, 3, 2, tzinfo=UTC)
POLICIES = ("ask", "newest", "union", "owner", "one-way")

VALUES: Mapping[str, tuple[Value, ...]] = {
    "due": (None, "2026-03-20", "2026-03-21", "2026-03-22"),
    "percent": ("0", "30", "50", "60", "100"),
    "labels": tuple(map(frozenset, ("", "x", "y", "xy", "xyz", "yw"))),
}
many = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32)
EACH = 25
"""Ties made of one seed: Hypothesis' own draws cost more than the merge by far."""

Case = tuple[list[Held], dict[str, Ruling], dict[tuple[Ref, str], datetime]]


def as_stored(side: Ref, field: str, value: Value) -> Value:
    """Planner keeps 0, 50 and 100 only, and two labels; the others keep what they are given."""
    if side.connection != "planner":
        return value
    if field == "percent" and isinstance(value, str):
        return value if value in ("0", "100") else "50"
    if field == "labels" and isinstance(value, frozenset):
        return frozenset(sorted(value)[:2])
    return value


def ties(seed: int) -> Iterator[Case]:
    """Sides that settled on something each in its own way, of which some moved since, with rules."""
    chance = random.Random(seed)
    for _ in range(EACH):
        names = chance.sample(SIDES, chance.randint(2, 4))
        held = [_side(name, {}, {}, set()) for name in names]
        for field, values in VALUES.items():
            common = chance.choice(values)
            held = [_drawn(chance, side, field, common, values) for side in held]
        rules = {
            field: Ruling(chance.choice(POLICIES), chance.choice(["jira", "github", "nobody"]))
            for field in VALUES
        }
        stamps = {
            (n, field): EPOCH + timedelta(minutes=chance.randint(0, 3)) for n in names for field in VALUES
        }
        yield held, rules, stamps


def _side(name: Ref, now: dict[str, Value], agreed: dict[str, Value], doubted: set[str]) -> Held:
    return Held(name, now, agreed, frozenset(doubted))


def _drawn(chance: random.Random, side: Held, field: str, common: Value, values: Sequence[Value]) -> Held:
    """The side with one field more: held or not, moved or not, agreed for sure, in doubt or not at all."""
    if chance.randrange(10) == 0:
        return side
    before = as_stored(side.side, field, common)
    after = as_stored(side.side, field, chance.choice(values)) if chance.randrange(3) == 0 else before
    agreed, doubted = dict(side.agreed), set(side.doubted)
    sure = chance.randrange(12)
    if sure:
        agreed[field] = before
    if sure == 1:
        doubted.add(field)
    return _side(side.side, {**side.now, field: after}, agreed, doubted)


def decide(case: Case) -> dict[str, Outcome]:
    held, rules, stamps = case
    return merge(held, rules, as_stored, lambda side, field: stamps.get((side, field)))


def carried_out(held: Sequence[Held], outcomes: Mapping[str, Outcome], agree: bool = True) -> list[Held]:
    """The sides after the trackers stored what was to be written, and what settled was agreed on."""
    after = []
    for side in held:
        now, agreed, doubted = dict(side.now), dict(side.agreed), set(side.doubted)
        for field, outcome in outcomes.items():
            if side.side in outcome.writes:
                now[field] = as_stored(side.side, field, outcome.writes[side.side])
            if agree and not outcome.conflict and field in now:
                agreed[field] = now[field]
                doubted.discard(field)
        after.append(replace(side, now=now, agreed=agreed, doubted=frozenset(doubted)))
    return after


@many
@given(seeds)
def test_a_tie_settles_in_one_round_and_then_is_quiet(seed: int) -> None:
    for case in ties(seed):
        held, rules, stamps = case
        after = carried_out(held, first := decide(case))
        again = decide((after, rules, stamps))
        assert {field for field, outcome in again.items() if not outcome.conflict} == set()
        assert again.keys() == {field for field, outcome in first.items() if outcome.conflict}


@many
@given(seeds)
def test_a_crash_before_the_agreement_writes_nothing_twice_that_can_be_held(seed: int) -> None:
    for case in ties(seed):
        held, rules, stamps = case
        after = carried_out(held, decide(case), agree=False)
        for field, outcome in decide((after, rules, stamps)).items():
            if field != "labels":
                assert outcome.writes == {}


@many
@given(seeds)
def test_the_order_of_the_sides_changes_nothing(seed: int) -> None:
    for case in ties(seed):
        held, rules, stamps = case
        shuffled = held[::-1] if len(held) < 3 else [*held[1:], held[0]]
        assert decide((shuffled, rules, stamps)) == decide(case)


@many
@given(seeds)
def test_no_value_is_invented(seed: int) -> None:
    for case in ties(seed):
        held, _, _ = case
        for field, outcome in decide(case).items():
            said = {side.now[field] for side in held if field in side.now}
            words = frozenset[str]().union(*(value for value in said if isinstance(value, frozenset)))
            for value in outcome.writes.values():
                assert value <= words if isinstance(value, frozenset) else value in said


@many
@given(seeds)
def test_a_conflict_writes_nothing_and_names_those_who_clash(seed: int) -> None:
    for case in ties(seed):
        held, _, _ = case
        known = {side.side for side in held}
        for outcome in decide(case).values():
            if outcome.conflict:
                assert outcome.writes == {}
                assert set(outcome.conflict) <= known
                assert len(outcome.conflict) > 1


@many
@given(seeds)
def test_nothing_is_written_that_the_side_holds_already(seed: int) -> None:
    for case in ties(seed):
        held, _, _ = case
        now = {side.side: side.now for side in held}
        for field, outcome in decide(case).items():
            for side, value in outcome.writes.items():
                assert as_stored(side, field, value) != now[side][field]


@many
@given(seeds)
def test_edits_of_different_fields_never_clash(seed: int) -> None:
    for case in ties(seed):
        held, rules, stamps = case
        together = decide(case)
        for field, rule in rules.items():
            assert decide((held, {field: rule}, stamps)).get(field) == together.get(field)


@many
@given(seeds)
def test_a_lone_edit_is_never_lost_but_to_a_one_way_rule(seed: int) -> None:
    for case in ties(seed):
        _, rules, _ = case
        for field, outcome in decide(case).items():
            movers = [part for part in outcome.parts if part.moved]
            proven = all(part.proven and not part.fresh for part in outcome.parts)
            if len(movers) == 1 and proven and rules[field].policy != "one-way":
                assert not outcome.conflict
                assert movers[0].side not in outcome.writes
                if field != "labels":
                    assert set(outcome.writes.values()) <= {movers[0].now}


def proven(side: Ref, now: Value, agreed: Value, field: str = "due") -> Held:
    return Held(side, {field: now}, {field: agreed})


def only(outcomes: dict[str, Outcome]) -> Outcome:
    (outcome,) = outcomes.values()
    return outcome


def settle(*held: Held, rule: Ruling | None = None, **stamps: int) -> Outcome:
    (field,) = held[0].now
    times = {Ref(name, ""): EPOCH + timedelta(minutes=minutes) for name, minutes in stamps.items()}

    def learned(side: Ref, _field: str) -> datetime | None:
        return times.get(Ref(side.connection, ""))

    return only(merge(held, {field: rule or Ruling()}, as_stored, learned))


@pytest.mark.parametrize("policy", ["ask", "newest", "owner"])
def test_a_moved_date_reaches_every_other_side(policy: str) -> None:
    outcome = settle(
        proven(JIRA, "2026-04-01", "2026-03-01"),
        proven(GITHUB, "2026-03-01", "2026-03-01"),
        proven(PLANNER, "2026-03-01", "2026-03-01"),
        rule=Ruling(policy, "github"),
    )
    assert outcome.writes == {GITHUB: "2026-04-01", PLANNER: "2026-04-01"}
    assert outcome.movers == (JIRA,)


def test_what_a_tracker_rounded_is_no_edit() -> None:
    held = [proven(JIRA, "60", "60", "percent"), proven(PLANNER, "50", "50", "percent")]
    assert merge(held, {"percent": Ruling()}, as_stored, lambda *_: None) == {}


def test_an_edit_beats_what_is_merely_coarser() -> None:
    outcome = settle(proven(JIRA, "60", "30", "percent"), proven(PLANNER, "50", "0", "percent"))
    assert (outcome.writes, outcome.conflict) == ({}, ())


def test_two_different_edits_wait_for_a_person() -> None:
    outcome = settle(proven(JIRA, "a", "o", "title"), proven(GITHUB, "b", "o", "title"))
    assert outcome.conflict == (GITHUB, JIRA)


def test_two_different_edits_go_to_the_owner() -> None:
    clash = [proven(JIRA, "a", "o", "title"), proven(GITHUB, "b", "o", "title")]
    assert settle(*clash, rule=Ruling("owner", "github")).writes == {JIRA: "b"}
    assert settle(*clash, rule=Ruling("owner", "planner")).conflict == (GITHUB, JIRA)


def test_of_two_edits_the_one_learned_last_is_the_newest_and_a_tie_in_time_is_a_conflict() -> None:
    clash = [proven(JIRA, "a", "o", "title"), proven(GITHUB, "b", "o", "title")]
    assert settle(*clash, rule=Ruling("newest"), jira=1, github=2).writes == {JIRA: "b"}
    assert settle(*clash, rule=Ruling("newest"), jira=2, github=2).conflict == (GITHUB, JIRA)
    assert settle(*clash, rule=Ruling("newest"), jira=2).conflict == (GITHUB, JIRA)


def test_one_way_carries_one_sides_value_and_takes_back_what_the_others_say() -> None:
    rule = Ruling("one-way", "jira")
    lone = settle(proven(JIRA, "o", "o", "title"), proven(GITHUB, "b", "o", "title"), rule=rule)
    assert lone.writes == {GITHUB: "o"}
    away = settle(proven(PLANNER, "b", "o", "title"), proven(GITHUB, "o", "o", "title"), rule=rule)
    assert away.writes == {GITHUB: "b"}


def test_at_first_contact_equal_sides_settle_and_others_ask_or_follow_the_owner() -> None:
    new = [Held(JIRA, {"due": "2026-03-01"}, {}), Held(GITHUB, {"due": "2026-03-02"}, {})]
    same = [Held(JIRA, {"due": "2026-03-01"}, {}), Held(GITHUB, {"due": "2026-03-01"}, {})]
    assert (settle(*same).writes, settle(*same).conflict, settle(*same).first) == ({}, (), True)
    assert settle(*new).conflict == (GITHUB, JIRA)
    assert settle(*new, rule=Ruling("owner", "jira")).writes == {GITHUB: "2026-03-01"}
    assert settle(*new, rule=Ruling("newest"), jira=1, github=2).conflict == (GITHUB, JIRA)


@pytest.mark.parametrize("policy", ["union", "ask"])
def test_what_anybody_added_to_a_set_or_took_out_is_added_and_taken_out_everywhere(policy: str) -> None:
    base = frozenset({"a", "b"})
    outcome = settle(
        proven(JIRA, frozenset({"a", "b", "c"}), base, "labels"),
        proven(GITHUB, frozenset({"a"}), base, "labels"),
        rule=Ruling(policy),
    )
    assert outcome.writes == {JIRA: frozenset({"a", "c"}), GITHUB: frozenset({"a", "c"})}


def test_a_side_that_lags_behind_catches_up_when_nobody_moves() -> None:
    late = Held(PLANNER, {"due": "2026-03-01"}, {"due": "2026-03-01"}, frozenset({"due"}))
    outcome = settle(
        proven(JIRA, "2026-04-01", "2026-04-01"), proven(GITHUB, "2026-04-01", "2026-04-01"), late
    )
    assert outcome.writes == {PLANNER: "2026-04-01"}


def test_after_a_restored_store_disagreement_is_a_conflict_even_where_a_rule_has_an_owner() -> None:
    doubt = frozenset({"due"})
    held = [
        Held(JIRA, {"due": "2026-03-01"}, {"due": "2026-03-01"}, doubt),
        Held(GITHUB, {"due": "2026-03-02"}, {"due": "2026-03-01"}, doubt),
    ]
    assert settle(*held, rule=Ruling("owner", "jira")).conflict == (GITHUB, JIRA)


def test_a_side_that_can_hold_one_person_keeps_the_one_it_has() -> None:
    def one(side: Ref, field: str, value: Value) -> Value:
        return frozenset(sorted(value)[:1]) if side == JIRA and isinstance(value, frozenset) else value

    base, more = frozenset({"bo"}), frozenset({"ada", "bo"})
    held = [proven(JIRA, base, base, "assignees"), proven(GITHUB, more, base, "assignees")]
    assert only(merge(held, {"assignees": Ruling()}, one, lambda *_: None)).writes == {}


def test_a_field_without_a_rule_and_a_side_alone_take_no_part() -> None:
    assert merge([proven(JIRA, "a", "b"), proven(GITHUB, "a", "b")], {}, as_stored, lambda *_: None) == {}
    lone = [proven(JIRA, "a", "b"), Held(GITHUB, {}, {})]
    assert merge(lone, {"due": Ruling()}, as_stored, lambda *_: None) == {}


def test_a_side_that_lags_behind_and_moves_clashes_with_what_it_has_not_seen() -> None:
    late = Held(PLANNER, {"due": "2026-05-01"}, {"due": "2026-03-01"}, frozenset({"due"}))
    others = [proven(JIRA, "2026-04-01", "2026-04-01"), proven(GITHUB, "2026-04-01", "2026-04-01")]
    assert settle(*others, late).conflict == (GITHUB, JIRA, PLANNER)
    assert settle(*others, late, rule=Ruling("owner", "jira")).writes == {PLANNER: "2026-04-01"}


def test_sets_that_differ_at_first_contact_unite_only_where_the_rule_says_so() -> None:
    new = [Held(JIRA, {"labels": frozenset("a")}, {}), Held(GITHUB, {"labels": frozenset("b")}, {})]
    assert settle(*new).conflict == (GITHUB, JIRA)
    both = frozenset("ab")
    assert settle(*new, rule=Ruling("union")).writes == {JIRA: both, GITHUB: both}
