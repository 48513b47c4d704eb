"""Webhook deliveries: stored before they are acknowledged, each once, and taken up issue by issue.

A delivery is a hint that something changed; what changed is read from the tracker. The sender's headers are
not signed, so a delivery is known again by its id and by its body: a replayed body may wear a new id.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, func, select, update

from model.bulk import add, portions
from model.chain import Fault
from model.seals import delivery_seal
from model.tables import table
from model.text import clean

__all__ = ["MEMORY", "Arrival", "Backlog", "Delivery", "Inbox", "Waiting"]

_INBOX = table("inbox")


def _several(name: str) -> BindParameter[Any]:
    return bindparam(name, expanding=True)


_HELD = (
    select(_INBOX.c.connection, func.sum(_INBOX.c.held))
    .where(_INBOX.c.state.in_(["waiting", "parked"]), _INBOX.c.connection.in_(_several("names")))
    .group_by(_INBOX.c.connection)
)
_RECENT = select(
    _INBOX.c.pk, _INBOX.c.connection, _INBOX.c.delivery, _INBOX.c.body_digest, _INBOX.c.state
).where(_INBOX.c.received >= bindparam("since"), _INBOX.c.connection.in_(_several("names")))
_OF_THESE_IDS = _RECENT.where(_INBOX.c.delivery.in_(_several("some")))
_OF_THESE_BODIES = _RECENT.where(_INBOX.c.body_digest.in_(_several("some")))
"""Made once: to build a statement costs more than to run it, and a group of deliveries waits for it."""

MEMORY = timedelta(days=7)
"""How long a delivery is known again."""

_BARE = 500
"""About what a delivery without its body takes in the store, in bytes."""

_LONG = 200
"""A longer id is no id: PostgreSQL limits the size of an index row."""


class Arrival(StrEnum):
    """What a delivery was: new; known already; of a known id with another body, which is stored and wants
    looking into; one that we could not deal with and was sent again; or too much for its connection."""

    NEW = "new"
    DUPLICATE = "duplicate"
    ALARMING = "alarming"
    AGAIN = "again"
    FULL = "full"


_STORED = (Arrival.NEW, Arrival.ALARMING)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as received; `kind` is the sender's word for the event, `subject` the id of the issue it
    is about ("": not known), `headers` the few that matter, `number` its place in the store.

    `once`: False for senders whose bodies say the same of different changes; each of those is new.
    `digest` is the SHA-256 of the body as it came, in hexadecimal digits. Given with an empty `body`, it may
    be any digest of what came: what matters of that stands in the other parts, and it is not stored.
    """

    connection: str
    id: str
    body: bytes
    received: datetime
    kind: str = ""
    subject: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    tries: int = 0
    once: bool = True
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", _digest(self.body))


@dataclass(frozen=True, slots=True)
class Waiting:
    """All waiting deliveries about one issue, oldest first; those without a subject come one by one."""

    connection: str
    subject: str
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits of a connection: how many, how old the oldest, how many are parked, and all their bytes."""

    connection: str
    waiting: int
    oldest: datetime | None
    parked: int
    bytes: int


class Inbox:
    """The deliveries as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._at = connection

    def append(self, deliveries: Sequence[Delivery], now: datetime, cap: int) -> list[Arrival]:
        """Store what is new of a group, and say of each what it was; they are safe once this is committed.

        `cap` is the most bytes that a connection's unfinished deliveries may hold: what goes beyond is FULL
        and not stored.
        """
        digests = [each.digest for each in deliveries]
        known = _Known(self._at, deliveries, digests, now)
        held = self._held({each.connection for each in deliveries})
        arrivals, rows, again = [], [], []
        for each, digest in zip(deliveries, digests, strict=True):
            arrival, parked = known.classify(each, digest)
            if arrival in _STORED and held.get(each.connection, 0) + _weight(each) > cap:
                arrival = Arrival.FULL
            if arrival in _STORED:
                held[each.connection] = held.get(each.connection, 0) + _weight(each)
                known.note(each, digest)
                rows.append(_row(each, digest))
            again.extend(parked)
            arrivals.append(arrival)
        add(self._at, _INBOX, rows)
        self.retry(again)
        return arrivals

    def waiting(self, connection: str | None = None, limit: int = 500) -> tuple[Waiting, ...]:
        """The oldest deliveries that wait, of a connection or of all, gathered by issue."""
        query = select(_INBOX).where(_INBOX.c.state == "waiting").order_by(_INBOX.c.pk).limit(limit)
        if connection is not None:
            query = query.where(_INBOX.c.connection == connection)
        gathered: dict[tuple[str, str, int], list[Delivery]] = {}
        for row in self._at.execute(query).mappings():
            key = (row["connection"], row["subject"], 0 if row["subject"] else row["pk"])
            gathered.setdefault(key, []).append(_delivery(row))
        return tuple(Waiting(key[0], key[1], tuple(several)) for key, several in gathered.items())

    def parked(self) -> tuple[tuple[Delivery, str], ...]:
        """Deliveries that could not be dealt with, each with why, oldest first."""
        query = select(_INBOX).where(_INBOX.c.state == "parked").order_by(_INBOX.c.pk)
        return tuple((_delivery(row), row["error"] or "") for row in self._at.execute(query).mappings())

    def done(self, numbers: Collection[int], now: datetime) -> None:
        """These are dealt with: their bodies are let go, and they are known again until they are dropped."""
        self._settle(numbers, {"state": "done", "settled": now, "error": None, "body": None, "held": 0})

    def failed(self, numbers: Collection[int], error: str, now: datetime, park: bool = False) -> None:
        """These could not be dealt with: they wait on, or are parked for a person."""
        changed: dict[str, Any] = {"tries": _INBOX.c.tries + 1, "error": error}
        self._settle(numbers, changed | ({"state": "parked", "settled": now} if park else {}))

    def retry(self, numbers: Collection[int]) -> None:
        """Parked deliveries wait once more."""
        self._settle(numbers, {"state": "waiting", "settled": None})

    def backlog(self) -> tuple[Backlog, ...]:
        """What is unfinished, by connection."""
        waits = _INBOX.c.state == "waiting"
        query = (
            select(
                _INBOX.c.connection,
                func.sum(case((waits, 1), else_=0)),
                func.min(case((waits, _INBOX.c.received))),
                func.sum(case((waits, 0), else_=1)),
                func.sum(_INBOX.c.held),
            )
            .where(_INBOX.c.state != "done")
            .group_by(_INBOX.c.connection)
            .order_by(_INBOX.c.connection)
        )
        rows = self._at.execute(query)
        return tuple(Backlog(name, int(w), oldest, int(p), int(b)) for name, w, oldest, p, b in rows)

    def verify(self) -> Iterator[Fault]:
        """Every delivery whose row was altered since it was stored."""
        for row in self._at.execute(select(_INBOX).order_by(_INBOX.c.pk)).mappings():
            name = f"inbox {row['pk']}"
            if _seal(row) != row["seal"]:
                yield Fault(name, None, "this delivery was altered")
            elif row["body"] is not None and _digest(row["body"]) != row["body_digest"]:
                yield Fault(name, None, "the body of this delivery was altered")

    def _held(self, connections: Collection[str]) -> dict[str, int]:
        """How many bytes the unfinished deliveries of each connection hold."""
        found = self._at.execute(_HELD, {"names": list(connections)})
        return {name: int(held) for name, held in found}

    def _settle(self, numbers: Collection[int], values: Mapping[str, Any]) -> None:
        for portion in portions(numbers):
            self._at.execute(update(_INBOX).where(_INBOX.c.pk.in_(portion)).values(values))


class _Known:
    """Which ids and bodies of a group were received within MEMORY, those of the group itself included."""

    def __init__(
        self, at: Connection, deliveries: Sequence[Delivery], digests: Sequence[str], now: datetime
    ) -> None:
        self._ids: dict[tuple[str, str], set[str]] = {}
        self._parked: dict[tuple[str, str], list[int]] = {}
        self._bodies: set[tuple[str, str]] = set()
        given = {"since": now - MEMORY, "names": list({each.connection for each in deliveries})}
        for some in portions({_short(each.id) for each in deliveries}):
            for row in at.execute(_OF_THESE_IDS, given | {"some": some}):
                self._ids.setdefault((row.connection, row.delivery), set()).add(row.body_digest)
        for some in portions(set(digests)):
            for row in at.execute(_OF_THESE_BODIES, given | {"some": some}):
                body = (row.connection, row.body_digest)
                self._bodies.add(body)
                if row.state == "parked":
                    self._parked.setdefault(body, []).append(row.pk)

    def classify(self, each: Delivery, digest: str) -> tuple[Arrival, list[int]]:
        """What it is, and the numbers of parked ones that are to be tried again because of it."""
        if not each.once:
            return Arrival.NEW, []
        body = (each.connection, digest)
        if body in self._bodies:
            parked = self._parked.pop(body, [])
            return (Arrival.AGAIN if parked else Arrival.DUPLICATE), parked
        others = self._ids.get((each.connection, _short(each.id)), set())
        return (Arrival.ALARMING if others else Arrival.NEW), []

    def note(self, each: Delivery, digest: str) -> None:
        """It is stored now."""
        self._ids.setdefault((each.connection, _short(each.id)), set()).add(digest)
        self._bodies.add((each.connection, digest))


def _weight(each: Delivery) -> int:
    """What it counts for in its connection's share: its body, or what its row takes without one."""
    return len(each.body) or _BARE


def _digest(body: bytes) -> str:
    return sha256(bytes(body)).hexdigest()


def _short(id_: str) -> str:
    return clean(id_) if len(id_) <= _LONG else sha256(id_.encode(errors="replace")).hexdigest()


def _row(each: Delivery, digest: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "connection": each.connection,
        "delivery": _short(each.id),
        "body_digest": digest,
        "received": each.received,
        "kind": each.kind,
        "subject": each.subject,
        "headers": clean(json.dumps(dict(each.headers), ensure_ascii=False, sort_keys=True)),
    }
    mutable = {"body": each.body or None, "held": _weight(each), "state": "waiting", "tries": 0}
    return row | mutable | {"settled": None, "error": None, "seal": _seal(row)}


def _seal(row: Mapping[Any, Any]) -> str:
    names = ("connection", "delivery", "body_digest", "received", "kind", "subject", "headers")
    return delivery_seal(**{name: row[name] for name in names})


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    return Delivery(
        row["connection"],
        row["delivery"],
        row["body"] or b"",
        row["received"],
        row["kind"],
        row["subject"],
        json.loads(row["headers"]),
        row["pk"],
        row["tries"],
        digest=row["body_digest"],
    )
