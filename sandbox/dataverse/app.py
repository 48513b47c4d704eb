"""Dataverse's Web API over HTTP: the part of OData that readers of projects use."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.dataverse.state import KEYS, Environment, Row
from sandbox.faults import Faults
from sandbox.graph.tokens import Tokens
from sandbox.server import bad_gateway

__all__ = ["DataverseApp"]

_ROOT = "/api/data/v9.2"
_PREFERRED = re.compile(r"odata\.maxpagesize=(\d+)")
_BY_KEY = re.compile(r"(\w+)\(([0-9a-fA-F-]{36})\)")
_TERM = re.compile(r"(\w+) (eq|ne|gt) (\S+)")
_FORMATTED = "@OData.Community.Display.V1.FormattedValue"


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class DataverseApp:
    """The HTTP view of one environment; an application that is no user of it is refused."""

    def __init__(self, environment: Environment, tokens: Tokens) -> None:
        self.clock = environment.clock
        self.faults = Faults()
        self._environment = environment
        self._tokens = tokens
        self.asgi = Starlette(routes=[Route(f"{_ROOT}/{{path:path}}", self._read, methods=["GET"])])

    def rate_limited(self, path: str) -> Response:
        message = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
        return _reply(429, {"error": {"code": "0x80072322", "message": message}}, {"Retry-After": "7"})

    def server_error(self, path: str) -> Response:
        return bad_gateway()

    async def _read(self, request: Request) -> Response:
        try:
            caller = self._caller(request)
            path = request.path_params["path"]
            if path == "WhoAmI()":
                return _reply(200, {"UserId": caller, "OrganizationId": self._environment.id})
            by_key = _BY_KEY.fullmatch(path)
            body = self._row(by_key[1], by_key[2], request) if by_key else self._rows(path, request)
        except _Refused as refused:
            return _reply(refused.status, {"error": {"code": refused.code, "message": refused.message}})
        return _reply(200, body)

    def _caller(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        origin = f"{request.url.scheme}://{request.url.netloc}"
        try:
            self._tokens.roles(token if scheme.lower() == "bearer" else "", (origin,))
        except ValueError as broken:
            raise _Refused(401, "", str(broken)) from broken
        application = self._tokens.application(token)
        if application not in self._environment.users:
            raise _Refused(403, "0x80072560", "The user is not a member of the organization.")
        return application

    def _row(self, table: str, key: str, request: Request) -> Row:
        rows = self._table(table)
        if key not in rows:
            message = f"Entity '{table[:-1]}' With Id = {key} Does Not Exist"
            raise _Refused(404, "0x80040217", message)
        return self._shown(rows[key], table, request.query_params)

    def _rows(self, table: str, request: Request) -> dict[str, Any]:
        query = request.query_params
        found = [
            row for row in self._table(table).values() if _fits(row, query.get("$filter", ""), self._known)
        ]
        order = query.get("$orderby", KEYS[table])
        found.sort(key=lambda row: str(row[order]))
        found = found[: int(query.get("$top", len(found)))]
        preferred = _PREFERRED.search(request.headers.get("prefer", ""))
        size = min(self._environment.page, int(preferred.group(1)) if preferred else 5000)
        if len(found) > 1 and self.faults.take("short_page", request.url.path):
            size = min(size, len(found)) // 2
        begin = _resumed(query.get("$skiptoken"))
        page = [self._shown(row, table, query) for row in found[begin : begin + size]]
        body: dict[str, Any] = {
            "@odata.context": f"{_origin(request)}{_ROOT}/$metadata#{table}",
            "value": page,
        }
        if begin + size < len(found):
            kept = [f"{name}={quote(text)}" for name, text in query.items() if name != "$skiptoken"]
            link = "&".join([*kept, f"$skiptoken={_token(begin + size)}"])
            body["@odata.nextLink"] = f"{_origin(request)}{request.url.path}?{link}"
        return body

    def _table(self, name: str) -> dict[str, Row]:
        if name not in self._environment.tables:
            raise _Refused(404, "0x8006088a", f"Resource not found for the segment '{name}'.")
        return self._environment.tables[name]

    def _shown(self, row: Row, table: str, query: Mapping[str, str]) -> Row:
        """The columns that are selected, the key always, with their annotations."""
        columns = [name for name in query.get("$select", "").split(",") if name]
        for name in columns:
            self._known(name, row)
        wanted = {"@odata.etag", KEYS[table], *(columns or row)}
        return {
            name: value
            for name, value in row.items()
            if name.removesuffix(_FORMATTED) in wanted and name not in self._environment.lacks
        }

    def _known(self, column: str, row: Row) -> None:
        if column in self._environment.lacks or column not in row:
            message = f"Could not find a property named '{column}' on type 'Microsoft.Dynamics.CRM.msdyn'."
            raise _Refused(400, "0x80060888", message)


def _fits(row: Row, condition: str, known: Any) -> bool:
    """Whether a row fits `$filter`: comparisons joined by `and`, which is all that our readers use."""
    for term in filter(None, condition.split(" and ")):
        found = _TERM.fullmatch(term.strip())
        if found is None:
            raise _Refused(400, "0x80060888", f"Syntax error in '{term}'.")
        column, operator, text = found.groups()
        known(column, row)
        value = row[column]
        same = value is None if text == "null" else str(value).lower() == text.lower()
        more = operator == "gt" and value is not None and value > float(text)
        if not (more if operator == "gt" else same if operator == "eq" else not same):
            return False
    return True


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f'<cookie pagenumber="{position}" />'.encode()).decode()


def _resumed(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().split('"')[1])
    except (ValueError, IndexError) as broken:
        raise _Refused(400, "0x80060888", "Malformed XML in the paging cookie.") from broken


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    own = {"Content-Type": "application/json; odata.metadata=minimal", "OData-Version": "4.0"}
    return Response(json.dumps(body), status, {**own, **(headers or {})})
