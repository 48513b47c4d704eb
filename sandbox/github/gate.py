"""What happens to every request before and after its view: who asks, what is left, what hasn't changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.github.apps import App
from sandbox.github.budgets import Budgets, Window
from sandbox.github.errors import Refusal
from sandbox.github.records import Account, Repo
from sandbox.github.registry import Registry
from sandbox.github.server import Server
from sandbox.github.tokens import Token

__all__ = ["VERSIONS", "Answer", "Call", "Gate", "View", "Viewer", "limited"]

_UNLIMITED = 10**9
VERSIONS = ("2022-11-28", "2026-03-10")
_NO_AGENT = (
    "Request forbidden by administrative rules. Please make sure your request has a User-Agent header "
    "(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). "
    "Check https://developer.github.com for other possible causes."
)
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_LIMITS_PAGE = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks: a token's owner, an App by its own signature, or a stranger."""

    token: Token | None
    app: App | None = None

    @property
    def login(self) -> str | None:
        if self.app is not None:
            return self.app.account.login
        return self.token.account.login if self.token else None

    @property
    def account(self) -> Account:
        if self.token is None:
            raise Refusal(401, "Requires authentication")
        return self.token.account

    def sees(self, repo: Repo) -> bool:
        return not repo.private or (self.token is not None and self.token.opens(repo))

    def refuses(self, permission: bool) -> bool:
        """Whether an App's token lacks a permission; other tokens don't see the repository at all then."""
        return self.token is not None and self.token.of_app and not permission


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the views read it."""

    viewer: Viewer
    base: str
    version: str
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: bytes
    url: str
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Answer:
    """A body and how it is charged: `cost` points of `resource`."""

    body: Any
    status: int = 200
    resource: str = "core"
    cost: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


class View(Protocol):
    def __call__(self, call: Call, /) -> Answer: ...


def limited(window: Window, login: str | None) -> Response:
    """The primary rate limit's refusal: 403 with nothing remaining."""
    who = f"user ID {login}" if login else "127.0.0.1"
    refusal = Refusal(403, f"API rate limit exceeded for {who}.", _LIMITS_PAGE, window.headers())
    return _render(refusal.body, 403, refusal.headers)


class Gate:
    """Lets requests through to their views and dresses the answers."""

    def __init__(self, registry: Registry, budgets: Budgets, server: Server | None = None) -> None:
        self._registry = registry
        self._server = server
        self._budgets = budgets
        self._served = 0

    async def answer(self, request: Request, view: View) -> Response:
        """The view's answer or a refusal, with every header that github.com sets."""
        self._served += 1
        version = request.headers.get("x-github-api-version", VERSIONS[0])
        headers = {
            "x-github-request-id": f"C0DE:{self._served:06X}:1:1",
            "x-github-media-type": "github.v3; format=json",
            "x-github-api-version-selected": version,
        }
        if self._server is not None:
            headers["x-github-enterprise-version"] = f"enterprise-server@{self._server.version}"
        if "user-agent" not in request.headers:
            return HTMLResponse(_NO_AGENT, 403, headers)
        try:
            viewer = self._authenticate(request)
            if viewer.token is not None and viewer.token.classic:
                headers["x-oauth-scopes"] = ", ".join(viewer.token.scopes)
            if version not in VERSIONS:
                raise Refusal(400, f"The version {version} is not supported.")
            call = Call(
                viewer=viewer,
                base=str(request.base_url).rstrip("/"),
                version=version,
                path=request.path_params,
                query=request.query_params,
                body=await request.body(),
                url=str(request.url),
                method=request.method,
            )
            _refuse_conditions(request)
            return self._serve(request, call, view, headers)
        except Refusal as refusal:
            return _render(refusal.body, refusal.status, headers | refusal.headers)

    def _serve(self, request: Request, call: Call, view: View, headers: dict[str, str]) -> Response:
        resource = "graphql" if request.url.path.endswith("/graphql") else "core"
        window = self._budgets.window(call.viewer.login, resource)
        if self._server is not None:
            window = Window(resource, _UNLIMITED, window.reset)
        if resource == "core" and window.remaining == 0 and request.url.path != "/rate_limit":
            return limited(window, call.viewer.login)
        try:
            answer = view(call)
        except Refusal as refusal:
            window.used += 1
            return _render(refusal.body, refusal.status, headers | self._told(window) | refusal.headers)
        content = b"" if answer.status == 204 else _encode(answer.body)
        if request.method == "GET":
            accept = request.headers.get("accept", "")
            secret = request.headers.get("authorization", "")
            etag = _etag(call.url, accept, secret, content)
            headers |= {"etag": etag, "cache-control": "private, max-age=60, s-maxage=60"}
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers=headers | self._told(window))
        window.used += answer.cost
        return _respond(content, answer.status, headers | self._told(window) | dict(answer.headers))

    def _told(self, window: Window) -> dict[str, str]:
        """What is left, which a server without rate limits does not tell."""
        return {} if self._server else window.headers()

    def _authenticate(self, request: Request) -> Viewer:
        header = request.headers.get("authorization")
        if header is None:
            return Viewer(None)
        scheme, _, value = header.partition(" ")
        value, apps, now = value.strip(), self._registry.apps, self._registry.clock.now()
        if scheme.casefold() == "bearer" and value.startswith("eyJ"):
            return Viewer(None, apps.recognise(value, now))
        token = self._registry.tokens.get(value) or apps.tokens.get(value)
        if scheme.casefold() not in ("token", "bearer") or token is None:
            raise Refusal(401, "Bad credentials")
        if token.ends is not None and token.ends <= now:
            raise Refusal(401, "Bad credentials")
        return Viewer(token)


def _refuse_conditions(request: Request) -> None:
    """Refusal: a write with a condition, which GitHub doesn't take; nothing is applied."""
    if request.method != "GET" and any(name in request.headers for name in _CONDITIONS):
        raise Refusal(
            400,
            "Conditional request headers are not allowed in unsafe requests unless supported by the endpoint",
        )


def _etag(url: str, accept: str, secret: str, content: bytes) -> str:
    """Stable for one address, media type and token while the content is; differs between tokens."""
    digest = hashlib.sha256("\n".join((url, accept, secret)).encode() + content).hexdigest()
    return f'W/"{digest}"'


def _encode(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _render(body: Any, status: int, headers: Mapping[str, str]) -> Response:
    return _respond(_encode(body), status, headers)


def _respond(content: bytes, status: int, headers: Mapping[str, str]) -> Response:
    return Response(content, status, dict(headers), media_type="application/json; charset=utf-8")
