"""Record one batch: compare with what is stored, append events, move the cursor; all of it or nothing.

The caller opens the transaction. A batch may come again, in other pages and after a crash: what is known
already adds nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from itertools import chain
from typing import Any

from connectors.base import FULL, Batch, Parked
from model.fields import HISTORY, decode
from model.history import Stay, Thread, stays
from model.rows import Recorded as Record
from model.text import cleaned
from model.values import Entity, Event, Issue, Origin, Ref
from model.writer import Kept, Learned, Writer
from sync.explain import Account, Sighting, explain
from sync.fitness import fit

__all__ = ["Place", "Recorded", "record"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""From when sprints and milestones of a first contact count as known: no tracker dates their creation."""

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Which source a batch is from, when it was read, and whether the source was never read whole before.

    `again`: everything is being read once more, beside the cursors. `replayed`: the batch comes from stored
    pages; neither they nor a cursor are touched, and what was misread is restated instead of changed.
    """

    connection: str
    source: str
    now: datetime
    first_contact: bool
    again: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch brought: new and changed issues, events appended, records parked or not ours.

    `restated` counts stored events whose unified meaning is another one now.
    """

    new: int = 0
    changed: int = 0
    events: int = 0
    parked: int = 0
    skipped: int = 0
    restated: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            self.new + other.new,
            self.changed + other.changed,
            self.events + other.events,
            self.parked + other.parked,
            self.skipped + other.skipped,
            self.restated + other.restated,
        )


def record(writer: Writer, place: Place, batch: Batch) -> Recorded:
    """Store what a batch says, its raw pages and its cursor; a batch without one moves none."""
    batch, unfit = fit(cleaned(batch))
    recorder = _Recorder(writer, place)
    told: dict[Entity, list[Event]] = {entity: [] for entity in Entity}
    for event in batch.events:
        told[event.entity].append(event)
    found = recorder.keep(Entity.SPRINT, batch.sprints, told[Entity.SPRINT], None)
    found += recorder.keep(Entity.MILESTONE, batch.milestones, told[Entity.MILESTONE], None)
    issues = [replace(i, gone=True) if i.ref.id in batch.gone else i for i in batch.issues]
    known = recorder.keep(Entity.ISSUE, issues, told[Entity.ISSUE], batch.speaks_for)
    known += recorder.mark("gone", batch.gone)
    known += recorder.mark("hidden", batch.hidden)
    recorder.keep_facts(batch)
    recorder.keep_account(batch, unfit)
    parked = len(batch.parked) + len(unfit)
    restated = found.restated + known.restated
    return Recorded(known.new, known.changed, found.events + known.events, parked, known.skipped, restated)


@dataclass(frozen=True, slots=True)
class _News:
    """What a batch says of one entity: records, new events, what is stored of them, how many are not ours.

    `restated` counts each record's stored events that have another meaning now.
    """

    kept: Mapping[Ref, Kept]
    said: Mapping[Ref, Record]
    told: Mapping[Ref, Sequence[Event]]
    skipped: int = 0
    restated: Mapping[Ref, int] = field(default_factory=dict)

    def touched(self) -> list[Ref]:
        """The records that are new, differ from what is stored or have new events."""
        said = {r: v for r, v in self.said.items() if r not in self.kept or self.kept[r].value != v}
        return list(dict.fromkeys([*said, *self.told, *(ref for ref in self.restated if ref in self.kept)]))


class _Recorder:
    """One batch's way into one transaction."""

    def __init__(self, writer: Writer, place: Place) -> None:
        self._writer = writer
        self._place = place

    def keep(
        self,
        entity: Entity,
        values: Sequence[Record],
        events: Sequence[Event],
        speaks_for: frozenset[str] | None = None,
        origin: Origin = Origin.RECONSTRUCTED,
    ) -> Recorded:
        """Store records and their events; a stream that speaks for some fields only never adds a record."""
        if not values and not events:
            return Recorded()
        news = self._news(entity, values, events, speaks_for)
        touched = news.touched()
        facts = self._writer.facts(entity, touched)
        spoken = frozenset(HISTORY[entity]) if speaks_for is None else speaks_for
        accounts: dict[Ref, Account] = {}
        for ref in touched:
            sighting = Sighting(
                entity,
                news.kept.get(ref),
                news.said.get(ref),
                spoken,
                facts.get(ref, ()),
                news.told.get(ref, ()),
            )
            place = self._place
            accounts[ref] = explain(sighting, place.now, place.first_contact, origin, place.replayed)
        return self._store(entity, news, accounts)

    def mark(self, flag: str, ids: Collection[str]) -> Recorded:
        """Set "gone" or "hidden" on issues of which the tracker said so; their rows and history stay."""
        refs = {Ref(self._place.connection, id_) for id_ in ids}
        values = [kept.value for kept in self._issues(refs).values()]
        said: dict[str, Any] = {flag: True}
        marked = [replace(value, **said) for value in values if isinstance(value, Issue)]
        return self.keep(Entity.ISSUE, marked, (), frozenset({flag}), Origin.RECORDED)

    def keep_facts(self, batch: Batch) -> None:
        """Links, worklogs, costs and accounts."""
        writer, now = self._writer, self._place.now
        of = writer.since(Entity.ISSUE, {Ref(self._place.connection, id_) for id_ in batch.dependencies_of})
        since = {ref: known if self._place.first_contact else now for ref, known in of.items()}
        writer.save_links(since, batch.dependencies, now)
        removed = {Ref(self._place.connection, id_) for id_ in batch.worklogs_removed}
        writer.save_worklogs([(log, self._since(log.started)) for log in batch.worklogs], removed, now)
        dated = [(cost, self._since(datetime.combine(cost.on, time(), UTC))) for cost in batch.costs]
        writer.save_costs(dated, now)
        if batch.all_costs is not None:
            ended = None if self._place.first_contact else now
            writer.end_costs(self._place.connection, self._place.source, batch.all_costs, ended)
        writer.save_accounts(batch.accounts)

    def keep_account(self, batch: Batch, unfit: Sequence[Parked]) -> None:
        """The pages as received and the cursor, and what could not be understood."""
        progress, now = self._writer.progress, self._place.now
        at = (self._place.connection, self._place.source)
        if not self._place.replayed:
            self._keep_place(batch)
        parked = [(each.id, each.key, each.reason) for each in (*batch.parked, *unfit)]
        whole = {issue.ref.id for issue in batch.issues} - {id_ for id_, _, _ in parked}
        progress.unpark(*at, whole, now)
        progress.park(*at, parked, now)

    def _keep_place(self, batch: Batch) -> None:
        """The pages as received and the cursor; a complete full walk makes its stream's older pages idle."""
        progress, now = self._writer.progress, self._place.now
        at = (self._place.connection, self._place.source)
        for page in batch.raw:
            progress.keep_page(*at, page.stream, page.walk, page.position, page.body, now)
        if batch.complete:
            for walk in {page.walk for page in batch.raw if page.walk.startswith(FULL)}:
                progress.forget_older_pages(*at, walk)
        if batch.cursor or batch.complete:
            progress.move_cursor(*at, batch.stream, batch.cursor, now, self._place.again)

    def _news(
        self,
        entity: Entity,
        values: Sequence[Record],
        events: Sequence[Event],
        speaks_for: frozenset[str] | None,
    ) -> _News:
        said = {value.ref: value for value in values}
        told: dict[Ref, dict[str, Event]] = {}
        for event in events:
            told.setdefault(event.ref, {}).setdefault(event.id, event)
        kept = self._writer.kept(entity, said.keys() | told.keys())
        skipped = 0
        if speaks_for is not None:
            skipped = len(said.keys() - kept.keys())
            told = {ref: several for ref, several in told.items() if ref in kept}
            said = {r: _spoken(kept[r].value, value, speaks_for) for r, value in said.items() if r in kept}
        stored = self._writer.event_ids(entity, told.keys())
        fresh = {ref: [e for e in told[ref].values() if (ref, e.id) not in stored] for ref in told}
        return _News(
            kept,
            said,
            {ref: several for ref, several in fresh.items() if several},
            skipped,
            self._writer.restate(entity, chain.from_iterable(s.values() for s in told.values()))
            if self._place.replayed
            else {},
        )

    def _store(self, entity: Entity, news: _News, accounts: Mapping[Ref, Account]) -> Recorded:
        learned = [each for account in accounts.values() for each in account.learned]
        self._writer.append(entity, learned)
        after = {ref: self._after(news.kept.get(ref), account.value) for ref, account in accounts.items()}
        known = {ref: kept for ref, kept in after.items() if kept is not None}
        self._writer.save(entity, [known[ref] for ref in known if accounts[ref].value is not None])
        if entity is Entity.ISSUE:
            self._writer.save_aliases(_former_keys(learned))
            self._writer.save_stays(_stays(known, accounts))
        new = len(known.keys() - news.kept.keys())
        restated = sum(news.restated.values())
        return Recorded(new, len(known) - new, len(learned), 0, news.skipped, restated)

    def _after(self, kept: Kept | None, value: Record | None) -> Kept | None:
        """The record as it stands from now on; None: only events came of a record that nobody showed us."""
        if kept is None:
            return None if value is None else self._met(value)
        return kept if value is None else replace(kept, value=value)

    def _met(self, value: Record) -> Kept:
        """A record seen for the first time; on first contact it counts as known from its creation."""
        now = self._place.now
        if not self._place.first_contact:
            return Kept(value, now, now)
        known = (value.created or now) if isinstance(value, Issue) else _EPOCH
        return Kept(value, min(known, now), now)

    def _issues(self, refs: Collection[Ref]) -> dict[Ref, Kept]:
        return self._writer.kept(Entity.ISSUE, refs)

    def _since(self, at: datetime) -> datetime:
        """From when a dated fact counts as known."""
        return min(at, self._place.now) if self._place.first_contact else self._place.now


def _spoken(stored: Record, value: Record, fields: Collection[str]) -> Record:
    """The stored record with the fields that the stream speaks for."""
    spoken: dict[str, Any] = {name: getattr(value, name) for name in fields}
    return replace(stored, **spoken)


def _former_keys(learned: Iterable[Learned]) -> Iterator[tuple[Ref, str, datetime]]:
    for each in learned:
        meaning = each.event.meaning
        if meaning is not None and meaning.field == "key" and meaning.before not in (None, meaning.after):
            yield each.event.ref, meaning.before or "", each.event.at


def _stays(kept: Mapping[Ref, Kept], accounts: Mapping[Ref, Account]) -> dict[Ref, tuple[Stay, ...]]:
    """The membership intervals of every touched issue."""
    found: dict[Ref, tuple[Stay, ...]] = {}
    for ref, each in kept.items():
        issue = each.value
        if not isinstance(issue, Issue):
            continue
        start = issue.created or each.known
        facts = [fact for fact in accounts[ref].facts if fact.field == "sprints"]
        steps = Thread(facts, _EVER).timeline(start, _EVER) if facts else ()
        found[ref] = stays([(at, _sprints(text)) for at, text in steps] or [(start, issue.sprints)])
    return found


def _sprints(text: str | None) -> frozenset[str]:
    value = decode(Entity.ISSUE, "sprints", text)
    return value if isinstance(value, frozenset) else frozenset()
