"""Estimates in the project's one unit; what no declared rate converts stays out and is said to."""

from __future__ import annotations

from decimal import Decimal

from model.values import Unit

__all__ = ["in_unit"]

_EXACT = Decimal("0.0001")


def in_unit(amount: Decimal | None, unit: Unit, own: Unit, hours_per_day: Decimal) -> Decimal | None:
    """`amount` of `unit` in the project's `own` unit.

    None: no estimate, or no rate converts it. A project that counts gives each item 1. Converted amounts are
    cut to four decimals, so that sums of them are exact.
    """
    if own is Unit.COUNT:
        return Decimal(1)
    if amount is None or unit is own:
        return amount
    if (unit, own) == (Unit.HOURS, Unit.DAYS):
        return (amount / hours_per_day).quantize(_EXACT)
    if (unit, own) == (Unit.DAYS, Unit.HOURS):
        return (amount * hours_per_day).quantize(_EXACT)
    return None
