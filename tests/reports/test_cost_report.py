"""The cost report of a told story: its figures worked by hand, its words, its rows, its sheets."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from reports.cost.report import CostReport
from reports.figures import Reason, State
from reports.pages.cost import cost_page
from reports.render.html import render as html
from reports.render.json import envelope
from reports.render.markdown import render as markdown
from reports.render.terminal import render as terminal
from reports.wording import plain, say, speaker_for
from reports.work import Work
from tests.reports.cost_story import BEGIN, NOW, reported, told
from tests.reports.stillview import Trackers, at


@pytest.fixture(scope="module")
def made() -> tuple[Work, CostReport]:
    return reported(told(), "wave", past=told())


def text(work: Work, report: CostReport) -> str:
    page = cost_page(work, report, speaker_for(work, report.items))
    return " ".join("\n".join(line.plain for line in terminal(page, 110)).split())


def cut(report: CostReport, axis: str) -> dict[str, tuple]:
    found = next(cut for cut in report.cuts if cut.axis == axis)
    return {row.title: (row.actual.value, row.seconds // 3600) for row in found.rows}


def test_budget_actual_and_open_orders_stand_apart(made):
    """40 h and 10 h at 90, 25 h at 60, 2,000 USD at 0.8, 300 GBP; 3,000 USD of the order are open."""
    sums = made[1].sums
    assert sums.actual.value == 3_600 + 900 + 1_500 + 1_600 + 300
    assert (sums.budget.value, sums.committed.value) == (20_000, 2_400)
    assert (sums.remaining, sums.at_most) == (20_000 - 7_900 - 2_400, True)


def test_the_burn_of_money_stands_beside_that_of_scope_with_both_denominators(made):
    work, report = made
    burn = report.burn
    assert (burn.scope.done, burn.scope.scope, burn.scope.unit) == (6, 10, "points")
    assert burn.spent == pytest.approx(7_900 / 20_000)
    assert burn.forecast.earned == 12_000
    assert burn.forecast.amount == 7_900 + 20_000 - 12_000
    said = text(work, report)
    assert "At least £7,900 of £20,000 is spent (40 %), £2,400 more is ordered." in said
    assert "60 % of the scope is done (6 of 10 points)." in said


def test_every_cut_has_its_values_and_what_has_none(made):
    report = made[1]
    assert cut(report, "person") == {
        "Ann Osei": (4_500, 50),
        "Ben Roy": (1_500, 25),
        "jira:zed": (None, 7),
        "": (1_900, 0),
    }
    assert cut(report, "role") == {"developer": (4_500, 50), "tester": (1_500, 25), "": (1_900, 7)}
    assert cut(report, "deliverable") == {"Customer portal": (4_500, 50), "": (3_400, 32)}
    assert cut(report, "month") == {"2026-01": (0, 0), "2026-02": (5_100, 65), "2026-03": (2_800, 17)}
    assert cut(report, "wave") == {"1": (4_500, 50), "2": (1_500, 32), "": (1_900, 0)}
    assert cut(report, "supplier")["Acme "] == (1_600, 0)


def test_what_changed_is_measured_against_what_was_known_at_the_last_report(made):
    news = made[1].news
    assert news.then.actual.value == 6_700
    assert (news.new, news.withdrawn, news.repriced) == (900 + 300, 0, 0)
    assert news.late == ("worklog jira:w4",)


def test_against_any_other_day_only_what_is_dated_after_it_is_new():
    _, report = reported(told())
    assert report.news.then.actual.value == 7_000
    assert (report.news.new, report.news.late) == (900, ())


def test_a_deleted_worklog_lowers_the_cost_and_is_listed_as_withdrawn():
    """Ben's 20 h at 60 were known at the last report and are gone now."""
    now, then = told(), told()
    del now.worklogs[3]
    _, before = reported(told(), past=then)
    work, after = reported(now, past=then)
    assert before.sums.actual.value - after.sums.actual.value == 1_200
    assert (after.news.withdrawn, after.news.new) == (1_200, 900 + 300)
    assert [entry.id for entry in after.news.withdrawn_entries] == ["worklog jira:w3"]
    assert "1 row withdrawn" in text(work, after)


def test_what_cannot_be_priced_is_listed_with_its_reason_and_the_line_to_add(made):
    work, report = made
    listed = {(one.reason, one.subject): one for one in report.unpriced}
    assert listed.keys() == {(Reason.UNKNOWN_PERSON, "jira:zed"), (Reason.NO_EXCHANGE, "CHF")}
    assert listed[Reason.UNKNOWN_PERSON, "jira:zed"].seconds == 7 * 3600
    assert listed[Reason.NO_EXCHANGE, "CHF"].money.amount == 99
    said = text(work, report)
    assert "accounts = { jira = “zed” }" in said
    assert '{ from = "CHF", to = "GBP", on = 2026-03-03, rate = … }' in said


def test_a_person_without_a_rate_is_told_where_to_add_it():
    trackers = told()
    work, report = reported(trackers, rates={"currency": "GBP", "roles": {"developer": "90"}})
    (one,) = (one for one in report.unpriced if one.reason is Reason.NO_RATE)
    words = plain(say(one, speaker_for(work, report.items)))
    assert words.startswith("Ben Roy: 25 h, because no rate is valid on 10 Feb")
    assert "people = { ben = … }" in words


def test_without_rates_the_hours_are_said_and_the_cost_is_unknown():
    trackers = Trackers()
    issue = trackers.issue("jira:ERP-1", BEGIN)
    trackers.log(issue, "a1", at("2026-03-02"), 1_234)
    work, report = reported(trackers, rates={}, budget=None)
    said = text(work, report)
    assert "1,234 h are logged and not priced, because no rates are configured. Add [rates]" in said
    assert report.light.state is State.GREY
    assert report.sums.actual.value is None


def test_a_project_without_any_money_says_so():
    trackers = Trackers()
    trackers.issue("jira:ERP-1", BEGIN)
    work, report = reported(trackers, budget=None)
    assert "What was spent is unknown, because no cost is booked and no work is logged." in text(work, report)


def test_loose_ends_are_listed_for_a_person_to_settle(made):
    work, report = made
    by_id = {entry.id: entry for entry in report.entries}
    assert [by_id[id].order for id in report.unordered] == ["PO-9"]
    assert [by_id[id].wanted for id in report.astray] == ["ERP-404"]
    said = text(work, report)
    assert "the lines in files make 5,000.00 less" in said
    assert "10 h logged again in a tied issue" in said


def test_an_order_that_its_invoices_exceed_is_named_with_how_much():
    trackers = told()
    trackers.cost("2026-03-10", 3_500, "USD", order="PO-1", learned=BEGIN)
    work, report = reported(trackers)
    assert report.sums.committed.value == 0
    assert "Order PO-1 is exceeded by 500.00 USD." in text(work, report)


def test_work_at_the_default_rate_of_an_account_nobody_maps_is_priced_and_listed():
    work, report = reported(told(), rates={"currency": "GBP", "default": "50"})
    assert report.assumed == ("worklog jira:w5",)
    assert "7 h at the default rate, because nobody is known behind the accounts: jira:zed." in text(
        work, report
    )


def test_every_figure_of_the_page_opens_to_rows_that_add_up_to_it(made):
    work, report = made
    page = cost_page(work, report, speaker_for(work, report.items))
    rows = {entry.id: entry for entry in page.entries}
    assert page.listed == "rows"
    amount = re.compile(r"([\d,]+\.\d\d) GBP")
    checked = 0
    for section in page.sections:
        if not section.title.startswith("By "):
            continue
        for line in (cell for table in section.blocks for row in table.rows for cell in row[1:]):
            for span in line:
                figure = re.fullmatch(r"(?:at least )?([\d,]+\.\d\d)", span.text)
                if figure is None or not span.label.startswith("spent"):
                    continue
                facts = [amount.search(rows[id].facts) for id in span.items]
                told_amounts = [Decimal(found[1].replace(",", "")) for found in facts if found]
                assert sum(told_amounts) == Decimal(figure[1].replace(",", ""))
                checked += 1
    assert checked > 10


def test_rows_of_work_link_to_the_trackers(made):
    work, report = made
    page = cost_page(work, report, speaker_for(work, report.items))
    urls = {url for entry in page.entries for _, _, url in entry.records}
    assert "https://jira.example/ERP-1" in urls


def test_json_has_every_entry_and_its_sums_unrounded(made):
    import json

    _, report = made
    told_json = json.loads(
        envelope("cost", report, as_of=NOW, generated_at=NOW, complete=False, warnings=("x",)),
        parse_float=Decimal,
    )
    data = told_json["data"]
    assert told_json["schema"] == "crosstie/cost/1"
    assert {entry["id"] for entry in data["entries"]} == {entry.id for entry in report.entries}
    priced = [
        entry["amount"] for entry in data["entries"] if entry["id"] in data["sums"]["actual"]["entries"]
    ]
    assert sum(priced) == data["sums"]["actual"]["value"] == 7_900
    unpriced = [entry for entry in data["entries"] if entry["reason"]]
    assert [entry["amount"] for entry in unpriced] == [None, None]


@pytest.mark.parametrize("layout", [html, markdown], ids=["html", "markdown"])
def test_the_page_is_written_in_every_layout(made, layout):
    work, report = made
    written = layout(cost_page(work, report, speaker_for(work, report.items)))
    assert "Customer portal" in written
    assert "4,500" in written.replace("\\", "")
    assert "Rows" in written


def test_a_chart_needs_two_points_and_is_drawn_with_the_budget(made):
    work, report = made
    assert [(point.actual, point.bound) for point in report.curve.points] == [
        (4_800 + 300, 4_800 + 300 + 4_000),
        (7_900, 7_900 + 2_400),
    ]
    assert "<svg" in html(cost_page(work, report, speaker_for(work, report.items)))
