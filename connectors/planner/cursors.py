"""Where the reading of a plan's tasks stands, as the text that is stored beside its batch.

Planner tells of no changes: a reading lists every task and compares its ETags with those of the last reading,
of which a few characters are kept per task.
"""

from __future__ import annotations

import base64
import hashlib

import msgspec

__all__ = ["TaskCursor", "digest", "read_cursor", "write_cursor"]


class TaskCursor(msgspec.Struct, omit_defaults=True):
    """How far the tasks are read.

    `basis` says by which names and settings they were understood. `known` maps the ids of the last whole
    reading to their versions; a reading under way has the address of its `next` page and moves each task it
    finds from `known` to `met`. `missing` are tasks that a whole reading didn't find, with the instant of the
    first. `plain`: Planner refuses to expand details here. `round` counts whole readings.
    """

    basis: str = ""
    next: str = ""
    known: dict[str, str] = {}
    met: dict[str, str] = {}
    missing: dict[str, str] = {}
    plain: bool = False
    round: int = 0


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
    return TaskCursor(basis, known=dict.fromkeys(ids, ""), missing=cursor.missing)


def write_cursor(cursor: TaskCursor) -> str:
    return msgspec.json.encode(cursor).decode()
