"""What is said about money: how it stands beside the work, and what has no price and why."""

from __future__ import annotations

from model.values import CostKind
from reports.cost.burn import Burn, Forecast
from reports.cost.news import CostNews
from reports.cost.report import CostReport, Unpriced
from reports.figures import Reason
from reports.sentences.phrases import Part, Sentence, Speaker, join, words
from reports.sentences.reasons import because

__all__ = ["say_cost", "say_cost_news", "say_forecast", "say_unpriced"]

_SPENT = {CostKind.BUDGETED: "budgeted", CostKind.COMMITTED: "ordered", CostKind.ACTUAL: "spent"}


def say_cost(report: CostReport, by: Speaker) -> Sentence:
    """ "£250,000 of £480,000 is spent (52 %), £40,000 more is ordered. 38 % of the scope is done …"."""
    if report.sums.actual.value is None:
        reason = report.sums.actual.reason or Reason.NO_COSTS
        logged = f"{by.voice.hours(report.seconds)} are logged and not priced" if report.seconds else ""
        said = logged or "What was spent is unknown"
        return join(f"{said}, because ", because(reason, by), _ordered(report, by, " "), _budget(report, by))
    forecast = say_forecast(report.burn.forecast, report.currency, by)
    return join(
        _spent(report, by),
        _ordered(report, by, ", "),
        ".",
        _done(report.burn, by),
        " ",
        forecast,
        _gap(report, by),
    )


def _spent(report: CostReport, by: Speaker) -> Sentence:
    actual, budget, voice = report.sums.actual, report.sums.budget, by.voice
    assert actual.value is not None, "only a known sum is said"
    least = "At least " if actual.at_least else ""
    said = f"{least}{voice.money(actual.value, report.currency)}"
    if budget.value is None or report.burn.spent is None:
        return words(f"{said} is spent")
    whole = voice.money(budget.value, report.currency)
    return words(f"{said} of {whole} is spent ({voice.percent(report.burn.spent)})")


def _ordered(report: CostReport, by: Speaker, before: str) -> Sentence:
    committed = report.sums.committed.value
    if not committed:
        return ()
    more = "is ordered." if before == " " else "more is ordered"
    return words(f"{before}{by.voice.money(committed, report.currency)} {more}")


def _budget(report: CostReport, by: Speaker) -> Sentence:
    """The budget, where nothing can be set against it."""
    budget = report.sums.budget.value
    return words(f" The budget is {by.voice.money(budget, report.currency)}.") if budget is not None else ()


def _done(burn: Burn, by: Speaker) -> Sentence:
    scope = burn.scope
    if scope.share is None:
        return ()
    of = f"{by.voice.number(scope.done)} of {by.voice.amount(scope.scope, scope.unit)}"
    return words(f" {by.voice.percent(scope.share)} of the scope is done ({of}).")


def say_forecast(forecast: Forecast, currency: str, by: Speaker) -> Sentence:
    """ "£506,000 is forecast at completion, £26,000 (5.4 %) over the budget."."""
    if forecast.amount is None:
        reason = forecast.reason or Reason.UNPRICED
        what = "The budget" if reason is Reason.NO_BUDGET else "The cost at completion"
        return join(f"{what} is unknown, because ", because(reason, by))
    least = "At least " if forecast.at_least else ""
    said = f"{least}{by.voice.money(forecast.amount, currency)} is forecast at completion"
    if not forecast.over or forecast.ratio is None:
        return words(f"{said}, as budgeted.")
    word = "over" if forecast.over > 0 else "under"
    part = by.voice.percent(abs(forecast.ratio))
    return words(f"{said}, {by.voice.money(abs(forecast.over), currency)} ({part}) {word} the budget.")


def _gap(report: CostReport, by: Speaker) -> Sentence:
    """That something is missing in the sums, and how much of it is known."""
    if not report.unpriced:
        return ()
    seconds = sum(one.seconds for one in report.unpriced)
    costs = sum(len(one.entries) for one in report.unpriced if one.money is not None)
    told = [f"{by.voice.hours(seconds)} of work"] if seconds else []
    told += [by.voice.amount(costs, "costs")] if costs else []
    return words(f" {' and '.join(told)} not priced.") if told else ()


def say_unpriced(one: Unpriced, by: Speaker) -> Sentence:
    """What has no price, why, and the line that would give it one."""
    voice, name = by.voice, (Part(one.name, foreign=True),)
    logged = words(voice.hours(one.seconds), one.entries)
    match one.reason:
        case Reason.NO_RATES:
            return join(logged, " are logged and not priced, because ", because(one.reason, by))
        case Reason.UNKNOWN_PERSON:
            connection, _, account = one.subject.partition(":")
            return join(
                name,
                ": ",
                logged,
                ", because nobody is known behind this account and there is no default rate. "
                f"Add it to a person in [people]: accounts = {{ {connection} = “",
                (Part(account, foreign=True),),
                "” }, or set rates.default.",
            )
        case Reason.NO_RATE:
            return join(
                name,
                ": ",
                logged,
                f", because no rate is valid on {voice.short_date(one.first)} for this person or their role. "
                f"Add to [rates]: people = {{ {one.subject} = … }}, or default = ….",
            )
        case _:
            told = voice.money(one.money.amount, one.money.currency) if one.money else ""
            return join(
                words(told, one.entries),
                f" {_SPENT[one.kind]}, because no exchange rate of {one.subject} holds on "
                f"{voice.short_date(one.first)}. Add to rates.exchange: "
                f'{{ from = "{one.subject}", to = "{one.currency}", on = {one.first}, rate = … }}.',
            )


def say_cost_news(news: CostNews, by: Speaker) -> Sentence:
    """One line: whether anything was spent since, and how much of it was booked late."""
    since = by.voice.day(news.since)
    if news.quiet:
        return words(f"Nothing was booked since {since}.")
    late = f", {by.voice.amount(len(news.late), 'rows')} of them dated before" if news.late else ""
    told = [f"{by.voice.amount(len(news.new_entries), 'rows')} new{late}"]
    if news.withdrawn_entries:
        told.append(f"{by.voice.amount(len(news.withdrawn_entries), 'rows')} withdrawn")
    if news.repriced_entries:
        told.append(f"{by.voice.amount(len(news.repriced_entries), 'rows')} changed")
    return words(f"Since {since}: {'; '.join(told)}.")
