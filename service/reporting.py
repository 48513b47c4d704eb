"""From the store to a report: what was asked, the view, the work in it, the page, and the record of issue."""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from model.baselines import Baseline, IssuedReport
from model.chain import GENESIS
from model.values import Disagreement, Issue, Ref
from reports.baseline import in_force, original, plan_of
from reports.cost.report import CostReport, cost_report
from reports.labels import labels
from reports.pages.cost import cost_page
from reports.pages.desk import Desk
from reports.pages.scope import scope_page
from reports.pages.slip import slip_page
from reports.pages.status import status_page
from reports.reading import read_work
from reports.render.page import Page
from reports.scope_report import scope_report
from reports.slip import slip_report
from reports.status import status_report
from reports.wording import speaker_for
from service.days import end_of_day
from service.failures import Exit, Failure
from service.rate_files import with_rate_files
from sync.reconcile import disagreements

if TYPE_CHECKING:
    from reports.render.sheets import Workbook
    from reports.work import Work
    from service.screen import Screen
    from service.workspace import Workspace

__all__ = ["SHEETS", "Question", "Written", "answer", "issue", "look", "people_of", "quarrels"]

SHEETS = frozenset({"csv", "xlsx"})
"""Layouts for spreadsheets."""

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know; dates as they were typed."""

    kind: str
    project: str
    as_of: str | None = None
    since: str | None = None
    baseline: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Written:
    """A report in one layout; what is not for a terminal is text, and XLSX is bytes.

    `workbook` is the report as sheets, where it has any.
    """

    kind: str
    layout: str
    page: Page
    data: object
    as_of: datetime
    generated_at: datetime
    warnings: tuple[str, ...]
    workbook: Workbook | None = None

    def content(self) -> bytes:
        """The report as it goes into a file; a CSV file says that it is UTF-8, for spreadsheets."""
        if self.layout == "xlsx":
            from reports.render.xlsx import render as xlsx

            assert self.workbook is not None, "answer refuses what has no sheets"
            return xlsx(self.workbook)
        return self.text().encode("utf-8-sig" if self.layout == "csv" else "utf-8")

    def text(self) -> str:
        """The report as text."""
        if self.layout == "csv":
            from reports.render.csv import render as csv

            assert self.workbook is not None, "answer refuses what has no sheets"
            return csv(self.workbook)
        if self.layout == "html":
            from reports.render.html import render as html

            return html(self.page)
        if self.layout == "md":
            from reports.render.markdown import render as markdown

            return markdown(self.page)
        if self.layout == "json":
            from reports.render.json import envelope

            return envelope(
                self.kind,
                self.data,
                as_of=self.as_of,
                generated_at=self.generated_at,
                complete=not self.warnings,
                warnings=self.warnings,
            )
        from reports.render.terminal import render as terminal

        return "\n".join(line.plain.rstrip() for line in terminal(self.page)) + "\n"

    def show(self, screen: Screen) -> None:
        """Print it; on a terminal that wants colour, in colour."""
        if self.layout != "terminal":
            screen.data(self.text())
            return
        from reports.render.terminal import render as terminal

        console = screen.console()
        unicode = "utf" in (sys.stdout.encoding or "").lower()
        for line in terminal(self.page, console.width, unicode=unicode):
            console.print(line, soft_wrap=True)


def answer(workspace: Workspace, question: Question, layout: str) -> Written:
    """The report that was asked for."""
    now = workspace.clock()
    at = end_of_day(question.as_of, workspace) if question.as_of else now
    work = look(workspace, question.project, at)
    baselines = _chosen(workspace, question, at)
    if question.by is not None and question.by not in work.project.dimensions:
        known = ", ".join(sorted(work.project.dimensions)) or "none"
        raise Failure(Exit.USAGE, f'"{question.by}" is not a dimension of this project. There are: {known}.')
    if layout in SHEETS and question.kind != "cost":
        raise Failure(Exit.USAGE, f"--format {layout} is for report cost. Use json, md or html here.")
    page, data, warnings = _KINDS[question.kind](workspace, question, work, baselines)
    written = Written(question.kind, layout, page, data, at, now, warnings)
    if isinstance(data, CostReport):
        return replace(written, workbook=_workbook(work, data, page))
    return written


def look(workspace: Workspace, project: str, at: datetime, known: datetime | None = None) -> Work:
    """The project's work at an instant as far as was known at another (default: the same)."""
    _, settings = workspace.project(project)
    scope = {(source.connection, source.key) for source in settings.sources}
    return read_work(workspace.store.view(at, known, scope), with_rate_files(workspace.config), project)


def quarrels(workspace: Workspace, work: Work) -> tuple[Disagreement, ...]:
    """Where the project's tied issues disagree."""
    groups: dict[str, list[Issue]] = defaultdict(list)
    for issue in work.view.issues():
        if issue.ref in work.item_of:
            groups[work.item_of[issue.ref]].append(issue)
    tied = [groups[item] for item in sorted(groups) if len(groups[item]) > 1]
    return disagreements(tied, work.view.changes(), people_of(workspace).get)


def people_of(workspace: Workspace) -> Mapping[Ref, str]:
    """The person behind each configured account."""
    return {
        Ref(connection, account): name
        for name, person in workspace.config.people.items()
        for connection, account in person.accounts.items()
    }


def _status(
    workspace: Workspace, question: Question, work: Work, baselines: Sequence[Baseline]
) -> tuple[Page, object, tuple[str, ...]]:
    since = _since(workspace, question, work.at)
    head, audit = workspace.store.head(), workspace.store.audit_head()
    written = "" if audit == GENESIS else audit
    report = status_report(work, baselines, since, quarrels(workspace, work), head, written)
    stale = tuple(f"{row.tracker} {row.source} is stale" for row in report.sources if row.stale)
    return status_page(work, report), report, stale


def _slip(
    workspace: Workspace, question: Question, work: Work, baselines: Sequence[Baseline]
) -> tuple[Page, object, tuple[str, ...]]:
    current, first = in_force(baselines, work.at), original(baselines)
    plan = plan_of(work, current) if current else None
    older = plan_of(work, first) if first and current and first.name != current.name else None
    report = slip_report(work, plan, older, question.by)
    names = labels(work, plan)
    desk = Desk(work, speaker_for(work, names), names)
    return slip_page(desk, report, f"{work.project.name}: slip"), report, ()


def _scope(
    workspace: Workspace, question: Question, work: Work, baselines: Sequence[Baseline]
) -> tuple[Page, object, tuple[str, ...]]:
    current = in_force(baselines, work.at)
    plan = plan_of(work, current) if current else None
    report = scope_report(work, plan, question.by)
    names = labels(work, plan)
    desk = Desk(work, speaker_for(work, names), names)
    return scope_page(desk, report, f"{work.project.name}: scope"), report, ()


def _cost(
    workspace: Workspace, question: Question, work: Work, baselines: Sequence[Baseline]
) -> tuple[Page, object, tuple[str, ...]]:
    """Against an issued report the past is what was known then; against any other day what is known now."""
    since = _since(workspace, question, work.at)
    issued = any(report.as_of == since for report in workspace.store.issued_reports(question.project))
    scope = {(source.connection, source.key) for source in work.project.sources}
    past = workspace.store.view(since, since, scope) if issued else None
    current = in_force(baselines, work.at)
    plan = plan_of(work, current) if current else None
    names = labels(work, plan)
    report = cost_report(work, plan, names, since, question.by, past)
    rows = sum(len(one.entries) for one in report.unpriced)
    warnings = (f"worklogs and costs without a price: {rows}",) if rows else ()
    return cost_page(work, report, speaker_for(work, names)), report, warnings


def _workbook(work: Work, report: CostReport, page: Page) -> Workbook:
    from reports.cost.sheets import cost_workbook

    trackers = {name: work.tracker(name) for name in work.config.connections}
    return cost_workbook(report, speaker_for(work, report.items), trackers, page.origins)


_KINDS: Mapping[str, Any] = {"status": _status, "slip": _slip, "scope": _scope, "cost": _cost}


def _chosen(workspace: Workspace, question: Question, at: datetime) -> Sequence[Baseline]:
    """The project's baselines, or the one that was asked for."""
    baselines = workspace.store.baselines(question.project)
    if question.baseline is None:
        return baselines
    named = [baseline for baseline in baselines if baseline.name == question.baseline]
    if not named:
        known = ", ".join(baseline.name for baseline in baselines)
        known = known or "none yet; crosstie baseline set makes one"
        raise Failure(Exit.USAGE, f'There is no baseline "{question.baseline}". There are: {known}.')
    return named


def _since(workspace: Workspace, question: Question, at: datetime) -> datetime:
    """The instant to compare with: a day, the last issued report, or a week ago."""
    if question.since not in (None, "last"):
        since = end_of_day(str(question.since), workspace)
        if since >= at:
            raise Failure(Exit.USAGE, f"--since {question.since} is not before the report's own day.")
        return since
    issued = [r for r in workspace.store.issued_reports(question.project) if r.as_of < at]
    if issued:
        return max(report.as_of for report in issued)
    if question.since == "last":
        raise Failure(Exit.USAGE, "No report has been issued yet. Name a day: --since 2026-03-18.")
    return at - _WEEK


def issue(workspace: Workspace, project: str, written: Written, content: bytes) -> None:
    """Remember that a report left the house, with a digest of what it said and the newest baseline's hash."""
    digest = hashlib.sha256(content).hexdigest()
    head = workspace.store.head()
    workspace.store.issue_report(
        IssuedReport(project, written.kind, written.as_of, written.generated_at, digest, head)
    )
