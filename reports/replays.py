"""An item's history as a container sees it: when it was inside, what it weighed, whether it was done."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median

from model.values import Change, Unit
from reports.families import Families, holds
from reports.figures import Quantity
from reports.lives import Facts
from reports.work import Work

__all__ = [
    "Inside",
    "Moment",
    "Replay",
    "RunningTotal",
    "container_replays",
    "running_total",
    "total",
    "unestimated_weights",
]

Inside = Callable[[Facts], bool]
"""Whether what an item says puts it into the container; only asked of items in scope."""

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a container sees of an item from an instant on.

    `inside`: in the container. `counted`: a leaf, so one of its items. `weighed`: its estimate is part
    of the effort, which is not so for a parent whose children are estimated, whatever it says itself.
    `value` is what it adds, `estimated` whether that is an estimate and not a stand-in for none. `done` holds
    outside it too.
    """

    at: datetime
    inside: bool = False
    counted: bool = False
    weighed: bool = False
    value: Decimal = _NOTHING
    estimated: bool = False
    done: bool = False

    def repeats(self, other: Moment) -> bool:
        """Whether it says the same as `other`, whenever that was."""
        return (
            self.value == other.value
            and self.inside is other.inside
            and self.counted is other.counted
            and self.weighed is other.weighed
            and self.estimated is other.estimated
            and self.done is other.done
        )

    @property
    def member(self) -> bool:
        """Whether the item is in the container's scope at all."""
        return self.counted or self.weighed

    @property
    def quantity(self) -> Quantity:
        """What the item adds to the container's scope."""
        return Quantity(self.value, int(self.counted))


@dataclass(frozen=True, slots=True)
class Replay:
    """One item in one container: its moments in order of time, none of which repeats the one before.

    `parents` are all it ever had; `stays` says since when it has been in how many sprints; `changes` are the
    recorded changes behind it all, in order of time; `rework` marks an item that repairs other work.
    """

    item: str
    moments: tuple[Moment, ...]
    parents: frozenset[str] = frozenset()
    rework: bool = False
    stays: tuple[tuple[datetime, int], ...] = ()
    changes: tuple[Change, ...] = ()

    def at(self, instant: datetime) -> Moment | None:
        """What held at `instant`, a change of that very instant included."""
        return next((moment for moment in reversed(self.moments) if moment.at <= instant), None)

    def member_at(self, instant: datetime) -> bool:
        moment = self.at(instant)
        return moment is not None and moment.member

    def between(self, start: datetime, end: datetime) -> Sequence[Moment]:
        """The moments in (start, end]."""
        first, last = (bisect_right(self.moments, instant, key=_at) for instant in (start, end))
        return self.moments[first:last]

    def chain(self, instant: datetime) -> int:
        """In how many sprints the item has been, up to `instant`."""
        return max((count for at, count in self.stays if at <= instant), default=0)

    def changes_at(self, instant: datetime) -> tuple[Change, ...]:
        """The recorded changes of exactly that instant."""
        return tuple(change for change in self.changes if change.at == instant)


def _at(moment: Moment) -> datetime:
    return moment.at


@dataclass(frozen=True, slots=True)
class RunningTotal:
    """A container's scope over time."""

    times: tuple[datetime, ...]
    quantities: tuple[Quantity, ...]

    def at(self, instant: datetime) -> Quantity:
        """The scope at `instant`, changes of that very instant included."""
        index = bisect_right(self.times, instant)
        return self.quantities[index - 1] if index else Quantity()


def running_total(replays: Iterable[Replay], since: datetime | None = None) -> RunningTotal:
    """The container's scope at every instant; with `since`, without the rework that came after it."""
    turns: list[tuple[datetime, Decimal, int]] = []
    for replay in replays:
        if since is not None and replay.rework and not replay.member_at(since):
            continue
        value, counted = _NOTHING, 0
        for moment in replay.moments:
            if moment.value != value or moment.counted != counted:
                turns.append((moment.at, moment.value - value, moment.counted - counted))
                value, counted = moment.value, int(moment.counted)
    turns.sort(key=lambda turn: turn[0])
    effort, count = _NOTHING, 0
    totals: dict[datetime, Quantity] = {}
    for at, more, items in turns:
        effort, count = effort + more, count + items
        totals[at] = Quantity(effort, count)
    return RunningTotal(tuple(totals), tuple(totals.values()))


def total(replays: Iterable[Replay], instant: datetime) -> Quantity:
    """The container's scope at an instant."""
    return running_total(replays).at(instant)


def unestimated_weights(work: Work) -> Callable[[str], Decimal]:
    """What an item without an estimate adds, by the project's rule: nothing, one, or its type's median."""
    if work.project.unestimated == "exclude":
        return lambda _item: _NOTHING
    if work.project.unestimated == "one":
        return lambda _item: Decimal(1)
    known: dict[str, list[Decimal]] = defaultdict(list)
    everything: list[Decimal] = []
    for item in work.items.values():
        if item.in_scope and item.estimate is not None:
            known[item.type].append(item.estimate)
            everything.append(item.estimate)
    medians = {kind: median(estimates) for kind, estimates in known.items()}
    overall = median(everything) if everything else _NOTHING
    return lambda item: medians.get(work.items[item].type, overall)


def container_replays(
    work: Work, inside: Inside, candidates: Iterable[str] | None = None
) -> tuple[Replay, ...]:
    """Every item that the container ever held, sorted by item.

    `candidates` are the only items to look at, where it is known that no other was ever inside.
    """
    container = _Container(work, inside, Families(work), unestimated_weights(work))
    looked_at = work.lives if candidates is None else sorted(candidates)
    found = ((item, container.moments(item)) for item in looked_at)
    return tuple(
        _replay(work, item, moments) for item, moments in found if any(moment.inside for moment in moments)
    )


def _replay(work: Work, item: str, moments: tuple[Moment, ...]) -> Replay:
    life = work.lives[item]
    seen: frozenset[str] = frozenset()
    stays = []
    for at, facts in zip(life.times, life.facts, strict=True):
        if not facts.sprints <= seen:
            seen |= facts.sprints
            stays.append((at, len(seen)))
    parents = frozenset(facts.parent for facts in life.facts if facts.parent is not None)
    changes = work.changes.get(item, ())
    return Replay(item, moments, parents, work.items[item].rework, tuple(stays), changes)


@dataclass(frozen=True, slots=True)
class _Container:
    work: Work
    inside: Inside
    families: Families
    weight: Callable[[str], Decimal]

    def moments(self, item: str) -> tuple[Moment, ...]:
        life = self.work.lives[item]
        has_child, covered = self.families.has_child(item, self.inside), self.families.covered(item)
        others = {at for steps in (has_child, covered) for at, _ in steps}
        if self._imputes:
            others |= self.families.ancestor_times(item)
        found: list[Moment] = []
        for at in sorted({*life.times, *others}) if others else life.times:
            facts = life.at(at)
            moment = Moment(at, done=facts is not None and facts.done)
            if facts is not None and facts.in_scope and self.inside(facts):
                moment = self._moment(item, at, facts, holds(has_child, at), holds(covered, at))
            if not found or not moment.repeats(found[-1]):
                found.append(moment)
        return tuple(found)

    @property
    def _imputes(self) -> bool:
        return self.work.project.unestimated != "exclude"

    def _moment(self, item: str, at: datetime, facts: Facts, has_child: bool, covered: bool) -> Moment:
        own = facts.estimate
        if self.work.project.unit is Unit.COUNT:
            weighed = not has_child
        else:
            weighed = not covered and (own is not None or not has_child)
        value = own if own is not None else _NOTHING
        if own is None and weighed and self._imputes and not self.families.carried_above(item, at):
            value = self.weight(item)
        return Moment(
            at=at,
            inside=True,
            counted=not has_child,
            weighed=weighed,
            value=value if weighed else _NOTHING,
            estimated=own is not None,
            done=facts.done,
        )
