"""Which address answers what: Graph's routes as functions of the tenant, used alone and inside `$batch`."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from sandbox.graph.calls import Call, GraphError
from sandbox.graph.changes import delta, history
from sandbox.graph.records import Bucket, Plan, Task
from sandbox.graph.resources import (
    bucket_json,
    group_json,
    plan_details_json,
    plan_json,
    task_details_json,
    task_json,
    user_json,
)
from sandbox.graph.state import GraphTenant

__all__ = ["Call", "GraphError", "GraphService"]

_GROUP_PAGE = 100
_ID_LENGTH = 28
_MOST_IDS = 1000
_PLANNER_ROLES = frozenset({"Tasks.Read.All", "Tasks.ReadWrite.All", "Tasks.Read", "Tasks.ReadWrite"})
_GROUP_ROLES = frozenset(
    {"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"}
)
_USER_ROLES = frozenset({"User.ReadBasic.All", "User.Read.All", "Directory.Read.All"})
_NOT_FOUND = "The requested item is not found."
_FORBIDDEN = "You do not have the required permissions to access this item."
_BY_NAME = re.compile(r"displayName eq '((?:[^']|'')*)'")


_Row = TypeVar("_Row", Plan, Bucket, Task)


class GraphService:
    """Answers calls from a tenant's state; what a call may see depends on the roles in its token."""

    def __init__(self, tenant: GraphTenant) -> None:
        self._tenant = tenant
        self._routes: tuple[tuple[str, re.Pattern[str], Callable[..., dict[str, Any]]], ...] = tuple(
            (method, re.compile(pattern), handler)
            for method, pattern, handler in (
                ("GET", r"/groups", self._groups),
                ("GET", r"/groups/([^/]+)", self._group),
                ("GET", r"/groups/([^/]+)/planner/plans", self._plans),
                ("GET", r"/me/planner/plans", self._my_plans),
                ("GET", r"/planner/plans/([^/]+)", self._plan),
                ("GET", r"/planner/plans/([^/]+)/details", self._plan_details),
                ("GET", r"/planner/plans/([^/]+)/buckets", self._buckets),
                ("GET", r"/planner/plans/([^/]+)/tasks", self._tasks),
                ("GET", r"/planner/buckets/([^/]+)", self._bucket),
                ("GET", r"/planner/tasks/([^/]+)", self._task),
                ("GET", r"/planner/tasks/([^/]+)/details", self._task_details),
                ("GET", r"/users/([^/]+)", self._user),
                ("POST", r"/directoryObjects/getByIds", self._by_ids),
            )
        )

    def answer(self, call: Call) -> dict[str, Any]:
        """The body of a good answer. GraphError: any other answer."""
        if (call.path == "/me" or call.path.startswith("/me/")) and call.person is None:
            message = "/me request is only valid with delegated authentication flow."
            raise GraphError(400, "BadRequest", message)
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(call.path)
            if found and method == call.method:
                return handler(call, *found.groups())
        if call.path.startswith("/planner/"):
            raise GraphError(404, "", _NOT_FOUND)
        segment = call.path.strip("/").split("/")[0]
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")

    def early(self, call: Call) -> dict[str, Any]:
        """The body of a good answer of the beta version, of which there are lists of changes only."""
        found = re.fullmatch(r"/planner/plans/([^/]+)/(tasks/delta|historyItems)", call.path)
        if found is None or not self._tenant.beta:
            raise GraphError(404, "", _NOT_FOUND)
        plan = self._seen_plan(call, found[1]).id
        changes = [change for change in self._tenant.changes if change.plan == plan]
        if found[2] == "historyItems":
            return history(call, changes)
        return delta(call, changes, self._tenant.forgotten)

    # The directory

    def _groups(self, call: Call) -> dict[str, Any]:
        _require(call, _GROUP_ROLES, planner=False)
        groups = [one for one in self._tenant.groups.values() if _wanted(call, one.name)]
        size = min(_number(call.query.get("$top", str(_GROUP_PAGE))), 999)
        begin = _resumed(call)
        value = [group_json(one, _selected(call)) for one in groups[begin : begin + size]]
        following = begin + size if begin + size < len(groups) else None
        return _collection(call, "groups", value, following, counted=False)

    def _group(self, call: Call, id: str) -> dict[str, Any]:
        _require(call, _GROUP_ROLES, planner=False)
        if id not in self._tenant.groups:
            raise _absent_object(id)
        return _entity(call, "groups", group_json(self._tenant.groups[id], _selected(call)))

    def _user(self, call: Call, id: str) -> dict[str, Any]:
        _require(call, _USER_ROLES, planner=False)
        if id not in self._tenant.users:
            raise _absent_object(id)
        return _entity(call, "users", user_json(self._tenant.users[id], _selected(call)))

    def _by_ids(self, call: Call) -> dict[str, Any]:
        """Known people among the ids; without a role that reads people they come back with nulls."""
        ids = call.body.get("ids") if isinstance(call.body, dict) else None
        if not isinstance(ids, list) or not 0 < len(ids) <= _MOST_IDS:
            raise GraphError(400, "Request_BadRequest", f"ids must hold 1 to {_MOST_IDS} ids.")
        needed = {"Directory.Read.All"} if self._tenant.strict else _USER_ROLES
        readable = not needed.isdisjoint(call.roles)
        value = []
        for user in (self._tenant.users[id] for id in ids if id in self._tenant.users):
            shown = user_json(user)
            blank = dict.fromkeys(shown) | {"id": user.id}
            value.append({"@odata.type": "#microsoft.graph.user", **(shown if readable else blank)})
        return _collection(call, "directoryObjects", value, None, counted=False)

    # Planner

    def _plans(self, call: Call, group: str) -> dict[str, Any]:
        _require(call, _PLANNER_ROLES)
        if group not in self._tenant.groups:
            raise GraphError(404, "", _NOT_FOUND)
        plans = [plan for plan in self._tenant.plans.values() if plan.group == group]
        return self._page(
            call, plans, lambda plan: plan_json(plan, call.root), f"groups('{group}')/planner/plans"
        )

    def _my_plans(self, call: Call) -> dict[str, Any]:
        _require(call, _PLANNER_ROLES)
        plans = [plan for plan in self._tenant.plans.values() if self._is_member(call, plan)]
        return self._page(call, plans, lambda plan: plan_json(plan, call.root), "me/planner/plans")

    def _is_member(self, call: Call, plan: Plan) -> bool:
        """Whether a caller may see a plan: an application may all, a person those of their groups."""
        return call.person is None or call.person in self._tenant.groups[plan.group].members

    def _plan(self, call: Call, id: str) -> dict[str, Any]:
        return _entity(call, "planner/plans", plan_json(self._seen_plan(call, id), call.root))

    def _plan_details(self, call: Call, id: str) -> dict[str, Any]:
        plan = self._seen_plan(call, id)
        return _entity(call, f"planner/plans('{id}')/details", plan_details_json(plan))

    def _buckets(self, call: Call, id: str) -> dict[str, Any]:
        plan = self._seen_plan(call, id)
        return self._page(
            call, self._tenant.buckets_of(plan.id), bucket_json, f"planner/plans('{id}')/buckets"
        )

    def _tasks(self, call: Call, id: str) -> dict[str, Any]:
        plan = self._seen_plan(call, id)
        wanted = "details" in call.query.get("$expand", "").split(",")
        if wanted and self._tenant.expand == "refuse":
            raise GraphError(400, "", "The query specified in the URI is not valid.")
        expanded = wanted and self._tenant.expand == "honour"

        def shown(task: Task) -> dict[str, Any]:
            return task_json(task) | ({"details": task_details_json(task)} if expanded else {})

        rows = self._tenant.listed_tasks(plan.id)
        return self._page(call, rows, shown, f"planner/plans('{id}')/tasks")

    def _bucket(self, call: Call, id: str) -> dict[str, Any]:
        _require(call, _PLANNER_ROLES)
        _well_formed(id)
        if id not in self._tenant.buckets:
            raise GraphError(404, "", _NOT_FOUND)
        self._refuse_closed(call, self._tenant.buckets[id].plan)
        return _entity(call, "planner/buckets", bucket_json(self._tenant.buckets[id]))

    def _task(self, call: Call, id: str) -> dict[str, Any]:
        return _entity(call, "planner/tasks", task_json(self._seen_task(call, id)))

    def _task_details(self, call: Call, id: str) -> dict[str, Any]:
        task = self._seen_task(call, id)
        if self._tenant.clock.now() < task.created + self._tenant.details_lag:
            raise GraphError(404, "", _NOT_FOUND)
        return _entity(call, f"planner/tasks('{id}')/details", task_details_json(task))

    def _seen_plan(self, call: Call, id: str) -> Plan:
        _require(call, _PLANNER_ROLES)
        _well_formed(id)
        if id not in self._tenant.plans:
            raise GraphError(404, "", _NOT_FOUND)
        self._refuse_closed(call, id)
        return self._tenant.plans[id]

    def _seen_task(self, call: Call, id: str) -> Task:
        _require(call, _PLANNER_ROLES)
        _well_formed(id)
        if id not in self._tenant.tasks:
            raise GraphError(404, "", _NOT_FOUND)
        self._refuse_closed(call, self._tenant.tasks[id].plan)
        return self._tenant.tasks[id]

    def _refuse_closed(self, call: Call, plan: str) -> None:
        if plan in self._tenant.closed or not self._is_member(call, self._tenant.plans[plan]):
            raise GraphError(403, "", _FORBIDDEN)

    def _page(
        self, call: Call, rows: Sequence[_Row], shown: Callable[[_Row], dict[str, Any]], context: str
    ) -> dict[str, Any]:
        """One page in order of creation; `$top`, `$filter`, `$orderby` are ignored, as Planner does."""
        after = _resumed(call)
        rest = [row for row in rows if row.ordinal > after]
        size = self._tenant.page
        if len(rest) > 1 and call.shorten():
            size = min(size, len(rest)) // 2
        page = rest[:size]
        following = page[-1].ordinal if len(rest) > len(page) else None
        turn = self._tenant.hollow
        if turn > 0:
            self._tenant.hollow -= 1
            page, following = [], after
        return _collection(call, context, [shown(row) for row in page], following, counted=True, turn=turn)


def _require(call: Call, any_of: Collection[str], planner: bool = True) -> None:
    if any(role in any_of for role in call.roles):
        return
    if planner:
        raise GraphError(403, "", _FORBIDDEN)
    raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def _well_formed(id: str) -> None:
    if len(id) != _ID_LENGTH:
        raise GraphError(400, "", f"The identifier '{id}' is not valid.")


def _absent_object(id: str) -> GraphError:
    message = (
        f"Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    )
    return GraphError(404, "Request_ResourceNotFound", message)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise GraphError(400, "BadRequest", f"Invalid value '{text}' for a number.")
    return int(text)


def _wanted(call: Call, name: str) -> bool:
    """Whether a group fits `$filter`, which the directory, unlike Planner, honours."""
    found = _BY_NAME.fullmatch(call.query.get("$filter", ""))
    return found is None or found.group(1).replace("''", "'").casefold() == name.casefold()


def _selected(call: Call) -> tuple[str, ...]:
    return tuple(name for name in call.query.get("$select", "").split(",") if name)


def _entity(call: Call, context: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"@odata.context": f"{call.root}/$metadata#{context}/$entity", **body}


def _collection(
    call: Call,
    context: str,
    value: list[dict[str, Any]],
    following: int | None,
    counted: bool,
    turn: int = 0,
) -> dict[str, Any]:
    """A page of a list; `turn` tells apart links that lead to the same place."""
    body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{context}"}
    if counted:
        body["@odata.count"] = len(value)
    if following is not None:
        kept = [f"{key}={quote(text)}" for key, text in call.query.items() if key != "$skiptoken"]
        link = "&".join([*kept, f"$skiptoken={_token(following, turn)}"])
        body["@odata.nextLink"] = f"{call.root}{call.path}?{link}"
    return {**body, "value": value}


def _token(position: int, turn: int = 0) -> str:
    place = {"p": position, "t": turn} if turn else {"p": position}
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _resumed(call: Call) -> int:
    """Where the skip token says to go on; 0 without one."""
    token = call.query.get("$skiptoken")
    if token is None:
        return 0
    try:
        position = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))["p"]
    except (binascii.Error, ValueError, KeyError, TypeError) as broken:
        raise GraphError(400, "BadRequest", "The skip token is not valid.") from broken
    return int(position)
