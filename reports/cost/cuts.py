"""Costs cut by person, role, deliverable, month and a project's own dimensions: the parts make the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from model.values import CostKind
from reports.cost.entries import Entry
from reports.cost.ledger import Amount, Ledger, Sums, amount_of
from reports.cost.orders import OpenPart
from reports.figures import Reason
from reports.work import Work

__all__ = ["AXES", "Cut", "CutRow", "cuts"]

AXES: Mapping[str, Callable[[Entry], str]] = {
    "person": lambda entry: entry.person,
    "role": lambda entry: entry.role,
    "deliverable": lambda entry: entry.deliverable,
    "month": lambda entry: f"{entry.on:%Y-%m}",
    "supplier": lambda entry: entry.supplier,
    "category": lambda entry: entry.category,
}
"""What every project's costs can be cut by, and how an entry's value is read; "" where it has none."""

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class CutRow:
    """One value of an axis; "" holds what has none. `seconds` is all logged time, priced or not."""

    value: str
    title: str
    budget: Amount
    committed: Amount
    actual: Amount
    seconds: int


@dataclass(frozen=True, slots=True)
class Cut:
    """An axis with its values, the costliest first and months in order; what has no value is last."""

    axis: str
    rows: tuple[CutRow, ...]


def cuts(work: Work, ledger: Ledger, sums: Sums, dimension: str | None) -> tuple[Cut, ...]:
    """Every axis on which at least one entry has a value; `dimension` of the project's config comes first."""
    entries = ledger.until(sums.on)
    axes = {dimension: _dimension(work, dimension), **AXES} if dimension else AXES
    return tuple(
        _cut(axis, of, entries, ledger, sums)
        for axis, of in axes.items()
        if axis == dimension or any(of(entry) for entry in entries)
    )


def _dimension(work: Work, name: str) -> Callable[[Entry], str]:
    def value(entry: Entry) -> str:
        item = work.items.get(entry.item) if entry.item is not None else None
        return dict(item.dimensions).get(name, "") if item is not None else ""

    return value


def _cut(axis: str, of: Callable[[Entry], str], entries: Sequence[Entry], ledger: Ledger, sums: Sums) -> Cut:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[of(entry)].append(entry)
    parts: dict[str, list[OpenPart]] = defaultdict(list)
    for part in (part for order in sums.orders for part in order.parts):
        parts[of(part.entry)].append(part)
    rows = [_row(value, group, parts.get(value, ()), ledger) for value, group in groups.items()]
    return Cut(axis, tuple(sorted(rows, key=lambda row: _place(axis, row))))


def _row(value: str, entries: Sequence[Entry], parts: Iterable[OpenPart], ledger: Ledger) -> CutRow:
    kinds: dict[CostKind, list[Entry]] = defaultdict(list)
    for entry in entries:
        kinds[entry.kind].append(entry)
    return CutRow(
        value=value,
        title=ledger.names.get(value, value),
        budget=amount_of(kinds[CostKind.BUDGETED]),
        committed=_open(tuple(parts)),
        actual=amount_of(kinds[CostKind.ACTUAL]),
        seconds=sum(entry.seconds or 0 for entry in entries),
    )


def _open(parts: Sequence[OpenPart]) -> Amount:
    priced = [part for part in parts if part.amount is not None]
    unpriced = tuple(part.entry.id for part in parts if part.amount is None)
    if unpriced and not priced:
        return Amount(None, (), unpriced, Reason.NO_EXCHANGE)
    total = sum((part.amount or _NOTHING for part in priced), _NOTHING)
    return Amount(total, tuple(part.entry.id for part in priced), unpriced, None, bool(unpriced))


def _place(axis: str, row: CutRow) -> tuple[bool, str, Decimal, int, str, str]:
    cost = (row.actual.value or _NOTHING) + (row.committed.value or _NOTHING)
    month = row.value if axis == "month" else ""
    return not row.value, month, -cost, -row.seconds, row.title, row.value
