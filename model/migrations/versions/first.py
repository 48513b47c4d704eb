"""The first schema: everything up to the slip and scope reports."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from model.columns import Exact, Identity, Instant, MoneyAmount, SafeText, TextList, TextPairs, TextSet

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _names()
    _people()
    _issues()
    _plan()
    _history()
    _versioned()
    _promises()
    _reading()


def _columns(kind: TypeEngine[Any], *names: str, null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=null) for name in names]


def _number() -> sa.Column[int]:
    return sa.Column("pk", Identity, primary_key=True)


def _to(name: str, target: str) -> sa.Column[int]:
    return sa.Column(name, Identity, sa.ForeignKey(target), nullable=False)


def _named(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, SafeText(), sa.ForeignKey(target), nullable=False)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _current(table: str, *columns: str) -> None:
    op.create_index(
        op.f(f"uq_{table}_current"),
        table,
        list(columns),
        unique=True,
        sqlite_where=sa.text("removed IS NULL"),
        postgresql_where=sa.text("removed IS NULL"),
    )


def _names() -> None:
    """The config's own names: who reads what, and who is who."""
    op.create_table(
        "connection",
        _number(),
        *_columns(SafeText(), "name"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "source",
        _number(),
        _to("connection", "connection.pk"),
        *_columns(SafeText(), "key", "history"),
        sa.UniqueConstraint("connection", "key"),
    )
    op.create_table(
        "project",
        *_columns(SafeText(), "name", "title"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "project_source",
        _named("project", "project.name"),
        _to("source", "source.pk"),
        *_columns(sa.Integer(), "position"),
        sa.PrimaryKeyConstraint("project", "source"),
    )
    op.create_table(
        "deliverable",
        _named("project", "project.name"),
        *_columns(SafeText(), "name", "title"),
        *_columns(SafeText(), "owner", null=True),
        *_columns(sa.Date(), "due", null=True),
        *_columns(TextList(), "acceptance"),
        sa.PrimaryKeyConstraint("project", "name"),
    )
    op.create_table(
        "dimension",
        _named("project", "project.name"),
        *_columns(SafeText(), "name", "origin"),
        *_columns(SafeText(), "pattern", "field", null=True),
        sa.PrimaryKeyConstraint("project", "name"),
    )


def _people() -> None:
    """People and their accounts."""
    op.create_table(
        "person",
        *_columns(SafeText(), "name", "title"),
        *_columns(SafeText(), "role", null=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "person_account",
        _to("connection", "connection.pk"),
        *_columns(SafeText(), "id"),
        _named("person", "person.name"),
        sa.PrimaryKeyConstraint("connection", "id"),
    )
    op.create_table(
        "account",
        _to("connection", "connection.pk"),
        *_columns(SafeText(), "id", "name"),
        *_columns(SafeText(), "email", null=True),
        sa.PrimaryKeyConstraint("connection", "id"),
    )


def _issues() -> None:
    """Every record's identity, and issues as they are now."""
    op.create_table(
        "record",
        _number(),
        _to("connection", "connection.pk"),
        *_columns(SafeText(), "entity", "id"),
        sa.UniqueConstraint("connection", "entity", "id"),
    )
    op.create_table(
        "issue",
        _to("record", "record.pk"),
        _to("source", "source.pk"),
        *_columns(Instant(), "known", "stored"),
        *_columns(SafeText(), "key", "title", "url", "status", "status_original", "type"),
        *_columns(Instant(), "created", "updated", "finished", null=True),
        *_columns(sa.Date(), "start", "due", null=True),
        *_columns(Exact(), "estimate", null=True),
        *_columns(SafeText(), "unit"),
        *_columns(sa.Integer(), "percent", null=True),
        *_columns(TextSet(), "assignees", "labels", "components", "sprints"),
        *_columns(SafeText(), "milestone", "bucket", "parent", "priority", null=True),
        *_columns(TextPairs(), "attributes"),
        *_columns(SafeText(), "body"),
        *_columns(TextList(), "links"),
        *_columns(SafeText(), "version"),
        *_columns(sa.Boolean(), "gone"),
        sa.PrimaryKeyConstraint("record"),
    )
    _index("issue", "source")
    op.create_table(
        "alias",
        _to("issue", "record.pk"),
        *_columns(Instant(), "until"),
        *_columns(SafeText(), "key"),
        sa.PrimaryKeyConstraint("issue", "until"),
    )


def _plan() -> None:
    """Time boxes, dated goals, and who was in which."""
    op.create_table(
        "sprint",
        _to("record", "record.pk"),
        _to("source", "source.pk"),
        *_columns(Instant(), "known", "stored"),
        *_columns(SafeText(), "name", "state"),
        *_columns(Instant(), "start", "end", "completed", null=True),
        *_columns(SafeText(), "goal"),
        sa.PrimaryKeyConstraint("record"),
    )
    _index("sprint", "source")
    op.create_table(
        "membership",
        _to("issue", "record.pk"),
        _to("sprint", "record.pk"),
        *_columns(Instant(), "since"),
        *_columns(Instant(), "until", null=True),
        sa.PrimaryKeyConstraint("issue", "sprint", "since"),
    )
    op.create_table(
        "milestone",
        _to("record", "record.pk"),
        _to("source", "source.pk"),
        *_columns(Instant(), "known", "stored"),
        *_columns(SafeText(), "name"),
        *_columns(sa.Date(), "due", null=True),
        *_columns(sa.Boolean(), "done"),
        *_columns(sa.Date(), "finished", null=True),
        sa.PrimaryKeyConstraint("record"),
    )
    _index("milestone", "source")


def _history() -> None:
    """What happened: events and their unified reading."""
    op.create_table(
        "event",
        _number(),
        _to("record", "record.pk"),
        *_columns(SafeText(), "id", "field"),
        *_columns(SafeText(), "before", "after", null=True),
        *_columns(Instant(), "at", "learned"),
        *_columns(SafeText(), "origin"),
        *_columns(SafeText(), "actor", null=True),
        sa.UniqueConstraint("record", "id"),
    )
    op.create_table(
        "change",
        _to("event", "event.pk"),
        _to("record", "record.pk"),
        *_columns(SafeText(), "field"),
        *_columns(SafeText(), "before", "after", null=True),
        *_columns(Instant(), "at", "learned"),
        *_columns(SafeText(), "origin"),
        *_columns(SafeText(), "actor", null=True),
        sa.PrimaryKeyConstraint("event"),
    )
    _index("change", "at")
    _index("change", "learned")
    _index("change", "record", "field", "at")


def _versioned() -> None:
    """Facts that are revised: each row counts from `learned` until `removed`."""
    op.create_table(
        "dependency",
        _number(),
        *_columns(Instant(), "learned"),
        *_columns(Instant(), "removed", null=True),
        _to("predecessor", "record.pk"),
        _to("successor", "record.pk"),
        *_columns(SafeText(), "type"),
        *_columns(sa.BigInteger(), "lag"),
    )
    _index("dependency", "successor")
    _current("dependency", "predecessor", "successor", "type")
    op.create_table(
        "worklog",
        _number(),
        *_columns(Instant(), "learned"),
        *_columns(Instant(), "removed", null=True),
        _to("connection", "connection.pk"),
        *_columns(SafeText(), "id"),
        _to("issue", "record.pk"),
        *_columns(SafeText(), "author"),
        *_columns(Instant(), "started"),
        *_columns(sa.BigInteger(), "seconds"),
    )
    _index("worklog", "issue")
    _current("worklog", "connection", "id")
    op.create_table(
        "cost",
        _number(),
        *_columns(Instant(), "learned"),
        *_columns(Instant(), "removed", null=True),
        _to("connection", "connection.pk"),
        *_columns(SafeText(), "id"),
        _to("source", "source.pk"),
        *_columns(SafeText(), "kind"),
        *_columns(sa.Date(), "on"),
        *_columns(MoneyAmount(), "amount"),
        *_columns(SafeText(), "currency", "description"),
        *_columns(SafeText(), "issue", "deliverable", null=True),
    )
    _index("cost", "source")
    _current("cost", "connection", "id")
    op.create_table(
        "tie",
        _number(),
        *_columns(Instant(), "learned"),
        *_columns(Instant(), "removed", null=True),
        _to("a", "record.pk"),
        _to("b", "record.pk"),
        *_columns(SafeText(), "kind", "detail"),
        *_columns(sa.Float(), "confidence"),
        *_columns(sa.Boolean(), "apart"),
    )
    _index("tie", "a")
    _index("tie", "b")
    _current("tie", "a", "b", "kind", "apart")


def _promises() -> None:
    """What people settled on: agreed values, approved plans, issued paper."""
    op.create_table(
        "agreed",
        _to("issue", "record.pk"),
        *_columns(SafeText(), "field"),
        *_columns(SafeText(), "value", null=True),
        *_columns(Instant(), "at"),
        sa.PrimaryKeyConstraint("issue", "field"),
    )
    op.create_table(
        "baseline",
        _number(),
        *_columns(SafeText(), "project", "name"),
        *_columns(Instant(), "taken", "as_of"),
        *_columns(SafeText(), "approved_by", "reason", "origin"),
        *_columns(Exact(), "coverage", null=True),
        *_columns(SafeText(), "previous_hash", "hash"),
        sa.UniqueConstraint("project", "name"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "baseline_item",
        _to("baseline", "baseline.pk"),
        *_columns(SafeText(), "connection", "id", "key", "title"),
        *_columns(sa.Date(), "start", "due", null=True),
        *_columns(Exact(), "estimate", null=True),
        *_columns(SafeText(), "unit"),
        *_columns(TextSet(), "sprints"),
        *_columns(SafeText(), "milestone", null=True),
        *_columns(SafeText(), "digest"),
        sa.PrimaryKeyConstraint("baseline", "connection", "id"),
    )
    op.create_table(
        "baseline_milestone",
        _to("baseline", "baseline.pk"),
        *_columns(SafeText(), "connection", "id", "name"),
        *_columns(sa.Date(), "due", null=True),
        *_columns(SafeText(), "digest"),
        sa.PrimaryKeyConstraint("baseline", "connection", "id"),
    )
    op.create_table(
        "issued_report",
        _number(),
        *_columns(SafeText(), "project", "kind"),
        *_columns(Instant(), "as_of", "issued"),
        *_columns(SafeText(), "digest", "head"),
    )
    _index("issued_report", "project")


def _reading() -> None:
    """How reading goes: runs, cursors, pages as received, records not understood."""
    op.create_table(
        "run",
        _number(),
        _to("source", "source.pk"),
        *_columns(Instant(), "started"),
        *_columns(Instant(), "finished", null=True),
        *_columns(SafeText(), "outcome"),
        *_columns(SafeText(), "error", null=True),
        *_columns(sa.BigInteger(), "seen"),
        *_columns(sa.BigInteger(), "expected", null=True),
        *_columns(sa.BigInteger(), "added", "changed", "events", "parked"),
    )
    _index("run", "source", "started")
    op.create_table(
        "cursor",
        _to("source", "source.pk"),
        *_columns(SafeText(), "stream", "position"),
        *_columns(Instant(), "at"),
        sa.PrimaryKeyConstraint("source", "stream"),
    )
    op.create_table(
        "raw_page",
        _to("source", "source.pk"),
        *_columns(SafeText(), "stream", "position"),
        *_columns(Instant(), "received"),
        *_columns(sa.LargeBinary(), "body"),
        sa.PrimaryKeyConstraint("source", "stream", "position"),
    )
    _index("raw_page", "received")
    op.create_table(
        "parked",
        _to("source", "source.pk"),
        *_columns(SafeText(), "id"),
        *_columns(Instant(), "since"),
        *_columns(SafeText(), "key", "reason"),
        *_columns(Instant(), "cleared", null=True),
        sa.PrimaryKeyConstraint("source", "id", "since"),
    )
