"""Jira's endpoints as calls: one request each, with the answer as received.

Cloud and Data Center are asked through the same methods; where they differ, the client knows which it is on.

The `jira` library signs in and carries the requests; its own paging, retries and objects are not used: they
cut pages short without a word, repeat a POST, and cost a hundred times the JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from config.secrets import Secret
from connectors.base import Spent
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown, RetryLater, SourceStopped
from connectors.jira.clock import minute_in
from connectors.jira.records import (
    BoardPage,
    ChangelogPage,
    CountRecord,
    FoundPage,
    IssueWorklogs,
    MovedWorklogs,
    OffsetPage,
    PermissionsRecord,
    ProjectPage,
    ProjectRecord,
    SearchPage,
    ServerRecord,
    SprintPage,
    UserRecord,
    VersionPage,
    WorklogList,
)
from connectors.jira.refusals import BadRequest, Missing, Refusals
from connectors.jira.settings import JiraConnection
from connectors.jira.ways import TransitionPage, TransitionRecord
from connectors.payload import decode
from connectors.retry import Retry, answered_at
from connectors.transport import Guard

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Answer", "BadRequest", "JiraClient", "Missing"]

T = TypeVar("T")
Json = Mapping[str, Any]
Meaning = Callable[["Response"], ConnectorError]

_PAGE = 50
_HISTORIES = 10_000
_WORKLOGS = 5000
_KEYS = 50
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}-[0-9]{1,18}")


class Answer:
    """The bytes of an answer, with what decoding them had to replace."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.notes: list[str] = []

    def as_(self, type: type[T]) -> T:
        return decode(self.body, type, self.notes)


class JiraClient:
    """One signed-in connection; every call but `write` is a read, asked again as the retry policy says.

    `cloud`: whether the site is one of Jira Cloud. `zone`: the account's own, as far as known. `answered`:
    the last answer's instant by Jira's own clock.
    """

    def __init__(
        self,
        settings: JiraConnection,
        secret: Callable[[str], Secret],
        retry: Retry,
        clock: Callable[[], datetime],
    ) -> None:
        import jira

        self._settings = settings
        self._retry = retry
        self._clock = clock
        self.cloud = True
        self.zone: str | None = None
        self.answered = clock()
        self._refusal = jira.JIRAError
        self.refusals = Refusals(settings, clock)
        self.guard = Guard.of(settings, settings.url)
        token = secret(settings.token).reveal()
        signed: dict[str, Any] = (
            {"basic_auth": (settings.user, token)} if settings.user else {"token_auth": token}
        )
        # The library would ask for the server's version at once; nothing may leave before the guard is on.
        self._jira: Any = jira.JIRA(
            settings.url,
            options={"rest_api_version": "3", "headers": {"User-Agent": "crosstie"}},
            max_retries=0,
            timeout=settings.timeout.total_seconds(),
            get_server_info=False,
            validate=False,
            logging=False,
            **signed,
        )
        self.guard.protect(self._jira._session)

    def close(self) -> None:
        self._jira.close()

    def instant(self, milliseconds: int) -> str:
        """An instant as this site's JQL takes it, or a little before it."""
        return str(milliseconds) if self.cloud else minute_in(self.zone, milliseconds)

    def spent(self) -> Spent:
        """The requests so far, and what Jira says is left of its limit, where it says so."""
        return self.guard.spent()

    def server(self) -> Answer:
        """A ServerRecord, given to anybody by either product; from now on we know which it is."""
        answer = self._ask("GET", "serverInfo", api="2")
        self.cloud = answer.as_(ServerRecord).cloud
        return answer

    def myself(self) -> UserRecord:
        """AccessRefused for nobody: elsewhere Jira answers strangers with empty lists."""
        me = self._ask("GET", "myself").as_(UserRecord)
        self.zone = me.time_zone
        return me

    def fields(self) -> Answer:
        return self._ask("GET", "field")

    def statuses(self) -> Answer:
        return self._ask("GET", "status")

    def project(self, key: str) -> Answer:
        """Missing: none of that key is visible."""
        return self._ask("GET", f"project/{key}")

    def projects(self) -> Iterator[ProjectRecord]:
        if not self.cloud:
            yield from self._ask("GET", "project").as_(list[ProjectRecord])
            return
        start, last = 0, False
        while not last:
            page = self._ask("GET", "project/search", _from(start)).as_(ProjectPage)
            yield from page.values
            start, last = start + len(page.values), page.is_last or not page.values

    def permissions(self, names: Sequence[str], project: str | None) -> dict[str, bool]:
        """Which of these the account has, in one project or anywhere. Missing: no such project."""
        query = {"permissions": ",".join(names), **({"projectKey": project} if project else {})}
        found = self._ask("GET", "mypermissions", query).as_(PermissionsRecord).permissions
        return {name: name in found and found[name].have_permission for name in names}

    def board(self, id: int) -> Answer:
        return self._agile(f"board/{id}")

    def boards(self, project: str | None = None) -> Iterator[tuple[int, Answer, BoardPage]]:
        """Pages, with where each begins, of all boards or of those that show the project."""
        start, last = 0, False
        while not last:
            query = {**_from(start), **({"projectKeyOrId": project} if project else {})}
            answer = self._agile("board", query)
            page = answer.as_(BoardPage)
            yield start, answer, page
            start, last = start + len(page.values), page.is_last or not page.values

    def board_configuration(self, id: int) -> Answer:
        return self._agile(f"board/{id}/configuration")

    def sprint_page(self, board: int, start: int) -> tuple[Answer, SprintPage]:
        """BadRequest: it is a kanban board, which has none."""
        answer = self._agile(f"board/{board}/sprint", _from(start))
        return answer, answer.as_(SprintPage)

    def version_page(self, project: str, start: int) -> tuple[Answer, VersionPage]:
        """A page of them; Data Center is asked for the plain list, which is whole."""
        if not self.cloud:
            answer = self._ask("GET", f"project/{project}/versions")
            return answer, VersionPage.read(answer.body, answer.notes)
        answer = self._ask("GET", f"project/{project}/version", _from(start))
        return answer, VersionPage.read(answer.body, answer.notes)

    def count(self, jql: str) -> int:
        """How many issues there are; on Cloud it is Jira's own estimate. BadRequest: the query."""
        if self.cloud:
            return self._ask("POST", "search/approximate-count", body={"jql": jql}).as_(CountRecord).count
        query = {"jql": jql, "maxResults": 0, "fields": "key"}
        return self._ask("GET", "search", query).as_(OffsetPage).total

    def token_page(
        self, jql: str, fields: Sequence[str], token: str | None, size: int
    ) -> tuple[Answer, SearchPage]:
        """A page of issues on Cloud. BadRequest: the query, or a token too old or of another query."""
        body: dict[str, Any] = {"jql": jql, "fields": list(fields), "maxResults": size}
        if token:
            body["nextPageToken"] = token
        answer = self._ask("POST", "search/jql", body=body)
        return answer, answer.as_(SearchPage)

    def offset_page(
        self, jql: str, fields: Sequence[str], start: int, size: int, histories: bool
    ) -> tuple[Answer, OffsetPage]:
        """A page of issues on Data Center, with their histories if wanted; perhaps a shorter one."""
        query: dict[str, Any] = {"jql": jql, "fields": ",".join(fields), "startAt": start, "maxResults": size}
        if histories:
            query["expand"] = "changelog"
        answer = self._ask("GET", "search", query)
        return answer, answer.as_(OffsetPage)

    def changelog_page(self, issues: Sequence[str], token: str | None) -> tuple[Answer, ChangelogPage]:
        """Histories of at most 1,000 issues, on Cloud."""
        body: dict[str, Any] = {"issueIdsOrKeys": list(issues), "maxResults": _HISTORIES}
        if token:
            body["nextPageToken"] = token
        answer = self._ask("POST", "changelog/bulkfetch", body=body)
        return answer, answer.as_(ChangelogPage)

    def issues(self, ids: Sequence[str], fields: Sequence[str]) -> list[msgspec.Raw]:
        """At most 100 issues read by their ids or keys; those that are gone or hidden are left out.

        On Data Center each is asked for by itself and comes with its histories.
        """
        if self.cloud:
            body = {"issueIdsOrKeys": list(ids), "fields": list(fields)}
            return list(self._ask("POST", "issue/bulkfetch", body=body).as_(FoundPage).issues)
        query = {"fields": ",".join(fields), "expand": "changelog"}
        found = []
        for id in ids:
            with suppress(Missing):
                found.append(msgspec.Raw(self._ask("GET", f"issue/{id}", query).body))
        return found

    def issue(self, id: str, fields: Sequence[str]) -> msgspec.Raw | None:
        """One issue with its newest histories inside; None: it is gone or hidden."""
        query = {"fields": ",".join(fields), "expand": "changelog"}
        try:
            return msgspec.Raw(self._ask("GET", f"issue/{id}", query).body)
        except Missing:
            return None

    def marked(self, keys: Sequence[str], fields: Sequence[str], property: str) -> list[msgspec.Raw]:
        """At most 100 issues by ids or keys, with one of their properties; unknown ones are left out."""
        if self.cloud:
            body = {"issueIdsOrKeys": list(keys), "fields": list(fields), "properties": [property]}
            return list(self._ask("POST", "issue/bulkfetch", body=body).as_(FoundPage).issues)
        query = {"fields": ",".join(fields), "properties": property}
        found = []
        for key in keys:
            with suppress(Missing):
                found.append(msgspec.Raw(self._ask("GET", f"issue/{key}", query).body))
        return found

    def recent(
        self, jql: str, fields: Sequence[str], property: str, size: int, place: str | int | None = None
    ) -> SearchPage:
        """Issues that a query finds, with one of their properties, from a page's token or offset on."""
        body: dict[str, Any] = {"jql": jql, "fields": list(fields), "maxResults": size}
        body["properties"] = [property]
        if place:
            body["nextPageToken" if self.cloud else "startAt"] = place
        return self._ask("POST", "search/jql" if self.cloud else "search", body=body).as_(SearchPage)

    def user_name(self, key: str) -> str:
        """What Data Center calls the person with this key. Missing: there is none."""
        return self._ask("GET", "user", {"key": key}).as_(UserRecord).name or key

    def transitions(self, issue: str) -> tuple[TransitionRecord, ...]:
        """The ways on from where the issue stands, as far as the account may go. Missing: no such issue."""
        answer = self._ask("GET", f"issue/{issue}/transitions", {"expand": "transitions.fields"})
        return answer.as_(TransitionPage).transitions

    def named(self, keys: Sequence[str]) -> list[msgspec.Raw]:
        """The issues of these keys on Data Center, with nothing but their ids; unknown keys are left out."""
        found: list[msgspec.Raw] = []
        for start in range(0, len(keys), _KEYS):
            some = ", ".join(f'"{key}"' for key in keys[start : start + _KEYS] if _KEY.fullmatch(key))
            if some:
                query = {"jql": f"key in ({some})", "validateQuery": "false", "maxResults": _KEYS}
                page = self._ask("GET", "search", {**query, "fields": "key"}).as_(OffsetPage)
                found.extend(page.issues)
        return found

    def worklog_feed(self, feed: str, since: int) -> tuple[Answer, MovedWorklogs]:
        """Ids of worklogs "updated" or "deleted" after an instant in milliseconds, of the whole site."""
        answer = self._ask("GET", f"worklog/{feed}", {"since": since})
        return answer, answer.as_(MovedWorklogs)

    def worklogs(self, ids: Sequence[int]) -> tuple[Answer, WorklogList]:
        """At most 1,000 worklogs; those that are gone or hidden are left out."""
        answer = self._ask("POST", "worklog/list", body={"ids": list(ids)})
        return answer, answer.as_(WorklogList)

    def remote_links(self, issue: str) -> list[msgspec.Raw]:
        """The RemoteLinks of an issue. Missing: no such issue; AccessRefused: linking is switched off."""
        return self._ask("GET", f"issue/{issue}/remotelink").as_(list[msgspec.Raw])

    def issue_worklogs(self, issue: str, start: int) -> tuple[Answer, IssueWorklogs]:
        """A page of one issue's worklogs. Missing: no such issue, or time tracking is off."""
        answer = self._ask("GET", f"issue/{issue}/worklog", {"startAt": start, "maxResults": _WORKLOGS})
        return answer, answer.as_(IssueWorklogs)

    def read(self, path: str, query: Json | None = None, *, api: str | None = None) -> Answer:
        """Any other read."""
        return self._ask("GET", path, query, api=api)

    def _agile(self, path: str, query: Json | None = None) -> Answer:
        return self._ask("GET", path, query, api="agile")

    def _ask(
        self,
        method: str,
        path: str,
        query: Json | None = None,
        *,
        body: Json | None = None,
        api: str | None = None,
    ) -> Answer:
        url, data = self._address(path, api), None if body is None else json.dumps(body)
        return Answer(self._retry.read(lambda: self._send(method, url, query, data, self.refusals.of_read)))

    def write(
        self,
        method: str,
        path: str,
        body: Json,
        query: Json | None = None,
        *,
        api: str | None = None,
        again: bool = False,
    ) -> Answer:
        """A write. It is sent again only if Jira surely did not carry it out, or if that does no harm.

        Declined, Stale, AccessRefused: nothing was written. OutcomeUnknown: nobody knows.
        """
        url, data = self._address(path, api), json.dumps(body)

        def send() -> bytes:
            try:
                return self._send(method, url, query, data, self.refusals.of_write)
            except (RetryLater, SourceStopped) as error:
                if isinstance(error, RetryLater) and error.unsent:
                    raise
                raise self.refusals.unanswered("gave no answer to a write") from error

        def send_again() -> bytes:
            try:
                return send()
            except OutcomeUnknown as error:
                raise RetryLater(str(error)) from error

        return Answer(self._retry.read(send_again if again else send))

    def _address(self, path: str, api: str | None) -> str:
        version = api or ("3" if self.cloud else "2")
        place = f"{version}/1.0" if version in ("agile", "webhooks") else f"api/{version}"
        return f"{self._settings.url.rstrip('/')}/rest/{place}/{path}"

    def _send(self, method: str, url: str, query: Json | None, data: str | None, meaning: Meaning) -> bytes:
        try:
            reply: Response = self._jira._session.request(
                method, url, params=query, data=data, allow_redirects=False
            )
        except self._refusal as error:
            if error.response is None:
                raise RetryLater(f"{self.refusals.who} gave no answer") from None
            raise meaning(error.response) from None
        if reply.status_code >= 300:
            raise Misconfigured(
                f"{self.refusals.who} redirects API requests, as a sign-in page does. Set the connection's "
                "url to the address of the Jira site itself."
            )
        self.answered = answered_at(reply.headers, self._clock())
        return reply.content


def _from(start: int) -> dict[str, Any]:
    return {"startAt": start, "maxResults": _PAGE}
