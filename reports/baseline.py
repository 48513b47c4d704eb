"""Plans: freezing one from the work as it stands, and reading a frozen one in today's canonical items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from model.baselines import Baseline, BaselineItem, BaselineMilestone
from model.values import Issue, Origin, Ref, StatusCategory
from reports.containers import folded
from reports.units import in_unit
from reports.work import Work

__all__ = ["Plan", "PlannedItem", "freeze", "in_force", "original", "plan_of"]

_SHARE = Decimal("0.0001")


def freeze(work: Work, name: str, taken: datetime, approved_by: str, reason: str) -> Baseline:
    """The project's plan as the work's view shows it, record by record, ready to be stored.

    A view of the past gives a reconstructed plan that says which share of its issues has a history reaching
    back that far. ValueError: the view shows a time after `taken`.
    """
    if work.at > taken:
        raise ValueError(
            f"a baseline as of {work.at:%Y-%m-%d %H:%M} would lie in the future; choose a date up to today"
        )
    issues = [issue for issue in work.view.issues() if issue.ref in work.item_of and _planned(work, issue)]
    rebuilt = work.at < taken
    reached = sum(work.view.history_from(issue.ref) <= work.at for issue in issues)
    coverage = (Decimal(reached) / Decimal(len(issues))).quantize(_SHARE) if rebuilt and issues else None
    return Baseline(
        name=name,
        project=work.name,
        taken=taken,
        as_of=work.at,
        approved_by=approved_by,
        reason=reason,
        origin=Origin.RECONSTRUCTED if rebuilt else Origin.RECORDED,
        coverage=coverage,
        items=tuple(_frozen(issue) for issue in issues),
        milestones=_milestones(work),
    )


def _planned(work: Work, issue: Issue) -> bool:
    read = any(s.connection == issue.ref.connection and s.key == issue.source for s in work.project.sources)
    return read and issue.status is not StatusCategory.CANCELLED


def _frozen(issue: Issue) -> BaselineItem:
    return BaselineItem(
        ref=issue.ref,
        key=issue.key,
        title=issue.title,
        start=issue.start,
        due=issue.due,
        estimate=issue.estimate,
        unit=issue.unit,
        sprints=issue.sprints,
        milestone=issue.milestone,
    )


def _milestones(work: Work) -> tuple[BaselineMilestone, ...]:
    """Every record of every milestone with the date that its milestone had."""
    dated = ((goal, goal.at(work.at)) for goal in work.goals)
    return tuple(
        BaselineMilestone(ref, goal.name, said.due if said is not None else None)
        for goal, said in dated
        for ref in goal.refs
    )


def in_force(baselines: Iterable[Baseline], at: datetime) -> Baseline | None:
    """The plan that held at an instant: the newest one that does not lie after it."""
    past = [baseline for baseline in baselines if baseline.as_of <= at]
    return max(past, key=lambda baseline: (baseline.as_of, baseline.taken), default=None)


def original(baselines: Iterable[Baseline]) -> Baseline | None:
    """The first plan, which no later one overwrites."""
    return min(baselines, key=lambda baseline: (baseline.as_of, baseline.taken), default=None)


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """A canonical item as planned; `estimate` in the project's unit. `refs` are its records in the plan.

    `goals` are the keys of the milestones it was planned for.
    """

    item: str
    refs: tuple[Ref, ...]
    key: str
    title: str
    start: date | None
    due: date | None
    estimate: Decimal | None
    goals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """A baseline in today's items: records that are now known to be the same work are one.

    `goals` are the milestones' planned dates, as a forecast is made: the later of a milestone's own and its
    members'. `finish` is that of the last leaf item. What was done already takes no part in either.
    """

    baseline: Baseline
    items: Mapping[str, PlannedItem]
    goals: Mapping[str, date]
    finish: date | None

    @property
    def name(self) -> str:
        return self.baseline.name

    @property
    def as_of(self) -> datetime:
        return self.baseline.as_of


def plan_of(work: Work, baseline: Baseline) -> Plan:
    """Read a baseline; per attribute the record that speaks today speaks, else the next with a value."""
    records: dict[str, list[BaselineItem]] = defaultdict(list)
    for item in baseline.items:
        records[work.item_of.get(item.ref, str(item.ref))].append(item)
    goals = {folded(milestone.name): milestone.due for milestone in baseline.milestones if milestone.due}
    items = {item: _joined(work, item, several, baseline.as_of) for item, several in sorted(records.items())}
    finish = None
    for planned in items.values():
        if planned.due is not None and _to_be_done(work, planned.item, baseline.as_of):
            finish = max(finish or planned.due, planned.due)
            for goal in planned.goals:
                goals[goal] = max(goals.get(goal, planned.due), planned.due)
    return Plan(baseline, items, goals, finish)


def _to_be_done(work: Work, item: str, as_of: datetime) -> bool:
    """Whether it was a leaf, and still open, when the plan was frozen."""
    then = work.facts(item, as_of)
    return not (then is not None and then.done) and not work.children_at(item, as_of)


def _joined(work: Work, item: str, records: list[BaselineItem], as_of: datetime) -> PlannedItem:
    def by(family: str) -> list[BaselineItem]:
        def place(record: BaselineItem) -> tuple[int, Ref]:
            rank = work.ranks.get(record.ref)
            return (getattr(rank, family) if rank else len(work.ranks)), record.ref

        return sorted(records, key=place)

    first = by("source")[0]
    estimates = (
        in_unit(record.estimate, record.unit, work.project.unit, work.calendar.hours_per_day)
        for record in by("estimate")
    )
    return PlannedItem(
        item=item,
        refs=tuple(record.ref for record in by("source")),
        key=first.key,
        title=first.title,
        start=next((record.start for record in by("dates") if record.start), None),
        due=next((record.due for record in by("dates") if record.due), None),
        estimate=next((estimate for estimate in estimates if estimate is not None), None),
        goals=_goals_of(work, item, records, as_of),
    )


def _goals_of(work: Work, item: str, records: Iterable[BaselineItem], as_of: datetime) -> frozenset[str]:
    """The milestones in the plan; those that the config marks by a label are known from history."""
    ids = {Ref(record.ref.connection, record.milestone) for record in records if record.milestone}
    facts = work.facts(item, as_of)
    labelled = facts.milestones if facts is not None else frozenset()
    return frozenset(
        goal.key
        for goal in work.goals
        if not ids.isdisjoint(goal.refs) or (goal.label is not None and goal.key in labelled)
    )
