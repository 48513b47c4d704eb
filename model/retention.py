"""Forgetting what need not be kept: pages as received, finished deliveries and writes that ended long ago."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, select

from model.inbox import MEMORY
from model.outbox import FINAL
from model.store import Store
from model.tables import table

__all__ = ["Forgotten", "forget"]

_AT_ONCE = 500
"""Rows forgotten in one commit: whoever waits to store a delivery must not wait for all of them."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many of each were forgotten."""

    pages: int
    deliveries: int
    writes: int


def forget(store: Store, pages: datetime, deliveries: datetime, writes: datetime, now: datetime) -> Forgotten:
    """Forget pages received, deliveries done and writes settled before these instants.

    A delivery is kept for as long as it must be known again. Writes take their inverses along: their runs
    cannot be undone any more. What we created in a tracker is known to be ours for good, and the audit log,
    events and baselines are never forgotten.
    """
    inbox, outbox, kept = table("inbox"), table("outbox"), table("raw_page")
    done = (inbox.c.state == "done") & (inbox.c.received < min(deliveries, now - MEMORY))
    final = outbox.c.state.in_([state.value for state in FINAL]) & (outbox.c.action != "create")
    ended = final & (outbox.c.settled < writes)
    return Forgotten(
        _in_portions(store, kept, kept.c.received < pages),
        _in_portions(store, inbox, done),
        _in_portions(store, outbox, ended),
    )


def _in_portions(store: Store, rows: Table, where: ColumnElement[bool]) -> int:
    forgotten = 0
    keys = tuple(rows.primary_key.columns)
    while True:
        with store.database.writing() as connection:
            found = connection.execute(select(*keys).where(where).limit(_AT_ONCE)).all()
            for key in found:
                one = [column == value for column, value in zip(keys, key, strict=True)]
                connection.execute(delete(rows).where(*one))
        forgotten += len(found)
        if len(found) < _AT_ONCE:
            return forgotten
