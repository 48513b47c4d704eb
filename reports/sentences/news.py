"""What changed since the last report, one line a change."""

from __future__ import annotations

from reports.news import EventKind, GoalMove, News, ScopeEvent, Slipped
from reports.sentences.phrases import Part, Sentence, Speaker, enumerated, join, words

__all__ = ["say_event", "say_goal_move", "say_news", "say_slipped"]

_VERBS = {
    EventKind.ADDED: "was added",
    EventKind.REMOVED: "was removed",
    EventKind.UP: "was re-estimated, larger",
    EventKind.DOWN: "was re-estimated, smaller",
    EventKind.SPLIT: "was divided",
    EventKind.REWORK: "was raised as rework",
}


def say_slipped(slipped: Slipped, by: Speaker) -> Sentence:
    """ "FW-114 “Firewall rules”: 14 working days later, moved from 20 Mar to 9 Apr by Ann Osei on 3 Mar"."""
    voice = by.voice
    days = voice.working_days(slipped.days)
    if slipped.at_least:
        said = f": at least {days} late; it was due {voice.short_date(slipped.before)} and is still open"
        return join(by.item(slipped.item), said)
    first, last = slipped.moves[0], slipped.moves[-1]
    word = "later" if slipped.days > 0 else "earlier"
    times = f" {voice.times(len(slipped.moves))}" if len(slipped.moves) > 1 else ""
    dates = f"from {voice.short_date(slipped.before)} to {voice.short_date(slipped.after)}"
    said = f": {days} {word}, moved{times} {dates}"
    people = _people(tuple(move.actor for move in slipped.moves))
    on = f" on {voice.day(first.at)}" if first is last else f", last on {voice.day(last.at)}"
    seen = " (seen by comparing two reads)" if last.reconstructed else ""
    behind = join("; it waits for ", by.item(slipped.behind, tracker=True)) if slipped.behind else ()
    return join(by.item(slipped.item), said, people, on, seen, behind)


def say_goal_move(move: GoalMove, by: Speaker) -> Sentence:
    """ "Go-live: forecast 24 Jun, was 17 Jun, 5 working days later"."""
    voice, name = by.voice, (Part(move.name, foreign=True),)
    if move.reached:
        return join(name, f" was reached{f' on {voice.short_date(move.after)}' if move.after else ''}")
    if move.after is None:
        before = f"; it was {voice.short_date(move.before)}" if move.before else ""
        return join(name, f" has no forecast any more{before}")
    now = f": forecast {voice.short_date(move.after)}"
    if move.before is None:
        return join(name, f"{now}, it had none")
    days = f", {voice.working_days(move.days)} {'later' if move.days > 0 else 'earlier'}" if move.days else ""
    return join(name, f"{now}, was {voice.short_date(move.before)}{days}")


def say_event(event: ScopeEvent, by: Speaker) -> Sentence:
    """ "FW-9 “Vendor prices” was added on 3 Mar by Ann Osei: 5 points"."""
    line = event.line
    when = f" on {by.voice.day(line.at)}" if line.at is not None else ""
    size = f": {by.voice.amount(abs(line.quantity.effort), by.unit)}" if line.quantity.effort else ""
    first = ", its first estimate" if line.first_estimate else ""
    people = _people((event.actor,))
    return join(by.item(line.item), f" {_VERBS[event.kind]}{when}", people, f"{size}{first}")


def say_news(news: News, by: Speaker) -> Sentence:
    """One line: what the window brought, or that it brought nothing."""
    since = by.voice.day(news.since)
    if news.quiet:
        return words(f"Nothing changed since {since}.")
    voice, scope = by.voice, news.scope
    counted = (
        (len(news.later), "item later", "items later", tuple(s.item for s in news.later)),
        (len(news.earlier), "item earlier", "items earlier", tuple(s.item for s in news.earlier)),
        (len(scope.added.lines), "added", "added", scope.added.items),
        (len(scope.removed.lines), "removed", "removed", scope.removed.items),
        (
            len(scope.up.lines) + len(scope.down.lines),
            *("re-estimated", "re-estimated", scope.up.items + scope.down.items),
        ),
        (len(news.finished), "finished", "finished", news.finished),
    )
    pieces = [
        words(f"{voice.number(count)} {one if count == 1 else many}", items)
        for count, one, many, items in counted
        if count
    ]
    net = scope.net.effort
    if net:
        pieces.append(words(f"{voice.amount(abs(net), by.unit)} {'more' if net > 0 else 'less'} in all"))
    if not pieces:
        return words(f"Since {since}: {voice.amount(len(news.goals), 'forecasts')} moved.")
    return join(f"Since {since}: ", enumerated(pieces), ".")


def _people(actors: tuple[str | None, ...]) -> Sentence:
    """ " by Ann Osei and Ben Roy": names are a tracker's words."""
    named = [(Part(name, foreign=True),) for name in dict.fromkeys(actors) if name]
    return join(" by ", enumerated(named)) if named else ()
