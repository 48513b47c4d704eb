"""The world's clock: it stands still until somebody moves it, so every run of a world is the same run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["WorldClock"]


class WorldClock:
    """One instant that all stand-ins of a world share. It never runs by itself and never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        return self._now

    def set(self, at: datetime) -> None:
        """Move to `at`. ValueError: `at` is naive or before now, which would tear histories apart."""
        at = _aware(at)
        if at < self._now:
            raise ValueError(f"the world's clock stands at {self._now.isoformat()}; {at.isoformat()} is over")
        self._now = at

    def advance(self, by: timedelta) -> None:
        self.set(self._now + by)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; give an aware instant")
    return at.astimezone(UTC)
