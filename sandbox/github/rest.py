"""The REST views: each takes a call and gives the records it asks for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from sandbox.faults import Faults
from sandbox.github.apps import written
from sandbox.github.budgets import Budgets
from sandbox.github.errors import Refusal
from sandbox.github.gate import Answer, Call
from sandbox.github.listing import BadCursor, CursorKind, IssueLists, IssueQuery, cut
from sandbox.github.places import Places, page_number, per_page
from sandbox.github.records import Comment, Moment, Project, stamp
from sandbox.github.registry import UnknownRecord
from sandbox.github.server import Server
from sandbox.github.state import GitHubSite
from sandbox.github.timeline import event, spoken

__all__ = ["Rest"]

_ISSUES_PAGE = "https://docs.github.com/rest/issues/issues#list-repository-issues"
_DEEP = (
    "Pagination with the page parameter is not supported for large datasets, "
    "please use cursor based pagination (after/before)"
)
_DEEPEST_ROW = 10_000


class Rest(Places):
    """Reads of users, repositories, issues, milestones, labels and projects."""

    def __init__(
        self,
        site: GitHubSite,
        lists: IssueLists,
        budgets: Budgets,
        faults: Faults,
        cursors: CursorKind,
        server: Server | None = None,
    ) -> None:
        super().__init__(site, lists, budgets, faults)
        self._cursors: CursorKind = cursors
        self._server = server

    # People and limits

    def user(self, call: Call) -> Answer:
        self._for_people(call)
        return Answer(self._payloads(call).own_account(call.viewer.account))

    def rate_limit(self, call: Call) -> Answer:
        """What is left of every budget; asking costs nothing."""
        if self._server is not None:
            raise Refusal(404, "Rate limiting is not enabled.")
        windows = [self._budgets.window(call.viewer.login, name) for name in ("core", "graphql", "search")]
        body: dict[str, Any] = {"resources": {window.resource: window.body() for window in windows}}
        if call.version == "2022-11-28":
            body["rate"] = windows[0].body()
        return Answer(body, cost=0)

    def meta(self, call: Call) -> Answer:
        """About the site; an Enterprise Server says its version."""
        body: dict[str, Any] = {"verifiable_password_authentication": True}
        return Answer(body | ({"installed_version": self._server.version} if self._server else {}))

    # Apps

    def installations(self, call: Call) -> Answer:
        """Where the App that asks is installed."""
        app, payloads = self._app(call), self._payloads(call)
        rows = [one for one in self._site.apps.installations.values() if one.app is app]
        return self._numbered(call, rows, lambda one: written(one, call.base, payloads.account(one.account)))

    def installation(self, call: Call) -> Answer:
        found = self._installation(call)
        return Answer(written(found, call.base, self._payloads(call).account(found.account)))

    def access_token(self, call: Call) -> Answer:
        """A token of the installation, which lives for an hour."""
        found = self._installation(call)
        if found.suspended:
            raise Refusal(403, "This installation has been suspended")
        asked = json.loads(call.body or b"{}").get("permissions") or {}
        token = self._site.apps.sell(found, self._site.clock.now(), asked)
        body = {
            "token": token.value,
            "expires_at": stamp(token.ends),
            "permissions": asked or found.permissions,
            "repository_selection": "all" if found.repos is None else "selected",
        }
        return Answer(body, status=201)

    def installation_repos(self, call: Call) -> Answer:
        """Every repository that an App's token opens."""
        token = call.viewer.token
        if token is None or token.owner is None:
            raise Refusal(403, "You must authenticate with an installation access token.")
        rows = [repo for repo in self._site.repos.values() if token.opens(repo)]
        page = self._numbered(call, rows, self._payloads(call).repo)
        body = {"total_count": len(rows), "repositories": page.body}
        return Answer(body, headers=page.headers)

    # Repositories

    def user_repos(self, call: Call) -> Answer:
        """Every repository the token may read."""
        if call.viewer.token is None:
            raise Refusal(401, "Requires authentication")
        self._for_people(call)
        rows = sorted(
            (repo for repo in self._site.repos.values() if call.viewer.sees(repo)),
            key=lambda repo: repo.full_name.casefold(),
        )
        return self._numbered(call, rows, self._payloads(call).repo)

    def org_repos(self, call: Call) -> Answer:
        owner = self._organization(call)
        rows = [repo for repo in self._site.repos.values() if repo.owner is owner and call.viewer.sees(repo)]
        return self._numbered(call, rows, self._payloads(call).repo)

    def repo(self, call: Call) -> Answer:
        return Answer(self._payloads(call).repo(self._repo(call)))

    def labels(self, call: Call) -> Answer:
        repo, payloads = self._repo(call), self._payloads(call)
        return self._numbered(call, list(repo.labels.values()), lambda label: payloads.label(repo, label))

    def milestones(self, call: Call) -> Answer:
        state, payloads = call.query.get("state", "open"), self._payloads(call)
        rows = [one for one in self._repo(call).milestones.values() if state in ("all", one.state)]
        far = datetime.max.replace(tzinfo=UTC)
        rows.sort(key=lambda one: (one.due_on or far, one.number))
        return self._numbered(call, rows, payloads.milestone)

    def milestone(self, call: Call) -> Answer:
        return Answer(self._payloads(call).milestone(self._milestone(call)))

    # Issues

    def issues(self, call: Call) -> Answer:
        """Issues and pull requests, page by page: cursors in the links, page numbers up to row 10,000."""
        repo, query, payloads = self._issue_repo(call), _issue_query(call), self._payloads(call)
        rows, size = self._lists.of(repo, query), per_page(call)
        number, after = page_number(call), call.query.get("after")
        if after is None and number > 1:
            if number * size >= _DEEPEST_ROW:
                raise Refusal(422, _DEEP, _ISSUES_PAGE)
            rows = rows[(number - 1) * size :]
        shown = self._shortened(call, size)
        try:
            page = cut(rows, query.key, shown, after, cursors=self._cursors)
        except BadCursor as error:
            raise Refusal(422, str(error), _ISSUES_PAGE) from error
        headers = {}
        if page.after:
            url = f"{call.base}/repositories/{repo.id}/issues"
            following = {**call.query, "after": page.end or "", "page": str(number + 1)}
            headers["link"] = f'<{url}?{urlencode(following)}>; rel="next"'
        return Answer([payloads.issue(issue) for issue in page.rows], headers=headers)

    def issue(self, call: Call) -> Answer:
        return Answer(self._payloads(call).issue(self._issue(call)))

    def timeline(self, call: Call) -> Answer:
        """What happened to the issue and what was said below it, in the order of time."""
        issue, payloads = self._issue(call), self._payloads(call)
        rows: list[Moment | Comment] = sorted([*issue.timeline, *issue.comments], key=lambda one: one.id)
        return self._numbered(
            call,
            rows,
            lambda one: spoken(one, payloads) if isinstance(one, Comment) else event(one, issue, payloads),
        )

    # Projects

    def projects(self, call: Call) -> Answer:
        """Projects of an organization or a user, by cursor, for tokens that may see them."""
        token, owner = call.viewer.token, self._site.accounts.get(call.path["owner"].casefold())
        if owner is None:
            raise Refusal(404, "Not Found")
        if token is None or not token.reads_projects:
            needed = {"x-accepted-github-permissions": "organization_projects=read"}
            raise Refusal(403, "Resource not accessible by personal access token", headers=needed)
        held = [one for one in self._site.projects.values() if one.owner is owner]
        payloads = self._payloads(call)
        page = cut(held, lambda one: (one.id,), per_page(call), call.query.get("after"))
        headers = {}
        if page.after:
            following = {**call.query, "after": page.end or ""}
            headers["link"] = f'<{call.url.partition("?")[0]}?{urlencode(following)}>; rel="next"'
        return Answer([payloads.project(one) for one in page.rows], headers=headers)

    def project(self, call: Call) -> Answer:
        token = call.viewer.token
        found: Project | None = None
        if token is not None and token.reads_projects:
            try:
                found = self._site.project(call.path["owner"], call.path["number"])
            except UnknownRecord:
                found = None
        if found is None:
            raise Refusal(404, "Not Found")
        return Answer(self._payloads(call).project(found))


def _issue_query(call: Call) -> IssueQuery:
    given = call.query
    state = given.get("state", "open")
    sort: Literal["created", "updated"] = "updated" if given.get("sort") == "updated" else "created"
    return IssueQuery(
        pulls=True,
        states=frozenset({"open", "closed"} if state == "all" else {state}),
        since=_instant(given["since"]) if "since" in given else None,
        labels=frozenset(name.casefold() for name in given.get("labels", "").split(",") if name),
        milestone=given.get("milestone"),
        assignee=given.get("assignee"),
        creator=given.get("creator"),
        type=given.get("type"),
        sort=sort,
        descending=given.get("direction", "desc") == "desc",
    )


def _instant(text: str) -> datetime:
    """Refusal 422: not an ISO 8601 instant."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(422, f"Invalid since: {text}", _ISSUES_PAGE) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
