"""The cost line of the status page: absent without a budget, then lit by what is forecast above it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from model.values import StatusCategory
from reports.figures import Reason, State
from reports.pages.status import status_page
from reports.rag import Indicator
from reports.reading import read_work
from reports.render.terminal import render
from reports.status import StatusReport, status_report
from reports.work import Work
from tests.reports.stillview import Trackers, at, config

BEGIN, LAST, NOW = at("2026-01-05"), at("2026-03-18"), at("2026-03-25")
SOURCES = (("jira", "ERP"), ("files", "costs.csv"))
GBP = {"currency": "GBP", "default": "100"}


def story(hours: int, author: str = "a1", done: bool = True) -> Trackers:
    """Two issues of 5 points; one is done; `hours` of work cost 100 each."""
    trackers = Trackers()
    first = trackers.issue("jira:ERP-1", BEGIN, estimate=5, due="2026-03-20")
    trackers.issue("jira:ERP-2", BEGIN, estimate=5, due="2026-06-01")
    if done:
        trackers.edit(first, at("2026-03-10"), status=StatusCategory.DONE)
    trackers.log(first, author, at("2026-03-09"), hours)
    return trackers


def report(trackers: Trackers, rates: dict | None = None, **project) -> tuple[Work, StatusReport]:
    settings = config(*SOURCES, rates=rates if rates is not None else GBP, **project)
    work = read_work(trackers.view(NOW), settings, "erp")
    return work, status_report(work, (), LAST)


def cost_row(found: StatusReport):
    return next((row for row in found.states if row.indicator is Indicator.COST), None)


def text(work: Work, found: StatusReport) -> str:
    return "\n".join(line.plain for line in render(status_page(work, found), 110))


def test_without_a_budget_there_is_no_cost_line_and_no_grey_light():
    work, found = report(story(20))
    assert cost_row(found) is None
    assert Indicator.COST not in found.lights.now.shown
    assert found.lights.now.cost is None
    assert "Cost" not in text(work, found)
    assert "cost forecast" not in text(work, found)


@pytest.mark.parametrize(
    ("hours", "over", "state"),
    [
        (40, -1_000, State.GREEN),  # 4,000 spent on what was budgeted at 5,000
        (50, 0, State.GREEN),
        (55, 500, State.GREEN),  # 5 % of 10,000
        (60, 1_000, State.AMBER),  # 10 %
        (61, 1_100, State.RED),
    ],
)
def test_the_light_is_that_of_the_forecast_above_the_budget(hours, over, state):
    _, found = report(story(hours), budget={"amount": 10_000})
    row = cost_row(found)
    assert (row.delta.value, row.state, row.plan.value) == (over, state, 10_000)
    assert row.now.value == 10_000 + over
    assert (row.now.unit, row.now.items) == ("GBP", ("jira:ERP-1",))


def test_open_orders_are_part_of_the_forecast_once_they_are_the_larger_part():
    trackers = story(20)
    trackers.cost("2026-03-01", 9_000, "GBP", "committed", learned=BEGIN)
    _, found = report(trackers, budget={"amount": 10_000})
    assert cost_row(found).delta.value == 1_000  # 2,000 spent and 9,000 ordered


def test_the_limits_are_those_of_the_config_and_printed():
    limits = {"cost": [Decimal("0.2"), Decimal("0.3")]}
    work, found = report(story(61), budget={"amount": 10_000}, limits=limits)
    assert cost_row(found).state is State.GREEN
    assert "cost forecast above the budget up to 20 % green, 30 % amber" in " ".join(
        text(work, found).split()
    )


def test_a_cost_that_is_off_track_stands_in_the_verdict_and_in_the_table():
    work, found = report(story(61), budget={"amount": 10_000})
    said = " ".join(text(work, found).split())
    assert "Cost is forecast at £11,100, £1,100 (11 %) over the budget." in said
    assert "£11,100 at completion (£1,100 over, 11 %)" in said
    assert found.lights.now.state is State.RED


def test_while_work_has_no_price_the_light_is_grey_with_the_hours_and_the_next_step():
    work, found = report(story(40), rates={}, budget={"amount": 10_000})
    row = cost_row(found)
    assert (row.state, row.now.value, row.now.reason) == (State.GREY, None, Reason.NO_RATES)
    assert Indicator.COST in found.verdict.gaps
    said = " ".join(text(work, found).split())
    assert "Cost is unknown, because no rates are configured. Add [rates]" in said
    assert "40 h of work not priced, and in no figure of the cost. See why with: crosstie report cost" in said


def test_a_part_without_a_price_lets_the_light_be_red_but_never_green():
    people = {"people": {"ann": {"name": "Ann", "accounts": {"jira": "a1"}}}}
    only_ann = {"currency": "GBP", "people": {"ann": "100"}}
    for hours, state in ((40, State.GREY), (61, State.RED)):
        trackers = story(hours)
        trackers.log(next(iter(trackers.issues)), "zed", at("2026-03-11"), 1)
        _, found = report(trackers, rates=only_ann, budget={"amount": 10_000}, **people)
        row = cost_row(found)
        assert (row.state, row.now.at_least) == (state, True)


def test_a_budget_in_a_file_shows_the_line_too():
    trackers = story(40)
    trackers.cost("2026-01-05", 10_000, "GBP", "budgeted", learned=BEGIN)
    _, found = report(trackers)
    assert cost_row(found).plan.value == 10_000


def test_lines_that_make_no_budget_give_no_ratio():
    trackers = story(40)
    for amount in (500, -500):
        trackers.cost("2026-01-05", amount, "GBP", "budgeted", learned=BEGIN)
    row = cost_row(report(trackers)[1])
    assert (row.plan.value, row.now.value, row.state, row.reason) == (0, None, State.GREY, Reason.NO_BUDGET)


def test_a_light_gets_worse_at_once_and_better_only_after_two_good_weeks():
    trackers = story(40)
    trackers.cost("2026-03-17", 3_000, "GBP", learned=BEGIN)
    trackers.cost("2026-03-23", -3_000, "GBP", learned=BEGIN)
    _, found = report(trackers, budget={"amount": 10_000})
    assert found.lights.now.raw[Indicator.COST].state is State.GREEN
    assert cost_row(found).state is State.RED
    assert cost_row(found).last.value == 12_000
