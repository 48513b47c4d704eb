"""Primary rate limits: points an hour by account and resource, by the world's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.clock import WorldClock

__all__ = ["Budgets", "Limits", "Window"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Points an hour: REST and GraphQL of an account, REST of a stranger."""

    core: int = 5000
    graphql: int = 5000
    anonymous: int = 60


@dataclass(slots=True)
class Window:
    """What is used of one hour's points, and when the next hour begins."""

    resource: str
    limit: int
    reset: datetime
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(int(self.reset.timestamp())),
            "x-ratelimit-resource": self.resource,
        }

    def body(self) -> dict[str, int]:
        return {
            "limit": self.limit,
            "used": self.used,
            "remaining": self.remaining,
            "reset": int(self.reset.timestamp()),
        }


class Budgets:
    """The running window of each account and resource; the first request after an hour opens a new one."""

    def __init__(self, clock: WorldClock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._windows: dict[tuple[str | None, str], Window] = {}

    def window(self, login: str | None, resource: str) -> Window:
        now = self._clock.now()
        held = self._windows.get((login, resource))
        if held is None or now >= held.reset:
            limit = self._limits.anonymous if login is None else self._limit(resource)
            held = Window(resource, limit, now + timedelta(hours=1))
            self._windows[login, resource] = held
        return held

    def _limit(self, resource: str) -> int:
        return {"core": self._limits.core, "graphql": self._limits.graphql}.get(resource, 30)
