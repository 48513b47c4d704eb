"""The schema: one SQLModel class a table. These classes never leave model/; everybody else sees model.values.

A tracker's record is identified once, in `record`, by connection, entity and the tracker's immutable id;
every other table names it by that row's number, so that millions of events stay small. Facts that are revised
(links, worklogs, costs, ties) are versioned: `learned` says from when a row counts, `removed` until when.
Texts of any length are never part of an index, since PostgreSQL limits an index row to 2,704 bytes.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)
from sqlmodel import Field

import model.writing_tables  # noqa: F401 - its tables are part of the same schema
from model.columns import (
    Exact,
    Identity,
    Instant,
    MoneyAmount,
    SafeText,
    TextList,
    TextPairs,
    TextSet,
    holds,
    one_current,
    primary,
    refers,
)
from model.layout import METADATA, Row

__all__ = ["APPEND_ONLY", "METADATA", "table"]

APPEND_ONLY = ("event", "baseline", "baseline_item", "baseline_milestone", "issued_report", "audit")
"""Tables whose triggers refuse UPDATE and DELETE on every dialect."""


class _Kept(Row):
    """A record as it is now: its history counts as known from `known`; we first saw it at `stored`."""

    record: int = primary(Identity, "record.pk")
    source: int = refers("source.pk", index=True)
    known: datetime = holds(Instant)
    stored: datetime = holds(Instant)


class _Version(Row):
    """A fact that may be revised: it counts from `learned` until `removed`."""

    pk: int | None = primary()
    learned: datetime = holds(Instant)
    removed: datetime | None = holds(Instant)


class Connection(Row, table=True):
    pk: int | None = primary()
    name: str = Field(sa_type=SafeText, unique=True)


class Source(Row, table=True):
    __table_args__ = (UniqueConstraint("connection", "key"),)
    pk: int | None = primary()
    connection: int = refers("connection.pk")
    key: str = holds(SafeText)
    history: str = holds(SafeText)


class Project(Row, table=True):
    name: str = primary(SafeText)
    title: str = holds(SafeText)


class ProjectSource(Row, table=True):
    __tablename__ = "project_source"
    project: str = primary(SafeText, "project.name")
    source: int = primary(Identity, "source.pk")
    position: int = holds(Integer)


class Deliverable(Row, table=True):
    project: str = primary(SafeText, "project.name")
    name: str = primary(SafeText)
    title: str = holds(SafeText)
    owner: str | None = holds(SafeText)
    due: date | None = holds(Date)
    acceptance: tuple[str, ...] = holds(TextList)


class Dimension(Row, table=True):
    project: str = primary(SafeText, "project.name")
    name: str = primary(SafeText)
    origin: str = holds(SafeText)
    pattern: str | None = holds(SafeText)
    field: str | None = holds(SafeText)


class Person(Row, table=True):
    name: str = primary(SafeText)
    title: str = holds(SafeText)
    role: str | None = holds(SafeText)


class PersonAccount(Row, table=True):
    __tablename__ = "person_account"
    connection: int = primary(Identity, "connection.pk")
    id: str = primary(SafeText)
    person: str = Field(sa_type=SafeText, foreign_key="person.name")


class Account(Row, table=True):
    connection: int = primary(Identity, "connection.pk")
    id: str = primary(SafeText)
    name: str = holds(SafeText)
    email: str | None = holds(SafeText)


class Record(Row, table=True):
    __table_args__ = (UniqueConstraint("connection", "entity", "id"),)
    pk: int | None = primary()
    connection: int = refers("connection.pk")
    entity: str = holds(SafeText)
    id: str = holds(SafeText)


class Issue(_Kept, table=True):
    key: str = holds(SafeText)
    title: str = holds(SafeText)
    url: str = holds(SafeText)
    status: str = holds(SafeText)
    status_original: str = holds(SafeText)
    type: str = holds(SafeText)
    created: datetime | None = holds(Instant)
    updated: datetime | None = holds(Instant)
    finished: datetime | None = holds(Instant)
    start: date | None = holds(Date)
    due: date | None = holds(Date)
    estimate: Decimal | None = holds(Exact)
    unit: str = holds(SafeText)
    percent: int | None = holds(Integer)
    assignees: frozenset[str] = holds(TextSet)
    labels: frozenset[str] = holds(TextSet)
    components: frozenset[str] = holds(TextSet)
    sprints: frozenset[str] = holds(TextSet)
    milestone: str | None = holds(SafeText)
    bucket: str | None = holds(SafeText)
    parent: str | None = holds(SafeText)
    priority: str | None = holds(SafeText)
    attributes: tuple[tuple[str, str], ...] = holds(TextPairs)
    body: str = holds(SafeText)
    links: tuple[str, ...] = holds(TextList)
    version: str = holds(SafeText)
    gone: bool = holds(Boolean)
    hidden: bool = holds(Boolean)


class Alias(Row, table=True):
    """A key the issue once had, until it was re-keyed."""

    issue: int = primary(Identity, "record.pk")
    until: datetime = primary(Instant)
    key: str = holds(SafeText)


class Sprint(_Kept, table=True):
    name: str = holds(SafeText)
    state: str = holds(SafeText)
    start: datetime | None = holds(Instant)
    end: datetime | None = holds(Instant)
    completed: datetime | None = holds(Instant)
    goal: str = holds(SafeText)


class Membership(Row, table=True):
    """An issue's stay in a sprint: a projection of its `sprints` history; `until` is open while it lasts."""

    issue: int = primary(Identity, "record.pk")
    sprint: int = primary(Identity, "record.pk")
    since: datetime = primary(Instant)
    until: datetime | None = holds(Instant)


class Milestone(_Kept, table=True):
    name: str = holds(SafeText)
    due: date | None = holds(Date)
    done: bool = holds(Boolean)
    finished: date | None = holds(Date)


class Dependency(_Version, table=True):
    __table_args__ = (one_current("uq_dependency_current", "predecessor", "successor", "type"),)
    predecessor: int = refers("record.pk")
    successor: int = refers("record.pk", index=True)
    type: str = holds(SafeText)
    lag: int = holds(BigInteger)


class Worklog(_Version, table=True):
    __table_args__ = (one_current("uq_worklog_current", "connection", "id"),)
    connection: int = refers("connection.pk")
    id: str = holds(SafeText)
    issue: int = refers("record.pk", index=True)
    author: str = holds(SafeText)
    started: datetime = holds(Instant)
    seconds: int = holds(BigInteger)


class Cost(_Version, table=True):
    __table_args__ = (one_current("uq_cost_current", "connection", "id"),)
    connection: int = refers("connection.pk")
    id: str = holds(SafeText)
    source: int = refers("source.pk", index=True)
    kind: str = holds(SafeText)
    on: date = holds(Date)
    amount: Decimal = holds(MoneyAmount)
    currency: str = holds(SafeText)
    description: str = holds(SafeText)
    issue: str | None = holds(SafeText)
    deliverable: str | None = holds(SafeText)
    supplier: str = holds(SafeText)
    order: str | None = holds(SafeText)
    person: str | None = holds(SafeText)
    role: str | None = holds(SafeText)
    category: str = holds(SafeText)


class Event(Row, table=True):
    """Append only. `field`, `before`, `after` are the tracker's own words; `seal` is the row's SHA-256."""

    __table_args__ = (UniqueConstraint("record", "id"),)
    pk: int | None = primary()
    record: int = refers("record.pk")
    id: str = holds(SafeText)
    field: str = holds(SafeText)
    before: str | None = holds(SafeText)
    after: str | None = holds(SafeText)
    at: datetime = holds(Instant)
    learned: datetime = holds(Instant)
    origin: str = holds(SafeText)
    actor: str | None = holds(SafeText)
    seal: bytes = holds(LargeBinary)


class Change(Row, table=True):
    """An event in unified words: a projection that can be rebuilt; the stamps are copied to be read alone."""

    __table_args__ = (Index("ix_change_record_field_at", "record", "field", "at"),)
    event: int = primary(Identity, "event.pk")
    record: int = refers("record.pk")
    field: str = holds(SafeText)
    before: str | None = holds(SafeText)
    after: str | None = holds(SafeText)
    at: datetime = Field(sa_type=Instant, index=True)
    learned: datetime = Field(sa_type=Instant, index=True)
    origin: str = holds(SafeText)
    actor: str | None = holds(SafeText)


class Tie(_Version, table=True):
    """A piece of evidence that two issues are one; `apart` is a person's verdict that they are not."""

    __table_args__ = (one_current("uq_tie_current", "a", "b", "kind", "apart"),)
    a: int = refers("record.pk", index=True)
    b: int = refers("record.pk", index=True)
    kind: str = holds(SafeText)
    detail: str = holds(SafeText)
    confidence: float = holds(Float)
    apart: bool = holds(Boolean)


class Baseline(Row, table=True):
    __table_args__ = (UniqueConstraint("project", "name"),)
    pk: int | None = primary()
    project: str = holds(SafeText)
    name: str = holds(SafeText)
    taken: datetime = holds(Instant)
    as_of: datetime = holds(Instant)
    approved_by: str = holds(SafeText)
    reason: str = holds(SafeText)
    origin: str = holds(SafeText)
    coverage: Decimal | None = holds(Exact)
    previous_hash: str = holds(SafeText)
    hash: str = Field(sa_type=SafeText, unique=True)


class BaselineItem(Row, table=True):
    __tablename__ = "baseline_item"
    baseline: int = primary(Identity, "baseline.pk")
    connection: str = primary(SafeText)
    id: str = primary(SafeText)
    key: str = holds(SafeText)
    title: str = holds(SafeText)
    start: date | None = holds(Date)
    due: date | None = holds(Date)
    estimate: Decimal | None = holds(Exact)
    unit: str = holds(SafeText)
    sprints: frozenset[str] = holds(TextSet)
    milestone: str | None = holds(SafeText)
    digest: str = holds(SafeText)


class BaselineMilestone(Row, table=True):
    __tablename__ = "baseline_milestone"
    baseline: int = primary(Identity, "baseline.pk")
    connection: str = primary(SafeText)
    id: str = primary(SafeText)
    name: str = holds(SafeText)
    due: date | None = holds(Date)
    digest: str = holds(SafeText)


class IssuedReport(Row, table=True):
    __tablename__ = "issued_report"
    pk: int | None = primary()
    project: str = Field(sa_type=SafeText, index=True)
    kind: str = holds(SafeText)
    as_of: datetime = holds(Instant)
    issued: datetime = holds(Instant)
    digest: str = holds(SafeText)
    head: str = holds(SafeText)
    audit_head: str = holds(SafeText)


class Run(Row, table=True):
    __table_args__ = (Index("ix_run_source_started", "source", "started"),)
    pk: int | None = primary()
    source: int = refers("source.pk")
    started: datetime = holds(Instant)
    finished: datetime | None = holds(Instant)
    outcome: str = holds(SafeText)
    error: str | None = holds(SafeText)
    seen: int = holds(BigInteger)
    expected: int | None = holds(BigInteger)
    added: int = holds(BigInteger)
    changed: int = holds(BigInteger)
    events: int = holds(BigInteger)
    parked: int = holds(BigInteger)
    requests: int = holds(BigInteger)
    waited: int = holds(BigInteger)
    allowance: str = holds(SafeText)


class Cursor(Row, table=True):
    source: int = primary(Identity, "source.pk")
    stream: str = primary(SafeText)
    position: str = holds(SafeText)
    at: datetime = holds(Instant)


class RawPage(Row, table=True):
    """A page as received, compressed: `walk` names the reading it belongs to, `position` its place there.

    `number` counts a source's pages in the order received; `received` is when the pull began.
    """

    __tablename__ = "raw_page"
    __table_args__ = (Index("ix_raw_page_source_number", "source", "number"),)
    source: int = primary(Identity, "source.pk")
    stream: str = primary(SafeText)
    walk: str = primary(SafeText)
    position: str = primary(SafeText)
    number: int = holds(BigInteger)
    received: datetime = Field(sa_type=Instant, index=True)
    body: bytes = holds(LargeBinary)


class Parked(Row, table=True):
    """A record that could not be understood, until a later page brings it whole."""

    source: int = primary(Identity, "source.pk")
    id: str = primary(SafeText)
    since: datetime = primary(Instant)
    key: str = holds(SafeText)
    reason: str = holds(SafeText)
    cleared: datetime | None = holds(Instant)


def table(name: str) -> Table:
    """The Core table behind a class, for bulk paths. KeyError: no such table."""
    return METADATA.tables[name]
