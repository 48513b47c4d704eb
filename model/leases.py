"""Who may work on what until when, marks that outlive a restart, and when recurring jobs ran.

A lease is worth no more than its fencing number: whoever slept past the end of one, and wakes up while
another holds it, is refused inside the commit of whatever it wants to store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from model.bulk import upsert
from model.errors import LeaseLost
from model.tables import table

__all__ = ["LONGEST", "Flag", "Job", "Lease", "Leases"]

_LEASE, _FLAG, _JOB = table("lease"), table("flag"), table("job")

LONGEST = timedelta(minutes=10)
"""No lease lasts longer; one that seems to was taken by a clock that was wrong, and may be taken over."""


@dataclass(frozen=True, slots=True)
class Lease:
    """`holder` may work on `name` until `until`; `fence` is larger than that of every lease of it before."""

    name: str
    holder: str
    fence: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark and who set it when, such as that writing is paused."""

    name: str
    value: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring job: when it last began and ended, how ("": never), and when it is due."""

    name: str
    started: datetime | None = None
    ended: datetime | None = None
    outcome: str = ""
    next: datetime | None = None


class Leases:
    """Leases, flags and jobs as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._at = connection

    def take(self, name: str, holder: str, span: timedelta, now: datetime) -> Lease | None:
        """Take a lease that is free, ended or our own already, under a new fence; None: another holds it."""
        found = self.lease(name)
        if found and found.holder != holder and now < found.until <= now + LONGEST:
            return None
        taken = Lease(name, holder, found.fence + 1 if found else 1, now + min(span, LONGEST))
        row = {"name": name, "holder": holder, "fence": taken.fence, "until": taken.until}
        upsert(self._at, _LEASE, [row], ("name",))
        return taken

    def renew(self, lease: Lease, span: timedelta, now: datetime) -> Lease:
        """Keep a lease for longer under its fence. LeaseLost: another took it."""
        kept = Lease(lease.name, lease.holder, lease.fence, now + min(span, LONGEST))
        mine = (_LEASE.c.name == lease.name) & (_LEASE.c.fence == lease.fence)
        if self._at.execute(update(_LEASE).where(mine).values(until=kept.until)).rowcount != 1:
            raise _lost(lease.name, lease.fence)
        return kept

    def release(self, lease: Lease, now: datetime) -> None:
        """Give a lease back, where it is still ours; its fence is never given again."""
        mine = (_LEASE.c.name == lease.name) & (_LEASE.c.fence == lease.fence)
        self._at.execute(update(_LEASE).where(mine).values(until=now))

    def check(self, name: str, fence: int) -> None:
        """LeaseLost: this fence is not the newest of its lease, so nothing of this transaction may count."""
        found = self._at.execute(select(_LEASE.c.fence).where(_LEASE.c.name == name)).scalar()
        if found != fence:
            raise _lost(name, fence)

    def lease(self, name: str) -> Lease | None:
        """The lease as last taken, ended or not."""
        row = self._at.execute(select(_LEASE).where(_LEASE.c.name == name)).mappings().first()
        return None if row is None else Lease(**row)

    def set(self, name: str, value: str, by: str, now: datetime) -> None:
        """Set a flag, in place of what it was."""
        upsert(self._at, _FLAG, [{"name": name, "value": value, "at": now, "by": by}], ("name",))

    def clear(self, name: str) -> None:
        """Take a flag away."""
        self._at.execute(_FLAG.delete().where(_FLAG.c.name == name))

    def flag(self, name: str) -> Flag | None:
        """A flag, where it is set."""
        row = self._at.execute(select(_FLAG).where(_FLAG.c.name == name)).mappings().first()
        return None if row is None else Flag(**row)

    def flags(self, beginning: str = "") -> tuple[Flag, ...]:
        """The flags whose names begin so, by name."""
        named = _FLAG.c.name.startswith(beginning, autoescape=True)
        rows = self._at.execute(select(_FLAG).where(named).order_by(_FLAG.c.name)).mappings()
        return tuple(Flag(**row) for row in rows)

    def note_job(self, job: Job) -> None:
        """Keep what is known of a job, in place of what was."""
        row = {name: getattr(job, name) for name in Job.__slots__}
        upsert(self._at, _JOB, [row], ("name",))

    def jobs(self) -> tuple[Job, ...]:
        """Every job that ever began or was planned, by name."""
        return tuple(Job(**row) for row in self._at.execute(select(_JOB).order_by(_JOB.c.name)).mappings())


def _lost(name: str, fence: int) -> LeaseLost:
    return LeaseLost(
        f"another crosstie took over the work on {name} (our number {fence} is not its newest); "
        "nothing of this step was stored. End one of the two, or let this one start again"
    )
