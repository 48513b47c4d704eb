"""Projects v2: fields, items and their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sandbox.github.graph.columns import CONNECTION, DATED, Table, always, read
from sandbox.github.graph.context import Connection, Info
from sandbox.github.graph.kinds import Shown
from sandbox.github.graph.mutations import edits_board
from sandbox.github.records import (
    Draft,
    FieldValue,
    Issue,
    Item,
    Iteration,
    Option,
    Project,
    ProjectField,
    stamp,
)

__all__ = ["BOARD_FIELDS"]


# Fields


def _fields(project: Project, info: Info, **arguments: Any) -> Connection:
    held = list(project.fields.values())
    return info.context.connect("fields", held, lambda one: (one.id,), arguments)


def _field(project: Project, _info: Info, name: str) -> ProjectField | None:
    return project.named(name)


def _options(field: ProjectField, _info: Info, names: list[str] | None = None) -> tuple[Option, ...]:
    return tuple(option for option in field.options if names is None or option.name in names)


def _configuration(field: ProjectField, info: Info) -> Mapping[str, object]:
    """Iterations as of today: one whose last day is over stands among the completed, newest first."""
    today = info.context.site.clock.now().date()
    return {
        "completedIterations": [one for one in reversed(field.iterations) if one.over(today)],
        "duration": field.duration,
        "iterations": [one for one in field.iterations if not one.over(today)],
        "startDay": field.start_day,
    }


_FIELD: Table = {
    **DATED,
    "dataType": lambda held, _: held.type.upper(),
    "databaseId": read("id"),
    "name": read("name"),
}


# Items


def _items(project: Project, info: Info, **arguments: Any) -> Connection:
    """Cards in the board's order, archived ones left out; descending turns the order round."""
    sign = -1 if (arguments.get("orderBy") or {}).get("direction") == "DESC" else 1
    held = [item for item in project.items.values() if not item.archived][::sign]
    return info.context.connect("items", held, lambda item: (sign * item.id,), arguments, outer=True)


def _hidden(item: Item, info: Info) -> bool:
    return isinstance(item.content, Issue) and not info.context.viewer.sees(item.content.repo)


def _content(item: Item, info: Info) -> Issue | Draft | None:
    return None if _hidden(item, info) else item.content


def _item_type(item: Item, info: Info) -> str:
    if _hidden(item, info):
        return "REDACTED"
    if isinstance(item.content, Draft):
        return "DRAFT_ISSUE"
    return "PULL_REQUEST" if item.content.pull else "ISSUE"


def _values(item: Item, info: Info) -> Iterator[FieldValue | Shown]:
    """Everything the card shows: its issue's own values in the built-in fields, then those it was given."""
    content = _content(item, info)
    for field in item.project.fields.values():
        if content is not None and field.type == "title":
            yield FieldValue(item.id, field, content.title, item.creator, item.created, item.updated)
        elif isinstance(content, Issue) and field.type == "assignees" and content.assignees:
            yield Shown("ProjectV2ItemFieldUserValue", field, content)
        elif isinstance(content, Issue) and field.type == "labels" and content.labels:
            yield Shown("ProjectV2ItemFieldLabelValue", field, content)
        elif isinstance(content, Issue) and field.type == "milestone" and content.milestone:
            yield Shown("ProjectV2ItemFieldMilestoneValue", field, content)
        elif field.id in item.values:
            yield item.values[field.id]


def _field_values(item: Item, info: Info, **arguments: Any) -> Connection:
    held = list(_values(item, info))
    return info.context.connect("fieldValues", held, lambda one: (one.field.id,), arguments)


def _value_of(item: Item, info: Info, name: str) -> FieldValue | Shown | None:
    return next((one for one in _values(item, info) if one.field.name.casefold() == name.casefold()), None)


# Values


def _iteration(value: FieldValue) -> Iteration:
    return next(one for one in value.field.iterations if one.id == value.value)


def _option(value: FieldValue, _info: Info) -> str | None:
    return next((option.name for option in value.field.options if option.id == value.value), None)


def _day(value: FieldValue, _info: Info) -> str:
    assert isinstance(value.value, date)
    return value.value.isoformat()


def _shown_users(shown: Shown, info: Info, **arguments: Any) -> Connection:
    return info.context.connect("users", shown.content.assignees, None, arguments)


def _shown_labels(shown: Shown, info: Info, **arguments: Any) -> Connection:
    return info.context.connect("labels", shown.content.labels, None, arguments)


_VALUE: Table = {
    "createdAt": DATED["createdAt"],
    "creator": read("creator"),
    "databaseId": read("id"),
    "field": read("field"),
    "id": read("node_id"),
    "updatedAt": DATED["updatedAt"],
}

BOARD_FIELDS: dict[str, Table] = {
    "ProjectV2": {
        **DATED,
        "closed": lambda held, _: held.closed is not None,
        "closedAt": lambda held, _: stamp(held.closed),
        "creator": read("creator"),
        "field": _field,
        "fields": _fields,
        "fullDatabaseId": lambda held, _: str(held.id),
        "items": _items,
        "number": read("number"),
        "owner": read("owner"),
        "public": always(False),
        "shortDescription": always(None),
        "title": read("title"),
        "url": lambda held, info: info.context.project_url(held),
        "viewerCanUpdate": edits_board,
    },
    "ProjectV2Field": _FIELD,
    "ProjectV2SingleSelectField": {**_FIELD, "options": _options},
    "ProjectV2SingleSelectFieldOption": {"id": read("id"), "name": read("name")},
    "ProjectV2IterationField": {**_FIELD, "configuration": _configuration},
    "ProjectV2IterationFieldConfiguration": {
        name: lambda held, info: held[info.field_name]
        for name in ("completedIterations", "duration", "iterations", "startDay")
    },
    "ProjectV2IterationFieldIteration": {
        "duration": read("days"),
        "id": read("id"),
        "startDate": lambda held, _: held.start.isoformat(),
        "title": read("title"),
    },
    "ProjectV2Item": {
        **DATED,
        "content": _content,
        "creator": read("creator"),
        "fieldValueByName": _value_of,
        "fieldValues": _field_values,
        "fullDatabaseId": lambda held, _: str(held.id),
        "isArchived": read("archived"),
        "project": read("project"),
        "type": _item_type,
    },
    "DraftIssue": {**DATED, "body": read("body"), "creator": read("creator"), "title": read("title")},
    "ProjectV2ItemFieldDateValue": {**_VALUE, "date": _day},
    "ProjectV2ItemFieldIterationValue": {
        **_VALUE,
        "duration": lambda held, _: _iteration(held).days,
        "iterationId": read("value"),
        "startDate": lambda held, _: _iteration(held).start.isoformat(),
        "title": lambda held, _: _iteration(held).title,
    },
    "ProjectV2ItemFieldNumberValue": {**_VALUE, "number": read("value")},
    "ProjectV2ItemFieldSingleSelectValue": {**_VALUE, "name": _option, "optionId": read("value")},
    "ProjectV2ItemFieldTextValue": {**_VALUE, "text": read("value")},
    "ProjectV2ItemFieldLabelValue": {"field": read("field"), "labels": _shown_labels},
    "ProjectV2ItemFieldMilestoneValue": {
        "field": read("field"),
        "milestone": lambda held, _: held.content.milestone,
    },
    "ProjectV2ItemFieldUserValue": {"field": read("field"), "users": _shown_users},
    **{
        f"ProjectV2{name}Connection": CONNECTION
        for name in ("", "FieldConfiguration", "Item", "ItemFieldValue")
    },
}
