"""The three-way merge of tied issues, field by field, over any number of sides: small, pure and total.

Each side is held against what it said itself when the field settled. A tracker that stores coarser values
(Planner's percent, dates without time) hands back what it rounded, and that is then what it is held against:
rounding never looks like an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from model.values import Ref

__all__ = [
    "ASK",
    "UNPROVEN",
    "Held",
    "Learned",
    "Outcome",
    "Part",
    "Rounding",
    "Ruling",
    "Unproven",
    "Value",
    "force",
    "meant_alike",
    "merge",
    "merge_field",
]

Value = str | frozenset[str] | None
"""A comparable value (sync.sides): a text, the elements of a set, or None for a field that is empty."""

Rounding = Callable[[Ref, str, Value], Value]
"""(side, field, value) -> the value as that side would hold it; idempotent for each side and field."""

Learned = Callable[[Ref, str], datetime | None]
"""(side, field) -> when we learned what the side says now; None: nobody knows."""


class Unproven:
    """There is no agreed value yet, so nobody can say which side changed."""

    def __repr__(self) -> str:
        return "UNPROVEN"


UNPROVEN: Final = Unproven()


@dataclass(frozen=True, slots=True)
class Ruling:
    """A field's rule: ask, newest, union, owner or one-way; `connection` is who wins in the last two."""

    policy: str = "ask"
    connection: str | None = None


ASK = Ruling()

_UNITING = ("ask", "union")
"""Rules under which a set that settled before is merged by what was added and removed: nothing is lost."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a side of a tie says now and what it said when each field settled.

    `doubted` names the agreed fields that are unproven: the side may lag behind what the others settled on,
    or an older copy of the store was restored.
    """

    side: Ref
    now: Mapping[str, Value]
    agreed: Mapping[str, Value]
    doubted: frozenset[str] = frozenset()


class Part(NamedTuple):
    """One side's part in the merge of one field."""

    side: Ref
    now: Value
    agreed: Value | Unproven = UNPROVEN
    proven: bool = True

    @property
    def fresh(self) -> bool:
        """Whether the side never settled on anything."""
        return isinstance(self.agreed, Unproven)

    @property
    def moved(self) -> bool:
        return self.now != self.agreed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided for one field: who must be written, or who clashes, or (neither) that it is settled.

    `writes` maps a side to the value it should hold; it is empty when `conflict` is not. `movers` are the
    sides whose values are carried over. `first` tells that nothing had been agreed before.
    """

    parts: tuple[Part, ...]
    writes: Mapping[Ref, Value] = field(default_factory=dict)
    conflict: tuple[Ref, ...] = ()
    movers: tuple[Ref, ...] = ()
    first: bool = False


def merge(
    sides: Sequence[Held], rules: Mapping[str, Ruling], rounded: Rounding, learned: Learned
) -> dict[str, Outcome]:
    """Decide every field of a tie that at least two sides hold and that is not as it was settled.

    A field without a rule takes no part. The answer does not depend on the order of `sides`.
    """
    restless: set[str] = set()
    for held in sides:
        if held.now != held.agreed:
            agreed = held.agreed
            restless.update([name for name, value in held.now.items() if agreed.get(name, UNPROVEN) != value])
        if held.doubted:
            restless |= held.doubted
    outcomes: dict[str, Outcome] = {}
    for name in sorted(restless & rules.keys()):
        parts = [
            Part(held.side, held.now[name], held.agreed.get(name, UNPROVEN), name not in held.doubted)
            for held in sides
            if name in held.now
        ]
        if len(parts) < 2:
            continue
        parts.sort(key=_by_side)
        outcome = merge_field(name, parts, rules[name], rounded, learned)
        if outcome is not None:
            outcomes[name] = outcome
    return outcomes


def merge_field(
    name: str, parts: Sequence[Part], rule: Ruling, rounded: Rounding, learned: Learned
) -> Outcome | None:
    """Decide one field for sides in order, of which there are two or more; None: there is nothing to do."""
    movers: list[Part] = []
    proven = False
    for part in parts:
        if part.agreed is UNPROVEN:
            return _meet(name, parts, rule, rounded)
        proven = proven or part.proven
        if part.now != part.agreed:
            movers.append(part)
    if not proven:
        return _meet(name, parts, rule, rounded)
    if rule.policy == "one-way" and (masters := _masters(parts, rule)):
        return _flow(name, parts, masters, rounded)
    return _moved(name, parts, movers, rule, rounded, learned)


def _moved(
    name: str,
    parts: Sequence[Part],
    movers: list[Part],
    rule: Ruling,
    rounded: Rounding,
    learned: Learned,
) -> Outcome | None:
    """Decide a field that settled before, of which some sides may have moved."""
    if not movers:
        return _catch_up(name, parts, rounded)
    if rule.policy in _UNITING and all(isinstance(part.now, frozenset) for part in parts):
        return _unite(name, parts, rounded)
    if not (movers[0].proven if len(movers) == 1 else all(part.proven for part in movers)):
        # A side that lags behind moved without having seen what the others settled on.
        movers = [part for part in parts if part.moved or part.proven]
    winner = meant_alike(name, movers, rounded)
    if isinstance(winner, Unproven):
        winner = _ruled(name, movers, rule, rounded, learned)
    if isinstance(winner, Unproven):
        return Outcome(tuple(parts), conflict=tuple(part.side for part in movers))
    return force(name, parts, winner, rounded)


def force(name: str, parts: Sequence[Part], winner: Value, rounded: Rounding, first: bool = False) -> Outcome:
    """Let one value stand: every side that would hold something else is written."""
    writes = {
        part.side: winner for part in parts if part.now != winner and _keeps(name, part, winner, rounded)
    }
    movers = tuple(part.side for part in parts if part.side not in writes and (first or part.moved))
    return Outcome(tuple(parts), writes, (), movers, first)


def meant_alike(name: str, parts: Sequence[Part], rounded: Rounding) -> Value | Unproven:
    """The value that every side could have meant, or UNPROVEN; the finest one if several could."""
    if len(parts) == 1:
        return parts[0].now
    values = list(dict.fromkeys(part.now for part in parts))
    if len(values) == 1:
        return values[0]
    fitting = [
        value
        for value in values
        if all(rounded(p.side, name, value) == rounded(p.side, name, p.now) for p in parts)
    ]
    if not fitting:
        return UNPROVEN
    return min(
        fitting, key=lambda value: (sum(rounded(p.side, name, value) == value for p in parts), _order(value))
    )


def _by_side(part: Part) -> tuple[str, str]:
    return part.side.connection, part.side.id


def _keeps(name: str, part: Part, winner: Value, rounded: Rounding) -> bool:
    """Whether the side would hold something else than now if the value were written to it."""
    held = rounded(part.side, name, winner)
    if isinstance(held, frozenset) and isinstance(part.now, frozenset) and isinstance(winner, frozenset):
        # One that holds fewer elements than there are may keep those of them that it has.
        return not (held < winner and part.now <= winner and len(part.now) == len(held)) and held != part.now
    return held != part.now


def _masters(parts: Sequence[Part], rule: Ruling) -> list[Part]:
    return [part for part in parts if part.side.connection == rule.connection]


def _meet(name: str, parts: Sequence[Part], rule: Ruling, rounded: Rounding) -> Outcome:
    """First contact of some sides: alike is settled, else the rule's owner speaks, else a person must."""
    if not isinstance(meant_alike(name, parts, rounded), Unproven):
        return Outcome(tuple(parts), first=True)
    masters = _masters(parts, rule)
    spoken = meant_alike(name, masters, rounded) if masters else UNPROVEN
    doubted = any(not part.proven for part in parts)
    if not isinstance(spoken, Unproven) and (rule.policy == "one-way" or not doubted):
        return force(name, parts, spoken, rounded, first=True)
    if rule.policy == "union" and not doubted and all(isinstance(part.now, frozenset) for part in parts):
        united = frozenset[str]().union(*(_elements(part.now) for part in parts))
        return force(name, parts, united, rounded, first=True)
    return Outcome(tuple(parts), conflict=tuple(part.side for part in parts), first=True)


def _flow(name: str, parts: Sequence[Part], masters: Sequence[Part], rounded: Rounding) -> Outcome | None:
    """One way: what the master says now is written wherever it, or the other side, is not as it settled."""
    winner = meant_alike(name, masters, rounded)
    if isinstance(winner, Unproven):
        return Outcome(tuple(parts), conflict=tuple(part.side for part in masters))
    told = any(part.moved for part in masters)
    whom = [part for part in parts if part in masters or told or part.moved or not part.proven]
    made = force(name, whom, winner, rounded)
    return Outcome(tuple(parts), made.writes, (), tuple(part.side for part in masters))


def _catch_up(name: str, parts: Sequence[Part], rounded: Rounding) -> Outcome | None:
    """Nobody moved, but some side still lacks what the others settled on."""
    settled = [part for part in parts if part.proven]
    winner = meant_alike(name, settled, rounded)
    if isinstance(winner, Unproven):
        return None
    late = [part for part in parts if not part.proven]
    made = force(name, late, winner, rounded)
    return Outcome(tuple(parts), made.writes, (), tuple(p.side for p in settled if p.now == winner))


def _unite(name: str, parts: Sequence[Part], rounded: Rounding) -> Outcome:
    """A set by what each side added and removed; it clashes only where one adds what another removes."""
    movers = [part for part in parts if part.moved]
    added = frozenset[str]().union(*(_elements(p.now) - _elements(p.agreed) for p in movers))
    removed = frozenset[str]().union(*(_elements(p.agreed) - _elements(p.now) for p in movers))
    if added & removed:
        return Outcome(tuple(parts), conflict=tuple(part.side for part in movers))
    bases = {_elements(part.agreed) for part in parts if part.proven}
    base = next(iter(bases)) if len(bases) == 1 else None
    writes: dict[Ref, Value] = {}
    for part in parts:
        start = base if base is not None and not part.proven else _elements(part.now)
        wanted = (start | added) - removed
        if wanted != part.now and _keeps(name, part, wanted, rounded):
            writes[part.side] = wanted
    return Outcome(tuple(parts), writes, (), tuple(part.side for part in movers))


def _ruled(
    name: str, movers: Sequence[Part], rule: Ruling, rounded: Rounding, learned: Learned
) -> Value | Unproven:
    """Whose value stands by the rule when several sides moved in different ways."""
    if rule.policy == "owner":
        masters = _masters(movers, rule)
        return meant_alike(name, masters, rounded) if masters else UNPROVEN
    if rule.policy == "newest":
        stamps = {part.side: learned(part.side, name) for part in movers}
        if None in stamps.values():
            return UNPROVEN
        latest = max(stamp for stamp in stamps.values() if stamp is not None)
        return meant_alike(name, [part for part in movers if stamps[part.side] == latest], rounded)
    return UNPROVEN


def _elements(value: Value | Unproven) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()


def _order(value: Value) -> tuple[str, ...]:
    if isinstance(value, frozenset):
        return ("set", *sorted(value))
    return ("none",) if value is None else ("text", value)
