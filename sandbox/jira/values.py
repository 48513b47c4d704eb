"""What a client may put into a field: JSON read as the editors take it, or refused in Jira's own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sandbox.jira.calls import Call
from sandbox.jira.catalog import EPIC_LINK, PRIORITIES, RESOLUTIONS, SPRINT, START, Named
from sandbox.jira.datacenter import ServerBodies
from sandbox.jira.records import Issue, Project

__all__ = ["READERS", "BadValue", "Place", "labelled", "resolution_of", "versions_of"]

_LONGEST_SUMMARY, _LONGEST_TEXT, _LONGEST_LABEL = 255, 32_767, 255
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([wdhm]?)")
_SECONDS = {"w": 144_000, "d": 28_800, "h": 3600, "m": 60, "": 60}


class BadValue(Exception):
    """A field's value is refused; the text is Jira's."""


class Place:
    """Where a value is to go: the call, the project, and the issue unless it is being created."""

    def __init__(self, call: Call, project: Project, issue: Issue | None, level: int) -> None:
        self.call = call
        self.site = call.site
        self.project = project
        self.issue = issue
        self.level = level

    @property
    def server(self) -> bool:
        return isinstance(self.call.bodies, ServerBodies)


Reader = Callable[[Place, Any], Mapping[str, Any]]


def _summary(place: Place, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, str) or not value.strip():
        raise BadValue("You must specify a summary of the issue.")
    if "\n" in value or "\r" in value:
        raise BadValue("The summary is invalid because it contains newline characters.")
    if len(value) > _LONGEST_SUMMARY:
        raise BadValue("Summary can't exceed 255 characters.")
    return {"summary": value.strip()}


def _description(place: Place, value: Any) -> Mapping[str, Any]:
    if place.call.version == "3":
        if value is not None and (not isinstance(value, dict) or value.get("type") != "doc"):
            raise BadValue(
                "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
            )
        return {"document": value}
    if not isinstance(value, str | None):
        raise BadValue("Operation value must be a string")
    if len(value or "") > _LONGEST_TEXT:
        raise BadValue("The entered text is too long. It exceeds the allowed limit of 32,767 characters.")
    return {"description": value or ""}


def _day(name: str) -> Reader:
    def read(place: Place, value: Any) -> Mapping[str, Any]:
        if value is None:
            return {name: None}
        try:
            return {name: date.fromisoformat(value)}
        except (TypeError, ValueError):
            raise BadValue("Error parsing date string: " + str(value)) from None

    return read


def _points(place: Place, value: Any) -> Mapping[str, Any]:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise BadValue("Operation value must be a number")
    return {"points": value}


def _assignee(place: Place, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {"assignee": None}
    named = value.get("name" if place.server else "accountId") if isinstance(value, dict) else None
    if named is None and isinstance(value, dict) and not place.server:
        named = value.get("id")
    for account in place.site.users:
        known = place.call.bodies.user(account)["name"] if place.server else account
        if named == known:
            if not place.site.may_read(account, place.project.key):
                break
            return {"assignee": account}
    raise BadValue(f"User '{named}' cannot be assigned issues.")


def _one(rows: tuple[Named, ...], value: Any) -> Named | None:
    """The row that `{"id": …}` or `{"name": …}` names."""
    if not isinstance(value, dict):
        return None
    return next((row for row in rows if row.id == value.get("id") or row.name == value.get("name")), None)


def _priority(place: Place, value: Any) -> Mapping[str, Any]:
    found = _one(PRIORITIES, value)
    if found is None:
        named = value.get("name") or value.get("id") if isinstance(value, dict) else value
        raise BadValue(f"The priority selected is invalid: {named}.")
    return {"priority": found.name}


def resolution_of(value: Any) -> Named:
    found = _one(RESOLUTIONS, value)
    if found is None:
        raise BadValue("Please select a valid resolution.")
    return found


def labelled(place: Place, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise BadValue("data was not an array")
    for label in value:
        if re.search(r"\s", label) or not label:
            raise BadValue(f"The label '{label}' contains spaces which is invalid.")
        if len(label) > _LONGEST_LABEL:
            raise BadValue(f"The label '{label}' exceeds the limit of 255 characters.")
    return {"labels": tuple(value)}


def _components(place: Place, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, list):
        raise BadValue("data was not an array")
    found = [_one(tuple(place.project.components), row) for row in value]
    if None in found:
        raise BadValue("Component name is not valid")
    return {"components": tuple(row.name for row in found if row)}


def versions_of(place: Place, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, list):
        raise BadValue("data was not an array")
    rows = tuple(Named(id, place.site.versions[id].name) for id in place.project.versions)
    for row in value:
        if _one(rows, row) is None:
            kind = "id" if isinstance(row, dict) and "id" in row else "name"
            raise BadValue(f"Version {kind} '{row.get(kind) if isinstance(row, dict) else row}' is not valid")
    return {"versions": tuple(found.id for found in (_one(rows, row) for row in value) if found)}


def _parent(place: Place, value: Any) -> Mapping[str, Any]:
    """A parent is one level up; a sub-task's is never taken away."""
    if value is None or value == {"none": True}:
        if place.level < 0:
            raise BadValue("Issue type is a sub-task but parent issue key or id not specified.")
        return {"parent": None}
    named = (value.get("id") or value.get("key") or "") if isinstance(value, dict) else ""
    found = place.call.visible_issue(named)
    if found is None:
        raise BadValue("Could not find issue by id or key.")
    if found.type.level != place.level + 1 or (found.project != place.project.key and place.level < 0):
        raise BadValue("Given parent work item does not belong to appropriate hierarchy.")
    return {"parent": found.id}


def _epic(place: Place, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {"parent": None}
    found = place.call.visible_issue(value)
    if found is None or found.type.level != 1:
        raise BadValue(f"Issue '{value}' must be of type 'Epic'.")
    return {"parent": found.id}


def _sprint(place: Place, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {"sprint": None}
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue("Number value expected as the Sprint id.")
    found = place.site.sprints.get(value)
    if found is None:
        raise BadValue(f"Sprint with id '{value}' does not exist.")
    if found.state == "closed":
        raise BadValue("Issue can be assigned only active or future sprints.")
    return {"sprint": value}


def _time(place: Place, value: Any) -> Mapping[str, Any]:
    names = {"originalEstimate": "original_estimate_s", "remainingEstimate": "remaining_estimate_s"}
    if not isinstance(value, dict) or value.keys() - names.keys():
        raise BadValue("Operation value must be an object with originalEstimate or remainingEstimate")
    return {names[name]: _seconds(text) for name, text in value.items()}


def _seconds(text: Any) -> int | None:
    if text is None or text == "":
        return None
    parts = str(text).split()
    spans = [_SPAN.fullmatch(part) for part in parts]
    if not all(spans):
        raise BadValue(f"'{text}' is not a valid time estimate.")
    return round(sum(float(span[1]) * _SECONDS[span[2]] for span in spans if span))


READERS: Mapping[str, Reader] = {
    "summary": _summary,
    "description": _description,
    "duedate": _day("due"),
    START: _day("start"),
    "assignee": _assignee,
    "priority": _priority,
    "labels": labelled,
    "components": _components,
    "fixVersions": versions_of,
    "parent": _parent,
    EPIC_LINK: _epic,
    SPRINT: _sprint,
    "timetracking": _time,
    "points": _points,
}
"""By field id; the field of points goes by another id in every kind of project."""
