"""Dataverse's Web API by httpx under our guard: signed, retried in one place, its refusals understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import httpx

from config.secrets import Secret
from connectors.base import Spent
from connectors.errors import (
    AccessRefused,
    ConnectorError,
    Misconfigured,
    RetryLater,
    SourceStopped,
)
from connectors.httpx_transport import guarded_client
from connectors.payload import decode
from connectors.planner.refusals import explanation
from connectors.planner.signin import SignIn, credential_of
from connectors.planner_premium.records import Rows
from connectors.planner_premium.settings import PremiumConnection
from connectors.retry import PASSING, Retry, retry_after
from connectors.transport import Guard

__all__ = ["BadRequest", "DataverseClient", "Missing"]

_ROOT = "/api/data/v9.2"
_MOST_PAGES = 1000
_HEADERS = {
    "User-Agent": "crosstie",
    "Accept": "application/json",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    "Prefer": 'odata.maxpagesize=1000,odata.include-annotations="*"',
}


class Missing(Misconfigured):
    """404: there is no such row or table."""


class BadRequest(SourceStopped):
    """400: the environment does not accept the request as it stands; it may lack a column."""


class DataverseClient:
    """One signed-in environment; every call is a read and is asked again as the retry policy says."""

    def __init__(
        self,
        settings: PremiumConnection,
        secret: Callable[[str], Secret],
        retry: Retry,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._retry = retry
        self._clock = clock
        self._signin = SignIn(settings, credential_of(settings, secret), retry, clock)
        self._guard = Guard.of(settings, settings.url)
        self._http = guarded_client(self._guard, _HEADERS)

    def spent(self) -> Spent:
        """The requests to Dataverse so far."""
        return self._guard.spent()

    def close(self) -> None:
        self._http.close()
        self._signin.close()

    def get(self, address: str) -> bytes:
        """The body of a good answer: below the API's root, or a whole address that an answer named."""
        return self._retry.read(lambda: self._send(address))

    def pages(self, address: str) -> Iterator[tuple[bytes, Rows]]:
        """A table's rows, page by page along their own links. SourceStopped: they lead round in a circle."""
        seen: set[str] = set()
        following: str | None = address
        while following is not None:
            self.check(following, seen)
            body = self.get(following)
            page = decode(body, Rows)
            yield body, page
            following = page.next_link

    def check(self, link: str, seen: set[str]) -> None:
        """Note a link. SourceStopped: it was followed before, or leads to a foreign address."""
        if link.startswith(("http://", "https://")):
            self._guard.admit(link)
        if link in seen or len(seen) > _MOST_PAGES:
            raise SourceStopped(
                f"{self._settings.who}: a list of rows leads round in a circle. Nothing of this page was "
                "stored; pull again later."
            )
        seen.add(link)

    def _send(self, address: str) -> bytes:
        reply = self._signed(address)
        if reply.status_code == 401:
            self._signin.forget()
            reply = self._signed(address)
        if reply.status_code != 200:
            raise self._meaning(reply)
        return reply.content

    def _signed(self, address: str) -> httpx.Response:
        whole = address.startswith(("http://", "https://"))
        url = address if whole else f"{self._settings.url}{_ROOT}/{address}"
        return self._http.get(url, headers={"Authorization": f"Bearer {self._signin.token()}"})

    def _meaning(self, reply: httpx.Response) -> ConnectorError:
        """What a refusal asks for."""
        status, said, who = reply.status_code, explanation(reply.content), self._settings.who
        if status in PASSING:
            return RetryLater(
                f"{who} answered with status {status}", retry_after(reply.headers, self._clock())
            )
        if status in (401, 403):
            return AccessRefused(
                f"{who} does not let the application read that{said}. Add it as an application user of the "
                "environment with a role that may read projects, then: crosstie check"
            )
        if status == 404:
            return Missing(f"{who} has no such thing{said}. Correct url or plan.")
        if status == 400:
            return BadRequest(f"{who} does not accept the request{said}.")
        if status < 400:
            return Misconfigured(
                f"{who} redirects API requests, as a sign-in page does. Set the connection's url to the "
                "environment's own address."
            )
        return SourceStopped(
            f"{who} answered with status {status}{said}. If it lasts, report it with this text."
        )
