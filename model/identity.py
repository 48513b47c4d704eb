"""The numbers behind names: connections, sources and tracker records, created when first met."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, ScalarSelect, insert, select

from model.bulk import add, fetch
from model.tables import table
from model.values import Entity, Ref

__all__ = ["Identities", "number_of", "number_of_source"]

_CONNECTION, _SOURCE, _RECORD = table("connection"), table("source"), table("record")


def number_of(entity: Entity, ref: Ref) -> ScalarSelect[int]:
    """A subquery for a record's number, for reading: it creates nothing."""
    return (
        select(_RECORD.c.pk)
        .join(_CONNECTION, _RECORD.c.connection == _CONNECTION.c.pk)
        .where(_CONNECTION.c.name == ref.connection)
        .where(_RECORD.c.entity == entity.value, _RECORD.c.id == ref.id)
        .scalar_subquery()
    )


def number_of_source(connection: str, key: str) -> ScalarSelect[int]:
    """A subquery for a source's number, for reading: it creates nothing."""
    return (
        select(_SOURCE.c.pk)
        .join(_CONNECTION, _SOURCE.c.connection == _CONNECTION.c.pk)
        .where(_CONNECTION.c.name == connection, _SOURCE.c.key == key)
        .scalar_subquery()
    )


class Identities:
    """Looks numbers up once per transaction; a number never changes."""

    def __init__(self, connection: Connection) -> None:
        self._at = connection
        self._connections: dict[str, int] = {}
        self._sources: dict[tuple[str, str], int] = {}
        self._records: dict[Entity, dict[Ref, int]] = {entity: {} for entity in Entity}
        self._unknown: dict[Entity, set[Ref]] = {entity: set() for entity in Entity}

    def connection(self, name: str) -> int:
        found = self._known_connection(name)
        if found is None:
            made = insert(_CONNECTION).values(name=name).returning(_CONNECTION.c.pk)
            found = self._connections[name] = self._at.execute(made).scalar_one()
        return found

    def _known_connection(self, name: str) -> int | None:
        if name not in self._connections:
            found = self._at.execute(select(_CONNECTION.c.pk).where(_CONNECTION.c.name == name)).scalar()
            if found is None:
                return None
            self._connections[name] = found
        return self._connections[name]

    def source(self, connection: str, key: str) -> int:
        if (connection, key) not in self._sources:
            owner = self.connection(connection)
            where = (_SOURCE.c.connection == owner) & (_SOURCE.c.key == key)
            found = self._at.execute(select(_SOURCE.c.pk).where(where)).scalar()
            if found is None:
                made = insert(_SOURCE).values(connection=owner, key=key, history="none")
                found = self._at.execute(made.returning(_SOURCE.c.pk)).scalar_one()
            self._sources[connection, key] = found
        return self._sources[connection, key]

    def known(self, entity: Entity, refs: Iterable[Ref]) -> dict[Ref, int]:
        """The numbers of those records that have one."""
        records, unknown = self._records[entity], self._unknown[entity]
        wanted = dict.fromkeys(refs)
        missing = {ref for ref in wanted if ref not in records and ref not in unknown}
        for name in {ref.connection for ref in missing}:
            owner = self._known_connection(name)
            if owner is None:
                continue
            query = select(_RECORD.c.pk, _RECORD.c.id).where(
                _RECORD.c.connection == owner, _RECORD.c.entity == entity.value
            )
            for row in fetch(self._at, query, _RECORD.c.id, [r.id for r in missing if r.connection == name]):
                records[Ref(name, row["id"])] = row["pk"]
        unknown |= {ref for ref in missing if ref not in records}
        return {ref: records[ref] for ref in wanted if ref in records}

    def records(self, entity: Entity, refs: Collection[Ref]) -> dict[Ref, int]:
        """The numbers of all of them; those met for the first time get one."""
        known = self.known(entity, refs)
        missing = {ref for ref in refs if ref not in known}
        if missing:
            add(
                self._at,
                _RECORD,
                [
                    {"connection": self.connection(ref.connection), "entity": entity.value, "id": ref.id}
                    for ref in sorted(missing)
                ],
            )
            self._unknown[entity] -= missing
            return self.known(entity, refs)
        return known
