"""How the Operations department works in Planner: buckets, and labels for what plans have no field for."""

from __future__ import annotations

from datetime import date
from typing import Final

from sandbox.clock import WorldClock
from sandbox.graph.state import GraphTenant
from sandbox.world.cast import CAST, PEOPLE, PLANNER
from sandbox.world.desks import Draft, Filed
from sandbox.world.titles import BUCKETS

__all__ = ["PlannerDesk"]

_TENANT: Final = "6f1c0a52-8d3e-4b7a-9f10-2c5d7e8a9b01"
_GROUP: Final = "b2a4c6d8-1357-4246-8ace-135792468ace"
_ROLES: Final = ("Tasks.Read.All", "GroupMember.Read.All", "User.ReadBasic.All")
_WRITING_ROLES: Final = ("Tasks.ReadWrite.All", "GroupMember.Read.All", "User.ReadBasic.All")
_MOST_TASKS: Final = 2000
"""The service refuses more than 3,000 active tasks in a plan; people start another one long before."""

_SIZES: Final = (1, 2, 3, 5, 8, 13, 20)
_LABELS: Final = (*(f"{n} point{'s' if n > 1 else ''}" for n in _SIZES), "wave:1", "wave:2", "wave:3")


class PlannerDesk:
    """The tenant with its people and the plan "ERP cut-over"; a large world needs more plans of that kind.

    `reader` is an application that proves itself with `reader_secret` and may only look; `writer` is one
    that may also change what it sees.
    """

    reader = "0c7d9f1e-2b3a-4c5d-8e6f-7a8b9c0d1e2f"
    reader_secret = "demo-planner-secret-that-opens-nothing-but-the-sandbox"  # noqa: S105
    writer = "5b8e2d47-6f1a-4c93-a0d2-9e3f7c1b8a64"
    writer_secret = "demo-planner-secret-that-changes-nothing-but-the-sandbox"  # noqa: S105

    def __init__(self, clock: WorldClock) -> None:
        self.site = GraphTenant(clock, _TENANT)
        for person in CAST:
            if PLANNER in person.logins:
                self.site.add_user(person.logins[PLANNER], person.name, person.email)
        self.site.add_app(self.reader, self.reader_secret, _ROLES)
        self.site.add_app(self.writer, self.writer_secret, _WRITING_ROLES)
        self.site.add_group(_GROUP, "ERP operations")
        self.titles: dict[str, str] = {}
        self._buckets: dict[str, str] = {}
        self._waves: dict[str, int | None] = {}
        self._open_plan()

    def file(self, draft: Draft) -> Filed:
        if len(self._waves) >= _MOST_TASKS * len(self.titles):
            self._open_plan()
        id = self.site.create_task(
            next(reversed(self.titles)),
            self._buckets[draft.part],
            draft.title,
            _account(draft.by),
            due=draft.due,
            start=draft.start,
            assignees=[_account(draft.owner)] if draft.owner else [],
            categories=_labels(draft.points, draft.wave),
            description=draft.body,
            references=draft.links,
        )
        self._waves[id] = draft.wave
        return Filed(id, id, "")

    def start(self, id: str, by: str) -> None:
        self.site.edit_task(id, _account(by), percent=50)

    def close(self, id: str, by: str) -> None:
        self.site.edit_task(id, _account(by), percent=100)

    def reopen(self, id: str, by: str) -> None:
        self.start(id, by)

    def cancel(self, id: str, by: str) -> None:
        """Planner knows no other way to say that something will not be done."""
        self.delete(id)

    def delete(self, id: str) -> None:
        self.site.delete_task(id)

    def set_due(self, id: str, by: str, due: date | None) -> None:
        self.site.edit_task(id, _account(by), due=due)

    def estimate(self, id: str, by: str, points: int | None) -> None:
        self.site.edit_task(id, _account(by), categories=_labels(points, self._waves[id]))

    def assign(self, id: str, by: str, owner: str | None) -> None:
        self.site.edit_task(id, _account(by), assignees=[_account(owner)] if owner else [])

    @property
    def plans(self) -> list[str]:
        """The ids of the plans, in the order in which they were opened."""
        return list(self.titles)

    def retitle(self, id: str, by: str, title: str) -> None:
        self.site.edit_task(id, _account(by), title=title)

    def _open_plan(self) -> None:
        title = "ERP cut-over" if not self.titles else f"ERP cut-over {len(self.titles) + 1}"
        plan = self.site.add_plan(_GROUP, title)
        self.site.set_categories(plan, dict(enumerate(_LABELS, start=1)))
        self._buckets = {name: self.site.add_bucket(plan, name) for name in BUCKETS}
        self.titles[plan] = title


def _account(person: str) -> str:
    return PEOPLE[person].logins[PLANNER]


def _labels(points: int | None, wave: int | None) -> list[str]:
    size = [_LABELS[_SIZES.index(points)]] if points else []
    return [*size, *([f"wave:{wave}"] if wave else [])]
