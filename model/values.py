"""The project's words as frozen values: what every folder above model/ speaks in.

Instants are aware UTC datetimes. Dates are calendar days in the source's own zone. Money is Decimal
with an ISO 4217 code. Efforts are Decimals in the unit that stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "Account",
    "Change",
    "Cost",
    "CostKind",
    "Dependency",
    "Disagreement",
    "Entity",
    "Event",
    "EvidenceKind",
    "Issue",
    "LinkType",
    "Meaning",
    "Milestone",
    "Money",
    "Origin",
    "Ref",
    "SideValue",
    "Sprint",
    "SprintState",
    "StatusCategory",
    "TieEdge",
    "Unit",
    "Worklog",
]


class StatusCategory(StrEnum):
    """The unified status; the tracker's own word stands beside it in `status_original`."""

    TODO = "todo"
    DOING = "doing"
    DONE = "done"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Unit(StrEnum):
    """What an estimate counts."""

    POINTS = "points"
    HOURS = "hours"
    DAYS = "days"
    COUNT = "count"


class Origin(StrEnum):
    """How a fact is known: seen by the tracker or by us, found by comparing two snapshots, or told by a file.

    Events are of the first two; a baseline may be imported.
    """

    RECORDED = "recorded"
    RECONSTRUCTED = "reconstructed"
    IMPORTED = "imported"


class Entity(StrEnum):
    """The records that have a history."""

    ISSUE = "issue"
    SPRINT = "sprint"
    MILESTONE = "milestone"


class SprintState(StrEnum):
    FUTURE = "future"
    ACTIVE = "active"
    CLOSED = "closed"


class LinkType(StrEnum):
    """Finish-to-start, start-to-start, finish-to-finish, start-to-finish."""

    FS = "FS"
    SS = "SS"
    FF = "FF"
    SF = "SF"


class CostKind(StrEnum):
    BUDGETED = "budgeted"
    COMMITTED = "committed"
    ACTUAL = "actual"


class EvidenceKind(StrEnum):
    """Why two issues are the same work, strongest first; the last one ties nothing."""

    MANUAL = "manual"
    MARKER = "marker"
    LINK = "link"
    KEY = "key"
    SUGGESTED = "suggested"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One record in one tracker: the connection's name in the config and the tracker's immutable id."""

    connection: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}:{self.id}"

    def __hash__(self) -> int:
        return hash(self.id)


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person's identity in one tracker, keyed by the tracker's immutable account id."""

    ref: Ref
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One record in one tracker, in unified words with the tracker's own beside them.

    `ref.id` never changes; `key` may (moves), and `source` names the source it was read from.
    `assignees`, `sprints` and `milestone` hold the tracker's immutable ids; `labels`, `components` and
    `attributes` its own words. `body` is plain text and `links` are URLs somebody linked explicitly:
    both are evidence for ties. `version` is the tracker's own (updated stamp or ETag), compared for
    equality only. `gone`: the tracker said that it exists no longer. `hidden`: it is no longer shown to us
    and nobody said why, so it stands as it last was.
    """

    ref: Ref
    source: str
    key: str
    title: str
    url: str
    status: StatusCategory
    status_original: str
    type: str = ""
    created: datetime | None = None
    updated: datetime | None = None
    finished: datetime | None = None
    start: date | None = None
    due: date | None = None
    estimate: Decimal | None = None
    unit: Unit = Unit.POINTS
    percent: int | None = None
    assignees: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    components: frozenset[str] = frozenset()
    sprints: frozenset[str] = frozenset()
    milestone: str | None = None
    bucket: str | None = None
    parent: str | None = None
    priority: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    body: str = ""
    links: tuple[str, ...] = ()
    version: str = ""
    gone: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sprint:
    """A time box. `start`, `end` are as planned or as started; `completed` is when it was closed."""

    ref: Ref
    source: str
    name: str
    state: SprintState
    start: datetime | None = None
    end: datetime | None = None
    completed: datetime | None = None
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A dated goal: Jira version, GitHub milestone, dated Planner bucket, or one from the config."""

    ref: Ref
    source: str
    name: str
    due: date | None = None
    done: bool = False
    finished: date | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """`predecessor` drives `successor`; lag in working minutes, negative for a lead."""

    predecessor: Ref
    successor: Ref
    type: LinkType = LinkType.FS
    lag: int = 0


@dataclass(frozen=True, slots=True)
class Worklog:
    ref: Ref
    issue: Ref
    author: str
    started: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Cost:
    """A dated amount; `issue` or `deliverable` say what it belongs to where that is known.

    `order` is the reference of a purchase order: a committed cost bears it, and an actual one that bears
    the same reference draws on that commitment. `person` and `role` say whose time was paid.
    """

    ref: Ref
    source: str
    kind: CostKind
    on: date
    money: Money
    description: str = ""
    issue: str | None = None
    deliverable: str | None = None
    supplier: str = ""
    order: str | None = None
    person: str | None = None
    role: str | None = None
    category: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """An event in unified words; `before` and `after` are texts as model.fields encodes them."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Append-only fact: a field of a record changed.

    `id` is the tracker's own (history id plus position) or, for a reconstructed event, made from its
    content, so that the same fact is stored once. `field`, `before`, `after` are the tracker's own words;
    `meaning` is the unified reading, a projection that can be rebuilt. When we learned it is stamped by
    the recorder.
    """

    entity: Entity
    ref: Ref
    id: str
    field: str
    before: str | None
    after: str | None
    at: datetime
    origin: Origin
    actor: str | None = None
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An event as reports read it: unified field with decoded values (types per model.fields)."""

    entity: Entity
    ref: Ref
    field: str
    before: object
    after: object
    at: datetime
    learned: datetime
    origin: Origin
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class TieEdge:
    """One piece of evidence that two issues are the same work."""

    a: Ref
    b: Ref
    kind: EvidenceKind
    detail: str
    learned: datetime
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class SideValue:
    """What one side of a tie says of a field, and who last said so when; `at` is None without history."""

    ref: Ref
    key: str
    source: str
    value: object
    actor: str | None = None
    at: datetime | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A field on which tied issues do not say the same."""

    field: str
    sides: tuple[SideValue, ...]
