"""The rollout's calendar: its working days, sprints and milestones, and when somebody is at their desk."""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from sandbox.world.cast import GITHUB, JIRA

__all__ = [
    "BASELINE",
    "DAYS",
    "END",
    "GO_LIVE",
    "MILESTONES",
    "SPRINTS",
    "START",
    "Milestone",
    "SprintBox",
    "desk_time",
    "local",
    "number",
    "running",
]

START: Final = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
"""The first record is written."""

BASELINE: Final = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
"""The plan stands complete; nothing has happened to it yet."""

END: Final = datetime(2026, 6, 30, 18, 0, tzinfo=UTC)
"""The script's last act lies before this."""

_BANK_HOLIDAYS: Final = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25)}

DAYS: Final[tuple[date, ...]] = tuple(
    day
    for day in (date(2026, 1, 5) + timedelta(n) for n in range(240))
    if day.weekday() < 5 and day not in _BANK_HOLIDAYS
)
"""The rollout's working days; plans are made in positions of this sequence."""


@cache
def number(day: date) -> int:
    """The position of a day in DAYS, of the next working day if it is a free one."""
    return bisect_left(DAYS, day)


@dataclass(frozen=True, slots=True)
class SprintBox:
    """A sprint as planned: from the morning of `first` to the afternoon of `last`."""

    number: int
    first: date
    last: date

    @property
    def name(self) -> str:
        return f"Sprint {self.number}"


SPRINTS: Final[tuple[SprintBox, ...]] = tuple(
    SprintBox(n + 1, date(2026, 1, 19) + timedelta(28 * n), date(2026, 2, 13) + timedelta(28 * n))
    for n in range(6)
)


def running(day: int) -> SprintBox | None:
    """The sprint that is in full swing on a day (a position in DAYS): neither its first nor its last."""
    return next((box for box in SPRINTS if number(box.first) < day < number(box.last)), None)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A dated goal: where it is kept, its date in the baseline, how it moved, and when it was reached.

    `moves` are (day on which it was decided, new date).
    """

    name: str
    tracker: str
    due: date
    moves: tuple[tuple[date, date], ...] = ()
    reached: date | None = None


GO_LIVE: Final = Milestone(
    "Go-live",
    JIRA,
    date(2026, 7, 6),
    moves=((date(2026, 3, 3), date(2026, 7, 15)), (date(2026, 3, 20), date(2026, 7, 22))),
)

MILESTONES: Final[tuple[Milestone, ...]] = (
    Milestone(
        "Design signed", JIRA, date(2026, 2, 13), ((date(2026, 2, 12), date(2026, 2, 17)),), date(2026, 2, 17)
    ),
    Milestone(
        "Data migrated",
        JIRA,
        date(2026, 4, 24),
        (
            (date(2026, 4, 2), date(2026, 5, 1)),
            (date(2026, 4, 23), date(2026, 5, 8)),
            (date(2026, 5, 6), date(2026, 5, 15)),
        ),
        date(2026, 5, 15),
    ),
    Milestone(
        "Interfaces built",
        GITHUB,
        date(2026, 5, 8),
        ((date(2026, 5, 5), date(2026, 5, 15)),),
        date(2026, 5, 14),
    ),
    Milestone(
        "UAT complete", JIRA, date(2026, 5, 29), ((date(2026, 5, 12), date(2026, 6, 12)),), date(2026, 6, 12)
    ),
    Milestone(
        "End-to-end tested",
        GITHUB,
        date(2026, 6, 5),
        ((date(2026, 5, 28), date(2026, 6, 19)),),
        date(2026, 6, 19),
    ),
    Milestone("Training complete", JIRA, date(2026, 6, 19), (), date(2026, 6, 18)),
    Milestone("Rehearsal passed", GITHUB, date(2026, 6, 26), ((date(2026, 6, 16), date(2026, 7, 10)),)),
    GO_LIVE,
)


@cache
def _morning(zone: str, day: date) -> datetime:
    return datetime.combine(day, time(9, 0), ZoneInfo(zone)).astimezone(UTC)


def local(zone: str, day: date, hour: int, minute: int = 0) -> datetime:
    """An instant by the clock on somebody's wall."""
    return datetime.combine(day, time(hour, minute), ZoneInfo(zone)).astimezone(UTC)


def desk_time(rng: random.Random, zone: str, day: date) -> datetime:
    """Some second between nine and half past five where somebody sits."""
    return _morning(zone, day) + timedelta(seconds=rng.randrange(30_600))
