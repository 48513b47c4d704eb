"""Promises as values: frozen, approved plans, and the reports that were handed out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from model.values import Origin, Ref, Unit

__all__ = ["Baseline", "BaselineItem", "BaselineMilestone", "IssuedReport"]


@dataclass(frozen=True, slots=True)
class BaselineItem:
    """An issue as it was planned; `sprints` and `milestone` hold the tracker's ids."""

    ref: Ref
    key: str
    title: str
    start: date | None = None
    due: date | None = None
    estimate: Decimal | None = None
    unit: Unit = Unit.POINTS
    sprints: frozenset[str] = frozenset()
    milestone: str | None = None


@dataclass(frozen=True, slots=True)
class BaselineMilestone:
    """A milestone's date as it was planned."""

    ref: Ref
    name: str
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A project's plan as approved.

    `taken` is when it was frozen, `as_of` the instant whose plan it holds. `origin` is imported where another
    program kept it, and reconstructed where it was rebuilt from history; `coverage` is then the share of
    issues whose history reaches back to `as_of` (None: not applicable). The store fills in the hashes: each
    baseline carries the one before.
    """

    name: str
    project: str
    taken: datetime
    as_of: datetime
    approved_by: str
    reason: str
    origin: Origin = Origin.RECORDED
    coverage: Decimal | None = None
    items: tuple[BaselineItem, ...] = ()
    milestones: tuple[BaselineMilestone, ...] = ()
    previous_hash: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class IssuedReport:
    """A report that left the house: what it said is proven by `digest`, its baselines by `head`.

    `audit_head` anchors the audit log as it was then ("": the store fills it in).
    """

    project: str
    kind: str
    as_of: datetime
    issued: datetime
    digest: str
    head: str
    audit_head: str = ""
