"""A project's work: canonical items made of tied records, what each said when, and what they belong to.

Everything that reports compute starts from here (`reports.reading` makes it); a record that mirrors another
adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from config.settings import Config, Project
from model.values import Change, Ref, StatusCategory
from reports.calendar import WorkingCalendar
from reports.containers import Goal, TimeBox
from reports.lives import Facts, Life, Rank

if TYPE_CHECKING:
    from model.view import View

__all__ = ["TRACKERS", "Work", "WorkItem"]

TRACKERS = {
    "jira": "Jira",
    "github": "GitHub",
    "planner": "Planner",
    "planner-premium": "Planner",
    "file": "the file",
}
"""A connection's kind -> what people call such a tracker."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A piece of work as at the report's instant, counted once however many records mirror it.

    `id` is the smallest of its records' refs. `estimate` is in the project's unit, None when there is none or
    it cannot be converted; `forecast` is the day it is done, or the later of its due date and today; `leaf`
    is false for an item whose children are counted instead. People, sprints and milestones are named.
    """

    id: str
    members: tuple[Ref, ...]
    key: str
    title: str
    url: str
    tracker: str
    type: str
    status: StatusCategory
    status_original: str
    in_scope: bool
    start: date | None
    due: date | None
    created: datetime | None
    creator: str | None
    finished: datetime | None
    forecast: date | None
    estimate: Decimal | None
    foreign: bool
    owners: tuple[str, ...]
    sprints: tuple[str, ...]
    milestones: tuple[str, ...]
    parent: str | None
    leaf: bool
    rework: bool
    dimensions: tuple[tuple[str, str], ...]

    @property
    def open(self) -> bool:
        """Whether somebody still has to do it."""
        return self.in_scope and self.status is not StatusCategory.DONE


@dataclass(frozen=True)
class Work:
    """One project as one view shows it; every mapping is keyed by the canonical item.

    `goal_members` and `box_members` hold the items that ever were in a milestone or sprint, by its key.
    """

    name: str
    project: Project
    config: Config
    calendar: WorkingCalendar
    at: datetime
    known: datetime
    items: Mapping[str, WorkItem]
    lives: Mapping[str, Life]
    changes: Mapping[str, tuple[Change, ...]]
    children: Mapping[str, tuple[str, ...]]
    predecessors: Mapping[str, tuple[str, ...]]
    time_boxes: tuple[TimeBox, ...]
    goals: tuple[Goal, ...]
    goal_members: Mapping[str, tuple[str, ...]]
    box_members: Mapping[str, tuple[str, ...]]
    item_of: Mapping[Ref, str]
    ranks: Mapping[Ref, Rank]
    history_from: Mapping[str, datetime]
    people: Mapping[str, str]
    view: View

    @property
    def today(self) -> date:
        """The report's day in the project's zone."""
        return self.calendar.date_of(self.at)

    def facts(self, item: str, at: datetime) -> Facts | None:
        """What the item said at an instant; None before it existed, or for an item nobody knows."""
        life = self.lives.get(item)
        return life.at(at) if life is not None else None

    def children_at(self, item: str, at: datetime) -> tuple[str, ...]:
        """The item's children in scope at an instant."""
        found = ((child, self.facts(child, at)) for child in self.children.get(item, ()))
        return tuple(child for child, f in found if f and f.in_scope and f.parent == item)

    def descendants_at(self, item: str, at: datetime) -> tuple[str, ...]:
        """Children, their children and so on; a circle of parents is walked once."""
        found: dict[str, None] = {}
        waiting = [item]
        while waiting:
            for child in self.children_at(waiting.pop(), at):
                if child not in found and child != item:
                    found[child] = None
                    waiting.append(child)
        return tuple(found)

    def tracker(self, connection: str) -> str:
        """What people call the tracker behind a connection."""
        settings = self.config.connections.get(connection)
        return TRACKERS.get(settings.kind, settings.kind) if settings is not None else connection

    def person(self, connection: str, account: str | None) -> str | None:
        """The name of the person behind an account, or the account where nobody is known."""
        return None if account is None else self.people.get(f"{connection}:{account}", account)
