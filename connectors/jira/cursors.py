"""Where a stream stands, as the text that is stored beside its batch.

A text that cannot be read, or was written for another project or other fields, means: start again.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import TypeVar

import msgspec

__all__ = [
    "CensusCursor",
    "IssueCursor",
    "OffsetCursor",
    "SiteCursor",
    "WorklogCursor",
    "pack",
    "read_cursor",
    "unpack",
    "write_cursor",
]


class SiteCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was found out about the site, when (in milliseconds), and for which settings (`basis`).

    `statuses` are (id, name, category) triples; `fields` are the ids of the fields for estimate, start,
    sprint and epic, empty where there is none, and `names` what the first two are called. `zone` is
    the account's own.
    """

    basis: str = ""
    read: int = 0
    cloud: bool = True
    zone: str | None = None
    unit: str = ""
    fields: tuple[str, str, str, str] = ("", "", "", "")
    names: tuple[str, str] = ("", "")
    boards: tuple[int, ...] = ()
    statuses: tuple[tuple[str, str, str], ...] = ()


class OffsetCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """The next page of sprints (of a board) or versions and the walk it is of; empty after the last one."""

    board: int = 0
    start: int = 0
    walk: str = ""


class IssueCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the issues are read.

    `watermark` is up to when all finished walks have read, in milliseconds, `oldest` when the first issue
    was created. A walk under way has a `jql`, a name (`walk`), the instant it `began`, the `token` of its
    next page (empty: its first), the latest `updated` it has seen (`high`), the number of its next `page`, of
    the issues it has `met`, and the tracker's count of them. `fresh` are packed ids that were read and are
    not in the last census, `unmet` those of the census that the full reading did not meet. `basis` says for
    which project and fields. `recent` maps the issues of the overlap to when they were changed: what comes
    again unchanged is left alone.
    """

    basis: str = ""
    watermark: int | None = None
    oldest: int | None = None
    jql: str = ""
    walk: str = ""
    began: int | None = None
    token: str = ""
    high: int | None = None
    page: int = 0
    met: int = 0
    expected: int | None = None
    fresh: str = ""
    unmet: str = ""
    recent: dict[str, int] = {}


class WorklogCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to which millisecond the feeds of updated and deleted worklogs are read; `deleting`: the second.

    `walk` names the reading that is under way.
    """

    updated: int = 0
    deleted: int | None = None
    deleting: bool = False
    walk: str = ""


class CensusCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the project held at the last census; ids are packed, instants milliseconds of Jira's clock.

    `known` were read and not found gone since; `unread` were listed and not yet read, `unmet` are known and
    were not brought by a full reading; `hidden` are shown no longer; `missed` maps ids that Jira no longer
    knew to the first time that was so. `walked` is when all ids were last listed and `surplus` by how much
    Jira's count differed from that list; `rights` is what the account might do then; `lost` since when the
    project itself cannot be seen.
    """

    basis: str = ""
    known: str = ""
    unread: str = ""
    unmet: str = ""
    hidden: str = ""
    missed: dict[str, int] = {}
    walked: int = 0
    surplus: int = 0
    rights: str = ""
    lost: int | None = None


def pack(ids: Iterable[str]) -> str:
    """Numeric ids as a short text: the differences between neighbours, compressed."""
    numbers = sorted(int(id) for id in ids)
    if not numbers:
        return ""
    steps = ",".join(str(after - before) for before, after in pairwise([0, *numbers]))
    return base64.b85encode(zlib.compress(steps.encode(), 6)).decode()


def unpack(text: str) -> set[str]:
    """The ids of a packed text; none if it is spoilt."""
    try:
        steps = zlib.decompress(base64.b85decode(text)).decode() if text else ""
        return {str(number) for number in accumulate(int(step) for step in steps.split(",") if step)}
    except (ValueError, zlib.error, binascii.Error):
        return set()


C = TypeVar("C", SiteCursor, OffsetCursor, IssueCursor, WorklogCursor, CensusCursor)


def read_cursor(text: str | None, type: type[C]) -> C:
    if not text:
        return type()
    try:
        return msgspec.json.decode(text, type=type)
    except msgspec.DecodeError:
        return type()


def write_cursor(cursor: msgspec.Struct) -> str:
    return msgspec.json.encode(cursor).decode()
