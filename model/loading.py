"""What views read from the store: the records at once, everything else when first asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Select, func, select

from model.engine import Database
from model.history import Fact, Thread, weave
from model.progress import Outcome
from model.rows import Recorded, record_value
from model.tables import table
from model.values import (
    Account,
    Cost,
    CostKind,
    Dependency,
    Entity,
    EvidenceKind,
    LinkType,
    Money,
    Ref,
    TieEdge,
    Worklog,
)

__all__ = ["Held", "Loaded", "Scope"]

Scope = Collection[tuple[str, str]]
"""Sources as (connection, source)."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """A record as stored now, with its number and the instants of model.writer.Kept."""

    pk: int
    value: Recorded
    known: datetime
    stored: datetime


class Loaded:
    """The store as known at one instant, limited to the connections of a scope."""

    def __init__(self, database: Database, known: datetime, scope: Scope | None) -> None:
        self.known = known
        self.scope = None if scope is None else frozenset(scope)
        self._database = database
        with database.reading() as connection:
            self.connections: Mapping[int, str] = {
                pk: name
                for pk, name in connection.execute(select(table("connection")))
                if scope is None or any(name == each for each, _ in scope)
            }
            self.held: Mapping[Entity, tuple[Held, ...]] = {
                entity: self._read_held(connection, entity) for entity in Entity
            }
            changes = table("change")
            newest = select(func.max(changes.c.at), func.max(changes.c.learned))
            self._newest_at, self._newest_learned = connection.execute(newest).one()

    def is_current(self, at: datetime) -> bool:
        """Whether the stored values are those of `at`: then no history has to be read."""
        return self._newest_at is None or (self._newest_at <= at and self._newest_learned <= self.known)

    @cached_property
    def by_ref(self) -> Mapping[Ref, Held]:
        """The issues by their refs."""
        return {held.value.ref: held for held in self.held[Entity.ISSUE]}

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """Every unified change of the connections, in order of (at, number)."""
        changes, records = table("change"), table("record")
        query = (
            select(changes)
            .join(records, changes.c.record == records.c.pk)
            .where(records.c.connection.in_(self.connections))
            .order_by(changes.c.at, changes.c.event)
        )
        names = [name for name in Fact.__slots__ if name != "seq"]
        return tuple(
            Fact(seq=row["event"], **{name: row[name] for name in names}) for row in self._rows(query)
        )

    @cached_property
    def threads(self) -> Mapping[int, Mapping[str, Thread]]:
        """Record number -> field -> what was known of its history."""
        return weave(self.facts, self.known)

    @cached_property
    def refs(self) -> Mapping[int, Ref]:
        """Record number -> record, for every issue that anything names."""
        records = table("record")
        query = select(records).where(
            records.c.connection.in_(self.connections), records.c.entity == Entity.ISSUE.value
        )
        return {row["pk"]: Ref(self.connections[row["connection"]], row["id"]) for row in self._rows(query)}

    @cached_property
    def links(self) -> tuple[Dependency, ...]:
        return tuple(
            Dependency(
                self.refs[row["predecessor"]], self.refs[row["successor"]], LinkType(row["type"]), row["lag"]
            )
            for row in self._rows(self._versions("dependency"))
            if row["predecessor"] in self.refs and row["successor"] in self.refs
        )

    @cached_property
    def worklogs(self) -> tuple[Worklog, ...]:
        return tuple(
            Worklog(
                Ref(self.connections[row["connection"]], row["id"]),
                self.refs[row["issue"]],
                row["author"],
                row["started"],
                row["seconds"],
            )
            for row in self._rows(self._versions("worklog"))
            if row["connection"] in self.connections
        )

    @cached_property
    def costs(self) -> tuple[Cost, ...]:
        sources = table("source")
        query = self._versions("cost").add_columns(sources.c.key.label("source_key"))
        query = query.join(sources, table("cost").c.source == sources.c.pk)
        return tuple(
            Cost(
                ref=Ref(self.connections[row["connection"]], row["id"]),
                source=row["source_key"],
                kind=CostKind(row["kind"]),
                on=row["on"],
                money=Money(row["amount"], row["currency"]),
                description=row["description"],
                issue=row["issue"],
                deliverable=row["deliverable"],
                supplier=row["supplier"],
                order=row["order"],
                person=row["person"],
                role=row["role"],
                category=row["category"],
            )
            for row in self._rows(query)
            if row["connection"] in self.connections
        )

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        accounts = table("account")
        query = select(accounts).where(accounts.c.connection.in_(self.connections))
        return tuple(
            Account(Ref(self.connections[row["connection"]], row["id"]), row["name"], row["email"])
            for row in self._rows(query)
        )

    @cached_property
    def ties(self) -> tuple[tuple[TieEdge, bool], ...]:
        """Each edge, and whether it is a person's verdict that the two are not the same."""
        return tuple(
            (
                TieEdge(
                    self.refs[row["a"]],
                    self.refs[row["b"]],
                    EvidenceKind(row["kind"]),
                    row["detail"],
                    row["learned"],
                    row["confidence"],
                ),
                row["apart"],
            )
            for row in self._rows(self._versions("tie"))
            if row["a"] in self.refs and row["b"] in self.refs
        )

    @cached_property
    def sources(self) -> tuple[dict[str, Any], ...]:
        """Each source in the scope with its runs and the number of its parked records."""
        sources = table("source")
        rows = self._rows(select(sources).where(sources.c.connection.in_(self.connections)))
        placed = [row | {"name": self.connections[row["connection"]]} for row in rows]
        return tuple(
            row | self._runs(row["pk"])
            for row in sorted(placed, key=lambda row: (row["name"], row["key"]))
            if self.scope is None or (row["name"], row["key"]) in self.scope
        )

    def _runs(self, source: int) -> dict[str, Any]:
        runs, parked = table("run"), table("parked")
        of = select(runs).where(runs.c.source == source, runs.c.started <= self.known)
        complete = of.where(runs.c.outcome == Outcome.COMPLETE.value, runs.c.finished <= self.known)
        waiting = select(func.count().label("n")).where(
            parked.c.source == source,
            parked.c.since <= self.known,
            parked.c.cleared.is_(None) | (parked.c.cleared > self.known),
        )
        last = self._rows(of.order_by(runs.c.started.desc(), runs.c.pk.desc()).limit(1))
        whole = self._rows(complete.order_by(runs.c.finished.desc(), runs.c.pk.desc()).limit(1))
        counted = self._rows(complete.where(runs.c.expected.is_not(None)).limit(1))
        return {
            "last": last[0] if last else None,
            "complete": whole[0] if whole else None,
            "counted": bool(counted),
            "parked": self._rows(waiting)[0]["n"],
        }

    def _versions(self, name: str) -> Select[Any]:
        rows = table(name)
        return (
            select(rows)
            .where(rows.c.learned <= self.known, rows.c.removed.is_(None) | (rows.c.removed > self.known))
            .order_by(rows.c.pk)
        )

    def _rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _read_held(self, connection: Any, entity: Entity) -> tuple[Held, ...]:
        rows, records, sources = table(entity.value), table("record"), table("source")
        query = (
            select(rows, records.c.id, records.c.connection, sources.c.key.label("source_key"))
            .join(records, rows.c.record == records.c.pk)
            .join(sources, rows.c.source == sources.c.pk)
            .where(records.c.connection.in_(self.connections))
        )
        held = [
            Held(
                row["record"],
                record_value(
                    entity, row, Ref(self.connections[row["connection"]], row["id"]), row["source_key"]
                ),
                row["known"],
                row["stored"],
            )
            for row in connection.execute(query).mappings()
        ]
        return tuple(sorted(held, key=lambda each: each.value.ref))
