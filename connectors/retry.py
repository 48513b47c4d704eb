"""The one retry policy: reads are asked again after a wait, writes are sent once.

The libraries' own retries are switched off (some repeat a POST), so every wait of the program happens here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from connectors.errors import RetryLater, Unreachable

__all__ = ["PASSING", "Retry", "answered_at", "retry_after"]

T = TypeVar("T")

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that say "not now" rather than "no"; a 403 may too, which only its tracker's client can tell."""

_DOUBLINGS = 16


def _instant(text: str | None) -> datetime | None:
    try:
        stamp = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def answered_at(headers: Mapping[str, str], now: datetime) -> datetime:
    """The instant of an answer by the tracker's own clock; `now` where it does not say."""
    said = next((value for name, value in headers.items() if name.lower() == "date"), None)
    return _instant(said) or now


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the Retry-After header asks for: whole, fractional or an HTTP date; None if there is none.

    A date is measured from the answer's own Date header, because two machines' clocks are never compared;
    `now` stands in where that header is missing.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    wish = lower.get("retry-after")
    if wish is None:
        return None
    try:
        seconds = float(wish)
    except ValueError:
        until = _instant(wish)
        if until is None:
            return None
        seconds = (until - answered_at(headers, now)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


class Retry:
    """How one tracker is asked again.

    A wait is the greater of the tracker's wish and the backoff, lengthened by up to 30 % of jitter, so never
    shorter than the wish. A wish above `longest` seconds is not slept: it is raised with the time, for a
    later run. `jitter` gives numbers in [0, 1); without one, the clock's own microseconds spread the callers.
    """

    def __init__(
        self,
        tracker: str,
        sleep: Callable[[float], None],
        clock: Callable[[], datetime],
        on_wait: Callable[[str], None],
        *,
        jitter: Callable[[], float] | None = None,
        attempts: int = 5,
        base: float = 1.0,
        longest: float = 300.0,
    ) -> None:
        self._tracker = tracker
        self._sleep = sleep
        self._clock = clock
        self._on_wait = on_wait
        self._jitter = jitter or (lambda: clock().microsecond / 1_000_000)
        self._attempts = attempts
        self._base = base
        self._longest = longest

    def read(self, call: Callable[[], T]) -> T:
        """The result of an idempotent call, asked again while it raises RetryLater.

        Raises RetryLater if the tracker wishes a wait that is too long, Unreachable after the last attempt.
        """
        policy = Retrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=retry_if_exception(self._worth_waiting),
            before_sleep=self._announce,
            reraise=True,
        )
        try:
            return policy(call)
        except RetryLater as error:
            raise self._given_up(error) from error

    def write(self, call: Callable[[], T]) -> T:
        """The result of a call sent exactly once: after RetryLater nobody knows whether it was obeyed."""
        return call()

    def _worth_waiting(self, error: BaseException) -> bool:
        return isinstance(error, RetryLater) and (error.after or 0.0) <= self._longest

    def _wait(self, state: RetryCallState) -> float:
        backoff = self._base * 2.0 ** min(state.attempt_number - 1, _DOUBLINGS)
        wish = _error(state).after or 0.0
        return max(wish, min(backoff, self._longest)) * (1.0 + 0.3 * self._jitter())

    def _announce(self, state: RetryCallState) -> None:
        error = _error(state)
        reason = str(error).rstrip(".")
        if error.after and not error.ours:
            reason = f"{self._tracker} asked for it: {reason}"
        self._on_wait(f"waiting {math.ceil(state.upcoming_sleep)} s, {reason}")

    def _given_up(self, error: RetryLater) -> RetryLater | Unreachable:
        reason = str(error).rstrip(".")
        if error.after is None or error.after <= self._longest:
            return Unreachable(
                f"{reason}; {self._attempts} attempts failed. Check the address, the network and the proxy, "
                "then run the command again."
            )
        until = self._clock() + timedelta(seconds=error.after)
        minutes = math.ceil(error.after / 60)
        wish = "there is more in" if error.ours else f"{self._tracker} asks to wait"
        return RetryLater(
            f"{reason}; {wish} {minutes} minutes. Run the command again "
            f"after {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC: it goes on where it stopped.",
            error.after,
            ours=error.ours,
        )


def _error(state: RetryCallState) -> RetryLater:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, RetryLater) else RetryLater("")
