"""The state table: schedule, scope, sprint, cost and data, each now, as planned, and as last reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from model.values import Unit
from reports.cost.burn import CostSight
from reports.cost.ledger import Ledger
from reports.figures import Figure, LeftOut, Quantity, Reason, State
from reports.freshness import SourceRow
from reports.lights import Moment, NetScope
from reports.rag import Indicator
from reports.scope import ScopeChange
from reports.scope_report import ScopeReport
from reports.work import Work

__all__ = ["StateRow", "state_rows"]


@dataclass(frozen=True, slots=True)
class StateRow:
    """One indicator: `delta` is how far `now` is from `plan`, `ratio` that as a share; it sets the state.

    `subject` names what it is about: the finish milestone, the sprints, the stale sources. A figure is None
    where the indicator has no such thing.
    """

    indicator: Indicator
    state: State
    reason: Reason | None
    subject: str
    now: Figure
    delta: Figure
    ratio: Figure | None
    plan: Figure | None
    last: Figure | None


def state_rows(
    work: Work,
    now: Moment,
    last: Moment,
    scope: ScopeReport,
    rows: Sequence[SourceRow],
    ledger: Ledger | None = None,
) -> tuple[StateRow, ...]:
    """The rows in the order of the page; no sprint row without sprints, no cost row without a budget."""
    table = [_schedule(now, last), _scope(work, now, last, scope)]
    if now.sprint is not None:
        table.append(_sprint(work, now, now.sprint, scope))
    if now.cost is not None and ledger is not None:
        table.append(_cost(work, now, now.cost, last, ledger))
    return (*table, _data(now, rows))


def _schedule(now: Moment, last: Moment) -> StateRow:
    finish, light = now.finish, now.raw[Indicator.SCHEDULE]
    items = finish.members if finish.goal is not None else (finish.driver,) if finish.driver else ()
    out = (LeftOut(Reason.NO_DATE, finish.undated),) if finish.undated else ()
    figure = partial(
        Figure, as_of=now.at, items=items, left_out=out, baseline=now.plan, at_least=finish.at_least
    )
    missing = None if finish.forecast else Reason.NO_DATE
    unplanned = None if finish.planned else finish.reason
    return StateRow(
        indicator=Indicator.SCHEDULE,
        state=now.shown[Indicator.SCHEDULE],
        reason=light.reason,
        subject=finish.name,
        now=figure(finish.forecast, "date", rule="finish.forecast", reason=missing),
        delta=figure(finish.slip, "working days", rule="finish.slip", reason=finish.reason),
        ratio=figure(light.ratio, "ratio", rule="finish.slip_of_remaining", reason=light.reason),
        plan=figure(finish.planned, "date", rule="finish.planned", reason=unplanned, at_least=False),
        last=Figure(
            last.finish.forecast,
            "date",
            last.at,
            "finish.forecast",
            last.finish.members,
            baseline=last.plan,
            reason=None if last.finish.forecast else Reason.NO_DATE,
            at_least=last.finish.at_least,
        ),
    )


def _scope(work: Work, now: Moment, last: Moment, scope: ScopeReport) -> StateRow:
    inside = tuple(item.id for item in work.items.values() if item.in_scope and item.leaf)
    out = _not_weighed(now.scope, scope)
    row = _net_row(work, now, now.scope, scope.project, Indicator.SCOPE, "scope", (inside, out))
    before = _amount(last.scope.now, now.scope.by_effort)
    seen = Figure(before, row.now.unit, last.at, "scope.total", baseline=last.plan)
    return replace(row, last=seen)


def _sprint(work: Work, now: Moment, net: NetScope, scope: ScopeReport) -> StateRow:
    shown = [sprint for sprint in scope.sprints if sprint.box.name in net.names]
    items = (line for s in shown for line in s.change.committed.items + s.change.added.items)
    inside = tuple(dict.fromkeys(items))
    change = shown[-1].change if len(shown) == 1 else None
    out = _not_weighed(net, scope, frozenset(inside))
    return _net_row(work, now, net, change, Indicator.SPRINT, ", ".join(net.names), (inside, out))


def _net_row(
    work: Work,
    now: Moment,
    net: NetScope,
    change: ScopeChange | None,
    indicator: Indicator,
    subject: str,
    evidence: tuple[tuple[str, ...], tuple[LeftOut, ...]],
) -> StateRow:
    unit = work.project.unit.value if net.by_effort and work.project.unit is not Unit.COUNT else "items"
    inside, out = evidence
    moved: tuple[str, ...] = ()
    if change is not None:
        buckets = (change.added, change.removed, change.up, change.down, change.split)
        moved = tuple(dict.fromkeys(item for bucket in buckets for item in bucket.items))
    figure = partial(Figure, as_of=now.at, left_out=out, baseline=now.plan)
    reason = Reason.NO_BASELINE if net.reason is Reason.NO_BASELINE else None
    committed = None if reason else _amount(net.committed, net.by_effort)
    delta = None if reason else _amount(net.now - net.committed, net.by_effort)
    planned = change.committed.items if change is not None else ()
    return StateRow(
        indicator=indicator,
        state=now.shown[indicator],
        reason=now.raw[indicator].reason,
        subject=subject,
        now=figure(_amount(net.now, net.by_effort), unit, rule="scope.total", items=inside),
        delta=figure(delta, unit, rule="scope.net", items=moved, reason=reason),
        ratio=figure(net.share, "ratio", rule="scope.net_of_committed", items=moved, reason=net.reason),
        plan=figure(committed, unit, rule="scope.committed", items=planned, reason=reason),
        last=None,
    )


def _cost(work: Work, now: Moment, cost: CostSight, last: Moment, ledger: Ledger) -> StateRow:
    """The forecast at completion against the budget; its items are those that work or money went into."""
    sums, light, forecast = ledger.at(work.today), now.raw[Indicator.COST], cost.burn.forecast
    spent = (ledger.by_id[entry].item for entry in sums.actual.entries)
    items = tuple(dict.fromkeys(item for item in spent if item is not None))
    least = forecast.at_least
    figure = partial(Figure, as_of=now.at, items=items, baseline=now.plan)
    total = sums.budget
    before = last.cost.burn.forecast if last.cost is not None else None
    was = Figure(
        before.amount if before else None,
        *(cost.currency, last.at, "cost.forecast"),
        baseline=last.plan,
        reason=(before.reason or Reason.NO_COSTS) if before and before.amount is None else None,
        at_least=before.at_least if before else False,
    )
    missing = forecast.reason or Reason.UNPRICED if forecast.amount is None else None
    return StateRow(
        indicator=Indicator.COST,
        state=now.shown[Indicator.COST],
        reason=light.reason,
        subject="",
        now=figure(forecast.amount, cost.currency, rule="cost.forecast", reason=missing, at_least=least),
        delta=figure(forecast.over, cost.currency, rule="cost.over", reason=missing, at_least=least),
        ratio=figure(forecast.ratio, "ratio", rule="cost.over_of_budget", reason=missing),
        plan=Figure(total.value, cost.currency, now.at, "cost.budget", reason=total.reason),
        last=was,
    )


def _data(now: Moment, rows: Sequence[SourceRow]) -> StateRow:
    stale = sum(row.stale for row in rows)
    unsure = sum(row.unmapped + row.parked for row in rows)
    figure = partial(Figure, as_of=now.at, rule="data.freshness")
    light = now.raw[Indicator.DATA]
    return StateRow(
        indicator=Indicator.DATA,
        state=now.shown[Indicator.DATA],
        reason=light.reason,
        subject=", ".join(f"{row.tracker} {row.source}" for row in rows if row.stale),
        now=figure(stale, "stale sources"),
        delta=figure(unsure, "unsure records", rule="data.unsure"),
        ratio=None,
        plan=None,
        last=None,
    )


def _amount(quantity: Quantity, by_effort: bool) -> Decimal | int:
    return quantity.effort if by_effort else quantity.count


def _not_weighed(
    net: NetScope, scope: ScopeReport, only: frozenset[str] | None = None
) -> tuple[LeftOut, ...]:
    """The items whose effort is not in the sum."""
    if not net.by_effort:
        return ()
    groups = ((Reason.NO_ESTIMATE, scope.unestimated), (Reason.MIXED_UNITS, scope.foreign))
    kept = ((reason, tuple(i for i in items if only is None or i in only)) for reason, items in groups)
    return tuple(LeftOut(reason, items) for reason, items in kept if items)
