"""What a tenant holds: people, groups, plans, buckets and tasks, each with the version its ETag shows."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

__all__ = [
    "App",
    "Bucket",
    "Change",
    "ChecklistItem",
    "Group",
    "Plan",
    "Task",
    "User",
    "etag",
    "instant",
    "stamp",
]

_NOON_OF_THE_WEB_CLIENT = time(10, 0, tzinfo=UTC)


def etag(kind: str, version: int) -> str:
    """The weak ETag Planner shows: base64 of a quoted kind, padded to six, and a 16-digit counter.

    The counter is written in digits from `@` on and grows by four, as published samples do (D, H, L, P ...).
    """
    digits, rest = "", version * 4
    for _ in range(16):
        digits = chr(ord("@") + rest % 32) + digits
        rest //= 32
    padded = kind + " " * (-len(kind) % 6)
    quoted = f"'1-{padded}{digits}'".encode()
    return f'W/"{base64.b64encode(quoted).decode()}"'


def stamp(at: datetime | None) -> str | None:
    """A server-set instant with the service's seven fractional digits; None stays None."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def instant(value: date | datetime | None) -> datetime | None:
    """A date picked by a person as the instant the client stores; an instant is kept as it is."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, _NOON_OF_THE_WEB_CLIENT)


@dataclass(slots=True)
class App:
    """A registered application: what it proves itself with and which application roles it was granted."""

    id: str
    secret: str
    roles: tuple[str, ...]
    certificate: str | None = None


@dataclass(slots=True)
class User:
    id: str
    name: str
    mail: str | None
    principal: str
    enabled: bool = True


@dataclass(slots=True)
class Group:
    """A Microsoft 365 group; people see the plans of the groups whose members they are."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Plan:
    id: str
    group: str
    title: str
    created: datetime
    ordinal: int
    categories: dict[int, str] = field(default_factory=dict)
    version: int = 1
    details_version: int = 1


@dataclass(slots=True)
class Bucket:
    id: str
    plan: str
    name: str
    ordinal: int
    version: int = 1


@dataclass(slots=True)
class ChecklistItem:
    id: str
    title: str
    checked: bool
    actor: str
    at: datetime


@dataclass(slots=True)
class Task:
    """A task and its details; `ordinal` is the order of creation, which lists keep."""

    id: str
    plan: str
    bucket: str
    title: str
    creator: str
    created: datetime
    ordinal: int
    due: datetime | None = None
    start: datetime | None = None
    priority: int = 5
    percent: int = 0
    completed: datetime | None = None
    completer: str | None = None
    assignees: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    categories: frozenset[int] = frozenset()
    description: str = ""
    references: Mapping[str, str] = field(default_factory=dict)
    referenced: tuple[str, datetime] | None = None
    checklist: tuple[ChecklistItem, ...] = ()
    version: int = 1
    details_version: int = 1

    def copy(self) -> Task:
        """The task as it is now, which later acts leave alone."""
        return replace(self, assignees=dict(self.assignees), references=dict(self.references))

    @property
    def shown(self) -> tuple[object, ...]:
        """What the task resource shows, its outline of the details included: a change is a new version."""
        return (
            *(self.title, self.bucket, self.due, self.start, self.priority, self.percent),
            *(frozenset(self.assignees), self.categories),
            *(bool(self.description), len(self.references), len(self.checklist)),
            sum(item.checked for item in self.checklist),
        )

    @property
    def detailed(self) -> tuple[object, ...]:
        """Everything the details resource shows that an act can change."""
        return (self.description, dict(self.references))


@dataclass(frozen=True, slots=True)
class Change:
    """An act on a task: the task before (None: it was made) and after (None: it was deleted)."""

    ordinal: int
    plan: str
    task: str
    actor: str | None
    at: datetime
    before: Task | None
    after: Task | None
