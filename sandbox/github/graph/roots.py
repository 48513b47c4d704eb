"""The query's root, accounts and repositories."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.github.errors import GraphError
from sandbox.github.graph.columns import CONNECTION, STAMPED, Resolver, Table, always, read
from sandbox.github.graph.context import Connection, Info
from sandbox.github.listing import IssueQuery
from sandbox.github.records import Account, Issue, Milestone, Project, Repo
from sandbox.github.registry import Node, UnknownRecord

__all__ = ["ROOT_FIELDS", "instant"]


def instant(text: str | None) -> datetime | None:
    """GraphError: not an ISO 8601 instant."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise GraphError("INVALID_ARGUMENT", f"Could not parse '{text}' as a DateTime.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# The root


def _account(word: str, organization: bool) -> Resolver:
    def resolve(_root: object, info: Info, login: str) -> Account:
        account = info.context.site.accounts.get(login.casefold())
        if account is None or account.organization is not organization:
            raise GraphError("NOT_FOUND", f"Could not resolve to {word} with the login of '{login}'.")
        return account

    return resolve


def _repository(
    _root: object,
    info: Info,
    owner: str,
    name: str,
    followRenames: bool = True,
) -> Repo:
    context, full_name = info.context, f"{owner}/{name}"
    try:
        repo: Repo | None = context.site.repo(full_name)
    except UnknownRecord:
        repo = context.site.renamed(full_name) if followRenames else None
    if repo is None or not context.viewer.sees(repo):
        raise GraphError("NOT_FOUND", f"Could not resolve to a Repository with the name '{full_name}'.")
    return repo


def _node(_root: object, info: Info, id: str) -> Node:
    context = info.context
    held = context.site.nodes.get(id)
    repo = held if isinstance(held, Repo) else held.repo if isinstance(held, Issue | Milestone) else None
    if held is None or (repo is not None and not context.viewer.sees(repo)):
        raise GraphError("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'.")
    return held


def _nodes(root: object, info: Info, ids: list[str]) -> list[Node | GraphError]:
    """The records in the order asked for; each unknown one is null with an error of its own."""
    found: list[Node | GraphError] = []
    for id in ids:
        try:
            found.append(_node(root, info, id))
        except GraphError as error:
            found.append(error)
    return found


# Accounts


def _projects_of(owner: Account, info: Info, **arguments: Any) -> Connection:
    context, wanted = info.context, (arguments.get("query") or "").casefold()
    token = context.viewer.token
    shown = not context.viewer.refuses(token is not None and token.reads_projects and owner.organization)
    held = [
        one
        for one in context.site.projects.values()
        if shown and one.owner is owner and wanted in one.title.casefold()
    ]
    return context.connect("projectsV2", held, lambda one: (one.id,), arguments)


def _project_of(owner: Account, info: Info, number: int) -> Project:
    """GraphError: not there; of a user, boards are not there for an App; or an App may not read boards."""
    viewer = info.context.viewer
    if viewer.refuses(viewer.token is not None and viewer.token.reads_projects):
        raise GraphError("FORBIDDEN", "Resource not accessible by integration")
    if viewer.refuses(owner.organization):
        raise GraphError("NOT_FOUND", f"Could not resolve to a ProjectV2 with the number {number}.")
    try:
        return info.context.site.project(owner.login, number)
    except UnknownRecord:
        raise GraphError("NOT_FOUND", f"Could not resolve to a ProjectV2 with the number {number}.") from None


_ACCOUNT: Table = {
    **STAMPED,
    "databaseId": read("id"),
    "login": read("login"),
    "name": read("name"),
    "projectV2": _project_of,
    "projectsV2": _projects_of,
    "url": lambda held, info: info.context.account_url(held),
}


# Repositories


def _issues_readable(info: Info) -> None:
    viewer = info.context.viewer
    if viewer.refuses(viewer.token is not None and viewer.token.reads_issues):
        raise GraphError("FORBIDDEN", "Resource not accessible by integration")


def _issue(repo: Repo, info: Info, number: int) -> Issue:
    _issues_readable(info)
    issue = repo.issues.get(number)
    if issue is None or issue.pull:
        raise GraphError("NOT_FOUND", f"Could not resolve to an Issue with the number of {number}.")
    return issue


def _issues(repo: Repo, info: Info, **arguments: Any) -> Connection:
    """Issues without pull requests, oldest first unless told otherwise."""
    _issues_readable(info)
    context, given = info.context, arguments.get("filterBy") or {}
    order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    states = arguments.get("states") or given.get("states") or ("OPEN", "CLOSED")
    labels = arguments.get("labels") or given.get("labels") or ()
    query = IssueQuery(
        states=frozenset(state.lower() for state in states),
        since=instant(given.get("since")),
        labels=frozenset(label.casefold() for label in labels),
        milestone=given.get("milestoneNumber") or given.get("milestone"),
        assignee=given.get("assignee"),
        creator=given.get("createdBy"),
        sort="updated" if order["field"] == "UPDATED_AT" else "created",
        descending=order["direction"] == "DESC",
    )
    return context.connect("issues", context.lists.of(repo, query), query.key, arguments, outer=True)


def _milestone(repo: Repo, _info: Info, number: int) -> Milestone | None:
    return repo.milestones.get(number)


def _milestones(repo: Repo, info: Info, **arguments: Any) -> Connection:
    states = [state.lower() for state in arguments.get("states") or ("OPEN", "CLOSED")]
    held = [one for one in repo.milestones.values() if one.state in states]
    return info.context.connect("milestones", held, lambda one: (one.number,), arguments)


def _labels(repo: Repo, info: Info, **arguments: Any) -> Connection:
    return info.context.connect("labels", list(repo.labels.values()), lambda one: (one.id,), arguments)


def _project(repo: Repo, info: Info, number: int) -> Project:
    return _project_of(repo.owner, info, number)


def _permission(repo: Repo, info: Info) -> str | None:
    """What the viewer is in the repository; nothing for an App."""
    token, site = info.context.viewer.token, info.context.site
    return None if token is None or token.of_app else site.role(repo, token.account).upper()


ROOT_FIELDS: dict[str, Table] = {
    "Query": {
        "node": _node,
        "nodes": _nodes,
        "organization": _account("an Organization", organization=True),
        "rateLimit": lambda _root, info, **_arguments: info.context.rate,
        "repository": _repository,
        "user": _account("a User", organization=False),
        "viewer": lambda _root, info: info.context.viewer.account,
    },
    "PageInfo": {
        "endCursor": read("end"),
        "hasNextPage": read("after"),
        "hasPreviousPage": read("before"),
        "startCursor": read("start"),
    },
    "RateLimit": {
        name: lambda held, info: held[info.field_name]
        for name in ("cost", "limit", "nodeCount", "remaining", "resetAt", "used")
    },
    "User": {**_ACCOUNT, "email": lambda held, _: held.email or ""},
    "UserConnection": CONNECTION,
    "Organization": _ACCOUNT,
    "Repository": {
        **STAMPED,
        "databaseId": read("id"),
        "hasIssuesEnabled": always(True),
        "isPrivate": read("private"),
        "issue": _issue,
        "issues": _issues,
        "labels": _labels,
        "milestone": _milestone,
        "milestones": _milestones,
        "name": read("name"),
        "nameWithOwner": read("full_name"),
        "owner": read("owner"),
        "projectV2": _project,
        "url": lambda held, info: info.context.repo_url(held),
        "viewerPermission": _permission,
    },
}
