"""The digest that a row carries over its own content, so that a flipped bit anywhere in it shows.

SQLite's own integrity check looks at the structure of the file and misses nearly every changed value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from model.text import clean

__all__ = ["delivery_seal", "event_seal"]


def event_seal(
    entity: str,
    ref: tuple[str, str],
    id: str,
    words: tuple[str, str | None, str | None],
    times: tuple[datetime, datetime],
    origin: str,
    actor: str | None,
) -> bytes:
    """SHA-256 of an event: `words` are field, before and after, `times` when it happened and was learned."""
    return sha256(_told((entity, *ref, id, *words, *map(_stamp, times), origin, actor))).digest()


def delivery_seal(
    connection: str,
    delivery: str,
    body_digest: str,
    received: datetime,
    kind: str,
    subject: str,
    headers: str,
) -> str:
    """SHA-256, in hexadecimal digits, over what of a delivery never changes; the body by its own digest."""
    parts = (connection, delivery, body_digest, _stamp(received), kind, subject, headers)
    return sha256(_told(parts)).hexdigest()


def _told(parts: Sequence[str | None]) -> bytes:
    """Texts as they are stored; none of them holds NUL, which therefore parts them."""
    told = "\0".join(["" if part is None else f"={part}" for part in parts])
    if not told.isascii() or told.count("\0") >= len(parts):
        told = "\0".join(["" if part is None else f"={clean(part)}" for part in parts])
    return told.encode()


@lru_cache(1_000)
def _stamp(at: datetime) -> str:
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()
