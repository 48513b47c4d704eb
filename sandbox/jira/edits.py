"""The bodies of edits: which field may be set how, checked as a whole before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.jira.bodies import Json
from sandbox.jira.calls import INVALID_PAYLOAD, Refusal
from sandbox.jira.catalog import EPIC_LINK
from sandbox.jira.records import Issue
from sandbox.jira.values import READERS, BadValue, Place

__all__ = ["OFF_SCREEN", "on_screen", "read_edit", "read_properties"]

OFF_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
_SETS: Mapping[str, Callable[[Issue], list[Any]]] = {
    "labels": lambda issue: list(issue.labels),
    "components": lambda issue: [{"id": row.id} for row in issue.components],
    "fixVersions": lambda issue: [{"id": id} for id in issue.versions],
}
_LONGEST_PROPERTY, _LONGEST_KEY = 32_768, 255


def read_edit(place: Place, body: Json, screen: str, shown: Iterable[str] = ()) -> dict[str, Any]:
    """The arguments for the site's editors. 400 with a message for each field that cannot be set so.

    `screen` is "create", "edit" or the transition's own, which shows just the fields of `shown`.
    """
    fields, update = body.get("fields") or {}, body.get("update") or {}
    if not isinstance(fields, dict) or not isinstance(update, dict):
        raise Refusal(400, INVALID_PAYLOAD)
    both = fields.keys() & update.keys()
    if both:
        twice = {name: f"Field '{name}' cannot appear in both 'fields' and 'update'" for name in both}
        raise Refusal(400, errors=twice)
    visible = frozenset(shown) if screen == "transition" else on_screen(place, screen)
    given: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, value in [*fields.items(), *update.items()]:
        if name not in visible:
            errors[name] = OFF_SCREEN.format(name)
            continue
        try:
            final = _after(place, name, value) if name in update else value
            given |= READERS[_kind(place, name)](place, final)
        except BadValue as bad:
            errors[name] = str(bad)
    errors |= _cleared(place, fields, errors)
    if errors:
        raise Refusal(400, errors=errors)
    return given


def on_screen(place: Place, screen: str) -> frozenset[str]:
    """The fields that this caller may set there."""
    rules, site, project = place.site.rules, place.site, place.project.key
    names = {*READERS, site.points_field(project)} - {"points"}
    names -= {"parent"} if place.server and place.level >= 0 else {EPIC_LINK} if not place.server else set()
    if not site.may(place.call.account, project, "SCHEDULE_ISSUES"):
        names -= {"duedate"}
    if not site.may(place.call.account, project, "ASSIGN_ISSUES"):
        names -= {"assignee"}
    return frozenset(name for name in names if not rules.hides(project, name, screen))


def read_properties(body: Json) -> Mapping[str, Any]:
    """The entity properties that come along. 400: too long, or without a key."""
    rows = body.get("properties") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("key") for row in rows):
        raise Refusal(400, INVALID_PAYLOAD)
    for row in rows:
        if len(row["key"]) > _LONGEST_KEY or len(str(row.get("value"))) > _LONGEST_PROPERTY:
            raise Refusal(400, f"The property {row['key'][:40]} is too long.")
    return {row["key"]: row.get("value") for row in rows}


def _kind(place: Place, name: str) -> str:
    return "points" if name == place.site.points_field(place.project.key) else name


def _cleared(place: Place, fields: Json, errors: Mapping[str, str]) -> dict[str, str]:
    """Required fields that would be empty afterwards."""
    names = {row.id: row.name for row in place.site.fields}
    return {
        name: f"{names.get(name, name)} is required."
        for name in place.site.rules.required(place.project.key)
        if name not in errors and not fields.get(name) and (name in fields or place.issue is None)
    }


def _after(place: Place, name: str, operations: Any) -> Any:
    """What a list of operations leaves in a field."""
    if not isinstance(operations, list) or not all(isinstance(row, dict) and row for row in operations):
        raise BadValue("data was not an array")
    listed = name in _SETS
    value: Any = _SETS[name](place.issue) if listed and place.issue else []
    for operation in operations:
        ((verb, operand),) = operation.items()
        if verb == "set":
            value = operand
        elif verb == "add" and listed:
            value = value if operand in value else [*value, operand]
        elif verb == "remove" and listed:
            value = [one for one in value if one != operand]
        else:
            raise BadValue(f"Field does not support operation '{verb}'.")
    return value
