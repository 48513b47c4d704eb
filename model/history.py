"""Bitemporal replay, pure: what a field was at an instant, as far as was known at another.

A *fact* is one change of one field. A *thread* is all facts of one field of one record, sifted by what was
known at an instant:

* the value at T is `after` of the latest known fact at or before T;
* before the first known fact it is that fact's `before`;
* where facts exist but none was known yet, it is what was believed until the first of them was learned.

So an answer for (at, known) never changes when more is learned.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from model.values import Sprint, SprintState

__all__ = ["Fact", "Stay", "Thread", "sprint_as_of", "stays", "weave"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A change of `field` from one encoded text to another; `seq` orders facts of the same instant."""

    seq: int
    record: int
    field: str
    before: str | None
    after: str | None
    at: datetime
    learned: datetime
    origin: str
    actor: str | None = None


_in_time = attrgetter("at", "seq")
_in_knowledge = attrgetter("learned", "seq")


class Thread:
    """All facts of one field of one record, as far as known at one instant."""

    __slots__ = ("_ats", "believed", "settled", "steps")

    def __init__(self, facts: Iterable[Fact], known: datetime) -> None:
        """`facts` holds at least one."""
        everything = list(facts)
        self.steps = [fact for fact in everything if fact.learned <= known]
        first = everything[0]
        if len(everything) > 1:
            self.steps.sort(key=_in_time)
            first = min(everything, key=_in_knowledge)
        self._ats = [fact.at for fact in self.steps]
        self.believed = first.before
        self.settled = len(self.steps) == len(everything)
        """Nothing was learned after `known`: the stored value is that of the last step."""

    def is_current(self, at: datetime) -> bool:
        """Whether the stored value is the value at `at`."""
        return self.settled and self._ats[-1] <= at

    def value(self, at: datetime) -> str | None:
        """The encoded value at `at`."""
        last = bisect_right(self._ats, at)
        if last:
            return self.steps[last - 1].after
        return self.steps[0].before if self.steps else self.believed

    def timeline(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, str | None]]:
        """(from when, encoded value) from `start` to `end`, one entry for each real change."""
        value = self.value(start)
        yield start, value
        for at in dict.fromkeys(self._ats):
            if start < at <= end and (now := self.value(at)) != value:
                value = now
                yield at, value


def weave(facts: Iterable[Fact], known: datetime) -> Mapping[int, Mapping[str, Thread]]:
    """Record -> field -> thread, for every field that has facts."""
    gathered: dict[int, dict[str, list[Fact]]] = {}
    for fact in facts:
        gathered.setdefault(fact.record, {}).setdefault(fact.field, []).append(fact)
    return {
        record: {field: Thread(several, known) for field, several in by_field.items()}
        for record, by_field in gathered.items()
    }


@dataclass(frozen=True, slots=True)
class Stay:
    """An issue's time in one sprint; open where `until` is None."""

    sprint: str
    since: datetime
    until: datetime | None


def stays(timeline: Iterable[tuple[datetime, frozenset[str]]]) -> tuple[Stay, ...]:
    """The membership intervals behind a timeline of the `sprints` field, in order of their beginning."""
    begun: dict[str, datetime] = {}
    ended: list[Stay] = []
    for at, sprints in timeline:
        for left in begun.keys() - sprints:
            ended.append(Stay(left, begun.pop(left), at))
        for joined in sprints - begun.keys():
            begun[joined] = at
    still = [Stay(sprint, since, None) for sprint, since in begun.items()]
    return tuple(sorted(ended + still, key=lambda stay: (stay.since, stay.sprint)))


def sprint_as_of(sprint: Sprint, at: datetime) -> Sprint:
    """The sprint with a state that its own instants allow: none is closed before it was closed."""
    if sprint.completed is not None and sprint.completed > at:
        sprint = replace(sprint, completed=None, state=SprintState.ACTIVE)
    if sprint.start is not None and sprint.start > at and sprint.state is not SprintState.FUTURE:
        sprint = replace(sprint, state=SprintState.FUTURE)
    return sprint
