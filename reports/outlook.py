"""When milestones and the project will be reached, as far as an instant could tell, and how late that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from reports.baseline import Plan
from reports.containers import Goal, GoalDate, folded
from reports.figures import Reason
from reports.finish import finish_of
from reports.work import Work

__all__ = ["Forecaster", "Outlook"]

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A goal's forecast at an instant, or the project's.

    `forecast` and `planned` are the later of the goal's own date and its members', now and in the baseline;
    `slip` counts working days between them, late positive, None with a `reason`. `driver` is the member that
    finishes last, None where the goal's own date is later than every member's. `own` is that date. `members`
    are its leaf items, `undated` those open without a date. `at_least` marks a lower bound: something is
    overdue.
    """

    name: str
    goal: Goal | None
    planned: date | None
    forecast: date | None
    slip: int | None
    reason: Reason | None = None
    at_least: bool = False
    reached: bool = False
    driver: str | None = None
    own: date | None = None
    members: tuple[str, ...] = ()
    undated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Latest:
    """What the members of a goal say together."""

    on: date | None
    driver: str | None
    at_least: bool
    all_done: bool
    members: tuple[str, ...]
    undated: tuple[str, ...]


class Forecaster:
    """Forecasts of one project at any instant up to its view's."""

    def __init__(self, work: Work) -> None:
        self._work = work

    @property
    def finish_goal(self) -> Goal | None:
        """The milestone whose date is the project's finish; None if not configured or not found."""
        finish = self._work.project.finish
        if finish is None:
            return None
        return next((goal for goal in self._work.goals if goal.key == folded(finish.milestone)), None)

    def project(self, plan: Plan | None, at: datetime) -> Outlook:
        """The finish milestone's outlook; without one, that of the leaf item that finishes last."""
        goal = self.finish_goal
        if goal is not None:
            return self.goal(goal, plan, at)
        latest = self._latest(self._work.lives, at, None)
        outlook = Outlook(
            "The project", None, plan.finish if plan else None, latest.on, None, driver=latest.driver
        )
        return self._measured(outlook, plan, latest, latest.all_done)

    def goal(self, goal: Goal, plan: Plan | None, at: datetime) -> Outlook:
        """A milestone is reached when its tracker says so, or when its members are done and its date came."""
        own = goal.at(at) or GoalDate(_BEGINNING, None, False, None)
        latest = self._latest(self._work.goal_members.get(goal.key, ()), at, goal.key)
        planned = plan.goals.get(goal.key) if plan is not None else None
        if own.done:
            return self._reached(goal, planned, own, plan, latest)
        today = self._work.calendar.date_of(at)
        forecast = max((day for day in (own.due, latest.on) if day is not None), default=None)
        reached = latest.all_done and forecast is not None and forecast <= today
        late = not reached and forecast is not None and forecast < today
        driver = latest.driver if latest.on is not None and latest.on == forecast else None
        outlook = Outlook(
            name=goal.name,
            goal=goal,
            planned=planned,
            forecast=today if late else forecast,
            slip=None,
            at_least=late or (driver is not None and latest.at_least),
            driver=driver,
            own=own.due,
        )
        return self._measured(outlook, plan, latest, reached)

    def _reached(
        self, goal: Goal, planned: date | None, own: GoalDate, plan: Plan | None, latest: _Latest
    ) -> Outlook:
        seen = self._work.calendar.date_of(own.since) if own.since > _BEGINNING else None
        outlook = Outlook(goal.name, goal, planned, own.finished or seen or own.due, None, own=own.due)
        return self._measured(outlook, plan, latest, True)

    def _measured(self, outlook: Outlook, plan: Plan | None, latest: _Latest, reached: bool) -> Outlook:
        """The outlook with its slip, and with what its members say."""
        reason = slip = None
        if plan is None:
            reason = Reason.NO_BASELINE
        elif outlook.forecast is None:
            reason = Reason.NO_DATE
        elif outlook.planned is None:
            reason = Reason.NEW if outlook.goal is not None else Reason.NO_DATE
        else:
            slip = self._work.calendar.finish_slip(outlook.planned, outlook.forecast)
        return replace(
            outlook,
            slip=slip,
            reason=reason,
            reached=reached,
            members=latest.members,
            undated=latest.undated,
        )

    def _latest(self, candidates: Iterable[str], at: datetime, goal: str | None) -> _Latest:
        work, today = self._work, self._work.calendar.date_of(at)
        inside = {}
        for item in candidates:
            facts = work.facts(item, at)
            if facts is not None and facts.in_scope and (goal is None or goal in facts.milestones):
                inside[item] = facts
        parents = {facts.parent for facts in inside.values() if facts.parent is not None}
        leaves = {item: facts for item, facts in inside.items() if item not in parents}
        dated: list[tuple[date, str, bool]] = []
        undated = []
        for item, facts in leaves.items():
            finish = finish_of(facts, today, work.calendar)
            if finish.on is not None:
                dated.append((finish.on, item, finish.at_least))
            elif not finish.done:
                undated.append(item)
        all_done = bool(leaves) and all(facts.done for facts in leaves.values())
        on = max((day for day, _, _ in dated), default=None)
        last = [entry for entry in dated if entry[0] == on]
        driver = min(last, key=lambda entry: (leaves[entry[1]].done, entry[1]), default=None)
        at_least = driver is not None and driver[2]
        return _Latest(
            on,
            driver[1] if driver else None,
            at_least,
            all_done,
            tuple(sorted(leaves)),
            tuple(sorted(undated)),
        )
