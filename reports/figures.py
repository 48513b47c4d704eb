"""What a number carries: its unit, the instant and the plan it holds for, and the items it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

__all__ = ["RULES", "Figure", "LeftOut", "Quantity", "Reason", "State", "percentile", "share"]

RULES = "1"
"""The version of every definition in this folder; printed on each report."""


class Reason(StrEnum):
    """Why a figure has no value, or an item has no part in one."""

    NO_BASELINE = "no_baseline"
    NO_ESTIMATE = "no_estimate"
    NO_DATE = "no_date"
    NO_ITEMS = "no_items"
    NO_READ = "no_read"
    ZERO_COMMITTED = "zero_committed"
    MIXED_UNITS = "mixed_units"
    COMPLETE = "complete"
    NO_TIME_LEFT = "no_time_left"
    NEW = "new"
    REMOVED = "removed"
    DONE_BEFORE = "done_before"
    PARENT = "parent"
    STALE = "stale"
    LOW_COVERAGE = "low_coverage"
    NO_BUDGET = "no_budget"
    NO_COSTS = "no_costs"
    NO_RATES = "no_rates"
    NO_RATE = "no_rate"
    NO_EXCHANGE = "no_exchange"
    UNKNOWN_PERSON = "unknown_person"
    UNPRICED = "unpriced"


class State(StrEnum):
    """What a reader may conclude; unknown is grey and never green."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Items that have no part in a figure, and why."""

    reason: Reason
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its evidence; `value` None always comes with a `reason`.

    `items` are the canonical items it was made from, `rule` names its definition, `at_least` marks a lower
    bound. Ratios are floats, efforts Decimals, day counts integers.
    """

    value: int | Decimal | float | date | None
    unit: str
    as_of: datetime
    rule: str
    items: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    baseline: str | None = None
    reason: Reason | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """A sum in the project's unit of effort beside the number of items, always in parallel."""

    effort: Decimal = Decimal(0)
    count: int = 0

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.effort + other.effort, self.count + other.count)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.effort - other.effort, self.count - other.count)

    def __bool__(self) -> bool:
        return bool(self.effort or self.count)


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The smallest value that at least `percent` of the values do not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[max(1, -(-percent * len(values) // 100)) - 1]


def share(part: Decimal | int, whole: Decimal | int) -> float | None:
    """part / whole; None when the whole is 0."""
    return float(Decimal(part) / Decimal(whole)) if whole else None
