"""The three trackers behind one set of verbs, so that a script need not know which one it writes to.

A desk turns "the work is done" into what people do in that tracker: a transition, a closed issue and a moved
card, or a percentage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

__all__ = ["Desk", "Draft", "Filed", "SprintDesk"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new record says. People are keys of the cast, `parent` is a record's id, `sprint` a number."""

    title: str
    type: str
    by: str
    body: str = ""
    part: str = ""
    project: str = ""
    wave: int | None = None
    owner: str | None = None
    points: int | None = None
    start: date | None = None
    due: date | None = None
    sprint: int | None = None
    milestone: str | None = None
    parent: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filed:
    """A record as it was filed: the tracker's immutable id, the key people say, the address they paste."""

    id: str
    key: str
    url: str


class Desk(Protocol):
    """One tracker. `id` is always a record's immutable id and `by` a key of the cast."""

    def file(self, draft: Draft) -> Filed: ...

    def start(self, id: str, by: str) -> None: ...

    def close(self, id: str, by: str) -> None: ...

    def reopen(self, id: str, by: str) -> None: ...

    def cancel(self, id: str, by: str) -> None: ...

    def delete(self, id: str) -> None: ...

    def set_due(self, id: str, by: str, due: date | None) -> None: ...

    def estimate(self, id: str, by: str, points: int | None) -> None: ...

    def assign(self, id: str, by: str, owner: str | None) -> None: ...

    def retitle(self, id: str, by: str, title: str) -> None: ...


class SprintDesk(Desk, Protocol):
    """A tracker that also has sprints, reviews and milestones; sprints are known by their number."""

    def review(self, id: str, by: str) -> None: ...

    def put_in_sprint(self, id: str, by: str, sprint: int | None) -> None: ...

    def sprint_id(self, number: int) -> str: ...

    def add_milestone(self, name: str, due: date, by: str) -> str: ...

    def move_milestone(self, name: str, due: date) -> None: ...

    def reach_milestone(self, name: str) -> None: ...

    def set_milestone(self, id: str, by: str, name: str | None) -> None: ...

    def block(self, id: str, other: str, by: str) -> None: ...
