"""The endpoints below /rest/agile/1.0: boards and sprints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.jira.bodies import Json
from sandbox.jira.calls import Call, Refusal
from sandbox.jira.catalog import STATUSES
from sandbox.jira.records import Board

__all__ = ["ROUTES"]

_PAGE = 50
_STATES = ("closed", "active", "future")
_COLUMNS = (
    ("To Do", STATUSES[:2]),
    ("In Progress", STATUSES[2:5]),
    ("Done", STATUSES[5:]),
)


def boards(call: Call) -> Json:
    """Of the projects the caller may browse, narrowed by type, name and project."""
    rows = [board for board in call.site.boards.values() if call.may_read(board.project)]
    kinds, name, project = call.words("type"), call.text("name"), call.text("projectKeyOrId")
    if kinds:
        rows = [board for board in rows if board.type in kinds]
    if name:
        rows = [board for board in rows if name.casefold() in board.name.casefold()]
    if project:
        key = _project_key(call, project)
        rows = [board for board in rows if board.project == key]
    return call.page(rows, call.bodies.board, _PAGE)


def board(call: Call) -> Json:
    return call.bodies.board(_board(call))


def configuration(call: Call) -> Json:
    return call.bodies.board_configuration(_board(call), _COLUMNS)


def sprints(call: Call) -> Json:
    """Closed ones first, then active, then future; the page has no total. 400: a kanban board has none."""
    found = _board(call)
    if found.type == "kanban":
        raise Refusal(400, "The board does not support sprints")
    states = call.words("state") or list(_STATES)
    rows = [
        sprint
        for state in _STATES
        if state in states
        for sprint in call.site.sprints.values()
        if sprint.board == found.id and sprint.state == state
    ]
    return call.page(rows, call.bodies.sprint, _PAGE, total=False)


def sprint(call: Call) -> Json:
    id = call.parameters["sprint"]
    found = call.site.sprints.get(int(id)) if id.isdigit() else None
    if found is None or not call.may_read(call.site.boards[found.board].project):
        raise Refusal(404, "Sprint does not exist or you do not have permission to view it.")
    return call.bodies.sprint(found)


def _board(call: Call) -> Board:
    id = call.parameters["board"]
    found = call.site.boards.get(int(id)) if id.isdigit() else None
    if found is None or not call.may_read(found.project):
        raise Refusal(404, "Board does not exist or you do not have permission to see it.")
    return found


def _project_key(call: Call, id_or_key: str) -> str:
    """400 instead of the platform's 404: the agile API takes an unknown project for a bad parameter."""
    try:
        return call.project(id_or_key).key
    except Refusal:
        raise Refusal(400, f"No project could be found with key or id '{id_or_key}'.") from None


ROUTES: tuple[tuple[str, str, Callable[[Call], Any]], ...] = (
    ("GET", "/board", boards),
    ("GET", "/board/{board}", board),
    ("GET", "/board/{board}/configuration", configuration),
    ("GET", "/board/{board}/sprint", sprints),
    ("GET", "/sprint/{sprint}", sprint),
)
"""Method, path below /rest/agile/1.0, handler."""
