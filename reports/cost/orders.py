"""Purchase orders: what was ordered, what its invoices drew on, and what is still open.

A committed cost without an order's number is open as a whole: no invoice can say that it draws on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from model.values import CostKind
from reports.containers import folded
from reports.cost.entries import Entry

__all__ = ["OpenPart", "Order", "orders", "unordered"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenPart:
    """What is left of one committed entry, in the report's currency; None: it cannot be converted."""

    entry: Entry
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Order:
    """One purchase order. `ordered`, `drawn`, `open` and `over` are in `currency`: the one that it and its
    invoices share, else the report's.

    `ordered` is the sum of its entries, cancellations included, and may be negative when more was cancelled
    than ordered. `drawn` is the sum of its invoices less their credit notes. `parts` are what is open of each
    entry. `unpriced` entries have no exchange rate and are in none of the sums.
    """

    name: str
    supplier: str
    currency: str
    ordered: Decimal
    drawn: Decimal
    open: Decimal
    over: Decimal
    entries: tuple[str, ...]
    invoices: tuple[str, ...]
    parts: tuple[OpenPart, ...]
    unpriced: tuple[str, ...] = ()


def orders(entries: Iterable[Entry], currency: str) -> tuple[Order, ...]:
    """The orders among some entries, by name; `currency` is the report's."""
    committed: dict[str, list[Entry]] = defaultdict(list)
    actual: dict[str, list[Entry]] = defaultdict(list)
    loose = []
    for entry in entries:
        if entry.kind is CostKind.COMMITTED and entry.order:
            committed[folded(entry.order)].append(entry)
        elif entry.kind is CostKind.COMMITTED:
            loose.append(entry)
        elif entry.kind is CostKind.ACTUAL and entry.order:
            actual[folded(entry.order)].append(entry)
    found = [_order(placed, actual.get(name, ()), currency) for name, placed in sorted(committed.items())]
    return (*found, *(_order([entry], (), currency) for entry in loose))


def unordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Actual costs on an order that no commitment bears."""
    known = {folded(entry.order) for entry in entries if entry.kind is CostKind.COMMITTED and entry.order}
    return tuple(
        entry
        for entry in entries
        if entry.kind is CostKind.ACTUAL and entry.order and folded(entry.order) not in known
    )


def _order(placed: Sequence[Entry], invoices: Sequence[Entry], report: str) -> Order:
    codes = {entry.money.currency for entry in (*placed, *invoices) if entry.money is not None}
    own = next(iter(codes)) if len(codes) == 1 else None
    sums = {entry.id: _value(entry, own) for entry in (*placed, *invoices)}
    ordered = sum((sums[entry.id] or _NOTHING for entry in placed), _NOTHING)
    drawn = sum((sums[entry.id] or _NOTHING for entry in invoices), _NOTHING)
    left = _left(placed, sums, max(drawn, _NOTHING))
    return Order(
        name=placed[0].order,
        supplier=next((entry.supplier for entry in placed if entry.supplier), ""),
        currency=own or report,
        ordered=ordered,
        drawn=drawn,
        open=sum(left.values(), _NOTHING),
        over=max(_NOTHING, drawn - max(ordered, _NOTHING)),
        entries=tuple(entry.id for entry in placed),
        invoices=tuple(entry.id for entry in invoices),
        parts=tuple(_part(entry, left[entry.id], own) for entry in placed if entry.id in left),
        unpriced=tuple(id for id, value in sums.items() if value is None),
    )


def _value(entry: Entry, own: str | None) -> Decimal | None:
    """The entry in its order's own currency, or in the report's."""
    if own is not None and entry.money is not None:
        return entry.money.amount
    return entry.amount


def _left(placed: Sequence[Entry], sums: dict[str, Decimal | None], drawn: Decimal) -> dict[str, Decimal]:
    """What is left of each entry when cancellations and invoices have used up the oldest ones first."""
    values = [(entry, sums[entry.id] or _NOTHING) for entry in placed]
    used = drawn - sum((value for _, value in values if value < 0), _NOTHING)
    left: dict[str, Decimal] = {}
    for entry, value in values:
        if value <= 0:
            continue
        taken = min(used, value)
        used -= taken
        if value > taken:
            left[entry.id] = value - taken
    return left


def _part(entry: Entry, left: Decimal, own: str | None) -> OpenPart:
    """The open rest at the exchange rate of the entry's own day."""
    if own is None or entry.exchange is None or entry.amount is None:
        return OpenPart(entry, None if entry.amount is None else left)
    return OpenPart(entry, entry.exchange.apply(left))
