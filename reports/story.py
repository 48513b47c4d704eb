"""An issue's life across trackers: every change of each tied record, in one order, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from model.values import Change, Origin, Ref, StatusCategory
from reports.voice import STATUS_WORDS
from reports.work import Work

__all__ = ["Chapter", "Record", "Story", "find", "story"]

_TOLD = (
    *("title", "key", "source", "status", "start", "due", "estimate", "assignees", "sprints", "milestone"),
    *("parent", "labels", "components", "bucket", "priority", "percent", "type", "gone"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One tracker's side of the story as it stands."""

    ref: Ref
    tracker: str
    key: str
    title: str
    url: str
    status: str
    gone: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """One change: when it happened and was learned, where, by whom, and from what to what."""

    at: datetime
    learned: datetime
    tracker: str
    key: str
    field: str
    before: str
    after: str
    actor: str | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Story:
    """A canonical item's records and their history, oldest change first."""

    item: str
    title: str
    records: tuple[Record, ...]
    chapters: tuple[Chapter, ...]


def story(work: Work, item: str) -> Story:
    """Tell the life of one item of a project."""
    mine = [issue for issue in work.view.all_issues() if work.item_of.get(issue.ref) == item]
    keys = {issue.ref: issue.key for issue in mine}
    names = _names(work)
    records = tuple(
        Record(
            issue.ref,
            work.tracker(issue.ref.connection),
            issue.key,
            issue.title,
            issue.url,
            f"{STATUS_WORDS[issue.status]} ({issue.status_original})",
            issue.gone,
        )
        for issue in mine
    )
    chapters = tuple(
        Chapter(
            change.at,
            change.learned,
            work.tracker(change.ref.connection),
            keys.get(change.ref, change.ref.id),
            change.field,
            _told(work, names, change, change.before),
            _told(work, names, change, change.after),
            work.person(change.ref.connection, change.actor),
            change.origin,
        )
        for change in work.changes.get(item, ())
        if change.field in _TOLD
    )
    known = work.items.get(item)
    return Story(item, known.title if known else records[0].title, records, chapters)


def _names(work: Work) -> dict[tuple[str, str, str], str]:
    """(connection, field, tracker id) -> the name people know for sprints, milestones and parents."""
    names = {(s.ref.connection, "sprints", s.ref.id): s.name for s in work.view.sprints()}
    names |= {(m.ref.connection, "milestone", m.ref.id): m.name for m in work.view.milestones()}
    names |= {(i.ref.connection, "parent", i.ref.id): i.key for i in work.view.all_issues()}
    return names


def _told(work: Work, names: dict[tuple[str, str, str], str], change: Change, value: object) -> str:
    connection = change.ref.connection
    if value is None or value == frozenset():
        return "nothing"
    if isinstance(value, StatusCategory):
        return STATUS_WORDS[value]
    if isinstance(value, frozenset):
        return ", ".join(sorted(_one(work, names, connection, change.field, str(one)) for one in value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    return _one(work, names, connection, change.field, str(value))


def _one(work: Work, names: dict[tuple[str, str, str], str], connection: str, field: str, value: str) -> str:
    if field == "assignees":
        return work.person(connection, value) or value
    return names.get((connection, field, value), value)


def find(work: Work, wanted: str, former: Iterable[tuple[str, Ref]] = ()) -> tuple[str, ...]:
    """The items that a person may mean by a key, a former key, an address, an id or a title's words."""
    asked = wanted.strip().casefold()
    by_name = {
        work.item_of[issue.ref]
        for issue in work.view.all_issues()
        if issue.ref in work.item_of and asked in _handles(issue.key, issue.url, issue.ref)
    }
    by_name |= {work.item_of[ref] for key, ref in former if key.casefold() == asked and ref in work.item_of}
    if by_name:
        return tuple(sorted(by_name))
    return tuple(sorted(i.id for i in work.items.values() if asked and asked in i.title.casefold()))


def _handles(key: str, url: str, ref: Ref) -> set[str]:
    return {key.casefold(), url.casefold(), ref.id.casefold(), str(ref).casefold()}
