"""The cost report as a page: how the money stands, beside the work, and where it went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from reports.charts import cost_curve
from reports.cost.cuts import Cut, CutRow
from reports.cost.doubles import Suspect
from reports.cost.ledger import Amount
from reports.cost.orders import Order
from reports.cost.report import CostReport
from reports.figures import RULES, Reason
from reports.pages.cost_rows import CostRows
from reports.pages.desk import Desk, bullets, section
from reports.render.page import Column, Line, Page, Paragraph, Picture, Section, Span, Table, plain
from reports.wording import Speaker
from reports.work import Work

__all__ = ["cost_page"]

_FEWEST_POINTS = 2
_MOST_WORDS = 3
_AXES = {
    "person": "By person",
    "role": "By role",
    "deliverable": "By deliverable",
    "month": "By month",
    "supplier": "By supplier",
    "category": "By category",
}


def cost_page(work: Work, report: CostReport, by: Speaker) -> Page:
    """The whole report; `by` speaks of its items."""
    trackers = {name: work.tracker(name) for name in work.config.connections}
    rows = CostRows(report, by.voice, trackers)
    sheet = _Sheet(Desk(work, by, report.items, rows.rows), report, rows)
    budgeted = report.sums.budget.reason is not Reason.NO_BUDGET
    return sheet.desk.page(
        f"{report.title}: cost",
        sheet.desk.subtitle("cost"),
        report.light.state if budgeted else None,
        sheet.desk.say(report),
        sheet.sections(),
        footer=sheet.footer(),
    )


class _Sheet:
    """Writes the sections of one report."""

    def __init__(self, desk: Desk, report: CostReport, rows: CostRows) -> None:
        self.desk = desk
        self._report = report
        self._rows = rows
        self._say = desk.voice

    def sections(self) -> Iterable[Section]:
        report = self._report
        yield section("Money", self._money(), half=True)
        yield section("Beside the work", self._burn(), half=True)
        yield section("How the money went", self._curve())
        yield section(f"Since {self._say.day(report.news.since)}", *self._news())
        yield section("Not priced", bullets(map(self._said, report.unpriced)))
        yield section("To be settled", bullets(self._unsettled()))
        for cut in report.cuts:
            title = _AXES.get(cut.axis, f"By {cut.axis}")
            yield section(title, self._cut(cut))
        yield section("Purchase orders", self._orders())
        yield section("Counted once", self._doubles())

    def footer(self) -> Iterable[Line]:
        used = {
            (entry.money.currency, entry.exchange.on)
            for entry in self._report.entries
            if entry.exchange is not None and entry.money is not None
        }
        rates = (
            f"; {self._say.amount(len(used), 'exchange rates')} in use, each shown with its cost"
            if used
            else ""
        )
        yield plain(
            f"All amounts in {self._report.currency}{rates}. "
            f"Work is priced at the rate of its person and day. Rules version {RULES}."
        )

    def _opening(self, text: str, entries: Iterable[str], label: str) -> Span:
        return self.desk.opening(text, self._rows.of(entries), label)

    def _said(self, fact: object) -> Line:
        """A fact in words; what it opens to are rows."""
        return tuple(
            replace(span, items=self._rows.of(span.items)) if span.items else span
            for span in self.desk.say(fact)
        )

    def _amount(self, amount: Amount, label: str, *, blank: bool = False) -> Line:
        """The sum, opening to its rows; `blank`: nothing at all is an empty cell."""
        if amount.value is None:
            return (self._opening("not priced" if amount.unpriced else "unknown", amount.unpriced, label),)
        if blank and not amount.entries and not amount.unpriced:
            return ()
        least = "at least " if amount.at_least else ""
        return (self._opening(f"{least}{self._say.cents(amount.value)}", amount.entries, label),)

    def _money(self) -> Table:
        sums = self._report.sums
        rows = [
            (plain("Budget"), self._amount(sums.budget, "budget")),
            (plain("Spent"), self._amount(sums.actual, "spent")),
            (plain("Ordered, not invoiced"), self._amount(sums.committed, "ordered, not invoiced")),
        ]
        if sums.remaining is None:
            remaining = "unknown"
        else:
            most = "at most " if sums.at_most else ""
            remaining = f"{most}{self._say.cents(sums.remaining)}"
        behind = (*sums.budget.entries, *sums.actual.entries, *sums.committed.entries)
        rows.append((plain("Remaining"), (self._opening(remaining, behind, "remaining"),)))
        return Table("", (Column("", grows=True), Column(self._report.currency, numeric=True)), tuple(rows))

    def _burn(self) -> Table:
        """Both shares with what they are shares of, then what the finished work was budgeted at."""
        burn, sums, say = self._report.burn, self._report.sums, self._say
        unit = burn.scope.unit
        rows = [
            _burned(
                "Scope done",
                say.number(burn.scope.done),
                say.amount(burn.scope.scope, unit),
                self._share(burn.scope.share),
            )
        ]
        spent = say.cents(sums.actual.value) if sums.actual.value is not None else "unknown"
        whole = say.cents(sums.budget.value) if sums.budget.value is not None else "unknown"
        rows.append(_burned("Budget spent", spent, whole, self._share(burn.spent)))
        forecast = burn.forecast
        if forecast.earned is not None:
            rows.append(_burned("Budget of what is done", say.cents(forecast.earned), whole, ""))
        if forecast.amount is not None:
            least = "at least " if forecast.at_least else ""
            ratio = say.percent(1 + forecast.ratio) if forecast.ratio is not None else ""
            rows.append(
                _burned("Forecast at completion", f"{least}{say.cents(forecast.amount)}", whole, ratio)
            )
        heads = (
            Column("", grows=True),
            Column("now", numeric=True),
            Column("of", numeric=True),
            Column("share", numeric=True),
        )
        return Table(f"at the same instant; money in {self._report.currency}", heads, tuple(rows))

    def _share(self, ratio: float | None) -> str:
        return self._say.percent(ratio) if ratio is not None else "unknown"

    def _curve(self) -> Picture | None:
        curve, say = self._report.curve, self._say
        if len(curve.points) < _FEWEST_POINTS:
            return None
        last = curve.points[-1]
        title = f"{say.money(last.actual, curve.currency)} is spent"
        if curve.budget is not None:
            title += f" of {say.money(curve.budget, curve.currency)}"
        rows = tuple(
            (plain(self.desk.date(p.on)), plain(say.cents(p.actual)), plain(say.cents(p.bound)))
            for p in curve.points
        )
        heads = (Column("Day"), Column("Spent", numeric=True), Column("With open orders", numeric=True))
        subtitle = f"Spent, and spent or ordered, in {curve.currency}, by month; dashed is the budget"
        return Picture("cost", title, subtitle, cost_curve(curve), Table("", heads, rows))

    def _news(self) -> Iterable[Paragraph | Table]:
        news, sums, say = self._report.news, self._report.sums, self._say
        yield Paragraph(self.desk.say(news))
        rows = []
        for name, then, now in (
            ("Budget", news.then.budget.value, sums.budget.value),
            ("Spent", news.then.actual.value, sums.actual.value),
            ("Ordered, not invoiced", news.then.committed.value, sums.committed.value),
        ):
            if then != now:
                moved = say.cents(now - then) if now is not None and then is not None else "unknown"
                rows.append((plain(name), plain(self._value(then)), plain(self._value(now)), plain(moved)))
        withdrawn = tuple(entry.id for entry in news.withdrawn_entries)
        for name, amount, ids in (
            ("of it new", news.new, news.new_entries),
            ("of it dated before, booked late", None, news.late),
            ("of it withdrawn", -news.withdrawn, withdrawn),
            ("of it priced anew", news.repriced, news.repriced_entries),
        ):
            if ids:
                text = say.cents(amount) if amount is not None else say.amount(len(ids), "rows")
                rows.append((plain(name), (), (), (self._opening(text, ids, name),)))
        if rows:
            heads = (Column("", grows=True), *(Column(c, numeric=True) for c in ("Then", "Now", "Change")))
            yield Table(f"in {self._report.currency}", heads, tuple(rows))

    def _value(self, value: Decimal | None) -> str:
        return self._say.cents(value) if value is not None else "unknown"

    def _cut(self, cut: Cut) -> Table:
        """Columns that say nothing on this axis are left out."""
        report = self._report
        heads = [Column("", grows=True)]
        budget, committed = (any(self._told(row, n) for row in cut.rows) for n in ("budget", "committed"))
        timed = any(row.seconds for row in cut.rows)
        for shown, title in ((budget, "Budget"), (committed, "Ordered"), (True, "Spent"), (timed, "Hours")):
            heads += [Column(title, numeric=True)] if shown else []
        rows = []
        for row in cut.rows:
            name = self._value_name(cut.axis, row)
            cells: list[Line] = [name]
            cells += [self._amount(row.budget, "budget", blank=True)] if budget else []
            cells += [self._amount(row.committed, "ordered", blank=True)] if committed else []
            cells.append(self._amount(row.actual, f"spent: {row.title or 'none'}", blank=True))
            hours = self._say.number(Decimal(row.seconds) / 3600) if row.seconds else ""
            cells += [plain(hours)] if timed else []
            rows.append(tuple(cells))
        return Table(f"in {report.currency}; the parts make the whole", tuple(heads), tuple(rows))

    def _told(self, row: CutRow, name: str) -> bool:
        amount: Amount = getattr(row, name)
        return bool(amount.entries or amount.unpriced)

    def _value_name(self, axis: str, row: CutRow) -> Line:
        if not row.value:
            return plain(f"no {axis}")
        if axis == "month":
            return plain(self._say.month(date.fromisoformat(f"{row.value}-01")))
        return (Span(row.title, foreign=True),)

    def _orders(self) -> Table | None:
        orders = [order for order in self._report.sums.orders if order.ordered or order.drawn]
        if not orders:
            return None
        heads = (
            *(Column("Order"), Column("Supplier", grows=True), Column("")),
            *(Column(title, numeric=True) for title in ("Ordered", "Invoiced", "Open", "Over")),
        )
        return Table("in the order's own currency", heads, tuple(map(self._order, orders)))

    def _order(self, order: Order) -> tuple[Line, ...]:
        name = (Span(order.name or "no number", foreign=bool(order.name)),)
        over = self._say.cents(order.over) if order.over else ""
        if order.ordered < 0:
            over = "more cancelled than ordered"
        label = f"order {order.name}"
        return (
            *(name, (Span(order.supplier, foreign=True),), plain(order.currency)),
            (self._opening(self._say.cents(order.ordered), order.entries, label),),
            (self._opening(self._say.cents(order.drawn), order.invoices, f"{label}: invoices"),),
            plain(self._say.cents(order.open)),
            plain(over),
        )

    def _unsettled(self) -> Iterable[Line]:
        report, say = self._report, self._say
        yield from map(self._suspect, report.suspects)
        yield from (self._over(order) for order in report.sums.orders if order.over)
        told = {entry.id: entry for entry in report.entries}
        for ids, words, after, step in (
            (
                report.unordered,
                [told[id].order for id in report.unordered],
                " on orders that nobody told of",
                "Add the order, or correct its number.",
            ),
            (
                report.astray,
                [told[id].wanted for id in report.astray],
                " naming an issue that is in no source",
                "Correct the key, or add the source.",
            ),
        ):
            if ids:
                count = self._opening(say.amount(len(ids), "costs"), ids, after.strip())
                yield (count, Span(f"{after}: "), *_listed(words), Span(f". {step}"))
        if report.assumed:
            seconds = sum(told[id].seconds or 0 for id in report.assumed)
            hours = self._opening(say.hours(seconds), report.assumed, "at the default rate")
            why = " at the default rate, because nobody is known behind the accounts: "
            names = [report.names[told[id].person] for id in report.assumed]
            yield (hours, Span(why), *_listed(names), Span(". Add them to [people]."))
        if report.sums.later:
            rows = say.amount(len(report.sums.later), "rows")
            why = " dated after this report's day: not counted yet."
            yield (self._opening(rows, report.sums.later, "dated later"), Span(why))
        yield from self._budget_differs()

    def _over(self, order: Order) -> Line:
        over = f"{self._say.cents(order.over)} {order.currency}"
        return (
            Span("Order "),
            Span(order.name, foreign=True),
            Span(" is exceeded by "),
            self._opening(over, order.invoices, f"order {order.name}: invoices"),
            Span(". Extend it, or query the invoices."),
        )

    def _budget_differs(self) -> Iterable[Line]:
        """The config's budget wins; where the lines of files make another sum, that is said."""
        configured, lines, total = (
            self._report.budget.configured,
            self._report.budget.lines,
            self._report.budget.total,
        )
        if configured is None or lines.value is None or total.value is None or lines.value == total.value:
            return
        word = "more" if lines.value > total.value else "less"
        differs = self._say.cents(abs(lines.value - total.value))
        yield (
            Span("The budget is that of crosstie.toml; the lines in files make "),
            self._opening(f"{differs} {word}", lines.entries, "budget lines"),
            Span(". Correct one of the two."),
        )

    def _suspect(self, suspect: Suspect) -> Line:
        report, say = self._report, self._say
        who = report.names.get(suspect.person, suspect.person)
        at_stake = (
            f"{say.cents(suspect.stake)} {report.currency}" if suspect.stake is not None else "not priced"
        )
        return (
            *self.desk.issue(suspect.item),
            Span(" on "),
            Span(say.short_date(suspect.on)),
            Span(" by "),
            Span(who, foreign=True),
            Span(": perhaps logged or paid twice ("),
            self._opening(at_stake, suspect.entries, "perhaps twice"),
            Span("). All of it counts; delete one where it was booked if it is the same."),
        )

    def _doubles(self) -> Paragraph | None:
        doubles = self._report.doubles
        if not doubles:
            return None
        hours = self._say.hours(sum(double.entry.seconds or 0 for double in doubles))
        ids = [id for double in doubles for id in (double.entry.id, double.kept)]
        why = (
            " logged again in a tied issue by the same person on the same day at the same length: not added."
        )
        return Paragraph((self._opening(hours, ids, "logged twice"), Span(why)))


def _listed(words: Iterable[str]) -> Iterable[Span]:
    """The first few of a tracker's words, and whether there are more."""
    several = list(dict.fromkeys(words))
    for number, word in enumerate(several[:_MOST_WORDS]):
        yield Span(", " if number else "")
        yield Span(word, foreign=True)
    if len(several) > _MOST_WORDS:
        yield Span(f" and {len(several) - _MOST_WORDS} more")


def _burned(name: str, now: str, of: str, share: str) -> tuple[Line, ...]:
    return plain(name), plain(now), plain(of), plain(share)
