"""Remap one source: replay its stored pages through today's mapping and record what reads differently.

Without a request. A page says what was so when it came, and a later page may say otherwise, so each record
is taken from the last page that speaks of it. Two passes over the pages: the first finds which those are,
the second records them, all in one transaction. Nothing changed in the mapping: nothing changes here.

Deletion, access lost and cursors are no matter of mapping and stay as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from config.settings import SourceSettings
from connectors.base import Batch, Connector, RawPage
from model.rows import Recorded as Record
from model.store import Store
from model.text import field_names
from model.values import Cost, Dependency, Entity, Event, Issue, Milestone, Ref, Sprint, Worklog
from model.writer import Kept, Writer
from sync.record import Place, Recorded, record

__all__ = ["Remapped", "remap"]

T = TypeVar("T", Sprint, Milestone, Worklog)

_SETTLED = frozenset({"gone", "hidden"})
_FIELDS = frozenset(field_names(Issue)) - _SETTLED - {"ref", "source"}
"""What a page of whole issues speaks for; where a record stands is not a matter of mapping."""


@dataclass(frozen=True, slots=True)
class Remapped:
    """What a replay changed, or would change: `fields` counts the issues by the field that differs.

    `restated` are events of the past that read differently, `events` those that are new. `missing` are the
    keys of stored issues of which no page is left.
    """

    connection: str
    source: str
    pages: int
    issues: int
    added: int
    changed: int
    fields: Mapping[str, int]
    events: int
    restated: int
    parked: int
    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()


class _RolledBack(Exception):
    """Leaves a transaction without storing anything."""


def remap(
    store: Store, connector: Connector, connection: str, source: SourceSettings, now: datetime, *, dry: bool
) -> Remapped:
    """Replay a source's stored pages; `dry`: only say what would change."""
    place = Place(connection, source.key, now, store.is_new(connection, source.key), replayed=True)
    held = store.held(connection, source.key)
    result: Remapped | None = None
    with suppress(_RolledBack), store.transaction() as writer:
        result = _Replay(writer, connector, place, source).run(held)
        if dry:
            raise _RolledBack
    assert result is not None
    return result


@dataclass
class _Speakers:
    """Which batch speaks for what: the last that tells of a record, the first that tells of an event, since a
    pull stores an event as the first page that tells it reads. Batches are numbered in the order of replay.
    """

    issues: dict[str, list[tuple[int, frozenset[str]]]] = field(default_factory=lambda: defaultdict(list))
    others: dict[tuple[str, str], int] = field(default_factory=dict)
    costs: tuple[int, frozenset[str]] | None = None
    events: dict[tuple[Entity, Ref, str], int] = field(default_factory=dict)

    def note(self, number: int, batch: Batch) -> None:
        spoken = _FIELDS if batch.speaks_for is None else batch.speaks_for & _FIELDS
        for id_ in {issue.ref.id for issue in batch.issues}:
            self.issues[id_].append((number, spoken))
        if batch.speaks_for is None:
            for odd in batch.parked:
                self.issues[odd.id].append((number, frozenset()))
        for kind, ids in _others(batch):
            self.others.update(((kind, id_), number) for id_ in ids)
        if batch.all_costs is not None:
            self.costs = number, batch.all_costs
        for event in batch.events:
            self.events.setdefault((event.entity, event.ref, event.id), number)

    def is_first(self, number: int, event: Event) -> bool:
        return self.events[event.entity, event.ref, event.id] == number

    def left(self, number: int, id_: str, spoken: frozenset[str]) -> frozenset[str]:
        """The fields of an issue that no later batch speaks for."""
        later = (fields for other, fields in self.issues[id_] if other > number)
        return spoken.difference(*later)

    def is_last_of_issue(self, number: int, id_: str) -> bool:
        return all(other <= number for other, _ in self.issues[id_])

    def is_last(self, number: int, kind: str, id_: str) -> bool:
        return self.others[kind, id_] == number

    def keeps_cost(self, number: int, cost: Cost) -> bool:
        """Whether the last word on a cost is this one, and the source still has it."""
        if not self.is_last(number, "cost", cost.ref.id):
            return False
        return self.costs is None or number > self.costs[0] or cost.ref.id in self.costs[1]


def _others(batch: Batch) -> Iterator[tuple[str, Collection[str]]]:
    """What a batch says besides issues, by kind and id."""
    yield "sprint", [sprint.ref.id for sprint in batch.sprints]
    yield "milestone", [milestone.ref.id for milestone in batch.milestones]
    yield "links", batch.dependencies_of
    yield "worklog", [*(log.ref.id for log in batch.worklogs), *batch.worklogs_removed]
    yield "cost", [cost.ref.id for cost in batch.costs]


class _Replay:
    """One source's replay within one transaction."""

    def __init__(self, writer: Writer, connector: Connector, place: Place, source: SourceSettings) -> None:
        self._writer = writer
        self._connector = connector
        self._place = place
        self._source = source
        self._pages = 0
        self._added: set[Ref] = set()
        self._touched: dict[Ref, Record] = {}
        self._recorded = Recorded()

    def run(self, held: Mapping[str, str]) -> Remapped:
        """Replay everything; `held` are the issues stored before, by id, with their keys."""
        speakers, notes = _Speakers(), list[str]()
        for number, batch in enumerate(self._batches()):
            speakers.note(number, batch)
            notes += (note for note in batch.notes if note not in notes)
        pages, self._pages = self._pages, 0
        for number, batch in enumerate(self._batches()):
            self._record(number, batch, speakers)
        at = self._place.connection, self._place.source
        done, differing = self._recorded, self._differing()
        return Remapped(
            *at,
            pages=pages,
            issues=len(speakers.issues),
            added=len(self._added),
            changed=len({ref for ref, _ in differing}),
            fields=dict(Counter(name for _, name in differing)),
            events=done.events,
            restated=done.restated,
            parked=done.parked,
            missing=tuple(sorted(key for id_, key in held.items() if id_ not in speakers.issues)),
            notes=tuple(notes),
        )

    def _batches(self) -> Iterator[Batch]:
        return self._connector.replay(self._source, self._stored(), self._place.now)

    def _stored(self) -> Iterator[RawPage]:
        for page in self._writer.progress.pages(self._place.connection, self._place.source):
            self._pages += 1
            yield RawPage(page.stream, page.position, page.body, page.walk)

    def _record(self, number: int, batch: Batch, speakers: _Speakers) -> None:
        told = {event.ref for event in batch.events if event.entity is Entity.ISSUE}
        kept = self._writer.kept(Entity.ISSUE, {issue.ref for issue in batch.issues} | told)
        groups = self._groups(number, batch, speakers, kept)
        whole = _rest(number, batch, speakers, frozenset(ref.id for ref in self._added))
        parts = [replace(whole, issues=tuple(groups.pop(None, ())), speaks_for=None)]
        for fields, issues in groups.items():
            parts.append(Batch(batch.stream, "", False, issues=tuple(issues), speaks_for=fields))
        for part in parts:
            self._recorded += record(self._writer, self._place, part)
        after = self._writer.kept(Entity.ISSUE, {issue.ref for part in parts for issue in part.issues} | told)
        self._added |= after.keys() - kept.keys()
        for ref, old in kept.items():
            if ref not in self._added and ref in after and after[ref].value != old.value:
                self._touched.setdefault(ref, old.value)

    def _groups(
        self, number: int, batch: Batch, speakers: _Speakers, kept: Mapping[Ref, Kept]
    ) -> dict[frozenset[str] | None, list[Issue]]:
        """The batch's issues by the fields that it has the last word on; None: whole issues."""
        spoken = _FIELDS if batch.speaks_for is None else batch.speaks_for & _FIELDS
        groups: dict[frozenset[str] | None, list[Issue]] = {}
        for issue in batch.issues:
            left = speakers.left(number, issue.ref.id, spoken)
            stored = kept.get(issue.ref)
            if stored is None:
                if batch.speaks_for is None and left:
                    groups.setdefault(None, []).append(issue)
                continue
            old = stored.value
            assert isinstance(old, Issue)
            if not left or (batch.speaks_for is None and old.source != self._place.source):
                continue
            whole = batch.speaks_for is None and left == spoken
            issue = replace(issue, gone=old.gone, hidden=old.hidden)
            groups.setdefault(None if whole else left, []).append(issue)
        return groups

    def _differing(self) -> list[tuple[Ref, str]]:
        """(issue, field) of all that is no longer as it was before the replay."""
        after = self._writer.kept(Entity.ISSUE, self._touched.keys())
        return [
            (ref, name)
            for ref, old in self._touched.items()
            for name in field_names(Issue)
            if getattr(old, name) != getattr(after[ref].value, name)
        ]


def _rest(number: int, batch: Batch, speakers: _Speakers, added: Collection[str]) -> Batch:
    """The batch with what no later one speaks of, and without what is no matter of mapping."""

    def held(kind: str, ids: Iterable[str]) -> frozenset[str]:
        return frozenset(id_ for id_ in ids if speakers.is_last(number, kind, id_))

    links = held("links", batch.dependencies_of)
    return replace(
        batch,
        sprints=_by(batch.sprints, held("sprint", (one.ref.id for one in batch.sprints))),
        milestones=_by(batch.milestones, held("milestone", (one.ref.id for one in batch.milestones))),
        dependencies=_into(batch.dependencies, links),
        dependencies_of=links,
        worklogs=_by(batch.worklogs, held("worklog", (one.ref.id for one in batch.worklogs))),
        worklogs_removed=held("worklog", batch.worklogs_removed),
        costs=tuple(cost for cost in batch.costs if speakers.keeps_cost(number, cost)),
        all_costs=batch.all_costs if speakers.costs is not None and speakers.costs[0] == number else None,
        events=tuple(event for event in batch.events if speakers.is_first(number, event)),
        parked=tuple(odd for odd in batch.parked if speakers.is_last_of_issue(number, odd.id)),
        gone=batch.gone & frozenset(added),
        hidden=batch.hidden & frozenset(added),
    )


def _by(records: tuple[T, ...], ids: Collection[str]) -> tuple[T, ...]:
    return tuple(one for one in records if one.ref.id in ids)


def _into(links: Iterable[Dependency], ids: Collection[str]) -> tuple[Dependency, ...]:
    return tuple(link for link in links if link.successor.id in ids)
