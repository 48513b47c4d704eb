"""Where each stream goes on: small structs written as JSON texts, which only this connector understands."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import msgspec

from connectors.github.payloads import BoardNode, MilestoneNode

__all__ = ["BoardCursor", "CensusCursor", "FieldsCursor", "IssueCursor", "MilestoneCursor", "read", "write"]

T = TypeVar("T")


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`after` is GitHub's own cursor of the last page read; None: the walk begins."""

    after: str | None = None


class MilestoneCursor(_Cursor, frozen=True):
    """`seen` are the milestones of the pages before, needed to name what timelines call by title; `kept` are
    digests of the pages as they were last kept, `titles` every title that was ever met -> the milestone's id.
    """

    seen: tuple[MilestoneNode, ...] = ()
    kept: dict[str, str] = {}
    titles: dict[str, str] = {}


class FieldsCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """The board as it was last read, at `read`, and how its owner is named in queries."""

    read: datetime | None = None
    owner_kind: str = ""
    board: BoardNode | None = None
    source: str = ""


class IssueCursor(_Cursor, frozen=True):
    """A walk over everything by creation (`since` is None), or over what changed since an instant.

    `began` is GitHub's own time at the walk's first page, `latest` the newest change seen in the walk,
    `round` counts the walks of one reading, and `walk` is the reading's name.
    """

    since: datetime | None = None
    began: datetime | None = None
    latest: datetime | None = None
    round: int = 0
    walk: str = ""


class BoardCursor(_Cursor, frozen=True):
    """A walk over the board's cards; it starts afresh each time."""


class CensusCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the repository held after the last complete pull.

    `roll` tells of every issue its number, its id and a digest of its card's values; `missing` are numbers
    that were absent from the last census although GitHub did not say that they are gone, `repository` is the
    id of the repository that all this is of.
    """

    roll: str = ""
    missing: tuple[int, ...] = ()
    repository: str = ""


def write(cursor: msgspec.Struct) -> str:
    return msgspec.json.encode(cursor).decode()


def read(text: str | None, type: type[T]) -> T:
    """The cursor in `text`; one that can't be read, as of another version, begins the stream anew."""
    try:
        return msgspec.json.decode(text or "{}", type=type)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return type()
