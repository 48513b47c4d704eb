"""The endpoints below /rest/api: site, fields, projects, issues, histories and worklogs."""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sandbox.jira.bodies import Json
from sandbox.jira.calls import INVALID_PAYLOAD, Call, Refusal
from sandbox.jira.catalog import STATUSES
from sandbox.jira.records import History, Issue
from sandbox.jira.stamps import milliseconds

__all__ = ["ROUTES", "Histories", "WorklogFeeds"]

_REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration"
    " guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
_PERMISSIONS = {
    "BROWSE_PROJECTS": ("10", "Browse Projects"),
    "EDIT_ISSUES": ("12", "Edit Issues"),
    "WORK_ON_ISSUES": ("20", "Work On Issues"),
    "CREATE_ISSUES": ("11", "Create Issues"),
    "TRANSITION_ISSUES": ("46", "Transition Issues"),
    "LINK_ISSUES": ("21", "Link Issues"),
    "ADD_COMMENTS": ("15", "Add Comments"),
    "ASSIGN_ISSUES": ("13", "Assign Issues"),
    "SCHEDULE_ISSUES": ("28", "Schedule Issues"),
    "ADMINISTER_PROJECTS": ("23", "Administer Projects"),
}
_INLINE_HISTORIES = 100
_GLOBAL_PERMISSIONS = {"ADMINISTER": ("0", "Administer Jira")}


def server_info(call: Call) -> Json:
    return call.bodies.server_info()


def myself(call: Call) -> Json:
    """401 for somebody who has not signed in, unlike everything else here."""
    if call.account is None:
        raise Refusal(401, "Client must be authenticated to access this resource.")
    return call.bodies.myself(call.site.users[call.account])


def fields(call: Call) -> list[Json]:
    return [call.bodies.field(row) for row in call.site.fields]


def statuses(call: Call) -> list[Json]:
    return [call.bodies.status(row) for row in STATUSES]


def my_permissions(call: Call) -> Json:
    """Those asked for by name, in one project or anywhere. 400: none named, or an unknown one."""
    known = _PERMISSIONS | _GLOBAL_PERMISSIONS
    names = call.words("permissions")
    unknown = [name for name in names if name not in known]
    if not names or unknown:
        raise Refusal(400, f"Unrecognized permission: {', '.join(unknown)}" if unknown else INVALID_PAYLOAD)
    key = call.text("projectKey") or call.text("projectId")
    places = [call.project(key)] if key else call.readable_projects()
    administers = call.account in call.site.administrators
    return {
        "permissions": {
            name: {
                "id": known[name][0],
                "key": name,
                "name": known[name][1],
                "type": "GLOBAL" if name in _GLOBAL_PERMISSIONS else "PROJECT",
                "description": "",
                "havePermission": administers
                if name in _GLOBAL_PERMISSIONS
                else bool(places)
                if name == "BROWSE_PROJECTS"
                else any(call.site.may(call.account, place.key, name) for place in places),
            }
            for name in names
        }
    }


def projects(call: Call) -> Json:
    found = call.readable_projects()
    wanted = (call.text("query") or "").casefold()
    rows = [row for row in found if wanted in row.key.casefold() or wanted in row.name.casefold()]
    page = call.page(rows, call.bodies.project, 50)
    page["self"] = call.address()
    if not page["isLast"]:
        page["nextPage"] = call.address(startAt=page["startAt"] + len(page["values"]))
    return page


def project(call: Call) -> Json:
    return call.bodies.project(call.project(call.parameters["project"]))


def versions(call: Call) -> list[Json]:
    found = call.project(call.parameters["project"])
    return [call.bodies.release(call.site.versions[id]) for id in found.versions]


def versions_page(call: Call) -> Json:
    found = call.project(call.parameters["project"])
    page = call.page(found.versions, lambda id: call.bodies.release(call.site.versions[id]), 50)
    return page | {"self": call.address()}


def removed_search(call: Call) -> Json:
    raise Refusal(410, _REMOVED)


def issue(call: Call) -> Json:
    """By id, key, or a key from before a move, which answers 200 with the new key and no redirect."""
    asked, properties = call.words("fields") or ["*all"], call.words("properties")
    found = call.issue(call.parameters["issue"])
    if "changelog" in call.words("expand"):
        return call.issues.with_histories(found, asked, _INLINE_HISTORIES, properties)
    return call.issues.issue(found, asked, properties)


def issues_in_bulk(call: Call) -> Json:
    """Ascending by id; what is missing or hidden is left out without a word."""
    body = call.body(("issueIdsOrKeys", "fields", "expand", "properties", "fieldsByKeys"))
    ids = body.get("issueIdsOrKeys")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 100:
        raise Refusal(400, "The number of issues to fetch must be between 1 and 100.")
    found = {issue.id: issue for issue in map(call.visible_issue, ids) if issue}
    asked = body.get("fields") or ["*navigable"]
    bodies = call.issues
    properties = body.get("properties") or []
    rows = [bodies.issue(found[id], asked, properties) for id in sorted(found, key=int)]
    return {"issues": rows, "issueErrors": []}


def issue_changelog(call: Call) -> Json:
    """Oldest first, offset paging."""
    found = call.issue(call.parameters["issue"])
    page = call.page(found.history, call.issues.history, 100)
    page["self"] = call.address()
    if not page["isLast"]:
        page["nextPage"] = call.address(startAt=page["startAt"] + len(page["values"]))
    return page


def issue_worklogs(call: Call) -> Json:
    found = call.issue(call.parameters["issue"])
    after, before = call.number("startedAfter", 0), call.number("startedBefore", 2**62)
    rows = [call.site.worklogs[id] for id in found.worklogs]
    rows = [row for row in rows if after <= milliseconds(row.started) < before]
    page = call.page(rows, call.issues.worklog, 5000)
    return {
        "startAt": page["startAt"],
        "maxResults": page["maxResults"],
        "total": page["total"],
        "worklogs": page["values"],
    }


def remote_links(call: Call) -> list[Json]:
    found = call.issue(call.parameters["issue"])
    return [
        {
            "id": int(link),
            "self": f"{call.bodies.root}/issue/{found.id}/remotelink/{link}",
            **({"globalId": row.global_id} if row.global_id else {}),
            "application": dict(zip(("type", "name"), row.application, strict=True)),
            **({"relationship": row.relationship} if row.relationship else {}),
            "object": {"url": row.url, "title": row.title},
        }
        for link, row in found.remote.items()
    ]


def worklog_list(call: Call) -> list[Json]:
    """A bare array; ids that are unknown or hidden are left out without a word."""
    ids = call.body(("ids",)).get("ids")
    if not isinstance(ids, list) or len(ids) > 1000:
        raise Refusal(400, "The number of worklog ids must be at most 1000.")
    found = [call.site.worklogs[id] for id in ids if id in call.site.worklogs]
    readable = [row for row in found if call.site.may_see(call.account, call.site.issues[row.issue])]
    return [call.issues.worklog(row) for row in readable]


class Histories:
    """POST /changelog/bulkfetch: pages count histories, so one issue's may be spread over two of them.

    `iso` writes `created` as the specification says and the service does not.
    """

    def __init__(self, iso: bool) -> None:
        self._iso = iso

    def fetch(self, call: Call) -> Json:
        body = call.body(("issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"))
        ids, wanted = body.get("issueIdsOrKeys"), body.get("fieldIds") or []
        if not isinstance(ids, list) or not 1 <= len(ids) <= 1000:
            raise Refusal(400, "The number of issues must be between 1 and 1000.")
        if len(wanted) > 10 or len(set(wanted)) < len(wanted):
            raise Refusal(400, "At most 10 different field ids can be given.")
        size = min(max(int(body.get("maxResults") or 1000), 1), 10000)
        found = {issue.id: issue for issue in map(call.visible_issue, ids) if issue}
        rows = [
            ((int(issue.id), history.id), history)
            for issue in sorted(found.values(), key=lambda issue: int(issue.id))
            for history in _only(issue, frozenset(wanted))
        ]
        start = bisect_right(rows, _opened(body.get("nextPageToken")), key=itemgetter(0))
        chosen = call.shorten(rows[start : start + size])
        page: Json = {"issueChangeLogs": self._grouped(call, chosen)}
        if start + len(chosen) < len(rows):
            page["nextPageToken"] = _sealed(
                chosen[-1][0] if chosen else rows[start - 1][0] if start else (0, 0)
            )
        return page

    def _grouped(self, call: Call, rows: Sequence[tuple[tuple[int, int], History]]) -> list[Json]:
        groups: dict[int, list[Json]] = {}
        bodies = call.issues
        for (issue, _), history in rows:
            groups.setdefault(issue, []).append(bodies.history(history, epoch=not self._iso))
        return [{"issueId": str(issue), "changeHistories": rows} for issue, rows in groups.items()]


def _only(issue: Issue, fields: frozenset[str]) -> list[History]:
    """The histories that touch these fields, cut down to them; an item without a field id matches none."""
    if not fields:
        return issue.history
    kept = []
    for history in issue.history:
        items = tuple(item for item in history.items if item.field_id in fields)
        if items:
            kept.append(History(history.id, history.author, history.at, items))
    return kept


def _sealed(position: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(f"{position[0]}:{position[1]}".encode()).decode()


def _opened(token: str | None) -> tuple[int, int]:
    if not token:
        return (0, 0)
    try:
        issue, history = base64.urlsafe_b64decode(token).decode().split(":")
        return int(issue), int(history)
    except ValueError:
        raise Refusal(400, "The provided next page token is invalid.") from None


class WorklogFeeds:
    """GET /worklog/updated and /worklog/deleted: the whole site's, oldest first, without the last minute."""

    _HIDDEN = timedelta(minutes=1)

    def __init__(self, size: int) -> None:
        self._size = size

    def updated(self, call: Call) -> Json:
        readable = [
            row
            for row in call.site.logged
            if call.site.may_see(call.account, call.site.issues[call.site.worklogs[row[1]].issue])
        ]
        return self._feed(call, readable)

    def deleted(self, call: Call) -> Json:
        return self._feed(call, call.site.unlogged if call.account else [])

    def _feed(self, call: Call, rows: Sequence[tuple[datetime, int]]) -> Json:
        """Later than `since`; a page never parts entries of the same millisecond, so none gets lost."""
        since = call.number("since", 0)
        latest = milliseconds(call.site.clock.now() - self._HIDDEN)
        stamped = [(milliseconds(at), id) for at, id in rows]
        due = [row for row in stamped if since < row[0] <= latest]
        chosen = call.shorten(due[: self._size])
        if chosen:
            chosen = [row for row in due if row[0] <= chosen[-1][0]]
        until = chosen[-1][0] if chosen else since
        page: Json = {
            "values": [{"worklogId": id, "updatedTime": at, "properties": []} for at, id in chosen],
            "since": since,
            "until": until,
            "self": call.address(),
            "lastPage": len(chosen) == len(due),
        }
        return page if page["lastPage"] else page | {"nextPage": call.address(since=until)}


ROUTES: tuple[tuple[str, str, Callable[[Call], Any]], ...] = (
    ("GET", "/serverInfo", server_info),
    ("GET", "/myself", myself),
    ("GET", "/field", fields),
    ("GET", "/status", statuses),
    ("GET", "/mypermissions", my_permissions),
    ("GET", "/project/search", projects),
    ("GET", "/project/{project}", project),
    ("GET", "/project/{project}/versions", versions),
    ("GET", "/project/{project}/version", versions_page),
    ("GET", "/search", removed_search),
    ("POST", "/search", removed_search),
    ("POST", "/issue/bulkfetch", issues_in_bulk),
    ("GET", "/issue/{issue}", issue),
    ("GET", "/issue/{issue}/changelog", issue_changelog),
    ("GET", "/issue/{issue}/worklog", issue_worklogs),
    ("GET", "/issue/{issue}/remotelink", remote_links),
    ("POST", "/worklog/list", worklog_list),
)
"""Method, path below /rest/api/{version}, handler."""
