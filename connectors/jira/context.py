"""What the streams of one pull share."""

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

__all__ = ["Pulled", "parked"]


@dataclass(slots=True)
class Pulled:
    """One pull's surroundings, and what its streams have learned for one another.

    `server_time` is Jira's own clock at the start. `sprints` and `versions` are the ids already told;
    `members` and `strangers` are ids of issues known to be, or not to be, in the project.
    """

    client: JiraClient
    words: Words
    project: ProjectRecord
    boards: Sequence[int]
    page: int
    server_time: datetime
    sprints: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)

    @property
    def fields(self) -> tuple[str, ...]:
        return (*SYSTEM_FIELDS, *self.words.fields.custom)


class _Name(msgspec.Struct, frozen=True):
    id: Any = None
    key: Any = None


def parked(raw: msgspec.Raw, odd: SkipIssue) -> Parked:
    """A record set aside, under whatever name it still gives."""
    try:
        name = decode_record(raw, _Name)
    except SkipIssue:
        name = _Name()
    id = str(name.id) if isinstance(name.id, str | int) else "unknown"
    return Parked(id, name.key if isinstance(name.key, str) else "", str(odd))
