"""The cost report as sheets: the sums, every cut, the orders, each row, and what has no price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from model.values import CostKind
from reports.cost.entries import Entry
from reports.cost.ledger import Amount
from reports.cost.report import CostReport
from reports.render.sheets import Cell, Head, Kind, Sheet, Workbook
from reports.sentences.phrases import Speaker
from reports.sentences.phrases import plain as plain_words
from reports.sentences.reasons import because
from reports.wording import say

__all__ = ["cost_workbook"]

_KINDS = {CostKind.BUDGETED: "budgeted", CostKind.COMMITTED: "ordered", CostKind.ACTUAL: "spent"}
_DEFINITIONS = (
    ("Budget", "the project's configured budget, else the sum of the costs of kind budgeted"),
    ("Spent", "logged work at the rate of its person and day, and actual costs, dated by the report's day"),
    ("Ordered, not invoiced", "purchase orders less the invoices that bear their number, never below 0"),
    ("Remaining", "budget less spent less ordered and not invoiced"),
    ("Scope done", "finished work as a share of the scope as it stands"),
    (
        "Forecast at completion",
        "the larger of: spent and the budget of the unfinished scope; spent and ordered",
    ),
)


def cost_workbook(
    report: CostReport, by: Speaker, trackers: Mapping[str, str], origins: frozenset[str] | None
) -> Workbook:
    """Every figure with its rows; `trackers` is what people call each connection."""
    rows = Sheet("Rows", _row_heads(report.currency), tuple(_rows(report, trackers)))
    sheets = (
        _summary(report, by),
        _cuts(report),
        _orders(report),
        rows,
        _unpriced(report, by),
        Sheet("Definitions", (Head("Figure", width=26), Head("Definition", width=90)), _DEFINITIONS),
    )
    title = f"{report.title}: cost"
    subject = f"as of {report.as_of:%Y-%m-%d %H:%M} UTC, all amounts in {report.currency}"
    return Workbook(title, report.as_of, sheets, rows, origins, {"subject": subject})


def _summary(report: CostReport, by: Speaker) -> Sheet:
    """One figure a row; an empty value has its reason beside it."""
    sums, burn = report.sums, report.burn

    def money(name: str, amount: Amount) -> tuple[Cell, ...]:
        why = plain_words(because(amount.reason, by)) if amount.reason is not None else ""
        return name, amount.value, report.currency, "at least" if amount.at_least else "", why

    remaining = "at most" if sums.at_most and sums.remaining is not None else ""
    forecast = burn.forecast
    why = plain_words(because(forecast.reason, by)) if forecast.reason is not None else ""
    rows: tuple[tuple[Cell, ...], ...] = (
        ("As of", f"{report.as_of:%Y-%m-%d %H:%M} UTC", "", "", ""),
        money("Budget", sums.budget),
        money("Spent", sums.actual),
        money("Ordered, not invoiced", sums.committed),
        ("Remaining", sums.remaining, report.currency, remaining, ""),
        ("Forecast at completion", forecast.amount, report.currency, "", why),
        ("Budget of what is done", forecast.earned, report.currency, "", ""),
        ("Budget spent, of 1", burn.spent, "share", "", ""),
        ("Scope done, of 1", burn.scope.share, "share", "", ""),
        ("Scope done", burn.scope.done, burn.scope.unit, "", ""),
        ("Scope", burn.scope.scope, burn.scope.unit, "", ""),
        ("Logged", Decimal(report.seconds) / 3600, "hours", "", ""),
    )
    heads = (
        *(Head("Figure", width=26), Head("Value", Kind.MONEY, 18), Head("Unit")),
        *(Head("Bound"), Head("Why there is no value", width=70)),
    )
    return Sheet("Summary", heads, rows)


def _cuts(report: CostReport) -> Sheet:
    heads = (
        *(Head("By", width=14), Head("Value", width=30), Head(f"Budget, {report.currency}", Kind.MONEY, 16)),
        Head(f"Ordered, not invoiced, {report.currency}", Kind.MONEY, 16),
        *(Head(f"Spent, {report.currency}", Kind.MONEY, 16), Head("Hours", Kind.NUMBER)),
        Head("Rows without a price", Kind.NUMBER, 16),
    )
    rows = tuple(
        (
            *(cut.axis, row.title or "none", _told(row.budget), _told(row.committed), _told(row.actual)),
            Decimal(row.seconds) / 3600 if row.seconds else None,
            len(row.actual.unpriced) + len(row.committed.unpriced) + len(row.budget.unpriced) or None,
        )
        for cut in report.cuts
        for row in cut.rows
    )
    return Sheet("Cuts", heads, rows)


def _told(amount: Amount) -> Decimal | None:
    """Nothing at all is an empty cell, as is what has no price."""
    return amount.value if amount.entries else None


def _orders(report: CostReport) -> Sheet:
    heads = (
        *(Head("Order", width=18), Head("Supplier", width=30), Head("Currency")),
        *(Head(name, Kind.MONEY, 16) for name in ("Ordered", "Invoiced", "Open", "Over its order")),
    )
    rows = tuple(
        (
            *(order.name or "no number", order.supplier, order.currency),
            *(order.ordered, order.drawn, order.open, order.over or None),
        )
        for order in report.sums.orders
    )
    return Sheet("Orders", heads, rows)


def _row_heads(currency: str) -> tuple[Head, ...]:
    return (
        *(Head("Date", Kind.DATE), Head("Kind"), Head("What", width=50), Head("Person", width=20)),
        *(Head("Role"), Head("Deliverable", width=20), Head("Supplier", width=20), Head("Order")),
        *(Head("Category"), Head("Hours", Kind.NUMBER), Head("Rate per hour", Kind.MONEY)),
        *(Head("As told", Kind.MONEY, 16), Head("Currency"), Head("Exchange rate", Kind.NUMBER)),
        *(Head(f"Amount, {currency}", Kind.MONEY, 16), Head("Counts"), Head("Why there is no amount")),
        *(Head("Issue", width=14), Head("Link", Kind.LINK, 40), Head("Source", width=20), Head("Record")),
    )


def _rows(report: CostReport, trackers: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    later = set(report.sums.later)
    for entry in report.entries:
        yield _row(report, trackers, entry, "later" if entry.id in later else "yes")
    for double in report.doubles:
        yield _row(report, trackers, double.entry, "no, logged twice")


def _row(report: CostReport, trackers: Mapping[str, str], entry: Entry, counts: str) -> tuple[Cell, ...]:
    label = report.items.get(entry.item or "")
    record = (
        next((r for r in label.records if entry.record and r.id == entry.record.id), None) if label else None
    )
    record = record or (label.records[0] if label and label.records else None)
    tracker = trackers.get(entry.ref.connection, entry.ref.connection)
    exchange = entry.exchange
    return (
        *(entry.on, "worked" if entry.is_work else _KINDS[entry.kind]),
        entry.description or (label.title if label is not None else entry.wanted),
        *(report.names.get(entry.person, entry.person), entry.role, entry.deliverable),
        *(entry.supplier, entry.order, entry.category),
        Decimal(entry.seconds) / 3600 if entry.seconds is not None else None,
        entry.rate.amount if entry.rate is not None else None,
        entry.money.amount if entry.money is not None else None,
        entry.money.currency if entry.money is not None else "",
        (1 / exchange.rate if exchange.inverse else exchange.rate) if exchange is not None else None,
        *(entry.amount, counts, entry.reason.value.replace("_", " ") if entry.reason else ""),
        *(record.key if record else entry.wanted, record.url if record else ""),
        *(f"{tracker} {entry.source}".strip(), entry.ref.id),
    )


def _unpriced(report: CostReport, by: Speaker) -> Sheet:
    heads = (
        *(Head("Who or what", width=24), Head("Hours", Kind.NUMBER), Head("As told", Kind.MONEY, 16)),
        *(
            Head("Currency"),
            Head("Since", Kind.DATE),
            Head("Rows", Kind.NUMBER),
            Head("Why and what next", width=110),
        ),
    )
    rows = tuple(
        (
            *(one.name, Decimal(one.seconds) / 3600 if one.seconds else None),
            *(one.money.amount if one.money else None, one.money.currency if one.money else ""),
            *(one.first, len(one.entries), plain_words(say(one, by))),
        )
        for one in report.unpriced
    )
    return Sheet("Not priced", heads, rows)
