"""The laws of the three-way merge, each as a property."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.merge import UNPROVEN, Outcome, Unproven, Value, merge_set, merge_value, reconcile

SIDES = ("jira", "github", "planner")
percents = st.one_of(st.none(), st.integers(0, 100).map(str))
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "2026-03-20"]))
labels = st.frozensets(st.sampled_from(["x", "y", "z", "w"]))
some_sides = st.lists(st.sampled_from(SIDES), min_size=2, max_size=3, unique=True)


def exact(_side: str, value: Value) -> Value:
    return value


def as_stored(side: str, value: Value) -> Value:
    """Planner keeps 0, 50 and 100 only; the others keep what they are given."""
    if side != "planner" or not isinstance(value, str):
        return value
    return "0" if value == "0" else "100" if value == "100" else "50"


@st.composite
def percent_cases(draw: st.DrawFn) -> tuple[Value | Unproven, dict[str, Value]]:
    sides = {side: as_stored(side, draw(percents)) for side in draw(some_sides)}
    agreed = draw(st.one_of(st.just(UNPROVEN), percents))
    return agreed, sides


def written(sides: dict[str, Value], outcome: Outcome) -> dict[str, Value]:
    """The sides after the trackers stored what the outcome wants written."""
    return {side: as_stored(side, outcome.writes.get(side, value)) for side, value in sides.items()}


@given(percent_cases())
def test_a_merge_settles_in_one_round(case: tuple[Value | Unproven, dict[str, Value]]) -> None:
    agreed, sides = case
    first = merge_value(agreed, sides, as_stored)
    again = merge_value(first.agreed, written(sides, first), as_stored)
    assert again.writes == {}
    assert again.agreed == first.agreed
    assert again.conflict == first.conflict


@given(percent_cases(), st.randoms(use_true_random=False))
def test_the_order_of_sides_changes_nothing(case, random) -> None:
    agreed, sides = case
    shuffled = list(sides.items())
    random.shuffle(shuffled)
    one, other = merge_value(agreed, sides, as_stored), merge_value(agreed, dict(shuffled), as_stored)
    assert (one.agreed, dict(one.writes), one.conflict) == (other.agreed, dict(other.writes), other.conflict)


@given(percent_cases())
def test_no_value_is_invented(case: tuple[Value | Unproven, dict[str, Value]]) -> None:
    agreed, sides = case
    outcome = merge_value(agreed, sides, as_stored)
    assert outcome.agreed in {agreed, *sides.values()}
    assert set(outcome.writes.values()) <= set(sides.values())


@given(percent_cases())
def test_a_conflict_writes_nothing_and_keeps_what_was_agreed(case) -> None:
    agreed, sides = case
    outcome = merge_value(agreed, sides, as_stored)
    if outcome.conflict:
        assert outcome.writes == {}
        assert outcome.agreed == agreed
        assert len(outcome.conflict) >= 2


@given(texts, texts, some_sides)
def test_the_only_side_that_moved_is_followed(agreed: Value, new: Value, names: list[str]) -> None:
    sides = dict.fromkeys(names, agreed) | {names[0]: new}
    outcome = merge_value(agreed, sides, exact)
    assert outcome.agreed == new
    assert set(outcome.writes) == ({*names[1:]} if new != agreed else set())
    assert not outcome.conflict


def test_two_sides_that_moved_apart_are_a_conflict() -> None:
    outcome = merge_value("2026-03-20", {"jira": "2026-03-27", "github": "2026-03-31"}, exact)
    assert outcome.conflict == ("github", "jira")


def test_two_sides_that_moved_to_the_same_value_agree() -> None:
    outcome = merge_value("a", {"jira": "b", "github": "b", "planner": "a"}, exact)
    assert (outcome.agreed, dict(outcome.writes), outcome.conflict) == ("b", {"planner": "b"}, ())


def test_a_rounded_copy_of_the_agreed_value_is_not_a_change() -> None:
    outcome = merge_value("30", {"jira": "30", "planner": "50"}, as_stored)
    assert outcome == Outcome("30", {})


def test_the_finer_of_two_fitting_values_is_kept() -> None:
    outcome = merge_value("0", {"jira": "30", "planner": "50"}, as_stored)
    assert (outcome.agreed, dict(outcome.writes)) == ("30", {})


@given(st.one_of(st.just(UNPROVEN), labels), st.fixed_dictionaries({side: labels for side in SIDES}))
def test_sets_keep_each_addition_and_each_removal(agreed, sides: dict[str, frozenset[str]]) -> None:
    outcome = merge_set(agreed, sides)
    base = frozenset() if agreed is UNPROVEN else agreed
    assert not outcome.conflict
    assert isinstance(outcome.agreed, frozenset)
    for value in sides.values():
        assert value - base <= outcome.agreed
        assert not (base - value) & outcome.agreed
    assert outcome.agreed <= base.union(*sides.values())
    settled = merge_set(outcome.agreed, dict.fromkeys(sides, outcome.agreed))
    assert settled.writes == {}


@given(texts, texts, texts, texts)
def test_edits_of_different_fields_never_clash(
    due: Value, title: Value, new_due: Value, new_title: Value
) -> None:
    outcomes = reconcile(
        {"due": due, "title": title},
        {"jira": {"due": new_due, "title": title}, "github": {"due": due, "title": new_title}},
    )
    assert {field: outcome.agreed for field, outcome in outcomes.items()} == {
        "due": new_due,
        "title": new_title,
    }
    assert not any(outcome.conflict for outcome in outcomes.values())


def test_a_side_without_the_field_takes_no_part() -> None:
    outcomes = reconcile({"due": "a"}, {"jira": {"due": "b"}, "github": {"due": "a"}, "planner": {}})
    assert dict(outcomes["due"].writes) == {"github": "b"}


def test_a_field_that_one_side_holds_is_nobodys_business() -> None:
    assert reconcile({}, {"jira": {"estimate": "5"}, "planner": {}}) == {}
