"""What a record, or the canonical item made of several, said at every instant of its life."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import TypeVar

from model.values import StatusCategory

__all__ = ["Facts", "Life", "Member", "Rank", "joined", "record_life"]

T = TypeVar("T")
Timeline = Sequence[tuple[datetime, object]]
"""From when a field had which value, in order of time."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds at an instant, in the project's own terms.

    `exists`: read by the project and not gone. `estimate` is in the project's unit; `foreign` marks one in
    a unit that cannot be converted. `sprints`, `milestones` and `parent` are canonical keys.
    """

    exists: bool
    status: StatusCategory
    start: date | None = None
    due: date | None = None
    finished: datetime | None = None
    estimate: Decimal | None = None
    foreign: bool = False
    sprints: frozenset[str] = frozenset()
    milestones: frozenset[str] = frozenset()
    parent: str | None = None

    @property
    def in_scope(self) -> bool:
        """Whether it is work of the project: neither gone nor cancelled."""
        return self.exists and self.status is not StatusCategory.CANCELLED

    @property
    def done(self) -> bool:
        return self.status is StatusCategory.DONE


@dataclass(frozen=True, slots=True)
class Life:
    """Facts from the first instant on, each until the next; `times` is sorted and as long as `facts`."""

    times: tuple[datetime, ...]
    facts: tuple[Facts, ...]

    def at(self, instant: datetime) -> Facts | None:
        """What held at `instant`, changes of that very instant included; None before the beginning."""
        index = bisect_right(self.times, instant)
        return self.facts[index - 1] if index else None


def record_life(
    begin: datetime,
    values: Mapping[str, object],
    timelines: Mapping[str, Timeline],
    facts: Callable[[Mapping[str, object]], Facts],
) -> Life:
    """The life of one record.

    `values` are the fields that never changed; `timelines` the others; `facts` reads the fields of an
    instant. A change before `begin` counts as of `begin`: the record was not there before.
    """
    current = dict(values)
    steps: dict[datetime, dict[str, object]] = {begin: {}}
    for name, timeline in timelines.items():
        current[name] = timeline[0][1]
        for at, value in timeline:
            steps.setdefault(max(at, begin), {})[name] = value
    times: list[datetime] = []
    said: list[Facts] = []
    done_since: datetime | None = None
    for at in sorted(steps):
        current |= steps[at]
        if current["status"] is not StatusCategory.DONE:
            done_since = None
        elif done_since is None and times:
            done_since = at
        finished = current.get("finished") or done_since
        times.append(at)
        said.append(facts({**current, "finished": finished}))
    return Life(tuple(times), tuple(said))


@dataclass(frozen=True, slots=True)
class Rank:
    """Where a record stands, per family of attributes, among those that speak for an item: lower first."""

    source: int
    dates: int
    estimate: int
    status: int


@dataclass(frozen=True, slots=True)
class Member:
    rank: Rank
    life: Life


def joined(members: Sequence[Member]) -> Life:
    """The life of a canonical item; a record that is gone or cancelled is ignored while another lives."""
    if len(members) == 1:
        return members[0].life
    times = sorted({at for member in members for at in member.life.times})
    return Life(tuple(times), tuple(_merged(members, at) for at in times))


def _merged(members: Sequence[Member], at: datetime) -> Facts:
    present = [(m.rank, facts) for m in members if (facts := m.life.at(at)) is not None]
    existing = [pair for pair in present if pair[1].exists] or present
    pool = [pair for pair in existing if pair[1].in_scope] or existing
    by_source = _facts(pool, "source")
    by_status = _facts(pool, "status")
    by_dates = _facts(pool, "dates")
    # An estimate outlives a move into a tracker that keeps none: a move is no change of scope.
    by_estimate = _facts(pool, "estimate") + _facts(present, "estimate")
    status = next((f for f in by_status if f.status is not StatusCategory.UNKNOWN), by_status[0])
    estimated = next((f for f in by_estimate if f.estimate is not None), None)
    return Facts(
        exists=by_source[0].exists,
        status=status.status,
        start=_first(f.start for f in by_dates),
        due=_first(f.due for f in by_dates),
        finished=status.finished,
        estimate=estimated.estimate if estimated else None,
        foreign=estimated is None and any(f.foreign for f in by_source),
        sprints=frozenset().union(*(f.sprints for f in by_source)),
        milestones=frozenset().union(*(f.milestones for f in by_source)),
        parent=_first(f.parent for f in by_source),
    )


def _facts(pool: Sequence[tuple[Rank, Facts]], family: str) -> list[Facts]:
    place = attrgetter(family)
    return [facts for _, facts in sorted(pool, key=lambda pair: place(pair[0]))]


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
