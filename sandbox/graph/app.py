"""Microsoft Graph v1.0 over HTTP: tokens, request ids, error bodies and `$batch` around the service."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.faults import Faults
from sandbox.graph.calls import Written
from sandbox.graph.entra import Tokens
from sandbox.graph.service import Call, GraphError, GraphService
from sandbox.graph.state import GraphTenant
from sandbox.graph.subscriptions import Subscriptions
from sandbox.graph.writes import GraphWrites
from sandbox.server import bad_gateway

__all__ = ["GraphApp"]

_VERSION = "/v1.0"
_BETA = "/beta"
_PUBLIC_RESOURCE = "https://graph.microsoft.com"
_MOST_IN_A_BATCH = 20
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


class GraphApp:
    """The HTTP view of one tenant. Answers to a batch come back in an order drawn from a fixed seed.

    `subscriptions` tell of changes to groups whenever their `pump` is called.
    """

    def __init__(self, tenant: GraphTenant, tokens: Tokens | None = None) -> None:
        self.clock = tenant.clock
        self.faults = Faults()
        self._service = GraphService(tenant)
        self._writes = GraphWrites(tenant)
        self.subscriptions = Subscriptions(tenant)
        self._tokens = tokens or Tokens(tenant)
        self._order = random.Random(tenant.id)
        self._answered = 0
        self.asgi = Starlette(
            routes=[
                Route(f"{_VERSION}/$batch", self._batch, methods=["POST"]),
                Route(f"{_BETA}/{{path:path}}", self._single, methods=["GET"]),
                Route(f"{_VERSION}/{{path:path}}", self._single, methods=["GET", "POST", "PATCH", "DELETE"]),
            ]
        )

    def rate_limited(self, path: str) -> Response:
        return self._failure(_busy("10"))

    def server_error(self, path: str) -> Response:
        return bad_gateway()

    async def _single(self, request: Request) -> Response:
        body = await request.body()
        try:
            query = dict(request.query_params)
            call = self._call(request, request.method, request.url.path, query, _read(body))
            if request.url.path.startswith(_BETA):
                return self._reply(200, self._service.early(call), request)
            if call.path.partition("/")[2].partition("/")[0] == "subscriptions":
                done = await self.subscriptions.answer(call)
            else:
                done = self._answer(call)
            return self._reply(done.status, done.body, request, done.headers)
        except GraphError as error:
            return self._failure(error, request)

    async def _batch(self, request: Request) -> Response:
        body = await request.body()
        try:
            self._roles(request)
            answers = self._items(request, _items(_read(body)))
        except GraphError as error:
            return self._failure(error, request)
        self._order.shuffle(answers)
        return self._reply(200, {"responses": answers}, request)

    def _answer(self, call: Call) -> Written:
        if call.method != "GET" and call.path.startswith(("/planner/", "/me/planner/")):
            return self._writes.answer(call)
        return Written(200, self._service.answer(call))

    def _items(self, request: Request, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers, one after the other; what depends on a failed one is not tried."""
        answers: list[dict[str, Any]] = []
        failed: set[str] = set()
        for item in items:
            if failed.isdisjoint(item.get("dependsOn", ())):
                answer = self._item(request, item)
            else:
                error = GraphError(424, "", "The request depends on one that failed.")
                body = self._error_body(error, request)
                answer = {"id": item["id"], "headers": {}, "status": 424, "body": body}
            answers.append(answer)
            failed |= {item["id"]} if answer["status"] >= 400 else set()
        return answers

    def _item(self, request: Request, item: Mapping[str, Any]) -> dict[str, Any]:
        parts = urlsplit(str(item["url"]))
        path = f"{_VERSION}/{parts.path.lstrip('/')}"
        answer: dict[str, Any] = {"id": item["id"], "headers": {"Content-Type": "application/json"}}
        try:
            if self.faults.take("rate_limit", path):
                raise _busy("2.128")
            if self.faults.take("server_error", path):
                raise GraphError(503, "UnknownError", "")
            headers = {name.lower(): value for name, value in item.get("headers", {}).items()}
            if "body" in item and "content-type" not in headers:
                raise GraphError(400, "BadRequest", "A request with a body must have a Content-Type header.")
            query = dict(parse_qsl(parts.query))
            call = self._call(request, item["method"], path, query, item.get("body"), headers)
            done = self._answer(call)
            if self.faults.take("late_error", path):
                raise GraphError(503, "UnknownError", "")
            answer["headers"] |= done.headers
            return answer | {"status": done.status} | ({"body": done.body} if done.body is not None else {})
        except GraphError as error:
            answer["headers"] |= error.headers
            return answer | {"status": error.status, "body": self._error_body(error, request)}

    def _call(
        self,
        request: Request,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: object,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        version = _BETA if path.startswith(_BETA) else _VERSION
        return Call(
            method=method,
            path=path.removeprefix(version),
            root=f"{_origin(request)}{version}",
            roles=self._roles(request),
            person=self._person(request),
            query=query,
            body=body,
            headers=request.headers if headers is None else headers,
            app=self._tokens.application(request.headers["authorization"].partition(" ")[2]),
            shorten=lambda: self.faults.take("short_page", path),
        )

    def _person(self, request: Request) -> str | None:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        return self._tokens.person(token, (_origin(request), _PUBLIC_RESOURCE))

    def _roles(self, request: Request) -> tuple[str, ...]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated("Access token is empty.")
        try:
            return self._tokens.roles(token, (_origin(request), _PUBLIC_RESOURCE))
        except ValueError as refused:
            raise _unauthenticated(str(refused)) from refused

    def _reply(
        self, status: int, body: object, request: Request | None, headers: Mapping[str, str] | None = None
    ) -> Response:
        self._answered += 1
        own = {
            "Content-Type": _JSON,
            "OData-Version": "4.0",
            "request-id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._answered}")),
            **(headers or {}),
        }
        if request is not None and "client-request-id" in request.headers:
            own["client-request-id"] = request.headers["client-request-id"]
        if body is None:
            return Response(None, status, own)
        return Response(json.dumps(body), status, own)

    def _failure(self, error: GraphError, request: Request | None = None) -> Response:
        return self._reply(error.status, self._error_body(error, request), request, error.headers)

    def _error_body(self, error: GraphError, request: Request | None) -> dict[str, Any]:
        own = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._answered + 1}"))
        asked = own if request is None else request.headers.get("client-request-id", own)
        inner = {
            "date": self.clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": own,
            "client-request-id": asked,
        }
        return {"error": {"code": error.code, "message": error.message, "innerError": inner}}


def _items(envelope: object) -> Sequence[Mapping[str, Any]]:
    """The requests of a batch. GraphError 400: not a batch, more than 20, or an id used twice."""
    items = envelope.get("requests") if isinstance(envelope, dict) else None
    if not isinstance(items, list) or not all({"id", "method", "url"} <= set(item) for item in items):
        raise GraphError(400, "BadRequest", "Invalid batch payload format.")
    if len(items) > _MOST_IN_A_BATCH:
        text = f"Number of batch request steps exceeds the maximum value of {_MOST_IN_A_BATCH}."
        raise GraphError(400, "BadRequest", text)
    if len({str(item["id"]).lower() for item in items}) < len(items):
        raise GraphError(400, "BadRequest", "The ids of the requests must be unique.")
    return items


def _read(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except ValueError as broken:
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from broken


def _busy(seconds: str) -> GraphError:
    """Asked to wait: whole seconds as a rule, but a published answer has a fraction."""
    return GraphError(429, "TooManyRequests", "Please retry again later.", {"Retry-After": seconds})


def _unauthenticated(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": "Bearer"})


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
