"""The page that a steering committee reads first, as data: every figure opens to the items behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from model.baselines import Baseline
from model.values import Disagreement
from reports.baseline import Plan, original, plan_of
from reports.causes import Cause
from reports.charts import BurnUp, Trend
from reports.decisions import Decision, Disputed, decisions, disputed, path_to_finish
from reports.figures import RULES, LeftOut, Reason, State
from reports.freshness import SourceRow, data_light, source_rows
from reports.gaps import Gap, cost_gaps, gaps
from reports.labels import Label, labels
from reports.lights import Lights, Moment, ProjectLights
from reports.news import News, news
from reports.outlook import Outlook
from reports.rag import Indicator, next_period_end, schedule_light
from reports.replays import Replay
from reports.rows import StateRow, state_rows
from reports.scope_report import ScopeReport, burn_up_of, scope_report
from reports.slip import GoalSlip, SlipReport, slip_report
from reports.work import Work

__all__ = ["Evidence", "MilestoneRow", "StatusReport", "Verdict", "status_report"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything the headline says: how things stand and why, and how they stood before.

    `last` is the finish as the last report saw it; `shown_since` the day from which the present state has
    been shown; `target` the date promised in the config.
    """

    now: Moment
    cause: Cause | None
    last: Outlook
    last_at: datetime
    shown_since: date
    weeks: int
    baseline_as_of: datetime | None
    target: date | None

    @property
    def state(self) -> State:
        return self.now.state

    @property
    def finish(self) -> Outlook:
        return self.now.finish

    @property
    def gaps(self) -> tuple[Indicator, ...]:
        """What nobody knows, and what therefore lets the state be at best amber."""
        return self.now.gaps


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """A milestone against its plan, and as the last report saw it."""

    slip: GoalSlip
    last: Outlook
    state: State

    @property
    def now(self) -> Outlook:
        return self.slip.current


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the report stands on: the plan with its place in the chain, the rules, and who was counted.

    `audit` is the newest hash of the log of writes, "" where nothing was ever written.
    """

    baseline: Baseline | None
    original: Baseline | None
    head: str
    audit: str
    rules: str
    counted: int
    left_out: tuple[LeftOut, ...]
    history_from: date | None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A project's status at `as_of` as far as was known at `known`; `restated`: more is known than then."""

    name: str
    title: str
    as_of: datetime
    known: datetime
    since: datetime
    zone: str
    language: str
    restated: bool
    verdict: Verdict
    decisions: tuple[Decision, ...]
    states: tuple[StateRow, ...]
    milestones: tuple[MilestoneRow, ...]
    news: News
    disagreements: tuple[Disputed, ...]
    coming: tuple[str, ...]
    coming_by: date
    unseen: tuple[Gap, ...]
    sources: tuple[SourceRow, ...]
    recovery: str
    evidence: Evidence
    lights: Lights
    slip: SlipReport
    scope: ScopeReport
    burn_up: BurnUp
    trend: Trend
    items: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class _Sight:
    """What every part of one report looks at."""

    work: Work
    since: datetime
    plan: Plan | None
    first: Baseline | None
    projects: ProjectLights
    rows: tuple[SourceRow, ...]
    lights: Lights
    slip: SlipReport
    scope: ScopeReport


def status_report(
    work: Work,
    baselines: Iterable[Baseline],
    since: datetime,
    disagreements: Iterable[Disagreement] = (),
    head: str = "",
    audit: str = "",
) -> StatusReport:
    """The status of one project.

    `baselines` are all of the project's, those taken later than the view knows are left aside; `since` is the
    last report's instant; `disagreements` come from comparing the tied records; `head` is the store's newest
    baseline hash and `audit` that of its audit log, which the printed report proves.
    """
    sight = _sight(work, baselines, since)
    plan, lights, scope, projects = sight.plan, sight.lights, sight.scope, sight.projects
    path = path_to_finish(work, lights.now.finish)
    disputes = disputed(work, disagreements, path)
    until = next_period_end(work.project.period, work.today)
    replays = projects.replays.project(plan)
    return StatusReport(
        name=work.name,
        title=work.project.name,
        as_of=work.at,
        known=work.known,
        since=since,
        zone=work.config.general.timezone,
        language=work.config.general.language,
        restated=work.known > work.at,
        verdict=_verdict(sight),
        decisions=decisions(work, lights.now, scope.project, path, disputes, sight.rows),
        states=state_rows(work, lights.now, projects.seen(since), scope, sight.rows, projects.ledger),
        milestones=_milestones(sight),
        news=news(work, plan, projects.replays.project(None), since),
        disagreements=disputes,
        coming=_coming(work, until),
        coming_by=until,
        unseen=(
            *gaps(work, plan, sight.rows, scope.unestimated, projects.forecaster.finish_goal is not None),
            *cost_gaps(work, projects.ledger),
        ),
        sources=sight.rows,
        recovery=work.project.recovery,
        evidence=_evidence(sight, head, audit),
        lights=lights,
        slip=sight.slip,
        scope=scope,
        burn_up=burn_up_of(work, plan, replays, _begin(work, plan, replays)),
        trend=projects.trend((*lights.periods, lights.now)),
        items=labels(work, plan),
    )


def _sight(work: Work, baselines: Iterable[Baseline], since: datetime) -> _Sight:
    known = [baseline for baseline in baselines if baseline.taken <= work.known]
    plans = {baseline.name: plan_of(work, baseline) for baseline in known}
    first = original(known)
    projects = ProjectLights(work, tuple(plans.values()))
    plan = projects.plan_at(work.at)
    rows = source_rows(work)
    other = plans[first.name] if first is not None and plan is not None and first.name != plan.name else None
    return _Sight(
        work=work,
        since=since,
        plan=plan,
        first=first,
        projects=projects,
        rows=rows,
        lights=projects.lights(data_light(rows)),
        slip=slip_report(work, plan, other),
        scope=scope_report(work, plan, replays=projects.replays),
    )


def _verdict(sight: _Sight) -> Verdict:
    finish, then = sight.work.project.finish, sight.projects.plan_at(sight.since)
    return Verdict(
        now=sight.lights.now,
        cause=sight.slip.project.cause,
        last=sight.projects.forecaster.project(then, sight.since),
        last_at=sight.since,
        shown_since=sight.lights.since,
        weeks=sight.lights.weeks,
        baseline_as_of=sight.plan.as_of if sight.plan else None,
        target=finish.target if finish else None,
    )


def _milestones(sight: _Sight) -> tuple[MilestoneRow, ...]:
    """The milestones by forecast, those without a date last."""
    work, then = sight.work, sight.projects.plan_at(sight.since)
    found = []
    for goal_slip, goal in zip(sight.slip.goals, work.goals, strict=True):
        now = goal_slip.current
        remaining = work.calendar.slip(work.today, now.forecast) if now.forecast else 0
        limits = work.project.limits.slip
        light = schedule_light(now.slip, remaining, limits, now.reason, now.reached)
        last = sight.projects.forecaster.goal(goal, then, sight.since)
        found.append(MilestoneRow(goal_slip, last, light.state))
    return tuple(sorted(found, key=lambda row: (row.now.forecast or date.max, row.now.name)))


def _coming(work: Work, until: date) -> tuple[str, ...]:
    """Open leaf items that should be done by the next report, overdue ones included."""
    due = [item for item in work.items.values() if item.open and item.leaf and item.due and item.due <= until]
    return tuple(item.id for item in sorted(due, key=lambda item: (item.due or until, item.id)))


def _evidence(sight: _Sight, head: str, audit: str) -> Evidence:
    work, scope, current = sight.work, sight.scope, sight.slip.current
    counted = tuple(item.id for item in work.items.values() if item.in_scope and item.leaf)
    out = list(current.left_out) if current else []
    out += [LeftOut(Reason.NO_ESTIMATE, scope.unestimated)] if scope.unestimated else []
    out += [LeftOut(Reason.MIXED_UNITS, scope.foreign)] if scope.foreign else []
    reach = [work.history_from[item] for item in counted]
    return Evidence(
        baseline=sight.plan.baseline if sight.plan else None,
        original=sight.first,
        head=head,
        audit=audit,
        rules=RULES,
        counted=len(counted),
        left_out=tuple(out),
        history_from=work.calendar.date_of(min(reach)) if reach else None,
    )


def _begin(work: Work, plan: Plan | None, replays: Sequence[Replay]) -> date:
    """Where the burn-up begins: the plan, else the project's start, else its first item."""
    if plan is not None:
        return work.calendar.date_of(plan.as_of)
    if work.project.start is not None:
        return work.project.start
    return work.calendar.date_of(min((r.moments[0].at for r in replays), default=work.at))
