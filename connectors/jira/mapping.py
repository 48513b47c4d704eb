"""Jira's records in unified words. Pure: records in, values out; SkipIssue names the field that is odd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar
from urllib.parse import quote

import msgspec

from connectors.errors import SkipIssue
from connectors.jira.adf import plain_text
from connectors.jira.fields import ORIGINAL_ESTIMATE, FieldMap
from connectors.jira.records import (
    IssueRecord,
    LinkRecord,
    SprintRecord,
    SystemFields,
    UserRecord,
    VersionRecord,
    WorklogRecord,
)
from connectors.jira.sprints import sprint_of
from connectors.jira.wiki import wiki_text
from connectors.jira.words import Words
from connectors.payload import decode_record
from model.values import (
    Account,
    Dependency,
    Issue,
    Milestone,
    Ref,
    Sprint,
    SprintState,
    Unit,
    Worklog,
)

__all__ = [
    "SYSTEM_FIELDS",
    "Mapped",
    "accounts",
    "day",
    "earliest",
    "epic_of",
    "instant",
    "map_issue",
    "map_sprint",
    "map_version",
    "map_worklog",
    "number_of",
    "optional_instant",
]

SYSTEM_FIELDS = (
    "summary",
    "status",
    "issuetype",
    "project",
    "created",
    "updated",
    "creator",
    "assignee",
    "priority",
    "labels",
    "components",
    "fixVersions",
    "parent",
    "duedate",
    "resolution",
    "resolutiondate",
    "statuscategorychangedate",
    "timeoriginalestimate",
    "issuelinks",
    "security",
    "description",
)

T = TypeVar("T")

_HOUR = Decimal(3600)
_WORKING_DAY = Decimal(8)
_ABSURD = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Mapped:
    """An issue with what else its record tells; `status` and `resolution` are Jira's, for its history.

    `components` are (id, name) pairs; `category_since` is Jira's own stamp of the last change of category.
    """

    issue: Issue
    status_id: str
    resolution: str | None
    priority_id: str | None
    type_id: str | None
    components: tuple[tuple[str, str], ...]
    versions: frozenset[str]
    category_since: datetime | None
    resolved: datetime | None
    creator: str | None
    dependencies: tuple[Dependency, ...]
    accounts: tuple[Account, ...]
    sprints: tuple[Sprint, ...]
    milestones: tuple[Milestone, ...]


def map_issue(record: IssueRecord, words: Words) -> Mapped:
    """The issue as it is now; when it was finished is known only together with its history."""
    fields = decode_record(record.fields, SystemFields)
    words.learn(fields.status)
    custom = decode_record(record.fields, dict[str, msgspec.Raw])
    sprints = _sprints(custom, words)
    versions = tuple(map_version(version, words) for version in fields.fix_versions or ())
    resolution = fields.resolution.name if fields.resolution else None
    assignee = fields.assignee.id if fields.assignee else None
    issue = Issue(
        ref=words.ref(record.id),
        source=words.source,
        key=record.key,
        title=fields.summary,
        url=f"{words.browse}/browse/{quote(record.key, safe='-')}",
        status=words.category(fields.status.id, fields.status.name, resolution),
        status_original=words.status_name(fields.status.id, fields.status.name),
        type=fields.issuetype.name if fields.issuetype else "",
        created=instant(fields.created, "created"),
        updated=instant(fields.updated, "updated"),
        start=day(_custom(custom, words.fields.start, str), "start date"),
        due=day(fields.duedate, "duedate"),
        estimate=_estimate(fields, custom, words.fields),
        unit=words.fields.unit,
        assignees=frozenset({assignee} if assignee else ()),
        labels=frozenset(fields.labels or ()),
        components=frozenset(row.name for row in fields.components or ()),
        sprints=frozenset(sprint.ref.id for sprint in sprints),
        milestone=earliest(version.ref.id for version in versions),
        parent=_parent(fields, custom, words),
        priority=fields.priority.name if fields.priority else None,
        attributes=_attributes(fields),
        body=wiki_text(fields.description)
        if isinstance(fields.description, str)
        else plain_text(fields.description),
        version=fields.updated,
    )
    return Mapped(
        issue=issue,
        status_id=fields.status.id,
        resolution=resolution,
        priority_id=fields.priority.id if fields.priority else None,
        type_id=fields.issuetype.id if fields.issuetype else None,
        components=tuple((row.id, row.name) for row in fields.components or ()),
        versions=frozenset(version.ref.id for version in versions),
        category_since=optional_instant(fields.statuscategorychangedate, "statuscategorychangedate"),
        resolved=optional_instant(fields.resolutiondate, "resolutiondate"),
        creator=fields.creator.id if fields.creator else None,
        dependencies=tuple(_blockers(issue.ref, fields.issuelinks or (), words)),
        accounts=accounts((fields.assignee, fields.creator), words),
        sprints=sprints,
        milestones=versions,
    )


def map_sprint(record: SprintRecord, words: Words) -> Sprint:
    try:
        state = SprintState(record.state.lower())
    except ValueError:
        raise SkipIssue(f"Sprint {record.id} is in a state called {record.state!r}") from None
    return Sprint(
        ref=words.ref(str(record.id)),
        source=words.source,
        name=record.name,
        state=state,
        start=optional_instant(record.start_date, "startDate"),
        end=optional_instant(record.end_date, "endDate"),
        completed=optional_instant(record.complete_date, "completeDate"),
        goal=record.goal or "",
    )


def map_version(record: VersionRecord, words: Words) -> Milestone:
    """A version as milestone; once released, Jira's release date is the day it was reached."""
    released_on = day(record.release_date, "releaseDate")
    return Milestone(
        ref=words.ref(str(record.id)),
        source=words.source,
        name=record.name,
        due=released_on,
        done=record.released,
        finished=released_on if record.released else None,
    )


def map_worklog(record: WorklogRecord, words: Words, issue: str) -> Worklog:
    author = record.author.id if record.author else None
    return Worklog(
        ref=words.ref(record.id),
        issue=words.ref(issue),
        author=author or "unknown",
        started=instant(record.started, "started"),
        seconds=record.time_spent_seconds,
    )


def accounts(users: Iterable[UserRecord | None], words: Words) -> tuple[Account, ...]:
    """The people among them, once each; a deleted one may have no id and is left out."""
    known = {user.id: user for user in users if user is not None and user.id is not None}
    return tuple(
        Account(words.ref(id), user.display_name or id, user.email_address or None)
        for id, user in known.items()
    )


def instant(text: str, field: str) -> datetime:
    """An instant in UTC; Jira writes offsets with and without a colon."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise SkipIssue(f"{field} is {text[:40]!r}, which is no instant") from None
    if stamp.tzinfo is None:
        raise SkipIssue(f"{field} is {text[:40]!r}, which has no time zone")
    return stamp.astimezone(UTC)


def optional_instant(text: str | None, field: str) -> datetime | None:
    return instant(text, field) if text else None


def earliest(versions: Iterable[str]) -> str | None:
    """The one of several fix versions an issue is counted to: the one that was created first."""
    return min(versions, key=lambda id: (len(id), id), default=None)


def number_of(text: str | None, field: str | None, unit: Unit) -> Decimal | None:
    """An estimate as the history writes it, in the source's unit; SkipIssue: it is no number."""
    if not text:
        return None
    try:
        value = _bounded(Decimal(text))
    except InvalidOperation:
        raise SkipIssue(f"The estimate is {text[:40]!r}, which is no number") from None
    return _in_unit(value, unit) if field == ORIGINAL_ESTIMATE else value


def _bounded(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) >= _ABSURD:
        raise SkipIssue(f"The estimate is {str(value)[:40]}, which is no usable number")
    return value


def _in_unit(seconds: Decimal, unit: Unit) -> Decimal:
    """Jira keeps seconds; a day of its time tracking is eight hours unless an administrator changed that."""
    hours = seconds / _HOUR
    return (hours / _WORKING_DAY if unit is Unit.DAYS else hours).quantize(Decimal("0.0001"))


def _sprints(custom: Mapping[str, msgspec.Raw], words: Words) -> tuple[Sprint, ...]:
    records = _custom(custom, words.fields.sprint, tuple[SprintRecord | str, ...])
    return tuple(
        map_sprint(sprint_of(record) if isinstance(record, str) else record, words)
        for record in records or ()
    )


def _parent(fields: SystemFields, custom: Mapping[str, msgspec.Raw], words: Words) -> str | None:
    """The parent, or the epic that Data Center names by its key."""
    if fields.parent is not None:
        return fields.parent.id
    return words.epics.get(epic_of(custom, words.fields) or "")


def epic_of(custom: Mapping[str, msgspec.Raw], fields: FieldMap) -> str | None:
    """The key in an issue's epic link; SkipIssue: it is no text."""
    return _custom(custom, fields.epic, str)


def _estimate(fields: SystemFields, custom: Mapping[str, msgspec.Raw], map: FieldMap) -> Decimal | None:
    if map.estimate == ORIGINAL_ESTIMATE:
        seconds = fields.timeoriginalestimate
        return None if seconds is None else _in_unit(Decimal(seconds), map.unit)
    points = _custom(custom, map.estimate, float)
    return None if points is None else _bounded(Decimal(str(points)))


def _custom(custom: Mapping[str, msgspec.Raw], field: str | None, type: type[T]) -> T | None:
    raw = custom.get(field or "")
    if raw is None or bytes(raw) == b"null":
        return None
    try:
        return decode_record(raw, type)
    except SkipIssue as odd:
        raise SkipIssue(f"{odd} in {field}") from None


def day(text: str | None, field: str) -> date | None:
    """A calendar day; Jira may write a time behind it, which says nothing."""
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise SkipIssue(f"{field} is {text[:40]!r}, which is no day") from None


def _attributes(fields: SystemFields) -> tuple[tuple[str, str], ...]:
    """The creator, the resolution, and the security level of an issue that only some may see."""
    found = {
        "creator": fields.creator.id if fields.creator else None,
        "resolution": fields.resolution.name if fields.resolution else None,
        "security level": (fields.security.name or fields.security.id) if fields.security else None,
    }
    return tuple((name, value) for name, value in found.items() if value)


def _blockers(issue: Ref, links: Iterable[LinkRecord], words: Words) -> Iterable[Dependency]:
    """What must be finished before this issue: seen from here, the inward issue of a "Blocks" link."""
    for link in links:
        blocks = link.type.name.casefold() == "blocks" or link.type.inward.casefold() == "is blocked by"
        if blocks and link.inward_issue is not None:
            yield Dependency(predecessor=words.ref(link.inward_issue.id), successor=issue)
