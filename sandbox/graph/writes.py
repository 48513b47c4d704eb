"""Planner's writes: who may, on which version, and what becomes of a record's properties."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.graph import bodies
from sandbox.graph.calls import Call, GraphError, Written
from sandbox.graph.records import Bucket, Plan, Task, application, version_of
from sandbox.graph.resources import (
    bucket_json,
    plan_details_json,
    plan_json,
    task_details_json,
    task_json,
)
from sandbox.graph.state import CATEGORY_SLOTS, GraphTenant
from sandbox.graph.taskwrites import TaskWrites

__all__ = ["GraphWrites"]

_WRITE_ROLES = frozenset({"Tasks.ReadWrite.All", "Tasks.ReadWrite"})
_ID_LENGTH = 28
_NOT_FOUND = "The requested item is not found."
_FORBIDDEN = "You do not have the required permissions to access this item."
_NO_MATCH = "The If-Match header must be specified for this kind of request."
_BAD_MATCH = "The If-Match header contains an invalid value."
_CONFLICT = (
    "The attempted changes conflicted with already accepted changes. Read the latest state and resolve "
    "differences."
)
_NESTED = "Write requests are only supported on contained entities or navigation properties with bindings."
_SLOT = re.compile(r"category(\d{1,2})")


@dataclass(frozen=True, slots=True)
class _Target:
    """A resource that a write is about: its kind, its record, the version it has and how it looks."""

    kind: str
    id: str
    version: Callable[[], int]
    shown: Callable[[], dict[str, Any]]


class GraphWrites:
    """PATCH, POST and DELETE of plans, buckets, tasks and their details."""

    def __init__(self, tenant: GraphTenant) -> None:
        self._tenant = tenant
        self._tasks = TaskWrites(tenant)
        self._routes: tuple[tuple[str, re.Pattern[str], Callable[..., Written]], ...] = tuple(
            (method, re.compile(pattern), handler)
            for method, pattern, handler in (
                ("POST", r"/planner/tasks", self._add_task),
                ("POST", r"/planner/buckets", self._add_bucket),
                ("POST", r"/planner/plans", self._add_plan),
                ("PATCH", r"/planner/tasks/([^/]+)", self._edit_task),
                ("PATCH", r"/planner/tasks/([^/]+)/details", self._edit_details),
                ("PATCH", r"/planner/buckets/([^/]+)", self._edit_bucket),
                ("PATCH", r"/planner/plans/([^/]+)", self._edit_plan),
                ("PATCH", r"/planner/plans/([^/]+)/details", self._edit_plan_details),
                ("DELETE", r"/planner/tasks/([^/]+)", self._delete_task),
                ("DELETE", r"/planner/buckets/([^/]+)", self._delete_bucket),
                ("DELETE", r"/planner/plans/([^/]+)", self._delete_plan),
            )
        )

    def answer(self, call: Call) -> Written:
        """What a write comes to. GraphError: it was refused, and nothing was changed."""
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(call.path)
            if found and method == call.method:
                if _WRITE_ROLES.isdisjoint(call.roles):
                    raise GraphError(403, "", _FORBIDDEN)
                return handler(call, *found.groups())
        if call.method == "POST":
            raise GraphError(400, "BadRequest", _NESTED)
        raise GraphError(404, "", _NOT_FOUND)

    # Tasks

    def _add_task(self, call: Call) -> Written:
        task = self._tasks.add(call.body, _actor(call), self._plan_named(call))
        return Written(201, _entity(call, "planner/tasks", task_json(task)))

    def _edit_task(self, call: Call, id: str) -> Written:
        task = self._task(call, id)
        target = _Target("Task", id, lambda: task.version, lambda: task_json(task))
        return self._patched(call, target, lambda: self._tasks.edit(task, call.body, _actor(call)))

    def _edit_details(self, call: Call, id: str) -> Written:
        task = self._task(call, id)
        target = _Target("TaskDetails", id, lambda: task.details_version, lambda: task_details_json(task))
        return self._patched(call, target, lambda: self._tasks.edit_details(task, call.body, _actor(call)))

    def _delete_task(self, call: Call, id: str) -> Written:
        task = self._task(call, id)
        self._match(call, _Target("Task", id, lambda: task.version, dict), set(task.shown))
        self._tenant.delete_task(id, _actor(call))
        return Written(204)

    # Buckets and plans

    def _add_bucket(self, call: Call) -> Written:
        body = bodies.refuse_others(call.body, frozenset({"name", "planId", "orderHint"}), "plannerBucket")
        plan = self._plan_named(call)
        if "name" not in body:
            raise bodies.bad("The name of the bucket must be given.")
        hint = bodies.place(body["orderHint"]) if "orderHint" in body else ""
        self._within("MaximumBucketsInProject", len(self._tenant.buckets_of(plan.id)))
        bucket = self._tenant.buckets[self._tenant.add_bucket(plan.id, bodies.text(body, "name"))]
        bucket.hint = hint
        return Written(201, _entity(call, "planner/buckets", bucket_json(bucket)))

    def _edit_bucket(self, call: Call, id: str) -> Written:
        bucket = self._bucket(call, id)
        body = bodies.refuse_others(call.body, frozenset({"name", "orderHint"}), "plannerBucket")
        changes = {"name": bodies.text(body, "name")} if "name" in body else {}
        changes |= {"orderHint": bodies.place(body["orderHint"])} if "orderHint" in body else {}
        target = _Target("Bucket", id, lambda: bucket.version, lambda: bucket_json(bucket))
        return self._patched(call, target, lambda: self._tenant.edit_bucket(id, **changes))

    def _delete_bucket(self, call: Call, id: str) -> Written:
        bucket = self._bucket(call, id)
        self._match(call, _Target("Bucket", id, lambda: bucket.version, dict), {"name", "orderHint"})
        self._tenant.delete_bucket(id)
        return Written(204)

    def _add_plan(self, call: Call) -> Written:
        body = bodies.refuse_others(call.body, frozenset({"container", "title", "owner"}), "plannerPlan")
        container = body.get("container")
        url = container.get("url", "") if isinstance(container, dict) else ""
        group = str(url).rpartition("/groups/")[2]
        if group not in self._tenant.groups or "title" not in body:
            raise bodies.bad("The plan must have a title and the url of a group as its container.")
        owned = sum(plan.group == group for plan in self._tenant.plans.values())
        self._within("MaximumProjectsOwnedByUser", owned)
        plan = self._tenant.plans[self._tenant.add_plan(group, bodies.text(body, "title"))]
        return Written(201, _entity(call, "planner/plans", plan_json(plan, call.root)))

    def _edit_plan(self, call: Call, id: str) -> Written:
        plan = self._plan(call, id)
        body = bodies.refuse_others(call.body, frozenset({"title"}), "plannerPlan")
        changes = {"title": bodies.text(body, "title")} if "title" in body else {}
        target = _Target("Plan", id, lambda: plan.version, lambda: plan_json(plan, call.root))
        return self._patched(call, target, lambda: self._tenant.edit_plan(id, **changes))

    def _edit_plan_details(self, call: Call, id: str) -> Written:
        plan = self._plan(call, id)
        body = bodies.refuse_others(call.body, frozenset({"categoryDescriptions"}), "plannerPlanDetails")
        names = body.get("categoryDescriptions", {})
        if not isinstance(names, dict) or any(_SLOT.fullmatch(slot) is None for slot in names):
            raise bodies.bad("The category descriptions are not valid.")
        slots = {int(slot.removeprefix("category")): name for slot, name in names.items()}
        if not set(slots) <= set(CATEGORY_SLOTS):
            raise bodies.bad("A plan has 25 categories.")
        wanted = {slot: name for slot, name in (plan.categories | slots).items() if name}
        target = _Target("PlanDetails", id, lambda: plan.details_version, lambda: plan_details_json(plan))
        return self._patched(call, target, lambda: self._tenant.set_categories(id, wanted))

    def _delete_plan(self, call: Call, id: str) -> Written:
        plan = self._plan(call, id)
        self._match(call, _Target("Plan", id, lambda: plan.version, dict), {"title"})
        self._tenant.delete_plan(id)
        return Written(204)

    # Versions

    def _patched(self, call: Call, target: _Target, change: Callable[[], None]) -> Written:
        """Change a resource if its version allows it; shown to those who ask for it."""
        self._match(call, target, set(_paths(call.body)))
        change()
        if "return=representation" not in call.headers.get("prefer", ""):
            return Written(204)
        body = _entity(call, _context(target), target.shown())
        return Written(200, body, {"Preference-Applied": "return=representation"})

    def _match(self, call: Call, target: _Target, paths: set[str]) -> None:
        """Planner takes an old version too, as long as nobody changed the same properties since."""
        tag = call.headers.get("if-match")
        if tag is None:
            raise GraphError(412, "", _NO_MATCH)
        version = version_of(target.kind, tag)
        if version is None or not 1 <= version <= target.version():
            raise GraphError(412, "", _BAD_MATCH)
        changed = self._tenant.changed_since(target.kind, target.id, version)
        if any(one == path or one.startswith(f"{path}/") for one in changed for path in paths):
            raise GraphError(409, "", _CONFLICT)

    # What a call names

    def _plan_named(self, call: Call) -> Plan:
        """The plan that the body of a creation names."""
        id = call.body.get("planId") if isinstance(call.body, dict) else None
        if not isinstance(id, str) or len(id) != _ID_LENGTH:
            raise bodies.bad("The plan id must be given.")
        return self._plan(call, id)

    def _plan(self, call: Call, id: str) -> Plan:
        _well_formed(id)
        plan = self._tenant.plans.get(id)
        if plan is None:
            raise GraphError(404, "", _NOT_FOUND)
        members = self._tenant.groups[plan.group].members
        if id in self._tenant.closed or (call.person is not None and call.person not in members):
            raise GraphError(403, "", _FORBIDDEN)
        return plan

    def _task(self, call: Call, id: str) -> Task:
        _well_formed(id)
        if id not in self._tenant.tasks:
            raise GraphError(404, "", _NOT_FOUND)
        self._plan(call, self._tenant.tasks[id].plan)
        return self._tenant.tasks[id]

    def _bucket(self, call: Call, id: str) -> Bucket:
        _well_formed(id)
        if id not in self._tenant.buckets:
            raise GraphError(404, "", _NOT_FOUND)
        self._plan(call, self._tenant.buckets[id].plan)
        return self._tenant.buckets[id]

    def _within(self, code: str, count: int) -> None:
        if count >= self._tenant.limits[code]:
            raise GraphError(403, code, "The limit of the service is reached.")


def _paths(body: object) -> list[str]:
    """The properties that a body would set, those of open types one by one."""
    found = []
    for name, value in body.items() if isinstance(body, dict) else ():
        if name == "references" and isinstance(value, dict):
            found += [f"references/{bodies.url_of(key)}" for key in value]
        elif isinstance(value, dict):
            found += [f"{name}/{key}" for key in value]
        elif not name.startswith("@odata."):
            found.append(name)
    return found


def _actor(call: Call) -> str:
    return call.person or application(call.app)


def _entity(call: Call, context: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.context": f"{call.root}/$metadata#{context}/$entity", **body}


def _context(target: _Target) -> str:
    kinds = {"Task": "tasks", "Bucket": "buckets", "Plan": "plans"}
    if target.kind in kinds:
        return f"planner/{kinds[target.kind]}"
    return f"planner/{kinds[target.kind.removesuffix('Details')]}('{target.id}')/details"


def _well_formed(id: str) -> None:
    if len(id) != _ID_LENGTH:
        raise GraphError(400, "", f"The identifier '{id}' is not valid.")
