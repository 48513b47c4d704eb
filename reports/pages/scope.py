"""The scope report as a page: the project since its baseline, each sprint, and who changed what when."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from reports.figures import Quantity
from reports.news import EventKind, actor_of
from reports.pages.desk import Desk, section
from reports.render.page import Column, Line, Page, Section, Span, Table, plain
from reports.scope import Bucket, ScopeChange, ScopeLine
from reports.scope_report import ScopeReport

__all__ = ["ledger", "scope_page", "scope_sections"]

_TITLES = {
    EventKind.ADDED: "added",
    EventKind.REMOVED: "removed",
    EventKind.UP: "re-estimated up",
    EventKind.DOWN: "re-estimated down",
    EventKind.SPLIT: "split",
    EventKind.REWORK: "rework",
}
_MEASURES = (
    ("committed", "Committed"),
    ("added", "Added"),
    ("removed", "Removed"),
    ("up", "Re-estimated up"),
    ("down", "Re-estimated down"),
    ("split", "Split"),
    ("in_and_out", "Added and removed again"),
    ("rework", "Rework, reported apart"),
    ("grace", "Changed in the grace period"),
    ("completed_committed", "Completed of the commitment"),
    ("completed_added", "Completed of what was added"),
    ("completed_outside", "Completed outside"),
    ("remaining", "Not done"),
)


def scope_page(desk: Desk, report: ScopeReport, title: str) -> Page:
    """The whole report."""
    return desk.page(
        title,
        desk.subtitle("scope"),
        None,
        _headline(desk, report),
        scope_sections(desk, report, annex=False),
        desk.unread(),
    )


def _headline(desk: Desk, report: ScopeReport) -> Line:
    """How much the scope has changed since the baseline."""
    change = report.project
    if change is None:
        return plain("There is no baseline, so each sprint is measured from its own start.")
    say = desk.voice
    by_effort = bool(change.committed.total.effort)
    net = change.net.effort if by_effort else Decimal(change.net.count)
    word = "more" if net > 0 else "less"
    said = f"{say.amount(abs(net), desk.by.unit if by_effort else 'items')} {word} than" if net else "as in"
    return plain(f"The scope is {said} baseline {report.baseline}.")


def scope_sections(desk: Desk, report: ScopeReport, *, annex: bool) -> Iterable[Section]:
    """The project, the dimension's values, then every sprint that has begun, the latest first."""
    if report.project is not None:
        heading = f"Scope since baseline {report.baseline}"
        yield section(heading, _measures(desk, report.project), ledger(desk, report.project), annex=annex)
    for value, change in report.by.items():
        yield section(f"Scope: {value}" if value else "Scope: no value", _measures(desk, change), annex=annex)
    for sprint in reversed(report.sprints):
        change = sprint.change
        state = "closed" if change.closed else "running"
        heading = (
            f"{sprint.box.name}, {desk.voice.day(change.start)} to {desk.voice.day(change.end)} ({state})"
        )
        yield section(heading, _measures(desk, change), ledger(desk, change), annex=annex)


def _measures(desk: Desk, change: ScopeChange) -> Table:
    rows = []
    for name, title in _MEASURES:
        bucket: Bucket = getattr(change, name)
        if bucket.lines or name in ("committed", "added", "removed"):
            title = "Carried over" if name == "remaining" and change.closed else title
            rows.append(_row(desk, title, bucket.total, bucket.items))
    rows.append(_row(desk, "Net change", change.net, (), signed=True))
    rows.append(_row(desk, "Scope now" if not change.closed else "Scope at the close", change.scope, ()))
    return Table("", _columns(desk), tuple(rows))


def _row(
    desk: Desk, title: str, total: Quantity, items: tuple[str, ...], signed: bool = False
) -> tuple[Line, Line, Line]:
    say = desk.voice.signed if signed else desk.voice.number
    effort = (desk.opening(say(total.effort), items, title),)
    return plain(title), effort, (desk.opening(say(total.count), items, title),)


def _columns(desk: Desk) -> tuple[Column, ...]:
    return (Column("", grows=True), Column(desk.unit, numeric=True), Column("issues", numeric=True))


def ledger(desk: Desk, change: ScopeChange) -> Table | None:
    """Every item that changed the scope, in order of time: what, how much, when, by whom."""
    events = [(kind, line) for kind in EventKind for line in getattr(change, kind.value).lines]
    events.sort(key=lambda event: (event[1].at or change.start, event[1].item))
    rows = tuple(
        (
            plain(desk.voice.day(line.at) if line.at else ""),
            desk.issue(line.item),
            plain(_TITLES[kind] + (", first estimate" if line.first_estimate else "")),
            (Span(actor_of(desk.work, kind, line) or "", foreign=True),),
            plain(_amount(desk, kind, line)),
        )
        for kind, line in events
    )
    if not rows:
        return None
    columns = (
        Column("When"),
        Column("Issue", grows=True),
        Column("What"),
        Column("By"),
        Column(desk.unit, numeric=True),
    )
    return Table("what changed the scope", columns, rows)


def _amount(desk: Desk, kind: EventKind, line: ScopeLine) -> str:
    less = kind in (EventKind.REMOVED, EventKind.DOWN)
    return desk.voice.signed(-line.quantity.effort if less else line.quantity.effort)
