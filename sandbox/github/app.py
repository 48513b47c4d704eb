"""The site over HTTP: routes, and the faults that concern the whole of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

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
from sandbox.github.listing import CursorKind, IssueLists
from sandbox.github.rest import Rest
from sandbox.github.server import Server
from sandbox.github.state import GitHubSite

__all__ = ["GitHubApp", "Limits", "Server"]


class GitHubApp:
    """api.github.com for one site.

    `limits` are the primary rate limits; `cursors` says whether cursors of issue lists are keys or positions,
    which GitHub doesn't document; `node_budget` cuts larger GraphQL answers short. With a `server` it is an
    Enterprise Server under /api/v3 and /api/graphql, whose schema lacks what came later.
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
        absent = server.absent if server else frozenset()
        graph = Graph(site, lists, self._budgets, self.faults, cursors, node_budget, absent)
        reads = [
            *self._reads(rest),
            self._route("/app/installations/{id:int}/access_tokens", rest.access_token, "POST"),
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
        for start in ("/repos/{owner}/{repo}", "/repositories/{repo_id:int}"):
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

    def _route(self, path: str, view: Callable[[Call], Answer], method: str) -> Route:
        async def serve(request: Request) -> Response:
            return await self._gate.answer(request, view)

        endpoint: Callable[[Request], Awaitable[Response]] = serve
        return Route(path, endpoint, methods=[method])


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"message": "Not Found", "documentation_url": DOCS, "status": "404"}
    return JSONResponse(body, status_code=404)
