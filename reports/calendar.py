"""Working days: which days count, how many lie between two dates, and what a zone's clock says.

Day arithmetic is done on dates only, so daylight saving cannot change a figure; a slip is a whole number of
working days, late positive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from config.places import holidays_of, regions_of
from config.settings import Calendar

__all__ = ["FreeDays", "WorkingCalendar", "no_free_days", "public_holidays", "working_calendar"]

FreeDays = Callable[[int], frozenset[date]]
"""The free days of a year, working weekday or not."""

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
_LONGEST_CLOSURE = timedelta(days=3660)
_KNOWN_YEARS = range(1970, 2101)


def no_free_days(_year: int) -> frozenset[date]:
    """A calendar without holidays."""
    return frozenset()


@cache
def public_holidays(country: str, region: str | None) -> FreeDays:
    """The public holidays of a country, read a year at a time.

    Years outside 1970 to 2100 have none, so that a mistyped due date costs nothing. ValueError: a country or
    region that is not known; the message names the nearest step.
    """
    known = holidays_of(country)
    if known is None or (region is not None and region not in (regions_of(country) or ())):
        place = f'country "{country}"' + (f' with region "{region}"' if region else "")
        raise ValueError(
            f"no public holidays are known for {place}; use an ISO 3166 code, for example "
            'calendar = { country = "GB", region = "ENG" }'
        )

    @cache
    def free(year: int) -> frozenset[date]:
        if year not in _KNOWN_YEARS:
            return frozenset()
        return frozenset(known(subdiv=region, years=year))

    return free


def working_calendar(settings: Calendar, zone: str) -> WorkingCalendar:
    """The calendar that the config describes, in the IANA `zone`.

    ValueError: a closed range that is not a date or two dates, or a country that is not known.
    """
    closed = frozenset(day for text in settings.closed for day in _closed_days(text))
    holidays_of = (
        public_holidays(settings.country, settings.region) if settings.country is not None else no_free_days
    )
    return WorkingCalendar(
        week=frozenset(_WEEKDAYS.index(day) for day in settings.week),
        closed=closed,
        holidays_of=holidays_of,
        zone=ZoneInfo(zone),
        hours_per_day=settings.hours_per_day,
    )


def _closed_days(text: str) -> list[date]:
    begin, slash, end = text.partition("/")
    try:
        first = date.fromisoformat(begin.strip())
        last = date.fromisoformat(end.strip()) if slash else first
    except ValueError as error:
        raise ValueError(
            f'calendar.closed: "{text}" is not a date or a range; write "2026-12-24" or '
            '"2026-12-24/2027-01-02"'
        ) from error
    if not timedelta(0) <= last - first <= _LONGEST_CLOSURE:
        raise ValueError(f'calendar.closed: "{text}" must end after it begins and within ten years')
    return [first + _DAY * n for n in range((last - first).days + 1)]


@dataclass(frozen=True)
class WorkingCalendar:
    """Weekdays that are worked (0 is Monday), minus public holidays and closed days."""

    week: frozenset[int] = frozenset(range(5))
    closed: frozenset[date] = frozenset()
    holidays_of: FreeDays = no_free_days
    zone: tzinfo = UTC
    hours_per_day: Decimal = Decimal(8)
    _free: dict[int, tuple[date, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.week:
            raise ValueError('calendar.week names no day; write for example week = ["mon", "tue"]')

    def is_working(self, day: date) -> bool:
        """Whether work is done on `day`."""
        return day.weekday() in self.week and day not in self._free_of(day.year)

    def working_days(self, begin: date, end: date) -> int:
        """How many working days d have begin <= d < end; negative when `end` lies before `begin`."""
        if end < begin:
            return -self.working_days(end, begin)
        weekdays = self._weekdays(end.toordinal() - 1) - self._weekdays(begin.toordinal() - 1)
        return weekdays - self._free_between(begin, end, bisect_left)

    def slip(self, baseline_finish: date, finish: date) -> int:
        """Working days d with baseline_finish < d <= finish: late positive, early negative, no rolling."""
        if finish < baseline_finish:
            return -self.slip(finish, baseline_finish)
        weekdays = self._weekdays(finish.toordinal()) - self._weekdays(baseline_finish.toordinal())
        return weekdays - self._free_between(baseline_finish, finish, bisect_right)

    def finish_slip(self, planned: date, finish: date) -> int:
        """The slip against a planned finish, which is rolled forward to a working day first.

        Who finishes between a planned free day and the working day after it is neither late nor early.
        """
        rolled = self.roll_forward(planned)
        return 0 if planned <= finish <= rolled else self.slip(rolled, finish)

    def roll_forward(self, day: date) -> date:
        """`day` itself, or the first working day after it; a year without work leaves it as it is."""
        rolled = day
        for _ in range(366):
            if self.is_working(rolled) or rolled == date.max:
                return rolled
            rolled += _DAY
        return day

    def add(self, day: date, working_days: int) -> date:
        """The working day that lies `working_days` (not negative) after `day`."""
        reached, left = day, working_days
        while left > 0 and reached < date.max - _DAY:
            reached += _DAY
            left -= self.is_working(reached)
        return reached

    def date_of(self, instant: datetime) -> date:
        """The calendar day that the project's zone shows at `instant`."""
        return instant.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The last instant of `day` in the project's zone."""
        return datetime.combine(day, time.max, tzinfo=self.zone)

    @cached_property
    def _counts(self) -> tuple[int, ...]:
        """Working weekdays among the first n days of a week that begins on Monday, for n from 0 to 7."""
        counts = [0]
        for weekday in range(7):
            counts.append(counts[-1] + (weekday in self.week))
        return tuple(counts)

    def _weekdays(self, through: int) -> int:
        """Working weekdays from 1 January of year 1, a Monday, through the day with this ordinal."""
        weeks, rest = divmod(through, 7)
        return weeks * len(self.week) + self._counts[rest]

    def _free_between(self, begin: date, end: date, place: Callable[[Sequence[date], date], int]) -> int:
        """Free days on working weekdays between two dates; `place` says which end belongs to them."""
        years = (self._free_of(year) for year in range(begin.year, end.year + 1))
        return sum(place(days, end) - place(days, begin) for days in years if days)

    def _free_of(self, year: int) -> tuple[date, ...]:
        if year not in self._free:
            days = self.holidays_of(year) | {day for day in self.closed if day.year == year}
            self._free[year] = tuple(sorted(day for day in days if day.weekday() in self.week))
        return self._free[year]
