"""The same site with Data Center's face: version 2 of the API, people by name and key, texts for sprints.

Histories come inside the issues, in no order and without field ids; epics are linked by key; the search
counts rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.jira.bodies import Bodies, Json
from sandbox.jira.calls import Call, Refusal
from sandbox.jira.catalog import EPIC_LINK, Field
from sandbox.jira.issues import IssueBodies
from sandbox.jira.records import Board, History, Issue, Item, Sprint
from sandbox.jira.search import Search
from sandbox.jira.stamps import stamp
from sandbox.jira.state import JiraSite

__all__ = ["OffsetSearch", "ServerBodies", "ServerIssueBodies", "issue", "projects", "user", "user_key"]

_DEFAULT_SIZE = 50
_FARTHEST = 10_000


def user_key(site: JiraSite, account: str) -> str:
    """What Data Center calls an account."""
    return f"JIRAUSER{10100 + list(site.users).index(account)}"


class ServerBodies(Bodies):
    """Everything that is not an issue."""

    def server_info(self) -> Json:
        return super().server_info() | {
            "version": "9.12.2",
            "versionNumbers": [9, 12, 2],
            "deploymentType": "Server",
            "buildNumber": 9120002,
        }

    def user(self, account: str) -> Json:
        user = self.site.users[account]
        name = (user.email or user.name).partition("@")[0].casefold().replace(" ", ".")
        return {
            "self": f"{self.root}/user?username={name}",
            "name": name,
            "key": user_key(self.site, account),
            "emailAddress": user.email or "",
            "avatarUrls": self._avatars(),
            "displayName": user.name,
            "active": True,
            "timeZone": user.zone,
        }

    def field(self, row: Field) -> Json:
        return super().field(row) | ({"schema": _schema(row)} if row.id == EPIC_LINK else {})

    def board(self, board: Board) -> Json:
        """Without a location, which only Cloud tells."""
        body = super().board(board)
        del body["location"]
        return body

    def sprint_text(self, sprint: Sprint) -> str:
        """As it is printed inside an issue: a Java object's text, with the site's zone in its instants."""
        members = {
            "id": sprint.id,
            "rapidViewId": sprint.board,
            "state": sprint.state.upper(),
            "name": sprint.name,
            "startDate": self._printed(sprint.start),
            "endDate": self._printed(sprint.end),
            "completeDate": self._printed(sprint.completed),
            "activatedDate": self._printed(sprint.start if sprint.state != "future" else None),
            "sequence": sprint.id,
            "goal": sprint.goal,
        }
        inner = ",".join(f"{name}={value}" for name, value in members.items())
        return f"com.atlassian.greenhopper.service.sprint.Sprint@{sprint.id:08x}[{inner}]"

    def _printed(self, at: Any) -> str:
        if at is None:
            return "<null>"
        text = stamp(at, self.site.zone)
        return f"{text[:-2]}:{text[-2:]}"


def _schema(row: Field) -> Json:
    number = int(row.id.removeprefix("customfield_"))
    return {"type": "any", "custom": row.custom, "customId": number}


class ServerIssueBodies(IssueBodies):
    """Issues: wiki texts, epics by key, sprints as texts, and histories inside when they are asked for."""

    bodies: ServerBodies

    def issue(self, issue: Issue, asked: Iterable[str], properties: Iterable[str] = ()) -> Json:
        """Data Center always tells id and key."""
        return super().issue(issue, ["key", *asked], properties)

    def with_histories(
        self, issue: Issue, asked: Iterable[str], most: int, properties: Iterable[str] = ()
    ) -> Json:
        """The newest of the histories, if there are too many, and in no order."""
        histories = issue.history[-most:]
        mixed = [*histories[1::2], *reversed(histories[::2])]
        log = {
            "startAt": 0,
            "maxResults": len(mixed),
            "total": len(issue.history),
            "histories": [self.history(history) for history in mixed],
        }
        return self.issue(issue, asked, properties) | {"changelog": log}

    def history(self, history: History, epoch: bool = False) -> Json:
        body = super().history(history)
        return body | {"items": [self._item(item) for item in history.items]}

    def _item(self, item: Item) -> Json:
        before, after, field = item.before, item.after, item.field
        if field == "assignee":
            before, after = (user_key(self.site, id) if id else None for id in (before, after))
        if field == "IssueParentAssociation":
            field = "Epic Link"
        return {
            "field": field,
            "fieldtype": "custom" if item.custom or field == "Epic Link" else "jira",
            "from": before,
            "fromString": item.before_text,
            "to": after,
            "toString": item.after_text,
        }

    def _wanted(self, issue: Issue, asked: list[str]) -> list[str]:
        """Only a sub-task has a parent; the day its category changed is Cloud's to tell."""
        hidden = {"statuscategorychangedate"} | (set() if issue.type.level < 0 else {"parent"})
        return [name for name in super()._wanted(issue, asked) if name not in hidden]

    def _type(self, type: Any) -> Json:
        body = super()._type(type)
        del body["hierarchyLevel"]
        return body

    def _sprints(self, issue: Issue) -> Any:
        return [self.bodies.sprint_text(self.site.sprints[id]) for id in issue.sprints] or None

    def _description(self, issue: Issue) -> object:
        return issue.description or None


class OffsetSearch:
    """GET and POST /search: rows are counted, never more than `cap` at once, and not beyond 10,000.

    `histories` is the most changes that an issue brings along.
    """

    def __init__(self, search: Search, cap: int, histories: int) -> None:
        self._search = search
        self._cap = cap
        self._histories = histories

    def get(self, call: Call) -> Json:
        return self._page(
            call,
            call.text("jql") or "",
            call.number("startAt", 0),
            call.number("maxResults", _DEFAULT_SIZE),
            call.words("fields"),
            "changelog" in call.words("expand"),
            call.text("validateQuery") == "false",
            call.words("properties"),
        )

    def post(self, call: Call) -> Json:
        known = (
            "jql",
            "startAt",
            "maxResults",
            "fields",
            "validateQuery",
            "expand",
            "fieldsByKeys",
            "properties",
        )
        body = call.body(known)
        return self._page(
            call,
            body.get("jql") or "",
            body.get("startAt", 0),
            body.get("maxResults", _DEFAULT_SIZE),
            body.get("fields") or [],
            "changelog" in (body.get("expand") or []),
            body.get("validateQuery") is False,
            body.get("properties") or [],
        )

    def _page(
        self,
        call: Call,
        jql: str,
        start: int,
        size: int,
        fields: list[str],
        histories: bool,
        lenient: bool,
        properties: list[str],
    ) -> Json:
        size = min(max(size, 0), self._cap)
        if start + size > _FARTHEST:
            raise Refusal(400, f"Result window is too large: startAt + maxResults must be <= {_FARTHEST}.")
        ids = self._search.ids(call, jql, lenient)
        chosen = call.shorten(ids[start : start + size])
        bodies = call.issues
        assert isinstance(bodies, ServerIssueBodies)
        asked = fields or ["*navigable"]
        rows = [call.site.issues[id] for id in chosen]
        shape: Callable[[Issue], Json] = (
            (lambda row: bodies.with_histories(row, asked, self._histories, properties))
            if histories
            else (lambda row: bodies.issue(row, asked, properties))
        )
        return {
            "expand": "schema,names",
            "startAt": start,
            "maxResults": size,
            "total": len(ids),
            "issues": [shape(row) for row in rows],
        }


def issue(most: int) -> Callable[[Call], Json]:
    """GET /issue/{issue}: by id, key or former key, with its histories if they are asked for."""

    def answer(call: Call) -> Json:
        found = call.issue(call.parameters["issue"])
        asked, properties = call.words("fields") or ["*all"], call.words("properties")
        if "changelog" in call.words("expand"):
            return call.issues.with_histories(found, asked, most, properties)
        return call.issues.issue(found, asked, properties)

    return answer


def user(call: Call) -> Json:
    """By key or by name. 404: nobody is called so."""
    wanted, name = call.text("key"), call.text("username")
    for account in call.site.users if call.account else ():
        body = call.bodies.user(account)
        if (wanted and body["key"] == wanted) or (name and body["name"] == name):
            return body
    raise Refusal(404, f"The user named '{wanted or name}' does not exist")


def projects(call: Call) -> list[Json]:
    """A plain list of all that may be browsed."""
    return [call.bodies.project(project) for project in call.readable_projects()]
