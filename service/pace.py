"""How soon a source is asked again: sooner while it changes, later while it rests, runs dry or fails."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]

_SLOWEST = 4.0
_SCARCE = 0.2
_MOST_FAILURES = 6


@dataclass
class Pace:
    """`base` is the interval that the config asks for, `wait` the one that holds now, both in seconds."""

    base: float
    wait: float = 0.0
    failures: int = 0

    def read(self, changed: bool, left: float | None) -> float:
        """After a whole reading: what it brought, and the share of the allowance that is left, if told."""
        self.failures = 0
        if left is not None and left < _SCARCE:
            self.wait = self.base * _SLOWEST
        elif changed:
            self.wait = self.base / 2
        else:
            self.wait = min(self.base * _SLOWEST, max(self.base, self.wait * 1.5))
        return self.wait

    def failed(self, wish: float | None) -> float:
        """After a failure: twice as long each time, and never before the tracker wants to hear of us."""
        self.failures = min(self.failures + 1, _MOST_FAILURES)
        self.wait = max(self.base * 2 ** (self.failures - 1), wish or 0.0)
        return self.wait
