"""What the site holds: accounts, repositories, issues with their timelines, and Projects with their items."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

__all__ = [
    "Account",
    "Comment",
    "Draft",
    "FieldType",
    "FieldValue",
    "Given",
    "Issue",
    "IssueField",
    "IssueType",
    "Item",
    "Iteration",
    "Label",
    "Milestone",
    "Moment",
    "Option",
    "Project",
    "ProjectField",
    "Repo",
    "StateReason",
    "Visibility",
    "node_id",
    "pacific_midnight",
    "stamp",
]

Visibility = Literal["public", "private", "internal"]
StateReason = Literal["completed", "reopened", "not_planned", "duplicate"]
FieldType = (
    Literal["title", "assignees", "labels", "milestone", "text", "number", "date"]
    | Literal["single_select", "iteration"]
)
_PACIFIC = ZoneInfo("America/Los_Angeles")


def node_id(prefix: str, *numbers: int) -> str:
    """A global id in GitHub's present form: a prefix for the type and URL-safe base64 of its numbers."""
    packed = b"".join(struct.pack(">Q", number).lstrip(b"\0") or b"\0" for number in numbers)
    return f"{prefix}_kwDO{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def stamp(at: datetime | None) -> str | None:
    """An instant as GitHub writes it: UTC, whole seconds, `Z`; None stays None."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pacific_midnight(due: date | datetime | None) -> datetime | None:
    """A due date as GitHub keeps it: the midnight in US Pacific time at or before the instant given.

    A plain date is the day a person picks on the web page, hence midnight of that very day.
    """
    if due is None:
        return None
    day = due.astimezone(_PACIFIC).date() if isinstance(due, datetime) else due
    return datetime.combine(day, time(), _PACIFIC).astimezone(UTC)


@dataclass(slots=True)
class Account:
    """A user or an organization."""

    id: int
    login: str
    name: str
    email: str | None
    created: datetime
    organization: bool = False

    @property
    def node_id(self) -> str:
        return node_id("O" if self.organization else "U", self.id)


@dataclass(slots=True)
class Label:
    id: int
    name: str
    color: str
    created: datetime

    @property
    def node_id(self) -> str:
        return node_id("LA", self.id)


@dataclass(slots=True)
class Milestone:
    id: int
    number: int
    repo: Repo
    title: str
    description: str | None
    creator: Account | None
    created: datetime
    updated: datetime
    due_on: datetime | None = None
    closed: datetime | None = None

    @property
    def node_id(self) -> str:
        return node_id("MI", self.id)

    @property
    def state(self) -> str:
        return "closed" if self.closed else "open"


@dataclass(frozen=True, slots=True)
class IssueType:
    id: int
    name: str
    color: str

    @property
    def node_id(self) -> str:
        return node_id("IT", self.id)


@dataclass(frozen=True, slots=True)
class IssueField:
    """A field that an organization gives to all its issues; `options` are the names of a single select's."""

    id: int
    name: str
    type: str
    options: tuple[str, ...] = ()

    @property
    def node_id(self) -> str:
        return node_id("IF", self.id)


@dataclass(frozen=True, slots=True)
class Given:
    """What an issue has in one of those fields: a number, or a text, as which dates are kept."""

    field: IssueField
    value: str | float


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline; `event` is the REST name and `detail` holds the records it is about."""

    id: int
    event: str
    actor: Account | None
    at: datetime
    detail: Mapping[str, Any]

    @property
    def node_id(self) -> str:
        return node_id("".join(word[0] for word in self.event.split("_")).upper() + "E", self.id)


@dataclass(slots=True, eq=False)
class Issue:
    """An issue or a pull request: both are numbered in one sequence and share the REST list."""

    id: int
    repo: Repo
    number: int
    title: str
    body: str | None
    creator: Account | None
    created: datetime
    updated: datetime
    pull: bool = False
    closed: datetime | None = None
    closer: Account | None = None
    reason: StateReason | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    milestone: Milestone | None = None
    type: IssueType | None = None
    parent: Issue | None = None
    children: list[Issue] = field(default_factory=list)
    blocked_by: list[Issue] = field(default_factory=list)
    blocking: list[Issue] = field(default_factory=list)
    pulls: list[Issue] = field(default_factory=list)
    fields: dict[int, Given] = field(default_factory=dict)
    timeline: list[Moment] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)

    @property
    def node_id(self) -> str:
        return node_id("PR" if self.pull else "I", self.repo.id, self.id)

    @property
    def state(self) -> str:
        return "closed" if self.closed else "open"


@dataclass(slots=True, eq=False)
class Comment:
    """What somebody said below an issue."""

    id: int
    issue: Issue
    author: Account
    body: str
    created: datetime
    updated: datetime

    @property
    def node_id(self) -> str:
        return node_id("IC", self.id)


@dataclass(slots=True, eq=False)
class Repo:
    """`version` counts every change to what the repository's lists show, so that they can be cached."""

    id: int
    owner: Account
    name: str
    visibility: Visibility
    created: datetime
    issues: dict[int, Issue] = field(default_factory=dict)
    milestones: dict[int, Milestone] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    moved: dict[int, Issue] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    last_number: int = 0
    last_milestone: int = 0
    version: int = 0

    @property
    def node_id(self) -> str:
        return node_id("R", self.id)

    @property
    def private(self) -> bool:
        """Whether strangers do not see it: GitHub calls internal ones private, too."""
        return self.visibility != "public"

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"


@dataclass(frozen=True, slots=True)
class Option:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Iteration:
    id: str
    title: str
    start: date
    days: int

    def over(self, today: date) -> bool:
        """Whether it lies in the past: its last day is start + days - 1."""
        return self.start + timedelta(days=self.days) <= today


@dataclass(slots=True)
class ProjectField:
    id: int
    name: str
    type: FieldType
    created: datetime
    updated: datetime
    options: tuple[Option, ...] = ()
    iterations: tuple[Iteration, ...] = ()
    duration: int = 14
    start_day: int = 1

    @property
    def node_id(self) -> str:
        prefix = {"single_select": "PVTSSF", "iteration": "PVTIF"}.get(self.type, "PVTF")
        return node_id(prefix, self.id)


@dataclass(slots=True)
class FieldValue:
    """A value somebody gave an item: text, number or date, or the chosen option's or iteration's id."""

    id: int
    field: ProjectField
    value: str | float | date
    creator: Account | None
    created: datetime
    updated: datetime

    @property
    def node_id(self) -> str:
        return node_id("PVTFV", self.field.id, self.id)


@dataclass(slots=True, eq=False)
class Draft:
    """A draft issue: a card that lives in a project only."""

    id: int
    title: str
    body: str
    creator: Account | None
    created: datetime
    updated: datetime

    @property
    def node_id(self) -> str:
        return node_id("DI", self.id)


@dataclass(slots=True, eq=False)
class Item:
    id: int
    project: Project
    content: Issue | Draft
    creator: Account | None
    created: datetime
    updated: datetime
    values: dict[int, FieldValue] = field(default_factory=dict)
    archived: bool = False

    @property
    def node_id(self) -> str:
        return node_id("PVTI", self.project.id, self.id)


@dataclass(slots=True, eq=False)
class Project:
    """A Projects v2 board; `items` keep the order of the board, by item id; `cards` find them by content."""

    id: int
    number: int
    owner: Account
    title: str
    creator: Account | None
    created: datetime
    updated: datetime
    closed: datetime | None = None
    fields: dict[int, ProjectField] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)
    cards: dict[Issue | Draft, Item] = field(default_factory=dict)

    @property
    def node_id(self) -> str:
        return node_id("PVT", self.owner.id, self.id)

    def named(self, name: str) -> ProjectField | None:
        """The field of this name, whatever its case."""
        return next((one for one in self.fields.values() if one.name.casefold() == name.casefold()), None)
