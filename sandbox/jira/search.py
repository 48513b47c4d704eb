"""POST and GET /search/jql: token paging over an index that may lag behind the issues."""

from __future__ import annotations

import base64
import bisect
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.jira.bodies import Json
from sandbox.jira.calls import INVALID_PAYLOAD, Call, Refusal
from sandbox.jira.issues import NOT_FIELDS
from sandbox.jira.jql import BadQuery, Query, Reader, parse
from sandbox.jira.records import Issue
from sandbox.jira.stamps import milliseconds
from sandbox.jira.state import JiraSite

__all__ = ["Search"]

_BODY = (
    "jql",
    "nextPageToken",
    "maxResults",
    "fields",
    "expand",
    "properties",
    "fieldsByKeys",
    "failFast",
    "reconcileIssues",
)
_DEFAULT_SIZE = 50
_ID_CAP = 5000
_RECONCILE_CAP = 50
_PROPERTY_CAP = 5
_TOKEN_LIFE = timedelta(days=7)
_WALKS_KEPT = 4

Position = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    jql: str
    token: str | None
    size: int
    fields: tuple[str, ...]
    reconcile: tuple[str, ...]
    properties: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What must stay the same over all pages of a walk."""
        same = json.dumps([self.jql, self.fields, self.reconcile])
        return hashlib.sha256(same.encode()).hexdigest()[:16]


class Search:
    """`lag` is how long a write takes to reach the index; `cap` the most rows of a page with real fields.

    A page's token holds the position of its last row, so a walk goes on even when issues move meanwhile, and
    the number of the page, so no two tokens of a walk are alike.
    """

    def __init__(self, site: JiraSite, lag: timedelta, cap: int, error: int = 0) -> None:
        self._site = site
        self._error = error
        self._lag = lag
        self._cap = cap
        self._walks: OrderedDict[object, tuple[list[Position], list[str]]] = OrderedDict()

    def get(self, call: Call) -> Json:
        body: Json = {
            "jql": call.text("jql") or "",
            "nextPageToken": call.text("nextPageToken"),
            "maxResults": call.number("maxResults", _DEFAULT_SIZE),
            "fields": call.words("fields"),
            "reconcileIssues": call.words("reconcileIssues"),
            "properties": call.words("properties"),
        }
        return self._page(call, body)

    def post(self, call: Call) -> Json:
        return self._page(call, call.body(_BODY))

    def count(self, call: Call) -> Json:
        """An estimate: the index's count, off by `error`."""
        request = _read({"jql": call.body(("jql",)).get("jql")}, self._cap)
        found = len(self._walk(call, request)[1])
        return {"count": max(0, found + self._error) if found else 0}

    def ids(self, call: Call, jql: str, lenient: bool = False) -> list[str]:
        """The ids of all hits in order; `lenient` takes no offence at keys that do not exist."""
        return self._walk(call, _Request(jql, None, 1, (), ()), lenient)[1]

    def _page(self, call: Call, body: Json) -> Json:
        request = _read(body, self._cap)
        positions, ids = self._walk(call, request)
        hop, last = self._open(request.token, request.digest) if request.token else (0, ())
        start = bisect.bisect_right(positions, last)
        chosen = call.shorten(ids[start : start + request.size], least=0)
        end = start + len(chosen)
        page: Json = {"issues": [self._shown(call, id, request) for id in chosen]}
        if end < len(ids):
            page["nextPageToken"] = self._seal(request.digest, hop + 1, positions[end - 1] if end else ())
        return page | {"isLast": end >= len(ids)}

    def _shown(self, call: Call, id: str, request: _Request) -> Json:
        return call.issues.issue(self._site.issues[id], request.fields, request.properties)

    def _walk(self, call: Call, request: _Request, lenient: bool = False) -> tuple[list[Position], list[str]]:
        """Positions and ids of all hits in order; kept for the next page as long as nothing changes."""
        key = (
            call.account,
            lenient,
            request.jql,
            request.reconcile,
            self._site.revision,
            self._site.clock.now(),
        )
        walk = self._walks.get(key)
        if walk is None:
            walk = self._run(call, request, lenient)
            self._walks[key] = walk
            if len(self._walks) > _WALKS_KEPT:
                self._walks.popitem(last=False)
        return walk

    def _run(self, call: Call, request: _Request, lenient: bool) -> tuple[list[Position], list[str]]:
        if call.account is None:
            return [], []
        now = self._site.clock.now()
        horizon = now - self._lag
        strong = frozenset(request.reconcile)

        def known(issue: Issue) -> datetime:
            return issue.updated if not self._lag or issue.id in strong else _indexed(issue, horizon)

        zone = self._site.users[call.account].zone
        try:
            query = parse(request.jql, Reader(self._site, call.account, zone, now, known, lenient))
        except BadQuery as problem:
            raise Refusal(400, str(problem)) from None
        hits = sorted(
            (_position(query, issue, known(issue)), issue.id)
            for issue in self._site.issues.values()
            if self._site.may_see(call.account, issue)
            and issue.id not in self._site.unindexed
            and (not self._lag or issue.created <= horizon or issue.id in strong)
            and query.matches(issue)
        )
        return [position for position, _ in hits], [id for _, id in hits]

    def _seal(self, digest: str, hop: int, position: Position) -> str:
        text = json.dumps([digest, milliseconds(self._site.clock.now()), hop, position])
        return base64.urlsafe_b64encode(text.encode()).decode()

    def _open(self, token: str, digest: str) -> tuple[int, Position]:
        """400: not one of ours, older than seven days, or of another query."""
        try:
            of, issued, hop, position = json.loads(base64.urlsafe_b64decode(token))
            made = datetime.fromtimestamp(issued / 1000, UTC)
        except (ValueError, TypeError):
            raise Refusal(400, "The provided next page token is invalid.") from None
        if of != digest or self._site.clock.now() - made > _TOKEN_LIFE:
            raise Refusal(400, "The provided next page token is expired or belongs to another query.")
        return hop, _tuple(position)


def _read(body: Json, cap: int) -> _Request:
    """400: a member of the wrong kind, or too many issues to reconcile."""
    jql, token = body.get("jql") or "", body.get("nextPageToken") or None
    fields, reconcile = body.get("fields") or [], body.get("reconcileIssues") or []
    size = body.get("maxResults", _DEFAULT_SIZE)
    texts = isinstance(jql, str) and isinstance(token, str | None) and isinstance(size, int)
    if not texts or not isinstance(fields, list) or not isinstance(reconcile, list):
        raise Refusal(400, INVALID_PAYLOAD)
    if len(reconcile) > _RECONCILE_CAP:
        raise Refusal(400, f"At most {_RECONCILE_CAP} issues can be reconciled.")
    properties = tuple(body.get("properties") or ())
    if len(properties) > _PROPERTY_CAP:
        raise Refusal(400, f"At most {_PROPERTY_CAP} properties can be asked for.")
    most = _ID_CAP if all(name in NOT_FIELDS for name in fields) and not properties else cap
    ids = tuple(str(id) for id in reconcile)
    return _Request(jql, token, min(max(size, 1), most), tuple(fields), ids, properties)


def _indexed(issue: Issue, horizon: datetime) -> datetime:
    """The newest stamp of the issue that had reached the index by `horizon`."""
    for history in reversed(issue.history):
        if history.at <= horizon:
            return history.at
    return issue.created


def _position(query: Query, issue: Issue, updated: datetime) -> Position:
    """The sort key of a row; it ends in the id, so that no two rows share one."""
    values: list[object] = []
    for field, descending in query.order:
        sign = -1 if descending else 1
        if field == "updated":
            values.append(sign * int(updated.timestamp() * 1_000_000))
        elif field == "created":
            values.append(sign * int(issue.created.timestamp() * 1_000_000))
        elif field == "id":
            values.append(sign * int(issue.id))
        else:
            letters = tuple(sign * ord(letter) for letter in issue.project)
            values.extend(((*letters, 0 if sign > 0 else 1), sign * issue.number))
    return (*values, int(issue.id))


def _tuple(value: Any) -> Any:
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value
