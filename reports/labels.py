"""What a reader needs to find an item: its key, title and state, and a link to each of its records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.values import Issue, StatusCategory
from reports.baseline import Plan
from reports.work import Work

__all__ = ["Label", "RecordLink", "labels"]


@dataclass(frozen=True, slots=True)
class RecordLink:
    """One record of an item; `url` is what the tracker said and is checked before it becomes a link."""

    connection: str
    tracker: str
    key: str
    url: str
    gone: bool = False
    id: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """An item's words; `records` has the one that speaks first. Without records only a plan remembers it."""

    id: str
    key: str
    title: str
    tracker: str
    status: StatusCategory
    status_original: str
    owners: tuple[str, ...] = ()
    due: date | None = None
    forecast: date | None = None
    estimate: Decimal | None = None
    records: tuple[RecordLink, ...] = ()


def short_key(key: str) -> str:
    """A key as people say it: "website#12" for "acme/website#12"."""
    return key.rpartition("/")[2] if "#" in key else key


def bare_title(key: str, title: str) -> str:
    """The title without the key it begins with, so that the two can stand side by side."""
    rest = title.removeprefix(key).lstrip(" :.-–")
    return rest or title


def labels(work: Work, plan: Plan | None) -> Mapping[str, Label]:
    """A label for every item that a report of this work may name."""
    records: dict[str, list[Issue]] = defaultdict(list)
    for issue in work.view.all_issues():
        if issue.ref in work.item_of:
            records[work.item_of[issue.ref]].append(issue)
    found = {}
    for item in work.items.values():
        mine = sorted(records[item.id], key=lambda issue: (issue.gone, work.ranks[issue.ref].source))
        found[item.id] = Label(
            id=item.id,
            key=short_key(item.key),
            title=bare_title(item.key, item.title),
            tracker=item.tracker,
            status=item.status,
            status_original=item.status_original,
            owners=item.owners,
            due=item.due,
            forecast=item.forecast,
            estimate=item.estimate,
            records=tuple(_link(work, issue) for issue in mine),
        )
    for planned in plan.items.values() if plan else ():
        tracker = work.tracker(planned.refs[0].connection)
        forgotten = Label(
            planned.item, short_key(planned.key), planned.title, tracker, StatusCategory.UNKNOWN, ""
        )
        found.setdefault(planned.item, forgotten)
    return found


def _link(work: Work, issue: Issue) -> RecordLink:
    connection = issue.ref.connection
    key, title = short_key(issue.key), bare_title(issue.key, issue.title)
    tracker = work.tracker(connection)
    return RecordLink(connection, tracker, key, issue.url, issue.gone, issue.ref.id, title)
