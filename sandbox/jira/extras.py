"""What hangs on an issue beside its fields: properties, remote links, links to other issues, logged time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.jira.adf import mentions, text_of
from sandbox.jira.bodies import Json
from sandbox.jira.calls import INVALID_PAYLOAD, Call, Refusal, Reply
from sandbox.jira.records import Issue
from sandbox.jira.wiki import called

__all__ = ["ROUTES"]

_NO_EDIT = "You do not have permission to edit issues in this project."
_NO_LINK = "You do not have permission to link issues in this project."
_LONGEST_PROPERTY, _LONGEST_KEY, _MOST_LINKS, _MOST_COMMENTS = 32_768, 255, 2000, 5000


def keys(call: Call) -> Json:
    found = call.issue(call.parameters["issue"])
    root = f"{call.bodies.root}/issue/{found.id}/properties"
    return {"keys": [{"self": f"{root}/{key}", "key": key} for key in found.properties]}


def get_property(call: Call) -> Json:
    found, key = _property(call)
    return {"key": key, "value": found.properties[key]}


def put_property(call: Call) -> Reply:
    """The whole value; 201 for a new one, 200 for one that was there."""
    found, key = _may_edit(call), call.parameters["key"]
    if len(key) > _LONGEST_KEY or len(call.content) > _LONGEST_PROPERTY:
        raise Refusal(400, "The property key or value is too long.")
    try:
        value = json.loads(call.content)
    except ValueError:
        raise Refusal(400, "The property value is not valid JSON.") from None
    return Reply(201 if call.site.set_property(found.id, key, value) else 200, {})


def delete_property(call: Call) -> Reply:
    _may_edit(call)
    found, key = _property(call)
    call.site.drop_property(found.id, key)
    return Reply(204)


def link_remote(call: Call) -> Reply:
    """A link with a `globalId` that is there is replaced; without one every call adds another."""
    found = _may_link(call)
    body = call.body(("globalId", "application", "relationship", "object"))
    target = body.get("object")
    if not isinstance(target, dict) or not target.get("url") or not target.get("title"):
        raise Refusal(400, errors={"object": "The url and the title of the object are required."})
    if len(found.remote) >= _MOST_LINKS:
        raise Refusal(413, "The issue has too many remote links.")
    known = set(found.remote)
    application = body.get("application") or {}
    assert call.account is not None
    link = call.site.link_remote(
        found.id,
        target["url"],
        target["title"],
        call.account,
        global_id=body.get("globalId"),
        application=(application.get("type"), application.get("name")),
        relationship=body.get("relationship"),
    )
    address = f"{call.bodies.root}/issue/{found.id}/remotelink/{link}"
    return Reply(200 if link in known else 201, {"id": int(link), "self": address})


def unlink_remote(call: Call) -> Reply:
    found, wanted = _may_link(call), call.text("globalId")
    link = next((id for id, row in found.remote.items() if row.global_id == wanted), None)
    if wanted is None or link is None:
        raise Refusal(404, "The remote link does not exist.")
    assert call.account is not None
    call.site.unlink_remote(found.id, link, call.account)
    return Reply(204)


def link(call: Call) -> Reply:
    """The inward issue is the one that blocks; the answer tells no id."""
    body = call.body(("type", "inwardIssue", "outwardIssue", "comment"))
    if (body.get("type") or {}).get("name") != "Blocks":
        raise Refusal(404, "No issue link type with this name found.")
    first, second = (call.issue(_named(body.get(side))) for side in ("inwardIssue", "outwardIssue"))
    if not call.site.may(call.account, second.project, "LINK_ISSUES"):
        raise Refusal(404, _NO_LINK)
    assert call.account is not None
    if second.id not in first.blocks.values():
        call.site.block(first.id, second.id, call.account)
    return Reply(201)


def comment(call: Call) -> Reply:
    """People who are called in it get a message. 400: version 3 takes documents, version 2 texts."""
    found = call.issue(call.parameters["issue"])
    if not call.site.may(call.account, found.project, "ADD_COMMENTS"):
        raise Refusal(403, "You do not have permission to comment on this issue.")
    said = call.body(("body", "visibility", "properties")).get("body")
    is_document = isinstance(said, dict) and said.get("type") == "doc"
    if not said or is_document is not (call.version == "3"):
        raise Refusal(400, errors={"comment": "Comment body is not valid!"})
    if len(found.comments) >= _MOST_COMMENTS:
        raise Refusal(413, "The issue has too many comments.")
    assert call.account is not None
    text, document = (text_of(said), said) if is_document else (str(said), None)
    made = call.site.comment(found.id, call.account, text, document)
    told = [*mentions(document), *called("" if document else text)]
    call.site.notices.extend(("mentioned", found.id, who) for who in told)
    return Reply(201, call.issues.comment(made))


def comments(call: Call) -> Json:
    found = call.issue(call.parameters["issue"])
    page = call.page(found.comments, call.issues.comment, 100)
    counts = {name: page[name] for name in ("startAt", "maxResults", "total")}
    return counts | {"comments": page["values"]}


def log_work(call: Call) -> Reply:
    """The author is always the caller."""
    found = call.issue(call.parameters["issue"])
    if not call.site.may(call.account, found.project, "WORK_ON_ISSUES"):
        raise Refusal(403, "You do not have permission to log work on this issue.")
    body = call.body(("timeSpentSeconds", "started", "comment", "timeSpent"))
    seconds = body.get("timeSpentSeconds")
    try:
        started = datetime.fromisoformat(str(body.get("started") or call.site.clock.now().isoformat()))
    except ValueError:
        raise Refusal(400, errors={"started": "The start of the work is no date."}) from None
    if not isinstance(seconds, int) or seconds <= 0:
        raise Refusal(400, errors={"timeLogged": "You must indicate the time spent working."})
    assert call.account is not None
    id = call.site.log_work(found.id, call.account, started, seconds)
    return Reply(201, call.issues.worklog(call.site.worklogs[int(id)]))


def _property(call: Call) -> tuple[Issue, str]:
    found, key = call.issue(call.parameters["issue"]), call.parameters["key"]
    if key not in found.properties:
        raise Refusal(404, f"The property {key} does not exist.")
    return found, key


def _may_edit(call: Call) -> Issue:
    found = call.issue(call.parameters["issue"])
    if not call.site.may(call.account, found.project, "EDIT_ISSUES"):
        raise Refusal(403, _NO_EDIT)
    return found


def _may_link(call: Call) -> Issue:
    found = call.issue(call.parameters["issue"])
    if not call.site.may(call.account, found.project, "LINK_ISSUES"):
        raise Refusal(403, _NO_LINK)
    return found


def _named(value: Any) -> str:
    if not isinstance(value, dict):
        raise Refusal(400, INVALID_PAYLOAD)
    return str(value.get("id") or value.get("key") or "")


ROUTES: tuple[tuple[str, str, Callable[[Call], Any]], ...] = (
    ("GET", "/issue/{issue}/properties", keys),
    ("GET", "/issue/{issue}/properties/{key}", get_property),
    ("PUT", "/issue/{issue}/properties/{key}", put_property),
    ("DELETE", "/issue/{issue}/properties/{key}", delete_property),
    ("POST", "/issue/{issue}/remotelink", link_remote),
    ("DELETE", "/issue/{issue}/remotelink", unlink_remote),
    ("POST", "/issueLink", link),
    ("GET", "/issue/{issue}/comment", comments),
    ("POST", "/issue/{issue}/comment", comment),
    ("POST", "/issue/{issue}/worklog", log_work),
)
"""Method, path below /rest/api/{version}, handler."""
