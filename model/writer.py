"""What a transaction may do to a store: values in, rows out, in batches. Made by Store.transaction()."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update

from model.books import Books
from model.bulk import add, fetch, portions, revise, upsert
from model.declared import Person, Project, declare
from model.erasure import erase_accounts, under_pseudonym
from model.history import Fact, Stay
from model.progress import Progress
from model.rows import Recorded, record_row, record_value
from model.seals import event_seal
from model.tables import table
from model.ties import Ties
from model.values import Account, Cost, Dependency, Entity, Event, Ref, Worklog

__all__ = ["Kept", "Learned", "Writer"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as stored: `known` is from when its history counts as known, `stored` when we first saw it."""

    value: Recorded
    known: datetime
    stored: datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """An event and when it counts as learned."""

    event: Event
    at: datetime


class Writer(Books):
    """One open write transaction. It stores what it is told; sync.record decides what that is."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._at = connection
        self.progress = Progress(connection, self._ids)
        self.ties = Ties(connection, self._ids, self._touch)

    def fenced(self, name: str, fence: int) -> None:
        """Let this transaction count only under the newest fence of a lease. LeaseLost: it is another's."""
        self.leases.check(name, fence)

    def declare(self, projects: Collection[Project], people: Collection[Person]) -> None:
        """Keep what the config declares, in place of what it declared before."""
        declare(self._at, self._ids, projects, people)

    def kept(self, entity: Entity, refs: Collection[Ref]) -> dict[Ref, Kept]:
        """Those of the records that are stored."""
        known = self._ids.known(entity, refs)
        by_pk = {pk: ref for ref, pk in known.items()}
        rows, sources = table(entity.value), table("source")
        query = select(rows, sources.c.key.label("source_key")).join(sources, rows.c.source == sources.c.pk)
        return {
            (ref := by_pk[row["record"]]): Kept(
                record_value(entity, row, ref, row["source_key"]), row["known"], row["stored"]
            )
            for row in fetch(self._at, query, rows.c.record, by_pk)
        }

    def since(self, entity: Entity, refs: Collection[Ref]) -> dict[Ref, datetime]:
        """From when the history of those of the records that are stored counts as known."""
        by_pk = {pk: ref for ref, pk in self._ids.known(entity, refs).items()}
        rows = table(entity.value)
        found = fetch(self._at, select(rows.c.record, rows.c.known), rows.c.record, by_pk)
        return {by_pk[row["record"]]: row["known"] for row in found}

    def save(self, entity: Entity, values: Collection[Kept]) -> None:
        """Insert or update; `known` and `stored` stay as they were first written."""
        records = self._ids.records(entity, [kept.value.ref for kept in values])
        rows = [
            record_row(entity, kept.value)
            | {
                "record": records[kept.value.ref],
                "source": self._ids.source(kept.value.ref.connection, kept.value.source),
                "known": kept.known,
                "stored": kept.stored,
            }
            for kept in values
        ]
        upsert(self._at, table(entity.value), rows, ("record",), keep=frozenset({"known", "stored"}))

    def event_ids(self, entity: Entity, refs: Collection[Ref]) -> set[tuple[Ref, str]]:
        """The events already stored for these records."""
        by_pk = {pk: ref for ref, pk in self._ids.known(entity, refs).items()}
        events = table("event")
        query = select(events.c.record, events.c.id)
        return {(by_pk[row["record"]], row["id"]) for row in fetch(self._at, query, events.c.record, by_pk)}

    def facts(self, entity: Entity, refs: Collection[Ref]) -> dict[Ref, list[Fact]]:
        """The unified changes stored for these records."""
        by_pk = {pk: ref for ref, pk in self._ids.known(entity, refs).items()}
        changes = table("change")
        found: dict[Ref, list[Fact]] = {}
        for row in fetch(self._at, select(changes), changes.c.record, by_pk):
            columns = {name: row[name] for name in Fact.__slots__ if name != "seq"}
            found.setdefault(by_pk[row["record"]], []).append(Fact(seq=row["event"], **columns))
        return found

    def append(self, entity: Entity, learned: Sequence[Learned]) -> None:
        """Add events that are not stored yet, in this order, with their unified reading beside them."""
        if not learned:
            return
        records = self._ids.records(entity, [each.event.ref for each in learned])
        events = table("event")
        rows = [
            {
                "record": records[each.event.ref],
                "id": each.event.id,
                "field": each.event.field,
                "before": each.event.before,
                "after": each.event.after,
                "at": each.event.at,
                "learned": each.at,
                "origin": each.event.origin.value,
                "actor": each.event.actor,
                "seal": _sealed(entity, each),
            }
            for each in learned
        ]
        numbers = self._added(events, rows)
        changes = [
            {name: row[name] for name in ("record", "at", "learned", "origin", "actor")}
            | {"event": number, "field": meaning.field}
            | {"before": meaning.before, "after": meaning.after}
            for row, each, number in zip(rows, learned, numbers, strict=True)
            if (meaning := each.event.meaning) is not None
        ]
        add(self._at, table("change"), changes)

    def _added(self, rows: Table, new: Sequence[dict[str, Any]]) -> Sequence[int]:
        """Insert the rows and give their numbers: all above the highest, since nobody else writes now."""
        before = self._at.execute(select(func.max(rows.c.pk))).scalar() or 0
        add(self._at, rows, new)
        query = select(rows.c.pk).where(rows.c.pk > before).order_by(rows.c.pk)
        return self._at.execute(query).scalars().all()

    def restate(self, entity: Entity, events: Iterable[Event]) -> dict[Ref, int]:
        """Give stored events the unified meaning they have now: how many of each record read differently.

        What the tracker said stays word for word; only our reading of it, a projection, is made anew.
        """
        wanted = {(event.ref, event.id): event for event in events}
        by_pk = {pk: ref for ref, pk in self._ids.known(entity, {ref for ref, _ in wanted}).items()}
        events_, changes = table("event"), table("change")
        query = select(
            *(events_.c[name] for name in ("pk", "record", "id", "at", "learned", "origin", "actor")),
            *(changes.c[name].label(f"{name}_") for name in ("field", "before", "after")),
        ).join(changes, changes.c.event == events_.c.pk, isouter=True)
        found: dict[Ref, int] = {}
        again: list[dict[str, object]] = []
        dropped: list[int] = []
        for row in fetch(self._at, query, events_.c.record, by_pk):
            event = wanted.get((by_pk[row["record"]], row["id"]))
            if event is None:
                continue
            meaning = event.meaning
            reads = (meaning.field, meaning.before, meaning.after) if meaning else (None, None, None)
            if reads == (row["field_"], row["before_"], row["after_"]):
                continue
            found[event.ref] = found.get(event.ref, 0) + 1
            dropped.append(row["pk"])
            if meaning is not None:
                copied = {name: row[name] for name in ("record", "at", "learned", "origin", "actor")}
                said = {"field": meaning.field, "before": meaning.before, "after": meaning.after}
                again.append(copied | said | {"event": row["pk"]})
        for portion in portions(dropped):
            self._at.execute(delete(changes).where(changes.c.event.in_(portion)))
        add(self._at, changes, again)
        return found

    def save_stays(self, issues: Mapping[Ref, Sequence[Stay]]) -> None:
        """Replace the membership intervals of these issues."""
        records = self._ids.records(Entity.ISSUE, issues.keys())
        named = {Ref(ref.connection, stay.sprint) for ref, several in issues.items() for stay in several}
        sprints = self._ids.records(Entity.SPRINT, named)
        rows = table("membership")
        for portion in portions(records.values()):
            self._at.execute(delete(rows).where(rows.c.issue.in_(portion)))
        new = [
            {
                "issue": records[ref],
                "sprint": sprints[Ref(ref.connection, stay.sprint)],
                "since": stay.since,
                "until": stay.until,
            }
            for ref, several in issues.items()
            for stay in several
        ]
        upsert(self._at, rows, new, ("issue", "sprint", "since"))

    def save_aliases(self, aliases: Iterable[tuple[Ref, str, datetime]]) -> None:
        """(issue, the key it had, until when)."""
        several = list(aliases)
        records = self._ids.records(Entity.ISSUE, {ref for ref, _, _ in several})
        rows = [{"issue": records[ref], "key": key, "until": until} for ref, key, until in several]
        upsert(self._at, table("alias"), rows, ("issue", "until"))

    def save_links(self, of: Mapping[Ref, datetime], links: Collection[Dependency], now: datetime) -> None:
        """Make `links` all that lead into the issues of `of`, which says from when a new link counts."""
        ends = {end for link in links for end in (link.predecessor, link.successor)} | of.keys()
        records = self._ids.records(Entity.ISSUE, ends)
        rows = table("dependency")
        into = {records[ref] for ref in of}
        query = select(rows).where(rows.c.removed.is_(None))
        wanted = [
            {
                "predecessor": records[link.predecessor],
                "successor": records[link.successor],
                "type": link.type.value,
                "lag": link.lag,
                "learned": of[link.successor],
            }
            for link in links
            if link.successor in of
        ]
        keys = ("predecessor", "successor", "type")
        revise(self._at, rows, keys, fetch(self._at, query, rows.c.successor, into), wanted, now)

    def save_worklogs(
        self, learned: Sequence[tuple[Worklog, datetime]], removed: Collection[Ref], now: datetime
    ) -> None:
        """Add or correct worklogs, each with when it counts as learned, and end the removed ones."""
        records = self._ids.records(Entity.ISSUE, {log.issue for log, _ in learned})
        wanted: list[dict[str, object]] = [
            {
                "connection": self._ids.connection(log.ref.connection),
                "id": log.ref.id,
                "issue": records[log.issue],
                "author": log.author,
                "started": log.started,
                "seconds": log.seconds,
                "learned": at,
            }
            for log, at in learned
            if log.ref not in removed
        ]
        self._revise_by_ref("worklog", {log.ref for log, _ in learned} | set(removed), wanted, now)

    def save_costs(self, learned: Sequence[tuple[Cost, datetime]], now: datetime) -> None:
        """Add or correct costs, each with when it counts as learned."""
        wanted: list[dict[str, object]] = [
            {
                "connection": self._ids.connection(cost.ref.connection),
                "id": cost.ref.id,
                "source": self._ids.source(cost.ref.connection, cost.source),
                "kind": cost.kind.value,
                "on": cost.on,
                "amount": cost.money.amount,
                "currency": cost.money.currency,
                "description": cost.description,
                "issue": cost.issue,
                "deliverable": cost.deliverable,
                "supplier": cost.supplier,
                "order": cost.order,
                "person": cost.person,
                "role": cost.role,
                "category": cost.category,
                "learned": at,
            }
            for cost, at in learned
        ]
        self._revise_by_ref("cost", {cost.ref for cost, _ in learned}, wanted, now)

    def end_costs(self, connection: str, source: str, but: Collection[str], at: datetime | None) -> None:
        """End the source's costs except those with these ids; without `at`, as if never known."""
        rows = table("cost")
        query = select(rows.c.pk, rows.c.id).where(rows.c.removed.is_(None))
        current = fetch(self._at, query, rows.c.source, [self._ids.source(connection, source)])
        left = [row["pk"] for row in current if row["id"] not in but]
        ended = rows.c.learned if at is None else at
        for portion in portions(left):
            self._at.execute(update(rows).where(rows.c.pk.in_(portion)).values(removed=ended))

    def save_accounts(self, accounts: Collection[Account]) -> None:
        rows = [
            {
                "connection": self._ids.connection(account.ref.connection),
                "id": account.ref.id,
                "name": account.name,
                "email": account.email,
            }
            for account in under_pseudonym(self._at, accounts)
        ]
        upsert(self._at, table("account"), rows, ("connection", "id"))

    def erase_people(self, refs: Collection[Ref], by: str, now: datetime) -> dict[Ref, str]:
        """Put a pseudonym in place of each account's name and address, for good; account -> pseudonym."""
        return erase_accounts(self._at, refs, by, now)

    def _revise_by_ref(
        self, name: str, refs: Collection[Ref], wanted: list[dict[str, object]], now: datetime
    ) -> None:
        rows = table(name)
        current = [
            row
            for connection in {ref.connection for ref in refs}
            for row in fetch(
                self._at,
                select(rows).where(
                    rows.c.removed.is_(None), rows.c.connection == self._ids.connection(connection)
                ),
                rows.c.id,
                [ref.id for ref in refs if ref.connection == connection],
            )
        ]
        revise(self._at, rows, ("connection", "id"), current, wanted, now)


def _sealed(entity: Entity, learned: Learned) -> bytes:
    event = learned.event
    return event_seal(
        entity,
        (event.ref.connection, event.ref.id),
        event.id,
        (event.field, event.before, event.after),
        (event.at, learned.at),
        event.origin,
        event.actor,
    )
