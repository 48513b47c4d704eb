"""An edit as the body of one request: Jira's fields, with the names of ours that they stand for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from connectors.jira.adf import document_of
from connectors.jira.fields import ORIGINAL_ESTIMATE, FieldMap
from connectors.jira.rounding import rounded
from connectors.jira.wiki import wiki_escaped
from model.values import Issue, Unit

__all__ = ["Form", "Lookups", "compose"]

_MINUTES = {Unit.DAYS: 480}


_NONE: frozenset[str] = frozenset()
_EMPTY: Mapping[str, object] = {"labels": _NONE, "assignees": _NONE, "sprints": _NONE, "body": ""}


class Lookups(Protocol):
    """What only the site knows: asked for where a field cannot be written without it.

    Data Center goes by a person's name and an issue's key where we keep ids. `is_open`: whether one of
    these sprints, in all of which the issue is, has not been closed.
    """

    @property
    def cloud(self) -> bool: ...

    def person(self, key: str) -> str: ...

    def key(self, id: str) -> str: ...

    def is_open(self, issue: str, sprints: frozenset[str]) -> bool: ...


@dataclass(slots=True)
class Form:
    """`fields` and `update` as Jira takes them; `ours` maps each of their names to our field.

    `dropped` are fields of ours that this project has no place for, and why.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    update: dict[str, list[Any]] = field(default_factory=dict)
    ours: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fields or self.update)

    @property
    def body(self) -> dict[str, Any]:
        whole = {"fields": self.fields, "update": self.update}
        return {name: part for name, part in whole.items() if part}

    def parted(self, names: Collection[str]) -> tuple[Form, Form]:
        """Without these fields of Jira's, and with nothing else."""
        kept = Form(ours=self.ours, dropped=self.dropped)
        apart = Form(ours=self.ours)
        for name, value in self.fields.items():
            (apart if name in names else kept).fields[name] = value
        for name, operations in self.update.items():
            (apart if name in names else kept).update[name] = operations
        return kept, apart

    def has(self, name: str) -> bool:
        return name in self.fields or name in self.update

    def joined(self, other: Form) -> Form:
        """Both together."""
        return Form(self.fields | other.fields, self.update | other.update, self.ours | other.ours)

    def named(self) -> list[str]:
        """Which fields of ours it sets."""
        return sorted({self.ours[name] for name in (*self.fields, *self.update)})

    def put(self, ours: str, name: str, value: Any) -> None:
        self.fields[name], self.ours[name] = value, ours

    def change(self, ours: str, name: str, operations: list[Any]) -> None:
        self.update[name], self.ours[name] = operations, ours


def compose(values: Mapping[str, object], base: Issue | None, fields: FieldMap, lookups: Lookups) -> Form:
    """What is to be sent so that an issue holds `values`; `base` None: it is about to be created.

    A field that holds what it shall hold is left out; "status" always is.
    """
    form = Form()
    for name, value in sorted(values.items()):
        if name == "status":
            continue
        wanted = rounded(name, value)
        held = getattr(base, name) if base is not None else _EMPTY.get(name)
        if base is not None and rounded(name, held) == wanted:
            continue
        if base is None and wanted == held:
            continue
        _WRITERS[name](_Task(form, wanted, held, fields, lookups, base))
    return form


@dataclass(frozen=True, slots=True)
class _Task:
    form: Form
    value: Any
    held: Any
    fields: FieldMap
    lookups: Lookups
    base: Issue | None


def _title(task: _Task) -> None:
    task.form.put("title", "summary", task.value)


def _due(task: _Task) -> None:
    task.form.put("due", "duedate", _day(task.value))


def _start(task: _Task) -> None:
    if task.fields.start is None:
        task.form.dropped["start"] = (
            "the project has no field for a start date; name one as start in the source"
        )
        return
    task.form.put("start", task.fields.start, _day(task.value))


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _estimate(task: _Task) -> None:
    field, value = task.fields.estimate, task.value
    if field is None:
        task.form.dropped["estimate"] = (
            "the project has no field for estimates; name one as estimate in the source"
        )
    elif field == ORIGINAL_ESTIMATE:
        minutes = None if value is None else round(value * _MINUTES.get(task.fields.unit, 60))
        task.form.put(
            "estimate", "timetracking", {"originalEstimate": "" if minutes is None else f"{minutes}m"}
        )
    else:
        task.form.put("estimate", field, None if value is None else _number(value))


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _assignees(task: _Task) -> None:
    who = next(iter(task.value), None)
    if who is None:
        task.form.put("assignees", "assignee", None)
    elif task.lookups.cloud:
        task.form.put("assignees", "assignee", {"accountId": who})
    else:
        task.form.put("assignees", "assignee", {"name": task.lookups.person(who)})


def _labels(task: _Task) -> None:
    if task.base is None:
        task.form.put("labels", "labels", sorted(task.value))
        return
    added = [{"add": label} for label in sorted(task.value - task.held)]
    removed = [{"remove": label} for label in sorted(task.held - task.value)]
    task.form.change("labels", "labels", added + removed)


def _milestone(task: _Task) -> None:
    """Only the version that counts is exchanged; others that people set stay."""
    removed = [{"remove": {"id": task.held}}] if task.held else []
    added = [{"add": {"id": task.value}}] if task.value else []
    if task.base is None:
        task.form.put("milestone", "fixVersions", [{"id": task.value}])
    else:
        task.form.change("milestone", "fixVersions", added + removed)


def _sprints(task: _Task) -> None:
    """One open sprint at most; sprints of the past stay by themselves, and are no reason to leave it."""
    if task.fields.sprint is None:
        task.form.dropped["sprints"] = "the site has no field for sprints"
        return
    added = sorted(task.value - task.held, key=lambda id: (len(id), id))
    if len(added) > 1:
        task.form.dropped["sprints"] = "Jira keeps an issue in one open sprint; choose one of them"
        return
    if added:
        task.form.put("sprints", task.fields.sprint, int(added[0]))
    elif task.base is not None and task.lookups.is_open(task.base.ref.id, task.held - task.value):
        task.form.put("sprints", task.fields.sprint, None)


def _parent(task: _Task) -> None:
    if not task.lookups.cloud:
        if task.fields.epic is None:
            task.form.dropped["parent"] = "the site has no field that links an issue to its epic"
            return
        task.form.put("parent", task.fields.epic, task.lookups.key(task.value) if task.value else None)
    elif task.value:
        task.form.put("parent", "parent", {"id": task.value})
    else:
        task.form.change("parent", "parent", [{"set": {"none": True}}])


def _priority(task: _Task) -> None:
    task.form.put("priority", "priority", {"name": task.value} if task.value else None)


def _body(task: _Task) -> None:
    cloud = task.lookups.cloud
    task.form.put("body", "description", document_of(task.value) if cloud else wiki_escaped(task.value))


_WRITERS: Mapping[str, Callable[[_Task], None]] = {
    "assignees": _assignees,
    "body": _body,
    "due": _due,
    "estimate": _estimate,
    "labels": _labels,
    "milestone": _milestone,
    "parent": _parent,
    "priority": _priority,
    "sprints": _sprints,
    "start": _start,
    "title": _title,
}
