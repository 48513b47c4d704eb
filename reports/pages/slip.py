"""The slip report as a page: the project, its milestones, then every planned issue, latest first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from reports.figures import Reason
from reports.outlook import Outlook
from reports.pages.desk import Desk, section
from reports.render.page import Column, Line, Page, Section, Span, Table, plain
from reports.sentences.reasons import left_out
from reports.slip import GoalSlip, ItemSlip, SlipReport, SlipSummary

__all__ = ["lateness", "slip_page", "slip_sections"]


def slip_page(desk: Desk, report: SlipReport, title: str) -> Page:
    """The whole report."""
    return desk.page(
        title,
        desk.subtitle("slip"),
        None,
        _headline(desk, report),
        slip_sections(desk, report, annex=False),
        desk.unread(),
    )


def _headline(desk: Desk, report: SlipReport) -> Line:
    """How late the project is, and why."""
    project = report.project
    name = (Span(project.current.name, foreign=project.current.goal is not None), Span(": "))
    if project.current.slip is None:
        return (*name, Span(f"slip unknown, {lateness(project.current).removeprefix('unknown: ')}."))
    late = desk.opening(f"{lateness(project.current)} working days late", project.current.members, "slip")
    why = (Span(", because "), *desk.say(project.cause)) if project.cause else ()
    return (*name, late, *why, Span("."))


def slip_sections(desk: Desk, report: SlipReport, *, annex: bool) -> Iterable[Section]:
    """Milestones, issues, what is left out, and drift where there is no baseline."""
    if not annex:
        whole = (report.project,) if report.project.current.goal is None else ()
        yield section("Milestones", _goals(desk, (*whole, *report.goals), report.original is not None))
    if report.current is not None:
        yield section("Slip of each issue", *_summary(desk, report.current), annex=annex)
    if report.original is not None:
        yield section("Against the original baseline", *_summary(desk, report.original), annex=annex)
    for value, summary in report.by.items():
        heading = f"Slip: {value}" if value else "Slip: no value"
        yield section(heading, *_summary(desk, summary), annex=annex)
    if report.current is None and report.drift:
        yield section("Due dates that moved", _drift(desk, report), annex=annex)


def lateness(outlook: Outlook) -> str:
    """ "12", "at least 12", or why there is no figure."""
    if outlook.slip is None:
        return f"unknown: {left_out(outlook.reason or Reason.NO_DATE)}"
    return f"at least {outlook.slip}" if outlook.at_least and not outlook.reached else str(outlook.slip)


def _goals(desk: Desk, goals: Iterable[GoalSlip], planned_anew: bool) -> Table:
    rows = []
    for slip in goals:
        now = slip.current
        late = desk.opening(lateness(now), now.members, f"{now.name}: slip")
        name = (Span(now.name, foreign=True),)
        dates = plain(desk.date(now.planned)), plain(desk.date(now.forecast))
        first = (plain(lateness(slip.original) if slip.original else ""),) if planned_anew else ()
        rows.append((name, *dates, (late,), *first))
    columns = [Column("", grows=True), Column("Plan"), Column("Now"), Column("Late", numeric=True)]
    if planned_anew:
        columns.append(Column("Against the original plan", numeric=True))
    return Table("working days, late is positive", tuple(columns), tuple(rows))


def _summary(desk: Desk, summary: SlipSummary) -> Iterable[Table | None]:
    late = [slip for slip in summary.items if slip.days]
    yield Table(
        "",
        (Column("", grows=True), Column("", numeric=True)),
        tuple(_figures(desk, summary)),
    )
    if late:
        yield _items(desk, late)
    yield from _left_out(desk, summary)


def _figures(desk: Desk, summary: SlipSummary) -> Iterable[tuple[Line, Line]]:
    measured = [slip.item for slip in summary.items]
    late = [slip.item for slip in summary.items if slip.late]
    say = desk.voice
    yield plain("issues with a planned date"), (desk.opening(str(len(measured)), measured, "planned"),)
    yield plain("of them late"), (desk.opening(str(len(late)), late, "late"),)
    if summary.median is not None and summary.p85 is not None:
        yield plain("median slip, working days"), plain(str(summary.median))
        yield plain("85 % slip at most, working days"), plain(str(summary.p85))
    for name, share in (
        ("late, share of issues", summary.late_count),
        ("late, share of effort", summary.late_effort),
        ("due by now and missed", summary.missed),
        ("finished by now, of those planned to be (BEI)", summary.bei),
        ("on time, of those planned to be finished", summary.hit),
    ):
        if share is not None:
            yield plain(name), plain(say.percent(share) if name[-1] != ")" else f"{share:.2f}")


def _items(desk: Desk, slips: Iterable[ItemSlip]) -> Table:
    rows = tuple(
        (
            desk.issue(slip.item),
            plain(desk.date(slip.planned)),
            plain(desk.date(slip.finish) if slip.finish != date.max else "no date"),
            plain("done" if slip.done else "open"),
            plain(f"at least {slip.days}" if slip.at_least else str(slip.days)),
        )
        for slip in slips
    )
    columns = (
        Column("Issue", grows=True),
        Column("Plan"),
        Column("Now"),
        Column(""),
        Column("Late", numeric=True),
    )
    return Table("working days, late is positive; issues on their date are not listed", columns, rows)


def _left_out(desk: Desk, summary: SlipSummary) -> Iterable[Table | None]:
    rows: list[tuple[Line, Line]] = [
        (plain(left_out(out.reason)), desk.issues(out.items)) for out in summary.left_out
    ]
    gone = tuple(item.item for item in summary.removed)
    if gone:
        rows.append((plain("in the plan, no longer there"), desk.issues(gone)))
    if rows:
        yield Table(
            "without a slip, because …", (Column("Reason"), Column("Issues", grows=True)), tuple(rows)
        )


def _drift(desk: Desk, report: SlipReport) -> Table:
    rows = tuple(
        (desk.issue(d.item), plain(desk.date(d.first)), plain(desk.date(d.now)), plain(str(d.days)))
        for d in report.drift
    )
    columns = (Column("Issue", grows=True), Column("First"), Column("Now"), Column("Moved", numeric=True))
    return Table("working days from the first recorded due date; later is positive", columns, rows)
