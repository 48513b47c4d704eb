"""Looking for an issue that we may have created without hearing of it.

The search may not know it yet, so the keys above the last known one are also read one by one: keys count up,
and a reading by key knows an issue at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.errors import SkipIssue
from connectors.jira.content import Content
from connectors.jira.context import Pulled, stamp
from connectors.jira.issues import know_epics
from connectors.jira.records import HomeRecord
from connectors.jira.rounding import rounded
from connectors.jira.writing import PROPERTY
from connectors.payload import decode_record
from connectors.writing import Candidate
from model.values import Issue

__all__ = ["find_created"]

_CLOCKS = timedelta(hours=1)
"""By how much our clock may be ahead of Jira's."""

_AHEAD = {True: 50, False: 10}
"""How many keys without an issue mean that there are no more, on Cloud, which takes one request for all of
them, and on Data Center; a deleted issue leaves its key empty."""

_AT_ONCE, _PAGES = 100, 20


def find_created(pull: Pulled, me: str, marker: str, title: str, since: datetime) -> tuple[Candidate, ...]:
    """Issues made since then that bear the marker, then those of ours with this title and without any."""
    begin = pull.client.instant(stamp(since - _CLOCKS))
    fields = pull.fields
    jql = f"{pull.jql} AND created >= {begin} ORDER BY created DESC"
    records = {_id(raw): raw for raw in _indexed(pull, jql, fields)}
    for raw in _unindexed(pull, fields):
        records.setdefault(_id(raw), raw)
    found = [one for one in _candidates(pull, list(records.values()), me) if _fits(one, marker, title, since)]
    return tuple(sorted(found, key=lambda one: (one.marker != marker, int(one.issue.ref.id))))


def _fits(one: Candidate, marker: str, title: str, since: datetime) -> bool:
    if one.issue.created is None or one.issue.created < since - _CLOCKS:
        return False
    if one.marker is not None:
        return one.marker == marker
    return one.ours and one.issue.title == rounded("title", title)


def _indexed(pull: Pulled, jql: str, fields: Sequence[str]) -> Iterator[msgspec.Raw]:
    """What the search knows, newest first."""
    place: str | int | None = None
    for number in range(1, _PAGES + 1):
        page = pull.client.recent(jql, fields, PROPERTY, _AT_ONCE, place)
        yield from page.issues
        place = page.next_page_token if pull.client.cloud else number * _AT_ONCE
        if not place or not page.issues:
            return


def _unindexed(pull: Pulled, fields: Sequence[str]) -> Iterator[msgspec.Raw]:
    """What stands behind the last key that the search knows."""
    rows = pull.client.recent(f"{pull.jql} ORDER BY key DESC", ("created",), PROPERTY, 1).issues
    last = _number(rows[0]) if rows else 0
    while True:
        keys = [f"{pull.project.key}-{last + n}" for n in range(1, _AHEAD[pull.client.cloud] + 1)]
        found = [raw for raw in pull.client.marked(keys, fields, PROPERTY) if _is_home(pull, raw)]
        yield from found
        if not found:
            return
        last = max(map(_number, found))


class _Named(msgspec.Struct, frozen=True):
    id: str = ""
    key: str = ""


def _id(raw: msgspec.Raw) -> str:
    try:
        return decode_record(raw, _Named).id
    except SkipIssue:
        return ""


def _number(raw: msgspec.Raw) -> int:
    try:
        digits = decode_record(raw, _Named).key.rpartition("-")[2]
    except SkipIssue:
        return 0
    return int(digits) if digits.isdecimal() else 0


def _is_home(pull: Pulled, raw: msgspec.Raw) -> bool:
    try:
        return pull.is_home(decode_record(raw, HomeRecord).fields.project)
    except SkipIssue:
        return False


class _Marked(msgspec.Struct, frozen=True):
    id: str = ""
    properties: dict[str, Any] = msgspec.field(default_factory=dict)


def _candidates(pull: Pulled, records: Sequence[msgspec.Raw], me: str) -> Iterator[Candidate]:
    know_epics(pull, records)
    content = Content(pull.known, pull.words)
    content.add_page(records)
    markers = {_id(raw): _marker(raw) for raw in records}
    for id, (mapped, _) in content.mapped.items():
        issue: Issue = mapped.issue
        yield Candidate(issue, markers.get(id), dict(issue.attributes).get("creator") == me)


def _marker(raw: msgspec.Raw) -> str | None:
    """Our text in the property, if that is what stands there."""
    try:
        value = decode_record(raw, _Marked).properties.get(PROPERTY)
    except SkipIssue:
        return None
    marker = value.get("marker") if isinstance(value, dict) else None
    return marker if isinstance(marker, str) else None
