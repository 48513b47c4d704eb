"""Runs that write to trackers, and each of their writes: intended, sent, and how it ended.

An intent is committed before anything is sent. Its row moves from state to state only for whoever saw it in
the state before, under the same fencing number; so two daemons by mistake never both send one write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, true, update

from model.bulk import add, portions
from model.errors import WriteMoved
from model.tables import table

__all__ = ["FINAL", "Entry", "Intent", "Outbox", "RunKind", "State", "SyncRun", "Tally"]

_RUN, _OUTBOX = table("sync_run"), table("outbox")


class RunKind(StrEnum):
    """What led to a run: a saved changeset, `sync`, or `undo`."""

    APPLY = "apply"
    SYNC = "sync"
    UNDO = "undo"


class State(StrEnum):
    """How far a write has come; SENT after a crash means that nobody knows yet."""

    INTENDED = "intended"
    SENT = "sent"
    APPLIED = "applied"
    REFUSED = "refused"
    MOVED = "moved"
    UNKNOWN = "unknown"
    PARKED = "parked"


FINAL = frozenset({State.APPLIED, State.REFUSED, State.MOVED})
"""States that nothing follows."""


@dataclass(frozen=True, slots=True)
class SyncRun:
    """A run that may write: `outcome` is "running" until it ends, `counts` JSON, `digest` the changeset's."""

    pk: int
    project: str
    kind: RunKind
    by: str
    started: datetime
    finished: datetime | None
    digest: str
    outcome: str
    counts: str
    undone_by: int | None


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that is about to be sent.

    `intent` is its identity for good; `tie` names the tie by its smallest member; `target` is the issue's id
    (None: to be created); `actor` is who set the value that is carried over; `payload` is the write as JSON.
    """

    intent: str
    position: int
    action: str
    tie: str
    connection: str
    source: str
    target: str | None
    field: str
    actor: str | None
    destructive: bool
    payload: str


@dataclass(frozen=True, slots=True)
class Entry(Intent):
    """An intent as stored, and what became of it; `inverse` is the JSON that would take it back."""

    run: int
    state: State
    attempts: int
    next_try: datetime | None
    created: datetime
    settled: datetime | None
    error: str | None
    receipt: str | None
    inverse: str | None
    fence: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How much was written to a source for one actor: `writes` of fields or issues, in `ties` ties."""

    project: str
    connection: str
    source: str
    actor: str | None
    destructive: bool
    writes: int
    ties: int


_ENTRY = tuple(field.name for field in fields(Entry))


class Outbox:
    """Runs and writes as one transaction sees them; `touch` is told of each change."""

    def __init__(self, connection: Connection, touch: Callable[[datetime], None]) -> None:
        self._at = connection
        self._touch = touch

    def begin_run(self, project: str, kind: RunKind, by: str, digest: str, now: datetime) -> int:
        """Note that a run begins; its number."""
        row = {"project": project, "kind": kind.value, "by": by, "started": now, "digest": digest}
        made = insert(_RUN).values(row | {"outcome": "running", "counts": "{}"}).returning(_RUN.c.pk)
        number: int = self._at.execute(made).scalar_one()
        return number

    def end_run(self, run: int, outcome: str, counts: str, now: datetime) -> None:
        """Note how a run ended; `counts` is a JSON object."""
        ended = {"outcome": outcome, "counts": counts, "finished": now}
        self._at.execute(update(_RUN).where(_RUN.c.pk == run).values(ended))

    def mark_undone(self, run: int, by: int) -> None:
        """Note that run `by` took `run` back."""
        self._at.execute(update(_RUN).where(_RUN.c.pk == run).values(undone_by=by))

    def run(self, number: int) -> SyncRun | None:
        """One run, where there is one of that number."""
        found = self._runs(select(_RUN).where(_RUN.c.pk == number))
        return found[0] if found else None

    def runs(
        self, project: str | None = None, limit: int = 50, before: int | None = None
    ) -> tuple[SyncRun, ...]:
        """Runs of a project or of all, newest first; `before`: only those with a smaller number."""
        query = select(_RUN).order_by(_RUN.c.pk.desc()).limit(limit)
        if project is not None:
            query = query.where(_RUN.c.project == project)
        if before is not None:
            query = query.where(_RUN.c.pk < before)
        return self._runs(query)

    def add(self, run: int, intents: Sequence[Intent], fence: int, now: datetime) -> None:
        """Store intents; once this is committed they may be sent by the holder of `fence`."""
        fresh = {"run": run, "state": State.INTENDED.value, "attempts": 0, "created": now, "fence": fence}
        unset = dict.fromkeys(("next_try", "settled", "error", "receipt", "inverse"))
        add(self._at, _OUTBOX, [asdict(each) | fresh | unset for each in intents])
        self._touch(now)

    def advance(self, entry: Entry, to: State, now: datetime, **changed: Any) -> Entry:
        """Move a write on, and give it as it is now stored.

        `changed` may hold target, attempts, next_try, error, receipt, inverse and (to take a write over from
        a holder that is gone) fence. WriteMoved: somebody else moved it since `entry` was read.
        """
        final = {"settled": now} if to in FINAL else {}
        seen = (_OUTBOX.c.state == entry.state.value) & (_OUTBOX.c.fence == entry.fence)
        done = self._at.execute(
            update(_OUTBOX)
            .where(_OUTBOX.c.intent == entry.intent, seen)
            .values({"state": to.value} | final | changed)
        )
        if done.rowcount != 1:
            raise WriteMoved(
                f"the write {entry.intent} is no longer {entry.state.value} under number {entry.fence}: "
                "another crosstie is at work on it. End one of the two, then run the command again"
            )
        self._touch(now)
        return self._entries(_OUTBOX.c.intent == entry.intent)[0]

    def by_intent(self, intents: Collection[str]) -> dict[str, Entry]:
        """Those of the intents that are stored."""
        found = (self._entries(_OUTBOX.c.intent.in_(portion)) for portion in portions(intents))
        return {entry.intent: entry for several in found for entry in several}

    def made(self, connection: str, ids: Collection[str]) -> frozenset[str]:
        """Those of the issues of a connection that a write of ours is known to have created."""
        created = (_OUTBOX.c.action == "create") & (_OUTBOX.c.connection == connection)
        query = select(_OUTBOX.c.target).where(created)
        found = (self._at.execute(query.where(_OUTBOX.c.target.in_(portion))) for portion in portions(ids))
        return frozenset(id_ for several in found for (id_,) in several)

    def of_run(self, run: int) -> tuple[Entry, ...]:
        """A run's writes in their order."""
        return self._entries(_OUTBOX.c.run == run)

    def of_issue(self, connection: str, id_: str) -> tuple[Entry, ...]:
        """Everything that was ever intended for an issue, oldest first."""
        return self._entries((_OUTBOX.c.connection == connection) & (_OUTBOX.c.target == id_))

    def unsettled(self, project: str | None = None) -> tuple[Entry, ...]:
        """Every write that has not come to an end, oldest first: after a crash, the work to take up."""
        return self._entries(_OUTBOX.c.state.not_in([state.value for state in FINAL]) & _of(project))

    def refused(self, project: str, since: datetime) -> tuple[Entry, ...]:
        """What a project's trackers refused since an instant: not to be sent again and again."""
        refused = _OUTBOX.c.state == State.REFUSED.value
        return self._entries(refused & (_OUTBOX.c.settled >= since) & _of(project))

    def parked(self) -> tuple[Entry, ...]:
        """Writes that wait for a person, oldest first."""
        return self._entries(_OUTBOX.c.state == State.PARKED.value)

    def tallies(self, since: datetime) -> tuple[Tally, ...]:
        """What was written since an instant, or may have been: the mass-edit guard counts these."""
        landed = (_OUTBOX.c.state == State.APPLIED.value) & (_OUTBOX.c.settled >= since)
        perhaps = _OUTBOX.c.state.in_([State.SENT.value, State.UNKNOWN.value, State.PARKED.value])
        groups = (
            _RUN.c.project,
            _OUTBOX.c.connection,
            _OUTBOX.c.source,
            _OUTBOX.c.actor,
            _OUTBOX.c.destructive,
        )
        query = (
            select(*groups, func.count().label("writes"), func.count(_OUTBOX.c.tie.distinct()).label("ties"))
            .join(_RUN, _OUTBOX.c.run == _RUN.c.pk)
            .where(or_(landed, perhaps & (_OUTBOX.c.created >= since)))
            .group_by(*groups)
        )
        return tuple(Tally(**row) for row in self._at.execute(query).mappings())

    def _runs(self, query: Select[Any]) -> tuple[SyncRun, ...]:
        rows: Iterable[dict[str, Any]] = (dict(row) for row in self._at.execute(query).mappings())
        return tuple(SyncRun(**row | {"kind": RunKind(row["kind"])}) for row in rows)

    def _entries(self, where: ColumnElement[bool]) -> tuple[Entry, ...]:
        query = select(*(_OUTBOX.c[name] for name in _ENTRY)).where(where)
        found = self._at.execute(query.order_by(_OUTBOX.c.run, _OUTBOX.c.position)).mappings()
        return tuple(Entry(**dict(row) | {"state": State(row["state"])}) for row in found)


def _of(project: str | None) -> ColumnElement[bool]:
    """The writes of a project's runs, or of all."""
    if project is None:
        return true()
    return _OUTBOX.c.run.in_(select(_RUN.c.pk).where(_RUN.c.project == project))
