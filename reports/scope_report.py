"""Scope change of a project: since its baseline, in each sprint, along a dimension, and day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from model.values import Unit
from reports.baseline import Plan, PlannedItem
from reports.charts import BurnPoint, BurnUp
from reports.containers import TimeBox
from reports.replays import Moment, Replay, container_replays, total
from reports.scope import ScopeChange, scope_change
from reports.work import Work

__all__ = [
    "ProjectReplays",
    "ScopeReport",
    "SprintScope",
    "burn_up_of",
    "project_scope",
    "scope_by",
    "scope_report",
    "sprint_scope",
]

_INSTANT = timedelta(microseconds=1)
_MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class SprintScope:
    """A sprint that has begun, and what happened to its scope."""

    box: TimeBox
    change: ScopeChange


@dataclass(frozen=True, slots=True)
class ScopeReport:
    """`project` is None without a baseline; `by` gives the project's change per value of a dimension.

    `unestimated` and `foreign` name leaf items whose effort is not in the sums: no estimate, or one in a unit
    that nothing converts.
    """

    baseline: str | None
    project: ScopeChange | None
    sprints: tuple[SprintScope, ...]
    by: Mapping[str, ScopeChange]
    unestimated: tuple[str, ...]
    foreign: tuple[str, ...]
    unit: Unit


class ProjectReplays:
    """The replays of one project, each made once however often it is asked for."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._anchored: dict[str, tuple[Replay, ...]] = {}

    def project(self, plan: Plan | None) -> tuple[Replay, ...]:
        """Every item of the project; at the plan's instant each stands as the plan froze it."""
        if plan is None:
            return self._plain
        if plan.name not in self._anchored:
            self._anchored[plan.name] = _anchored(plan, self._plain)
        return self._anchored[plan.name]

    def sprint(self, box: TimeBox) -> tuple[Replay, ...]:
        """Every item that was ever in a sprint."""
        return self._sprints[box.key]

    @cached_property
    def _plain(self) -> tuple[Replay, ...]:
        return container_replays(self._work, lambda _facts: True)

    @cached_property
    def _sprints(self) -> dict[str, tuple[Replay, ...]]:
        members = self._work.box_members
        return {
            box.key: _in_box(self._work, box.key, members.get(box.key, ())) for box in self._work.time_boxes
        }


def scope_report(
    work: Work, plan: Plan | None, dimension: str | None = None, replays: ProjectReplays | None = None
) -> ScopeReport:
    """Everything about scope at the work's instant; `dimension` is a name from the project's config."""
    made = replays or ProjectReplays(work)
    project = made.project(plan)
    started = [box for box in work.time_boxes if box.start is not None and box.start <= work.at]
    return ScopeReport(
        baseline=plan.name if plan else None,
        project=project_scope(work, plan, project),
        sprints=tuple(SprintScope(box, sprint_scope(work, box, made.sprint(box))) for box in started),
        by=scope_by(work, plan, project, dimension) if plan and dimension else {},
        unestimated=unestimated(work, project),
        foreign=tuple(i.id for i in work.items.values() if i.in_scope and i.leaf and i.foreign),
        unit=work.project.unit,
    )


def _in_box(work: Work, key: str, candidates: Sequence[str]) -> tuple[Replay, ...]:
    return container_replays(work, lambda facts: key in facts.sprints, candidates)


def sprint_scope(
    work: Work, box: TimeBox, replays: Sequence[Replay], at: datetime | None = None
) -> ScopeChange:
    """What happened to a sprint's scope from its actual start to its closing, or until `at` while it runs.

    ValueError: the sprint has not begun.
    """
    if box.start is None:
        raise ValueError(f"sprint {box.name} has not begun; its scope can change only after its start")
    until = at or work.at
    closed = box.closed is not None and box.closed <= until
    end = box.closed if closed and box.closed is not None else until
    return scope_change(replays, box.start, max(end, box.start), work.project.scope_grace, closed)


def project_scope(work: Work, plan: Plan | None, replays: Sequence[Replay]) -> ScopeChange | None:
    """What happened to the project's scope since the plan; None without one."""
    return None if plan is None else scope_change(replays, plan.as_of, max(work.at, plan.as_of))


def scope_by(work: Work, plan: Plan, replays: Iterable[Replay], dimension: str) -> dict[str, ScopeChange]:
    """The project's change per value of a dimension, as the items stand now; "" holds those without one."""
    groups: dict[str, list[Replay]] = defaultdict(list)
    for replay in replays:
        item = work.items.get(replay.item)
        groups[dict(item.dimensions).get(dimension, "") if item else ""].append(replay)
    end = max(work.at, plan.as_of)
    return {value: scope_change(group, plan.as_of, end) for value, group in sorted(groups.items())}


def unestimated(work: Work, replays: Iterable[Replay]) -> tuple[str, ...]:
    """Leaf items in scope without an estimate, of their own or of an item above that stands for them."""
    found = []
    for replay in replays:
        moment = replay.at(work.at)
        if (
            moment is not None
            and moment.counted
            and not moment.estimated
            and not _stood_for(work, replay.item)
        ):
            found.append(replay.item)
    return tuple(found)


def _stood_for(work: Work, item: str) -> bool:
    seen, above = {item}, work.items[item].parent
    while above is not None and above not in seen and above in work.items:
        if work.items[above].estimate is not None and work.items[above].in_scope:
            return True
        seen.add(above)
        above = work.items[above].parent
    return False


def _anchored(plan: Plan, replays: Sequence[Replay]) -> tuple[Replay, ...]:
    """Replays that say at the plan's instant what the plan says, and right after it what history says.

    So a commitment never changes, whatever is learned later: the difference is a change like any other.
    """
    known = {replay.item: replay for replay in replays}
    found = []
    for item in sorted(known.keys() | plan.items.keys()):
        replay = known.get(item) or Replay(item, ())
        before = replay.at(plan.as_of)
        planned = _planned(plan.items.get(item), before, plan.as_of)
        found.append(_with(replay, planned, before))
    return tuple(found)


def _planned(item: PlannedItem | None, before: Moment | None, at: datetime) -> Moment:
    """How the plan holds an item: whose children are counted instead is known from history only."""
    done = before is not None and before.done
    if item is None:
        return Moment(at, done=done)
    if before is None or not before.inside:
        before = Moment(at, inside=True, counted=True, weighed=True)
    estimated = item.estimate is not None
    value = item.estimate if item.estimate is not None and before.weighed else Decimal(0)
    if not estimated and not before.estimated:
        value = before.value
    return replace(before, at=at, value=value, estimated=estimated, done=done)


def _with(replay: Replay, planned: Moment, before: Moment | None) -> Replay:
    after = before or Moment(planned.at)
    if after.repeats(planned):
        return replay
    earlier = [moment for moment in replay.moments if moment.at < planned.at]
    later = [moment for moment in replay.moments if moment.at > planned.at + _INSTANT]
    restored = replay.at(planned.at + _INSTANT) or after
    return replace(replay, moments=(*earlier, planned, replace(restored, at=planned.at + _INSTANT), *later))


def burn_up_of(work: Work, plan: Plan | None, replays: Sequence[Replay], begin: date) -> BurnUp:
    """Scope and finished work at the end of each day from `begin` to today, each week where that is long.

    Effort where the project's items are estimated, else the number of items.
    """
    end = work.today
    step = 1 if (end - begin).days <= _MOST_POINTS else 7
    days = [end - timedelta(days=back) for back in range(0, max(0, (end - begin).days) + 1, step)]
    by_effort = any(replay.moments[-1].estimated for replay in replays)
    points = _points(work, replays, sorted(days), by_effort)
    committed = None
    if plan is not None:
        planned = total(replays, plan.as_of)
        committed = planned.effort if by_effort else Decimal(planned.count)
    unit = work.project.unit.value if by_effort and work.project.unit is not Unit.COUNT else "items"
    return BurnUp(unit, points, committed, end)


def _points(
    work: Work, replays: Iterable[Replay], days: Sequence[date], by_effort: bool
) -> tuple[BurnPoint, ...]:
    turns: list[tuple[datetime, Decimal, Decimal]] = []
    for replay in replays:
        scope = done = Decimal(0)
        for moment in replay.moments:
            now = moment.value if by_effort else Decimal(moment.counted)
            finished = now if moment.done else Decimal(0)
            turns.append((moment.at, now - scope, finished - done))
            scope, done = now, finished
    turns.sort(key=lambda turn: turn[0])
    points = []
    place, scope, done = 0, Decimal(0), Decimal(0)
    for day in days:
        last = min(work.calendar.end_of(day), work.at)
        while place < len(turns) and turns[place][0] <= last:
            scope, done, place = scope + turns[place][1], done + turns[place][2], place + 1
        points.append(BurnPoint(day, scope, done))
    return tuple(points)
