"""The headline: how late, since when and why; and how it was before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from reports.causes import Cause, CauseKind, Move
from reports.figures import Reason, State
from reports.lights import NetScope
from reports.outlook import Outlook
from reports.rag import Indicator, Light
from reports.sentences.phrases import Part, Sentence, Speaker, join, words
from reports.sentences.reasons import because
from reports.status import Verdict

__all__ = ["grown", "say_before", "say_cause", "say_net", "say_verdict"]

_STATES = {
    State.GREEN: "on track",
    State.AMBER: "at risk",
    State.RED: "off track",
    State.GREY: "unknown",
}


def say_verdict(verdict: Verdict, by: Speaker) -> Sentence:
    """ "Go-live is 12 working days late since 3 March, because …", and what else sets the state."""
    said = _finish(verdict, by)
    for indicator, word in ((Indicator.SCOPE, "scope"), (Indicator.SPRINT, "the sprint")):
        if verdict.now.shown.get(indicator) in (State.AMBER, State.RED):
            net = verdict.now.scope if indicator is Indicator.SCOPE else verdict.now.sprint
            if net is not None:
                said = join(said, _also(word, net, verdict, indicator, by))
    return join(said, _cost(verdict, by), _gaps(verdict, by))


def _cost(verdict: Verdict, by: Speaker) -> Sentence:
    """ " Cost is forecast at £506,000, £26,000 (5.4 %) over the budget.", where that is not on track."""
    cost = verdict.now.cost
    if cost is None or verdict.now.shown.get(Indicator.COST) not in (State.AMBER, State.RED):
        return ()
    forecast, voice = cost.burn.forecast, by.voice
    if forecast.amount is None or forecast.over is None or forecast.ratio is None:
        return ()
    word = "over" if forecast.over > 0 else "under"
    least = "at least " if forecast.at_least else ""
    over = f"{voice.money(abs(forecast.over), cost.currency)} ({voice.percent(abs(forecast.ratio))}) {word}"
    amount = voice.money(forecast.amount, cost.currency)
    return words(
        f" Cost is forecast at {least}{amount}, {over} the budget{_steady(verdict, Indicator.COST)}."
    )


def _finish(verdict: Verdict, by: Speaker) -> Sentence:
    finish, voice = verdict.finish, by.voice
    name = _subject(finish)
    if finish.slip is None:
        return join(name, _unmeasured(verdict, by))
    if finish.reached:
        return join(name, _reached(finish, by))
    if finish.slip <= 0:
        return join(name, _in_time(verdict, by))
    least = "at least " if finish.at_least else ""
    late = f" is {least}{voice.working_days(finish.slip)} late"
    cause = verdict.cause
    if cause is None:
        return join(name, words(late, finish.members), ".")
    return join(name, words(late, finish.members), _since(cause, by), ", because ", say_cause(cause, by), ".")


def _subject(finish: Outlook) -> Sentence:
    """The milestone's name, which is a tracker's word; the project itself has ours."""
    return (Part(finish.name, foreign=finish.goal is not None),)


def _unmeasured(verdict: Verdict, by: Speaker) -> Sentence:
    finish, voice = verdict.finish, by.voice
    when = f" is forecast for {voice.short_date(finish.forecast)}" if finish.forecast else " has no forecast"
    if verdict.target is not None and finish.forecast is not None and finish.forecast > verdict.target:
        when += f", after {voice.short_date(verdict.target)}, the date promised"
    least = " at the earliest" if finish.at_least and finish.forecast else ""
    reason = because(finish.reason or Reason.NO_DATE, by)
    return join(words(f"{when}{least}; ", finish.members), "how late that is, is unknown, because ", reason)


def _reached(finish: Outlook, by: Speaker) -> Sentence:
    assert finish.slip is not None, "only a known slip is said"
    on = f" on {by.voice.short_date(finish.forecast)}" if finish.forecast else ""
    if finish.slip == 0:
        return words(f" was reached{on}, as planned.", finish.members)
    word = "late" if finish.slip > 0 else "early"
    return words(f" was reached{on}, {by.voice.working_days(finish.slip)} {word}.", finish.members)


def _in_time(verdict: Verdict, by: Speaker) -> Sentence:
    finish = verdict.finish
    assert finish.slip is not None, "only a known slip is said"
    on = f" on {by.voice.short_date(finish.forecast)}" if finish.forecast else ""
    if finish.slip == 0:
        said = f" is forecast{on}, as planned"
    else:
        said = f" is forecast{on}, {by.voice.working_days(finish.slip)} early"
    steady = _steady(verdict, Indicator.SCHEDULE)
    return words(f"{said}{steady}.", finish.members)


def _steady(verdict: Verdict, indicator: Indicator) -> str:
    """What a reader must know where a light is worse than the figures: it improves after two good weeks."""
    light: Light | None = verdict.now.raw.get(indicator)
    shown = verdict.now.shown.get(indicator)
    if light is None or light.state is shown or shown is State.GREY or shown is None:
        return ""
    return f"; shown {_STATES[shown]} until that has held for two report weeks"


def _since(cause: Cause, by: Speaker) -> Sentence:
    if cause.since is None:
        return ()
    seen = cause.moves[0].reconstructed if cause.moves else False
    return words(f" since {by.voice.long_date(cause.since)}{' at the latest' if seen else ''}")


def _also(word: str, net: NetScope, verdict: Verdict, indicator: Indicator, by: Speaker) -> Sentence:
    against = f"baseline {verdict.now.plan}" if indicator is Indicator.SCOPE else "its start"
    named = f"{word} ({', '.join(net.names)})" if indicator is Indicator.SPRINT else word
    said = f"{named[0].upper()}{named[1:]} {grown(net, by)} since {against}"
    return words(f" {said}{_steady(verdict, indicator)}.")


def say_net(net: NetScope, by: Speaker) -> Sentence:
    """ "has grown by 35 points (8.5 %)"."""
    return words(grown(net, by))


def grown(net: NetScope, by: Speaker) -> str:
    """What comes after "scope": how much it has grown or shrunk since it was committed."""
    change = net.now - net.committed
    amount = change.effort if net.by_effort else Decimal(change.count)
    if not amount:
        return "has not changed in total"
    said = by.voice.amount(abs(amount), by.unit if net.by_effort and by.unit != "count" else "items")
    part = f" ({by.voice.percent(abs(net.share))})" if net.share is not None else ""
    return f"has {'grown' if amount > 0 else 'shrunk'} by {said}{part}"


def _gaps(verdict: Verdict, by: Speaker) -> Sentence:
    """What is grey is named, with why; the finish says its own."""
    said: Sentence = ()
    names = {Indicator.SCOPE: "Scope", Indicator.SPRINT: "Sprint scope", Indicator.DATA: "Freshness"}
    names[Indicator.COST] = "Cost"
    for indicator in verdict.gaps:
        light = verdict.now.raw.get(indicator)
        if indicator in names and light is not None and light.reason is not verdict.finish.reason:
            reason = because(light.reason or Reason.NO_ITEMS, by)
            said = join(said, f" {names[indicator]} is unknown, because ", reason)
    return said


def say_before(verdict: Verdict, by: Speaker) -> Sentence:
    """ "On 18 Mar: 7 working days late. Off track for 2 weeks. Baseline B1 of 12 Jan."."""
    then = by.voice.day(verdict.last_at)
    last = verdict.last.slip
    if last is None:
        before = f"On {then}: unknown."
    elif last == 0:
        before = f"On {then}: as planned."
    else:
        before = f"On {then}: {by.voice.working_days(last)} {'late' if last > 0 else 'early'}."
    weeks = by.voice.amount(verdict.weeks, "weeks")
    shown = f"for {weeks}" if verdict.weeks else f"since {by.voice.short_date(verdict.shown_since)}"
    state = f"{_STATES[verdict.state].capitalize()} {shown}."
    if verdict.now.plan is None or verdict.baseline_as_of is None:
        return words(f"{before} {state} No baseline.")
    return words(f"{before} {state} Baseline {verdict.now.plan} of {by.voice.day(verdict.baseline_as_of)}.")


def say_cause(cause: Cause, by: Speaker) -> Sentence:
    """What comes after "because": what happened to which item, and what that drives."""
    if cause.kind is CauseKind.NOT_RECORDED:
        reach = (
            f" (no history before {by.voice.short_date(cause.history_from)})" if cause.history_from else ""
        )
        return words(f"of something that is not recorded{reach}")
    if cause.item is None:
        if cause.kind is CauseKind.DATE_MOVED:
            return join("its own date ", _moved(cause.moves, by))
        return words("its date passed and it is not reached")
    return join(
        by.record(cause.item, cause.moves[-1].record if cause.moves else None),
        _happened(cause, cause.item, by),
        _drives(cause, by),
    )


def _happened(cause: Cause, item: str, by: Speaker) -> Sentence:
    due = by.due(item)
    match cause.kind:
        case CauseKind.MOVED:
            overdue = due is not None and due < by.voice.today and by.is_open(item)
            return join(" ", _moved(cause.moves, by), " and is overdue" if overdue else "")
        case CauseKind.ADDED:
            return words(" was added" + _dated(", due ", due, by))
        case CauseKind.FINISHED_LATE:
            return words(" was finished late")
        case _:
            return words(_dated(" was due ", due, by) + " and is still open")


def _dated(text: str, day: date | None, by: Speaker) -> str:
    return f"{text}{by.voice.short_date(day)}" if day is not None else ""


def _moved(moves: tuple[Move, ...], by: Speaker) -> Sentence:
    """ "moved from 20 Mar to 9 Apr", "moved twice, from 20 Mar to 9 Apr"."""
    first, last = moves[0].before, moves[-1].after
    times = f" {by.voice.times(len(moves))}," if len(moves) > 1 else ""
    begin = f" from {by.voice.short_date(first)}" if first else ""
    end = f" to {by.voice.short_date(last)}" if last else ", and now has no date"
    return words(f"moved{times}{begin}{end}")


def _drives(cause: Cause, by: Speaker) -> Sentence:
    if len(cause.chain) > 1:
        return join(" and drives ", by.key(cause.chain[-1]))
    return ()
