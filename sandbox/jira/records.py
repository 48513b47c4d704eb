"""What a Jira site holds, as plain records; ids are strings except where the agile API counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sandbox.jira.catalog import IssueType, Named, Status

__all__ = [
    "Board",
    "Comment",
    "History",
    "Issue",
    "Item",
    "Level",
    "Project",
    "RemoteLink",
    "Sprint",
    "User",
    "Version",
    "Worklog",
]


@dataclass(frozen=True, slots=True)
class User:
    """An account; `email` None means that its owner hides it, `zone` is how its dates in JQL are read."""

    account_id: str
    name: str
    email: str | None
    zone: str


@dataclass(slots=True)
class Project:
    """`team_managed` decides which of the two points fields is used; `readers` None: everybody may browse.

    `former` are keys it had before it was renamed; they go on finding it.
    """

    id: str
    key: str
    name: str
    team_managed: bool = False
    readers: frozenset[str] | None = None
    former: tuple[str, ...] = ()
    last_number: int = 0
    versions: list[str] = field(default_factory=list)
    components: list[Named] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Level:
    """An issue security level: only these accounts see the issues that have it."""

    id: str
    name: str
    readers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Board:
    id: int
    project: str
    name: str
    type: str


@dataclass(slots=True)
class Sprint:
    id: int
    board: int
    name: str
    state: str
    created: datetime
    start: datetime | None = None
    end: datetime | None = None
    completed: datetime | None = None
    goal: str = ""


@dataclass(slots=True)
class Version:
    id: str
    project: str
    name: str
    release: date | None = None
    released: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a change: ids, and texts as a person sees them; `field_id` may be absent."""

    field: str
    field_id: str | None
    before: str | None
    before_text: str | None
    after: str | None
    after_text: str | None
    custom: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """One save of an issue; several fields may have changed in it. `author` None: Jira itself."""

    id: int
    author: str | None
    at: datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Worklog:
    id: int
    issue: str
    author: str
    created: datetime
    started: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote below an issue: as a text, and as a document where it came as one."""

    id: int
    issue: str
    author: str
    created: datetime
    text: str
    document: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RemoteLink:
    """An address an issue is linked to; who links the same `global_id` again changes the link."""

    url: str
    title: str
    global_id: str | None = None
    application: tuple[str | None, str | None] = (None, None)
    relationship: str | None = None


@dataclass(slots=True)
class Issue:
    """One issue as it is now, with everything that ever changed it, oldest first.

    `sprints` lists past sprints and, last, the open one; `versions` holds ids; `blocks` and `blocked_by` map
    a link's id to the other issue's id, `remote` to an address; estimates and time spent are seconds.
    `document` is the description as it was written through the API, `properties` are what apps keep here.
    """

    id: str
    project: str
    key: str
    number: int
    type: IssueType
    summary: str
    status: Status
    priority: Named
    creator: str
    created: datetime
    updated: datetime
    category_changed: datetime
    description: str = ""
    points: float | None = None
    due: date | None = None
    start: date | None = None
    assignee: str | None = None
    labels: tuple[str, ...] = ()
    components: tuple[Named, ...] = ()
    parent: str | None = None
    sprints: tuple[int, ...] = ()
    versions: tuple[str, ...] = ()
    level: Level | None = None
    resolution: Named | None = None
    resolved: datetime | None = None
    original_estimate: int | None = None
    remaining_estimate: int | None = None
    time_spent: int | None = None
    worklogs: list[int] = field(default_factory=list)
    remote: dict[str, RemoteLink] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    document: dict[str, Any] | None = None
    blocks: dict[str, str] = field(default_factory=dict)
    blocked_by: dict[str, str] = field(default_factory=dict)
    history: list[History] = field(default_factory=list)
