"""Writing to trackers: runs, intents, audit, verdicts, deliveries, leases, marks; events that carry a digest."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from model.columns import Identity, Instant, SafeText, TextList
from model.seals import event_seal

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AT_ONCE = 5_000


def upgrade() -> None:
    op.add_column("agreed", sa.Column("proven", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("issued_report", sa.Column("audit_head", SafeText(), nullable=False, server_default=""))
    _runs()
    _verdicts()
    _deliveries()
    _marks()
    _seal_events()


def _columns(kind: TypeEngine[Any], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=null) for name in names]


def _number() -> sa.Column[int]:
    return sa.Column("pk", Identity, primary_key=True)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _runs() -> None:
    op.create_table(
        "sync_run",
        _number(),
        *_columns(SafeText(), "project", "kind", "by"),
        *_columns(Instant(), "started"),
        *_columns(Instant(), "finished", null=True),
        *_columns(SafeText(), "digest", "outcome", "counts"),
        sa.Column("undone_by", Identity, sa.ForeignKey("sync_run.pk"), nullable=True),
    )
    _index("sync_run", "project")
    op.create_table(
        "outbox",
        _number(),
        sa.Column("run", Identity, sa.ForeignKey("sync_run.pk"), nullable=False),
        *_columns(sa.Integer(), "position"),
        *_columns(SafeText(), "intent", "action", "tie", "connection", "source"),
        *_columns(SafeText(), "target", null=True),
        *_columns(SafeText(), "field"),
        *_columns(SafeText(), "actor", null=True),
        *_columns(sa.Boolean(), "destructive"),
        *_columns(SafeText(), "payload", "state"),
        *_columns(sa.Integer(), "attempts"),
        *_columns(Instant(), "next_try", null=True),
        *_columns(Instant(), "created"),
        *_columns(Instant(), "settled", null=True),
        *_columns(SafeText(), "error", "receipt", "inverse", null=True),
        *_columns(sa.BigInteger(), "fence"),
        sa.UniqueConstraint("intent"),
    )
    _index("outbox", "run", "position")
    _index("outbox", "state", "settled")
    _index("outbox", "connection", "target")
    op.create_table(
        "audit",
        _number(),
        *_columns(Instant(), "at"),
        sa.Column("run", Identity, sa.ForeignKey("sync_run.pk"), nullable=True),
        *_columns(SafeText(), "who", "what", "previous_hash", "hash"),
        sa.UniqueConstraint("hash"),
    )
    _index("audit", "run")


def _verdicts() -> None:
    op.create_table(
        "decision",
        _number(),
        *_columns(SafeText(), "project"),
        *_columns(TextList(), "tie"),
        *_columns(SafeText(), "field", "sides", "verdict"),
        *_columns(SafeText(), "value", null=True),
        *_columns(SafeText(), "by"),
        *_columns(Instant(), "at"),
        *_columns(Instant(), "revoked", null=True),
    )
    _index("decision", "project")
    op.create_table(
        "conflict",
        *_columns(SafeText(), "project"),
        sa.Column("issue", Identity, sa.ForeignKey("record.pk"), nullable=False),
        *_columns(SafeText(), "field"),
        *_columns(Instant(), "since"),
        sa.PrimaryKeyConstraint("project", "issue", "field"),
    )


def _deliveries() -> None:
    op.create_table(
        "inbox",
        _number(),
        *_columns(SafeText(), "connection", "delivery", "body_digest"),
        *_columns(Instant(), "received"),
        *_columns(SafeText(), "kind", "subject", "headers"),
        *_columns(sa.LargeBinary(), "body", null=True),
        *_columns(sa.BigInteger(), "held"),
        *_columns(SafeText(), "state"),
        *_columns(sa.Integer(), "tries"),
        *_columns(Instant(), "settled", null=True),
        *_columns(SafeText(), "error", null=True),
        *_columns(SafeText(), "seal"),
    )
    _index("inbox", "connection", "delivery")
    _index("inbox", "connection", "body_digest")
    _index("inbox", "received")
    _index("inbox", "state", "connection", "held")


def _marks() -> None:
    op.create_table(
        "lease",
        *_columns(SafeText(), "name", "holder"),
        *_columns(sa.BigInteger(), "fence"),
        *_columns(Instant(), "until"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "flag",
        *_columns(SafeText(), "name", "value"),
        *_columns(Instant(), "at"),
        *_columns(SafeText(), "by"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "job",
        *_columns(SafeText(), "name"),
        *_columns(Instant(), "started", "ended", null=True),
        *_columns(SafeText(), "outcome"),
        *_columns(Instant(), "next", null=True),
        sa.PrimaryKeyConstraint("name"),
    )


def _seal_events() -> None:
    """Give each event its digest; the guard that forbids any change is set anew after the upgrade."""
    connection = op.get_bind()
    postgres = connection.dialect.name == "postgresql"
    empty = "''::bytea" if postgres else "x''"
    column = sa.Column("seal", sa.LargeBinary(), nullable=False, server_default=sa.text(empty))
    op.add_column("event", column)
    op.execute(
        "DROP TRIGGER IF EXISTS event_append_only ON event"
        if postgres
        else "DROP TRIGGER IF EXISTS event_no_update"
    )
    last = 0
    while found := connection.execute(_EVENTS, {"last": last, "limit": _AT_ONCE}).all():
        last = found[-1].pk
        connection.execute(
            sa.text("UPDATE event SET seal = :seal WHERE pk = :pk"),
            [{"pk": row.pk, "seal": _seal(row)} for row in found],
        )


def _seal(row: Any) -> bytes:
    return event_seal(
        row.entity,
        (row.connection, row.record_id),
        row.id,
        (row.field, row.before, row.after),
        (row.at, row.learned),
        row.origin,
        row.actor,
    )


_EVENTS = sa.text(
    "SELECT event.pk AS pk, record.entity AS entity, connection.name AS connection, record.id AS record_id, "
    "event.id AS id, event.field AS field, event.before AS before, event.after AS after, event.at AS at, "
    "event.learned AS learned, event.origin AS origin, event.actor AS actor "
    "FROM event JOIN record ON event.record = record.pk JOIN connection ON record.connection = connection.pk "
    "WHERE event.pk > :last ORDER BY event.pk LIMIT :limit"
).columns(at=Instant(), learned=Instant())
