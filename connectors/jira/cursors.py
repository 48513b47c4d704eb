"""Where a stream stands, as the text that is stored beside its batch.

A text that cannot be read, or was written for another project or other fields, means: start again.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

__all__ = ["IssueCursor", "OffsetCursor", "WorklogCursor", "read_cursor", "write_cursor"]


class OffsetCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """The next page of sprints (of a board) or versions; empty after the last one."""

    board: int = 0
    start: int = 0


class IssueCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the issues are read.

    `watermark` is the latest `updated` of all finished walks, in milliseconds. A walk under way has a `jql`,
    the `token` of its next page (empty: its first), the latest `updated` it has seen (`high`), the number of
    its next `page` and the tracker's count of its issues. `basis` says for which project and fields.
    """

    basis: str = ""
    watermark: int | None = None
    jql: str = ""
    token: str = ""
    high: int | None = None
    page: int = 0
    expected: int | None = None


class WorklogCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to which millisecond the feeds of updated and deleted worklogs are read; `deleting`: the second."""

    updated: int = 0
    deleted: int | None = None
    deleting: bool = False


C = TypeVar("C", OffsetCursor, IssueCursor, WorklogCursor)


def read_cursor(text: str | None, type: type[C]) -> C:
    if not text:
        return type()
    try:
        return msgspec.json.decode(text, type=type)
    except msgspec.DecodeError:
        return type()


def write_cursor(cursor: OffsetCursor | IssueCursor | WorklogCursor) -> str:
    return msgspec.json.encode(cursor).decode()
