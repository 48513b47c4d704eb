"""Parents and children over time: whose estimate stands for whom, so that nothing is added twice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from reports.lives import Facts
from reports.work import Work

__all__ = ["Families", "Steps", "holds"]

Steps = tuple[tuple[datetime, bool], ...]
"""Since when something holds or does not, in order of time; before the first step it does not."""


def holds(steps: Steps, at: datetime) -> bool:
    """Whether it holds at an instant, a step of that very instant included."""
    index = bisect_right(steps, at, key=lambda step: step[0])
    return steps[index - 1][1] if index else False


class Families:
    """What parenthood means for the sums of one project."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._covered: dict[str, Steps] = {}

    def has_child(self, item: str, inside: Callable[[Facts], bool]) -> Steps:
        """Whether the item has a child in scope for which `inside` holds."""
        return _any(self._steps(item, child, inside) for child in self._children(item))

    def covered(self, item: str) -> Steps:
        """Whether a descendant in scope is estimated, so that the item's own estimate is not added."""
        if item not in self._covered:
            self._covered[item] = self._estimated_below(item, frozenset({item}))
        return self._covered[item]

    def _estimated_below(self, item: str, above: frozenset[str]) -> Steps:
        """Whether a descendant is estimated; a circle of parents is walked once, wherever it is entered."""
        children = [child for child in self._children(item) if child not in above]
        own = (self._steps(item, child, _estimated) for child in children)
        below = (
            _both(self._steps(item, child, _any_facts), self._estimated_below(child, above | {child}))
            for child in children
            if self._children(child)
        )
        return _any([*own, *below])

    def carried_above(self, item: str, at: datetime) -> bool:
        """Whether an ancestor's own estimate already stands for the item."""
        return any(
            facts.in_scope and facts.estimate is not None and not holds(self.covered(parent), at)
            for parent in self._ancestors(item, lambda child: self._parents_at(child, at))
            if (facts := self._work.facts(parent, at)) is not None
        )

    def ancestor_times(self, item: str) -> set[datetime]:
        """Every instant at which `carried_above` may change."""
        times: set[datetime] = set()
        for parent in self._ancestors(item, self._parents_ever):
            times |= {*self._work.lives[parent].times, *(at for at, _ in self.covered(parent))}
        return times

    def _children(self, item: str) -> Sequence[str]:
        return self._work.children.get(item, ())

    def _steps(self, parent: str, child: str, test: Callable[[Facts], bool]) -> Steps:
        """Since when `child` is a child of `parent`, in scope, and passes the test."""
        life = self._work.lives[child]
        said = (
            (at, f.in_scope and f.parent == parent and test(f)) for at, f in _pairs(life.times, life.facts)
        )
        return _compact(said)

    def _ancestors(self, item: str, parents: Callable[[str], Iterable[str]]) -> list[str]:
        found: list[str] = []
        waiting = [item]
        while waiting:
            for parent in parents(waiting.pop()):
                if parent != item and parent not in found:
                    found.append(parent)
                    waiting.append(parent)
        return found

    def _parents_at(self, item: str, at: datetime) -> Iterable[str]:
        facts = self._work.facts(item, at)
        return () if facts is None or facts.parent is None else (facts.parent,)

    def _parents_ever(self, item: str) -> Iterable[str]:
        return {facts.parent for facts in self._work.lives[item].facts if facts.parent is not None}


def _pairs(times: Sequence[datetime], facts: Sequence[Facts]) -> Iterable[tuple[datetime, Facts]]:
    return zip(times, facts, strict=True)


def _estimated(facts: Facts) -> bool:
    return facts.estimate is not None


def _any_facts(_facts: Facts) -> bool:
    return True


def _compact(steps: Iterable[tuple[datetime, bool]]) -> Steps:
    """Steps without those that change nothing."""
    found: list[tuple[datetime, bool]] = []
    for at, value in steps:
        if value != (found[-1][1] if found else False):
            found.append((at, value))
    return tuple(found)


def _any(several: Iterable[Steps]) -> Steps:
    """Since when at least one of several holds."""
    return _at_least(1, several)


def _both(a: Steps, b: Steps) -> Steps:
    return _at_least(2, (a, b))


def _at_least(wanted: int, several: Iterable[Steps]) -> Steps:
    """Since when so many of several hold; each turns on and off in turns, so a running count tells."""
    turns: dict[datetime, int] = {}
    for steps in several:
        for at, value in steps:
            turns[at] = turns.get(at, 0) + (1 if value else -1)
    holding = 0
    found = []
    for at in sorted(turns):
        holding += turns[at]
        found.append((at, holding >= wanted))
    return _compact(found)
