"""Everything that costs, one line each, in one currency: work at its rate, and costs as they were told.

What cannot be priced stays a line, with the reason why it has no amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from model.values import Cost, CostKind, Issue, Money, Ref, Worklog
from reports.cost.homes import Deliverables, IssueNames, People
from reports.cost.rates import Exchange, Exchanged, Rate, RateCard, exact
from reports.figures import Reason
from reports.work import Work

if TYPE_CHECKING:
    from model.view import View

__all__ = ["Entry", "read_entries", "reporting_currency"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A worklog or a cost. `money` is as it was told, or hours x rate; `amount` is in the report's currency.

    An entry without an amount has a `reason`. `seconds` are those of a worklog. `person` is a key of
    [people], else the tracker's account or the name that a file gives; empty where nobody is named, as are
    the other words. `wanted` is the issue that a cost names and nobody knows.
    """

    id: str
    ref: Ref
    source: str
    kind: CostKind
    on: date
    amount: Decimal | None = None
    money: Money | None = None
    reason: Reason | None = None
    seconds: int | None = None
    rate: Rate | None = None
    exchange: Exchanged | None = None
    record: Ref | None = None
    item: str | None = None
    person: str = ""
    role: str = ""
    deliverable: str = ""
    supplier: str = ""
    order: str = ""
    category: str = ""
    description: str = ""
    wanted: str = ""

    @property
    def is_work(self) -> bool:
        """Whether it is time that somebody logged."""
        return self.seconds is not None


def reporting_currency(work: Work) -> str:
    """The currency in which the project's money is reported."""
    return work.project.currency or work.config.rates.currency


def read_entries(work: Work, view: View) -> tuple[Entry, ...]:
    """The project's worklogs and costs as one view shows them, by day, each priced as far as it can be.

    Everything is read with today's ties, people and rates.
    """
    reader = _Reader(work, view)
    return tuple(sorted(reader.entries(), key=lambda entry: (entry.on, entry.id)))


class _Reader:
    """The rates and the names that all entries are read with."""

    def __init__(self, work: Work, view: View) -> None:
        self._work, self._view = work, view
        self._card = RateCard(work.config.rates)
        self._exchange = Exchange(work.config.rates.exchange, reporting_currency(work))
        self._people = People(work)
        issues = [issue for issue in work.view.all_issues() if issue.ref in work.item_of]
        self._issues: dict[Ref, Issue] = {issue.ref: issue for issue in issues}
        self._names = IssueNames(work, issues)
        self._deliverables = Deliverables(work, issues)

    def entries(self) -> Iterator[Entry]:
        for worklog in self._view.worklogs():
            if worklog.issue in self._work.item_of:
                yield self._work_entry(worklog)
        for cost in self._view.costs():
            yield self._cost_entry(cost)

    def _work_entry(self, worklog: Worklog) -> Entry:
        """A worklog at the rate of its day in the project's zone."""
        person = self._people.of_account(worklog.ref.connection, worklog.author)
        role, day = self._people.role(person), self._work.calendar.date_of(worklog.started)
        item = self._work.item_of[worklog.issue]
        issue = self._issues.get(worklog.issue)
        rate = self._card.rate(person, role, day)
        money = Money(rate.of(worklog.seconds), rate.currency) if rate is not None else None
        amount, exchange, reason = self._priced(money, day, person)
        return Entry(
            id=f"worklog {worklog.ref}",
            ref=worklog.ref,
            source=issue.source if issue is not None else "",
            kind=CostKind.ACTUAL,
            on=day,
            amount=amount,
            money=money,
            reason=reason,
            seconds=worklog.seconds,
            rate=rate,
            exchange=exchange,
            record=worklog.issue,
            item=item,
            person=person,
            role=role,
            deliverable=self._deliverables.of_item(item),
        )

    def _cost_entry(self, cost: Cost) -> Entry:
        person = self._people.named(cost.person) if cost.person else ""
        item = self._names.item(cost.issue) if cost.issue else None
        told = self._deliverables.named(cost.deliverable) if cost.deliverable else ""
        amount, exchange, reason = self._priced(cost.money, cost.on, person)
        return Entry(
            id=f"cost {cost.ref}",
            ref=cost.ref,
            source=cost.source,
            kind=cost.kind,
            on=cost.on,
            amount=amount,
            money=cost.money,
            reason=reason,
            exchange=exchange,
            item=item,
            person=person,
            role=cost.role or self._people.role(person),
            deliverable=told or (self._deliverables.of_item(item) if item else ""),
            supplier=cost.supplier,
            order=(cost.order or "").strip(),
            category=cost.category,
            description=cost.description,
            wanted=cost.issue or "" if item is None else "",
        )

    def _priced(
        self, money: Money | None, day: date, person: str
    ) -> tuple[Decimal | None, Exchanged | None, Reason | None]:
        """The amount in the report's currency and the exchange rate used, or why there is none."""
        if money is None:
            return None, None, self._missing(person)
        if money.currency == self._exchange.currency:
            return exact(money.amount), None, None
        exchange = self._exchange.rate(money.currency, day)
        if exchange is None:
            return None, None, Reason.NO_EXCHANGE
        return exchange.apply(money.amount), exchange, None

    def _missing(self, person: str) -> Reason:
        if self._card.empty:
            return Reason.NO_RATES
        return Reason.NO_RATE if self._people.is_known(person) else Reason.UNKNOWN_PERSON
