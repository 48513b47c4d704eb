"""What changed since the last report: what slipped and why, what came, went, grew and got done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from reports.baseline import Plan
from reports.causes import CauseFinder, Move, moves_of
from reports.outlook import Forecaster
from reports.replays import Replay
from reports.scope import ScopeChange, ScopeLine, scope_change
from reports.work import Work

__all__ = ["EventKind", "GoalMove", "News", "ScopeEvent", "Slipped", "actor_of", "news"]


@dataclass(frozen=True, slots=True)
class Slipped:
    """An item whose end moved in the window, in working days, late positive.

    `moves` are the changes of its date; none means that its date passed and it is still open, so `days` is a
    lower bound. `behind` is the first moved issue of the chain it waits for.
    """

    item: str
    before: date
    after: date
    days: int
    moves: tuple[Move, ...]
    behind: str | None = None

    @property
    def at_least(self) -> bool:
        return not self.moves


@dataclass(frozen=True, slots=True)
class GoalMove:
    """A milestone whose forecast is not what it was; `reached` where it was reached in the window."""

    name: str
    before: date | None
    after: date | None
    days: int | None
    reached: bool


class EventKind(StrEnum):
    """What happened to an item's part in the scope."""

    ADDED = "added"
    REMOVED = "removed"
    UP = "up"
    DOWN = "down"
    SPLIT = "split"
    REWORK = "rework"


@dataclass(frozen=True, slots=True)
class ScopeEvent:
    """One line of the scope ledger in the window, with the name of the person who did it where known."""

    kind: EventKind
    line: ScopeLine
    actor: str | None


@dataclass(frozen=True, slots=True)
class News:
    """The window (since, until]: `later` and `earlier` are the items' moves, furthest first.

    `events` are what was added, removed, re-estimated and split in the window, `scope` their sums.
    """

    since: datetime
    until: datetime
    later: tuple[Slipped, ...]
    earlier: tuple[Slipped, ...]
    goals: tuple[GoalMove, ...]
    events: tuple[ScopeEvent, ...]
    scope: ScopeChange

    def of(self, *kinds: EventKind) -> tuple[ScopeEvent, ...]:
        """The scope events of some kinds."""
        return tuple(event for event in self.events if event.kind in kinds)

    @property
    def finished(self) -> tuple[str, ...]:
        """Items done in the window, in the order in which that happened."""
        done = (*self.scope.completed_committed.lines, *self.scope.completed_added.lines)
        return tuple(line.item for line in sorted(done, key=lambda line: (line.at or self.until, line.item)))

    @property
    def quiet(self) -> bool:
        """Whether nothing changed at all."""
        return not (self.later or self.earlier or self.goals or self.events or self.finished)


def news(work: Work, plan: Plan | None, replays: Sequence[Replay], since: datetime) -> News:
    """Everything that changed from `since` until the work's instant."""
    moved = [*_moved(work, plan, since), *_passed(work, since)]
    later = sorted((s for s in moved if s.days > 0), key=lambda s: (-s.days, s.item))
    earlier = sorted((s for s in moved if s.days < 0), key=lambda s: (s.days, s.item))
    scope = scope_change(replays, since, max(since, work.at))
    return News(
        since=since,
        until=work.at,
        later=tuple(later),
        earlier=tuple(earlier),
        goals=_goals(work, plan, since),
        events=_events(work, scope),
        scope=scope,
    )


def _events(work: Work, scope: ScopeChange) -> tuple[ScopeEvent, ...]:
    """The ledger's lines by kind, the largest of each kind first."""
    found = []
    for kind in EventKind:
        lines = sorted(
            getattr(scope, kind.value).lines, key=lambda one: (-abs(one.quantity.effort), one.item)
        )
        found += [ScopeEvent(kind, line, actor_of(work, kind, line)) for line in lines]
    return tuple(found)


def actor_of(work: Work, kind: EventKind, line: ScopeLine) -> str | None:
    """Who did it: the person behind the recorded change, or who created what came into being."""
    said = next((change for change in line.changes if change.actor is not None), None)
    if said is not None:
        return work.person(said.ref.connection, said.actor)
    item = work.items.get(line.item)
    came = kind in (EventKind.ADDED, EventKind.REWORK) and item is not None and item.created == line.at
    return item.creator if came and item is not None else None


def _moved(work: Work, plan: Plan | None, since: datetime) -> list[Slipped]:
    finder = CauseFinder(work)
    found = []
    for item in work.items.values():
        if not item.in_scope or not item.leaf:
            continue
        moves = moves_of(work, item.id, since)
        before, after = (moves[0].before, moves[-1].after) if moves else (None, None)
        if before is None or after is None or not (days := work.calendar.slip(before, after)):
            continue
        behind = finder.behind(item.id, plan) if plan is not None and days > 0 else None
        found.append(Slipped(item.id, before, after, days, moves, behind))
    return found


def _passed(work: Work, since: datetime) -> list[Slipped]:
    """Open items whose date came and went in the window without anybody moving it."""
    first, today = work.calendar.date_of(since), work.today
    found = []
    for item in work.items.values():
        if not item.open or not item.leaf or item.due is None or not first <= item.due < today:
            continue
        days = work.calendar.slip(item.due, today)
        if days and not moves_of(work, item.id, since):
            found.append(Slipped(item.id, item.due, today, days, ()))
    return found


def _goals(work: Work, plan: Plan | None, since: datetime) -> tuple[GoalMove, ...]:
    forecaster = Forecaster(work)
    found = []
    for goal in work.goals:
        before, after = forecaster.goal(goal, plan, since), forecaster.goal(goal, plan, work.at)
        reached = after.reached and not before.reached
        if before.forecast == after.forecast and not reached:
            continue
        days = None
        if before.forecast is not None and after.forecast is not None:
            days = work.calendar.slip(before.forecast, after.forecast)
        found.append(GoalMove(goal.name, before.forecast, after.forecast, days, reached))
    return tuple(found)
