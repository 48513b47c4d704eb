"""Working days: the reference cases, the laws of the slip, and where holidays come from."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Calendar
from reports.calendar import WorkingCalendar, working_calendar

SHARED = Path(__file__).parents[3] / "shared" / "data" / "analytics-cases.json"
PLAIN = WorkingCalendar()
EASTER_2026 = WorkingCalendar(closed=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))
days = st.dates(date(2015, 1, 1), date(2035, 12, 31))


def case(name: str) -> dict:
    if not SHARED.exists():
        pytest.skip("the shared analytics cases are not beside this checkout")
    return next(c for c in json.loads(SHARED.read_text())["cases"] if c["id"] == name)


@pytest.mark.shared
def test_working_days_agree_with_the_published_busday_examples():
    given_rows = case("cal-01-busdays")
    for row, expected in zip(given_rows["inputs"]["rows"], given_rows["expected"]["count"], strict=True):
        week = frozenset({5}) if row.get("weekmask") == "Sat" else frozenset(range(5))
        calendar = WorkingCalendar(week=week)
        assert (
            calendar.working_days(date.fromisoformat(row["begin"]), date.fromisoformat(row["end"]))
            == expected
        )


@pytest.mark.shared
def test_slip_agrees_with_the_finish_variance_cases():
    cases = case("slip-01-days")
    for row, expected in zip(cases["inputs"]["rows"], cases["expected"]["working_days"], strict=True):
        calendar = WorkingCalendar(closed=frozenset(date.fromisoformat(day) for day in row["holidays"]))
        planned, finish = (date.fromisoformat(row[key]) for key in ("baseline_finish", "finish"))
        assert calendar.slip(planned, finish) == expected


@given(days, days, st.frozensets(days, max_size=20), st.frozensets(st.integers(0, 6), min_size=1))
def test_counts_equal_those_of_numpy(begin, end, free, week):
    calendar = WorkingCalendar(week=week, closed=free)
    mask = [weekday in week for weekday in range(7)]
    first, last = min(begin, end), max(begin, end)
    counted = int(np.busday_count(first, last, weekmask=mask, holidays=list(free)))
    slipped = int(
        np.busday_count(first + timedelta(1), last + timedelta(1), weekmask=mask, holidays=list(free))
    )
    sign = 1 if begin <= end else -1
    assert calendar.working_days(begin, end) == sign * counted
    assert calendar.slip(begin, end) == sign * slipped


@given(days, days)
def test_early_is_late_with_the_sign_turned(planned, finish):
    assert EASTER_2026.slip(planned, finish) == -EASTER_2026.slip(finish, planned)


@given(days, days, days)
def test_two_slips_in_a_row_add_up(first, second, third):
    assert EASTER_2026.slip(first, second) + EASTER_2026.slip(second, third) == EASTER_2026.slip(first, third)


@given(days, days, st.integers(-200, 200))
def test_moving_both_dates_by_whole_weeks_changes_nothing_without_holidays(planned, finish, weeks):
    shift = timedelta(weeks=weeks)
    assert PLAIN.slip(planned + shift, finish + shift) == PLAIN.slip(planned, finish)


@given(days)
def test_rolling_forward_ends_on_the_first_working_day(day):
    rolled = EASTER_2026.roll_forward(day)
    assert EASTER_2026.is_working(rolled)
    assert not any(EASTER_2026.is_working(day + timedelta(n)) for n in range((rolled - day).days))


@given(days, st.integers(0, 60))
def test_adding_working_days_is_the_inverse_of_counting_them(day, count):
    reached = EASTER_2026.add(day, count)
    assert EASTER_2026.slip(day, reached) == count


def test_the_ends_of_time_are_dates_like_any_other():
    assert PLAIN.slip(date.max, date.max) == 0
    assert PLAIN.slip(date.min, date.max) > 2_000_000
    assert PLAIN.working_days(date.max, date.min) < -2_000_000
    assert PLAIN.roll_forward(date.max) == date.max


def test_public_holidays_of_a_region_are_not_worked():
    english = working_calendar(Calendar(country="GB", region="ENG"), "Europe/London")
    scottish = working_calendar(Calendar(country="GB", region="SCT"), "Europe/London")
    easter_monday = date(2026, 4, 6)
    assert not english.is_working(easter_monday)
    assert scottish.is_working(easter_monday)
    assert english.slip(date(2026, 4, 2), date(2026, 4, 7)) == 1


def test_holidays_of_far_years_are_left_out_instead_of_computed_for_ever():
    english = working_calendar(Calendar(country="GB"), "UTC")
    assert english.slip(date(2026, 1, 1), date.max) > 2_000_000


def test_closed_ranges_include_both_ends():
    calendar = working_calendar(Calendar(closed=("2026-12-24/2027-01-02", "2026-12-15")), "UTC")
    assert [day for day in _december() if not calendar.is_working(day) and day.weekday() < 5] == [
        date(2026, 12, 15),
        *(date(2026, 12, day) for day in (24, 25, 28, 29, 30, 31)),
    ]


def test_the_working_week_is_the_configured_one():
    sunday_to_thursday = working_calendar(Calendar(week=("sun", "mon", "tue", "wed", "thu")), "Asia/Riyadh")
    assert sunday_to_thursday.is_working(date(2026, 3, 1))
    assert not sunday_to_thursday.is_working(date(2026, 3, 6))


@pytest.mark.parametrize("text", ["christmas", "2026-12-24/", "2026-12-24/soon", "2027-01-02/2026-12-24"])
def test_a_bad_closed_range_is_named_with_the_next_step(text):
    with pytest.raises(ValueError, match="closed"):
        working_calendar(Calendar(closed=(text,)), "UTC")


@pytest.mark.parametrize(("country", "region"), [("XX", None), ("GB", "ZZ")])
def test_an_unknown_country_or_region_says_how_to_write_it(country, region):
    with pytest.raises(ValueError, match="ISO 3166"):
        working_calendar(Calendar(country=country, region=region), "UTC")


def test_the_day_of_an_instant_is_the_zones_own():
    tokyo = working_calendar(Calendar(), "Asia/Tokyo")
    assert tokyo.date_of(datetime(2026, 3, 1, 20, tzinfo=UTC)) == date(2026, 3, 2)
    assert tokyo.end_of(date(2026, 3, 2)).astimezone(UTC) < datetime(2026, 3, 2, 15, tzinfo=UTC)


def _december():
    first = date(2026, 12, 1)
    return [a for a, _ in pairwise(first + timedelta(n) for n in range(32))]
