"""Microsoft Graph by httpx under our guard: signed, retried in one place, its refusals understood."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import httpx
import msgspec

from config.secrets import Secret
from connectors.base import Spent
from connectors.errors import (
    AccessRefused,
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SkipIssue,
    SourceStopped,
    Stale,
)
from connectors.httpx_transport import guarded_client
from connectors.payload import decode, decode_record
from connectors.planner.records import Collection, PersonRecord
from connectors.planner.refusals import code_of, explanation
from connectors.planner.settings import PlannerConnection
from connectors.planner.signin import Claims, PersonSignIn, SignIn, credential_of, read_claims
from connectors.planner.token_file import TokenFile
from connectors.retry import PASSING, Retry, answered_at, retry_after
from connectors.transport import Guard

__all__ = [
    "AT_ONCE",
    "READ",
    "WRITE",
    "Answer",
    "BadRequest",
    "Missing",
    "PlannerClient",
    "Reply",
]

T = TypeVar("T")

AT_ONCE = 20
"""Reads that Graph takes in one batch."""
READ = "Tasks.Read.All"
WRITE = "Tasks.ReadWrite.All"
"""The rights of an application in Planner."""
_MOST_IDS = 1000
_MOST_PAGES = 1000
_PERSON = "id,displayName,mail,userPrincipalName"
_HEADERS = {"User-Agent": "crosstie", "Accept": "application/json"}


class Missing(Misconfigured):
    """404: there is no such thing, or the application may not see it; Planner does not say which."""


class BadRequest(SourceStopped):
    """400: Planner does not accept the request as it stands."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of a good answer, with what decoding them had to replace."""

    body: bytes
    notes: list[str] = field(default_factory=list)

    def as_(self, type: type[T]) -> T:
        return decode(self.body, type, self.notes)


class Reply(msgspec.Struct, frozen=True):
    """One answer within a `$batch`."""

    id: str
    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Replies(msgspec.Struct, frozen=True):
    responses: list[Reply]


class PlannerClient:
    """One signed-in connection; a read is asked again as the retry policy says, a write is not.

    `plain`: Graph does not expand details in lists here. `named` are the people already asked for, and
    `may_name` whether it's worth asking; `may_beta`: whether the beta version is to be used. `drift` is by
    how much Graph's clock was ahead of ours at its last answer.
    """

    def __init__(
        self,
        settings: PlannerConnection,
        secret: Callable[[str], Secret],
        retry: Retry,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        show: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._retry = retry
        self._clock = clock
        self._asked = 0
        self.plain = False
        self.named: set[str] = set()
        self.may_name = True
        self.may_beta = settings.beta
        self.drift = timedelta()
        self._signin = _sign_in(settings, secret, retry, clock, sleep, show)
        self._guard = Guard.of(settings, settings.url)
        self._http = guarded_client(self._guard, _HEADERS)

    def spent(self) -> Spent:
        """The requests to Graph so far; it never says how many are left."""
        return self._guard.spent()

    def close(self) -> None:
        self._http.close()
        self._signin.close()

    def ensure(self) -> None:
        """Where a person has to sign in and nobody has, ask for it now. AccessRefused: nobody did."""
        if isinstance(self._signin, PersonSignIn):
            self._signin.ensure()

    def claims(self) -> Claims:
        """What our token says of the application; signs in if need be."""
        return read_claims(self._signin.token())

    def admit(self, url: str) -> None:
        """SourceStopped: the address is not this connection's."""
        self._guard.admit(url)

    def get(self, address: str) -> Answer:
        """An entity or a page: below the version root, or a whole address that an answer of Graph named."""
        return self._read("GET", address, None)

    def pages(self, address: str) -> Iterator[tuple[Answer, Collection]]:
        """A list, page by page along its own links. SourceStopped: they lead round in a circle."""
        seen: set[str] = set()
        following: str | None = address
        while following is not None:
            if following in seen or len(seen) == _MOST_PAGES:
                raise SourceStopped(
                    f"{self._who}: the list {address} leads round in a circle. Pull again later."
                )
            seen.add(following)
            answer = self.get(following)
            page = answer.as_(Collection)
            yield answer, page
            following = page.next_link

    def each(self, addresses: Sequence[str]) -> Iterator[Mapping[str, Reply]]:
        """Many small reads, twenty at a time: address -> reply, good or refused for good."""
        for begin in range(0, len(addresses), AT_ONCE):
            yield self.together(addresses[begin : begin + AT_ONCE])

    def together(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """Up to twenty reads in one batch: address -> reply, good or refused for good.

        Addresses stand below the version root. What Graph puts off, each part for itself, is asked again
        after the longest wait that any part asks for, and without the parts that have their answer.
        """
        left = {str(n): address for n, address in enumerate(addresses)}
        done: dict[str, Reply] = {}

        def ask() -> dict[str, Reply]:
            requests = [{"id": n, "method": "GET", "url": address} for n, address in left.items()]
            answer = self._send("POST", "/$batch", {"requests": requests})
            replies = [one for one in answer.as_(_Replies).responses if one.id in left]
            done.update({left.pop(one.id): one for one in replies if one.status not in PASSING})
            if left:
                waits = [retry_after(one.headers, self._clock()) for one in replies]
                wish = max((wait for wait in waits if wait is not None), default=None)
                raise RetryLater(f"{self._who} put off {len(left)} of a batch of reads", wish)
            return done

        return self._retry.read(ask)

    def change(self, method: str, address: str, body: object, tag: str = "") -> Answer:
        """One write, sent once, and what Graph then shows; `tag` is the version that it was decided on.

        Only what surely was not carried out is sent again. Stale: the same was changed meanwhile. Refused:
        Planner takes it neither now nor later. Missing: it is not shown any more. OutcomeUnknown: no answer
        tells. Any other error: nothing was written.
        """
        return self._retry.read(lambda: self._change(method, address, body, tag))

    def _change(self, method: str, address: str, body: object, tag: str) -> Answer:
        headers = {"Prefer": "return=representation"} | ({"If-Match": tag} if tag else {})
        reply = self._sent_once(method, address, body, headers)
        if reply.status_code == 401:
            self._signin.forget()
            reply = self._sent_once(method, address, body, headers)
        if reply.status_code in (200, 201, 204):
            return Answer(reply.content)
        raise self._refusal(reply.status_code, reply.headers, reply.content)

    def _sent_once(
        self, method: str, address: str, body: object, headers: Mapping[str, str]
    ) -> httpx.Response:
        token = self._signin.token()
        try:
            return self._asked_with(token, method, address, body, headers)
        except RetryLater as error:
            if error.unsent:
                raise
            raise self._unknown(str(error)) from error
        except SourceStopped as error:
            raise self._unknown(str(error)) from error

    def _unknown(self, why: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self._who} did not say whether it carried out a write ({why.rstrip('.')}). Look at the task "
            "before anything is written again."
        )

    def _refusal(self, status: int, headers: Mapping[str, str], content: bytes) -> ConnectorError:
        """What a refused write asks for."""
        said = explanation(content)
        if status in (409, 412):
            return Stale(f"{self._who}: the task was changed meanwhile{said}. Read it again.")
        if status != 429 and (status in PASSING or status >= 500):
            return self._unknown(f"it answered with status {status}")
        if status == 403 and code_of(content).startswith("Maximum"):
            return Refused(f"{self._who} is at a limit of its own{said}: {code_of(content)}. Make room.")
        if status == 403:
            return AccessRefused(
                f"{self._who} does not let the application write that{said}. Ask an administrator of the "
                f"tenant to consent to {WRITE}, or name an application that may in write_client and "
                "write_secret, then: crosstie check"
            )
        if status in (401, 404, 429) or status < 400:
            return self._meaning(status, headers, content)
        return Refused(f"{self._who} does not take the write{said}. Set it in Planner by hand.")

    def beta(self, address: str) -> str:
        """The whole address of something that only the beta version has."""
        return f"{self._settings.url.rpartition('/')[0]}/beta{address}"

    def below(self, url: str) -> str:
        """An address that an answer named, as a batch takes it. SourceStopped: it is a foreign one."""
        self.admit(url)
        return url.removeprefix(self._settings.url)

    def opened(self, reply: Reply) -> Answer:
        """A part of a batch as an answer of its own; a refused one raises what its status means."""
        if reply.status != 200:
            raise self._meaning(reply.status, reply.headers, bytes(reply.body))
        return Answer(bytes(reply.body))

    def people(self, ids: Sequence[str]) -> list[PersonRecord]:
        """Those of the ids that the directory knows; who left it is absent.

        The bulk look-up wants a right that reading people one by one does not: where it is refused, or tells
        no names, the people are asked for in batches. AccessRefused: that is refused too.
        """
        try:
            found = self._many(ids)
        except AccessRefused:
            found = []
        if any(one.display_name for one in found):
            return found
        return list(self._singly(ids)) or found

    def _singly(self, ids: Sequence[str]) -> Iterator[PersonRecord]:
        for replies in self.each([f"/users/{id}?$select={_PERSON}" for id in ids]):
            for reply in replies.values():
                if reply.status == 403:
                    raise self._meaning(reply.status, reply.headers, bytes(reply.body))
                if reply.status == 200:
                    with suppress(SkipIssue):
                        yield decode_record(reply.body, PersonRecord)

    def _many(self, ids: Sequence[str]) -> list[PersonRecord]:
        found: list[PersonRecord] = []
        for begin in range(0, len(ids), _MOST_IDS):
            body = {"ids": list(ids[begin : begin + _MOST_IDS]), "types": ["user"]}
            page = self._read("POST", "/directoryObjects/getByIds", body).as_(Collection)
            for raw in page.value:
                with suppress(SkipIssue):  # somebody whose record is odd stays without a name
                    found.append(decode_record(raw, PersonRecord))
        return found

    def _read(self, method: str, address: str, body: object) -> Answer:
        return self._retry.read(lambda: self._send(method, address, body))

    def _send(self, method: str, address: str, body: object) -> Answer:
        """One request; a token that Graph takes no longer is renewed once."""
        reply = self._signed(method, address, body)
        if reply.status_code == 401:
            self._signin.forget()
            reply = self._signed(method, address, body)
        if reply.status_code != 200:
            raise self._meaning(reply.status_code, reply.headers, reply.content)
        return Answer(reply.content)

    def _signed(self, method: str, address: str, body: object) -> httpx.Response:
        return self._asked_with(self._signin.token(), method, address, body, {})

    def _asked_with(
        self, token: str, method: str, address: str, body: object, more: Mapping[str, str]
    ) -> httpx.Response:
        url = address if address.startswith(("http://", "https://")) else f"{self._settings.url}{address}"
        headers = {"Authorization": f"Bearer {token}", "client-request-id": self._request_id(), **more}
        reply = self._http.request(method, url, headers=headers, json=body)
        now = self._clock()
        self.drift = answered_at(reply.headers, now) - now
        return reply

    def _request_id(self) -> str:
        """An id in the form of a GUID by which Microsoft's support finds the request."""
        self._asked += 1
        text = f"{self._settings.client} {self._clock().isoformat()} {self._asked}"
        digits = hashlib.blake2s(text.encode(), digest_size=16).hexdigest()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    @property
    def _who(self) -> str:
        return self._settings.who

    def _meaning(self, status: int, headers: Mapping[str, str], content: bytes) -> ConnectorError:
        """What a refusal asks for."""
        said = explanation(content)
        if status in PASSING:
            wish = retry_after(headers, self._clock())
            return RetryLater(f"{self._who} answered with status {status}", wish)
        if status == 401:
            return AccessRefused(
                f"{self._who} does not take our token{said}. Check that url and authority in the connection "
                "belong to the same cloud, then: crosstie check"
            )
        if status == 403:
            return AccessRefused(
                f"{self._who} does not let the application read that{said}. Ask an administrator of the "
                "tenant to consent to the application permission that docs/how-to/tokens.md names, then: "
                "crosstie check"
            )
        if status == 404:
            return Missing(f"{self._who} has no such thing, or the application may not see it{said}.")
        if status == 400:
            return BadRequest(f"{self._who} does not accept the request{said}.")
        if status < 400:
            return Misconfigured(
                f"{self._who} redirects API requests, as a sign-in page does. Set the connection's url to "
                "the address of Microsoft Graph with its version."
            )
        return SourceStopped(
            f"{self._who} answered with status {status}{said}. If it lasts, report it with this text."
        )


def _sign_in(
    settings: PlannerConnection,
    secret: Callable[[str], Secret],
    retry: Retry,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    show: Callable[[str], None],
) -> SignIn:
    if settings.token_cache is not None:
        return PersonSignIn(settings, TokenFile(settings.token_cache), retry, clock, sleep, show)
    return SignIn(settings, credential_of(settings, secret), retry, clock)
