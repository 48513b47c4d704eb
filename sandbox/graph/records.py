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
    "application",
    "etag",
    "instant",
    "key_of",
    "stamp",
    "version_of",
]

_DIGITS = 16

_NOON_OF_THE_WEB_CLIENT = time(10, 0, tzinfo=UTC)


def etag(kind: str, version: int) -> str:
    """The weak ETag Planner shows: base64 of a quoted kind, padded to six, and a 16-digit counter.

    The counter is written in digits from `@` on and grows by four, as published samples do (D, H, L, P ...).
    """
    digits, rest = "", version * 4
    for _ in range(_DIGITS):
        digits = chr(ord("@") + rest % 32) + digits
        rest //= 32
    padded = kind + " " * (-len(kind) % 6)
    quoted = f"'1-{padded}{digits}'".encode()
    return f'W/"{base64.b64encode(quoted).decode()}"'


def version_of(kind: str, tag: str) -> int | None:
    """The version that an ETag of this kind of resource stands for; None: it is none of this kind."""
    try:
        quoted = base64.b64decode(tag.removeprefix('W/"').removesuffix('"'), validate=True).decode()
    except ValueError:
        return None
    counter = 0
    for digit in quoted[-_DIGITS - 1 : -1]:
        counter = counter * 32 + ord(digit) - ord("@")
    return counter // 4 if etag(kind, counter // 4) == tag else None


def application(id: str) -> str:
    """The actor that stands for an application alone, which is nobody."""
    return f"app {id}"


def key_of(url: str) -> str:
    """A URL as a property name: the characters OData can't take there are percent-encoded, `/` is not."""
    return "".join(f"%{ord(char):02X}" if char in "%.:@#" else char for char in url)


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
    hint: str = ""
    version: int = 1


@dataclass(slots=True)
class ChecklistItem:
    id: str
    title: str
    checked: bool
    actor: str
    at: datetime
    hint: str = ""


@dataclass(slots=True)
class Task:
    """A task and its details; `ordinal` is the order of creation, which lists keep.

    Who did something is a person's id, or an `application`. `hint` is where people put the task by hand.
    `kinds` are the types of references, where they are not "Other".
    """

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
    kinds: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    preview: str = "automatic"
    thread: str | None = None
    version: int = 1
    details_version: int = 1

    def copy(self) -> Task:
        """The task as it is now, which later acts leave alone."""
        return replace(self, assignees=dict(self.assignees), references=dict(self.references))

    @property
    def shown(self) -> dict[str, object]:
        """What the task resource shows, its outline of the details included: a change is a new version.

        The keys are paths of its properties, which tell whether two changes overlap.
        """
        return {
            "title": self.title,
            "bucketId": self.bucket,
            "dueDateTime": self.due,
            "startDateTime": self.start,
            "priority": self.priority,
            "percentComplete": self.percent,
            "orderHint": self.hint,
            "conversationThreadId": self.thread,
            "hasDescription": bool(self.description),
            "referenceCount": len(self.references),
            "checklistItemCount": len(self.checklist),
            "activeChecklistItemCount": sum(not item.checked for item in self.checklist),
            **{f"assignments/{person}": True for person in self.assignees},
            **{f"appliedCategories/category{slot}": True for slot in self.categories},
        }

    @property
    def detailed(self) -> dict[str, object]:
        """Everything the details resource shows that an act can change, by the paths of its properties."""
        return {
            "description": self.description,
            "previewType": self.preview,
            **{f"references/{url}": (alias, self.kinds.get(url)) for url, alias in self.references.items()},
            **{
                f"checklist/{item.id}": (item.title, item.checked, item.hint, position)
                for position, item in enumerate(self.checklist)
            },
        }


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
