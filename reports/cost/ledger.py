"""A project's costs as counted: every entry once, the budget beside them, and their sums at any instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from model.values import CostKind, Money
from reports.cost.doubles import Double, Suspect, find_doubles, find_suspects
from reports.cost.entries import Entry, read_entries, reporting_currency
from reports.cost.homes import People
from reports.cost.orders import Order, orders
from reports.cost.rates import Exchange
from reports.figures import Reason
from reports.work import Work

if TYPE_CHECKING:
    from model.view import View

__all__ = ["Amount", "Budget", "Ledger", "Sums", "amount_of", "has_budget", "read_ledger"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money in the report's currency with the entries that it was made from.

    `unpriced` are those that belong to it and have no amount; None with a `reason` where nothing has one.
    `at_least`: what is missing could only make it larger.
    """

    value: Decimal | None
    entries: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()
    reason: Reason | None = None
    at_least: bool = False


def amount_of(entries: Sequence[Entry], empty: Reason | None = None) -> Amount:
    """The sum of some entries; `empty` is why there is none where there are no entries, else it is 0."""
    if not entries:
        return Amount(None if empty else _NOTHING, reason=empty)
    priced = [entry for entry in entries if entry.amount is not None]
    missing = [entry for entry in entries if entry.amount is None]
    ids, unpriced = tuple(entry.id for entry in priced), tuple(entry.id for entry in missing)
    if not priced:
        return Amount(None, (), unpriced, missing[0].reason)
    total = sum((entry.amount for entry in priced if entry.amount is not None), _NOTHING)
    credit = any(entry.money is not None and entry.money.amount < 0 for entry in missing)
    return Amount(total, ids, unpriced, None, bool(missing) and not credit)


@dataclass(frozen=True, slots=True)
class Budget:
    """What the project may cost: the config's amount, else the sum of the costs of kind budgeted.

    `configured` is the config's amount as written; `lines` are the budgeted costs, which then only divide it.
    The total opens to them where they add up to it.
    """

    total: Amount
    lines: Amount
    configured: Money | None


@dataclass(frozen=True, slots=True)
class Sums:
    """How the money stands at the end of a day; `later` are actual and committed entries dated after it.

    Where all that is spent was spent later, `actual` is 0; where nothing is booked at all, it is unknown.
    `remaining` is budget - actual - what is open of the orders: None where one of them is unknown;
    `at_most` where unpriced entries could only lower it.
    """

    on: date
    budget: Amount
    actual: Amount
    committed: Amount
    remaining: Decimal | None
    at_most: bool
    orders: tuple[Order, ...]
    later: tuple[str, ...]

    @property
    def incomplete(self) -> bool:
        """Whether something that belongs to the sums has no price."""
        return bool(self.actual.unpriced or self.committed.unpriced)

    @property
    def bound(self) -> Decimal | None:
        """What is spent or ordered; None where nothing of it is known."""
        known = [each.value for each in (self.actual, self.committed) if each.value is not None]
        return sum(known, _NOTHING) if known else None


@dataclass(frozen=True)
class Ledger:
    """`entries` are those that count, by day; `doubles` and `suspects` are as in reports.cost.doubles.

    `names` says what people call each person of the entries.
    """

    currency: str
    entries: tuple[Entry, ...]
    doubles: tuple[Double, ...]
    suspects: tuple[Suspect, ...]
    budget: Budget
    names: Mapping[str, str]

    @cached_property
    def by_id(self) -> Mapping[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _days(self) -> tuple[date, ...]:
        return tuple(entry.on for entry in self.entries)

    @cached_property
    def _spent(self) -> _Spent:
        return _Spent([entry for entry in self.entries if entry.kind is CostKind.ACTUAL])

    @cached_property
    def _ordering(self) -> tuple[Entry, ...]:
        """Commitments, and the actual costs that may draw on them."""
        return tuple(entry for entry in self.entries if entry.order or entry.kind is CostKind.COMMITTED)

    def until(self, day: date) -> tuple[Entry, ...]:
        """The entries that count at the end of a day: the whole budget, and what is dated by then."""
        return tuple(e for e in self.entries if e.on <= day or e.kind is CostKind.BUDGETED)

    def at(self, day: date) -> Sums:
        """The sums at the end of a day."""
        actual = self._spent.until(day)
        placed = orders([entry for entry in self._ordering if entry.on <= day], self.currency)
        committed = _open(placed)
        known = [self.budget.total.value, actual.value or _NOTHING, committed.value]
        told = actual.value is not None or actual.reason is Reason.NO_COSTS
        remaining = None
        if told and known[0] is not None and known[1] is not None and known[2] is not None:
            remaining = known[0] - known[1] - known[2]
        at_most = actual.at_least or committed.at_least
        ahead = self.entries[bisect_right(self._days, day) :]
        later = tuple(entry.id for entry in ahead if entry.kind is not CostKind.BUDGETED)
        return Sums(day, self.budget.total, actual, committed, remaining, at_most, placed, later)


class _Spent:
    """What was spent until any day; asked for many days, so that sums are made once and added up."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """`entries` are in order of their days."""
        self._priced = [entry for entry in entries if entry.amount is not None]
        self._missing = [entry for entry in entries if entry.amount is None]
        self._days = tuple([entry.on for entry in each] for each in (self._priced, self._missing))
        self._ids = tuple(tuple(entry.id for entry in each) for each in (self._priced, self._missing))
        self._totals = [_NOTHING]
        for entry in self._priced:
            self._totals.append(self._totals[-1] + (entry.amount or _NOTHING))
        self._credits = [e.on for e in self._missing if e.money is not None and e.money.amount < 0]

    def until(self, day: date) -> Amount:
        """The same as amount_of of the entries until then; 0 where all was spent later."""
        priced, missing = (bisect_right(days, day) for days in self._days)
        ids, unpriced = self._ids[0][:priced], self._ids[1][:missing]
        if missing and not priced:
            return Amount(None, (), unpriced, self._missing[0].reason)
        if not self._priced and not self._missing:
            return Amount(None, reason=Reason.NO_COSTS)
        sure = not bisect_right(self._credits, day)
        return Amount(self._totals[priced], ids, unpriced, None, bool(missing) and sure)


def _open(placed: Sequence[Order]) -> Amount:
    """What is open of all orders; nothing ordered is nothing open."""
    parts = [part for order in placed for part in order.parts]
    known = [part.amount for part in parts if part.amount is not None]
    ids = tuple(part.entry.id for part in parts if part.amount is not None)
    unsure = tuple(id for order in placed for id in order.unpriced)
    unpriced = (*(part.entry.id for part in parts if part.amount is None), *unsure)
    if unpriced and not known:
        return Amount(None, (), unpriced, Reason.NO_EXCHANGE)
    return Amount(sum(known, _NOTHING), ids, unpriced, None, bool(unpriced) and not unsure)


def has_budget(work: Work) -> bool:
    """Whether there is a budget at all, in the config or in files."""
    return work.project.budget is not None or any(
        cost.kind is CostKind.BUDGETED for cost in work.view.costs()
    )


def read_ledger(work: Work, view: View | None = None) -> Ledger:
    """The costs that a view shows (default: the work's own), read with the work's ties, people and rates."""
    entries = read_entries(work, view or work.view)
    doubles = find_doubles(entries)
    left_out = {double.entry.id for double in doubles}
    counted = tuple(entry for entry in entries if entry.id not in left_out)
    people = People(work)
    persons = sorted({entry.person for entry in entries if entry.person})
    return Ledger(
        currency=reporting_currency(work),
        entries=counted,
        doubles=doubles,
        suspects=find_suspects(entries, doubles),
        budget=_budget(work, counted),
        names={person: people.name(person) for person in persons},
    )


def _budget(work: Work, entries: Sequence[Entry]) -> Budget:
    """A budget of which a part cannot be converted is not known at all."""
    told = [entry for entry in entries if entry.kind is CostKind.BUDGETED]
    lines = amount_of(told, Reason.NO_BUDGET)
    settings = work.project.budget
    if settings is None:
        total = lines
        if lines.unpriced:
            total = Amount(None, lines.entries, lines.unpriced, Reason.NO_EXCHANGE)
        return Budget(total, lines, None)
    currency = reporting_currency(work)
    money = Money(settings.amount, settings.currency or currency)
    rate = Exchange(work.config.rates.exchange, currency).rate(money.currency, settings.on or work.today)
    if rate is None:
        return Budget(Amount(None, reason=Reason.NO_EXCHANGE), lines, money)
    amount = rate.apply(money.amount)
    divided = amount == lines.value and not lines.unpriced
    return Budget(Amount(amount, lines.entries if divided else ()), lines, money)
