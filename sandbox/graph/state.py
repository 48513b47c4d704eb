"""A tenant of Microsoft 365 that is only state: people act on it, the HTTP view reads it.

Acts carry the person who acts; instants come from the world's clock. Every act bumps exactly the ETags that
Planner would bump: a task, its details, a bucket, a plan and its details have one each.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from enum import Enum
from typing import Final, Literal

from sandbox.clock import WorldClock
from sandbox.graph.records import App, Bucket, Change, ChecklistItem, Group, Plan, Task, User, instant

__all__ = ["KEEP", "GraphTenant", "Keep", "UnknownRecord"]


class Keep(Enum):
    """The value that leaves a field as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
CATEGORY_SLOTS = range(1, 26)


class UnknownRecord(KeyError):
    """An act or a read names a record that the tenant doesn't have."""


class GraphTenant:
    """One tenant's directory and plans.

    `page` is the size of task and bucket pages. `expand` says what `$expand=details` on a task list does,
    which Microsoft doesn't document: `honour` it, `ignore` it or `refuse` it with 400. `strict`: looking
    people up in bulk wants `Directory.Read.All`, as documented; else a role that reads people is enough.
    `hollow` counts pages still to come that are empty but lead on. `closed` are plans that applications may
    not read although their groups list them. `changes` are all acts on tasks, of which only the beta version
    tells, if `beta` is on; it has forgotten the first `forgotten` of them.
    """

    def __init__(
        self,
        clock: WorldClock,
        tenant: str,
        page: int = 400,
        expand: Literal["honour", "ignore", "refuse"] = "honour",
        strict: bool = False,
    ) -> None:
        self.clock = clock
        self.id = tenant
        self.page = page
        self.expand = expand
        self.strict = strict
        self.hollow = 0
        self.closed: set[str] = set()
        self.apps: dict[str, App] = {}
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.plans: dict[str, Plan] = {}
        self.buckets: dict[str, Bucket] = {}
        self.tasks: dict[str, Task] = {}
        self.changes: list[Change] = []
        self.beta = True
        self.forgotten = 0
        self._made = 0

    # The directory

    def add_app(
        self, client_id: str, secret: str, roles: Iterable[str], certificate: str | None = None
    ) -> None:
        """Register an application with its consented roles; `certificate` (PEM) lets it sign assertions."""
        self.apps[client_id] = App(client_id, secret, tuple(roles), certificate)

    def add_user(self, id: str, name: str, mail: str | None, principal: str | None = None) -> str:
        """Add a person; without a principal name it is the mail address, or one made from the id."""
        self.users[id] = User(id, name, mail, principal or mail or f"{id[:8]}@tenant.example")
        return id

    def delete_user(self, id: str) -> None:
        """Take a person out of the directory; what they made and own keeps their id."""
        del self.users[id]

    def disable_user(self, id: str) -> None:
        """Let a person sign in no more; the directory still knows them."""
        self.users[id].enabled = False

    def add_group(self, id: str, name: str) -> str:
        self.groups[id] = Group(id, name)
        return id

    # Plans and buckets

    def add_plan(self, group: str, title: str) -> str:
        if group not in self.groups:
            raise UnknownRecord(f"no group {group}")
        ordinal = self._ordinal()
        plan = Plan(self._new_id("plan", ordinal), group, title, self.clock.now(), ordinal)
        self.plans[plan.id] = plan
        return plan.id

    def delete_plan(self, id: str) -> None:
        """Remove a plan with its buckets and tasks for good."""
        del self.plans[self._plan(id).id]
        self.buckets = {key: one for key, one in self.buckets.items() if one.plan != id}
        for task in self.tasks_of(id):
            self.delete_task(task.id)

    def set_categories(self, plan: str, names: Mapping[int, str]) -> None:
        """Name the plan's label slots (1-25); slots not named are left without a name."""
        held = self._plan(plan)
        if any(slot not in CATEGORY_SLOTS for slot in names):
            raise ValueError("a plan has the category slots 1 to 25")
        held.categories = dict(names)
        held.details_version += 1

    def add_bucket(self, plan: str, name: str) -> str:
        self._plan(plan)
        ordinal = self._ordinal()
        bucket = Bucket(self._new_id("bucket", ordinal), plan, name, ordinal)
        self.buckets[bucket.id] = bucket
        return bucket.id

    def buckets_of(self, plan: str) -> list[Bucket]:
        return [bucket for bucket in self.buckets.values() if bucket.plan == plan]

    def tasks_of(self, plan: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.plan == plan]

    # Tasks

    def create_task(
        self,
        plan: str,
        bucket: str,
        title: str,
        actor: str,
        due: date | datetime | None = None,
        start: date | datetime | None = None,
        priority: int = 5,
        assignees: Iterable[str] = (),
        categories: Iterable[int | str] = (),
        description: str = "",
        references: Mapping[str, str] | None = None,
        checklist: Iterable[str] = (),
    ) -> str:
        """Create a task and its details; categories by slot or by name, references as URL -> alias."""
        ordinal, now = self._ordinal(), self.clock.now()
        task = Task(
            id=self._new_id("task", ordinal),
            plan=self._plan(plan).id,
            bucket=self._bucket(plan, bucket),
            title=title,
            creator=actor,
            created=now,
            ordinal=ordinal,
            due=instant(due),
            start=instant(start),
            priority=priority,
            assignees={person: (actor, now) for person in assignees},
            categories=self._slots(plan, categories),
            description=description,
            references=dict(references or {}),
            referenced=(actor, now) if references else None,
        )
        task.checklist = tuple(self._item(task, n, text, actor) for n, text in enumerate(checklist))
        self.tasks[task.id] = task
        self._note(None, task, actor)
        return task.id

    def edit_task(
        self,
        id: str,
        actor: str,
        title: str | Keep = KEEP,
        bucket: str | Keep = KEEP,
        due: date | datetime | Keep | None = KEEP,
        start: date | datetime | Keep | None = KEEP,
        priority: int | Keep = KEEP,
        percent: int | Keep = KEEP,
        assignees: Iterable[str] | Keep = KEEP,
        categories: Iterable[int | str] | Keep = KEEP,
        description: str | Keep = KEEP,
        references: Mapping[str, str] | Keep = KEEP,
    ) -> None:
        """Change the fields given; the task's and its details' ETags move as Planner's would."""
        task, now = self.task(id), self.clock.now()
        before = task.copy()
        shown, detailed = task.shown, task.detailed
        task.title = task.title if title is KEEP else title
        task.bucket = task.bucket if bucket is KEEP else self._bucket(task.plan, bucket)
        task.due = task.due if due is KEEP else instant(due)
        task.start = task.start if start is KEEP else instant(start)
        task.priority = task.priority if priority is KEEP else priority
        task.description = task.description if description is KEEP else description
        if percent is not KEEP:
            self._progress(task, percent, actor)
        if assignees is not KEEP:
            task.assignees = {who: task.assignees.get(who, (actor, now)) for who in assignees}
        if categories is not KEEP:
            task.categories = self._slots(task.plan, categories)
        if references is not KEEP:
            task.references, task.referenced = dict(references), (actor, now)
        task.version += shown != task.shown
        task.details_version += detailed != task.detailed
        self._note(before, task, actor)

    def tick(self, id: str, actor: str, title: str, checked: bool = True) -> None:
        """Tick an item of a task's checklist, or take the tick back."""
        task = self.task(id)
        items = [item for item in task.checklist if item.title == title]
        if not items:
            raise UnknownRecord(f"task {id} has no checklist item {title!r}")
        before, shown = task.copy(), task.shown
        done = replace(items[0], checked=checked, actor=actor, at=self.clock.now())
        task.checklist = tuple(done if item is items[0] else item for item in task.checklist)
        task.version += shown != task.shown
        task.details_version += 1
        self._note(before, task, actor)

    def delete_task(self, id: str) -> None:
        """Remove a task for good: Planner has no recycle bin, and reads say 404 from now on."""
        self._note(self.task(id), None, None)
        del self.tasks[id]

    def task(self, id: str) -> Task:
        try:
            return self.tasks[id]
        except KeyError:
            raise UnknownRecord(f"no task {id}") from None

    # Parts of acts

    def _note(self, before: Task | None, after: Task | None, actor: str | None) -> None:
        told = after or before
        assert told is not None
        held = before.copy() if before else None, after.copy() if after else None
        number = len(self.changes) + 1
        self.changes.append(Change(number, told.plan, told.id, actor, self.clock.now(), *held))

    def _progress(self, task: Task, percent: int, actor: str) -> None:
        """Set the percentage; the service stamps completion at 100 and takes the stamp back below."""
        if not 0 <= percent <= 100:
            raise ValueError("percentComplete is 0 to 100")
        if percent < 100:
            task.completed = task.completer = None
        elif task.completed is None:
            task.completed, task.completer = self.clock.now(), actor
        task.percent = percent

    def _item(self, task: Task, position: int, title: str, actor: str) -> ChecklistItem:
        id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.id}/{task.id}/{position}"))
        return ChecklistItem(id, title, False, actor, self.clock.now())

    def _slots(self, plan: str, categories: Iterable[int | str]) -> frozenset[int]:
        names = {name: slot for slot, name in self._plan(plan).categories.items()}
        try:
            return frozenset(one if isinstance(one, int) else names[one] for one in categories)
        except KeyError as missing:
            raise UnknownRecord(f"plan {plan} names no category {missing}") from None

    def _plan(self, id: str) -> Plan:
        try:
            return self.plans[id]
        except KeyError:
            raise UnknownRecord(f"no plan {id}") from None

    def _bucket(self, plan: str, id: str) -> str:
        bucket = self.buckets.get(id)
        if bucket is None or bucket.plan != plan:
            raise UnknownRecord(f"plan {plan} has no bucket {id}")
        return id

    def _ordinal(self) -> int:
        self._made += 1
        return self._made

    def _new_id(self, kind: str, ordinal: int) -> str:
        """28 URL-safe, case-sensitive characters; one may begin with a dash, as real ones do."""
        digest = hashlib.sha256(f"{self.id}/{kind}/{ordinal}".encode()).digest()
        return base64.urlsafe_b64encode(digest[:21]).decode()
