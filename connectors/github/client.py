"""GitHub over PyGithub's requester: its authentication and addresses, our guard, our retries, raw answers.

PyGithub's object layer is left out: an attribute missing from a list costs a request per object there, its
retries repeat a POST, and a redirect loses its query. What remains is one connection under our guard.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests

from config.secrets import Secret
from connectors.base import Spent
from connectors.errors import RetryLater, SourceStopped
from connectors.github.answers import Answer, GraphError, TooHeavy, TooMany, judge, judge_query
from connectors.github.refusals import judge_mutations, judge_write, unanswered
from connectors.github.settings import GitHubConnection
from connectors.github.signin import AppSignIn, Installation
from connectors.payload import decode
from connectors.retry import Retry
from connectors.transport import Guard

__all__ = ["Appetite", "Envelope", "GitHubClient", "QueryAnswer"]

API_VERSION = "2022-11-28"
_AGENT = "crosstie"
_PER_PAGE = 100
_MOST_PAGES = 1000


@dataclass(slots=True)
class Appetite:
    """How many records to ask for at once: halved when GitHub chokes on a query, grown back slowly."""

    most: int
    size: int = 0
    _good: int = 0

    def __post_init__(self) -> None:
        self.size = self.size or self.most

    def choked(self) -> None:
        self.size, self._good = max(1, self.size // 2), 0

    def digested(self) -> None:
        """After five good answers in a row, ask for half as much again."""
        self._good += 1
        if self._good >= 5 and self.size < self.most:
            self.size, self._good = min(self.most, self.size + max(1, self.size // 2)), 0


class Envelope(msgspec.Struct):
    """A GraphQL answer as sent."""

    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[GraphError] = []


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A GraphQL answer: `data` may have nulls where `errors` say why; `body` is the page as received."""

    data: msgspec.Raw
    errors: tuple[GraphError, ...]
    body: bytes
    at: datetime | None
    notes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class GitHubClient:
    """Talks with one GitHub connection, one request at a time. Raises the errors of connectors.errors.

    `credential` is what the settings name: a token, or the private key of an App, whose sign-in is `app`.
    `writes`: the tokens of an App may write.
    """

    def __init__(
        self,
        settings: GitHubConnection,
        credential: Secret,
        retry: Retry,
        clock: Callable[[], datetime],
        guard: Guard | None = None,
        writes: bool = False,
    ) -> None:
        import github

        self.guard = guard or Guard.of(settings, settings.url)
        self.url = settings.url
        self._retry = retry
        self._clock = clock
        self._wire = _Wire(self.guard, settings.url)
        self.app = AppSignIn(settings.app, credential, clock, self._send, writes) if settings.app else None
        auth = None if settings.app else github.Auth.Token(credential.reveal())
        self._requester = github.Github(
            auth=auth,
            base_url=settings.url,
            user_agent=_AGENT,
            per_page=_PER_PAGE,
            timeout=int(settings.timeout.total_seconds()),
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
            api_version=API_VERSION,
        ).requester

    def enter(self, owner: str) -> None:
        """Speak from now on as the App's installation on this account; a token speaks for itself."""
        if self.app is not None:
            self.app.enter(owner)

    def installations(self) -> tuple[Installation, ...]:
        """Where the App is installed; none for a token."""
        return self._retry.read(self.app.installations) if self.app else ()

    def installation(self) -> Installation | None:
        """The App's installation on the account entered; None for a token."""
        return self._retry.read(self.app.installation) if self.app else None

    def get(self, path: str, **parameters: str | int) -> Answer:
        """One REST answer: good, moved or absent; whatever asks to wait has been waited for."""
        return self._retry.read(lambda: self._sound("GET", path, parameters, None))

    def pages(self, path: str, **parameters: str | int) -> Iterator[Answer]:
        """A REST list page by page along its own links, which must stay at this connection's address."""
        seen: set[str] = set()
        following: str | None = path
        query: Mapping[str, str | int] = {"per_page": _PER_PAGE, **parameters}
        while following is not None:
            if following in seen or len(seen) == _MOST_PAGES:
                raise SourceStopped(
                    f"GitHub's list {path} leads round in a circle. Run the command again later."
                )
            seen.add(following)
            answer = self.get(following, **query)
            yield answer
            following, query = _next_link(answer), {}
            if following is not None:
                self.guard.admit(following)

    def query(
        self,
        document: str,
        variables: Mapping[str, Any],
        appetite: Appetite | None = None,
        divisible: bool = False,
    ) -> QueryAnswer:
        """The answer of a GraphQL query; with an appetite, `$first` shrinks when the query is too heavy.

        TooMany: it is too heavy, and its caller said that it is `divisible`.
        """

        def ask() -> QueryAnswer:
            try:
                if appetite is None:
                    return self._ask(document, variables)
                return self._ask_for_fewer(document, variables, appetite)
            except TooHeavy as heavy:
                if divisible:
                    raise TooMany(str(heavy)) from None
                raise

        answer = self._retry.read(ask)
        if appetite:
            appetite.digested()
        return answer

    def write(self, verb: str, path: str, body: object) -> Answer:
        """The answer to a REST write, sent once. RetryLater: GitHub did not look at it.

        OutcomeUnknown: nobody knows whether it was carried out.
        """
        return self._once(verb, path, body)

    def mutate(self, document: str, variables: Mapping[str, Any]) -> QueryAnswer:
        """The answer to GraphQL mutations, sent once; what each of them met stands in `errors`."""
        question = {"query": document, "variables": variables}
        answer = self._once("POST", self._requester.graphql_url, question)
        try:
            envelope = decode(answer.body, Envelope)
        except SourceStopped as odd:
            raise unanswered(f"gave no readable answer to a write ({odd})") from odd
        problem = judge_mutations(envelope.errors, answer, self._clock())
        if problem is not None:
            raise problem
        return QueryAnswer(envelope.data, tuple(envelope.errors), answer.body, answer.at)

    def _once(self, verb: str, url: str, body: object) -> Answer:
        """One request that may change something; only an App's token that had ended early is tried again."""
        auth = self._retry.read(self.app.auth) if self.app else None
        try:
            answer = self._send(verb, url, auth, body)
            if answer.status == 401 and self.app is not None:
                self.app.forget()
                answer = self._send(verb, url, self.app.auth(), body)
        except RetryLater as failed:
            if failed.unsent:
                raise
            raise unanswered(f"was sent a write and {failed}") from failed
        problem = judge_write(answer, self._clock())
        if problem is not None:
            raise problem
        return answer

    def _ask_for_fewer(self, document: str, variables: Mapping[str, Any], appetite: Appetite) -> QueryAnswer:
        """Ask again at once for half as many, as long as GitHub counts too much; breakdowns shrink it too."""
        while True:
            try:
                return self._ask(document, {**variables, "first": appetite.size})
            except RetryLater as failed:
                last = appetite.size == 1
                if failed.after is None:
                    appetite.choked()
                if last or not (isinstance(failed, TooHeavy) and failed.at_once):
                    raise

    def spent(self) -> Spent:
        """Requests sent so far, and what GitHub says is left of the hour's points."""
        return self.guard.spent()

    def close(self) -> None:
        self._wire.close()

    def _ask(self, document: str, variables: Mapping[str, Any]) -> QueryAnswer:
        question = {"query": document, "variables": variables}
        answer = self._sound("POST", self._requester.graphql_url, {}, question)
        if answer.status != 200:
            raise SourceStopped(
                f"GitHub's GraphQL address answers {answer.status}. Check the connection's url: on an "
                "Enterprise Server it ends in /api/v3."
            )
        if not answer.body.strip():
            raise RetryLater("GitHub sent an empty answer")
        notes: list[str] = []
        envelope = decode(answer.body, Envelope, notes)
        problem = judge_query(envelope.errors, answer, self._clock())
        if problem is not None:
            raise problem
        errors, headers = tuple(envelope.errors), answer.headers
        return QueryAnswer(envelope.data, errors, answer.body, answer.at, tuple(notes), headers)

    def _sound(self, verb: str, url: str, parameters: Mapping[str, Any], body: object) -> Answer:
        """One request, sent once; an answer that asks for a reaction raises it.

        A token of an App that is refused may have ended early, so it is asked for anew, once.
        """
        answer = self._send(verb, url, self.app.auth() if self.app else None, body, parameters)
        if answer.status == 401 and self.app is not None:
            self.app.forget()
            answer = self._send(verb, url, self.app.auth(), body, parameters)
        if answer.status == 202:
            raise RetryLater("GitHub is still preparing the answer")
        problem = judge(answer, self._clock())
        if problem is not None:
            raise problem
        return answer

    def _send(
        self, verb: str, url: str, auth: Any, body: object, parameters: Mapping[str, Any] | None = None
    ) -> Answer:
        """The answer to one request, whatever its status; `auth` speaks in place of the requester's own."""
        wire: Any = self._wire
        if auth is not None and auth is not self._requester.auth:
            self._requester = self._requester.withAuth(auth)
        with suppress(_Stop):
            self._requester.requestJson(verb, url, parameters=dict(parameters or {}), input=body, cnx=wire)
        return self._wire.answer


class _Stop(Exception):
    """Leaves PyGithub before it follows a redirect or sleeps on a 202."""


class _Wire:
    """The connection that PyGithub's requester speaks through: one guarded session, every answer kept raw."""

    def __init__(self, guard: Guard, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._session = guard.session()
        self._prepared: tuple[str, str, Any, Mapping[str, str]] = ("", "", None, {})
        self.answer = Answer(0, {}, b"")

    def request(
        self, verb: str, url: str, input: Any, headers: Mapping[str, str], stream: bool = False
    ) -> None:
        self._prepared = (verb, url, input, headers)

    def getresponse(self) -> _Reply:
        verb, url, input, headers = self._prepared
        response = self._session.request(
            verb, f"{self._origin}{url}", data=input, headers=headers, allow_redirects=False
        )
        named = {name.lower(): value for name, value in response.headers.items()}
        self.answer = Answer(response.status_code, named, response.content)
        if response.status_code == 202 or 300 <= response.status_code < 400:
            raise _Stop
        return _Reply(response)

    def close(self) -> None:
        self._session.close()


class _Reply:
    """What PyGithub reads of an answer; its own decoding is not used, so it gets no text."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self._headers = response.headers

    def getheaders(self) -> ItemsView[str, str]:
        return self._headers.items()

    def read(self) -> str:
        return ""


def _next_link(answer: Answer) -> str | None:
    links = requests.utils.parse_header_links(answer.headers.get("link", ""))
    return next((link["url"] for link in links if link.get("rel") == "next"), None)
