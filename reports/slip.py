"""Schedule slip: how many working days later than planned each item, milestone and the project is.

Against the original and the current baseline; late is positive. An item without a planned date has no slip,
a new one counts as scope, one that was removed is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.values import StatusCategory
from reports.baseline import Plan, PlannedItem
from reports.causes import Cause, CauseFinder
from reports.figures import LeftOut, Reason, percentile, share
from reports.finish import finish_of
from reports.lives import Life
from reports.outlook import Forecaster, Outlook
from reports.work import Work

__all__ = ["Drift", "GoalSlip", "ItemSlip", "SlipReport", "SlipSummary", "slip_by", "slip_report"]


@dataclass(frozen=True, slots=True)
class ItemSlip:
    """One planned item: `planned` is the baseline's raw date, `days` the slip in working days.

    `at_least` and `start_at_least` mark lower bounds: it is still open, or not begun, past its date.
    """

    item: str
    planned: date
    finish: date
    days: int
    calendar_days: int
    done: bool
    at_least: bool
    start_days: int | None
    start_at_least: bool
    effort: Decimal | None

    @property
    def late(self) -> bool:
        return self.days > 0


@dataclass(frozen=True, slots=True)
class SlipSummary:
    """The items' slips against one plan, latest first; shares are None where there is nothing to divide by.

    `missed` is the share of items due by now that finished, or will finish, late; `bei` the items finished by
    now over those planned to be; `hit` the share of those planned to be finished by now that were on time.
    """

    baseline: str
    items: tuple[ItemSlip, ...]
    left_out: tuple[LeftOut, ...]
    removed: tuple[PlannedItem, ...]
    median: int | None
    p85: int | None
    late_count: float | None
    late_effort: float | None
    missed: float | None
    bei: float | None
    hit: float | None


@dataclass(frozen=True, slots=True)
class GoalSlip:
    """A milestone against the current and the original plan, and why it moved; None where it did not."""

    current: Outlook
    original: Outlook | None
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a due date has moved since it was first set: the stand-in where there is no baseline."""

    item: str
    first: date
    now: date
    days: int


@dataclass(frozen=True, slots=True)
class SlipReport:
    """`project` is the finish; `current` and `original` are None without a baseline.

    `original` is None too where the project was never planned anew. `drift` holds open items whose due date
    moved, most first.
    """

    project: GoalSlip
    goals: tuple[GoalSlip, ...]
    current: SlipSummary | None
    original: SlipSummary | None
    drift: tuple[Drift, ...]
    by: Mapping[str, SlipSummary]


def slip_report(
    work: Work, current: Plan | None, original: Plan | None = None, dimension: str | None = None
) -> SlipReport:
    """Everything about slip at the work's instant; `original` only where it is not `current` itself."""
    forecaster = Forecaster(work)
    finder = CauseFinder(work)

    def slip(now: Outlook, first: Outlook | None) -> GoalSlip:
        return GoalSlip(now, first, finder.cause(now, current) if current else None)

    def against(plan: Plan | None) -> list[Outlook]:
        return [forecaster.goal(goal, plan, work.at) for goal in work.goals]

    firsts: Sequence[Outlook | None] = against(original) if original else [None] * len(work.goals)
    return SlipReport(
        project=slip(
            forecaster.project(current, work.at),
            forecaster.project(original, work.at) if original else None,
        ),
        goals=tuple(slip(now, first) for now, first in zip(against(current), firsts, strict=True)),
        current=summary(work, current) if current else None,
        original=summary(work, original) if original else None,
        drift=drifts(work),
        by=slip_by(work, current, dimension) if current and dimension else {},
    )


def summary(work: Work, plan: Plan, only: frozenset[str] | None = None) -> SlipSummary:
    """The slips of the plan's leaf items, or of those among them named in `only`."""
    slips: list[ItemSlip] = []
    out: dict[Reason, list[str]] = {}
    removed = []
    for id_, planned in plan.items.items():
        if only is not None and id_ not in only:
            continue
        reason = _left_out(work, plan, planned)
        if reason is None:
            slips.append(_item_slip(work, planned))
            continue
        out.setdefault(reason, []).append(id_)
        if reason is Reason.REMOVED:
            removed.append(planned)
    new = [i.id for i in work.items.values() if i.in_scope and i.leaf and i.id not in plan.items]
    if fresh := [id_ for id_ in new if only is None or id_ in only]:
        out[Reason.NEW] = fresh
    slips.sort(key=lambda slip: (-slip.days, slip.item))
    left_out = tuple(LeftOut(reason, tuple(items)) for reason, items in sorted(out.items()))
    return _summed(work, plan, slips, left_out, tuple(removed))


def slip_by(work: Work, plan: Plan, dimension: str) -> dict[str, SlipSummary]:
    """The slips per value of a dimension, as the items stand now; "" holds those without one."""
    groups: dict[str, set[str]] = {}
    for item in work.items.values():
        groups.setdefault(dict(item.dimensions).get(dimension, ""), set()).add(item.id)
    return {value: summary(work, plan, frozenset(items)) for value, items in sorted(groups.items())}


def _left_out(work: Work, plan: Plan, planned: PlannedItem) -> Reason | None:
    """Why a planned item has no slip; None where it has one."""
    item = work.items.get(planned.item)
    if item is None or not item.in_scope:
        return Reason.REMOVED
    if not item.leaf:
        return Reason.PARENT
    then = work.facts(planned.item, plan.as_of)
    if then is not None and then.done and item.status is StatusCategory.DONE:
        return Reason.DONE_BEFORE
    if planned.due is None:
        return Reason.NO_DATE
    overdue = item.open and planned.due < work.today
    return Reason.NO_DATE if item.forecast is None and not overdue else None


def _item_slip(work: Work, planned: PlannedItem) -> ItemSlip:
    item, calendar, today = work.items[planned.item], work.calendar, work.today
    facts = work.lives[planned.item].facts[-1]
    finish = finish_of(facts, today, calendar)
    assert planned.due is not None, "an item without a planned date is left out"
    # An open item that lost its date cannot be done before today.
    on = finish.on or today
    start, start_at_least = _start(work, planned)
    return ItemSlip(
        item=planned.item,
        planned=planned.due,
        finish=on,
        days=calendar.finish_slip(planned.due, on),
        calendar_days=(on - planned.due).days,
        done=item.status is StatusCategory.DONE,
        at_least=finish.at_least or finish.on is None,
        start_days=calendar.slip(planned.start, start) if planned.start and start else None,
        start_at_least=start_at_least,
        effort=item.estimate,
    )


def _start(work: Work, planned: PlannedItem) -> tuple[date | None, bool]:
    """When the item began or will begin, and whether that is a lower bound."""
    life = work.lives[planned.item]
    facts, today = life.facts[-1], work.today
    if facts.status in (StatusCategory.DOING, StatusCategory.DONE):
        return _begun(work, life) or facts.start, False
    if facts.start is not None:
        return max(facts.start, today), facts.start < today
    overdue = planned.start is not None and planned.start < today
    return (today, True) if overdue else (None, False)


def _begun(work: Work, life: Life) -> date | None:
    """The day the item was first in progress or done after we knew it; None without such a day."""
    for at, facts in zip(life.times[1:], life.facts[1:], strict=True):
        if facts.status in (StatusCategory.DOING, StatusCategory.DONE):
            return work.calendar.date_of(at)
    return None


def _summed(
    work: Work,
    plan: Plan,
    slips: Sequence[ItemSlip],
    left_out: tuple[LeftOut, ...],
    removed: tuple[PlannedItem, ...],
) -> SlipSummary:
    days = [slip.days for slip in slips]
    late = [slip for slip in slips if slip.late]
    due = [slip for slip in slips if slip.planned <= work.today]
    finished = [slip for slip in slips if slip.done]
    return SlipSummary(
        baseline=plan.name,
        items=tuple(slips),
        left_out=left_out,
        removed=removed,
        median=percentile(days, 50),
        p85=percentile(days, 85),
        late_count=share(len(late), len(slips)),
        late_effort=share(_effort(late), _effort(slips)),
        missed=share(sum(slip.late for slip in due), len(due)),
        bei=share(len(finished), len(due)),
        hit=share(sum(slip.done and not slip.late for slip in due), len(due)),
    )


def _effort(slips: Iterable[ItemSlip]) -> Decimal:
    return sum((slip.effort for slip in slips if slip.effort is not None), Decimal(0))


def drifts(work: Work) -> tuple[Drift, ...]:
    """Open leaf items whose due date is not the first one recorded, most moved first."""
    found = []
    for item in work.items.values():
        if not item.open or not item.leaf or item.due is None:
            continue
        first = next((facts.due for facts in work.lives[item.id].facts if facts.due is not None), item.due)
        days = work.calendar.slip(first, item.due)
        if first != item.due:
            found.append(Drift(item.id, first, item.due, days))
    return tuple(sorted(found, key=lambda drift: (-drift.days, drift.item)))
