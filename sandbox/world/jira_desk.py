"""How the Finance department works in Jira: one scrum board, versions as milestones, worklogs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sandbox.clock import WorldClock
from sandbox.jira.state import JiraSite
from sandbox.world.cast import CAST, JIRA, PEOPLE
from sandbox.world.days import SPRINTS, local
from sandbox.world.desks import Draft, Filed

__all__ = ["JiraDesk"]

_ZONE: Final = "Europe/London"
_READER: Final = "712020:c0557e1e"
_WRITER: Final = "712020:c0557e1f"


class JiraDesk:
    """The site with its projects ERP and ERPX, its people, a board and six planned sprints.

    `reader` signs in with `reader_token` and may only look; `writer` may also create and edit issues, but
    administers nothing.
    """

    reader = "crosstie@northwind.example"
    reader_token = "demo-jira-token-that-opens-nothing-but-the-sandbox"  # noqa: S105
    writer = "crosstie-writes@northwind.example"
    writer_token = "demo-jira-token-that-writes-into-nothing-but-the-sandbox"  # noqa: S105

    def __init__(self, clock: WorldClock, url: str) -> None:
        self.site = JiraSite(clock, url)
        for person in CAST:
            if JIRA in person.logins:
                self.site.add_user(person.logins[JIRA], person.name, person.email, person.zone)
        self.site.add_user(_READER, "Crosstie", self.reader)
        self.site.add_token(_READER, self.reader, self.reader_token)
        self.site.onlookers.add(_READER)
        self.site.add_user(_WRITER, "Crosstie (writes)", self.writer)
        self.site.add_token(_WRITER, self.writer, self.writer_token)
        self.site.add_project("ERP", "ERP rollout")
        self.site.add_project("ERPX", "ERP extensions")
        self.board = self.site.add_board("ERP", "ERP board")
        self._sprints = {
            box.number: self.site.create_sprint(
                self.board, box.name, local(_ZONE, box.first, 10), local(_ZONE, box.last, 17)
            )
            for box in SPRINTS
        }
        self._versions: dict[str, str] = {}

    def file(self, draft: Draft) -> Filed:
        id = self.site.create_issue(
            draft.project,
            draft.type,
            draft.title,
            _account(draft.by),
            description=draft.body,
            points=draft.points,
            due=draft.due,
            start=draft.start,
            assignee=_account(draft.owner) if draft.owner else None,
            labels=(f"wave:{draft.wave}",) if draft.wave else (),
            components=(draft.part,) if draft.part else (),
            parent=draft.parent,
            sprint=self._sprints[draft.sprint] if draft.sprint else None,
            version=self._versions[draft.milestone] if draft.milestone else None,
            original_estimate_s=draft.points * 14_400 if draft.points else None,
        )
        key = self.site.key_of(id)
        return Filed(id, key, f"{self.site.url}/browse/{key}")

    def start(self, id: str, by: str) -> None:
        self.site.transition(id, _account(by), "In Progress")

    def review(self, id: str, by: str) -> None:
        self.site.transition(id, _account(by), "In Review")

    def close(self, id: str, by: str) -> None:
        self.site.transition(id, _account(by), "Done")

    def reopen(self, id: str, by: str) -> None:
        self.start(id, by)

    def cancel(self, id: str, by: str) -> None:
        self.site.transition(id, _account(by), "Cancelled")

    def delete(self, id: str) -> None:
        self.site.delete_issue(id)

    def set_due(self, id: str, by: str, due: date | None) -> None:
        self.site.edit(id, _account(by), due=due)

    def estimate(self, id: str, by: str, points: int | None) -> None:
        self.site.edit(id, _account(by), points=points)

    def assign(self, id: str, by: str, owner: str | None) -> None:
        self.site.edit(id, _account(by), assignee=_account(owner) if owner else None)

    def retitle(self, id: str, by: str, title: str) -> None:
        self.site.edit(id, _account(by), summary=title)

    def describe(self, id: str, by: str, text: str) -> None:
        self.site.edit(id, _account(by), description=text)

    def put_in_sprint(self, id: str, by: str, sprint: int | None) -> None:
        self.site.edit(id, _account(by), sprint=self._sprints[sprint] if sprint else None)

    def block(self, id: str, other: str, by: str) -> None:
        self.site.block(id, other, _account(by))

    # Sprints and versions

    def sprint_id(self, number: int) -> str:
        return str(self._sprints[number])

    def open_sprint(self, number: int) -> None:
        self.site.start_sprint(self._sprints[number])

    def close_sprint(self, number: int, carry_to: int | None, by: str) -> None:
        target = self._sprints[carry_to] if carry_to else None
        self.site.close_sprint(self._sprints[number], target, _account(by))

    def add_milestone(self, name: str, due: date, by: str) -> str:
        self._versions[name] = self.site.create_version("ERP", name, due)
        return self._versions[name]

    def move_milestone(self, name: str, due: date) -> None:
        self.site.set_version(self._versions[name], release_date=due)

    def reach_milestone(self, name: str) -> None:
        self.site.set_version(self._versions[name], released=True)

    def set_milestone(self, id: str, by: str, name: str | None) -> None:
        self.site.edit(id, _account(by), version=self._versions[name] if name else None)

    # What only Jira has

    def log_work(self, id: str, by: str, started: datetime, seconds: int) -> str:
        return self.site.log_work(id, _account(by), started, seconds)

    def delete_log(self, log: str) -> None:
        self.site.delete_worklog(log)

    def rekey(self, id: str, project: str, by: str) -> str:
        return self.site.move(id, project, _account(by))


def _account(person: str) -> str:
    return PEOPLE[person].logins[JIRA]
