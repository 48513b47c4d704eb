"""What a webhook says of one thing that happened: shaped by version 2 of the API, on either product."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.jira.bodies import Bodies, Json
from sandbox.jira.happenings import Happening
from sandbox.jira.issues import IssueBodies
from sandbox.jira.records import History
from sandbox.jira.stamps import milliseconds

__all__ = ["body_of"]

_KINDS = {"assignee": "issue_assigned", "project": "issue_moved", "status": "issue_generic"}


def body_of(told: Happening, bodies: Bodies, issues: IssueBodies) -> Json:
    """Without `timestamp` and `webhookEvent`, no two kinds of events have the same members."""
    start: Json = {"timestamp": milliseconds(bodies.site.clock.now()), "webhookEvent": told.event}
    for prefix, tell in _TELLERS.items():
        if told.event.startswith(prefix):
            return start | tell(told, bodies, issues)
    raise ValueError(f"no webhook tells of {told.event}")


def _issue(told: Happening, bodies: Bodies, issues: IssueBodies) -> Json:
    assert told.issue is not None
    body: Json = {"issue": issues.issue(told.issue, ["*all"])}
    if told.actor is not None:
        body["user"] = bodies.user(told.actor)
    if told.history is not None:
        items = issues.history(told.history)["items"]
        body["changelog"] = {"id": str(told.history.id), "items": items}
        body["issue_event_type_name"] = _kind(told.history)
    elif told.event == "jira:issue_created":
        body["issue_event_type_name"] = "issue_created"
    return body


def _kind(history: History) -> str:
    found = (_KINDS[item.field] for item in history.items if item.field in _KINDS)
    return next(found, "issue_updated")


def _property(told: Happening, bodies: Bodies, issues: IssueBodies) -> Json:
    assert told.issue is not None
    key = told.property or ""
    body: Json = {"key": key}
    if key in told.issue.properties:
        body["value"] = told.issue.properties[key]
    return {"property": body, "issue": issues.issue(told.issue, ["summary"])}


def _worklog(told: Happening, bodies: Bodies, issues: IssueBodies) -> Json:
    """It names its issue by nothing but the id."""
    assert told.worklog is not None
    return {"worklog": {**issues.worklog(told.worklog), "comment": ""}}


def _comment(told: Happening, bodies: Bodies, issues: IssueBodies) -> Json:
    assert told.comment is not None
    assert told.issue is not None
    fields = ["summary", "issuetype", "project", "assignee", "priority", "status"]
    return {"comment": issues.comment(told.comment), "issue": issues.issue(told.issue, fields)}


def _sprint(told: Happening, bodies: Bodies, issues: IssueBodies) -> Json:
    """Nobody is said to have done it."""
    assert told.sprint is not None
    body: Json = {"sprint": bodies.sprint(told.sprint)}
    return body | ({"oldValue": bodies.sprint(told.before)} if told.before is not None else {})


def _version(told: Happening, bodies: Bodies, issues: IssueBodies) -> Json:
    assert told.version is not None
    return {"version": bodies.release(told.version)}


_TELLERS: Mapping[str, Callable[[Happening, Bodies, IssueBodies], Json]] = {
    "jira:issue_": _issue,
    "issue_property_": _property,
    "worklog_": _worklog,
    "comment_": _comment,
    "sprint_": _sprint,
    "jira:version_": _version,
}
