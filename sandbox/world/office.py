"""The desks of all departments, and what the departments share: the rhythm of sprints and the milestones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from sandbox.ledger import Ledger
from sandbox.world.cast import GITHUB, JIRA, PLANNER
from sandbox.world.days import MILESTONES, SPRINTS
from sandbox.world.desks import Desk, SprintDesk
from sandbox.world.github_desk import GitHubDesk
from sandbox.world.jira_desk import JiraDesk
from sandbox.world.planner_desk import PlannerDesk
from sandbox.world.records import Books, Record
from sandbox.world.work import Act, Verb

__all__ = ["Office", "OfficeActs"]

_AFTER: Final = {
    one.name: next((later.name for later in MILESTONES[n + 1 :] if later.tracker == one.tracker), None)
    for n, one in enumerate(MILESTONES)
}
"""Milestone -> the next one in its tracker, which takes what is not done."""


class Office:
    """Where everybody sits; `closed_sprints` are those the scrum master has closed in Jira."""

    def __init__(self, jira: JiraDesk, github: GitHubDesk, planner: PlannerDesk) -> None:
        self.jira, self.github, self.planner = jira, github, planner
        self.desks: Mapping[str, Desk] = {JIRA: jira, GITHUB: github, PLANNER: planner}
        self.sprint_desks: Mapping[str, SprintDesk] = {JIRA: jira, GITHUB: github}
        self.closed_sprints: set[int] = set()


class OfficeActs:
    """One method for each verb that concerns everybody; `plays` finds them."""

    def __init__(self, office: Office, books: Books, ledger: Ledger) -> None:
        self._office = office
        self._books = books
        self._ledger = ledger
        self._due = {one.name: one.due for one in MILESTONES}
        self._tracker = {one.name: one.tracker for one in MILESTONES}
        self._ids: dict[str, str] = {}
        self.plays: Mapping[Verb, Callable[[Act], None]] = {
            Verb.SET_UP: self._set_up,
            Verb.OPEN_SPRINT: self._open_sprint,
            Verb.CLOSE_SPRINT: self._close_sprint,
            Verb.ROLL_ITERATION: self._roll_iteration,
            Verb.MOVE_MILESTONE: self._move_milestone,
            Verb.REACH_MILESTONE: self._reach_milestone,
        }

    def _set_up(self, act: Act) -> None:
        """The sprints as planned and the milestones as promised."""
        for tracker, desk in self._office.sprint_desks.items():
            for box in SPRINTS:
                facts = {"tracker": tracker, "sprint": box.name, "record": desk.sprint_id(box.number)}
                self._ledger.write(act.at, "sprint_planned", facts | {"start": box.first, "end": box.last})
        for one in MILESTONES:
            self._ids[one.name] = self._office.sprint_desks[one.tracker].add_milestone(
                one.name, one.due, act.by
            )
            self._tell_milestone(act, "milestone_set", one.name, due=one.due)

    def _open_sprint(self, act: Act) -> None:
        assert isinstance(act.value, int)
        self._office.jira.open_sprint(act.value)
        self._tell_sprint(act, "sprint_opened", act.value)

    def _close_sprint(self, act: Act) -> None:
        """Close it in Jira, which takes what is not done along into the next one."""
        number = act.value
        assert isinstance(number, int)
        self._office.jira.close_sprint(number, number + 1, act.by)
        self._office.closed_sprints.add(number)
        self._tell_sprint(act, "sprint_closed", number)
        for record in self._books.unfinished(JIRA, number):
            self._carry(act, record, number)

    def _roll_iteration(self, act: Act) -> None:
        """GitHub carries nothing along: somebody moves the cards by hand."""
        number = act.value
        assert isinstance(number, int)
        for record in self._books.unfinished(GITHUB, number):
            self._office.github.put_in_sprint(record.id, act.by, number + 1)
            self._carry(act, record, number)

    def _move_milestone(self, act: Act) -> None:
        name, due = act.about, act.value
        assert isinstance(due, date)
        self._office.sprint_desks[self._tracker[name]].move_milestone(name, due)
        before, self._due[name] = self._due[name], due
        self._tell_milestone(act, "milestone_moved", name, **{"from": before, "to": due})

    def _reach_milestone(self, act: Act) -> None:
        """Reach it, with what is not done behind it put off to the next one."""
        name, following = act.about, _AFTER[act.about]
        desk = self._office.sprint_desks[self._tracker[name]]
        for record in self._books.unreached(name):
            desk.set_milestone(record.id, act.by, following)
            self._books.aim(record, following)
            self._tell_record(act, record, "remilestoned", **{"from": name, "to": following})
        desk.reach_milestone(name)
        self._tell_milestone(act, "milestone_reached", name)

    # Parts of acts

    def _carry(self, act: Act, record: Record, number: int) -> None:
        self._books.enter(record, number + 1)
        names = {"from": SPRINTS[number - 1].name, "to": SPRINTS[number].name}
        self._tell_record(act, record, "carried", **names)

    def _tell_sprint(self, act: Act, what: str, number: int) -> None:
        facts = {"tracker": JIRA, "sprint": SPRINTS[number - 1].name}
        record = self._office.jira.sprint_id(number)
        self._ledger.write(act.at, what, {**facts, "record": record, "by": act.by})

    def _tell_milestone(self, act: Act, what: str, name: str, **facts: object) -> None:
        place = {"tracker": self._tracker[name], "milestone": name, "record": self._ids[name]}
        self._ledger.write(act.at, what, {**place, **facts, "by": act.by})

    def _tell_record(self, act: Act, record: Record, what: str, **facts: object) -> None:
        place = {"work": record.work.id, "tracker": record.tracker, "record": record.id, "key": record.key}
        self._ledger.write(act.at, what, {**place, **facts, "by": act.by})
