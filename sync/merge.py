"""The three-way merge of one field over any number of sides: small, pure and total.

A side's value is compared with the agreed one after that side's own rounding, because a tracker that stores
coarser values (Planner's percent, dates without time) hands back what it rounded, not what anybody changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

__all__ = ["UNPROVEN", "Outcome", "Rounding", "Unproven", "Value", "merge_set", "merge_value", "reconcile"]

Value = str | frozenset[str] | None
"""A field's stored text (model.fields) or, for fields that are sets, its elements."""


class Unproven:
    """There is no agreed value yet, so nobody can say which side changed."""

    def __repr__(self) -> str:
        return "UNPROVEN"


UNPROVEN: Final = Unproven()

Rounding = Callable[[str, Value], Value]
"""(side, value) -> the value as that side would store it; idempotent for each side."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a merge decided for one field: the value to agree on, who must be written, who clashes.

    `writes` maps a side to the value it should hold; it is empty when `conflict` is not. `conflict` lists the
    sides whose values cannot all stand.
    """

    agreed: Value | Unproven
    writes: Mapping[str, Value]
    conflict: tuple[str, ...] = ()


def merge_value(agreed: Value | Unproven, sides: Mapping[str, Value], rounded: Rounding) -> Outcome:
    """Merge a field whose value is replaced as a whole.

    A single new value wins over sides that did not move; two different new values are a conflict and write
    nothing.
    """
    if isinstance(agreed, Unproven):
        moved = dict(sides)
    else:
        moved = {side: value for side, value in sides.items() if value != rounded(side, agreed)}
    if not moved:
        return Outcome(agreed, {})
    winner = _compatible(moved, rounded)
    if isinstance(winner, Unproven):
        return Outcome(agreed, {}, tuple(sorted(moved)))
    writes = {side: winner for side, value in sides.items() if value != rounded(side, winner)}
    return Outcome(winner, writes)


def merge_set(agreed: frozenset[str] | Unproven, sides: Mapping[str, frozenset[str]]) -> Outcome:
    """Merge a set by what each side added and removed; it cannot clash. Without a base, sets unite."""
    base = frozenset() if isinstance(agreed, Unproven) else agreed
    added = frozenset[str]().union(*(value - base for value in sides.values()))
    removed = frozenset[str]().union(*(base - value for value in sides.values()))
    merged = (base | added) - removed
    return Outcome(merged, {side: merged for side, value in sides.items() if value != merged})


def reconcile(
    agreed: Mapping[str, Value],
    sides: Mapping[str, Mapping[str, Value]],
    rounded: Mapping[str, Rounding] | None = None,
) -> Mapping[str, Outcome]:
    """Merge every field that at least two sides hold; each field is decided by itself.

    `agreed` maps field -> agreed value (a missing field is unproven); `sides` maps side -> field -> value, a
    side without a field takes no part in it. `rounded` gives a field's rounding where it has one.
    """
    outcomes: dict[str, Outcome] = {}
    for field in sorted(set[str]().union(*(side.keys() for side in sides.values()))):
        values = {name: side[field] for name, side in sides.items() if field in side}
        if len(values) < 2:
            continue
        base = agreed.get(field, UNPROVEN)
        if all(isinstance(value, frozenset) for value in values.values()) and base is not None:
            outcomes[field] = merge_set(
                cast("frozenset[str] | Unproven", base), cast("Mapping[str, frozenset[str]]", values)
            )
        else:
            outcomes[field] = merge_value(base, values, (rounded or {}).get(field, _exact))
    return outcomes


def _compatible(moved: Mapping[str, Value], rounded: Rounding) -> Value | Unproven:
    """The value that every moved side could have meant, or UNPROVEN; the finest one if several could."""
    fitting = [
        value
        for value in _distinct(moved.values())
        if all(rounded(side, value) == rounded(side, other) for side, other in moved.items())
    ]
    if not fitting:
        return UNPROVEN
    return min(
        fitting, key=lambda value: (sum(rounded(s, value) == value for s in sorted(moved)), repr(value))
    )


def _distinct(values: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(values))


def _exact(_side: str, value: Value) -> Value:
    return value
