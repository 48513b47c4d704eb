"""The endpoints that change an issue: create, edit, assign, transitions, estimation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.jira.adf import mentions
from sandbox.jira.bodies import Json
from sandbox.jira.calls import INVALID_PAYLOAD, Call, Refusal, Reply
from sandbox.jira.catalog import ISSUE_TYPES, RESOLUTIONS, IssueType
from sandbox.jira.datacenter import ServerBodies
from sandbox.jira.edits import on_screen, read_edit, read_properties
from sandbox.jira.records import Issue, Project
from sandbox.jira.values import READERS, BadValue, Place, resolution_of
from sandbox.jira.wiki import called
from sandbox.jira.workflow import Transition

__all__ = ["AGILE_ROUTES", "ROUTES"]

_EDIT = ("fields", "update", "properties", "historyMetadata", "transition")
_NO_EDIT = "You do not have permission to edit issues in this project."
_NO_QUIET = "To discard the user notification either admin or project admin permissions are required."
_CONFLICT = "The issue was changed by another request at the same time. Try again."


def create(call: Call) -> Reply:
    """Every call makes one more issue; nothing tells a repeated one from a new one."""
    body = call.body(_EDIT)
    fields = dict(body.get("fields") or {})
    project = _project(call, fields.pop("project", None))
    type = _type(fields.pop("issuetype", None))
    place = Place(call, project, None, type.level)
    properties = read_properties(body)
    if "summary" not in fields:
        raise Refusal(400, errors={"summary": "You must specify a summary of the issue."})
    if type.level < 0 and "parent" not in fields:
        text = "Issue type is a sub-task but parent issue key or id not specified."
        raise Refusal(400, errors={"issuetype": text})
    given = read_edit(place, {**body, "fields": fields}, "create")
    assert call.account is not None
    id = call.site.create_issue(
        project.key, type.name, given.pop("summary"), call.account, properties=properties, **given
    )
    _call_people(call, id, given, told=True)
    key = call.site.key_of(id)
    return Reply(201, {"id": id, "key": key, "self": f"{call.bodies.root}/issue/{id}"})


def edit(call: Call) -> Reply:
    """All of it or nothing. 409 on demand; without rights to administer nobody may edit quietly."""
    found = call.issue(call.parameters["issue"])
    if not call.site.may(call.account, found.project, "EDIT_ISSUES"):
        raise Refusal(403, _NO_EDIT)
    quiet = call.text("notifyUsers") == "false"
    if quiet and not _administers(call, found):
        raise Refusal(400, _NO_QUIET)
    body = call.body(_EDIT)
    place = Place(call, call.site.projects[found.project], found, found.type.level)
    if found.status.name in call.site.rules.frozen:
        raise Refusal(400, "Issue is not editable in its current status.")
    given, properties = read_edit(place, body, "edit"), read_properties(body)
    if call.site.rules.collide():
        raise Refusal(409, _CONFLICT)
    assert call.account is not None
    call.site.edit(found.id, call.account, **given)
    for key, value in properties.items():
        call.site.set_property(found.id, key, value)
    _call_people(call, found.id, given, told=not quiet)
    if call.text("returnIssue") == "true" and not isinstance(call.bodies, ServerBodies):
        return Reply(200, call.issues.issue(found, ["*all"]))
    return Reply(204)


def edit_meta(call: Call) -> Json:
    found = call.issue(call.parameters["issue"])
    if not call.site.may(call.account, found.project, "EDIT_ISSUES"):
        return {"fields": {}}
    project = call.site.projects[found.project]
    place = Place(call, project, found, found.type.level)
    return {"fields": {name: _meta(call, project.key, name) for name in sorted(on_screen(place, "edit"))}}


def assign(call: Call) -> Reply:
    found = call.issue(call.parameters["issue"])
    if not call.site.may(call.account, found.project, "ASSIGN_ISSUES"):
        raise Refusal(403, "You do not have permission to assign issues.")
    body = call.body(("accountId", "name", "key"))
    if len(body) != 1:
        raise Refusal(400, INVALID_PAYLOAD)
    who = next(iter(body.values()))
    place = Place(call, call.site.projects[found.project], found, found.type.level)
    try:
        given = READERS["assignee"](place, None if who in (None, "-1") else body)
    except BadValue as bad:
        raise Refusal(400, errors={"assignee": str(bad)}) from None
    if call.site.rules.collide():
        raise Refusal(409, _CONFLICT)
    assert call.account is not None
    call.site.edit(found.id, call.account, **given)
    _call_people(call, found.id, given, told=True)
    return Reply(204)


def transitions(call: Call) -> Json:
    """Those that lead on from here; none at all for somebody who may not move issues."""
    found = call.issue(call.parameters["issue"])
    rows = _available(call, found)
    wanted = call.text("transitionId")
    detailed = "transitions.fields" in call.words("expand")
    chosen = [row for row in rows if wanted in (None, row.id)]
    return {"expand": "transitions", "transitions": [_way(call, row, detailed) for row in chosen]}


def transition(call: Call) -> Reply:
    found = call.issue(call.parameters["issue"])
    body = call.body(_EDIT)
    asked = body.get("transition") or {}
    id = str(asked.get("id", "")) if isinstance(asked, dict) else ""
    way = next((row for row in _available(call, found) if row.id == id), None)
    if way is None:
        raise Refusal(400, f"Transition id '{id}' is not valid for this issue.")
    fields = dict(body.get("fields") or {})
    given: dict[str, Any] = {}
    try:
        if "resolution" in way.screen and "resolution" in fields:
            given["resolution"] = resolution_of(fields.pop("resolution"))
    except BadValue as bad:
        raise Refusal(400, errors={"resolution": str(bad)}) from None
    place = Place(call, call.site.projects[found.project], found, found.type.level)
    given |= read_edit(place, {**body, "fields": fields}, "transition", way.screen)
    missing = [name for name in way.required if name not in (body.get("fields") or {})]
    if missing:
        names = {row.id: row.name for row in call.site.fields}
        raise Refusal(400, errors={name: f"{names.get(name, name)} is required." for name in missing})
    if call.site.rules.collide():
        raise Refusal(409, _CONFLICT)
    assert call.account is not None
    call.site.transition(found.id, call.account, way.to.name, **given)
    _call_people(call, found.id, given, told=True)
    return Reply(204)


def estimation(call: Call) -> Json:
    """The estimate in the field the board counts in."""
    found, field = _estimated(call)
    value = found.points if field != "timeoriginalestimate" else found.original_estimate
    return {"fieldId": field, "value": None if value is None else str(value)}


def estimate(call: Call) -> Json:
    """Set whether or not the field is on a screen."""
    found, field = _estimated(call)
    if not call.site.may(call.account, found.project, "EDIT_ISSUES"):
        raise Refusal(403, _NO_EDIT)
    value = call.body(("value",)).get("value")
    try:
        number = None if value in (None, "") else float(str(value))
    except ValueError:
        raise Refusal(400, f"The value {value} is not a valid number.") from None
    assert call.account is not None
    call.site.edit(found.id, call.account, points=number)
    return {"fieldId": field, "value": None if number is None else str(number)}


def _estimated(call: Call) -> tuple[Issue, str]:
    found = call.issue(call.parameters["issue"])
    board = call.text("boardId")
    if board is None:
        raise Refusal(400, "The boardId parameter is required.")
    known = call.site.boards.get(int(board)) if board.isdigit() else None
    if known is None or known.project != found.project or known.type == "kanban":
        raise Refusal(404, "The issue does not belong to the board.")
    return found, call.site.points_field(found.project)


def _administers(call: Call, issue: Issue) -> bool:
    return call.site.may(call.account, issue.project, "ADMINISTER_PROJECTS")


def _available(call: Call, issue: Issue) -> list[Transition]:
    if not call.site.may(call.account, issue.project, "TRANSITION_ISSUES"):
        return []
    return call.site.rules.workflow(issue.project).available(issue.status)


def _way(call: Call, way: Transition, detailed: bool) -> Json:
    body: Json = {"id": way.id, "name": way.name, "to": call.bodies.status(way.to)}
    if not isinstance(call.bodies, ServerBodies):
        body |= {
            "hasScreen": bool(way.screen),
            "isGlobal": way.is_global,
            "isInitial": False,
            "isAvailable": True,
            "isConditional": False,
            "isLooped": False,
        }
    if detailed:
        fields = {name: _meta(call, "", name) for name in way.screen}
        body["fields"] = {name: meta | {"required": name in way.required} for name, meta in fields.items()}
    return body


def _meta(call: Call, project: str, name: str) -> Json:
    row = next(field for field in call.site.fields if field.id == name)
    listed = row.items is not None and row.type == "array"
    body: Json = {
        "required": name == "summary" or name in call.site.rules.required(project),
        "schema": call.bodies.field(row)["schema"],
        "name": row.name,
        "key": name,
        "hasDefaultValue": False,
        "operations": ["add", "set", "remove"] if listed else ["set"],
    }
    if name == "resolution":
        body["allowedValues"] = [call.bodies.named("resolution", one) for one in RESOLUTIONS]
    return body


def _project(call: Call, value: Any) -> Project:
    named = (value.get("key") or value.get("id") or "") if isinstance(value, dict) else ""
    try:
        project = call.project(str(named))
    except Refusal:
        raise Refusal(400, errors={"project": "valid project is required"}) from None
    if not call.site.may(call.account, project.key, "CREATE_ISSUES"):
        text = "You do not have permission to create issues in this project."
        raise Refusal(400, errors={"project": text})
    return project


def _type(value: Any) -> IssueType:
    for row in ISSUE_TYPES:
        if isinstance(value, dict) and (value.get("name") == row.name or value.get("id") == row.id):
            return row
    text = "Specify an issue type" if value is None else "The issue type selected is invalid."
    raise Refusal(400, errors={"issuetype": text})


def _call_people(call: Call, id: str, given: Mapping[str, Any], told: bool) -> None:
    """The messages that a save sends: to who watches the issue, who gets it, who is called in its text."""
    if told:
        call.site.notices.append(("changed", id, None))
    if given.get("assignee"):
        call.site.notices.append(("assigned", id, given["assignee"]))
    called_in = [*mentions(given.get("document")), *called(given.get("description", ""))]
    call.site.notices.extend(("mentioned", id, who) for who in called_in)


ROUTES: tuple[tuple[str, str, Callable[[Call], Any]], ...] = (
    ("POST", "/issue", create),
    ("PUT", "/issue/{issue}", edit),
    ("GET", "/issue/{issue}/editmeta", edit_meta),
    ("PUT", "/issue/{issue}/assignee", assign),
    ("GET", "/issue/{issue}/transitions", transitions),
    ("POST", "/issue/{issue}/transitions", transition),
)
"""Method, path below /rest/api/{version}, handler."""

AGILE_ROUTES: tuple[tuple[str, str, Callable[[Call], Any]], ...] = (
    ("GET", "/issue/{issue}/estimation", estimation),
    ("PUT", "/issue/{issue}/estimation", estimate),
)
"""The same below /rest/agile/1.0."""
