"""What a tracker lets us ask within a window, read from its answers, and how much of that is ours to use.

GitHub tells its limits with every answer and when they are full again, as seconds since 1970, for each of its
resources apart. Jira Cloud tells what is left with every answer and when it is full again, as an ISO instant,
with a refusal only; Data Center tells its bucket's interval instead. Microsoft Graph tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from connectors.base import Allowance
from connectors.errors import RetryLater
from connectors.retry import answered_at

__all__ = ["Purse", "read_allowance"]

_PREFIX = "x-ratelimit-"
_LARGEST = 1 << 40
_NEVER = datetime.fromtimestamp(0, UTC)


def read_allowance(headers: Mapping[str, str], now: datetime) -> Allowance | None:
    """What an answer's headers say is left; None: nothing. `now` stands in for a missing Date header."""
    lower = {name.lower(): value for name, value in headers.items()}
    limit, remaining = (_whole(lower.get(_PREFIX + name)) for name in ("limit", "remaining"))
    if limit is None or remaining is None or limit == 0:
        return None
    name = lower.get("ratelimit-reason") or lower.get(_PREFIX + "resource") or ""
    return Allowance(name[:60], limit, min(remaining, limit), _resets(lower, answered_at(headers, now)))


def _resets(headers: Mapping[str, str], answered: datetime) -> datetime | None:
    said = headers.get(_PREFIX + "reset", "")
    seconds = _whole(said)
    if seconds is not None:
        return datetime.fromtimestamp(seconds, UTC) if seconds < 1 << 34 else None
    interval = _whole(headers.get(_PREFIX + "interval-seconds"))
    if not said and interval is not None:
        return answered + timedelta(seconds=min(interval, 1 << 24))
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _whole(text: str | None) -> int | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and 0 <= number < _LARGEST else None


@dataclass(slots=True)
class _Known:
    allowance: Allowance
    until: float
    """When it is full again, by the clock that counts passing seconds."""
    heeded: bool = False


class Purse:
    """The allowances of one connection, and the share of them that it may use up.

    `share` is from 0 to 1: once less than 1 - share of an allowance is left, the rest is other people's until
    it is full again. `elapsed` counts passing seconds.
    """

    def __init__(self, share: float, elapsed: Callable[[], float]) -> None:
        self._share = share
        self._elapsed = elapsed
        self._known: dict[str, _Known] = {}

    def note(self, url: str, headers: Mapping[str, str]) -> None:
        """Take from an answer what is left; only its own clock can say until when."""
        answered = answered_at(headers, _NEVER)
        found = read_allowance(headers, answered)
        if found is not None:
            dated = found.resets is not None and answered != _NEVER
            left = (found.resets - answered).total_seconds() if dated and found.resets else 0.0
            self._known[_compartment(url)] = _Known(found, self._elapsed() + left)

    def spend(self, url: str) -> None:
        """RetryLater: our share is used up, with the seconds until there is more. It is said once.

        Whoever asks again has waited, or is told anew by the next answer.
        """
        known = self._known.get(_compartment(url))
        if known is None or known.heeded:
            return
        left = known.until - self._elapsed()
        told = known.allowance
        if left > 0 and told.remaining < told.limit * (1.0 - self._share):
            known.heeded = True
            what = f" ({told.name})" if told.name else ""
            raise RetryLater(
                f"our share of the allowance{what} is used up: {told.remaining:,} of {told.limit:,} are left "
                f"for others, as the connection's budget of {self._share:.0%} wants it",
                left,
                ours=True,
            )

    def allowances(self) -> tuple[Allowance, ...]:
        """What was last said of each."""
        return tuple(known.allowance for _, known in sorted(self._known.items()))


def _compartment(url: str) -> str:
    """GitHub counts GraphQL and search apart from the rest; elsewhere there is one allowance."""
    path = urlsplit(url).path
    return "graphql" if path.endswith("/graphql") else "search" if "/search/" in path else ""
