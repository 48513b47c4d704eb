"""What Jira's refusals ask for: of reads, which can be asked again, and of writes, which may be done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.errors import (
    AccessRefused,
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SourceStopped,
    Stale,
)
from connectors.jira.settings import JiraConnection
from connectors.retry import PASSING, answered_at, retry_after

if TYPE_CHECKING:
    from requests import Response

__all__ = ["BadRequest", "Collided", "Declined", "Missing", "Refusals"]

_CLIPPED = 300
_LIMITED = 429


class Missing(Misconfigured):
    """404: there is no such thing, or the account may not see it; Jira does not say which."""


class BadRequest(SourceStopped):
    """400: Jira does not accept the request as it stands."""


class Declined(Refused):
    """A write that Jira does not take as it stands; `errors` says why by Jira's field."""

    def __init__(self, message: str, errors: Mapping[str, str]) -> None:
        super().__init__(message)
        self.errors = errors


class Collided(Stale):
    """409: somebody else's change came in between; nothing was written."""


class Refusals:
    """Reads the refusals of one connection."""

    def __init__(self, settings: JiraConnection, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self.who = f'Jira "{settings.name}"'

    def of_read(self, reply: Response) -> ConnectorError:
        status, said = reply.status_code, _said(reply.content)
        if status in PASSING:
            return RetryLater(f"{self.who} answered with status {status}", self._wish(reply.headers))
        if status == 401:
            return self._signed_out()
        if status == 403:
            return AccessRefused(
                f"{self.who} does not let this account read that{said}. Ask a Jira administrator for Browse "
                "Projects in the project, then: crosstie check"
            )
        if status == 404:
            return Missing(f"{self.who} has no such thing, or this account may not see it{said}.")
        if status == 400:
            return BadRequest(f"{self.who} does not accept the request{said}.")
        if status == 410:
            return SourceStopped(f"{self.who} has removed this API{said}. Update crosstie.")
        return SourceStopped(
            f"{self.who} answered with status {status}{said}. If it lasts, report it with this text."
        )

    def of_write(self, reply: Response) -> ConnectorError:
        """RetryLater only where Jira turned the request away unread; its own failures say nothing."""
        status, said = reply.status_code, _said(reply.content)
        if status == _LIMITED:
            wish = self._wish(reply.headers)
            return RetryLater(f"{self.who} answered with status {status}", wish, unsent=True)
        if status in PASSING or status >= 500:
            return self.unanswered(f"answered a write with status {status}")
        if status == 401:
            return self._signed_out()
        if status == 403:
            return AccessRefused(
                f"{self.who} does not let this account write that{said}. Ask a Jira administrator for the "
                "permission, then: crosstie check"
            )
        if status == 404:
            return Stale(f"{self.who} has no such issue any more, or this account may not see it{said}.")
        if status == 409:
            return Collided(f"{self.who} met another change of the same issue{said}. Read it again.")
        return Declined(
            f"{self.who} does not take this write{said}. Change what it asks for in Jira, or the rule.",
            _told(reply.content)[0],
        )

    def unanswered(self, what: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{self.who} {what}, and nobody knows whether it was carried out. The issue is looked at before "
            "anything is sent again."
        )

    def _signed_out(self) -> AccessRefused:
        whose = f" of user {self._settings.user}" if self._settings.user else ""
        return AccessRefused(
            f"{self.who} refused the token {self._settings.token}{whose}. It may have expired or belong "
            "to somebody else. Make a new one in the account's security settings, then: crosstie check"
        )

    def _wish(self, headers: Mapping[str, str]) -> float | None:
        """How long Jira asks to wait: by Retry-After and by the reset of the limit, whichever is later."""
        now = self._clock()
        wishes = [retry_after(headers, now)]
        try:
            reset = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
        except ValueError:
            reset = None
        if reset is not None and reset.tzinfo is not None:
            wishes.append((reset - answered_at(headers, now)).total_seconds())
        return max((wish for wish in wishes if wish is not None and wish >= 0), default=None)


def _told(content: bytes) -> tuple[dict[str, str], list[str]]:
    """Jira's messages by field, and those about nothing in particular; nothing if it gave none."""
    try:
        body = json.loads(content)
        errors = {str(field): str(text) for field, text in body.get("errors", {}).items()}
        return errors, [str(message) for message in body.get("errorMessages", ())]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}, []


def _said(content: bytes) -> str:
    """Jira's own explanation, if it gave one, as text to append."""
    errors, messages = _told(content)
    text = " ".join([*messages, *errors.values()])[:_CLIPPED]
    return f" ({text})" if text else ""
