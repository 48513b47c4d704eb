"""The pages of one query, on either product.

Cloud hands out a token per page. Data Center counts rows, which shift while issues are deleted: each page
therefore begins with the last row of the page before it, and where another row stands there, the walk steps
back. Far offsets are refused or slow, so a long walk goes on from the day of its last row, at offset 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from connectors.errors import SkipIssue, SourceStopped
from connectors.jira.client import JiraClient
from connectors.jira.content import gathered
from connectors.jira.context import stamp
from connectors.jira.records import InlineHistories
from connectors.payload import decode_record

__all__ = ["Found", "Pages", "find"]

_EMPTY = 20
_FAR = 5_000
_BACK = 1_000
_A_WHILE = int(timedelta(hours=2) / timedelta(milliseconds=1))


@dataclass(frozen=True, slots=True)
class Found:
    """A page's records and the token of the next one; an empty token: there is none."""

    body: bytes
    notes: tuple[str, ...]
    issues: tuple[msgspec.Raw, ...]
    token: str


class Pages:
    """Watches a walk: one whose tokens repeat, or whose pages stay empty, has no end."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._empty = 0

    def admit(self, found: Found) -> None:
        """SourceStopped: a token comes twice, or twenty pages in a row hold nothing and promise more."""
        if not found.token:
            return
        if found.token in self._seen:
            raise SourceStopped("Jira sent the same page token twice, so its search has no end. Pull again.")
        self._seen.add(found.token)
        self._empty = 0 if found.issues else self._empty + 1
        if self._empty >= _EMPTY:
            raise SourceStopped(
                f"Jira sent {_EMPTY} empty pages in a row and promised more. What came before is stored; "
                "pull again."
            )


class _Dates(msgspec.Struct, frozen=True):
    created: str = ""


class _Row(msgspec.Struct, frozen=True):
    id: str = ""
    fields: _Dates = _Dates()


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Rows before this page, the id of the last of them, and the instant that the rows begin at."""

    start: int = 0
    anchor: str = ""
    floor: int = 0


def find(
    client: JiraClient, jql: str, fields: Sequence[str], token: str, size: int, histories: bool = False
) -> Found:
    """A page of the issues that a query finds. BadRequest: the query, or a token of another time or query."""
    if client.cloud:
        answer, page = client.token_page(f"{jql} ORDER BY updated ASC, key ASC", fields, token, size)
        return Found(answer.body, tuple(answer.notes), page.issues, page.next_page_token or "")
    at = _place(token)
    narrowed = f"{jql} AND created >= {client.instant(at.floor)}" if at.floor else jql
    overlap = 1 if at.anchor else 0
    answer, found = client.offset_page(
        f"{narrowed} ORDER BY created ASC, key ASC", fields, at.start - overlap, size + overlap, histories
    )
    rows, body = found.issues, answer.body
    if histories:
        rows = tuple(_told_whole(client, raw, fields) for raw in rows)
        body = body if rows == found.issues else gathered(rows)
    end = at.start - overlap + len(rows)
    if not rows and end + overlap < found.total:
        raise SourceStopped(
            f"Jira gave an empty page after {at.start} of {found.total} issues. Nothing was concluded from "
            "it; pull again."
        )
    if overlap and _id(rows[:1]) != at.anchor:
        back = _Place(max(0, at.start - _BACK), "", at.floor)
        return Found(body, tuple(answer.notes), rows, _write(back))
    if end >= found.total:
        return Found(body, tuple(answer.notes), rows, "")
    return Found(body, tuple(answer.notes), rows, _write(_after(at, rows, end)))


class _Log(msgspec.Struct, frozen=True):
    key: str = ""
    changelog: InlineHistories | None = None


def _told_whole(client: JiraClient, raw: msgspec.Raw, fields: Sequence[str]) -> msgspec.Raw:
    """The row with its histories; where the search brings none, or not all, it is asked for by itself."""
    try:
        row = decode_record(raw, _Log)
    except SkipIssue:  # its mapping will say so
        return raw
    if row.changelog is not None and len(row.changelog.histories) >= row.changelog.total:
        return raw
    return next(iter(client.issues((row.key,), fields)), raw)


def _place(token: str) -> _Place:
    try:
        return msgspec.json.decode(token, type=_Place) if token else _Place()
    except msgspec.DecodeError:
        return _Place()


def _write(place: _Place) -> str:
    return msgspec.json.encode(place).decode()


def _after(at: _Place, rows: Sequence[msgspec.Raw], end: int) -> _Place:
    """The next place: further down, or at the top of what was created since the last row."""
    if end >= _FAR:
        floor = _created(rows)
        if floor is not None and floor - at.floor > _A_WHILE:
            return _Place(0, "", floor)
    return _Place(end, _id(rows[-1:]), at.floor)


def _id(rows: Sequence[msgspec.Raw]) -> str:
    try:
        return decode_record(rows[0], _Row).id if rows else ""
    except SkipIssue:
        return ""


def _created(rows: Sequence[msgspec.Raw]) -> int | None:
    """When the last row was created, in milliseconds, if it says so."""
    try:
        return stamp(datetime.fromisoformat(decode_record(rows[-1], _Row).fields.created))
    except (SkipIssue, ValueError):
        return None
