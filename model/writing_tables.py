"""The schema of writing: agreed values, runs, intents, the audit log, verdicts, deliveries, leases, marks.

Connections and sources are named by their words here, not by numbers: what was written once stays readable
when the config forgets a name.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary
from sqlmodel import Field

from model.columns import Identity, Instant, SafeText, TextList, holds, primary, refers
from model.layout import Row

__all__: list[str] = []


class Agreed(Row, table=True):
    """The value of one field on which all sides of a tie last settled, kept for each side.

    It is unproven after an older copy of the store was restored.
    """

    issue: int = primary(Identity, "record.pk")
    field: str = primary(SafeText)
    value: str | None = holds(SafeText)
    at: datetime = holds(Instant)
    proven: bool = holds(Boolean)


class SyncRun(Row, table=True):
    """One run that may write: an apply, a sync or an undo; `undone_by` is the run that took it back."""

    __tablename__ = "sync_run"
    pk: int | None = primary()
    project: str = Field(sa_type=SafeText, index=True)
    kind: str = holds(SafeText)
    by: str = holds(SafeText)
    started: datetime = holds(Instant)
    finished: datetime | None = holds(Instant)
    digest: str = holds(SafeText)
    outcome: str = holds(SafeText)
    counts: str = holds(SafeText)
    undone_by: int | None = Field(sa_type=Identity, foreign_key="sync_run.pk")


class Outbox(Row, table=True):
    """One write, committed as an intent before it is sent; `payload`, `receipt`, `inverse` are JSON."""

    __table_args__ = (
        Index("ix_outbox_run_position", "run", "position"),
        Index("ix_outbox_state_settled", "state", "settled"),
        Index("ix_outbox_connection_target", "connection", "target"),
    )
    pk: int | None = primary()
    run: int = refers("sync_run.pk")
    position: int = holds(Integer)
    intent: str = Field(sa_type=SafeText, unique=True)
    action: str = holds(SafeText)
    tie: str = holds(SafeText)
    connection: str = holds(SafeText)
    source: str = holds(SafeText)
    target: str | None = holds(SafeText)
    field: str = holds(SafeText)
    actor: str | None = holds(SafeText)
    destructive: bool = holds(Boolean)
    payload: str = holds(SafeText)
    state: str = holds(SafeText)
    attempts: int = holds(Integer)
    next_try: datetime | None = holds(Instant)
    created: datetime = holds(Instant)
    settled: datetime | None = holds(Instant)
    error: str | None = holds(SafeText)
    receipt: str | None = holds(SafeText)
    inverse: str | None = holds(SafeText)
    fence: int = holds(BigInteger)


class Audit(Row, table=True):
    """Append only. Each entry carries the hash of the one before."""

    pk: int | None = primary()
    at: datetime = holds(Instant)
    run: int | None = Field(sa_type=Identity, foreign_key="sync_run.pk", index=True)
    who: str = holds(SafeText)
    what: str = holds(SafeText)
    previous_hash: str = holds(SafeText)
    hash: str = Field(sa_type=SafeText, unique=True)


class Decision(Row, table=True):
    """A person's verdict on a conflict; it stands until it is revoked."""

    pk: int | None = primary()
    project: str = Field(sa_type=SafeText, index=True)
    tie: tuple[str, ...] = holds(TextList)
    field: str = holds(SafeText)
    sides: str = holds(SafeText)
    verdict: str = holds(SafeText)
    value: str | None = holds(SafeText)
    by: str = holds(SafeText)
    at: datetime = holds(Instant)
    revoked: datetime | None = holds(Instant)


class Conflict(Row, table=True):
    """Since when the sides of a tie have been at odds over a field; it goes when they are so no longer."""

    project: str = primary(SafeText)
    issue: int = primary(Identity, "record.pk")
    field: str = primary(SafeText)
    since: datetime = holds(Instant)


class Inbox(Row, table=True):
    """A webhook delivery as received; its body goes when it is done; `seal` covers what never changes."""

    __table_args__ = (
        Index("ix_inbox_connection_delivery", "connection", "delivery"),
        Index("ix_inbox_connection_body_digest", "connection", "body_digest"),
        Index("ix_inbox_state_connection_held", "state", "connection", "held"),
    )
    pk: int | None = primary()
    connection: str = holds(SafeText)
    delivery: str = holds(SafeText)
    body_digest: str = holds(SafeText)
    received: datetime = Field(sa_type=Instant, index=True)
    kind: str = holds(SafeText)
    subject: str = holds(SafeText)
    headers: str = holds(SafeText)
    body: bytes | None = holds(LargeBinary)
    held: int = holds(BigInteger)
    state: str = holds(SafeText)
    tries: int = holds(Integer)
    settled: datetime | None = holds(Instant)
    error: str | None = holds(SafeText)
    seal: str = holds(SafeText)


class Lease(Row, table=True):
    """Who may work on something until when; `fence` grows with each taking."""

    name: str = primary(SafeText)
    holder: str = holds(SafeText)
    fence: int = holds(BigInteger)
    until: datetime = holds(Instant)


class Flag(Row, table=True):
    """A mark that outlives a restart: paused, a tripped breaker, the store's high-water mark."""

    name: str = primary(SafeText)
    value: str = holds(SafeText)
    at: datetime = holds(Instant)
    by: str = holds(SafeText)


class Job(Row, table=True):
    """When a recurring job last began and ended, how, and when it is due."""

    name: str = primary(SafeText)
    started: datetime | None = holds(Instant)
    ended: datetime | None = holds(Instant)
    outcome: str = holds(SafeText)
    next: datetime | None = holds(Instant)
