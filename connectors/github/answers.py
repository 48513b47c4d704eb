"""What GitHub's answers ask for: a 403 may mean wait, or no right, so headers and words decide.

Pure: an answer in, an error of connectors.errors out. The order of the wishes is GitHub's own: Retry-After,
then the reset of an empty budget, then at least a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec

from connectors.errors import AccessRefused, ConnectorError, Misconfigured, RetryLater, SourceStopped
from connectors.retry import PASSING, retry_after

__all__ = ["Answer", "GraphError", "Refusal", "TooHeavy", "TooMany", "gone", "judge", "judge_query"]

_MINUTE = 60.0
_LONGEST_WORDS = 200
_LIMIT_TYPES = frozenset({"RATE_LIMIT", "RATE_LIMITED", "graphql_rate_limit"})
_HEAVY_TYPES = frozenset({"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"})
_HEAVY_WORDS = ("something went wrong while executing your query", "resource limits for this query")
_HEAVY_STATUSES = frozenset({502, 504})


class TooHeavy(RetryLater):
    """The query asked for more than GitHub computes in one go: ask for fewer records.

    `at_once`: GitHub counted instead of giving up, so there is nothing to wait for.
    """

    def __init__(self, message: str, after: float | None = None, at_once: bool = False) -> None:
        super().__init__(message, after)
        self.at_once = at_once


class TooMany(SourceStopped):
    """So many records can't be asked for by name in one query: ask for them in portions."""


class Refusal(AccessRefused):
    """A right is missing; `kind` is GitHub's word for it, so that a part can be left out instead."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as received; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def at(self) -> datetime | None:
        """The moment of the answer by GitHub's own clock."""
        try:
            return parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None

    @property
    def message(self) -> str:
        """GitHub's own words, cut and on one line; empty if the body is no JSON object with a message."""
        try:
            words = msgspec.json.decode(self.body, type=_Message).message
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""
        return " ".join(words.split())[:_LONGEST_WORDS]


class _Message(msgspec.Struct):
    message: str = ""


class GraphError(msgspec.Struct):
    """One entry of a GraphQL answer's `errors`."""

    message: str = ""
    type: str = ""
    code: str = ""
    path: list[str | int] = []


def judge(answer: Answer, now: datetime) -> ConnectorError | None:
    """What an answer of any API asks for; None if it is good, moved or absent, which its caller must read."""
    status, words = answer.status, answer.message
    if status in (403, 429) and _limited(answer):
        return RetryLater(f"GitHub's rate limit is used up ({words or status})", _wait(answer, now))
    if status == 401:
        return AccessRefused(
            f"GitHub refuses the token ({words or 'no reason given'}). It may be mistyped, expired or "
            "revoked: create a new one and put it where the connection's token points."
        )
    if status == 403:
        return _forbidden(answer)
    if status in _HEAVY_STATUSES:
        return TooHeavy(f"GitHub answered {status}", retry_after(answer.headers, now))
    if status in PASSING or status >= 500:
        return RetryLater(f"GitHub answered {status}", retry_after(answer.headers, now))
    if status in (400, 422):
        return SourceStopped(f"GitHub does not accept the request ({words or status}). Update Crosstie.")
    return None


def judge_query(errors: Sequence[GraphError], answer: Answer, now: datetime) -> ConnectorError | None:
    """What a GraphQL answer's errors ask for as a whole; None if they only concern parts that are null."""
    for error in errors:
        words = " ".join(error.message.split())[:_LONGEST_WORDS]
        lowered = words.lower()
        if {error.type, error.code} & _LIMIT_TYPES or _speaks_of_limit(lowered):
            return RetryLater(f"GitHub's rate limit is used up ({words})", _wait(answer, now))
        if error.type in _HEAVY_TYPES or lowered.startswith(_HEAVY_WORDS):
            counted = error.type in _HEAVY_TYPES
            return TooHeavy(f"GitHub found the query too heavy ({words})", at_once=counted)
        if error.type == "INSUFFICIENT_SCOPES":
            return Refusal(f"{words} Add the scope to the token.", error.type)
        if not error.path and error.type not in ("NOT_FOUND", "FORBIDDEN"):
            return SourceStopped(f"GitHub does not accept the query ({words}). Update Crosstie.")
    return None


def _limited(answer: Answer) -> bool:
    return (
        answer.status == 429
        or "retry-after" in answer.headers
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or _speaks_of_limit(answer.message.lower())
    )


def _speaks_of_limit(words: str) -> bool:
    return words.startswith("api rate limit") or "secondary rate limit" in words


def _wait(answer: Answer, now: datetime) -> float:
    """Seconds to wait; a reset is measured from the answer's own Date, so that no two clocks are compared."""
    wish = retry_after(answer.headers, now)
    if wish is not None:
        return wish
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(int(reset) - (answer.at or now).timestamp(), 0.0) + 1.0
    return _MINUTE


def _forbidden(answer: Answer) -> ConnectorError:
    words = answer.message or "no reason given"
    if "x-github-sso" in answer.headers:
        return AccessRefused(
            "The organisation wants the token authorised for single sign-on. On GitHub, open the token's "
            "settings, choose Configure SSO and authorise it for the organisation."
        )
    needed = answer.headers.get("x-accepted-github-permissions")
    step = f"Give the token the permission {needed}." if needed else "Check the token's permissions."
    return Refusal(f"GitHub refuses access ({words}). {step}", "FORBIDDEN")


def gone(answer: Answer, repo: str, moved_to: str | None = None) -> ConnectorError | None:
    """Why a repository cannot be read where the config says it is; None if it is there."""
    if answer.status in (301, 302, 307, 308):
        place = f" to {moved_to}" if moved_to else ""
        return Misconfigured(
            f"The repository {repo} has moved{place}. Write its new name as repo in the config; what was "
            "read so far keeps its identity."
        )
    if answer.status == 404:
        return Misconfigured(
            f"GitHub knows no repository {repo}, or the token may not see it. Check repo in the config, and "
            "that the token is allowed that repository."
        )
    if answer.status == 410:
        return Misconfigured(
            f"The repository {repo} or its issues are gone from GitHub ({answer.message or 'deleted'}). "
            "Remove the source from the config; what was read stays in the store."
        )
    if answer.status == 451:
        return AccessRefused(f"GitHub blocks the repository {repo} for legal reasons. Its owner must act.")
    return None
