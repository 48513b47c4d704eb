"""Writes over GraphQL: cards and their values on boards, and parts of issues."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from sandbox.github.errors import GraphError
from sandbox.github.graph.columns import Table
from sandbox.github.graph.context import Info
from sandbox.github.records import Account, Issue, Item, Project, ProjectField

__all__ = ["MUTATION_FIELDS", "edits_board"]

Kind = TypeVar("Kind")
Given = Mapping[str, Any]
_KEYS = {
    "number": "number",
    "date": "date",
    "text": "text",
    "single_select": "singleSelectOptionId",
    "iteration": "iterationId",
}


def _find(info: Info, id: str, kind: type[Kind]) -> Kind:
    """The record of this id. GraphError: it isn't there, or is something else."""
    held = info.context.site.nodes.get(id)
    repo = held.repo if isinstance(held, Issue) else None
    if not isinstance(held, kind) or (repo is not None and not info.context.viewer.sees(repo)):
        raise GraphError("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'.")
    return held


def edits_board(project: Project, info: Info) -> bool:
    """Whether the viewer may write to a board."""
    token = info.context.viewer.token
    if token is None or not token.plans:
        return False
    return token.of_app or info.context.site.board_role(project, token.account) != "read"


def _board(info: Info, given: Given, act: str) -> tuple[Project, Account]:
    """The board to write to and who writes. GraphError: the viewer may not."""
    project, viewer = _find(info, given["projectId"], Project), info.context.viewer
    if viewer.token is not None and not viewer.token.plans:
        kind = "integration" if viewer.token.of_app else "personal access token"
        raise GraphError("FORBIDDEN", f"Resource not accessible by {kind}")
    if not edits_board(project, info):
        message = f"{viewer.login} does not have the correct permissions to execute `{act}`"
        raise GraphError("FORBIDDEN", message)
    return project, viewer.account


def _item(info: Info, given: Given, project: Project) -> Item:
    item = _find(info, given["itemId"], Item)
    if item.project is not project:
        raise GraphError("NOT_FOUND", "The item does not exist in the project.")
    return item


def _field(info: Info, given: Given, project: Project) -> ProjectField:
    field = _find(info, given["fieldId"], ProjectField)
    if project.fields.get(field.id) is not field:
        raise GraphError("NOT_FOUND", "The field does not exist in the project.")
    if field.type not in _KEYS:
        raise GraphError("VALIDATION", f"The field of type {field.type} is currently not supported.")
    return field


def _value(field: ProjectField, given: Given) -> Any:
    """The value by its name, as people set it. GraphError: not one value, or none of the field's."""
    told = {key: value for key, value in given.items() if value is not None}
    if set(told) != {_KEYS[field.type]}:
        raise GraphError("VALIDATION", f"Did not receive a {field.type.replace('_', ' ')} value to update.")
    (value,) = told.values()
    if field.type == "date":
        return date.fromisoformat(value[:10])
    if field.type == "single_select":
        return _named(value, {one.id: one.name for one in field.options}, "single select option Id", field)
    if field.type == "iteration":
        return _named(value, {one.id: one.title for one in field.iterations}, "iteration Id", field)
    return value


def _named(id: str, names: Mapping[str, str], word: str, field: ProjectField) -> str:
    if id not in names:
        raise GraphError("VALIDATION", f"The {word} does not belong to the field {field.name}.")
    return names[id]


def _update(_root: object, info: Info, input: Given) -> Given:
    project, who = _board(info, input, "UpdateProjectV2ItemFieldValue")
    item, field = _item(info, input, project), _field(info, input, project)
    value = _value(field, input["value"])
    info.context.site.set_value(item, field, value, who)
    return {"projectV2Item": item, **input}


def _clear(_root: object, info: Info, input: Given) -> Given:
    project, who = _board(info, input, "ClearProjectV2ItemFieldValue")
    item, field = _item(info, input, project), _field(info, input, project)
    info.context.site.set_value(item, field, None, who)
    return {"projectV2Item": item, **input}


def _add(_root: object, info: Info, input: Given) -> Given:
    """Put an issue on the board; one that is there already is given back as it is."""
    project, who = _board(info, input, "AddProjectV2ItemById")
    issue = _find(info, input["contentId"], Issue)
    return {"item": info.context.site.place(project, issue, who), **input}


def _plan(info: Info, input: Given, act: str) -> tuple[Issue, Issue, Account]:
    """An issue, what is or becomes its part, and who says so."""
    issue, part = (_find(info, input[name], Issue) for name in ("issueId", "subIssueId"))
    token, site = info.context.viewer.token, info.context.site
    allowed = token is not None and token.writes_issues(issue.repo)
    if token is None or not allowed or (not token.of_app and site.role(issue.repo, token.account) == "read"):
        login = info.context.viewer.login
        message = f"{login} does not have the correct permissions to execute `{act}`"
        raise GraphError("FORBIDDEN", message)
    return issue, part, token.account


def _add_part(_root: object, info: Info, input: Given) -> Given:
    issue, part, who = _plan(info, input, "AddSubIssue")
    if part.parent is not None and not input.get("replaceParent"):
        raise GraphError("VALIDATION", "Sub issue may only have one parent")
    info.context.create()
    info.context.site.link_part(part, issue, who)
    return {"issue": issue, "subIssue": part, **input}


def _remove_part(_root: object, info: Info, input: Given) -> Given:
    issue, part, who = _plan(info, input, "RemoveSubIssue")
    if part.parent is not issue:
        raise GraphError("NOT_FOUND", "The provided sub-issue is not a sub-issue of the issue.")
    info.context.site.link_part(part, None, who)
    return {"issue": issue, "subIssue": part, **input}


def _payload(*names: str) -> Table:
    read: Callable[[Given, Info], Any] = lambda held, info: held.get(info.field_name)  # noqa: E731
    return dict.fromkeys(("clientMutationId", *names), read)


MUTATION_FIELDS: dict[str, Table] = {
    "Mutation": {
        "addProjectV2ItemById": _add,
        "addSubIssue": _add_part,
        "clearProjectV2ItemFieldValue": _clear,
        "removeSubIssue": _remove_part,
        "updateProjectV2ItemFieldValue": _update,
    },
    "AddProjectV2ItemByIdPayload": _payload("item"),
    "AddSubIssuePayload": _payload("issue", "subIssue"),
    "ClearProjectV2ItemFieldValuePayload": _payload("projectV2Item"),
    "RemoveSubIssuePayload": _payload("issue", "subIssue"),
    "UpdateProjectV2ItemFieldValuePayload": _payload("projectV2Item"),
}
