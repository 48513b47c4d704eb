"""What the receiver hands to the store for each delivery that it takes, and what the store says to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

import msgspec

from connectors.hooks import Hint

__all__ = ["Entry", "Inbox", "Told", "read_hints", "write_hints"]


class Told(Enum):
    """What became of an entry: stored; known already; its id known with another body, and stored."""

    STORED = "stored"
    KNOWN = "repeated"
    CLASHES = "clash"


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery. `body` is kept only where it could not be read; hints are all that is ever used."""

    connection: str
    delivery: str
    digest: str
    event: str
    hints: tuple[Hint, ...]
    received: datetime
    body: bytes | None = None


class Inbox(Protocol):
    """Where entries become durable, all of them in one transaction.

    StoreError: none of them is stored. Told answers stand in the order of the entries.
    """

    def __call__(self, entries: Sequence[Entry]) -> Sequence[Told]: ...


_HINTS = msgspec.json.Decoder(tuple[Hint, ...])


def write_hints(hints: Sequence[Hint]) -> str:
    return msgspec.json.encode(hints).decode()


def read_hints(text: str) -> tuple[Hint, ...]:
    """The hints as they were written. msgspec.MsgspecError: it is something else."""
    return _HINTS.decode(text)
