"""Purchase orders, their invoices, credit notes and cancellations: examples worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reports.cost.ledger import Sums
from reports.cost.orders import unordered
from reports.figures import Reason
from tests.reports.stillview import Trackers, at
from tests.reports.test_cost_pricing import BEGIN, GBP, NOW, ledger


def sums(*told: tuple, rates: dict | None = None, until: str = "2026-03-25", **project) -> Sums:
    """The sums of costs told as (day, kind, amount, order) or (day, kind, amount, order, currency)."""
    trackers = Trackers()
    trackers.issue("jira:ERP-1", BEGIN)
    for day, kind, amount, order, *currency in told:
        trackers.cost(day, amount, *(currency or ("GBP",)), kind=kind, order=order, learned=BEGIN)
    return ledger(trackers, rates or GBP, **project).at(at(until).date())


ORDER = ("2026-02-01", "committed", 10_000, "PO-1")


@pytest.mark.parametrize(
    ("told", "open_", "over", "actual"),
    [
        ([ORDER], 10_000, 0, None),
        ([ORDER, ("2026-03-01", "actual", 4_000, "PO-1")], 6_000, 0, 4_000),
        ([ORDER, ("2026-03-01", "actual", 4_000, " po-1 ")], 6_000, 0, 4_000),
        ([ORDER, ("2026-03-01", "actual", 11_500, "PO-1")], 0, 1_500, 11_500),
        ([ORDER, ("2026-03-01", "actual", 4_000, "PO-2")], 10_000, 0, 4_000),
        ([ORDER, ("2026-03-01", "actual", 4_000, None)], 10_000, 0, 4_000),
        # a credit note gives back what its invoice drew, and never more than was ordered
        ([ORDER, ("2026-03-01", "actual", 4_000, "PO-1"), ("2026-03-02", "actual", -1_000, "PO-1")],
         7_000, 0, 3_000),
        ([ORDER, ("2026-03-02", "actual", -1_000, "PO-1")], 10_000, 0, -1_000),
        # cancelled as a whole, in part, after an invoice, and more than was ordered
        ([ORDER, ("2026-03-01", "committed", -10_000, "PO-1")], 0, 0, None),
        ([ORDER, ("2026-03-01", "committed", -2_500, "PO-1")], 7_500, 0, None),
        ([ORDER, ("2026-02-20", "actual", 4_000, "PO-1"), ("2026-03-01", "committed", -6_000, "PO-1")],
         0, 0, 4_000),
        ([ORDER, ("2026-02-20", "actual", 4_000, "PO-1"), ("2026-03-01", "committed", -10_000, "PO-1")],
         0, 4_000, 4_000),
        ([ORDER, ("2026-03-01", "committed", -12_000, "PO-1")], 0, 0, None),
        # a second line of the same order
        ([ORDER, ("2026-02-10", "committed", 500, "PO-1"), ("2026-03-01", "actual", 10_200, "PO-1")],
         300, 0, 10_200),
    ],
)  # fmt: skip
def test_what_is_open_of_an_order_and_what_its_invoices_are_over_it(told, open_, over, actual):
    found = sums(*told)
    assert found.committed.value == open_
    assert sum(order.over for order in found.orders) == over
    assert found.actual.value == actual


def test_remaining_is_the_budget_less_what_is_spent_less_what_is_open():
    found = sums(ORDER, ("2026-03-01", "actual", 4_000, "PO-1"), budget={"amount": 12_000})
    assert (found.remaining, found.bound) == (2_000, 10_000)


def test_an_overspent_budget_leaves_less_than_nothing():
    assert sums(("2026-03-01", "actual", 4_000, None), budget={"amount": 3_000}).remaining == -1_000


def test_invoices_use_up_the_oldest_lines_of_an_order_first():
    found = sums(ORDER, ("2026-02-10", "committed", 500, "PO-1"), ("2026-03-01", "actual", 10_200, "PO-1"))
    (order,) = found.orders
    assert [(part.entry.on.isoformat(), part.amount) for part in order.parts] == [("2026-02-10", 300)]


def test_a_commitment_without_a_number_is_an_order_of_its_own():
    found = sums(("2026-02-01", "committed", 100, None), ("2026-02-02", "committed", 50, None))
    assert (found.committed.value, len(found.orders)) == (150, 2)


def test_an_invoice_on_an_order_that_nobody_told_of_is_found():
    trackers = Trackers()
    lost = trackers.cost("2026-03-01", 10, "GBP", order="PO-7")
    trackers.cost("2026-03-01", 10, "GBP", "committed", order="PO-8")
    trackers.cost("2026-03-01", 10, "GBP", order="PO-8")
    assert [entry.id for entry in unordered(ledger(trackers, GBP).entries)] == [lost]


def test_an_order_in_dollars_is_drawn_on_in_dollars_and_only_its_rest_is_converted():
    rates = {
        **GBP,
        "exchange": [
            {"from": "USD", "to": "GBP", "on": "2026-02-01", "rate": "0.80"},
            {"from": "USD", "to": "GBP", "on": "2026-03-01", "rate": "0.70"},
        ],
    }
    found = sums((*ORDER, "USD"), ("2026-03-01", "actual", 4_000, "PO-1", "USD"), rates=rates)
    (order,) = found.orders
    assert (order.currency, order.ordered, order.drawn, order.open, order.over) == (
        *("USD", 10_000, 4_000, 6_000, 0),
    )
    assert (found.committed.value, found.actual.value) == (4_800, 2_800)


def test_an_order_and_its_invoice_in_two_currencies_meet_in_the_reports():
    rates = {**GBP, "exchange": [{"from": "USD", "to": "GBP", "on": "2026-01-01", "rate": "0.80"}]}
    found = sums((*ORDER, "USD"), ("2026-03-01", "actual", 3_000, "PO-1"), rates=rates)
    (order,) = found.orders
    assert (order.currency, order.ordered, order.drawn, order.open) == ("GBP", 8_000, 3_000, 5_000)


def test_an_order_that_cannot_be_converted_is_unknown_and_not_zero():
    found = sums((*ORDER, "CHF"), budget={"amount": 99})
    assert (found.committed.value, found.committed.reason) == (None, Reason.NO_EXCHANGE)
    assert len(found.committed.unpriced) == 1
    assert found.remaining is None
    beside = sums((*ORDER, "CHF"), ("2026-02-02", "committed", 50, "PO-2"))
    assert (beside.committed.value, beside.committed.at_least) == (50, True)


def test_a_fully_invoiced_order_needs_no_exchange_rate():
    found = sums((*ORDER, "CHF"), ("2026-03-01", "actual", 10_000, "PO-1", "CHF"))
    assert (found.committed.value, found.committed.unpriced) == (0, ())


def test_an_order_stands_as_it_stood_on_the_day_asked_for():
    told = (ORDER, ("2026-03-01", "actual", 4_000, "PO-1"), ("2026-03-20", "actual", 1_000, "PO-1"))
    days = ("2026-01-31", "2026-02-01", "2026-03-01", "2026-03-20")
    assert [sums(*told, until=day).committed.value for day in days] == [0, 10_000, 6_000, Decimal(5_000)]
    assert NOW.date() >= at(days[-1]).date()
