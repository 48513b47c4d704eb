"""What a write makes of a task and its details; a refused one leaves both as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.graph import bodies
from sandbox.graph.calls import GraphError
from sandbox.graph.records import ChecklistItem, Plan, Task
from sandbox.graph.state import CATEGORY_SLOTS, GraphTenant

__all__ = ["TaskWrites"]

_WRITABLE = frozenset(
    {
        *("title", "bucketId", "assignments", "appliedCategories", "percentComplete", "priority"),
        *("startDateTime", "dueDateTime", "orderHint", "assigneePriority", "conversationThreadId"),
    }
)
_DETAILS = frozenset({"description", "checklist", "references", "previewType"})
_PREVIEWS = ("automatic", "noPreview", "checklist", "description", "reference")
_CATEGORIES = frozenset(f"category{slot}" for slot in CATEGORY_SLOTS)
_HUNDRED = 100
_LOWEST_PRIORITY = 10
_LONGEST_DESCRIPTION = 32_000


class TaskWrites:
    """Checks a body whole on a copy of the task, then puts the copy's fields in place."""

    def __init__(self, tenant: GraphTenant) -> None:
        self._tenant = tenant

    def add(self, body: object, actor: str, plan: Plan) -> Task:
        """A new task of a plan."""
        given = bodies.refuse_others(body, _WRITABLE | {"planId"}, "plannerTask")
        if "title" not in given:
            raise bodies.bad("The title of the task must be given.")
        rows = self._tenant.tasks_of(plan.id)
        self._within("MaximumTasksInProject", len(rows) + 1)
        active = sum(task.percent < _HUNDRED for task in rows)
        self._within("MaximumActiveTasksInProject", active + 1)
        now = self._tenant.clock.now()
        trial = Task("", plan.id, "", "New", actor, now, 0)
        wanted = {"bucketId": self._first_bucket(plan), **given}
        wanted.pop("planId")
        self._fill(trial, wanted, actor)
        id = self._tenant.create_task(plan.id, trial.bucket, trial.title, actor)
        task = self._tenant.task(id)
        _take(task, trial)
        self._tenant.changes[-1] = replace(self._tenant.changes[-1], after=task.copy())
        return task

    def edit(self, task: Task, body: object, actor: str) -> None:
        given = bodies.refuse_others(body, _WRITABLE, "plannerTask")
        trial = task.copy()
        self._fill(trial, given, actor)
        self._put(task, trial, actor)

    def edit_details(self, task: Task, body: object, actor: str) -> None:
        given = bodies.refuse_others(body, _DETAILS, "plannerTaskDetails")
        trial = task.copy()
        if "description" in given:
            trial.description = bodies.text(given, "description", _LONGEST_DESCRIPTION, empty=True)
        if "previewType" in given:
            if given["previewType"] not in _PREVIEWS:
                raise bodies.bad("The value of 'previewType' is not valid.")
            trial.preview = given["previewType"]
        if "checklist" in given:
            self._tick_off(trial, given, actor)
        if "references" in given:
            self._refer(trial, given, actor)
        self._put(task, trial, actor)

    def _put(self, task: Task, trial: Task, actor: str) -> None:
        before = task.copy()
        _take(task, trial)
        self._tenant.settle(before, task, actor)

    def _fill(self, task: Task, given: Mapping[str, Any], actor: str) -> None:
        if "title" in given:
            task.title = bodies.text(given, "title")
        if "bucketId" in given:
            task.bucket = self._bucket_of(task, given["bucketId"])
        if "priority" in given:
            task.priority = bodies.number(given, "priority", _LOWEST_PRIORITY)
        if "percentComplete" in given:
            self._tenant.progress(task, bodies.number(given, "percentComplete", _HUNDRED), actor)
        if "assignments" in given:
            self._assign(task, given, actor)
        if "appliedCategories" in given:
            task.categories = _categories(task, given["appliedCategories"])
        _date(task, given)
        _place(task, given)

    def _assign(self, task: Task, given: Mapping[str, Any], actor: str) -> None:
        for person, value in bodies.opened(given, "assignments", "plannerAssignment").items():
            if value is None:
                task.assignees.pop(person, None)
                continue
            if person not in self._tenant.users:
                raise bodies.bad(f"The user '{person}' is not in the directory.")
            if "orderHint" in value:
                bodies.place(value["orderHint"])
            task.assignees.setdefault(person, (actor, self._tenant.clock.now()))
        self._within("MaximumAssigneesInTasks", len(task.assignees))

    def _tick_off(self, task: Task, given: Mapping[str, Any], actor: str) -> None:
        held = {item.id: item for item in task.checklist}
        for id, value in bodies.opened(given, "checklist", "plannerChecklistItem").items():
            if value is None:
                held.pop(id, None)
                continue
            item = held.get(id) or ChecklistItem(id, "", False, actor, self._tenant.clock.now())
            title = bodies.text(value, "title", 100) if "title" in value else item.title
            if not title:
                raise bodies.bad("An item of a checklist must have a title.")
            held[id] = ChecklistItem(
                id,
                title,
                bodies.flag(value["isChecked"], "isChecked") if "isChecked" in value else item.checked,
                actor,
                self._tenant.clock.now(),
                bodies.place(value["orderHint"]) if "orderHint" in value else item.hint,
            )
        self._within("MaximumChecklistItemsOnTask", len(held))
        task.checklist = tuple(held.values())

    def _refer(self, task: Task, given: Mapping[str, Any], actor: str) -> None:
        held, kinds = dict(task.references), dict(task.kinds)
        for key, value in bodies.opened(given, "references", "plannerExternalReference").items():
            url = bodies.url_of(key)
            if value is None:
                held.pop(url, None)
                continue
            if "previewPriority" in value:
                bodies.place(value["previewPriority"])
            held[url] = bodies.text(value, "alias", empty=True) if "alias" in value else held.get(url, "")
            kinds[url] = bodies.text(value, "type") if "type" in value else kinds.get(url, "Other")
        self._within("MaximumReferencesOnTask", len(held))
        task.references, task.kinds = held, kinds
        task.referenced = (actor, self._tenant.clock.now())

    def _first_bucket(self, plan: Plan) -> str | None:
        return next((bucket.id for bucket in self._tenant.buckets_of(plan.id)), None)

    def _bucket_of(self, task: Task, id: object) -> str:
        bucket = self._tenant.buckets.get(str(id))
        if bucket is None or bucket.plan != task.plan:
            raise bodies.bad("The bucket does not belong to the plan of the task.")
        return bucket.id

    def _within(self, code: str, count: int) -> None:
        if count > self._tenant.limits[code]:
            raise GraphError(403, code, "The limit of the service is reached.")


def _date(task: Task, given: Mapping[str, Any]) -> None:
    if "startDateTime" in given:
        task.start = bodies.instant_of(given["startDateTime"], "startDateTime")
    if "dueDateTime" in given:
        task.due = bodies.instant_of(given["dueDateTime"], "dueDateTime")
    if task.start is not None and task.due is not None and task.start > task.due:
        raise bodies.bad("The start of the task must not be after its due date.")


def _place(task: Task, given: Mapping[str, Any]) -> None:
    """Where the task stands among others, and its conversation."""
    if "orderHint" in given:
        task.hint = bodies.place(given["orderHint"])
    if "assigneePriority" in given:
        bodies.place(given["assigneePriority"])
    if "conversationThreadId" in given:
        task.thread = bodies.text(given, "conversationThreadId", empty=True) or None


def _categories(task: Task, value: object) -> frozenset[int]:
    """The slots after a merge: true applies, false takes away."""
    if not isinstance(value, dict) or not set(value) <= _CATEGORIES:
        raise bodies.bad("The value of 'appliedCategories' is not valid.")
    wanted = {
        int(slot.removeprefix("category")): bodies.flag(on, "appliedCategories") for slot, on in value.items()
    }
    kept = {slot for slot in task.categories if wanted.get(slot, True)}
    return frozenset(kept | {slot for slot, on in wanted.items() if on})


def _take(task: Task, trial: Task) -> None:
    """Give a task everything that a write can have changed on its copy."""
    for name in (
        *("title", "bucket", "due", "start", "priority", "percent", "completed", "completer"),
        *("assignees", "categories", "description", "references", "referenced", "kinds", "checklist"),
        *("hint", "preview", "thread"),
    ):
        setattr(task, name, getattr(trial, name))
