"""A tracker in memory: records that people edit, and a history written at the moment of each edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.errors import ConnectorError
from model.fields import HISTORY, encode
from model.values import (
    Account,
    Dependency,
    Entity,
    Event,
    Issue,
    Meaning,
    Milestone,
    Origin,
    Sprint,
    Worklog,
)

__all__ = ["MemoryTracker", "Shelf"]

Record = Issue | Sprint | Milestone
_ENTITY: dict[type, Entity] = {
    Issue: Entity.ISSUE,
    Sprint: Entity.SPRINT,
    Milestone: Entity.MILESTONE,
}


@dataclass
class Shelf:
    """What one source holds; `touched` orders ids by their latest change, which is what a cursor counts."""

    records: dict[tuple[Entity, str], Record] = field(default_factory=dict)
    events: dict[tuple[Entity, str], list[Event]] = field(default_factory=dict)
    links: dict[str, set[Dependency]] = field(default_factory=dict)
    worklogs: dict[str, Worklog] = field(default_factory=dict)
    unlogged: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    touched: dict[tuple[Entity, str], int] = field(default_factory=dict)

    def since(self, seq: int, entities: frozenset[Entity]) -> list[tuple[int, Entity, str]]:
        """What changed after `seq`, in the order of the latest change of each."""
        return sorted((n, e, i) for (e, i), n in self.touched.items() if n > seq and e in entities)


class MemoryTracker:
    """The tracker's side: sources by name, the one token it accepts, and the faults it is told to show."""

    def __init__(self, token: str = "open-sesame") -> None:  # noqa: S107 - it protects nothing but a test
        self.token = token
        self.account = "memory user"
        self.reachable = True
        self.accounts: dict[str, Account] = {}
        self._shelves: dict[str, Shelf] = {}
        self._count = 0
        self._faults: list[tuple[int, ConnectorError]] = []

    def add_source(self, name: str) -> None:
        self._shelves[name] = Shelf()

    def sources(self) -> Iterator[str]:
        yield from sorted(self._shelves)

    def shelf(self, source: str) -> Shelf:
        """KeyError: no such source."""
        return self._shelves[source]

    def put(self, record: Record, at: datetime, actor: str | None = None) -> None:
        """Create the record, or edit it: every field that differs from before becomes an event at `at`."""
        shelf, key = self._shelves[record.source], (_ENTITY[type(record)], record.ref.id)
        before = shelf.records.get(key)
        if before is not None:
            events = shelf.events.setdefault(key, [])
            for name in sorted(HISTORY[key[0]]):
                old, new = encode(getattr(before, name)), encode(getattr(record, name))
                if old != new:
                    events.append(self._event(record, key[0], Meaning(name, old, new), at, actor))
        shelf.records[key] = record
        self._touch(shelf, key)

    def edit(self, source: str, issue: str, at: datetime, actor: str | None = None, **fields: Any) -> Issue:
        """Change fields of one issue; KeyError: no such issue."""
        before = self._shelves[source].records[Entity.ISSUE, issue]
        assert isinstance(before, Issue)
        after = replace(before, **fields)
        self.put(after, at, actor)
        return after

    def delete(self, source: str, issue: str) -> None:
        """The tracker leaves a tombstone, which the next pull reads."""
        shelf = self._shelves[source]
        del shelf.records[Entity.ISSUE, issue]
        shelf.gone.add(issue)
        self._touch(shelf, (Entity.ISSUE, issue))

    def link(self, source: str, dependency: Dependency) -> None:
        shelf = self._shelves[source]
        shelf.links.setdefault(dependency.successor.id, set()).add(dependency)
        self._touch(shelf, (Entity.ISSUE, dependency.successor.id))

    def unlink(self, source: str, dependency: Dependency) -> None:
        shelf = self._shelves[source]
        shelf.links[dependency.successor.id].remove(dependency)
        self._touch(shelf, (Entity.ISSUE, dependency.successor.id))

    def log_work(self, source: str, worklog: Worklog) -> None:
        """Add a worklog, or correct the one with the same id."""
        shelf = self._shelves[source]
        shelf.worklogs[worklog.ref.id] = worklog
        self._touch(shelf, (Entity.ISSUE, worklog.issue.id))

    def remove_work(self, source: str, worklog: str) -> None:
        shelf = self._shelves[source]
        issue = shelf.worklogs.pop(worklog).issue.id
        shelf.unlogged[worklog] = issue
        self._touch(shelf, (Entity.ISSUE, issue))

    def fail(self, error: ConnectorError, after: int = 0) -> None:
        """Raise `error` once, instead of answering the page after the next `after` pages."""
        self._faults.append((after, error))

    def answer(self) -> None:
        """Called for each page asked for: raises a fault that is due."""
        due = [error for left, error in self._faults if left == 0]
        self._faults = [(left - 1, error) for left, error in self._faults if left > 0]
        if due:
            raise due[0]

    def _event(
        self, record: Record, entity: Entity, meaning: Meaning, at: datetime, actor: str | None
    ) -> Event:
        self._count += 1
        return Event(
            entity=entity,
            ref=record.ref,
            id=f"e{self._count}",
            field=meaning.field,
            before=meaning.before,
            after=meaning.after,
            at=at,
            origin=Origin.RECORDED,
            actor=actor,
            meaning=meaning,
        )

    def _touch(self, shelf: Shelf, key: tuple[Entity, str]) -> None:
        self._count += 1
        shelf.touched[key] = self._count
