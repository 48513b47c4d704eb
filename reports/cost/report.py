"""The cost report: budget, commitments and actuals kept apart, beside the work that was done for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from model.values import CostKind, Money
from reports.baseline import Plan
from reports.charts import CostCurve, CostPoint
from reports.cost.burn import Burn, ScopeDone, burn_of, cost_light
from reports.cost.cuts import Cut, cuts
from reports.cost.doubles import Double, Suspect
from reports.cost.entries import Entry
from reports.cost.homes import People
from reports.cost.ledger import Budget, Ledger, Sums, read_ledger
from reports.cost.news import CostNews, cost_news
from reports.cost.orders import unordered
from reports.figures import Reason
from reports.labels import Label
from reports.rag import Light
from reports.scope_report import ProjectReplays
from reports.work import Work

if TYPE_CHECKING:
    from model.view import View

__all__ = ["CostReport", "Unpriced", "cost_report", "unpriced"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Entries without an amount for one reason: of one person, or in one currency.

    `subject` is the person's key or account, or the currency; `name` what people call that. `seconds` is
    logged time, `money` what was told, `first` the first of their days, `currency` that of the report.
    """

    reason: Reason
    kind: CostKind
    subject: str
    name: str
    seconds: int
    money: Money | None
    first: date
    currency: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CostReport:
    """A project's costs at `as_of` as far as was known at `known`, all amounts in `currency`.

    `entries` are all that count, dated until then or later; `doubles` do not count and `suspects` wait for a
    person. `unordered` are invoices on orders that nobody told of, `astray` costs that name an issue nobody
    knows, `assumed` work at the default rate because nobody maps the account.
    """

    name: str
    title: str
    as_of: datetime
    known: datetime
    currency: str
    sums: Sums
    budget: Budget
    burn: Burn
    light: Light
    cuts: tuple[Cut, ...]
    curve: CostCurve
    news: CostNews
    unpriced: tuple[Unpriced, ...]
    doubles: tuple[Double, ...]
    suspects: tuple[Suspect, ...]
    unordered: tuple[str, ...]
    astray: tuple[str, ...]
    assumed: tuple[str, ...]
    seconds: int
    entries: tuple[Entry, ...]
    names: Mapping[str, str]
    items: Mapping[str, Label]


def cost_report(
    work: Work,
    plan: Plan | None,
    names: Mapping[str, Label],
    since: datetime,
    dimension: str | None = None,
    past: View | None = None,
) -> CostReport:
    """Everything about money at the work's instant.

    `past` shows what was known at `since`; without it the past is told with today's knowledge. `names` are
    the labels of the items; `dimension` is a name from the project's config.
    """
    ledger = read_ledger(work)
    sums = ledger.at(work.today)
    scope = ScopeDone(work, ProjectReplays(work).project(plan))
    burn = burn_of(sums, scope.at(work.at))
    before = read_ledger(work, past) if past is not None else ledger
    entries = ledger.until(work.today)
    named = {entry.item for entry in ledger.entries} | {double.entry.item for double in ledger.doubles}
    return CostReport(
        name=work.name,
        title=work.project.name,
        as_of=work.at,
        known=work.known,
        currency=ledger.currency,
        sums=sums,
        budget=ledger.budget,
        burn=burn,
        light=cost_light(sums, burn.forecast, work.project.limits.cost),
        cuts=cuts(work, ledger, sums, dimension),
        curve=_curve(ledger, work.today),
        news=cost_news(ledger, work.today, before, since, work.calendar.date_of(since)),
        unpriced=unpriced(ledger, work.today),
        doubles=ledger.doubles,
        suspects=ledger.suspects,
        unordered=tuple(entry.id for entry in unordered(entries)),
        astray=tuple(entry.id for entry in entries if entry.wanted),
        assumed=_assumed(work, entries),
        seconds=sum(entry.seconds or 0 for entry in entries),
        entries=ledger.entries,
        names=ledger.names,
        items={item: label for item, label in names.items() if item in named},
    )


def unpriced(ledger: Ledger, day: date) -> tuple[Unpriced, ...]:
    """What has no amount at the end of a day, by reason and by person or currency; the most time first."""
    groups: dict[tuple[Reason, str, CostKind], list[Entry]] = defaultdict(list)
    for entry in ledger.until(day):
        if entry.reason is not None:
            subject = entry.money.currency if entry.money is not None else entry.person
            whole = entry.reason is Reason.NO_RATES
            groups[entry.reason, "" if whole else subject, entry.kind].append(entry)
    found = [_unpriced(key, entries, ledger) for key, entries in groups.items()]
    return tuple(sorted(found, key=lambda one: (one.reason, -one.seconds, one.kind, one.subject)))


def _unpriced(key: tuple[Reason, str, CostKind], entries: Sequence[Entry], ledger: Ledger) -> Unpriced:
    reason, subject, kind = key
    told = [entry.money for entry in entries if entry.money is not None]
    return Unpriced(
        reason=reason,
        kind=kind,
        subject=subject,
        name=ledger.names.get(subject, subject),
        seconds=sum(entry.seconds or 0 for entry in entries),
        money=Money(sum((money.amount for money in told), _NOTHING), subject) if told else None,
        first=min(entry.on for entry in entries),
        currency=ledger.currency,
        entries=tuple(entry.id for entry in entries),
    )


def _assumed(work: Work, entries: Iterable[Entry]) -> tuple[str, ...]:
    people = People(work)
    return tuple(
        entry.id
        for entry in entries
        if entry.is_work and entry.amount is not None and not people.is_known(entry.person)
    )


def _curve(ledger: Ledger, today: date) -> CostCurve:
    """The sums at each month's end since the first cost, and today's."""
    dated = [entry.on for entry in ledger.entries if entry.kind is not CostKind.BUDGETED]
    points = []
    for day in _month_ends(min(dated, default=today), today):
        sums = ledger.at(day)
        if sums.bound is not None:
            points.append(CostPoint(day, sums.actual.value or _NOTHING, sums.bound))
    return CostCurve(ledger.currency, tuple(points), ledger.budget.total.value)


def _month_ends(first: date, last: date) -> Iterable[date]:
    """The last days of the months from `first` until `last`, and `last` itself."""
    year, month = first.year, first.month
    while (year, month) < (last.year, last.month):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        yield date.fromordinal(date(year, month, 1).toordinal() - 1)
    if first <= last:
        yield last
