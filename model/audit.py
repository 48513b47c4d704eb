"""The audit log: every write and every act of a person, each entry carrying the hash of the one before.

An entry is stored in the transaction of what it tells of. Entries cannot be changed or deleted through the
store; that they were changed behind its back is found out by `verify`, but for the newest ones, which only
an anchor proves: the head, printed in issued reports and backups.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from model.chain import GENESIS, Fault, hashed, lost_heads
from model.fields import encode
from model.tables import table
from model.text import clean

__all__ = ["Audit", "AuditEntry"]

_AUDIT, _REPORT = table("audit"), table("issued_report")
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what when; `what` is a JSON object, `run` the number of the run it belongs to."""

    number: int
    at: datetime
    run: int | None
    who: str
    what: str
    previous_hash: str
    hash: str


class Audit:
    """The log as one transaction sees it."""

    def __init__(self, connection: Connection) -> None:
        self._at = connection

    def append(self, who: str, what: Mapping[str, object], now: datetime, run: int | None = None) -> str:
        """Add an entry; the log's new head. `what` holds what JSON can say, and no secret."""
        previous, said = self.head(), clean(json.dumps(what, ensure_ascii=False, sort_keys=True))
        named = clean(who)
        seal = _hash(previous, now, run, named, said)
        row = {"at": now, "run": run, "who": named, "what": said, "previous_hash": previous, "hash": seal}
        self._at.execute(insert(_AUDIT).values(row))
        return seal

    def head(self) -> str:
        """The newest entry's hash, which anchors the whole log."""
        newest = select(_AUDIT.c.hash).order_by(_AUDIT.c.pk.desc()).limit(1)
        return self._at.execute(newest).scalar() or GENESIS

    def entries(self, after: int = 0, run: int | None = None) -> Iterator[AuditEntry]:
        """Entries in order, from the one after number `after`, of one run or of all; a portion in memory."""
        query = select(_AUDIT).order_by(_AUDIT.c.pk).limit(_AT_ONCE)
        if run is not None:
            query = query.where(_AUDIT.c.run == run)
        while found := self._at.execute(query.where(_AUDIT.c.pk > after)).mappings().all():
            yield from (_entry(row) for row in found)
            after = found[-1]["pk"]

    def verify(self, anchors: Collection[str] = ()) -> Iterator[Fault]:
        """Every entry that was changed, removed or put elsewhere.

        `anchors` are heads that were printed, besides those that the issued reports carry.
        """
        anchors = (*self._printed(), *anchors)
        previous, wanted, known = GENESIS, set(anchors), {GENESIS}
        for entry in self.entries():
            name = f"audit entry {entry.number}"
            if _hash(entry.previous_hash, entry.at, entry.run, entry.who, entry.what) != entry.hash:
                yield Fault(name, None, "this entry was altered")
            if entry.previous_hash != previous:
                yield Fault(name, None, "the entry before it was altered, removed or reordered")
            previous = entry.hash
            known |= {entry.hash} & wanted
        yield from lost_heads(known, anchors)

    def _printed(self) -> Iterator[str]:
        """The heads that issued reports carry; those of before there was a log carry none."""
        query = select(_REPORT.c.audit_head).where(_REPORT.c.audit_head != "").distinct()
        yield from self._at.execute(query).scalars()


def _entry(row: Mapping[Any, Any]) -> AuditEntry:
    return AuditEntry(number=row["pk"], **{name: row[name] for name in AuditEntry.__slots__[1:]})


def _hash(previous: str, at: datetime, run: int | None, who: str, what: str) -> str:
    return hashed("audit", previous, encode(at), None if run is None else str(run), who, what)
