"""How the Integration department works in GitHub: one repository, and a board for what issues lack."""

from __future__ import annotations

from datetime import date
from typing import Final

from sandbox.clock import WorldClock
from sandbox.github.state import GitHubSite
from sandbox.world.cast import CAST, GITHUB, PEOPLE
from sandbox.world.days import SPRINTS
from sandbox.world.desks import Draft, Filed

__all__ = ["GitHubDesk"]

_ORG: Final = "northwind"
_READER: Final = "northwind-crosstie"
_WRITER: Final = "northwind-crosstie-sync"
_STATUS: Final = ("Todo", "In Progress", "In Review", "Done")
_ITERATION_DAYS: Final = 28


class GitHubDesk:
    """The organization's repository and its board with sprint, estimate, dates and status."""

    repo = f"{_ORG}/erp-integration"
    reader_token = "demo-github-token-that-opens-nothing-but-the-sandbox"  # noqa: S105

    def __init__(self, clock: WorldClock, url: str) -> None:
        self.site = GitHubSite(clock)
        self.url = url
        self.site.add_org(_ORG, "Northwind")
        for person in CAST:
            if GITHUB in person.logins:
                self.site.add_user(person.logins[GITHUB], person.name, person.email)
        self.site.add_user(_READER, "Crosstie")
        self.site.add_token(_READER, self.reader_token, ("repo", "read:org", "read:project"))
        self.site.add_repo(self.repo, private=True)
        self.site.set_role(self.repo, _READER, "read")
        self.project = self.site.add_project(_ORG, "ERP integration")
        self.site.add_field(_ORG, self.project, "Status", "single_select", options=_STATUS)
        self.site.add_field(_ORG, self.project, "Estimate", "number")
        self.site.add_field(_ORG, self.project, "Start date", "date")
        self.site.add_field(_ORG, self.project, "Target date", "date")
        iterations = [(box.name, box.first, _ITERATION_DAYS) for box in SPRINTS]
        self.site.add_field(_ORG, self.project, "Sprint", "iteration", iterations=iterations)
        self._milestones: dict[str, int] = {}
        self._places: dict[str, tuple[int, str]] = {}

    @property
    def writer_token(self) -> str:
        """A token of an account that may write, which joins when it is first asked for."""
        token = "demo-github-token-that-writes-nowhere-but-in-the-sandbox"  # noqa: S105
        if token not in self.site.tokens:
            self.site.add_user(_WRITER, "Crosstie")
            self.site.add_token(_WRITER, token, ("repo", "read:org", "project"))
        return token

    def file(self, draft: Draft) -> Filed:
        number = self.site.create_issue(
            self.repo,
            draft.title,
            _login(draft.by),
            body=draft.body,
            labels=[
                *([f"wave:{draft.wave}"] if draft.wave else []),
                *([f"area:{draft.part}"] if draft.part else []),
            ],
            assignees=[_login(draft.owner)] if draft.owner else [],
            milestone=self._milestones[draft.milestone] if draft.milestone else None,
            type=draft.type,
            parent=self._places[draft.parent][0] if draft.parent else None,
        )
        id = self.site.node_of(self.repo, number)
        item = self.site.add_item(_ORG, self.project, self.repo, number, _login(draft.by))
        self._places[id] = (number, item)
        for name, value in (
            ("Status", "Todo"),
            ("Estimate", draft.points),
            ("Start date", draft.start),
            ("Target date", draft.due),
            ("Sprint", SPRINTS[draft.sprint - 1].name if draft.sprint else None),
        ):
            if value is not None:
                self._set(id, draft.by, name, value)
        return Filed(id, f"{self.repo}#{number}", f"{self.url}/{self.repo}/issues/{number}")

    def start(self, id: str, by: str) -> None:
        self._set(id, by, "Status", "In Progress")

    def review(self, id: str, by: str) -> None:
        self._set(id, by, "Status", "In Review")

    def close(self, id: str, by: str) -> None:
        self.site.close(self.repo, self._number(id), _login(by))
        self._set(id, by, "Status", "Done")

    def reopen(self, id: str, by: str) -> None:
        self.site.reopen(self.repo, self._number(id), _login(by))
        self._set(id, by, "Status", "In Progress")

    def cancel(self, id: str, by: str) -> None:
        """The board's own rule puts every closed issue under Done, whatever it was closed for."""
        self.site.close(self.repo, self._number(id), _login(by), "not_planned")
        self._set(id, by, "Status", "Done")

    def delete(self, id: str) -> None:
        self.site.delete(self.repo, self._number(id))
        del self._places[id]

    def set_due(self, id: str, by: str, due: date | None) -> None:
        self._set(id, by, "Target date", due)

    def estimate(self, id: str, by: str, points: int | None) -> None:
        self._set(id, by, "Estimate", points)

    def assign(self, id: str, by: str, owner: str | None) -> None:
        assignees = [_login(owner)] if owner else []
        self.site.edit_issue(self.repo, self._number(id), _login(by), assignees=assignees)

    def retitle(self, id: str, by: str, title: str) -> None:
        self.site.edit_issue(self.repo, self._number(id), _login(by), title=title)

    def put_in_sprint(self, id: str, by: str, sprint: int | None) -> None:
        self._set(id, by, "Sprint", SPRINTS[sprint - 1].name if sprint else None)

    def sprint_id(self, number: int) -> str:
        sprint = self.site.project(_ORG, self.project).named("Sprint")
        assert sprint is not None
        return next(one.id for one in sprint.iterations if one.title == SPRINTS[number - 1].name)

    def block(self, id: str, other: str, by: str) -> None:
        self.site.block(self.repo, self._number(id), self._number(other), _login(by))

    # Milestones

    def add_milestone(self, name: str, due: date, by: str) -> str:
        self._milestones[name] = self.site.create_milestone(self.repo, name, due, _login(by))
        return self.site.milestone(self.repo, self._milestones[name]).node_id

    def move_milestone(self, name: str, due: date) -> None:
        self.site.edit_milestone(self.repo, self._milestones[name], due_on=due)

    def reach_milestone(self, name: str) -> None:
        self.site.edit_milestone(self.repo, self._milestones[name], closed=True)

    def set_milestone(self, id: str, by: str, name: str | None) -> None:
        milestone = self._milestones[name] if name else None
        self.site.edit_issue(self.repo, self._number(id), _login(by), milestone=milestone)

    # What only GitHub has

    def open_pull(self, id: str, by: str, title: str) -> str:
        number = self.site.create_pull(self.repo, title, _login(by), f"Closes #{self._number(id)}")
        return f"{self.repo}#{number}"

    def _number(self, id: str) -> int:
        return self._places[id][0]

    def _set(self, id: str, by: str, name: str, value: str | int | date | None) -> None:
        self.site.set_field(_ORG, self.project, self._places[id][1], name, value, _login(by))


def _login(person: str) -> str:
    return PEOPLE[person].logins[GITHUB]
