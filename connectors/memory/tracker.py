"""A tracker in memory: records that people edit, and a history written at the moment of each edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.errors import ConnectorError, Refused
from connectors.memory.faults import Call, Fault
from connectors.memory.form import Form
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
    Ref,
    Sprint,
    StatusCategory,
    Worklog,
)

__all__ = ["MemoryTracker", "Shelf"]

Record = Issue | Sprint | Milestone
_ENTITY: dict[type, Entity] = {
    Issue: Entity.ISSUE,
    Sprint: Entity.SPRINT,
    Milestone: Entity.MILESTONE,
}
_HISTORY = {entity: sorted(fields) for entity, fields in HISTORY.items()}


@dataclass
class Shelf:
    """What one source holds; `touched` orders ids by their latest change, which is what a cursor counts.

    `gone` were deleted, `hidden` are not shown to us any more. `marks` are the markers of issues, which only
    programs see, `creators` tells who made an issue, `unfound` for how many searches more it is not found.
    """

    records: dict[tuple[Entity, str], Record] = field(default_factory=dict)
    events: dict[tuple[Entity, str], list[Event]] = field(default_factory=dict)
    links: dict[str, set[Dependency]] = field(default_factory=dict)
    worklogs: dict[str, Worklog] = field(default_factory=dict)
    unlogged: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    marks: dict[str, str] = field(default_factory=dict)
    creators: dict[str, str] = field(default_factory=dict)
    unfound: dict[str, int] = field(default_factory=dict)
    touched: dict[tuple[Entity, str], int] = field(default_factory=dict)

    def since(self, seq: int, entities: frozenset[Entity]) -> list[tuple[int, Entity, str]]:
        """What changed after `seq`, in the order of the latest change of each."""
        return sorted((n, e, i) for (e, i), n in self.touched.items() if n > seq and e in entities)


def _nothing(call: Call, issue: str) -> Fault | None:
    """No request goes wrong."""
    return None


class MemoryTracker:
    """The tracker's side: sources by name, the one token it accepts, and the faults it is told to show.

    `own` is the account id of whoever uses the token: its writes leave events with that actor. `listening`
    is asked at every request, by its name and its issue's id ("": none); it may edit the tracker meanwhile,
    raise an exception of its own (a crash), or name the fault that strikes. A new issue is not shown by the
    next `search_lag` searches. Nothing here is left to chance or to a clock.
    """

    def __init__(
        self,
        token: str = "open-sesame",  # noqa: S107 - it protects nothing but a test
        form: Form = Form(),  # noqa: B008 - it is frozen
    ) -> None:
        self.token = token
        self.form = form
        self.account = "memory user"
        self.own = "crosstie"
        self.listening: Callable[[Call, str], Fault | None] = _nothing
        self.search_lag = 0
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
        """Create the record, or edit it: every field that differs from before becomes an event at `at`.

        An issue gets a new version.
        """
        shelf, key = self._shelves[record.source], (_ENTITY[type(record)], record.ref.id)
        before = shelf.records.get(key)
        if before is not None:
            events = shelf.events.setdefault(key, [])
            for name in _HISTORY[key[0]]:
                was, now = getattr(before, name), getattr(record, name)
                if was != now:
                    meaning = Meaning(name, encode(was), encode(now))
                    events.append(self._event(record, key[0], meaning, at, actor))
        self._touch(shelf, key)
        stamped = replace(record, version=f"{self._count}") if isinstance(record, Issue) else record
        shelf.records[key] = stamped
        shelf.hidden.discard(record.ref.id)

    def edit(self, source: str, issue: str, at: datetime, actor: str | None = None, **fields: Any) -> Issue:
        """Change fields of one issue; KeyError: no such issue."""
        before = self._shelves[source].records[Entity.ISSUE, issue]
        assert isinstance(before, Issue)
        after = replace(before, **fields)
        self.put(after, at, actor)
        return after

    def change(
        self, source: str, issue: str, fields: Mapping[str, object], at: datetime, actor: str | None
    ) -> bool:
        """Set fields as the tracker's form holds them; whether anything differs now. KeyError: no such issue.

        Raises Refused, with nothing changed, for a value that does not exist here.
        """
        shelf = self._shelves[source]
        before = shelf.records[Entity.ISSUE, issue]
        assert isinstance(before, Issue)
        after = self.form.filled(before, fields, at)
        self._refuse_strangers(shelf, after, fields)
        if after == before:
            return False
        self.put(after, at, actor)
        return True

    def make(self, source: str, connection: str, plain: Mapping[str, Any], at: datetime, creator: str) -> str:
        """A new issue with these fields; its id, which no other issue of this tracker has."""
        shelf = self._shelves[source]
        id = f"n{self._count + 1}"
        blank = Issue(
            ref=Ref(connection, id),
            source=source,
            key=f"{source.upper()}-{self._count + 1}",
            title="",
            url=f"https://memory.example/{source}/{id}",
            status=StatusCategory.TODO,
            status_original="Open",
            created=at,
        )
        fields = {name: value for name, value in plain.items() if name in self.form.fields}
        after = self.form.filled(blank, {"title": "", **fields}, at)
        self._refuse_strangers(shelf, after, fields)
        others = {name: value for name, value in plain.items() if name in ("type", "bucket", "links")}
        self.put(replace(after, **others), at, creator)
        shelf.creators[id] = creator
        shelf.unfound[id] = self.search_lag
        return id

    def search(self, source: str, since: datetime) -> list[Issue]:
        """Issues created since then that the index knows by now, in the order of their creation."""
        shelf, found = self._shelves[source], []
        for (entity, id), record in shelf.records.items():
            if entity is not Entity.ISSUE or not isinstance(record, Issue):
                continue
            if shelf.unfound.get(id, 0) > 0:
                shelf.unfound[id] -= 1
            elif record.created is not None and record.created >= since:
                found.append(record)
        return found

    def hide(self, source: str, issue: str) -> None:
        """It is no longer shown to us, and nobody says why."""
        shelf = self._shelves[source]
        del shelf.records[Entity.ISSUE, issue]
        shelf.hidden.add(issue)
        self._touch(shelf, (Entity.ISSUE, issue))

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

    def _refuse_strangers(self, shelf: Shelf, issue: Issue, fields: Mapping[str, object]) -> None:
        """Refuse people, sprints, milestones and parents that the tracker does not have."""
        wanted: dict[str, set[str]] = {
            "assignees": set(issue.assignees - self.accounts.keys() if self.accounts else ()),
            "sprints": {i for i in issue.sprints if (Entity.SPRINT, i) not in shelf.records},
            "milestone": {i for i in (issue.milestone,) if i and (Entity.MILESTONE, i) not in shelf.records},
            "parent": {i for i in (issue.parent,) if i and (Entity.ISSUE, i) not in shelf.records},
        }
        for name, unknown in wanted.items():
            if unknown and name in fields:
                raise Refused(f'{issue.key}: no {name} "{min(unknown)}" here; choose one that exists')

    def _touch(self, shelf: Shelf, key: tuple[Entity, str]) -> None:
        self._count += 1
        shelf.touched[key] = self._count
