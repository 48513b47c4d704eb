"""A server that shows a stand-in's hundred issues as many thousands, faster than anybody reads them.

Every answer comes from the stand-in itself; of lists, the rows it gives are told again and again under other
ids and keys until there are as many as were asked for. A process of its own: `python -m bench.crowd KIND N`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from bench.sites import PATTERN, Site, site_of
from sandbox.server import Stand

__all__ = ["Crowd", "Row"]

_JSON = "application/json; charset=UTF-8"
_ID_WIDTH = 22
"""Characters that a Planner id keeps; the other six say which repetition it is."""


class Row:
    """One issue's JSON, to be told again under the id and name of its `n`-th repetition."""

    def __init__(self, value: Any, tokens: dict[bytes, Callable[[int], bytes]]) -> None:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        pattern = b"(" + b"|".join(map(re.escape, tokens)) + b")"
        self._parts = re.split(pattern, text)
        self._told = [tokens[part] for part in self._parts[1::2]]

    def tell(self, n: int) -> bytes:
        parts = list(self._parts)
        parts[1::2] = [told(n) for told in self._told]
        return b"".join(parts)


@dataclass
class Crowd:
    """The stand-in's application, made large; `seen` are the requests, for who wants to send them again."""

    site: Site
    size: int
    latency: float = 0.0
    rows: dict[str, list[Row]] = field(default_factory=dict)
    told: dict[str, bytes] = field(default_factory=dict)
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        app = self.site.app
        self.clock, self.faults, self.asgi = app.clock, app.faults, self._answer
        self.rate_limited, self.server_error = app.rate_limited, app.server_error

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = (await receive())["body"]
        query = scope["query_string"].decode()
        self.seen.append((scope["method"], scope["path"] + (f"?{query}" if query else ""), asked.decode()))
        if self.latency:
            await asyncio.sleep(self.latency)
        path = scope["path"]
        if path == "/bench/seen":
            body: bytes | None = json.dumps(self.seen[:-1]).encode()
        elif path.endswith(("/search/jql", "/search/approximate-count", "/changelog/bulkfetch")):
            body = await self._jira(scope, asked)
        elif path.endswith("/graphql"):
            body = await self._github(scope, asked)
        elif path.endswith("/tasks") and "/planner/" in path:
            body = await self._planner(scope, query)
        elif path.endswith("/$batch"):
            body = await self._batch(scope, asked)
        else:
            body = None
        if path.endswith("/issues") and path.startswith("/repos/"):
            await (await self._rest(scope, query))(scope, receive, send)
        elif body is None:
            await self._pass_on(_of_the_pattern(scope), asked, send)
        else:
            await Response(body, media_type=_JSON)(scope, receive, send)

    # Jira

    async def _jira(self, scope: Scope, asked: bytes) -> bytes | None:
        said = json.loads(asked) if asked else dict(parse_qsl(scope["query_string"].decode()))
        if "updated" in said.get("jql", "").split("ORDER BY")[0] or "key in" in said.get("jql", ""):
            return None
        if scope["path"].endswith("count"):
            return json.dumps({"count": self.size}).encode()
        if scope["path"].endswith("bulkfetch"):
            return await self._changelogs(scope, said)
        rows = await self._list(f"{said.get('fields')} {said.get('expand')}", scope, asked, _searched)
        start = int(said.get("nextPageToken", 0))
        end = min(self.size, start + min(int(said.get("maxResults", 50)), 5000 if _bare(said) else 100))
        ending = b'],"isLast":true}' if end >= self.size else b'],"nextPageToken":"%d","isLast":false}' % end
        return b'{"issues":[' + self._slice(rows, start, end) + ending

    async def _changelogs(self, scope: Scope, said: Any) -> bytes:
        if "changelogs" not in self.rows:
            asked = json.dumps({"issueIdsOrKeys": self.site.ids, "maxResults": 5000}).encode()
            told = json.loads(await self._ask(scope, asked))["issueChangeLogs"]
            self.rows["changelogs"] = [Row(each, self._tokens(each["issueId"])) for each in told]
        first = int(self.site.ids[0])
        places = [(int(id) - first) for id in said["issueIdsOrKeys"]]
        told = self.rows["changelogs"]
        logs = b",".join(told[place % PATTERN].tell(place // PATTERN) for place in places)
        return b'{"issueChangeLogs":[' + logs + b"]}"

    async def _add_changelogs(self, scope: Scope, rows: Sequence[Any]) -> None:
        """What `expand=changelog` adds to each issue of a search."""
        asked = json.dumps({"issueIdsOrKeys": self.site.ids, "maxResults": 5000}).encode()
        path = scope["path"].replace("search/jql", "changelog/bulkfetch")
        posted = {**scope, "method": "POST", "path": path, "raw_path": path.encode()}
        told = json.loads(await self._ask(posted, asked))["issueChangeLogs"]
        histories = {each["issueId"]: each["changeHistories"] for each in told}
        for row in rows:
            row["changelog"] = {"histories": histories.get(row["id"], [])}

    # GitHub

    async def _rest(self, scope: Scope, query: str) -> Response:
        """A page of REST's list of issues, with the link to the next."""
        options = dict(parse_qsl(query))
        page = int(options.pop("page", 1))
        if "rest" not in self.rows:
            plain = {**scope, "query_string": urlencode({**options, "per_page": PATTERN}).encode()}
            told = json.loads(await self._ask(plain, b""))
            self.rows["rest"] = [Row(each, self._tokens(each["node_id"])) for each in told]
        end = min(self.size, page * PATTERN)
        host = dict(scope["headers"])[b"host"].decode()
        more = urlencode({**options, "page": page + 1})
        link = {"link": f'<http://{host}{scope["path"]}?{more}>; rel="next"'} if end < self.size else {}
        body = b"[" + self._slice(self.rows["rest"], end - PATTERN, end) + b"]"
        return Response(body, headers=link, media_type=_JSON)

    async def _github(self, scope: Scope, asked: bytes) -> bytes | None:
        said = json.loads(asked)
        variables = said.get("variables") or {}
        if variables.get("since") or "after" not in variables:
            return self._counted(await self._ask(scope, asked))
        key = said["query"]
        if key not in self.told:
            self.told[key] = await self._ask(scope, _whole(said))
        place = _list_of(json.loads(self.told[key]))
        if place is None:
            del self.told[key]
            return self._counted(await self._ask(scope, asked))
        envelope, listed = place
        if key not in self.rows:
            self.rows[key] = [Row(node, self._tokens(self._id_of(node))) for node in listed["nodes"]]
            listed["nodes"] = []
            self.told[key] = json.dumps(envelope).encode()
        after = variables["after"] or ""
        start = int(after) if after.isdecimal() else 0
        end = min(self.size, start + int(variables.get("first") or 50))
        listed["nodes"] = ["\0"]
        listed["totalCount"] = self.size
        listed["pageInfo"] = {"hasNextPage": end < self.size, "endCursor": str(end)}
        text = json.dumps(envelope, ensure_ascii=False).encode()
        return text.replace(b'"\\u0000"', self._slice(self.rows[key], start, end))

    def _counted(self, answer: bytes) -> bytes:
        """An answer in which the crowd is counted where the stand-in counted its hundred."""
        return answer.replace(b'"totalCount":%d' % PATTERN, b'"totalCount":%d' % self.size)

    def _id_of(self, node: Any) -> str:
        if "id" in node:
            return str(node["id"])
        number = str(node["content"]["number"])
        return next(id for id, name in self.site.names.items() if name == number)

    # Planner

    async def _planner(self, scope: Scope, query: str) -> bytes | None:
        options = dict(parse_qsl(query))
        start = int(options.pop("$skiptoken", 0))
        plain = {**scope, "query_string": urlencode(options, safe="$").encode()}
        answer = await self._raw(plain, b"")
        if answer[0]["status"] != 200:
            return None
        key = f"tasks {sorted(options)}"
        if key not in self.rows:
            told = json.loads(_body(answer))["value"]
            self.rows[key] = [Row(each, self._tokens(each["id"])) for each in told]
        end = min(self.size, start + 400)
        more = urlencode({**options, "$skiptoken": end}, safe="$")
        host = dict(scope["headers"])[b"host"].decode()
        link = f',"@odata.nextLink":"http://{host}{scope["path"]}?{more}"' if end < self.size else ""
        return b'{"value":[' + self._slice(self.rows[key], start, end) + b"]" + link.encode() + b"}"

    async def _batch(self, scope: Scope, asked: bytes) -> bytes:
        """The parts are asked of the stand-in under the ids that it knows, and told under those asked for."""
        said = json.loads(asked)
        known = {id[:_ID_WIDTH]: id for id in self.site.ids}
        renamed: dict[str, tuple[str, str]] = {}
        for part in said["requests"]:
            found = re.search(r"tasks/([^/?]+)", part["url"])
            if found and found.group(1)[:_ID_WIDTH] in known:
                own = known[found.group(1)[:_ID_WIDTH]]
                renamed[part["id"]] = own, found.group(1)
                part["url"] = part["url"].replace(found.group(1), own)
        lists = [part for part in said["requests"] if part["url"].partition("?")[0].endswith("/tasks")]
        said["requests"] = [part for part in said["requests"] if part not in lists]
        told: dict[str, Any] = {"responses": []}
        if said["requests"]:
            told = json.loads(await self._ask(scope, json.dumps(said).encode()))
        for part in lists:
            told["responses"].append(await self._listed(scope, part))
        for reply in told["responses"]:
            if reply["id"] in renamed:
                text = json.dumps(reply["body"]).replace(*renamed[reply["id"]])
                reply["body"] = json.loads(text)
        return json.dumps(told).encode()

    async def _listed(self, scope: Scope, part: Any) -> Any:
        """The reply of a batch to a part that asks for a page of tasks."""
        place, _, query = part["url"].partition("?")
        path = scope["path"].removesuffix("/$batch") + place
        got = {**scope, "method": "GET", "path": path, "raw_path": path.encode()}
        body = await self._planner(got, query)
        status = 400 if body is None else 200
        told = json.loads(body or b'{"error":{"code":"","message":"The request is invalid."}}')
        return {"id": part["id"], "status": status, "headers": {}, "body": told}

    # Parts

    def _tokens(self, id: str) -> dict[bytes, Callable[[int], bytes]]:
        tokens = {f'"{id}"'.encode(): lambda n: f'"{_repeated(id, n)}"'.encode()}
        name = self.site.names.get(id)
        if name is not None and name.isdecimal():
            tokens[f'"number":{name},'.encode()] = lambda n: b'"number":%d,' % (int(name) + n * PATTERN)
            tokens[f'"number":{name}}}'.encode()] = lambda n: b'"number":%d}' % (int(name) + n * PATTERN)
        elif name is not None:
            project, _, number = name.rpartition("-")
            tokens[f'"{name}"'.encode()] = lambda n: f'"{project}-{int(number) + n * PATTERN}"'.encode()
        return tokens

    def _slice(self, rows: Sequence[Row], start: int, end: int) -> bytes:
        return b",".join(rows[place % PATTERN].tell(place // PATTERN) for place in range(start, end))

    async def _list(
        self, key: str, scope: Scope, asked: bytes, rows_of: Callable[[Any], list[Any]]
    ) -> list[Row]:
        if key not in self.rows:
            said = json.loads(asked) if asked else None
            if said is not None:
                said = {name: each for name, each in said.items() if name != "nextPageToken"}
                body = json.dumps({**said, "maxResults": PATTERN}).encode()
                told = json.loads(await self._ask(scope, body))
            else:
                options = dict(parse_qsl(scope["query_string"].decode()))
                options.pop("nextPageToken", None)
                plain = {**scope, "query_string": urlencode({**options, "maxResults": PATTERN}).encode()}
                told = json.loads(await self._ask(plain, b""))
            rows = sorted(rows_of(told), key=lambda each: int(each["id"]))
            if "changelog" in key:
                await self._add_changelogs(scope, rows)
            self.rows[key] = [Row(each, self._tokens(each["id"])) for each in rows]
        return self.rows[key]

    async def _ask(self, scope: Scope, body: bytes) -> bytes:
        return _body(await self._raw(scope, body))

    async def _raw(self, scope: Scope, body: bytes) -> list[Message]:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._pass_on(scope, body, keep)
        return answer

    async def _pass_on(self, scope: Scope, body: bytes, send: Send) -> None:
        length = (b"content-length", str(len(body)).encode())
        headers = [each for each in scope["headers"] if each[0] != b"content-length"]

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.site.app.asgi({**scope, "headers": [*headers, length]}, replay, send)


def _of_the_pattern(scope: Scope) -> Scope:
    """The same question about the issue that the one asked for repeats."""
    found = re.fullmatch(r"(/repos/.+/issues/)(\d+)(/timeline)", scope["path"])
    if found is None:
        return scope
    path = f"{found[1]}{(int(found[2]) - 1) % PATTERN + 1}{found[3]}"
    return {**scope, "path": path, "raw_path": path.encode()}


def _repeated(id: str, n: int) -> str:
    if n == 0:
        return id
    if id.isdecimal():
        return str(int(id) + n * PATTERN)
    return f"{id}{n}" if id.startswith("I_") else f"{id[:_ID_WIDTH]}{n:06d}"


def _body(answer: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in answer)


def _searched(told: Any) -> list[Any]:
    return list(told["issues"])


def _bare(said: Any) -> bool:
    return said.get("fields") in (["id"], ["key"], ["id", "key"], "id", None) and not said.get("expand")


def _whole(said: Any) -> bytes:
    """The same question for the stand-in's first hundred."""
    return json.dumps({**said, "variables": {**said["variables"], "after": None, "first": PATTERN}}).encode()


def _list_of(told: Any) -> tuple[Any, dict[str, Any]] | None:
    """The answer and the list of issues or cards within it; None: it has none."""

    def parts(value: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(value, dict):
            if name in ("issues", "items") and "nodes" in value and "pageInfo" in value:
                yield name, value
            for key, part in value.items():
                yield from parts(part, key)

    found = next(parts(told.get("data"), ""), None)
    return None if found is None else (told, found[1])


def main(kind: str, size: int, latency: float) -> None:
    """Serve until standard input ends; the first line of output says where and with which settings."""
    site = site_of(kind)
    crowd = Crowd(site, size, latency)
    with tempfile.TemporaryDirectory() as folder, Stand(crowd) as stand:
        where: dict[str, Any] = {"url": stand.url, "now": site.app.clock.now().isoformat()}
        told = {**where, "kind": kind.partition("-")[0], "settings": site.settings, "source": site.source}
        if site.entra is None:
            print(json.dumps(told), flush=True)
            sys.stdin.read()
            return
        with Stand(site.entra, tls=True) as entra:
            authority = Path(folder) / "ca.pem"
            assert entra.ca_pem is not None
            authority.write_bytes(entra.ca_pem)
            signed = {"url": f"{stand.url}/v1.0", "authority": entra.url, "ca_file": str(authority)}
            token = site.token(stand.url)
            print(json.dumps({**told, **signed, "base": stand.url, "token": token}), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0.0)
