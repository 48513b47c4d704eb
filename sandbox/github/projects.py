"""What people do on Projects boards: fields, iterations, items and their values.

None of it moves an issue's `updated` and none of it has a history, except that an issue's timeline tells of
being added to and removed from a project, and, if the site is told so, of its Status.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from sandbox.clock import WorldClock
from sandbox.github.records import (
    Account,
    Draft,
    FieldType,
    FieldValue,
    Issue,
    Item,
    Iteration,
    Moment,
    Option,
    Project,
    ProjectField,
)
from sandbox.github.registry import UnknownRecord
from sandbox.github.tokens import Role
from sandbox.github.upkeep import UpkeepActs

__all__ = ["ProjectActs"]

_BUILT_IN: tuple[tuple[str, FieldType], ...] = (
    ("Title", "title"),
    ("Assignees", "assignees"),
    ("Labels", "labels"),
    ("Milestone", "milestone"),
)
_STATUS = ("Todo", "In Progress", "Done")


class ProjectActs(UpkeepActs):
    """Acts on Projects v2; a project is named by its owner's login and its number.

    `status_events` says whether a change of Status still writes its event: since September 2026 most
    don't.
    """

    def __init__(self, clock: WorldClock, status_events: bool = False) -> None:
        super().__init__(clock)
        self.status_events = status_events
        self._board_roles: dict[tuple[int, int], Role] = {}

    def add_project(self, org: str, title: str, actor: str | None = None) -> int:
        """Create a project of an organization or a user, with the fields every project is born with."""
        owner, now = self.account(org), self.clock.now()
        number = 1 + sum(one.owner is owner for one in self.projects.values())
        creator = self.account(actor) if actor else None
        project = Project(self._new_id(), number, owner, title, creator, now, now)
        self.projects[project.id] = project
        self.nodes[project.node_id] = project
        for name, type in _BUILT_IN:
            self._make_field(project, name, type)
        self.add_field(org, number, "Status", "single_select", options=_STATUS)
        return number

    def add_field(
        self,
        org: str,
        number: int,
        name: str,
        type: FieldType,
        options: Iterable[str] = (),
        iterations: Iterable[tuple[str, date, int]] = (),
    ) -> str:
        """Add a field and return its node id; adding a single select that is there gives it new options.

        Iterations are (title, first day, days) and must not overlap.
        """
        project = self.project(org, number)
        field = project.named(name) or self._make_field(project, name, type)
        if options:
            field.options = tuple(Option(_short_id(field, text), text) for text in options)
        for title, start, days in iterations:
            self.add_iteration(org, number, name, title, start, days)
        return field.node_id

    def add_iteration(self, org: str, number: int, field: str, title: str, start: date, days: int) -> None:
        """Plan one more iteration. ValueError: it overlaps another one."""
        held = self._field(self.project(org, number), field)
        new = Iteration(_short_id(held, f"{title}/{start}"), title, start, days)
        planned = sorted((*held.iterations, new), key=lambda one: one.start)
        for one, next_one in pairwise(planned):
            if not one.over(next_one.start):
                raise ValueError(f"iteration {next_one.title} starts before {one.title} ends")
        if not held.iterations:
            held.duration, held.start_day = days, start.isoweekday()
        held.iterations, held.updated = tuple(planned), self.clock.now()

    def add_item(self, org: str, number: int, repo: str, issue_number: int, actor: str | None = None) -> str:
        """Put an issue or pull request on the board and return the item's node id; twice is once."""
        project, issue = self.project(org, number), self.issue(repo, issue_number)
        return self.place(project, issue, self.account(actor) if actor else None).node_id

    def place(self, project: Project, issue: Issue, who: Account | None) -> Item:
        """The issue's card, made where there is none yet."""
        there = project.cards.get(issue)
        if there is not None:
            return there
        item = self._make_item(project, issue, who)
        self._note(issue, "added_to_project_v2", who, project=project)
        return item

    def add_draft(self, org: str, number: int, title: str, actor: str, body: str = "") -> str:
        """Put a draft on the board: a card without an issue."""
        now = self.clock.now()
        draft = Draft(self._new_id(), title, body, self.account(actor), now, now)
        self.nodes[draft.node_id] = draft
        return self._make_item(self.project(org, number), draft, draft.creator).node_id

    def set_field(
        self,
        org: str,
        number: int,
        item: str,
        name: str,
        value: str | int | float | Decimal | date | None,
        actor: str | None = None,
    ) -> None:
        """Give an item a value, an option or an iteration by its name; None clears it.

        Only the item's and the value's own `updated` move.
        """
        project = self.project(org, number)
        held, field = self._item(project, item), self._field(project, name)
        self.set_value(held, field, value, self.account(actor) if actor else None)

    def set_value(
        self,
        held: Item,
        field: ProjectField,
        value: str | int | float | Decimal | date | None,
        who: Account | None,
    ) -> None:
        project, now = held.project, self.clock.now()
        before = held.values.get(field.id)
        held.updated = project.updated = now
        if value is None:
            held.values.pop(field.id, None)
            self._tell_value(held, field, before, None, who)
            return
        stored = _stored(field, value)
        if before is None:
            held.values[field.id] = FieldValue(self._new_id(), field, stored, who, now, now)
        elif before.value != stored:
            held.values[field.id] = FieldValue(before.id, field, stored, who, before.created, now)
        self._tell_value(held, field, before, held.values[field.id], who)
        if self.status_events and field.name == "Status" and isinstance(held.content, Issue):
            self._note_status(held.content, field, project, before, stored, who)

    def remove_item(self, org: str, number: int, item: str, actor: str | None = None) -> None:
        project = self.project(org, number)
        held = self._item(project, item)
        del project.items[held.id], project.cards[held.content], self.nodes[held.node_id]
        project.updated = self.clock.now()
        who = self.account(actor) if actor else None
        self._announce("projects_v2_item", "deleted", held, who, org=project.owner)
        if isinstance(held.content, Issue):
            self._note(held.content, "removed_from_project_v2", who, project=project)

    def set_board_role(self, org: str, number: int, login: str, role: Role) -> None:
        """Say what a user is on a board; everybody may write unless told."""
        self._board_roles[self.project(org, number).id, self.account(login).id] = role

    def board_role(self, project: Project, account: Account) -> Role:
        return self._board_roles.get((project.id, account.id), "write")

    def project(self, owner: str, number: int) -> Project:
        account = self.account(owner)
        for project in self.projects.values():
            if project.owner is account and project.number == number:
                return project
        raise UnknownRecord(f"{owner} has no project {number}")

    # Parts of acts

    def _make_field(self, project: Project, name: str, type: FieldType) -> ProjectField:
        now = self.clock.now()
        field = ProjectField(self._new_id(), name, type, now, now)
        project.fields[field.id] = field
        self.nodes[field.node_id] = field
        return field

    def _make_item(self, project: Project, content: Issue | Draft, who: Account | None) -> Item:
        now = self.clock.now()
        item = Item(self._new_id(), project, content, who, now, now)
        project.items[item.id] = project.cards[content] = item
        project.updated = now
        self.nodes[item.node_id] = item
        self._announce("projects_v2_item", "created", item, who, org=project.owner)
        return item

    def _tell_value(
        self,
        item: Item,
        field: ProjectField,
        before: FieldValue | None,
        after: FieldValue | None,
        who: Account | None,
    ) -> None:
        if (before and before.value) != (after and after.value):
            where = item.project.owner
            self._announce(
                "projects_v2_item", "edited", item, who, org=where, field=field, before=before, after=after
            )

    def _note(self, issue: Issue, event: str, who: Account | None, **detail: object) -> None:
        """Write a timeline entry that leaves the issue's `updated` alone, as Projects do."""
        issue.timeline.append(Moment(self._new_id(), event, who, self.clock.now(), detail))
        issue.repo.version += 1

    def _note_status(
        self,
        issue: Issue,
        field: ProjectField,
        project: Project,
        before: FieldValue | None,
        after: str | float | date,
        who: Account | None,
    ) -> None:
        names = {option.id: option.name for option in field.options}
        old, new = names.get(str(before.value), "") if before else "", names[str(after)]
        if old != new:
            event = "project_v2_item_status_changed"
            self._note(issue, event, who, project=project, before=old, after=new)

    def _field(self, project: Project, name: str) -> ProjectField:
        field = project.named(name)
        if field is None:
            raise UnknownRecord(f"project {project.title} has no field {name}")
        return field

    def _item(self, project: Project, item: str) -> Item:
        held = self.nodes.get(item)
        if not isinstance(held, Item) or held.project is not project:
            raise UnknownRecord(f"project {project.title} has no item {item}")
        return held


def _short_id(field: ProjectField, text: str) -> str:
    """Eight hexadecimal digits, as options and iterations have."""
    return hashlib.sha256(f"{field.id}/{text}".encode()).hexdigest()[:8]


def _stored(field: ProjectField, value: str | int | float | Decimal | date) -> str | float | date:
    """The form a value is kept in. ValueError: it doesn't fit the field's type."""
    if field.type == "number" and isinstance(value, int | float | Decimal):
        return float(value)
    if field.type == "date" and isinstance(value, date) and not isinstance(value, datetime):
        return value
    if field.type == "text" and isinstance(value, str):
        return value
    for option in field.options:
        if option.name == value:
            return option.id
    for iteration in field.iterations:
        if iteration.title == value:
            return iteration.id
    raise ValueError(f"{value!r} is no value of the {field.type} field {field.name}")
