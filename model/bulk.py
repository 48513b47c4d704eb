"""Many rows at once: Core statements over batches, never one ORM object a row.

What is written in bulk goes to the driver as it takes it: SQLAlchemy's own way there costs more per cell than
the database does. Statements are still built and their values converted by SQLAlchemy's types.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Insert, Select, Table, insert, update

__all__ = ["add", "fetch", "portions", "revise", "upsert"]

T = TypeVar("T")
Row = dict[str, Any]

_PORTION = 500
"""Values in one IN list: both databases limit the parameters of a statement."""

_VERSION = ("pk", "learned", "removed")


def portions(values: Iterable[T], size: int = _PORTION) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    rest = iter(values)
    while portion := list(islice(rest, size)):
        yield portion


def fetch(
    connection: Connection, query: Select[Any], column: Column[Any], values: Collection[Any]
) -> Iterator[Row]:
    """The rows of a query where `column` is one of `values`, however many those are."""
    for portion in portions(values):
        found = connection.execute(query.where(column.in_(portion)))
        names = tuple(found.keys())
        yield from (dict(zip(names, row, strict=True)) for row in found)


def add(connection: Connection, table: Table, rows: Collection[Row]) -> None:
    """Insert rows, all of which have the same columns."""
    if rows:
        _send(connection, _inserting(table), rows)


def upsert(
    connection: Connection,
    table: Table,
    rows: Collection[Row],
    keys: tuple[str, ...],
    keep: frozenset[str] = frozenset(),
) -> None:
    """Insert rows, or update those whose `keys` exist; columns named by `keep` stay as first inserted."""
    if not rows:
        return
    postgres = connection.dialect.name == "postgresql"
    _send(connection, _upserting(table, postgres, keys, keep), rows)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as the driver takes it; `columns` are in the order of its parameters."""

    text: str
    columns: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    by_name: bool

    def values(self, rows: Collection[Row]) -> list[Any]:
        """The rows' converted values, column by column, which is quicker than row by row."""
        columns = [
            [row[name] for row in rows] if convert is None else [convert(row[name]) for row in rows]
            for name, convert in self.columns
        ]
        made = list(zip(*columns, strict=True))
        if not self.by_name:
            return made
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in made]


_READY: dict[tuple[Insert, str, tuple[str, ...]], _Ready] = {}
"""Made once for each statement, dialect and set of columns."""


def _send(connection: Connection, statement: Insert, rows: Collection[Row]) -> None:
    names = tuple(next(iter(rows)))
    key = statement, connection.dialect.name, names
    if key not in _READY:
        _READY[key] = _prepare(connection, statement, names)
    ready = _READY[key]
    connection.exec_driver_sql(ready.text, ready.values(rows))


def _prepare(connection: Connection, statement: Insert, names: tuple[str, ...]) -> _Ready:
    dialect = connection.dialect
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names), for_executemany=True)
    table: Any = statement.table
    order = compiled.positiontup or names
    columns = tuple(
        (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order
    )
    return _Ready(str(compiled), columns, by_name=not compiled.positiontup)


@cache
def _inserting(table: Table) -> Insert:
    return insert(table)


def _insert(table: Table, postgres: bool) -> Any:
    """The dialect's own insert, which knows conflicts; only the dialect in use is loaded."""
    if postgres:
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


@cache
def _upserting(table: Table, postgres: bool, keys: tuple[str, ...], keep: frozenset[str]) -> Insert:
    """The statement; to build it costs more than to run it on a page's few rows."""
    statement = _insert(table, postgres)
    excluded = statement.excluded
    changed = {
        column.name: excluded[column.name]
        for column in table.columns
        if column.name not in keep and column.name not in keys
    }
    made: Insert = (
        statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
        if changed
        else statement.on_conflict_do_nothing(index_elements=list(keys))
    )
    return made


def revise(
    connection: Connection,
    table: Table,
    keys: tuple[str, ...],
    current: Iterable[Mapping[str, Any]],
    wanted: Iterable[Row],
    now: datetime,
) -> None:
    """Bring a versioned table from its `current` rows to the `wanted` ones, keeping what was believed before.

    A row that is wanted as it is stays; one that differs or is no longer wanted ends at `now`; wanted rows
    carry their own `learned`.
    """
    old = {tuple(row[k] for k in keys): row for row in current}
    new = {tuple(row[k] for k in keys): row for row in wanted}
    ended = [row for key, row in old.items() if key not in new or _differs(row, new[key])]
    begun = [row for key, row in new.items() if key not in old or _differs(old[key], row)]
    for portion in portions([row["pk"] for row in ended]):
        connection.execute(update(table).where(table.c.pk.in_(portion)).values(removed=now))
    again = {tuple(row[k] for k in keys) for row in ended}
    if begun:
        told = (now if tuple(row[k] for k in keys) in again else row["learned"] for row in begun)
        add(
            connection,
            table,
            [row | {"removed": None, "learned": at} for row, at in zip(begun, told, strict=True)],
        )


def _differs(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(old[name] != each for name, each in new.items() if name not in _VERSION)
