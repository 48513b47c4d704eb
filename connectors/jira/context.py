"""What the streams of one reading share, whether it is asked for or replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from connectors.base import Parked
from connectors.errors import SkipIssue
from connectors.jira.client import JiraClient
from connectors.jira.mapping import SYSTEM_FIELDS
from connectors.jira.records import ProjectRecord
from connectors.jira.words import Words
from connectors.payload import decode_record

__all__ = ["Known", "Pulled", "parked", "stamp"]


@dataclass(slots=True)
class Known:
    """A source's vocabulary, and what its pages have told so far.

    `sprints` and `versions` are the ids already told, `members` the keys of issues read from the project.
    """

    words: Words
    sprints: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    members: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Pulled:
    """One pull's surroundings.

    `began` is when it began by Jira's own clock and `walk` its name for raw pages. `listed` are the ids that
    the census counts to the project as read, `waiting` those that it met first now, `joined` those that were
    read and are not among the listed, `read` those that this pull's search brought, `spoilt`
    those of them that could not be understood. `count` is Jira's own count. `reread`: the issues are to be
    read from the start again.
    """

    client: JiraClient
    known: Known
    project: ProjectRecord
    boards: Sequence[int]
    page: int
    began: datetime
    listed: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    spoilt: set[str] = field(default_factory=set)
    oldest: int | None = None
    count: int | None = None
    reread: bool = False

    @property
    def words(self) -> Words:
        return self.known.words

    @property
    def fields(self) -> tuple[str, ...]:
        return (*SYSTEM_FIELDS, *self.words.fields.custom)

    @property
    def walk(self) -> str:
        return f"{self.began:%Y-%m-%dT%H:%M:%S.%fZ}"

    @property
    def jql(self) -> str:
        """All issues of the project."""
        return f'project = "{self.project.key}"'

    def is_home(self, project: ProjectRecord) -> bool:
        return project.id == self.project.id or project.key == self.project.key

    @property
    def now(self) -> int:
        return stamp(self.began)


def stamp(at: datetime) -> int:
    """Milliseconds, as Jira counts them."""
    return round(at.timestamp() * 1000)


class _Name(msgspec.Struct, frozen=True):
    id: Any = None
    key: Any = None


def parked(raw: msgspec.Raw | bytes, odd: SkipIssue) -> Parked:
    """A record set aside, under whatever name it still gives."""
    try:
        name = decode_record(raw, _Name)
    except SkipIssue:
        name = _Name()
    id = str(name.id) if isinstance(name.id, str | int) else "unknown"
    return Parked(id, name.key if isinstance(name.key, str) else "", str(odd))
