"""Rate limits by the world's clock: points an hour by account and resource, and how much may be created."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.clock import WorldClock
from sandbox.github.errors import Refusal

__all__ = ["Budgets", "Limits", "Window"]


_TOO_MUCH = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. "
    "Please retry your request again later."
)
_PAGE = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"


@dataclass(frozen=True, slots=True)
class Limits:
    """Points an hour: REST and GraphQL of an account, REST of a stranger.

    `created_minute` and `created_hour` are how many issues, comments and links an account may create;
    `retry_after` is the wait in seconds that the refusal asks for, None: it says none.
    """

    core: int = 5000
    graphql: int = 5000
    anonymous: int = 60
    created_minute: int = 80
    created_hour: int = 500
    retry_after: int | None = 60


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
        self._created: dict[str | None, deque[datetime]] = defaultdict(deque)

    def create(self, login: str | None) -> Refusal | None:
        """Count something that an account creates; the refusal where it is too much."""
        now, made = self._clock.now(), self._created[login]
        while made and made[0] <= now - timedelta(hours=1):
            made.popleft()
        minute = sum(at > now - timedelta(minutes=1) for at in made)
        if minute < self._limits.created_minute and len(made) < self._limits.created_hour:
            made.append(now)
            return None
        wait = self._limits.retry_after
        return Refusal(403, _TOO_MUCH, _PAGE, {"retry-after": str(wait)} if wait is not None else None)

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
