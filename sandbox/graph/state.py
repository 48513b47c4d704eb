"""A tenant of Microsoft 365 that is only state: people act on it, the HTTP view reads it.

Acts carry the person who acts; instants come from the world's clock. Every act bumps exactly the ETags that
Planner would bump: a task, its details, a bucket, a plan and its details have one each.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final, Literal

from sandbox.clock import WorldClock
from sandbox.graph.records import App, Bucket, Change, ChecklistItem, Group, Plan, Task, User, instant

__all__ = ["CATEGORY_SLOTS", "KEEP", "GraphTenant", "Keep", "UnknownRecord"]


class Keep(Enum):
    """The value that leaves a field as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
CATEGORY_SLOTS = range(1, 26)
_LIMITS: Final = {
    "MaximumTasksInProject": 9000,
    "MaximumActiveTasksInProject": 2400,
    "MaximumBucketsInProject": 200,
    "MaximumProjectsOwnedByUser": 200,
    "MaximumAssigneesInTasks": 20,
    "MaximumChecklistItemsOnTask": 20,
    "MaximumReferencesOnTask": 10,
}
"""The code of the refusal -> how many there may be; of two published numbers the smaller one."""


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

    `lag` is for how long lists show tasks as they were, `details_lag` for how long a new task has no details.
    `limits` are how many of something there may be, by the code of the refusal; people's own acts here heed
    none. `told` hears of acts on groups: the group's id and the kind of change.
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
        self.lag = self.details_lag = timedelta()
        self.limits = dict(_LIMITS)
        self.told: Callable[[str, str], None] = lambda group, change: None
        self._moves: defaultdict[tuple[str, str], list[frozenset[str]]] = defaultdict(list)
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

    def rename_group(self, id: str, name: str) -> None:
        self.groups[id].name = name
        self.told(id, "updated")

    def add_member(self, group: str, person: str) -> None:
        """Let a person into a group, which is no change of the group itself."""
        self.groups[group].members.add(person)

    def delete_group(self, id: str) -> None:
        """Remove a group with its plans; a deletion that can be undone is announced as an update."""
        for plan in [one.id for one in self.plans.values() if one.group == id]:
            self.delete_plan(plan)
        del self.groups[id]
        self.told(id, "updated")

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
        before, held.categories = held.categories, dict(names)
        slots = {slot for slot in CATEGORY_SLOTS if before.get(slot) != names.get(slot)}
        held.details_version += 1
        self.moved("PlanDetails", plan, {f"categoryDescriptions/category{slot}" for slot in slots})

    def add_bucket(self, plan: str, name: str) -> str:
        self._plan(plan)
        ordinal = self._ordinal()
        bucket = Bucket(self._new_id("bucket", ordinal), plan, name, ordinal)
        self.buckets[bucket.id] = bucket
        return bucket.id

    def edit_bucket(self, id: str, **changes: str) -> None:
        """Change a bucket's name or its hint."""
        self._advance("Bucket", self.buckets[id], {"name": "name", "orderHint": "hint"}, changes)

    def edit_plan(self, id: str, **changes: str) -> None:
        """Change a plan's title."""
        self._advance("Plan", self._plan(id), {"title": "title"}, changes)

    def delete_bucket(self, id: str) -> None:
        """Remove a bucket with its tasks for good."""
        for task in [task for task in self.tasks.values() if task.bucket == id]:
            self.delete_task(task.id)
        del self.buckets[id]

    def buckets_of(self, plan: str) -> list[Bucket]:
        return [bucket for bucket in self.buckets.values() if bucket.plan == plan]

    def tasks_of(self, plan: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.plan == plan]

    def listed_tasks(self, plan: str) -> list[Task]:
        """The plan's tasks as lists show them: as they were `lag` ago."""
        if not self.lag:
            return self.tasks_of(plan)
        shown, cutoff = dict(self.tasks), self.clock.now() - self.lag
        for change in reversed(self.changes):
            if change.at <= cutoff:
                break
            if change.before is None:
                shown.pop(change.task, None)
            else:
                shown[change.task] = change.before
        rows = [task for task in shown.values() if task.plan == plan]
        return sorted(rows, key=lambda task: task.ordinal)

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
        task.title = task.title if title is KEEP else title
        task.bucket = task.bucket if bucket is KEEP else self._bucket(task.plan, bucket)
        task.due = task.due if due is KEEP else instant(due)
        task.start = task.start if start is KEEP else instant(start)
        task.priority = task.priority if priority is KEEP else priority
        task.description = task.description if description is KEEP else description
        if percent is not KEEP:
            self.progress(task, percent, actor)
        if assignees is not KEEP:
            task.assignees = {who: task.assignees.get(who, (actor, now)) for who in assignees}
        if categories is not KEEP:
            task.categories = self._slots(task.plan, categories)
        if references is not KEEP:
            task.references, task.referenced = dict(references), (actor, now)
        self.settle(before, task, actor)

    def tick(self, id: str, actor: str, title: str, checked: bool = True) -> None:
        """Tick an item of a task's checklist, or take the tick back."""
        task = self.task(id)
        items = [item for item in task.checklist if item.title == title]
        if not items:
            raise UnknownRecord(f"task {id} has no checklist item {title!r}")
        before = task.copy()
        done = replace(items[0], checked=checked, actor=actor, at=self.clock.now())
        task.checklist = tuple(done if item is items[0] else item for item in task.checklist)
        self.settle(before, task, actor)

    def delete_task(self, id: str, actor: str | None = None) -> None:
        """Remove a task for good: Planner has no recycle bin, and reads say 404 from now on."""
        self._note(self.task(id), None, actor)
        del self.tasks[id]

    def task(self, id: str) -> Task:
        try:
            return self.tasks[id]
        except KeyError:
            raise UnknownRecord(f"no task {id}") from None

    # Parts of acts

    def settle(self, before: Task, task: Task, actor: str) -> None:
        """Give the task and its details new versions, each if anything of it differs from before."""
        shown, detailed = _differing(before.shown, task.shown), _differing(before.detailed, task.detailed)
        if shown:
            task.version += 1
            self.moved("Task", task.id, shown)
        if detailed:
            task.details_version += 1
            self.moved("TaskDetails", task.id, detailed)
        if shown or detailed:
            self._note(before, task, actor)

    def moved(self, kind: str, id: str, paths: Iterable[str]) -> None:
        """Remember which properties a new version of a resource changed."""
        self._moves[kind, id].append(frozenset(paths))

    def changed_since(self, kind: str, id: str, version: int) -> frozenset[str]:
        """The paths of the properties that changed after a version of a resource."""
        return frozenset[str]().union(*self._moves[kind, id][version - 1 :])

    def _advance(
        self, kind: str, record: Bucket | Plan, names: Mapping[str, str], changes: Mapping[str, str]
    ) -> None:
        paths = {
            path for path, name in names.items() if changes.get(name, "") not in ("", getattr(record, name))
        }
        for path in paths:
            setattr(record, names[path], changes[names[path]])
        if paths:
            record.version += 1
            self.moved(kind, record.id, paths)

    def _note(self, before: Task | None, after: Task | None, actor: str | None) -> None:
        told = after or before
        assert told is not None
        held = before.copy() if before else None, after.copy() if after else None
        number = len(self.changes) + 1
        self.changes.append(Change(number, told.plan, told.id, actor, self.clock.now(), *held))

    def progress(self, task: Task, percent: int, actor: str) -> None:
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


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> frozenset[str]:
    return frozenset(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
