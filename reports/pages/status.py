"""The status report as a page, in the order in which a steering committee asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise

from reports.charts import burn_up, milestone_trend
from reports.figures import Figure, State
from reports.pages.desk import Desk, bullets, note, section
from reports.pages.scope import scope_sections
from reports.pages.slip import lateness, slip_sections
from reports.rag import Indicator
from reports.render.page import (
    WORDS,
    Bullets,
    Column,
    Line,
    Page,
    Paragraph,
    Picture,
    Section,
    Span,
    Table,
    plain,
)
from reports.rows import StateRow
from reports.status import StatusReport
from reports.wording import before, speaker_of
from reports.work import Work

__all__ = ["status_page"]

_MOST = 5
_MOST_NEWS = 6
_FEWEST_DATES = 3
_NAMES = {
    Indicator.SCHEDULE: "Schedule",
    Indicator.SCOPE: "Scope",
    Indicator.SPRINT: "Sprint scope",
    Indicator.COST: "Cost",
    Indicator.DATA: "Data",
}


def status_page(work: Work, report: StatusReport) -> Page:
    """The whole report: the first page and, behind it, every slip and every change of scope."""
    desk = Desk(work, speaker_of(report), report.items)
    return desk.page(
        report.title,
        desk.subtitle("status"),
        report.verdict.state,
        desk.say(report.verdict),
        (*_front(desk, report), *_annex(desk, report)),
        notes=_notes(desk, report),
        footer=(desk.say(report.evidence), _limits(desk, report.lights.now.cost is not None)),
    )


def _notes(desk: Desk, report: StatusReport) -> Iterable[Line]:
    yield desk.line(before(report, desk.by))
    if report.restated:
        yield plain("Figures of the past are restated with what is known today.")


def _limits(desk: Desk, budgeted: bool) -> Line:
    """Where green and amber end, as configured: a light without its rule is only a colour."""
    limits, say = desk.work.project.limits, desk.voice.percent
    told = [
        f"{name} up to {say(float(green))} green, {say(float(amber))} amber"
        for name, (green, amber) in (
            ("finish slip of remaining time", limits.slip),
            ("sprint's net scope change", limits.sprint_scope),
            ("net scope change since the baseline", limits.scope),
            *([("cost forecast above the budget", limits.cost)] if budgeted else []),
        )
    ]
    stale = desk.voice.span(limits.stale)
    fresh = f"a source older than {stale} is never green"
    return plain(f"Limits: {'; '.join(told)}; {fresh}. Worse at once, better after two good weeks.")


def _front(desk: Desk, report: StatusReport) -> Iterable[Section]:
    yield section("Decisions wanted", _decisions(desk, report), half=True)
    yield section("State", _states(desk, report), half=True)
    yield section("Milestones", _milestones(desk, report))
    yield section("How the dates moved", _trend(desk, report), half=True)
    yield section("How the scope moved", _burn_up(desk, report), half=True)
    yield section(f"Since {desk.voice.day(report.since)}", *_news(desk, report))
    yield section("Where the trackers disagree", _disagreements(desk, report))
    yield section(f"Due by {desk.voice.deadline(report.coming_by)}", _coming(desk, report))
    yield section("Back to green", _recovery(report))
    yield section("What this report cannot see", bullets(desk.say(gap) for gap in report.unseen))
    yield section("Sources", _sources(desk, report))


def _annex(desk: Desk, report: StatusReport) -> Iterable[Section]:
    yield from slip_sections(desk, report.slip, annex=True)
    yield from scope_sections(desk, report.scope, annex=True)


def _decisions(desk: Desk, report: StatusReport) -> Table | Paragraph:
    if not report.decisions:
        return note("None that the data shows.")
    rows = tuple(
        (desk.say(decision), plain(desk.voice.deadline(decision.by)), plain(decision.asked))
        for decision in report.decisions[:_MOST]
    )
    return Table("", (Column("What", grows=True), Column("By"), Column("From")), rows)


def _states(desk: Desk, report: StatusReport) -> Table:
    columns = (Column(""), Column("State"), Column("Now", grows=True), Column("Plan"), Column("Last report"))
    return Table("", columns, tuple(_state(desk, row) for row in report.states))


def _state(desk: Desk, row: StateRow) -> tuple[Line, ...]:
    name = _NAMES[row.indicator]
    chip = (Span(WORDS[row.state], state=row.state),)
    if row.indicator is Indicator.DATA:
        return plain(name), chip, _data_now(desk, row), (), ()
    if row.indicator is Indicator.COST:
        return plain(name), chip, _cost_now(desk, row), *_cost_beside(desk, row)
    now = [_figure(desk, row.now, f"{name}: now")]
    if row.indicator is Indicator.SCHEDULE:
        now = [Span(row.subject, foreign=True), Span(" "), *now]
    elif row.delta.value is not None:
        share = row.ratio.value if row.ratio is not None else None
        part = f", {desk.voice.percent(share, signed=True)}" if isinstance(share, float) else ""
        now += [Span(" ("), _figure(desk, row.delta, f"{name}: net change", signed=True), Span(f"{part})")]
    plan = (_figure(desk, row.plan, f"{name}: plan"),) if row.plan is not None else ()
    last = (_figure(desk, row.last, f"{name}: last report"),) if row.last is not None else ()
    return plain(name), chip, tuple(now), plan, last


def _data_now(desk: Desk, row: StateRow) -> Line:
    stale, unsure = row.now.value, row.delta.value
    said = "all sources fresh" if not stale else f"{desk.voice.amount(int(str(stale)), 'sources')} stale: "
    more = f"; {desk.voice.amount(int(str(unsure)), 'records')} unsure" if unsure else ""
    subject = (Span(row.subject, foreign=True),) if stale else ()
    return (Span(said), *subject, Span(more))


def _cost_now(desk: Desk, row: StateRow) -> Line:
    """ "£506,000 at completion (£26,000 over, 5.4 %)"."""
    if row.now.value is None or not isinstance(row.delta.value, Decimal):
        return plain("unknown")
    now = desk.opening(_money(desk, row.now), row.now.items, "Cost: now")
    share = row.ratio.value if row.ratio is not None else None
    part = f", {desk.voice.percent(abs(share))}" if isinstance(share, float) else ""
    word = "over" if row.delta.value > 0 else "under"
    over = desk.voice.money(abs(row.delta.value), row.delta.unit)
    return now, Span(" at completion"), Span(f" ({over} {word}{part})" if row.delta.value else "")


def _cost_beside(desk: Desk, row: StateRow) -> tuple[Line, Line]:
    plan = plain(_money(desk, row.plan)) if row.plan is not None else ()
    return plan, plain(_money(desk, row.last)) if row.last is not None else ()


def _money(desk: Desk, figure: Figure) -> str:
    if not isinstance(figure.value, Decimal):
        return "unknown"
    return f"{'at least ' if figure.at_least else ''}{desk.voice.money(figure.value, figure.unit)}"


def _figure(desk: Desk, figure: Figure, label: str, *, signed: bool = False) -> Span:
    value = figure.value
    if value is None:
        return Span("unknown")
    if isinstance(value, date):
        text = desk.date(value)
    elif isinstance(value, float):
        text = desk.voice.percent(value, signed)
    else:
        text = desk.voice.signed(value) if signed else desk.voice.amount(value, figure.unit)
    least = "at least " if figure.at_least and not signed else ""
    return desk.opening(f"{least}{text}", figure.items, label)


def _milestones(desk: Desk, report: StatusReport) -> Table | Paragraph:
    if not report.milestones:
        return note("No milestones were found in the sources.")
    rows = []
    for row in report.milestones:
        now = row.now
        done = "✓ " if now.reached else ""
        state = Span(f"{done}{now.name}", foreign=True)
        chip = Span("Done", strong=True) if now.reached else Span(WORDS[row.state], state=row.state)
        late = desk.opening(lateness(now), now.members, f"{now.name}: slip")
        dates = [plain(desk.date(day)) for day in (now.planned, row.last.forecast, now.forecast)]
        rows.append(((chip,), (state,), *dates, (late,)))
    columns = (
        Column("State"),
        Column("Milestone", grows=True),
        Column("Plan"),
        Column("Last report"),
        Column("Now"),
        Column("Late", numeric=True),
    )
    return Table("late in working days", columns, tuple(rows))


def _news(desk: Desk, report: StatusReport) -> Iterable[Paragraph | Bullets | None]:
    news = report.news
    yield Paragraph(desk.say(news))
    if news.quiet:
        return
    yield bullets(desk.say(goal) for goal in news.goals)
    moved = [*news.later[:_MOST_NEWS], *news.earlier[:2]]
    yield bullets(desk.say(slipped) for slipped in moved)
    yield bullets(desk.say(event) for event in news.events[: 2 * _MOST_NEWS])
    left = max(0, len(news.later) - _MOST_NEWS) + max(0, len(news.events) - 2 * _MOST_NEWS)
    if left:
        yield note(f"{desk.voice.amount(left, 'smaller changes')} more stand in the annex.")


def _disagreements(desk: Desk, report: StatusReport) -> Bullets | None:
    found = sorted(report.disagreements, key=lambda disputed: not disputed.matters)
    lines = [desk.say(disputed) for disputed in found[: 2 * _MOST]]
    if len(found) > len(lines):
        items = tuple(dict.fromkeys(disputed.item for disputed in found))
        more = f"{len(found) - len(lines)} more"
        lines.append((desk.opening(more, items, "disagreements"),))
    return bullets(lines)


def _coming(desk: Desk, report: StatusReport) -> Bullets | None:
    lines = [desk.issue(item) for item in report.coming[:_MOST_NEWS]]
    if len(report.coming) > len(lines):
        more = f"{len(report.coming) - len(lines)} more"
        lines.append((desk.opening(more, report.coming, "due by the next report"),))
    return bullets(lines)


def _recovery(report: StatusReport) -> Paragraph | None:
    if report.recovery:
        return Paragraph((Span(report.recovery, foreign=True),))
    if report.verdict.state in (State.AMBER, State.RED):
        return note('No recovery plan recorded. Write it into the project: recovery = "…" in crosstie.toml.')
    return None


def _sources(desk: Desk, report: StatusReport) -> Table:
    rows = []
    for row in report.sources:
        age = f"{desk.voice.span(row.age)} ago" if row.age is not None else "never"
        blank = "unknown" if row.age is None else "no issues"
        coverage = blank if row.coverage is None else desk.voice.percent(row.coverage)
        state = Span("stale", state=State.GREY) if row.stale else Span("fresh")
        rows.append(
            (
                (Span(f"{row.tracker} "), Span(row.source, foreign=True)),
                (state,),
                plain(age),
                plain(desk.voice.number(row.seen)),
                plain(coverage),
                plain(row.history),
            )
        )
    columns = (
        Column("Source", grows=True),
        Column(""),
        Column("Read"),
        Column("Issues", numeric=True),
        Column("Coverage", numeric=True),
        Column("History"),
    )
    return Table("", columns, tuple(rows))


def _trend(desk: Desk, report: StatusReport) -> Picture | None:
    points = report.trend.points
    if len({point.report for point in points}) < _FEWEST_DATES:
        return None
    finish = report.verdict.finish
    mine = [point.forecast for point in points if point.milestone == finish.name]
    moves = sum(a != b for a, b in pairwise(mine))
    title = f"{finish.name} has moved {desk.voice.times(moves)}" if moves else f"{finish.name} has not moved"
    rows = tuple(
        (plain(desk.date(p.report)), (Span(p.milestone, foreign=True),), plain(desk.date(p.forecast)))
        for p in points
    )
    table = Table("", (Column("Report"), Column("Milestone", grows=True), Column("Forecast")), rows)
    return Picture(
        "trend",
        title,
        "Forecast date of each milestone, by week; rising is later",
        milestone_trend(report.trend),
        table,
    )


def _burn_up(desk: Desk, report: StatusReport) -> Picture | None:
    data = report.burn_up
    if not data.points:
        return None
    last = data.points[-1]
    if data.baseline is None:
        title = f"{desk.voice.number(last.done)} of {desk.voice.amount(last.scope, data.unit)} done"
    else:
        net = last.scope - data.baseline
        word = "grown" if net > 0 else "shrunk"
        title = (
            f"Scope has {word} by {desk.voice.amount(abs(net), data.unit)}" if net else "Scope is as planned"
        )
    rows = tuple(
        (plain(desk.date(p.on)), plain(desk.voice.number(p.scope)), plain(desk.voice.number(p.done)))
        for p in data.points
    )
    table = Table("", (Column("Day"), Column("Scope", numeric=True), Column("Done", numeric=True)), rows)
    subtitle = f"Scope and finished work in {data.unit}, by day; dashed is the baseline"
    return Picture("burn", title, subtitle, burn_up(data), table)
