"""How many ties the merge decides in a second of CPU: three sides, twelve fields, loaded values.

`python -m bench.merge [SHARE]`: of 100,000 ties a share (default 0.1) has one field that one side moved.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence

from model.values import Ref
from sync.merge import Held, Ruling, Value, merge

__all__ = ["rate", "ties"]

FIELDS = (
    *("title", "status", "start", "due", "estimate", "percent"),
    *("assignees", "labels", "sprints", "milestone", "parent", "priority"),
)
_SETS = ("assignees", "labels")
RULES = {name: Ruling("union" if name == "labels" else "ask") for name in FIELDS}


def ties(count: int, share: float, seed: int = 7) -> list[list[Held]]:
    """Ties at rest but for a share of them, in which one side has another value in one field."""
    chance = random.Random(seed)
    return [_tie(number, chance, moved=chance.random() < share) for number in range(count)]


def _tie(number: int, chance: random.Random, moved: bool) -> list[Held]:
    refs = [Ref(name, f"{number}") for name in ("github", "jira", "planner")]
    sides = []
    for ref in refs:
        values: dict[str, Value] = {
            name: frozenset({f"{name}{number % 50}", "x"}) if name in _SETS else f"{name} {number}"
            for name in FIELDS
        }
        sides.append(Held(ref, values, dict(values)))
    if moved:
        side, name = chance.randrange(3), chance.choice(FIELDS)
        new: Value = frozenset({"y"}) if name in _SETS else "another"
        old = sides[side]
        sides[side] = Held(old.side, {**old.now, name: new}, old.agreed)
    return sides


def rate(groups: Sequence[Sequence[Held]]) -> float:
    """Ties decided in a second of CPU."""
    begin = time.process_time()
    for group in groups:
        merge(group, RULES, _as_is, _nobody_knows)
    return len(groups) / (time.process_time() - begin)


def _as_is(_side: Ref, _name: str, value: Value) -> Value:
    return value


def _nobody_knows(_side: Ref, _name: str) -> None:
    return None


if __name__ == "__main__":
    given = float(sys.argv[1]) if len(sys.argv) > 1 else 0.1
    print(f"{rate(ties(100_000, given)):,.0f} ties of 3 sides x 12 fields a second of CPU, {given:.0%} moved")
