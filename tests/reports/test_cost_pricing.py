"""What work and money cost in the project's currency: examples worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from config.settings import ExchangeRate, Rates
from model.values import Ref
from reports.cost.ledger import Ledger, read_ledger
from reports.cost.rates import Exchange, RateCard, exact
from reports.figures import Reason
from reports.reading import read_work
from tests.reports.stillview import Trackers, at, config

BEGIN, NOW = at("2026-01-05"), at("2026-03-25")
SOURCES = (("jira", "ERP"), ("github", "o/r"), ("files", "costs.csv"))
PEOPLE = {
    "ann": {"name": "Ann Osei", "accounts": {"jira": "a1", "github": "ann-o"}, "role": "developer"},
    "ben": {"name": "Ben Roy", "accounts": {"jira": "b1"}, "role": "tester"},
    "cy": {"name": "Cy Lund", "accounts": {"jira": "c1"}},
}
GBP = {"currency": "GBP", "default": "60"}


def ledger(trackers: Trackers, rates: dict | None = None, now=NOW, **project) -> Ledger:
    settings = config(*SOURCES, people=PEOPLE, rates=rates or {}, **project)
    return read_ledger(read_work(trackers.view(now), settings, "erp"))


def story() -> tuple[Trackers, Ref]:
    trackers = Trackers()
    return trackers, trackers.issue("jira:ERP-1", BEGIN)


def card(**rates) -> RateCard:
    return RateCard(Rates.model_validate(rates))


def day(text: str) -> date:
    return date.fromisoformat(text)


# Which rate


FULL = {
    "currency": "GBP",
    "default": "50",
    "people": {"ann": "90"},
    "roles": {"developer": "70"},
    "dated": [
        {"from": "2026-02-01", "rate": "55"},
        {"from": "2026-02-01", "rate": "75", "role": "developer"},
        {"from": "2026-02-01", "rate": "95", "person": "ann", "currency": "USD"},
        {"from": "2026-03-01", "rate": "99", "person": "ann"},
    ],
}


@pytest.mark.parametrize(
    ("person", "role", "on", "expected"),
    [
        ("ann", "developer", "2026-01-31", ("90", "GBP", "person")),
        ("ann", "developer", "2026-02-01", ("95", "USD", "person from 2026-02-01")),
        ("ann", "developer", "2026-02-28", ("95", "USD", "person from 2026-02-01")),
        ("ann", "developer", "2026-03-01", ("99", "GBP", "person from 2026-03-01")),
        ("dev", "developer", "2026-01-31", ("70", "GBP", "role")),
        ("dev", "developer", "2026-02-01", ("75", "GBP", "role from 2026-02-01")),
        ("cy", "", "2026-01-31", ("50", "GBP", "default")),
        ("cy", "", "2026-02-01", ("55", "GBP", "everybody from 2026-02-01")),
    ],
)
def test_the_most_specific_rate_that_is_valid_on_the_day_wins(person, role, on, expected):
    found = card(**FULL).rate(person, role, day(on))
    assert found is not None
    assert (found.amount, found.currency, found.rule) == (Decimal(expected[0]), *expected[1:])


def test_a_person_without_any_line_of_the_rates_has_none():
    assert card(roles={"tester": "70"}).rate("cy", "developer", day("2026-03-01")) is None
    assert card(dated=[{"from": "2026-04-01", "rate": 9}]).rate("cy", None, day("2026-03-31")) is None


# Which exchange rate


def exchange(*rates: tuple[str, str, str, str]) -> Exchange:
    told = [
        ExchangeRate.model_validate({"from": a, "to": b, "on": on, "rate": rate}) for a, b, on, rate in rates
    ]
    return Exchange(told, "GBP")


def test_an_amount_is_converted_at_the_latest_rate_on_or_before_its_day():
    rates = exchange(("EUR", "GBP", "2026-01-02", "0.86"), ("EUR", "GBP", "2026-02-01", "0.90"))
    assert rates.rate("EUR", day("2026-01-01")) is None
    assert [rates.rate("EUR", day(on)).apply(Decimal(100)) for on in ("2026-01-02", "2026-01-31")] == [86, 86]
    assert rates.rate("EUR", day("2026-02-01")).apply(Decimal(100)) == 90


def test_a_rate_serves_the_way_back_unless_one_was_given_straight_for_that_day():
    rates = exchange(("GBP", "USD", "2026-01-02", "1.25"))
    assert rates.rate("USD", day("2026-03-01")).apply(Decimal(100)) == 80
    both = exchange(("USD", "GBP", "2026-01-02", "0.75"), ("GBP", "USD", "2026-01-02", "1.25"))
    assert both.rate("USD", day("2026-03-01")).apply(Decimal(100)) == 75


def test_rates_of_two_other_currencies_are_never_chained():
    rates = exchange(("CHF", "EUR", "2026-01-02", "1.05"), ("EUR", "GBP", "2026-01-02", "0.86"))
    assert rates.rate("CHF", day("2026-03-01")) is None


def test_money_of_the_reports_own_currency_stays_as_it_was_told():
    rate = exchange(("GBP", "GBP", "2026-01-01", "2")).rate("GBP", day("2026-03-01"))
    assert rate.apply(Decimal("12.3456")) == Decimal("12.3456")


def test_thirds_are_kept_to_ten_decimals_so_that_sums_are_exact():
    assert exact(Decimal(1) / Decimal(3)) == Decimal("0.3333333333")
    assert str(exact(Decimal("85"))) == "85.00"


# Work at its rate


def test_logged_work_costs_its_hours_at_the_rate_of_its_person_and_day():
    trackers, issue = story()
    trackers.log(issue, "a1", at("2026-03-02"), "2.5")
    trackers.log(issue, "b1", at("2026-03-03"), "0.25")
    trackers.log(issue, "c1", at("2026-03-04"), 4)
    rates = {**GBP, "people": {"ann": "90"}, "roles": {"tester": "70"}}
    found = ledger(trackers, rates)
    assert [entry.amount for entry in found.entries] == [225, Decimal("17.5"), 240]
    assert found.at(NOW.date()).actual.value == Decimal("482.5")
    assert [entry.person for entry in found.entries] == ["ann", "ben", "cy"]


def test_the_day_of_work_is_that_of_the_projects_zone():
    trackers, issue = story()
    trackers.log(issue, "a1", at("2026-02-28", 23), 1)
    dated = {"currency": "GBP", "default": "60", "dated": [{"from": "2026-03-01", "rate": "80"}]}
    zone = {"general": {"timezone": "Asia/Tokyo"}}
    assert ledger(trackers, dated).at(NOW.date()).actual.value == 60
    assert ledger(trackers, dated, **zone).at(NOW.date()).actual.value == 80


def test_a_rate_in_another_currency_is_converted_at_the_works_day():
    trackers, issue = story()
    trackers.log(issue, "a1", at("2026-01-20"), 10)
    trackers.log(issue, "a1", at("2026-02-20"), 10)
    rates = {
        **GBP,
        "dated": [{"from": "2026-01-01", "rate": "100", "person": "ann", "currency": "USD"}],
        "exchange": [
            {"from": "USD", "to": "GBP", "on": "2026-01-01", "rate": "0.80"},
            {"from": "USD", "to": "GBP", "on": "2026-02-01", "rate": "0.75"},
        ],
    }
    found = ledger(trackers, rates)
    assert [entry.amount for entry in found.entries] == [800, 750]
    assert {entry.money.currency for entry in found.entries} == {"USD"}


def test_accounts_of_several_trackers_are_one_person_and_a_file_may_say_the_name():
    trackers, issue = story()
    other = trackers.issue("github:G-1", BEGIN, source="o/r")
    trackers.log(issue, "a1", at("2026-03-02"))
    trackers.log(other, "ann-o", at("2026-03-03"))
    trackers.cost("2026-03-04", 10, "GBP", person="ann  OSEI")
    trackers.cost("2026-03-05", 10, "GBP", person="Somebody else")
    assert [entry.person for entry in ledger(trackers, GBP).entries] == [
        *("ann", "ann", "ann", "Somebody else"),
    ]


# What cannot be priced


def test_what_cannot_be_priced_is_kept_with_its_reason_and_never_counts_as_nothing():
    trackers, issue = story()
    unknown = trackers.log(issue, "zed", at("2026-03-02"), 3)
    unrated = trackers.log(issue, "c1", at("2026-03-03"), 2)
    rated = trackers.log(issue, "b1", at("2026-03-04"), 1)
    foreign = trackers.cost("2026-03-05", 500, "CHF")
    found = ledger(trackers, {"currency": "GBP", "roles": {"tester": "70"}})
    reasons = {entry.id: entry.reason for entry in found.entries}
    assert reasons == {
        unknown: Reason.UNKNOWN_PERSON,
        unrated: Reason.NO_RATE,
        rated: None,
        foreign: Reason.NO_EXCHANGE,
    }
    actual = found.at(NOW.date()).actual
    assert (actual.value, actual.at_least) == (70, True)
    assert set(actual.unpriced) == {unknown, unrated, foreign}
    assert all(found.by_id[id].amount is None for id in actual.unpriced)


def test_without_any_rate_the_actual_is_unknown_and_not_zero():
    trackers, issue = story()
    trackers.log(issue, "a1", at("2026-03-02"), 3)
    actual = ledger(trackers).at(NOW.date()).actual
    assert (actual.value, actual.reason) == (None, Reason.NO_RATES)


def test_without_any_cost_the_actual_is_unknown_and_not_zero():
    trackers, _ = story()
    sums = ledger(trackers, GBP, budget={"amount": 1000}).at(NOW.date())
    assert (sums.actual.value, sums.actual.reason) == (None, Reason.NO_COSTS)
    assert (sums.budget.value, sums.remaining) == (1000, 1000)


def test_an_unpriced_credit_note_makes_no_lower_bound():
    trackers, issue = story()
    trackers.log(issue, "a1", at("2026-03-02"), 1)
    trackers.cost("2026-03-05", -500, "CHF")
    actual = ledger(trackers, GBP).at(NOW.date()).actual
    assert (actual.value, actual.at_least, len(actual.unpriced)) == (60, False, 1)


# The budget


def test_the_configured_budget_wins_over_the_lines_that_divide_it():
    trackers, _ = story()
    trackers.cost("2026-01-10", 700, "GBP", "budgeted")
    trackers.cost("2026-01-10", 200, "GBP", "budgeted")
    assert ledger(trackers, GBP).budget.total.value == 900
    both = ledger(trackers, GBP, budget={"amount": 1000}).budget
    assert (both.total.value, both.lines.value) == (1000, 900)
    assert both.total.entries == ()
    equal = ledger(trackers, GBP, budget={"amount": 900}).budget
    assert equal.total.entries == equal.lines.entries != ()


def test_no_budget_is_unknown_with_a_reason():
    trackers, _ = story()
    total = ledger(trackers, GBP).budget.total
    assert (total.value, total.reason) == (None, Reason.NO_BUDGET)


def test_a_budget_in_another_currency_is_converted_at_the_day_of_its_approval():
    trackers, _ = story()
    rates = {
        **GBP,
        "exchange": [
            {"from": "EUR", "to": "GBP", "on": "2026-01-01", "rate": "0.8"},
            {"from": "EUR", "to": "GBP", "on": "2026-03-01", "rate": "0.9"},
        ],
    }
    budget = {"amount": 1000, "currency": "EUR", "on": date(2026, 1, 15)}
    assert ledger(trackers, rates, budget=budget).budget.total.value == 800


def test_a_budget_of_which_a_line_cannot_be_converted_is_not_known_at_all():
    trackers, _ = story()
    trackers.cost("2026-01-10", 700, "GBP", "budgeted")
    line = trackers.cost("2026-01-10", 200, "CHF", "budgeted")
    total = ledger(trackers, GBP).budget.total
    assert (total.value, total.reason, total.unpriced) == (None, Reason.NO_EXCHANGE, (line,))


def test_a_budget_line_of_next_month_counts_today_but_an_invoice_of_next_month_does_not():
    trackers, _ = story()
    trackers.cost("2026-06-01", 900, "GBP", "budgeted", learned=BEGIN)
    ahead = trackers.cost("2026-04-01", 100, "GBP", learned=BEGIN)
    sums = ledger(trackers, GBP).at(NOW.date())
    assert (sums.budget.value, sums.actual.value, sums.later) == (900, 0, (ahead,))


def test_the_reports_currency_is_the_projects_own_else_that_of_the_rates():
    trackers, _ = story()
    assert ledger(trackers, GBP).currency == "GBP"
    assert ledger(trackers, GBP, currency="CHF").currency == "CHF"


# What a cost belongs to


def test_a_cost_belongs_to_the_issue_it_names_by_key_former_key_or_address():
    trackers, issue = story()
    trackers.edit(issue, at("2026-02-01"), key="OPS-9")
    for name in ("ops-9", "ERP-1", "https://jira.example/ERP-1", "ERP-404"):
        trackers.cost("2026-03-01", 1, "GBP", issue=name)
    found = ledger(trackers, GBP).entries
    assert [(entry.item, entry.wanted) for entry in found] == [
        *(("jira:ERP-1", ""), ("jira:ERP-1", ""), ("jira:ERP-1", ""), (None, "ERP-404")),
    ]


def test_a_deliverable_has_the_work_of_its_label_milestone_or_epic_and_the_first_claim_counts():
    trackers = Trackers()
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    epic = trackers.issue("jira:ERP-1", BEGIN)
    child = trackers.issue("jira:ERP-2", BEGIN, parent="ERP-1")
    marked = trackers.issue("jira:ERP-3", BEGIN, labels=["portal"], milestone="m1")
    dated = trackers.issue("jira:ERP-4", BEGIN, milestone="m1")
    free = trackers.issue("jira:ERP-5", BEGIN)
    for hour, issue in enumerate((epic, child, marked, dated, free)):
        trackers.log(issue, "a1", at("2026-03-02", hour))
    trackers.cost("2026-03-03", 1, "GBP", deliverable="PORTAL")
    trackers.cost("2026-03-04", 1, "GBP", deliverable="Something else")
    deliverables = {
        "portal": {"name": "Customer portal", "label": "portal"},
        "live": {"name": "Live system", "milestone": "go-live"},
        "data": {"name": "Data", "epic": "ERP-1"},
    }
    found = {
        entry.id: entry.deliverable for entry in ledger(trackers, GBP, deliverables=deliverables).entries
    }
    assert list(found.values()) == [
        *("Data", "Data", "Customer portal", "Live system", "", "Customer portal", "Something else"),
    ]
