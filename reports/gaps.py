"""What a report cannot see, and what would let it: each gap names its items and its next step's subject."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from reports.baseline import Plan
from reports.cost.ledger import Ledger
from reports.freshness import SourceRow
from reports.work import Work, WorkItem

__all__ = ["Gap", "GapKind", "cost_gaps", "gaps"]

_WHOLE = Decimal(1)


class GapKind(StrEnum):
    NO_BASELINE = "no_baseline"
    FINISH_NOT_FOUND = "finish_not_found"
    NO_FINISH = "no_finish"
    PLAN_REBUILT = "plan_rebuilt"
    NOT_READ = "not_read"
    STALE = "stale"
    FAILED = "failed"
    NO_HISTORY = "no_history"
    UNMAPPED = "unmapped"
    PARKED = "parked"
    NOT_SEEN = "not_seen"
    UNDATED = "undated"
    UNESTIMATED = "unestimated"
    OTHER_UNIT = "other_unit"
    OWNERLESS = "ownerless"
    PARENT_ESTIMATE_IGNORED = "parent_estimate_ignored"
    NOT_PRICED = "not_priced"


@dataclass(frozen=True, slots=True)
class Gap:
    """`subject` is the source, milestone, baseline or rule it is about; `words` are a tracker's own.

    `amounts` are the differences of the items in the same places of `items`, `amount` is their sum.
    """

    kind: GapKind
    count: int = 0
    subject: str = ""
    items: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    amount: Decimal | None = None
    amounts: tuple[Decimal, ...] = ()


def gaps(
    work: Work, plan: Plan | None, rows: Sequence[SourceRow], unestimated: tuple[str, ...], found_finish: bool
) -> tuple[Gap, ...]:
    """Every gap there is, those of the plan first."""
    return (*_of_plan(work, plan, found_finish), *_of_sources(rows), *_of_items(work, unestimated))


def cost_gaps(work: Work, ledger: Ledger | None) -> tuple[Gap, ...]:
    """What has no price, where there is a budget: the number of costs, and the hours of work as `amount`."""
    unpriced = [e for e in ledger.until(work.today) if e.reason is not None] if ledger is not None else []
    if not unpriced:
        return ()
    hours = Decimal(sum(entry.seconds or 0 for entry in unpriced)) / 3600
    items = tuple(dict.fromkeys(entry.item for entry in unpriced if entry.item is not None))
    return (Gap(GapKind.NOT_PRICED, sum(not e.is_work for e in unpriced), items=items, amount=hours),)


def _of_plan(work: Work, plan: Plan | None, found_finish: bool) -> Iterable[Gap]:
    if plan is None:
        dated = tuple(item.id for item in work.items.values() if item.in_scope and item.due is not None)
        yield Gap(GapKind.NO_BASELINE, len(dated), work.name, dated)
    elif plan.baseline.coverage is not None and plan.baseline.coverage < _WHOLE:
        yield Gap(GapKind.PLAN_REBUILT, subject=plan.name, amount=plan.baseline.coverage)
    if work.project.finish is None:
        yield Gap(GapKind.NO_FINISH, subject=work.name)
    elif not found_finish:
        yield Gap(GapKind.FINISH_NOT_FOUND, subject=work.project.finish.milestone)


def _of_sources(rows: Iterable[SourceRow]) -> Iterable[Gap]:
    for row in rows:
        name = f"{row.tracker} {row.source}"
        if row.error is not None:
            yield Gap(GapKind.FAILED, subject=name, words=(row.error,))
        if row.age is None:
            yield Gap(GapKind.NOT_READ, subject=name)
            continue
        if row.stale:
            yield Gap(GapKind.STALE, subject=name, amount=Decimal(int(row.age.total_seconds() // 60)))
        if row.history != "full" and row.seen:
            yield Gap(GapKind.NO_HISTORY, subject=name, words=(row.history,))
        if row.unmapped:
            yield Gap(GapKind.UNMAPPED, row.unmapped, name, words=row.words)
        if row.parked:
            yield Gap(GapKind.PARKED, row.parked, name)
        if row.expected is not None and row.expected > row.seen + row.parked:
            yield Gap(GapKind.NOT_SEEN, row.expected - row.seen - row.parked, name)


def _of_items(work: Work, unestimated: tuple[str, ...]) -> Iterable[Gap]:
    open_leaves = [item for item in work.items.values() if item.open and item.leaf]
    found = (
        (GapKind.UNDATED, _ids(item for item in open_leaves if item.due is None)),
        (GapKind.UNESTIMATED, unestimated),
        (GapKind.OTHER_UNIT, _ids(item for item in work.items.values() if item.in_scope and item.foreign)),
        (GapKind.OWNERLESS, _ids(item for item in open_leaves if not item.owners)),
    )
    rule = work.project.unestimated
    yield from (Gap(kind, len(items), rule, items=items) for kind, items in found if items)
    yield from _parent_estimates(work)


def _ids(items: Iterable[WorkItem]) -> tuple[str, ...]:
    return tuple(item.id for item in items)


def _parent_estimates(work: Work) -> Iterable[Gap]:
    """Parents whose estimate was not added since their children are estimated, and by how much it differs."""
    differs = {}
    for item in work.items.values():
        if item.leaf or item.estimate is None or not item.in_scope:
            continue
        below = [work.items[child] for child in work.descendants_at(item.id, work.at)]
        estimates = [one.estimate for one in below if one.estimate is not None and not _covered(work, one)]
        if estimates:
            differs[item.id] = item.estimate - sum(estimates, Decimal(0))
    if differs:
        amounts = tuple(differs.values())
        total = sum(amounts, Decimal(0))
        yield Gap(
            GapKind.PARENT_ESTIMATE_IGNORED, len(differs), items=tuple(differs), amount=total, amounts=amounts
        )


def _covered(work: Work, item: WorkItem) -> bool:
    below = work.descendants_at(item.id, work.at)
    return any(work.items[child].estimate is not None for child in below)
