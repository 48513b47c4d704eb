"""The site over HTTP: signing in, routing, and Jira's ways of refusing."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.clock import WorldClock
from sandbox.faults import Faults
from sandbox.jira import agile, datacenter, extras, platform, writes
from sandbox.jira.bodies import Bodies
from sandbox.jira.calls import Call, Refusal, Reply
from sandbox.jira.datacenter import OffsetSearch, ServerBodies, ServerIssueBodies
from sandbox.jira.hook_views import HookViews
from sandbox.jira.hooks import Hooks
from sandbox.jira.issues import IssueBodies
from sandbox.jira.platform import Histories, WorklogFeeds
from sandbox.jira.search import Search
from sandbox.jira.state import JiraSite
from sandbox.server import bad_gateway

__all__ = ["JiraApp"]

_VERSIONS = {"2": "2", "latest": "2", "3": "3"}
_LOGIN_FAILED = {"WWW-Authenticate": 'OAuth realm="jira"', "X-Seraph-Loginreason": "AUTHENTICATED_FAILED"}
_WAIT = timedelta(seconds=7)
_CLOUD_ONLY = frozenset(
    {"/search", "/issue/bulkfetch", "/issue/{issue}", "/issue/{issue}/changelog", "/project/search"}
)


_Row = tuple[str, str, Callable[[Call], Any]]


class JiraApp:
    """A Jira Cloud stand-in to be served by a Stand.

    `page_cap` is the most rows of a search page with real fields, `index_lag` how long a write takes to reach
    the search, `worklog_page` the length of a worklog feed's page, `count_error`
    by how much the estimated count of a search is wrong. With `data_center` it has that product's face,
    whose search rows bring at most so many `histories` along. `hooks` sends the webhooks when it is pumped.
    """

    def __init__(
        self,
        site: JiraSite,
        page_cap: int = 100,
        index_lag: timedelta = timedelta(0),
        worklog_page: int = 1000,
        iso_histories: bool = False,
        count_error: int = 0,
        data_center: bool = False,
        histories: int = 1000,
    ) -> None:
        self.site = site
        self.clock: WorldClock = site.clock
        self.faults = Faults()
        self.hooks = Hooks(site, lambda: self._shapes(site.url, "2"))
        self._server = data_center
        search = Search(site, index_lag, page_cap, count_error)
        feeds = WorklogFeeds(worklog_page)
        views = HookViews(self.hooks)
        own = (
            _server_routes(OffsetSearch(search, page_cap, histories), histories)
            if data_center
            else [*_cloud_routes(search, Histories(iso_histories)), *views.dynamic_routes]
        )
        shared: list[_Row] = [
            ("GET", "/worklog/updated", feeds.updated),
            ("GET", "/worklog/deleted", feeds.deleted),
        ]
        places = {
            "/rest/api/{version}": [*shared, *own, *writes.ROUTES, *extras.ROUTES],
            "/rest/agile/1.0": [*agile.ROUTES, *writes.AGILE_ROUTES],
            "/rest/webhooks/1.0": views.admin_routes,
        }
        self.asgi: ASGIApp = Starlette(
            routes=[
                self._route(method, f"{place}{path}", handle)
                for place, rows in places.items()
                for method, path, handle in rows
            ],
            exception_handlers={HTTPException: _no_such_resource},
        )

    def rate_limited(self, path: str) -> Response:
        """429 of the burst kind; the reset time has no seconds, as seen in the wild."""
        reset = self.clock.now() + _WAIT
        headers = {
            "Retry-After": str(int(_WAIT.total_seconds())),
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%MZ}",
            "RateLimit-Reason": "jira-burst-based",
        }
        body = {"errorMessages": ["Rate limit exceeded."], "errors": {}}
        return JSONResponse(body, status_code=429, headers=headers)

    def server_error(self, path: str) -> Response:
        return bad_gateway()

    def _route(self, method: str, path: str, handle: Callable[[Call], Any]) -> Route:
        return Route(path, self._endpoint(handle), methods=[method])

    def _endpoint(self, handle: Callable[[Call], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            content = await request.body()
            version = _VERSIONS.get(request.path_params.get("version", "2" if self._server else "3"))
            if version is None or (self._server and version == "3"):
                raise HTTPException(404)
            headers = {}
            try:
                account = self._sign_in(request.headers.get("authorization"))
                if account is not None and not self._server:
                    headers["X-AAccountId"] = account
                base = str(request.base_url).rstrip("/")
                bodies, issues = self._shapes(base, version)
                call = Call(
                    site=self.site,
                    faults=self.faults,
                    account=account,
                    bodies=bodies,
                    issues=issues,
                    base=base,
                    path=request.url.path,
                    version=version,
                    parameters=request.path_params,
                    query=request.query_params.multi_items(),
                    content=content,
                )
                return _answer(handle(call), headers)
            except Refusal as refusal:
                if refusal.status == 401:  # not JSON, unlike every other refusal
                    return PlainTextResponse(str(refusal), status_code=401, headers=_LOGIN_FAILED)
                return JSONResponse(refusal.body, status_code=refusal.status, headers=headers)

        return endpoint

    def _shapes(self, base: str, version: str) -> tuple[Bodies, IssueBodies]:
        if self._server:
            bodies = ServerBodies(self.site, base, version)
            return bodies, ServerIssueBodies(bodies)
        plain = Bodies(self.site, base, version)
        return plain, IssueBodies(plain)

    def _sign_in(self, header: str | None) -> str | None:
        """The account behind an Authorization header; none at all is anonymous, a bad one is refused."""
        if header is None:
            return None
        scheme, _, credential = header.partition(" ")
        account: str | None = None
        if scheme.lower() == "basic":
            try:
                email, _, token = base64.b64decode(credential, validate=True).decode().partition(":")
            except ValueError:
                email = token = ""
            account = self.site.tokens.get((email, token))
        elif scheme.lower() == "bearer":
            account = next((who for (_, token), who in self.site.tokens.items() if token == credential), None)
        if account is None:
            raise Refusal(401, "Client must be authenticated to access this resource.")
        return account


def _server_routes(search: OffsetSearch, histories: int) -> list[_Row]:
    """What Data Center answers below /rest/api/{version}."""
    return [
        ("GET", "/search", search.get),
        ("POST", "/search", search.post),
        ("GET", "/issue/{issue}", datacenter.issue(histories)),
        ("GET", "/project", datacenter.projects),
        ("GET", "/user", datacenter.user),
        *(route for route in platform.ROUTES if route[1] not in _CLOUD_ONLY),
    ]


def _cloud_routes(search: Search, histories: Histories) -> list[_Row]:
    """What Cloud answers there."""
    return [
        ("GET", "/search/jql", search.get),
        ("POST", "/search/jql", search.post),
        ("POST", "/search/approximate-count", search.count),
        ("POST", "/changelog/bulkfetch", histories.fetch),
        *platform.ROUTES,
    ]


def _answer(said: Any, headers: dict[str, str]) -> Response:
    reply = said if isinstance(said, Reply) else Reply(200, said)
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    return JSONResponse(reply.body, status_code=reply.status, headers=headers)


async def _no_such_resource(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return JSONResponse(
        {"message": f"null for uri: {request.url}", "status-code": status}, status_code=status
    )
