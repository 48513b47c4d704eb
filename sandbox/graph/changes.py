"""What the beta version tells of changes: deltas since a link was given, and history items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.graph.calls import Call, GraphError
from sandbox.graph.records import Change, Task, stamp
from sandbox.graph.resources import task_details_json, task_json, who_json

__all__ = ["delta", "history"]

_PAGE = 4
_SINCE = "occurredDateTime ge "


def delta(call: Call, changes: Sequence[Change], forgotten: int) -> dict[str, Any]:
    """A page of changed objects, in the order of the changes: one that changed twice comes twice.

    The first call brings nothing but a link on, as the service may do. GraphError 400: a link that is none;
    410: one that is older than what is remembered.
    """
    token = call.query.get("$deltatoken") or call.query.get("$skiptoken")
    if token is None:
        return _linked(call, [], f"$skiptoken={max((c.ordinal for c in changes), default=0)}", more=True)
    if not token.isdecimal():
        raise GraphError(400, "BadRequest", "The delta token is not valid.")
    if int(token) < forgotten:
        raise GraphError(410, "Gone", "The delta token has expired; start again.")
    later = [change for change in changes if change.ordinal > int(token)]
    page = later[:_PAGE]
    last, more = page[-1].ordinal if page else int(token), len(later) > len(page)
    items = [item for change in page for item in _items(change)]
    return _linked(call, items, f"${'skip' if more else 'delta'}token={last}", more=more)


def _linked(call: Call, value: list[dict[str, Any]], token: str, *, more: bool) -> dict[str, Any]:
    name = "@odata.nextLink" if more else "@odata.deltaLink"
    return {
        "@odata.context": f"{call.root}/$metadata#Collection(graph.plannerDelta)",
        name: f"{call.root}{call.path}?{token}",
        "value": value,
    }


def _items(change: Change) -> list[dict[str, Any]]:
    """The objects that an act touched, each with its changed properties only."""
    if change.after is None:
        return [
            {
                "@odata.type": "#microsoft.graph.plannerTask",
                "id": change.task,
                "@removed": {"reason": "deleted"},
            }
        ]
    items = [_part("#microsoft.graph.plannerTask", change, task_json)]
    if change.before is None or task_details_json(change.before) != task_details_json(change.after):
        items.append(_part("#microsoft.graph.plannerTaskDetails", change, task_details_json))
    return [item for item in items if len(item) > 3]


def _part(kind: str, change: Change, shown: Any) -> dict[str, Any]:
    assert change.after is not None
    new, old = shown(change.after), shown(change.before) if change.before else {}
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return {"@odata.type": kind, **changed, "id": change.task, "@odata.etag": new["@odata.etag"]}


def history(call: Call, changes: Sequence[Change]) -> dict[str, Any]:
    """Everything that happened to the plan's tasks since an instant, with the task before and after."""
    condition = call.query.get("$filter", "")
    since = condition.removeprefix(_SINCE) if condition.startswith(_SINCE) else ""
    begin = int(call.query.get("$skiptoken", "0"))
    rows = [change for change in changes if (stamp(change.at) or "") >= since and change.ordinal > begin]
    body: dict[str, Any] = {
        "@odata.context": f"{call.root}/$metadata#Collection(graph.plannerHistoryItem)",
        "value": [_history_item(change) for change in rows[:_PAGE]],
    }
    if len(rows) > _PAGE:
        link = f"$filter={condition}&$skiptoken={rows[_PAGE - 1].ordinal}"
        body["@odata.nextLink"] = f"{call.root}{call.path}?{link}"
    return body


def _history_item(change: Change) -> dict[str, Any]:
    kind = "created" if change.before is None else "deleted" if change.after is None else "updated"
    return {
        "@odata.type": "#microsoft.graph.taskHistoryItem",
        "id": f"{change.task}-{change.ordinal}",
        "entityId": change.task,
        "eventType": kind,
        "occurredDateTime": stamp(change.at),
        "actor": who_json(change.actor),
        "oldData": _snapshot(change.before),
        "newData": _snapshot(change.after),
    }


def _snapshot(task: Task | None) -> dict[str, Any] | None:
    return None if task is None else {**task_json(task), "details": task_details_json(task)}
