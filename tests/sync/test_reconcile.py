"""Disagreements between tied issues: found where both sides can speak, silent where one cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from model.values import Change, Entity, Issue, Origin, Ref, StatusCategory, Unit
from sync.reconcile import disagreements

AT = datetime(2026, 3, 3, 10, tzinfo=UTC)
JIRA = Issue(Ref("jira", "1"), "ERP", "ERP-1", "Load data", "", StatusCategory.DOING, "In Progress")
PLAN = Issue(Ref("plan", "x"), "Ops", "x", "Load data", "", StatusCategory.DOING, "50")
PEOPLE = {Ref("jira", "acc-1"): "abena", Ref("plan", "oid-1"): "abena", Ref("plan", "oid-2"): "bo"}


def changed(issue: Issue, field: str, before: object, after: object) -> Change:
    return Change(Entity.ISSUE, issue.ref, field, before, after, AT, AT, Origin.RECORDED, "acc-9")


def fields_of(*issues: Issue, history: tuple[Change, ...] = ()) -> list[str]:
    return [d.field for d in disagreements([issues], history, PEOPLE.get)]


def test_different_dates_are_named_with_who_set_them_and_when() -> None:
    ours, theirs = replace(JIRA, due=date(2026, 4, 9)), replace(PLAN, due=date(2026, 3, 31))
    history = (
        changed(JIRA, "due", date(2026, 3, 1), date(2026, 3, 20)),
        changed(JIRA, "due", date(2026, 3, 20), date(2026, 4, 9)),
    )
    (found,) = disagreements([[ours, theirs]], history, PEOPLE.get)
    assert found.field == "due"
    assert [(side.key, side.value) for side in found.sides] == [
        ("ERP-1", date(2026, 4, 9)),
        ("x", date(2026, 3, 31)),
    ]
    assert (found.sides[0].actor, found.sides[0].at) == ("acc-9", AT)
    assert found.sides[1].at is None


def test_sides_that_agree_are_silent() -> None:
    same = {"due": date(2026, 4, 9), "estimate": Decimal(3)}
    assert fields_of(replace(JIRA, **same), replace(PLAN, **same)) == []  # type: ignore[arg-type]


def test_a_side_that_never_held_the_field_takes_no_part() -> None:
    assert fields_of(replace(JIRA, due=date(2026, 4, 9)), PLAN) == []


def test_a_side_that_cleared_the_field_disagrees() -> None:
    cleared = (changed(PLAN, "due", date(2026, 4, 9), None),)
    assert fields_of(replace(JIRA, due=date(2026, 4, 9)), PLAN, history=cleared) == ["due"]


def test_one_person_with_two_accounts_is_one_owner() -> None:
    assert (
        fields_of(
            replace(JIRA, assignees=frozenset({"acc-1"})), replace(PLAN, assignees=frozenset({"oid-1"}))
        )
        == []
    )


def test_different_people_are_a_disagreement() -> None:
    ours, theirs = (
        replace(JIRA, assignees=frozenset({"acc-1"})),
        replace(PLAN, assignees=frozenset({"oid-2"})),
    )
    assert fields_of(ours, theirs) == ["assignees"]


def test_an_account_nobody_knows_is_never_guessed() -> None:
    ours, theirs = (
        replace(JIRA, assignees=frozenset({"acc-?"})),
        replace(PLAN, assignees=frozenset({"oid-2"})),
    )
    assert fields_of(ours, theirs) == []


def test_estimates_in_different_units_are_not_compared() -> None:
    ours, theirs = replace(JIRA, estimate=Decimal(3)), replace(PLAN, estimate=Decimal(24), unit=Unit.HOURS)
    assert fields_of(ours, theirs) == []


def test_an_unmapped_status_word_takes_no_part() -> None:
    assert fields_of(JIRA, replace(PLAN, status=StatusCategory.UNKNOWN)) == []
    assert fields_of(JIRA, replace(PLAN, status=StatusCategory.DONE)) == ["status"]


def test_a_deleted_side_takes_no_part() -> None:
    assert fields_of(JIRA, replace(PLAN, status=StatusCategory.DONE, gone=True)) == []
