"""Red, amber, green: pure rules over ratios, and the hysteresis that keeps a light from flickering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from reports.calendar import WorkingCalendar
from reports.figures import Reason, State

__all__ = [
    "Indicator",
    "Light",
    "between_ends",
    "colour",
    "next_period_end",
    "overall",
    "period_ends",
    "schedule_light",
    "scope_light",
    "settled",
]

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ORDER = (State.GREEN, State.AMBER, State.RED)
_MOST_PERIODS = 104
_WEEK = timedelta(days=7)


class Indicator(StrEnum):
    """What a light is lit by; cost is absent until there is a budget."""

    SCHEDULE = "schedule"
    SPRINT = "sprint"
    SCOPE = "scope"
    COST = "cost"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Light:
    """One indicator at one instant: its state, the ratio behind it, and why there is none."""

    state: State
    ratio: float | None = None
    reason: Reason | None = None


def colour(ratio: float, limits: tuple[Decimal, Decimal]) -> State:
    """Green up to the first limit, amber up to the second, red above; the limits themselves belong below."""
    if ratio <= float(limits[0]):
        return State.GREEN
    return State.AMBER if ratio <= float(limits[1]) else State.RED


def schedule_light(
    slip: int | None,
    remaining: int,
    limits: tuple[Decimal, Decimal],
    reason: Reason | None = None,
    reached: bool = False,
) -> Light:
    """Finish slip over remaining duration, both in working days; `reason` says why there is no slip."""
    if slip is None:
        return Light(State.GREY, None, reason)
    if reached:
        return Light(State.RED if slip > 0 else State.GREEN, None, Reason.COMPLETE)
    if slip <= 0:
        return Light(State.GREEN, 0.0)
    if remaining <= 0:
        return Light(State.RED, None, Reason.NO_TIME_LEFT)
    ratio = slip / remaining
    return Light(colour(ratio, limits), ratio)


def scope_light(net: float | None, limits: tuple[Decimal, Decimal], reason: Reason | None = None) -> Light:
    """Net scope change over what was committed; less scope is never off track."""
    if net is None:
        return Light(State.GREY, None, reason or Reason.ZERO_COMMITTED)
    return Light(colour(net, limits), net)


def settled(raw: Sequence[State]) -> tuple[State, ...]:
    """The states shown at period ends: worse at once, better only after two better periods in a row.

    A grey period is shown grey; it neither worsens nor improves what is remembered.
    """
    levels = _levels(raw)
    return tuple(
        state if state is State.GREY or level is None else level
        for state, level in zip(raw, levels, strict=True)
    )


def between_ends(ended: Sequence[State], now: State) -> State:
    """What is shown after the last of the period ends `ended`: a light may worsen there, but not improve."""
    level = _levels(ended)[-1] if ended else None
    if now is State.GREY or level is None:
        return now
    return max(level, now, key=_ORDER.index)


def _levels(raw: Sequence[State]) -> list[State | None]:
    """The remembered state after each period; None before the first that is not grey."""
    levels: list[State | None] = []
    level: State | None = None
    better: list[State] = []
    for state in raw:
        if state is State.GREY:
            better = []
        elif level is None or _ORDER.index(state) >= _ORDER.index(level):
            level, better = state, []
        else:
            better.append(state)
            if len(better) == 2:
                level, better = max(better, key=_ORDER.index), []
        levels.append(level)
    return levels


def overall(states: Mapping[Indicator, State]) -> tuple[State, tuple[Indicator, ...]]:
    """The worst state, and the gaps: what is grey is named and lets nothing be better than amber."""
    gaps = tuple(indicator for indicator, state in states.items() if state is State.GREY)
    known = [state for state in states.values() if state is not State.GREY]
    if not known:
        return State.GREY, gaps
    state = max(known, key=_ORDER.index)
    return (State.AMBER if gaps and state is State.GREEN else state), gaps


def period_ends(
    calendar: WorkingCalendar, weekday: str, first: datetime, last: datetime
) -> tuple[datetime, ...]:
    """The ends of the reporting weeks in [first, last], oldest first, at most the last two years of them.

    A week ends with the last instant of `weekday` in the project's zone.
    """
    day: date = calendar.date_of(last)
    day -= timedelta(days=(day.weekday() - _WEEKDAYS.index(weekday)) % 7)
    ends: list[datetime] = []
    while len(ends) < _MOST_PERIODS and calendar.end_of(day) >= first:
        if calendar.end_of(day) <= last:
            ends.append(calendar.end_of(day))
        day -= _WEEK
    return tuple(reversed(ends))


def next_period_end(weekday: str, today: date) -> date:
    """The day on which the running reporting week ends, or the next one where it ends today."""
    return today + timedelta(days=(_WEEKDAYS.index(weekday) - today.weekday()) % 7 or 7)
