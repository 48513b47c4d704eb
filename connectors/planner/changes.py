"""What Graph's beta version tells of changes, which Microsoft does not support for production.

A delta says which objects changed, in parts and more than once; what they are now is read as usual. History
items say who changed what when. Where either is refused, lists are compared as they are without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import AccessRefused, SkipIssue, SourceStopped
from connectors.payload import decode, decode_record
from connectors.planner.client import BadRequest, Missing, PlannerClient
from connectors.planner.mapping import Board, instant, issue_of, person
from connectors.planner.records import Collection, HistoryRecord, Named, TaskRecord
from model.fields import encode
from model.values import Entity, Event, Issue, Meaning, Origin

__all__ = ["Changed", "changed_since", "events_of", "first_link", "history_batches", "replayed"]

_MOST_PAGES = 1000
_OVERLAP = timedelta(minutes=10)
_EVER = "2015-01-01T00:00:00Z"
_REFUSED = "Graph refuses its beta lists of changes here, so readings are compared as without beta = true."
_FIELDS = (
    *("title", "status", "status_original", "percent", "due", "start", "bucket", "priority"),
    *("assignees", "labels", "estimate", "sprints", "milestone"),
)
_OF_COMPLETION = frozenset({"status", "status_original", "percent"})
"""What the completion of a task says by itself, exactly."""


@dataclass(slots=True)
class Changed:
    """What a delta said: the tasks to read again, whether one may be gone, and the link for the next time."""

    link: str
    ids: list[str] = field(default_factory=list)
    removed: bool = False


class _Delta(msgspec.Struct, frozen=True):
    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)


class _Removed(msgspec.Struct, frozen=True):
    removed: Any = msgspec.field(name="@removed", default=None)


def first_link(client: PlannerClient, plan: str, notes: list[str]) -> str:
    """A link that will tell what changes from now on; "": Graph gives none, and a note says so."""
    found = changed_since(client, client.beta(f"/planner/plans/{plan}/tasks/delta"), notes)
    return found.link if found else ""


def changed_since(client: PlannerClient, link: str, notes: list[str]) -> Changed | None:
    """What changed since a link was given; None: it is too old, or Graph refuses, which a note says.

    SourceStopped: the links lead round in a circle or to a foreign address.
    """
    if not client.may_beta:
        return None
    found, seen = Changed(""), set[str]()
    while True:
        client.admit(link)
        if link in seen or len(seen) > _MOST_PAGES:
            raise SourceStopped("The list of changes of a plan leads round in a circle. Pull again later.")
        seen.add(link)
        try:
            page = client.get(link).as_(_Delta)
        except SourceStopped as error:
            if isinstance(error, BadRequest) or "status 410" in str(error):
                return None
            raise
        except (AccessRefused, Missing):
            client.may_beta = False
            notes.append(_REFUSED)
            return None
        _learn(page, found)
        if page.delta_link is not None:
            found.link = page.delta_link
            return found
        if page.next_link is None:
            return None
        link = page.next_link


def _learn(page: _Delta, found: Changed) -> None:
    for raw in page.value:
        try:
            found.removed |= decode_record(raw, _Removed).removed is not None
            id = decode_record(raw, Named).id
        except SkipIssue:
            found.removed = True  # what it is about is unknown, so the whole list has to be compared
            continue
        if id not in found.ids:
            found.ids.append(id)


# History items


def history_batches(
    client: PlannerClient, board: Board, cursor: str | None, stream: str, now: datetime
) -> Iterator[Batch]:
    """Who changed what since the last pull, page by page. A refusal is a note, and the cursor stays."""
    since = cursor or _EVER
    if not client.may_beta:
        yield Batch(stream, since, complete=True)
        return
    address = client.beta(f"/planner/plans/{board.plan}/historyItems?$filter=occurredDateTime ge {since}")
    walk = f"{'since' if cursor else 'full'}-{now.isoformat()}"
    newest, number = since, 0
    try:
        for answer, page in client.pages(address):
            events, latest = events_of(page.value, board)
            newest = max(newest, latest)
            following = page.next_link is not None
            raw = (RawPage(stream, f"{number:06}", answer.body, walk),) if page.value else ()
            at = since if following else newest
            yield Batch(stream, at, complete=not following, events=events, raw=raw, notes=tuple(answer.notes))
            number += 1
    except (AccessRefused, Missing, BadRequest):
        client.may_beta = False
        yield Batch(stream, since, complete=True, notes=(_REFUSED,))


def events_of(items: Sequence[msgspec.Raw], board: Board) -> tuple[tuple[Event, ...], str]:
    """The changes that history items tell, and from when the next pull has to ask, with some overlap."""
    events: list[Event] = []
    newest = _EVER
    for raw in items:
        try:
            item = decode_record(raw, HistoryRecord)
            at = instant(item.occurred_date_time)
            old, new = (_snapshot(one, item, board) for one in (item.old_data, item.new_data))
        except SkipIssue:
            continue  # an odd item tells nothing; the task itself is read all the same
        if at is None:
            continue
        newest = max(newest, f"{at - _OVERLAP:%Y-%m-%dT%H:%M:%SZ}")
        if old is not None and new is not None:
            events += _differences(item, at, old, new)
    return tuple(events), newest


def _snapshot(data: dict[str, Any] | None, item: HistoryRecord, board: Board) -> Issue | None:
    if data is None:
        return None
    whole = {"@odata.etag": "", "title": "", **data, "id": item.entity_id}
    return issue_of(decode_record(json.dumps(whole).encode(), TaskRecord), None, board)


def _differences(item: HistoryRecord, at: datetime, old: Issue, new: Issue) -> Iterator[Event]:
    """An event for each field that differs, in the project's words; a completion tells its own."""
    for name in _FIELDS:
        before, after = encode(getattr(old, name)), encode(getattr(new, name))
        if before == after or (name in _OF_COMPLETION and new.percent == 100):
            continue
        yield Event(
            entity=Entity.ISSUE,
            ref=new.ref,
            id=f"{item.id}/{name}",
            field=name,
            before=before,
            after=after,
            at=at,
            origin=Origin.RECORDED,
            actor=person(item.actor),
            meaning=Meaning(name, before, after),
        )


def replayed(body: bytes, board: Board) -> tuple[Event, ...]:
    """The changes on a stored page of history items."""
    return events_of(decode(body, Collection).value, board)[0]
