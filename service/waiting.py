"""How a connection waits at its tracker's wish: watched, counted, and ended at once by an interruption."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Event

__all__ = ["Interrupted", "Pauses", "duration"]


class Interrupted(Exception):
    """Somebody stopped the program in the middle of a wait."""


class Pauses:
    """The sleeps of one connection's connector; `waited` sums them up in seconds.

    `show` is told what to display: at first with the reason, then once a second how much is left, and None
    when the wait is over.
    """

    def __init__(
        self, sleep: Callable[[float], None], show: Callable[[str | None], None], stop: Event
    ) -> None:
        self.waited = 0.0
        self._sleep = sleep
        self._show = show
        self._stop = stop
        self._reason = ""

    def announce(self, sentence: str) -> None:
        """Take note of why the next sleep is needed: "waiting 42 s, GitHub asked for it"."""
        self._reason = sentence.partition(", ")[2] or sentence

    def sleep(self, seconds: float) -> None:
        """Wait, a second at a time. Interrupted: the program is to stop."""
        left = seconds
        try:
            while left > 0:
                if self._stop.is_set():
                    raise Interrupted
                self._show(f"waiting {duration(left)}{', ' * bool(self._reason)}{self._reason}")
                piece = min(1.0, left)
                self._sleep(piece)
                self.waited += piece
                left -= piece
        finally:
            self._show(None)
            self._reason = ""


def duration(seconds: float) -> str:
    """Seconds as people say them: "42 s", "4 min 10 s", "1 h 5 min"."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
