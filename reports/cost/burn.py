"""Money beside work: how much of the budget is spent and of the scope done, and what that forecasts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from model.values import Unit
from reports.cost.ledger import Sums
from reports.cost.rates import exact
from reports.figures import Reason, State, share
from reports.rag import Light, colour
from reports.replays import Replay
from reports.work import Work

__all__ = ["Burn", "CostSight", "Forecast", "ScopeDone", "ScopeShare", "burn_of", "cost_light", "sight_of"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class ScopeShare:
    """Finished work and the whole scope as they stand at one instant, in `unit`."""

    done: Decimal
    scope: Decimal
    unit: str

    @property
    def share(self) -> float | None:
        return share(self.done, self.scope)


class ScopeDone:
    """Scope and finished work of a project at any instant; in effort where its items are estimated."""

    def __init__(self, work: Work, replays: Sequence[Replay]) -> None:
        by_effort = any(replay.moments[-1].estimated for replay in replays)
        self._unit = work.project.unit.value if by_effort and work.project.unit is not Unit.COUNT else "items"
        turns: list[tuple[datetime, Decimal, Decimal]] = []
        for replay in replays:
            scope = done = _NOTHING
            for moment in replay.moments:
                now = moment.value if by_effort else Decimal(moment.counted)
                finished = now if moment.done else _NOTHING
                turns.append((moment.at, now - scope, finished - done))
                scope, done = now, finished
        turns.sort(key=lambda turn: turn[0])
        self._times = [at for at, _, _ in turns]
        self._totals = [(_NOTHING, _NOTHING)]
        for _, more, finished in turns:
            scope, done = self._totals[-1]
            self._totals.append((scope + more, done + finished))

    def at(self, instant: datetime) -> ScopeShare:
        """How far the work had come at an instant, its own changes included."""
        scope, done = self._totals[bisect_right(self._times, instant)]
        return ScopeShare(done, scope, self._unit)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The cost at completion. `over` is how much more than the budget that is, `ratio` the same as a share.

    `earned` is what the finished share of the scope was budgeted at. `at_least`: it can only become more.
    """

    amount: Decimal | None
    earned: Decimal | None = None
    over: Decimal | None = None
    ratio: float | None = None
    reason: Reason | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Burn:
    """At one instant: the share of the scope that is done, of the budget that is spent, and the forecast."""

    scope: ScopeShare
    spent: float | None
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class CostSight:
    """What a light needs of the money at one instant, without the rows behind it."""

    currency: str
    budget: Decimal | None
    actual: Decimal | None
    committed: Decimal | None
    burn: Burn


def sight_of(currency: str, sums: Sums, burn: Burn) -> CostSight:
    """The sums alone."""
    return CostSight(currency, sums.budget.value, sums.actual.value, sums.committed.value, burn)


def burn_of(sums: Sums, scope: ScopeShare) -> Burn:
    """Money and work at the same instant."""
    budget, actual = sums.budget.value, sums.actual.value
    spent = share(actual, budget) if actual is not None and budget is not None and budget > 0 else None
    return Burn(scope, spent, _forecast(sums, scope))


def _forecast(sums: Sums, scope: ScopeShare) -> Forecast:
    """The larger of two: what is spent and the budget of the unfinished scope; what is spent and ordered.

    Without a scope only the second is known, and only said where it is above the budget.
    """
    budget, actual, committed = sums.budget.value, sums.actual.value, sums.committed.value
    if budget is None or budget <= 0:
        return Forecast(None, reason=sums.budget.reason or Reason.NO_BUDGET)
    if actual is None or committed is None:
        return Forecast(None, reason=sums.actual.reason or sums.committed.reason)
    bound = actual + committed
    least = sums.actual.at_least or sums.committed.at_least
    if not scope.scope:
        if bound <= budget:
            return Forecast(None, reason=Reason.NO_ITEMS)
        return Forecast(bound, None, bound - budget, share(bound - budget, budget), at_least=True)
    earned = exact(budget * scope.done / scope.scope)
    amount = max(actual + budget - earned, bound)
    return Forecast(amount, earned, amount - budget, share(amount - budget, budget), at_least=least)


def cost_light(sums: Sums, forecast: Forecast, limits: tuple[Decimal, Decimal]) -> Light:
    """The forecast above the budget over the budget; it is not green while something has no price."""
    if forecast.ratio is None:
        return Light(State.GREY, None, forecast.reason or Reason.UNPRICED)
    state = colour(forecast.ratio, limits)
    if state is State.GREEN and sums.incomplete:
        return Light(State.GREY, forecast.ratio, Reason.UNPRICED)
    return Light(state, forecast.ratio)
