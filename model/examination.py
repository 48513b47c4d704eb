"""Looking a whole store through: its structure, and every row whose digest or chain proves what it said.

What cannot be read at all is a fault like what reads differently; one bad row never hides the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from model import promises
from model.audit import Audit
from model.chain import Fault
from model.inbox import Inbox
from model.seals import event_seal
from model.tables import table

__all__ = ["examine"]

_AT_ONCE = 2_000
_EVENT, _RECORD, _CONNECTION = table("event"), table("record"), table("connection")


def examine(connection: Connection, anchors: Collection[str] = ()) -> Iterator[Fault]:
    """Every fault that can be proven; `anchors` are heads of the audit log or of the baselines, as printed.

    Reads everything: some ten seconds for a million events.
    """
    if connection.dialect.name == "sqlite":
        yield from _guarded("the file", lambda: _structure(connection))
    yield from _guarded("events", lambda: _events(connection))
    yield from _guarded("baselines", lambda: promises.faults(connection))
    yield from _guarded("inbox", lambda: Inbox(connection).verify())
    yield from _guarded("audit", lambda: _chained(connection, anchors))


def _chained(connection: Connection, anchors: Collection[str]) -> Iterator[Fault]:
    """The audit log, with every anchor that is no head of a baseline."""
    hashes = set(connection.execute(select(table("baseline").c.hash)).scalars())
    return Audit(connection).verify([each for each in anchors if each not in hashes])


def _structure(connection: Connection) -> Iterator[Fault]:
    """What SQLite itself finds: broken pages and indexes, rows that refer to nothing."""
    for found in connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars():
        if found != "ok":
            yield Fault("the file", None, str(found))
    for name, row, *_ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Fault(str(name), str(row), "this row refers to one that is not there")


def _events(connection: Connection) -> Iterator[Fault]:
    columns = (_EVENT.c[name] for name in ("pk", "id", "field", "before", "after", "origin", "actor", "seal"))
    query = (
        select(*columns, _EVENT.c.at, _EVENT.c.learned, _RECORD.c.entity, _RECORD.c.id.label("record_id"))
        .add_columns(_CONNECTION.c.name.label("connection"))
        .join(_RECORD, _EVENT.c.record == _RECORD.c.pk, isouter=True)
        .join(_CONNECTION, _RECORD.c.connection == _CONNECTION.c.pk, isouter=True)
    )
    last, end = 0, connection.execute(select(func.max(_EVENT.c.pk))).scalar() or 0
    while last < end:
        until = min(last + _AT_ONCE, end)
        yield from _portion(connection, query, last, until)
        last = until


def _portion(connection: Connection, query: Select[Any], after: int, until: int) -> Iterator[Fault]:
    """The faults of events in a range of numbers; one that cannot be read is found by halving the range."""
    try:
        rows = connection.execute(query.where(_EVENT.c.pk > after, _EVENT.c.pk <= until)).all()
        altered = [row.pk for row in rows if not _is_whole(row)]
    except Exception as error:
        if until - after == 1:
            yield Fault("event", str(until), f"this event cannot be read: {type(error).__name__}")
            return
        middle = (after + until) // 2
        yield from _portion(connection, query, after, middle)
        yield from _portion(connection, query, middle, until)
        return
    yield from (Fault("event", str(number), "this event was altered") for number in altered)


def _is_whole(row: Row[Any]) -> bool:
    if row.connection is None:
        return False
    seal = event_seal(
        row.entity,
        (row.connection, row.record_id),
        row.id,
        (row.field, row.before, row.after),
        (row.at, row.learned),
        row.origin,
        row.actor,
    )
    return bytes(row.seal) == seal


def _guarded(subject: str, look: Callable[[], Collection[Fault] | Iterator[Fault]]) -> Iterator[Fault]:
    """What was found, and that the rest cannot be read where it cannot."""
    try:
        yield from look()
    except Exception as error:
        yield Fault(subject, None, f"there are rows that cannot be read: {type(error).__name__}")
