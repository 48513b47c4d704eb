"""Comparable values in a tracker's own terms, with the reason where it has none for one: pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from model.values import Issue, Ref, Sprint, SprintState, StatusCategory, Unit
from sync.merge import Value
from sync.titles import dressed

if TYPE_CHECKING:
    from sync.sides import Group

__all__ = ["PLACES", "SCALE", "Cannot", "express", "fold", "in_time"]

PLACES = Decimal("0.0001")
SCALE = {Unit.HOURS: "hours", Unit.DAYS: "hours", Unit.POINTS: "points", Unit.COUNT: "count"}
"""What an estimate counts once hours and days are one."""


class Cannot(Exception):
    """The side cannot express the value; the text says why and what would change that."""


def express(group: Group, issue: Issue, name: str, value: Value) -> object:
    """The value that the field of an issue must have on this side to say the same. Cannot: none does."""
    return _WRITE[name](group, issue, value)


def fold(name: str) -> str:
    """A name in the form in which two spellings of it are equal."""
    return " ".join(name.casefold().split())


def _elements(value: Value) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()


def _as_text(group: Group, issue: Issue, value: Value) -> object:
    return value or ""


def _as_title(group: Group, issue: Issue, value: Value) -> object:
    return dressed(issue.title, group.keys_beside(issue), str(value or ""))


def _as_status(group: Group, issue: Issue, value: Value) -> object:
    return StatusCategory(str(value))


def _as_day(group: Group, issue: Issue, value: Value) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else None


def _as_estimate(group: Group, issue: Issue, value: Value) -> object:
    if not isinstance(value, str):
        return None
    scale, _, amount = value.partition(" ")
    if scale != SCALE[issue.unit]:
        raise Cannot(f"{issue.source} counts {issue.unit.value}, not {scale}; give both sources one unit")
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise Cannot(f"{amount!r} is no number; resolve the conflict with one") from None
    return (number / group.terms.hours_per_day).quantize(PLACES) if issue.unit is Unit.DAYS else number


def _as_percent(group: Group, issue: Issue, value: Value) -> object:
    return int(value) if isinstance(value, str) else None


def _as_accounts(group: Group, issue: Issue, value: Value) -> object:
    found: set[str] = set()
    for person in sorted(_elements(value)):
        own = [
            account
            for account in sorted(issue.assignees)
            if group.names.people.get(Ref(issue.ref.connection, account)) == person
        ]
        account = own[0] if own else group.names.accounts.get((person, issue.ref.connection))
        if account is None:
            name = group.names.called.get(person, person)
            raise Cannot(
                f"no account of {name} in {issue.ref.connection} is known; add it under [people], "
                f"accounts.{issue.ref.connection}"
            )
        found.add(account)
    return frozenset(found)


def _as_labels(group: Group, issue: Issue, value: Value) -> object:
    return frozenset(group.spelled(issue, label) for label in _elements(value))


def in_time(sprint: Sprint) -> tuple[bool, str, str, str]:
    """How sprints follow each other: those without a date lie ahead."""
    begin = sprint.start or sprint.end
    return begin is None, begin.isoformat() if begin else "", fold(sprint.name), sprint.ref.id


def _as_sprints(group: Group, issue: Issue, value: Value) -> object:
    here, names = issue.ref.connection, group.names.sprints
    own = [names[ref] for id_ in issue.sprints if (ref := Ref(here, id_)) in names]
    past = {sprint.ref.id for sprint in own if sprint.state is SprintState.CLOSED}
    if not isinstance(value, str):
        return frozenset(past)
    there = [s for s in names.values() if s.ref.connection == here and s.source == issue.source]
    open_last = sorted(there, key=lambda s: (s.state is not SprintState.CLOSED, in_time(s)))
    known = {fold(sprint.name): sprint.ref.id for sprint in open_last}
    return frozenset(past | {_known(known, value, "sprint", issue, group.named("sprints", value))})


def _as_milestone(group: Group, issue: Issue, value: Value) -> object:
    if not isinstance(value, str):
        return None
    there = {
        fold(milestone.name): milestone.ref.id
        for milestone in sorted(group.names.milestones.values(), key=lambda one: one.ref, reverse=True)
        if milestone.ref.connection == issue.ref.connection and milestone.source == issue.source
    }
    return _known(there, value, "milestone", issue, group.named("milestone", value))


def _known(there: Mapping[str, str], folded: str, what: str, issue: Issue, name: str) -> str:
    if folded not in there:
        raise Cannot(
            f'{issue.source} of {issue.ref.connection} has no {what} called "{name}"; make one there'
        )
    return there[folded]


def _as_parent(group: Group, issue: Issue, value: Value) -> object:
    if not isinstance(value, str):
        return None
    connection, _, id_ = value.partition(":")
    root = Ref(connection, id_)
    twin = group.names.twins.get((root, issue.ref.connection))
    if twin is None:
        parent = group.names.keys.get(root, value)
        raise Cannot(
            f"the parent {parent} has no twin in {issue.ref.connection}; tie it with crosstie ties join"
        )
    return twin.id


def _as_priority(group: Group, issue: Issue, value: Value) -> object:
    if not isinstance(value, str):
        return None
    if issue.priority is not None and group.terms.priorities.rank(issue.priority) == value:
        return issue.priority
    used = {word.casefold(): word for word in group.names.words.get((issue.ref.connection, issue.source), ())}
    words: tuple[str, ...] = getattr(group.terms.priorities, value, ())
    found = next((used[word.casefold()] for word in words if word.casefold() in used), None)
    if found is None:
        raise Cannot(
            f"no issue of {issue.source} has a priority of rank {value}; name its word in [mapping.priority]"
        )
    return found


_WRITE: Mapping[str, Callable[[Group, Issue, Value], object]] = {
    "title": _as_title,
    "body": _as_text,
    "status": _as_status,
    "start": _as_day,
    "due": _as_day,
    "estimate": _as_estimate,
    "percent": _as_percent,
    "assignees": _as_accounts,
    "labels": _as_labels,
    "sprints": _as_sprints,
    "milestone": _as_milestone,
    "parent": _as_parent,
    "priority": _as_priority,
}
