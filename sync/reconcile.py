"""Where tied issues disagree, read-only: which field, what each side says, who changed it last and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from model.fields import encode
from model.values import Change, Disagreement, Issue, Ref, SideValue, StatusCategory

__all__ = ["FIELDS", "disagreements"]

FIELDS = ("status", "start", "due", "assignees", "estimate")
"""The fields that tied issues are held against each other by, in the order of reports."""


def disagreements(
    groups: Iterable[Sequence[Issue]], changes: Iterable[Change], person_of: Callable[[Ref], str | None]
) -> tuple[Disagreement, ...]:
    """Compare the issues of each tie.

    `groups` are the members of each tie; `changes` their history in order of time; `person_of` names the
    person behind an account, None when nobody knows. A side that cannot be compared takes no part: it never
    held the field, its status word is not mapped, nobody knows its owner, or it estimates in another unit.
    """
    last = {(change.ref, change.field): change for change in changes}
    found = []
    for group in groups:
        members = sorted((issue for issue in group if not issue.gone), key=lambda issue: issue.ref)
        for field in FIELDS:
            said = {i: text for i in members if (text := _comparable(i, field, last, members, person_of))}
            if len(set(said.values())) > 1:
                found.append(Disagreement(field, tuple(_side(i, field, last) for i in said)))
    return tuple(found)


def _comparable(
    issue: Issue,
    field: str,
    last: Mapping[tuple[Ref, str], Change],
    members: Sequence[Issue],
    person_of: Callable[[Ref], str | None],
) -> str | None:
    """The field as a text that equals another side's text exactly when both say the same."""
    value = getattr(issue, field)
    if field == "status":
        return None if value is StatusCategory.UNKNOWN else str(value)
    if field == "assignees":
        people = [person_of(Ref(issue.ref.connection, account)) for account in sorted(value)]
        if None in people or not (people or (issue.ref, field) in last):
            return None
        return encode(frozenset(person for person in people if person)) or ""
    if field == "estimate" and any(m.unit is not issue.unit for m in members if m.estimate is not None):
        return None
    if value is None:
        return "none" if (issue.ref, field) in last else None
    return encode(value)


def _side(issue: Issue, field: str, last: Mapping[tuple[Ref, str], Change]) -> SideValue:
    change = last.get((issue.ref, field))
    said = (change.actor, change.at, change.origin) if change else (None, None, None)
    return SideValue(issue.ref, issue.key, issue.source, getattr(issue, field), *said)
