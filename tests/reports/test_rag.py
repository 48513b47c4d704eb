"""Lights: limits, hysteresis at fixed period ends, and grey that is never green."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Calendar
from reports.calendar import WorkingCalendar, working_calendar
from reports.figures import Reason, State, percentile
from reports.rag import (
    Indicator,
    between_ends,
    colour,
    next_period_end,
    overall,
    period_ends,
    schedule_light,
    scope_light,
    settled,
)

GREEN, AMBER, RED, GREY = State.GREEN, State.AMBER, State.RED, State.GREY
SLIP = (Decimal("0.05"), Decimal("0.10"))
SCOPE = (Decimal("0.10"), Decimal("0.20"))
LETTERS = {"g": GREEN, "a": AMBER, "r": RED, "?": GREY}
states = st.lists(st.sampled_from([GREEN, AMBER, RED, GREY]), max_size=30)


def row(letters: str) -> tuple[State, ...]:
    return tuple(LETTERS[letter] for letter in letters)


@pytest.mark.parametrize(
    ("ratio", "state"),
    [(-1.0, GREEN), (0.0, GREEN), (0.05, GREEN), (0.051, AMBER), (0.10, AMBER), (0.101, RED)],
)
def test_a_limit_belongs_to_the_better_side(ratio, state):
    assert colour(ratio, SLIP) is state


@pytest.mark.parametrize(
    ("slip", "remaining", "reached", "state", "reason"),
    [
        (0, 40, False, GREEN, None),
        (-3, 0, False, GREEN, None),
        (2, 40, False, GREEN, None),
        (3, 40, False, AMBER, None),
        (5, 40, False, RED, None),
        (1, 0, False, RED, Reason.NO_TIME_LEFT),
        (0, 0, True, GREEN, Reason.COMPLETE),
        (1, 0, True, RED, Reason.COMPLETE),
    ],
)
def test_slip_is_held_against_the_remaining_duration(slip, remaining, reached, state, reason):
    light = schedule_light(slip, remaining, SLIP, reached=reached)
    assert (light.state, light.reason) == (state, reason)


def test_what_is_not_known_is_grey_and_says_why():
    assert schedule_light(None, 40, SLIP, Reason.NO_BASELINE).reason is Reason.NO_BASELINE
    assert schedule_light(None, 40, SLIP, Reason.NO_BASELINE).state is GREY
    assert scope_light(None, SCOPE).state is GREY
    assert scope_light(None, SCOPE).reason is Reason.ZERO_COMMITTED


def test_less_scope_than_planned_is_on_track():
    assert scope_light(-0.5, SCOPE).state is GREEN


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("ggg", "ggg"),
        ("gagg", "gaag"),
        ("grgg", "grrg"),
        ("rgrgg", "rrrrg"),
        ("rgag", "rraa"),
        ("rgagg", "rraag"),
        ("ra" + "a", "rra"),
        ("gr?gg", "gr?rg"),
        ("rg?gg", "rr?rg"),
        ("??g", "??g"),
        ("", ""),
    ],
)
def test_a_light_worsens_at_once_and_improves_after_two_better_periods(raw, shown):
    assert settled(row(raw)) == row(shown)


@given(states)
def test_what_is_shown_is_never_better_than_what_was_computed(raw):
    order = (GREEN, AMBER, RED)
    for computed, shown in zip(raw, settled(raw), strict=True):
        assert (computed is GREY) == (shown is GREY)
        if computed is not GREY:
            assert order.index(shown) >= order.index(computed)


@given(states, states)
def test_a_later_period_never_rewrites_an_earlier_one(first, then):
    assert settled([*first, *then])[: len(first)] == settled(first)


@given(states, st.sampled_from([GREEN, AMBER, RED, GREY]))
def test_between_period_ends_a_light_may_worsen_but_not_improve(ended, now):
    shown = between_ends(ended, now)
    last = next((s for s in reversed(settled(ended)) if s is not GREY), None)
    if now is GREY or last is None:
        assert shown is now
    else:
        assert shown in (last, now)
        assert (GREEN, AMBER, RED).index(shown) >= (GREEN, AMBER, RED).index(now)


def test_overall_is_the_worst_and_a_gap_lets_it_be_amber_at_best():
    assert overall({Indicator.SCHEDULE: GREEN, Indicator.SCOPE: AMBER}) == (AMBER, ())
    assert overall({Indicator.SCHEDULE: GREEN, Indicator.SCOPE: GREEN}) == (GREEN, ())
    assert overall({Indicator.SCHEDULE: GREY, Indicator.SCOPE: GREEN}) == (AMBER, (Indicator.SCHEDULE,))
    assert overall({Indicator.SCHEDULE: RED, Indicator.DATA: GREY}) == (RED, (Indicator.DATA,))
    assert overall({Indicator.SCHEDULE: GREY}) == (GREY, (Indicator.SCHEDULE,))
    assert overall({}) == (GREY, ())


@given(st.dictionaries(st.sampled_from(list(Indicator)), st.sampled_from([GREEN, AMBER, RED, GREY])))
def test_nothing_with_a_gap_is_green(shown):
    state, gaps = overall(shown)
    assert state is not GREEN or not gaps


def test_a_week_ends_with_the_last_instant_of_its_day_in_the_projects_zone():
    london = working_calendar(Calendar(), "Europe/London")
    first, last = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 4, 10, 12, tzinfo=UTC)
    ends = period_ends(london, "fri", first, last)
    assert [london.date_of(end) for end in ends] == [date(2026, 3, 20), date(2026, 3, 27), date(2026, 4, 3)]
    assert ends[1].utcoffset() == timedelta(0)
    assert ends[2].utcoffset() == timedelta(hours=1), "summer time began"


def test_an_instant_that_ends_a_week_belongs_to_it():
    calendar = WorkingCalendar()
    friday = calendar.end_of(date(2026, 3, 27))
    assert period_ends(calendar, "fri", friday, friday) == (friday,)


def test_periods_before_the_last_two_years_are_left_out():
    ends = period_ends(
        WorkingCalendar(), "mon", datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 3, 27, tzinfo=UTC)
    )
    assert len(ends) == 104


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.sampled_from(["mon", "wed", "fri", "sun"]))
def test_the_next_period_ends_within_a_week_and_not_today(today, weekday):
    end = next_period_end(weekday, today)
    assert 1 <= (end - today).days <= 7
    assert end.strftime("%a").lower() == weekday


def test_percentiles_are_values_that_occur():
    hundred = list(range(1, 101))
    assert [percentile(hundred, p) for p in (50, 85, 95)] == [50, 85, 95]
    assert percentile([7], 85) == 7
    assert percentile([], 50) is None
