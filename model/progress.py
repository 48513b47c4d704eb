"""How reading a source goes: runs, cursors, the pages as received, and what could not be understood."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Connection, delete, func, insert, select, update

from model.bulk import fetch, portions, upsert
from model.identity import Identities, number_of_source
from model.tables import table

__all__ = ["AGAIN", "Counts", "KeptPage", "Outcome", "Progress", "Run", "SourceState"]

_LONG = 200
"""A text longer than this is no key: PostgreSQL limits the size of an index row."""

AGAIN = "again/"
"""Before the name of a stream whose cursor belongs to reading everything once more."""

_QUICKLY = 1
"""Level of compression: the best one takes five times as long and saves a fifth."""

_AT_ONCE = 20
"""Kept pages read in one query; a page may hold megabytes."""


class Outcome(StrEnum):
    """How a run ended; one that never ended was interrupted."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run brought; `expected` is the tracker's own count of issues, where it gives one.

    `requests` is how many were sent, `waited` the whole seconds that the tracker asked us to pause,
    `allowance` what it said is left to us, as the connector's text ("": nothing).
    """

    seen: int = 0
    expected: int | None = None
    added: int = 0
    changed: int = 0
    events: int = 0
    parked: int = 0
    requests: int = 0
    waited: int = 0
    allowance: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A pull of one source; `carried` is what the interrupted pulls saw that it goes on from.

    `after_broken`: the pull before it did not end well.
    """

    number: int
    carried: Counts
    after_broken: bool = False


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far a source has been read, as a view knows it.

    `seen` counts the issues we hold; `expected` adds those not understood and those that the last complete
    read fell short of the tracker's own count (None: the tracker does not count); `parked` are the records
    not understood; `history` is full, partial or none; `error` is the last attempt's.
    """

    connection: str
    source: str
    last_complete: datetime | None
    last_attempt: datetime | None
    error: str | None
    seen: int
    expected: int | None
    parked: int
    history: str


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it was received, and when the pull began that received it."""

    stream: str
    walk: str
    position: str
    body: bytes
    received: datetime


class Progress:
    """The part of a write transaction that keeps account of reading."""

    def __init__(self, connection: Connection, ids: Identities) -> None:
        self._at = connection
        self._ids = ids
        self._numbers: dict[int, int] = {}

    def move_cursor(
        self, connection: str, source: str, stream: str, position: str, now: datetime, again: bool = False
    ) -> None:
        """Note where a stream's reading goes on; `again`: that of reading everything once more."""
        row = {"source": self._ids.source(connection, source), "stream": f"{AGAIN * again}{stream}"}
        upsert(self._at, table("cursor"), [row | {"position": position, "at": now}], ("source", "stream"))

    def adopt_cursors(self, connection: str, source: str) -> None:
        """Everything was read once more: go on from where that ended."""
        rows = table("cursor")
        mine = rows.c.source == self._ids.source(connection, source)
        begun = rows.c.stream.startswith(AGAIN, autoescape=True)
        self._at.execute(delete(rows).where(mine, ~begun))
        name = func.substr(rows.c.stream, len(AGAIN) + 1)
        self._at.execute(update(rows).where(mine, begun).values(stream=name))

    def keep_page(
        self, connection: str, source: str, stream: str, walk: str, position: str, body: bytes, now: datetime
    ) -> None:
        """Keep a page as received, in place of the one that stood at its position of the walk before."""
        owner = self._ids.source(connection, source)
        short = position if len(position) <= _LONG else sha256(position.encode()).hexdigest()
        row = {"source": owner, "stream": stream, "walk": walk, "position": short}
        kept = row | {
            "number": self._next_number(owner),
            "received": now,
            "body": zlib.compress(body, _QUICKLY),
        }
        upsert(self._at, table("raw_page"), [kept], ("source", "stream", "walk", "position"))

    def pages(self, connection: str, source: str) -> Iterator[KeptPage]:
        """Every page kept of a source, in the order received; a few of them are in memory at a time."""
        rows, owner, last = table("raw_page"), self._ids.source(connection, source), 0
        query = select(rows).where(rows.c.source == owner).order_by(rows.c.number).limit(_AT_ONCE)
        while found := self._at.execute(query.where(rows.c.number > last)).all():
            for row in found:
                body = zlib.decompress(row.body)
                yield KeptPage(row.stream, row.walk, row.position, body, row.received)
            last = found[-1].number

    def forget_older_pages(self, connection: str, source: str, walk: str) -> int:
        """Forget what was received before a walk's first page, of the streams it read; how many pages."""
        rows = table("raw_page")
        mine = rows.c.source == self._ids.source(connection, source)
        begun = select(rows.c.stream, func.min(rows.c.number)).where(mine, rows.c.walk == walk)
        forgotten = 0
        for stream, first in self._at.execute(begun.group_by(rows.c.stream)).all():
            older = (rows.c.stream == stream) & (rows.c.walk != walk) & (rows.c.number < first)
            forgotten += self._at.execute(delete(rows).where(mine, older)).rowcount
        return forgotten

    def park(
        self, connection: str, source: str, records: Iterable[tuple[str, str, str]], now: datetime
    ) -> None:
        """Note (id, key, reason) of records not understood; one that is noted already keeps its date."""
        owner, rows = self._ids.source(connection, source), table("parked")
        wanted = {id_[:_LONG]: (key, reason) for id_, key, reason in records}
        query = select(rows).where(rows.c.source == owner, rows.c.cleared.is_(None))
        since = {row["id"]: row["since"] for row in fetch(self._at, query, rows.c.id, wanted)}
        noted = [
            {"source": owner, "id": id_, "since": since.get(id_, now), "key": key, "reason": reason}
            for id_, (key, reason) in wanted.items()
        ]
        upsert(self._at, rows, [row | {"cleared": None} for row in noted], ("source", "id", "since"))

    def unpark(self, connection: str, source: str, ids: Collection[str], now: datetime) -> None:
        """These records came whole."""
        owner, rows = self._ids.source(connection, source), table("parked")
        for portion in portions(ids):
            where = (rows.c.source == owner) & rows.c.cleared.is_(None) & rows.c.id.in_(portion)
            self._at.execute(update(rows).where(where).values(cleared=now))

    def begin_run(
        self, connection: str, source: str, history: str, now: datetime, goes_on: bool = True
    ) -> Run:
        """Note that a pull of the source begins.

        Where it may go on from an interrupted one, it does so from the last, unless that was complete.
        """
        owner, sources, runs = self._ids.source(connection, source), table("source"), table("run")
        self._at.execute(update(sources).where(sources.c.pk == owner).values(history=history))
        last = select(runs).where(runs.c.source == owner).order_by(runs.c.pk.desc()).limit(1)
        found = self._at.execute(last).first()
        broken = found is not None and found.outcome != Outcome.COMPLETE.value
        carried = Counts(found.seen, found.expected) if found and broken and goes_on else Counts()
        row = {"source": owner, "started": now, "finished": None, "outcome": Outcome.RUNNING.value}
        made = insert(runs).values(row | {"error": None} | asdict(carried)).returning(runs.c.pk)
        return Run(self._at.execute(made).scalar_one(), carried, broken)

    def note_run(self, run: Run, counts: Counts, now: datetime) -> None:
        """What the run brought so far; stored with each page, since the next may never come.

        A run that is still going, or was killed, has its last sign of life as `finished`.
        """
        self._update(run, counts, finished=now)

    def end_run(
        self, run: Run, outcome: Outcome, counts: Counts, now: datetime, error: str | None = None
    ) -> None:
        self._update(run, counts, finished=now, outcome=outcome.value, error=error)

    def _next_number(self, owner: int) -> int:
        """The number of a source's next page; the newest is looked up once in a transaction."""
        if owner not in self._numbers:
            rows = table("raw_page")
            newest = self._at.execute(select(func.max(rows.c.number)).where(rows.c.source == owner))
            self._numbers[owner] = newest.scalar() or 0
        self._numbers[owner] += 1
        return self._numbers[owner]

    def _update(self, run: Run, counts: Counts, **ended: object) -> None:
        runs = table("run")
        expected = run.carried.expected if counts.expected is None else counts.expected
        brought = asdict(counts) | {"seen": run.carried.seen + counts.seen, "expected": expected}
        self._at.execute(update(runs).where(runs.c.pk == run.number).values(brought | ended))


def newest_pages(at: Connection, connection: str, source: str, stream: str) -> list[bytes]:
    """The newest page kept of a stream, and of each "STREAM PART"; nothing of a source never read."""
    rows = table("raw_page")
    part = rows.c.stream.startswith(f"{stream} ", autoescape=True)
    query = (
        select(rows.c.stream, rows.c.body)
        .where(rows.c.source == number_of_source(connection, source), (rows.c.stream == stream) | part)
        .order_by(rows.c.number)
    )
    found = {name: body for name, body in at.execute(query)}
    return [zlib.decompress(found[name]) for name in sorted(found)]
