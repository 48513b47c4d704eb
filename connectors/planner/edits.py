"""From the project's words to Planner's: what a write has to send, pure, one task at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from connectors.planner.mapping import (
    BANDS,
    Board,
    estimate_of,
    instant,
    labels_of,
    ours,
    priority_of,
    status_of,
)
from connectors.planner.records import DetailsRecord, TaskRecord
from connectors.planner.settings import PlannerSource
from connectors.planner.texts import MARKER, described, text_of, ticked_off
from model.values import StatusCategory

__all__ = ["WRITES", "Patch", "holds", "patch_of", "reference", "rounded"]

WRITES = frozenset(
    {
        *("assignees", "body", "due", "estimate", "labels", "milestone"),
        *("percent", "priority", "sprints", "start", "status", "title"),
    }
)
_TITLE = 255
_DONE = 100
_PERCENTS = {StatusCategory.TODO: 0, StatusCategory.DOING: 50, StatusCategory.DONE: _DONE}
_CLIENTS_HOUR = time(10, tzinfo=UTC)
_DEFAULT_BAND = "Medium"
_ASSIGNED = {"@odata.type": "#microsoft.graph.plannerAssignment", "orderHint": " !"}


@dataclass(slots=True)
class Patch:
    """What to send: properties of the task and of its details; `dropped` says what cannot be, and why."""

    task: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)


def rounded(name: str, value: object) -> object:
    """The value as Planner keeps it: it has no cancelled tasks, no task without percentage or priority."""
    if name == "status" and value is StatusCategory.CANCELLED:
        return StatusCategory.DONE
    if name == "percent":
        return min(max(value, 0), _DONE) if isinstance(value, int) else 0
    if name == "priority" and value is None:
        return _DEFAULT_BAND
    if name == "title" and isinstance(value, str):
        return " ".join(value.split())[:_TITLE].rstrip()
    if name == "body" and isinstance(value, str):
        return text_of("\n".join(value.splitlines()).strip()).strip()
    return value


def holds(source: PlannerSource) -> frozenset[str]:
    """The fields that the settings of a source leave a place for."""
    without = {"milestone" if source.sprints == "bucket" else "sprints"}
    without |= set() if source.windows else {"milestone"}
    without |= set() if source.estimate_label else {"estimate"}
    return WRITES - without


def patch_of(
    fields: Mapping[str, object], task: TaskRecord, details: DetailsRecord | None, board: Board
) -> Patch:
    """The properties to send so that the task holds `fields`; what it holds already is left out."""
    patch = Patch()
    for name in sorted(fields, key=_ORDER.index):
        reason = _SETTERS[name](patch, rounded(name, fields[name]), task, details, board)
        if reason:
            patch.dropped[name] = reason
    _keep_in_order(patch, task, board)
    return patch


# Fields


def _title(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    if not value:
        return "a task needs a title; give it one"
    if value != task.title:
        patch.task["title"] = value
    return ""


def _percent(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    if value != task.percent_complete:
        patch.task["percentComplete"] = value
    return ""


def _status(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    """By percentage, which is all that Planner knows of a status; one that says the same already stays."""
    percent = patch.task.get("percentComplete", task.percent_complete)
    if status_of(percent, board.source)[0] is value:
        return ""
    if status_of(task.percent_complete, board.source)[0] is value:
        patch.task.pop("percentComplete")
        return ""
    usual = _PERCENTS.get(value, 0)
    for candidate in sorted(_PERCENTS.values(), key=lambda one: (one != usual, one)):
        if status_of(candidate, board.source)[0] is value:
            patch.task["percentComplete"] = candidate
            return ""
    return f'no word of Planner means "{value}" here; correct status in the source'


def _priority(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    if value not in BANDS:
        return f'Planner has no priority "{value}", only {", ".join(BANDS)}; name one in [mapping.priority]'
    if value != priority_of(task.priority):
        patch.task["priority"] = BANDS[value]
    return ""


def _date(property: str, held: Callable[[TaskRecord], str | None]) -> Callable[..., str]:
    """Sets a day and keeps the time of day that stands there."""

    def set_day(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
        before = instant(held(task))
        if value != (before.astimezone(board.zone).date() if before else None):
            patch.task[property] = None if value is None else _written(_at(value, before, board))
        return ""

    return set_day


def _assignees(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    held = {id for id, one in (task.assignments or {}).items() if one}
    changes = {id: dict(_ASSIGNED) for id in value - held} | dict.fromkeys(held - value)
    if changes:
        patch.task["assignments"] = changes
    return ""


def _labels(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    """Labels by the names of slots; those that hold an estimate stay, being no labels otherwise."""
    held = _slots(task)
    sized = {slot for slot in held if _size(board.categories.get(slot), board) is not None}
    wanted = sized | {slot for slot in held if board.categories.get(slot, slot) in value}
    unknown = []
    for label in sorted(value - set(labels_of(task, board))):
        slot = _slot_of(label, board)
        if slot is None:
            unknown.append(label)
        else:
            wanted.add(slot)
    _apply(patch, held, wanted)
    if unknown:
        names = ", ".join(f'"{label}"' for label in unknown)
        return f"the plan has no label {names}; name one in Planner"
    return ""


def _estimate(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    """By the label that says the number, in place of those that say another one."""
    if board.source.estimate_label is None:
        return "the source names no estimate_label; add it to the config"
    held = _slots(task)
    wanted = held | _changed(patch, on=True) - _changed(patch, on=False)
    sized = {slot: _size(name, board) for slot, name in board.categories.items()}
    said = [slot for slot in wanted if sized.get(slot) is not None]
    fitting = next((slot for slot, number in sized.items() if value is not None and number == value), None)
    if value is not None and fitting is None:
        number = format(Decimal(value).normalize(), "f")
        return f"no label of the plan says {number}; name one in Planner"
    kept = {slot for slot in said if sized[slot] == value} or ({fitting} if fitting else set())
    _apply(patch, held, (wanted - set(said)) | kept)
    return ""


def _sprints(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    if board.source.sprints != "bucket":
        return 'buckets are no sprints here; set sprints = "bucket" in the source'
    if len(value) > 1:
        return "a task is in one bucket only; leave it in one sprint"
    return _move(patch, next(iter(value), None), task, board)


def _milestone(patch: Patch, value: Any, task: TaskRecord, details: object, board: Board) -> str:
    if board.source.sprints == "bucket" or not board.dated:
        return "no bucket is a milestone here; give buckets dates in windows of the source"
    return _move(patch, value, task, board)


def _move(patch: Patch, wanted: str | None, task: TaskRecord, board: Board) -> str:
    """Into a dated bucket, or out of it into the first that has no dates."""
    now = task.bucket_id or ""
    if wanted == (now if now in board.dated else None):
        return ""
    if wanted is not None and wanted not in board.dated:
        return "the plan has no such bucket with dates in windows; add it there"
    target = wanted or next((id for id in board.buckets if id not in board.dated), None)
    if target is None:
        return "every bucket of the plan has dates in windows; make one without"
    patch.task["bucketId"] = target
    return ""


def _body(patch: Patch, value: Any, task: TaskRecord, details: DetailsRecord | None, board: Board) -> str:
    """The description; the lines of a checklist below it are no part of it and must stay as they are."""
    bare = text_of if ours(task, board) else str
    lines = ticked_off(details) if details else []
    if lines:
        ending = "\n".join(lines)
        if value != ending and not value.endswith(f"\n{ending}"):
            return "its checklist is read as part of its text; edit the description in Planner"
        value = value[: -len(ending)].rstrip()
    held = (details.description or "") if details else ""
    if value != bare(held):
        marks = [line for line in held.splitlines() if MARKER.fullmatch(line.strip())]
        patch.details["description"] = described(value, marks)
    return ""


_Setter = Callable[[Patch, Any, TaskRecord, DetailsRecord | None, Board], str]
_SETTERS: dict[str, _Setter] = {
    "assignees": _assignees,
    "body": _body,
    "due": _date("dueDateTime", lambda task: task.due_date_time),
    "labels": _labels,
    "estimate": _estimate,
    "milestone": _milestone,
    "percent": _percent,
    "priority": _priority,
    "sprints": _sprints,
    "start": _date("startDateTime", lambda task: task.start_date_time),
    "status": _status,
    "title": _title,
}
_ORDER = tuple(_SETTERS)
"""A percentage is settled before a status, the labels before the one that is the estimate."""


# Parts


def reference(title: str) -> dict[str, str]:
    """What stands behind an address that is attached to a task."""
    return {
        "@odata.type": "#microsoft.graph.plannerExternalReference",
        "alias": title[:_TITLE],
        "type": "Other",
        "previewPriority": " !",
    }


def _slots(task: TaskRecord) -> set[str]:
    return {slot for slot, on in (task.applied_categories or {}).items() if on}


def _size(label: str | None, board: Board) -> Decimal | None:
    """The estimate that a label holds."""
    return None if label is None else estimate_of([label], board.source)


def _slot_of(label: str, board: Board) -> str | None:
    """The slot with this name, or with one that differs in case only."""
    exact = (slot for slot, name in board.categories.items() if name == label)
    near = (slot for slot, name in board.categories.items() if name.casefold() == label.casefold())
    return next(exact, None) or next(near, None)


def _changed(patch: Patch, *, on: bool) -> set[str]:
    return {slot for slot, value in patch.task.get("appliedCategories", {}).items() if value is on}


def _apply(patch: Patch, held: Collection[str], wanted: Collection[str]) -> None:
    changes = {slot: True for slot in wanted if slot not in held}
    changes |= {slot: False for slot in held if slot not in wanted}
    if changes:
        patch.task["appliedCategories"] = dict(sorted(changes.items()))
    else:
        patch.task.pop("appliedCategories", None)


def _at(day: date, before: datetime | None, board: Board) -> datetime:
    """An instant on that day: at the time that stood there, or at the hour that Planner's pages store."""
    if before is not None:
        local = before.astimezone(board.zone)
        return datetime.combine(day, local.timetz().replace(tzinfo=None), board.zone)
    usual = datetime.combine(day, _CLIENTS_HOUR)
    fits = usual.astimezone(board.zone).date() == day
    return usual if fits else datetime.combine(day, time(12), board.zone)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _keep_in_order(patch: Patch, task: TaskRecord, board: Board) -> None:
    """Planner refuses a start after the end, by the hour too: one day of both is one instant of both."""
    start = instant(patch.task.get("startDateTime", task.start_date_time))
    due = instant(patch.task.get("dueDateTime", task.due_date_time))
    if start is None or due is None or start <= due:
        return
    if start.astimezone(board.zone).date() != due.astimezone(board.zone).date():
        return
    if "dueDateTime" in patch.task:
        patch.task["dueDateTime"] = _written(start)
    elif "startDateTime" in patch.task:
        patch.task["startDateTime"] = _written(due)
