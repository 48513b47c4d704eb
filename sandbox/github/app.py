"""The site over HTTP: routes, and the faults that concern the whole of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from sandbox.faults import Faults
from sandbox.github.budgets import Budgets, Limits, Window
from sandbox.github.errors import DOCS
from sandbox.github.gate import Answer, Call, Gate, View, limited
from sandbox.github.graph.endpoint import Graph, rate_limit_error
from sandbox.github.hook_views import HookViews
from sandbox.github.hooks import Hooks
from sandbox.github.listing import CursorKind, IssueLists
from sandbox.github.relations import RelationWrites
from sandbox.github.rest import Rest
from sandbox.github.server import Server
from sandbox.github.state import GitHubSite
from sandbox.github.writes import IssueWrites

__all__ = ["GitHubApp", "Limits", "Server"]

_REPO = ("/repos/{owner}/{repo}", "/repositories/{repo_id:int}")
_ISSUE = "/issues/{number:int}"


class GitHubApp:
    """api.github.com for one site.

    `limits` are the primary rate limits; `cursors` says whether cursors of issue lists are keys or positions,
    which GitHub doesn't document; `node_budget` cuts larger GraphQL answers short. With a `server` it is an
    Enterprise Server under /api/v3 and /api/graphql, whose schema lacks what came later. `hooks` keeps the
    webhooks and sends what they are told, when pumped.
    """

    def __init__(
        self,
        site: GitHubSite,
        limits: Limits | None = None,
        cursors: CursorKind = "key",
        node_budget: int | None = None,
        server: Server | None = None,
    ) -> None:
        self.site = site
        self.clock = site.clock
        self.faults = Faults()
        self._budgets = Budgets(site.clock, limits or Limits())
        self._gate = Gate(site, self._budgets, server)
        lists = IssueLists()
        rest = Rest(site, lists, self._budgets, self.faults, cursors, server)
        writes = IssueWrites(site, lists, self._budgets, self.faults)
        relations = RelationWrites(site, lists, self._budgets, self.faults)
        self.hooks = Hooks(site, lists)
        hooks = HookViews(site, lists, self._budgets, self.faults, self.hooks)
        absent = server.absent if server else frozenset()
        graph = Graph(site, lists, self._budgets, self.faults, cursors, node_budget, absent)
        reads = [
            *self._reads(rest),
            self._route("/app/installations/{id:int}/access_tokens", rest.access_token, "POST"),
            *self._issue_routes(writes),
            *(one for one in self._relation_routes(relations) if not _lacks(absent, one.path)),
            *self._hook_routes(hooks),
        ]
        asked = self._route("/graphql", graph.answer, "POST")
        routes: list[BaseRoute] = [*reads, asked]
        if server is not None:
            routes = [Mount("/api/v3", routes=reads), Mount("/api", routes=[asked])]
        self.asgi = Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found})
        self.asgi.router.redirect_slashes = False

    def rate_limited(self, path: str) -> Response:
        """The primary limit as if just used up: 403 on REST, 200 with an error on GraphQL."""
        resource = "graphql" if path.endswith("/graphql") else "core"
        window = Window(resource, 5000, self._budgets.window(None, resource).reset, used=5000)
        if resource == "core":
            return limited(window, "1")
        return JSONResponse(rate_limit_error("1").body, headers=window.headers())

    def server_error(self, path: str) -> Response:
        return JSONResponse({"message": "Server Error"}, status_code=502)

    def _reads(self, rest: Rest) -> list[Route]:
        views: dict[str, View] = {
            "/user": rest.user,
            "/user/repos": rest.user_repos,
            "/app/installations": rest.installations,
            "/app/installations/{id:int}": rest.installation,
            "/installation/repositories": rest.installation_repos,
            "/rate_limit": rest.rate_limit,
            "/meta": rest.meta,
            "/orgs/{owner}/repos": rest.org_repos,
            "/orgs/{owner}/projectsV2": rest.projects,
            "/orgs/{owner}/projectsV2/{number:int}": rest.project,
            "/users/{owner}/projectsV2": rest.projects,
            "/users/{owner}/projectsV2/{number:int}": rest.project,
        }
        for start in _REPO:
            views |= {
                start: rest.repo,
                f"{start}/labels": rest.labels,
                f"{start}/milestones": rest.milestones,
                f"{start}/milestones/{{number:int}}": rest.milestone,
                f"{start}/issues": rest.issues,
                f"{start}/issues/{{number:int}}": rest.issue,
                f"{start}/issues/{{number:int}}/timeline": rest.timeline,
            }
        return [self._route(path, view, "GET") for path, view in views.items()]

    def _issue_routes(self, writes: IssueWrites) -> list[Route]:
        comment = "/issues/comments/{id:int}"
        return self._repo_routes(
            {
                ("POST", "/issues"): writes.create,
                ("PATCH", _ISSUE): writes.edit,
                ("GET", f"{_ISSUE}/labels"): writes.labels,
                ("POST", f"{_ISSUE}/labels"): writes.add_labels,
                ("PUT", f"{_ISSUE}/labels"): writes.replace_labels,
                ("DELETE", f"{_ISSUE}/labels"): writes.clear_labels,
                ("DELETE", f"{_ISSUE}/labels/{{name}}"): writes.remove_label,
                ("POST", f"{_ISSUE}/assignees"): writes.assign,
                ("DELETE", f"{_ISSUE}/assignees"): writes.unassign,
                ("GET", f"{_ISSUE}/comments"): writes.comments,
                ("POST", f"{_ISSUE}/comments"): writes.add_comment,
                ("GET", comment): writes.comment,
                ("PATCH", comment): writes.edit_comment,
                ("DELETE", comment): writes.delete_comment,
            }
        )

    def _relation_routes(self, relations: RelationWrites) -> list[Route]:
        fields = self._route("/orgs/{owner}/issue-fields", relations.fields, "GET")
        blockers, values = f"{_ISSUE}/dependencies/blocked_by", f"{_ISSUE}/issue-field-values"
        return [
            fields,
            *self._repo_routes(
                {
                    ("GET", f"{_ISSUE}/parent"): relations.parent,
                    ("GET", f"{_ISSUE}/sub_issues"): relations.parts,
                    ("POST", f"{_ISSUE}/sub_issues"): relations.add_part,
                    ("DELETE", f"{_ISSUE}/sub_issue"): relations.remove_part,
                    ("GET", blockers): relations.blockers,
                    ("POST", blockers): relations.add_blocker,
                    ("DELETE", f"{blockers}/{{id:int}}"): relations.remove_blocker,
                    ("GET", f"{_ISSUE}/dependencies/blocking"): relations.blocked,
                    ("GET", values): relations.values,
                    ("POST", values): relations.add_values,
                    ("PUT", values): relations.replace_values,
                    ("DELETE", f"{values}/{{id:int}}"): relations.remove_value,
                    ("POST", "/labels"): relations.create_label,
                    ("PATCH", "/labels/{name}"): relations.edit_label,
                    ("DELETE", "/labels/{name}"): relations.delete_label,
                    ("POST", "/milestones"): relations.create_milestone,
                    ("PATCH", "/milestones/{number:int}"): relations.edit_milestone,
                    ("DELETE", "/milestones/{number:int}"): relations.delete_milestone,
                }
            ),
        ]

    def _hook_routes(self, hooks: HookViews) -> list[Route]:
        own: dict[tuple[str, str], View] = {
            ("GET", "/config"): hooks.config,
            ("PATCH", "/config"): hooks.edit_config,
            ("GET", "/deliveries"): hooks.deliveries,
            ("GET", "/deliveries/{delivery:int}"): hooks.delivery,
            ("POST", "/deliveries/{delivery:int}/attempts"): hooks.attempt,
        }
        each: dict[tuple[str, str], View] = {
            ("GET", ""): hooks.show,
            ("PATCH", ""): hooks.edit,
            ("DELETE", ""): hooks.delete,
            ("POST", "/pings"): hooks.ping,
            **own,
        }
        starts = [f"{start}/hooks" for start in (*_REPO, "/orgs/{owner}")]
        routes = [self._route(f"/app/hook{path}", view, method) for (method, path), view in own.items()]
        for start in starts:
            routes += [self._route(start, hooks.list, "GET"), self._route(start, hooks.create, "POST")]
            routes += [
                self._route(f"{start}/{{id:int}}{path}", view, method)
                for (method, path), view in each.items()
            ]
        return routes

    def _repo_routes(self, views: Mapping[tuple[str, str], View]) -> list[Route]:
        """Views of repositories by (method, path), under both of a repository's addresses."""
        return [
            self._route(f"{start}{path}", view, method)
            for start in _REPO
            for (method, path), view in views.items()
        ]

    def _route(self, path: str, view: Callable[[Call], Answer], method: str) -> Route:
        async def serve(request: Request) -> Response:
            return await self._gate.answer(request, view)

        endpoint: Callable[[Request], Awaitable[Response]] = serve
        return Route(path, endpoint, methods=[method])


def _lacks(absent: Collection[str], path: str) -> bool:
    """Whether a server is too old for what a path is about: it then answers 404."""
    later = {"sub_issue": "Issue.parent", "/parent": "Issue.parent", "/dependencies/": "Issue.blockedBy"}
    later |= dict.fromkeys(("/issue-fields", "/issue-field-values"), "IssueFieldValue")
    return any(word in path and name in absent for word, name in later.items())


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"message": "Not Found", "documentation_url": DOCS, "status": "404"}
    return JSONResponse(body, status_code=404)
