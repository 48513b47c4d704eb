"""Scope change between two instants: what was committed, and what has come, gone and changed its size since.

Pure: the container (a sprint, the project) is known only through its items' replays. Effort and number of
items are computed in parallel and never mixed; scope at the end = committed + net change, to the last digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from model.values import Change
from reports.figures import Quantity, share
from reports.replays import Moment, Replay

__all__ = ["Bucket", "ScopeChange", "ScopeLine", "Shares", "scope_change"]

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_NONE = Moment(_BEGINNING)
"""What a container sees of an item that does not exist."""


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One item's part in a measure, and the recorded changes behind it.

    `at` is None for what simply was there. `first_estimate`: it had no estimate before. `chain`: in how many
    sprints it has been.
    """

    item: str
    quantity: Quantity
    at: datetime | None = None
    changes: tuple[Change, ...] = ()
    first_estimate: bool = False
    chain: int = 0


@dataclass(frozen=True, slots=True)
class Bucket:
    """One measure: its lines, sorted by item, and their sum."""

    lines: tuple[ScopeLine, ...] = ()

    @property
    def total(self) -> Quantity:
        return sum((line.quantity for line in self.lines), Quantity())

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.item for line in self.lines))


@dataclass(frozen=True, slots=True)
class Shares:
    """A ratio by effort and by count; None where nothing was committed."""

    effort: float | None
    count: float | None


@dataclass(frozen=True, slots=True)
class ScopeChange:
    """What happened to a container's scope in (start, end].

    `up` and `down` are re-estimates, both positive. `split` holds items divided into children of the same
    total: no effort, but more items. `in_and_out` came and went again; `out_and_back` went and came again
    and is no change. `grace` lists what changed right after the start and counts as committed (signed).
    `rework` repairs other work of the container and is not part of its scope. `carried` is what was not done
    when the container closed.
    """

    start: datetime
    end: datetime
    grace_until: datetime
    closed: bool
    scope: Quantity
    committed: Bucket
    added: Bucket
    removed: Bucket
    up: Bucket
    down: Bucket
    split: Bucket
    in_and_out: Bucket
    out_and_back: Bucket
    rework: Bucket
    grace: Bucket
    completed_committed: Bucket
    completed_added: Bucket
    completed_outside: Bucket
    remaining: Bucket

    @property
    def carried(self) -> Bucket:
        return self.remaining if self.closed else Bucket()

    @property
    def completed(self) -> Quantity:
        """Done inside the container, in the window."""
        return self.completed_committed.total + self.completed_added.total

    @property
    def net(self) -> Quantity:
        grown = self.added.total + self.up.total + self.split.total
        return grown - self.removed.total - self.down.total

    @property
    def gross(self) -> Quantity:
        """Everything that moved, whichever way: what came in and went out again counts twice."""
        moved = self.added.total + self.removed.total + self.up.total + self.down.total
        return moved + self.in_and_out.total + self.in_and_out.total

    @property
    def creep(self) -> Shares:
        """(added + re-estimated up) / committed."""
        return self._of_committed(self.added.total + self.up.total)

    @property
    def net_share(self) -> Shares:
        return self._of_committed(self.net)

    @property
    def stability(self) -> Shares:
        """1 - gross / committed, not below 0."""
        gross = self._of_committed(self.gross)
        return Shares(
            *(None if part is None else max(0.0, 1.0 - part) for part in (gross.effort, gross.count))
        )

    def _of_committed(self, part: Quantity) -> Shares:
        whole = self.committed.total
        return Shares(share(part.effort, whole.effort), share(part.count, whole.count))


def scope_change(
    replays: Sequence[Replay],
    start: datetime,
    end: datetime,
    grace: timedelta = timedelta(0),
    closed: bool = False,
) -> ScopeChange:
    """Compare the container at `start` (plus `grace`) with the container at `end`.

    A change at exactly `start` happened before, one at exactly `end` inside. `closed` says that the container
    ended there, so that what is not done was carried over.
    """
    replays = sorted(replays, key=lambda replay: replay.item)
    reference = min(start + grace, end)
    ledger = _Ledger(start, reference, end)
    families = _splits(replays, reference, end)
    for replay in replays:
        ledger.book(replay, split=replay.item in families)
    return ledger.close(closed)


@dataclass(slots=True)
class _Ledger:
    """Collects the lines of each measure while the replays pass by."""

    start: datetime
    reference: datetime
    end: datetime
    lines: dict[str, list[ScopeLine]] = field(default_factory=lambda: defaultdict(list))
    scope: Quantity = field(default_factory=Quantity)

    def book(self, replay: Replay, split: bool) -> None:
        before, after = replay.at(self.reference) or _NONE, replay.at(self.end) or _NONE
        if replay.rework and not before.member:
            if after.member:
                self._line("rework", replay, after.quantity, _entered(replay, self.reference, self.end))
            return
        self._book_grace(replay, before)
        self.scope += after.quantity
        if before.member:
            self._line("committed", replay, before.quantity)
        if split:
            self._line(
                "split", replay, after.quantity - before.quantity, _last(replay, self.reference, self.end)
            )
        else:
            self._book_change(replay, before, after)
        if after.member:
            self._book_progress(replay, before, after)

    def _book_grace(self, replay: Replay, before: Moment) -> None:
        at_start = replay.at(self.start) or _NONE
        if change := before.quantity - at_start.quantity:
            self._line("grace", replay, change, _last(replay, self.start, self.reference))

    def _book_change(self, replay: Replay, before: Moment, after: Moment) -> None:
        """Effort and count are booked apart, since a parent may lose the one and keep the other."""
        booked: dict[tuple[str, datetime | None], tuple[Quantity, bool]] = {}
        for measure in (_EFFORT, _COUNT):
            for name, amount, at, first in _changes(replay, measure, before, after, self.reference, self.end):
                so_far, was_first = booked.get((name, at), (Quantity(), False))
                booked[name, at] = (so_far + measure.quantity(amount), was_first or first)
        for (name, at), (quantity, first) in booked.items():
            self._line(name, replay, quantity, at, first)

    def _book_progress(self, replay: Replay, before: Moment, after: Moment) -> None:
        if not after.done:
            self._line("remaining", replay, after.quantity, chain=replay.chain(self.end))
            return
        since = _done_since(replay, self.end)
        there = replay.at(since) or _NONE
        if since <= self.start or not there.member:
            self._line("completed_outside", replay, after.quantity, since)
        else:
            name = "completed_committed" if before.member else "completed_added"
            self._line(name, replay, after.quantity, since)

    def _line(
        self,
        name: str,
        replay: Replay,
        quantity: Quantity,
        at: datetime | None = None,
        first: bool = False,
        chain: int = 0,
    ) -> None:
        changes = replay.changes_at(at) if at is not None else ()
        self.lines[name].append(ScopeLine(replay.item, quantity, at, changes, first, chain))

    def close(self, closed: bool) -> ScopeChange:
        buckets = {name: Bucket(tuple(self.lines[name])) for name in _BUCKETS}
        change = ScopeChange(self.start, self.end, self.reference, closed, self.scope, **buckets)
        assert change.scope == change.committed.total + change.net, "scope(T) = committed + net"
        return change


_BUCKETS = (
    *(
        "committed",
        "added",
        "removed",
        "up",
        "down",
        "split",
        "in_and_out",
        "out_and_back",
        "rework",
        "grace",
    ),
    *("completed_committed", "completed_added", "completed_outside", "remaining"),
)


@dataclass(frozen=True, slots=True)
class _Measure:
    """Effort or count: whether an item belongs to it at a moment, and with how much."""

    belongs: Callable[[Moment], bool]
    amount: Callable[[Moment], Decimal]
    quantity: Callable[[Decimal], Quantity]


_EFFORT = _Measure(lambda m: m.weighed, lambda m: m.value, lambda amount: Quantity(amount, 0))
_COUNT = _Measure(lambda m: m.counted, lambda m: Decimal(1), lambda amount: Quantity(Decimal(0), int(amount)))


def _changes(
    replay: Replay, measure: _Measure, before: Moment, after: Moment, start: datetime, end: datetime
) -> Iterable[tuple[str, Decimal, datetime | None, bool]]:
    """(bucket, amount, when, whether it is a first estimate) of one item in one measure."""
    was, is_now = measure.belongs(before), measure.belongs(after)
    between = replay.between(start, end)
    base, back = before, None
    if was and not is_now:
        left = _last_turn(between, measure, into=False, inside=was)
        yield "removed", measure.amount(before), left.at if left else None, False
        return
    if not was:
        base = _last_turn(between, measure, into=True, inside=was) or before
        if not is_now:
            if base is not before:
                yield "in_and_out", measure.amount(base), base.at, False
            return
        yield "added", measure.amount(base), base.at if base is not before else None, False
    elif any(not measure.belongs(moment) for moment in between):
        back = _last_turn(between, measure, into=True, inside=was)
        yield "out_and_back", measure.amount(after), back.at if back else None, False
    grown = measure.amount(after) - measure.amount(base)
    if grown:
        at = next(
            (m.at for m in reversed(between) if _differs(replay, m, measure)), back.at if back else None
        )
        first = not base.estimated and after.estimated
        yield "up" if grown > 0 else "down", abs(grown), at, first


def _differs(replay: Replay, moment: Moment, measure: _Measure) -> bool:
    """Whether the moment changed the amount of an item that was inside already."""
    place = replay.moments.index(moment)
    earlier = replay.moments[place - 1] if place else _NONE
    return measure.belongs(earlier) and measure.amount(earlier) != measure.amount(moment)


def _last_turn(between: Sequence[Moment], measure: _Measure, into: bool, inside: bool) -> Moment | None:
    """The last moment at which the item entered (or left) the container; `inside` says where it began."""
    turn = None
    for moment in between:
        if measure.belongs(moment) != inside:
            inside = not inside
            if inside is into:
                turn = moment
    return turn


def _entered(replay: Replay, start: datetime, end: datetime) -> datetime | None:
    """When the item last came into the container."""
    inside, entered = False, None
    for moment in replay.between(start, end):
        if moment.member and not inside:
            entered = moment.at
        inside = moment.member
    return entered


def _last(replay: Replay, start: datetime, end: datetime) -> datetime | None:
    between = replay.between(start, end)
    return between[-1].at if between else None


def _done_since(replay: Replay, end: datetime) -> datetime:
    """Since when the item, done at `end`, has been done without a break."""
    since = end
    for moment in reversed(replay.between(_BEGINNING, end)):
        if not moment.done:
            break
        since = moment.at
    return since


def _splits(replays: Sequence[Replay], start: datetime, end: datetime) -> frozenset[str]:
    """Items that were divided in the window: a member and its new descendants that weigh together the same.

    Whether the parent's estimate fell, stopped counting because its children are estimated, or still stands
    for children without estimates makes no difference: the work is the same.
    """
    children: dict[str, list[Replay]] = defaultdict(list)
    for replay in replays:
        was, is_now = replay.at(start) or _NONE, replay.at(end) or _NONE
        if is_now.member and not was.member and not replay.rework:
            for parent in sorted(replay.parents):
                children[parent].append(replay)
    found: set[str] = set()
    for replay in replays:
        before = replay.at(start) or _NONE
        if replay.item in children and replay.item not in found and before.value > 0:
            family = _new_descendants(replay.item, children, found)
            weights = [(one.at(end) or _NONE).value for one in (replay, *family)]
            if family and sum(weights, Decimal(0)) == before.value:
                found |= {replay.item, *(one.item for one in family)}
    return frozenset(found)


def _new_descendants(item: str, children: Mapping[str, list[Replay]], taken: set[str]) -> list[Replay]:
    found: dict[str, Replay] = {}
    waiting = [item]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.item not in found and child.item not in taken and child.item != item:
                found[child.item] = child
                waiting.append(child.item)
    return list(found.values())
