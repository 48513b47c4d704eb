"""What a project remembers of its last run: how far it had looked, by which rules, and what was left open."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from model.agreement import Mark
from model.books import Books
from model.store import REMEMBERED
from model.values import Ref

__all__ = ["Memory", "forget", "recall", "remember"]

_BY = "sync"


@dataclass(frozen=True, slots=True)
class Memory:
    """`open` names the ties that were not at rest; `ties` counts the project's; `at` is when it looked."""

    mark: Mark
    rules: str
    ties: int
    at: datetime
    open: tuple[Ref, ...] = ()


def recall(books: Books, project: str) -> Memory | None:
    """The project's memory; None: nothing was decided yet, or it cannot be read."""
    flag = books.leases.flag(_name(project))
    if flag is None:
        return None
    try:
        return msgspec.json.decode(flag.value, type=Memory)
    except msgspec.DecodeError:
        return None


def remember(books: Books, project: str, memory: Memory, now: datetime) -> None:
    """Keep it, once everything that was decided has been carried out or is named as open."""
    books.leases.set(_name(project), msgspec.json.encode(memory).decode(), _BY, now)


def forget(books: Books, projects: Collection[str]) -> None:
    """Look at everything again, as after a restored store."""
    for project in projects:
        books.leases.clear(_name(project))


def _name(project: str) -> str:
    return f"{REMEMBERED}{project}"
