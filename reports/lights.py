"""The lights of a project at each period end and now, each seen with the plan that held then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from reports.baseline import Plan, in_force
from reports.charts import Trend, TrendPoint
from reports.containers import TimeBox
from reports.cost.burn import CostSight, ScopeDone, burn_of, cost_light, sight_of
from reports.cost.ledger import Ledger, has_budget, read_ledger
from reports.figures import Quantity, Reason, State, share
from reports.outlook import Forecaster, Outlook
from reports.rag import (
    Indicator,
    Light,
    between_ends,
    overall,
    period_ends,
    schedule_light,
    scope_light,
    settled,
)
from reports.replays import Replay, RunningTotal, running_total
from reports.scope_report import ProjectReplays
from reports.work import Work

__all__ = ["Lights", "Moment", "NetScope", "ProjectLights"]


@dataclass(frozen=True, slots=True)
class NetScope:
    """Net scope change over a commitment: by effort where there is any, else by count."""

    names: tuple[str, ...]
    committed: Quantity
    now: Quantity
    by_effort: bool
    share: float | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen at an instant: the plan, the finish, and the lights as computed and as shown.

    `cost` is None without a budget.
    """

    at: datetime
    plan: str | None
    finish: Outlook
    scope: NetScope
    sprint: NetScope | None
    raw: Mapping[Indicator, Light]
    shown: Mapping[Indicator, State]
    state: State
    gaps: tuple[Indicator, ...]
    cost: CostSight | None = None


@dataclass(frozen=True, slots=True)
class Lights:
    """The period ends, oldest first, and now; `since` is from when the present state has been shown."""

    periods: tuple[Moment, ...]
    now: Moment
    since: date
    weeks: int


class ProjectLights:
    """Computes the lights of one project; plans and replays are made once and asked at every instant."""

    def __init__(self, work: Work, plans: Sequence[Plan]) -> None:
        """`plans` are all the project's baselines, in today's items."""
        self._work = work
        self._plans = {plan.name: plan for plan in plans}
        self.forecaster = Forecaster(work)
        self.replays = ProjectReplays(work)
        self._totals: dict[str, RunningTotal] = {}
        self._done: dict[str, ScopeDone] = {}

    @cached_property
    def ledger(self) -> Ledger | None:
        """The project's costs; None where there is no budget to hold them against."""
        return read_ledger(self._work) if has_budget(self._work) else None

    def plan_at(self, at: datetime) -> Plan | None:
        """The plan in force at an instant."""
        baseline = in_force((plan.baseline for plan in self._plans.values()), at)
        return None if baseline is None else self._plans[baseline.name]

    def lights(self, data: Light) -> Lights:
        """Every period end since the first plan, and now; `data` is today's light for freshness.

        How fresh the data was at past period ends is not known and takes no part in them.
        """
        instants = period_ends(self._work.calendar, self._work.project.period, self._begin(), self._work.at)
        ended = self._settled([self.seen(at) for at in instants])
        now = self._now(ended, self.seen(self._work.at, data))
        run = [now]
        for moment in reversed(ended):
            if moment.state is not now.state:
                break
            run.append(moment)
        since = self._work.calendar.date_of(run[-1].at)
        return Lights(tuple(ended), now, since, (self._work.today - since).days // 7)

    def trend(self, moments: Sequence[Moment]) -> Trend:
        """What each milestone's forecast was at the given instants; a reached one is forecast no more."""
        points = []
        for goal in self._work.goals:
            for moment in moments:
                outlook = self.forecaster.goal(goal, self.plan_at(moment.at), moment.at)
                if outlook.forecast is None:
                    continue
                report = self._work.calendar.date_of(moment.at)
                if outlook.reached and outlook.forecast < report:
                    break
                points.append(TrendPoint(goal.name, report, outlook.forecast))
        return Trend(tuple(points))

    def sprints_at(self, at: datetime) -> tuple[TimeBox, ...]:
        """The sprints running at an instant; between sprints the one that closed last."""
        running = tuple(box for box in self._work.time_boxes if box.active(at))
        closed = [b for b in self._work.time_boxes if b.start and b.closed is not None and b.closed <= at]
        if running or not closed:
            return running
        return (max(closed, key=lambda box: (box.closed or at, box.key)),)

    def _begin(self) -> datetime:
        """The first plan's instant; without a plan the beginning of the first item."""
        plans = [plan.as_of for plan in self._plans.values()]
        lives = [life.times[0] for life in self._work.lives.values()]
        return min(plans or lives, default=self._work.at)

    def seen(self, at: datetime, data: Light | None = None) -> Moment:
        """What an instant saw, before steadiness: only `raw` lights, nothing shown yet."""
        work, limits = self._work, self._work.project.limits
        plan = self.plan_at(at)
        finish = self.forecaster.project(plan, at)
        today = work.calendar.date_of(at)
        remaining = work.calendar.slip(today, finish.forecast) if finish.forecast else 0
        scope, sprint = self._project_net(plan, at), self._sprint_net(at)
        raw = {
            Indicator.SCHEDULE: schedule_light(
                finish.slip, remaining, limits.slip, finish.reason, finish.reached
            ),
            Indicator.SCOPE: scope_light(scope.share, limits.scope, scope.reason),
        }
        if sprint is not None:
            raw[Indicator.SPRINT] = scope_light(sprint.share, limits.sprint_scope, sprint.reason)
        if data is not None:
            raw[Indicator.DATA] = data
        name = plan.name if plan else None
        cost = self._cost(plan, at, raw)
        return Moment(at, name, finish, scope, sprint, raw, {}, State.GREY, (), cost)

    def _cost(self, plan: Plan | None, at: datetime, raw: dict[Indicator, Light]) -> CostSight | None:
        """The money at an instant, its light among the `raw` ones."""
        if self.ledger is None:
            return None
        name = plan.name if plan else ""
        if name not in self._done:
            self._done[name] = ScopeDone(self._work, self.replays.project(plan))
        sums = self.ledger.at(self._work.calendar.date_of(at))
        burn = burn_of(sums, self._done[name].at(at))
        raw[Indicator.COST] = cost_light(sums, burn.forecast, self._work.project.limits.cost)
        return sight_of(self.ledger.currency, sums, burn)

    def _project_net(self, plan: Plan | None, at: datetime) -> NetScope:
        if plan is None:
            scope = self._total("", self.replays.project(None), None)
            return NetScope((), Quantity(), scope.at(at), True, None, Reason.NO_BASELINE)
        scope = self._total(f"plan {plan.name}", self.replays.project(plan), plan.as_of)
        return _net((plan.name,), scope.at(plan.as_of), scope.at(at))

    def _sprint_net(self, at: datetime) -> NetScope | None:
        """The sprints running then, taken together; None before the first sprint of the project."""
        boxes = self.sprints_at(at)
        if not boxes:
            return None
        committed, now = Quantity(), Quantity()
        for box in boxes:
            assert box.start is not None, "a running or closed sprint has begun"
            end = box.closed if box.closed is not None and box.closed <= at else at
            reference = box.start + self._work.project.scope_grace
            scope = self._total(f"sprint {box.key}", self.replays.sprint(box), reference)
            committed += scope.at(min(reference, end))
            now += scope.at(end)
        return _net(tuple(box.name for box in boxes), committed, now)

    def _total(self, name: str, replays: Sequence[Replay], since: datetime | None) -> RunningTotal:
        if name not in self._totals:
            self._totals[name] = running_total(replays, since)
        return self._totals[name]

    def _settled(self, moments: Sequence[Moment]) -> Sequence[Moment]:
        """The period ends with what was shown at them."""
        shown: list[dict[Indicator, State]] = [{} for _ in moments]
        for indicator in (Indicator.SCHEDULE, Indicator.SPRINT, Indicator.SCOPE, Indicator.COST):
            places = [place for place, moment in enumerate(moments) if indicator in moment.raw]
            states = settled([moments[place].raw[indicator].state for place in places])
            for place, state in zip(places, states, strict=True):
                shown[place][indicator] = state
        return [_with(moment, states) for moment, states in zip(moments, shown, strict=True)]

    def _now(self, ended: Sequence[Moment], raw: Moment) -> Moment:
        """Between two period ends a light may worsen, but not improve."""
        shown = dict(ended[-1].shown) if ended and ended[-1].at == raw.at else {}
        for indicator, light in raw.raw.items():
            history = [moment.raw[indicator].state for moment in ended if indicator in moment.raw]
            shown.setdefault(indicator, between_ends(history, light.state))
        return _with(raw, shown)


def _net(names: tuple[str, ...], committed: Quantity, now: Quantity) -> NetScope:
    """Sums first, then the ratio; effort where anything committed is estimated."""
    by_effort = committed.effort > 0
    if by_effort:
        net = share(now.effort - committed.effort, committed.effort)
    else:
        net = share(Decimal(now.count - committed.count), Decimal(committed.count))
    return NetScope(names, committed, now, by_effort, net, Reason.ZERO_COMMITTED if net is None else None)


def _with(moment: Moment, shown: Mapping[Indicator, State]) -> Moment:
    state, gaps = overall(shown)
    return replace(moment, shown=shown, state=state, gaps=gaps)
