"""Where the reading of a plan's tasks stands, as the text that is stored beside its batch.

Planner tells of no changes: a reading lists every task and compares its ETags with those of the last reading,
of which a few characters are kept per task.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta

import msgspec

__all__ = ["TaskCursor", "digest", "name_walk", "read_cursor", "write_cursor"]

_KEPT_WHOLE = timedelta(days=7)


class TaskCursor(msgspec.Struct, omit_defaults=True):
    """How far the tasks are read.

    `basis` says by which names and settings they were understood. `known` maps the ids of the last whole
    reading to their versions; a reading under way has the address of its `next` page and moves each task it
    finds from `known` to `met`. `missing` are tasks that a whole reading didn't find, with the instant of the
    first. `plain`: Planner refuses to expand details here. `round` counts whole readings.

    `walk` names the reading whose pages are being kept, `stored` counts the pages kept since the last that
    was kept whole, which was at `whole`. `people` are ids met in this reading whose names are still to be
    asked for. `delta` is the link that tells what changes, `listed` when the list was last read whole. `lost`
    is the instant since which the plan itself is no longer shown.
    """

    basis: str = ""
    next: str = ""
    known: dict[str, str] = {}
    met: dict[str, str] = {}
    missing: dict[str, str] = {}
    plain: bool = False
    round: int = 0
    walk: str = ""
    stored: int = 0
    whole: str = ""
    people: list[str] = []
    delta: str = ""
    listed: str = ""
    lost: str = ""


def digest(text: str) -> str:
    """Eight characters that stand for a text; two versions of one task share them once in 10^14."""
    return base64.urlsafe_b64encode(hashlib.blake2s(text.encode(), digest_size=6).digest()).decode()


def read_cursor(text: str | None, basis: str) -> TaskCursor:
    """The cursor, or one that starts anew but remembers which tasks there were.

    A text that cannot be read, or was written on another basis, means that every task has to be read again.
    """
    try:
        cursor = msgspec.json.decode(text or "{}", type=TaskCursor)
    except msgspec.DecodeError:
        return TaskCursor(basis)
    if cursor.basis == basis:
        return cursor
    ids = {**cursor.known, **cursor.met}
    return TaskCursor(
        basis, known=dict.fromkeys(ids, ""), missing=cursor.missing, plain=cursor.plain, lost=cursor.lost
    )


def name_walk(cursor: TaskCursor, now: datetime, most: int) -> None:
    """Settle for a reading that begins whether its pages are all kept, or only those with news.

    All are kept, in place of those before, at first, after a week, and when more than `most` came with news.
    """
    at = now.isoformat()
    old = not cursor.whole or now - datetime.fromisoformat(cursor.whole) >= _KEPT_WHOLE
    if old or not any(cursor.known.values()) or cursor.stored > most:
        cursor.walk, cursor.whole, cursor.stored = f"full-{at}", at, 0
    else:
        cursor.walk = f"since-{at}"


def write_cursor(cursor: TaskCursor) -> str:
    return msgspec.json.encode(cursor).decode()
