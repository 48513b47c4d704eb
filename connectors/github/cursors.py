"""Where each stream goes on: small structs written as JSON texts, which only this connector understands."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

import msgspec

from connectors.github.payloads import MilestoneNode

__all__ = ["BoardCursor", "CensusCursor", "IssueCursor", "MilestoneCursor", "read", "write"]

T = TypeVar("T", bound=msgspec.Struct)


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`after` is GitHub's own cursor of the last page read; None: the walk begins."""

    after: str | None = None


class MilestoneCursor(_Cursor, frozen=True):
    """`seen` are the milestones of the pages before, needed to name what timelines call by title."""

    seen: tuple[MilestoneNode, ...] = ()


class IssueCursor(_Cursor, frozen=True):
    """A walk over everything by creation (`since` is None), or over what changed since an instant.

    `began` is GitHub's own time at the walk's first page, `latest` the newest change seen in the walk,
    `round` counts the walks of one pull.
    """

    since: datetime | None = None
    began: datetime | None = None
    latest: datetime | None = None
    round: int = 0


class BoardCursor(_Cursor, frozen=True):
    """A walk over the board's cards; it starts afresh with every pull."""


class CensusCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the repository held after the last complete pull.

    `known` is issue number -> (id, digest of its card's values, empty without a card); `missing` are numbers
    that were absent from the last census although GitHub did not say that they are gone.
    """

    known: dict[int, tuple[str, str]] = {}
    missing: tuple[int, ...] = ()


def write(cursor: msgspec.Struct) -> str:
    return msgspec.json.encode(cursor).decode()


def read(text: str | None, type: type[T]) -> T:
    """The cursor in `text`; one that can't be read, as of another version, begins the stream anew."""
    try:
        return msgspec.json.decode(text or "{}", type=type)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return type()
