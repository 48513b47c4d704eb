"""From a set as it is now and what was added and removed, back to what it was before and after each change.

Trackers record single additions and removals ("labeled", one fix version at a time), reports need whole
values: the walk starts at the present, which is certain, and undoes the changes from newest to oldest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["NOTHING", "Step", "walk_back"]

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded change of a set; a set of at most one element is a plain value."""

    added: frozenset[str] = NOTHING
    removed: frozenset[str] = NOTHING


def walk_back(current: frozenset[str], steps: Iterable[Step]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """(before, after) of each step, in the order given, which is oldest first.

    A record with gaps is believed step by step: what a step added was there after it, whatever came later.
    """
    found: list[tuple[frozenset[str], frozenset[str]]] = []
    later = current
    for step in reversed(list(steps)):
        after = (later | step.added) - step.removed
        before = (after - step.added) | step.removed
        found.append((before, after))
        later = before
    return found[::-1]
