"""Why a goal is late: the first moved issue of the chain that leads to its last member.

Only what is recorded counts as a cause; where history does not reach, the cause is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise

from model.values import Change, Origin, Ref
from reports.baseline import Plan
from reports.containers import Goal
from reports.finish import finish_of
from reports.lives import Facts
from reports.outlook import Outlook
from reports.work import Work

__all__ = ["Cause", "CauseFinder", "CauseKind", "Move", "moves_of"]


class CauseKind(StrEnum):
    """What made the slip: a date was moved or passed, or late work came in."""

    MOVED = "moved"
    ADDED = "added"
    OVERDUE = "overdue"
    FINISHED_LATE = "finished_late"
    DATE_MOVED = "date_moved"
    NOT_RECORDED = "not_recorded"


@dataclass(frozen=True, slots=True)
class Move:
    """A due date was changed, in `record` where that is known; `reconstructed`: found by comparing two
    reads, so `at` is when we saw it.
    """

    at: datetime
    before: date | None
    after: date | None
    actor: str | None
    reconstructed: bool = False
    record: Ref | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a goal is late.

    `item` is the first moved issue, None where the goal's own date is the cause; `moves` are the changes of
    that date since the plan; `since` is the day of the first event that made the present slip; `chain` leads
    from `item` to the goal's last member; `history_from` is how far back the item's history reaches.
    """

    kind: CauseKind
    goal: str
    item: str | None
    moves: tuple[Move, ...]
    since: date | None
    chain: tuple[str, ...] = ()
    history_from: date | None = None


class CauseFinder:
    """Finds causes in one project's work."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def cause(self, outlook: Outlook, plan: Plan) -> Cause | None:
        """Why the goal is late against the plan; None where it is not, or where no slip is known."""
        if outlook.slip is None or outlook.slip <= 0 or outlook.planned is None:
            return None
        if outlook.driver is None:
            return self._by_own_date(outlook, plan)
        goal = outlook.goal.key if outlook.goal is not None else None
        threshold = self._work.calendar.roll_forward(outlook.planned)
        last = self._why_late(outlook.driver, threshold, plan, goal)
        root = replace(self._first_of_chain(outlook.driver, last, plan), goal=outlook.name)
        if self._own_date_moved(outlook, plan):
            own = self._by_own_date(outlook, plan)
            return root if _came_first(root, own) else own
        return root

    def behind(self, item: str, plan: Plan) -> str | None:
        """The first moved issue that a late item waits for; None where there is none but itself."""
        planned = plan.items.get(item)
        if planned is None or planned.due is None:
            return None
        why = self._why_late(item, self._work.calendar.roll_forward(planned.due), plan, None)
        first = self._first_of_chain(item, why, plan).item
        return None if first == item else first

    def _own_date_moved(self, outlook: Outlook, plan: Plan) -> bool:
        """Whether the goal's own date was moved as far as its last member."""
        if outlook.goal is None or outlook.own is None or outlook.own != outlook.forecast:
            return False
        return bool(self._goal_moves(outlook.goal, plan))

    def _by_own_date(self, outlook: Outlook, plan: Plan) -> Cause:
        assert outlook.planned is not None, "only what is late against a plan has a cause"
        goal, threshold = outlook.goal, self._work.calendar.roll_forward(outlook.planned)
        moves = self._goal_moves(goal, plan) if goal is not None else ()
        first = _first_of_last_run(moves, threshold)
        if first is not None:
            return Cause(CauseKind.DATE_MOVED, outlook.name, None, moves, self._day(first.at))
        if outlook.own is not None and outlook.own <= threshold:
            return Cause(CauseKind.OVERDUE, outlook.name, None, moves, self._work.calendar.add(threshold, 1))
        return Cause(CauseKind.NOT_RECORDED, outlook.name, None, (), None)

    def _goal_moves(self, goal: Goal, plan: Plan) -> tuple[Move, ...]:
        dates = [c for c in goal.changes if c.field == "due" and c.at > plan.as_of]
        return tuple(self._move(c) for c in dates)

    def _first_of_chain(self, item: str, why: Cause, plan: Plan) -> Cause:
        """Walk from the last member to the predecessor that slipped first, and so on to the beginning."""
        chain = [item]
        while (found := self._slipped_predecessor(chain, why, plan)) is not None:
            chain.insert(0, found[0])
            why = found[1]
        return replace(why, chain=tuple(chain))

    def _slipped_predecessor(self, chain: Sequence[str], why: Cause, plan: Plan) -> tuple[str, Cause] | None:
        """The predecessor that slipped furthest, no later than what it drives; None where there is none."""
        work, late = self._work, []
        for item in work.predecessors.get(chain[0], ()):
            planned = plan.items.get(item)
            facts = work.facts(item, work.at)
            if item in chain or planned is None or planned.due is None or facts is None or not facts.in_scope:
                continue
            finish, threshold = (
                finish_of(facts, work.today, work.calendar).on,
                work.calendar.roll_forward(planned.due),
            )
            if finish is None or (days := work.calendar.finish_slip(planned.due, finish)) <= 0:
                continue
            cause = self._why_late(item, threshold, plan, None)
            if cause.since is not None and (why.since is None or cause.since <= why.since):
                late.append((-days, item, cause))
        first = min(late, key=lambda entry: entry[:2], default=None)
        return None if first is None else (first[1], first[2])

    def _why_late(self, item: str, threshold: date, plan: Plan, goal: str | None) -> Cause:
        """Why one item ends after `threshold`: the beginning of its present lateness says it."""
        work = self._work
        moves = moves_of(work, item, plan.as_of)
        reach = self._day(work.history_from[item])
        began = self._late_since(item, lambda facts: _is_late(facts, threshold, goal))

        def cause(kind: CauseKind, since: date | None) -> Cause:
            return Cause(kind, "", item, moves, since, (item,), reach)

        if began is None:
            done = work.lives[item].facts[-1].done
            kind = CauseKind.FINISHED_LATE if done else CauseKind.OVERDUE
            return cause(kind, work.calendar.add(threshold, 1))
        if began <= plan.as_of:
            return cause(CauseKind.NOT_RECORDED, None)
        if any(move.at == began for move in moves):
            return cause(CauseKind.MOVED, self._day(began))
        return cause(CauseKind.ADDED, self._day(began))

    def _late_since(self, item: str, late: Callable[[Facts], bool]) -> datetime | None:
        """When the item's present lateness began; None where its dates do not make it late."""
        life, since = self._work.lives[item], None
        for at, facts in zip(reversed(life.times), reversed(life.facts), strict=True):
            if not late(facts):
                break
            since = at
        return since

    def _day(self, instant: datetime) -> date:
        return self._work.calendar.date_of(instant)

    def _move(self, change: Change) -> Move:
        return _move(self._work, change)


def _came_first(member: Cause, own: Cause) -> bool:
    """Whether a member was moved no later than the goal's own date: then the date followed the work."""
    if member.kind is not CauseKind.MOVED or member.since is None:
        return False
    return own.since is None or member.since <= own.since


def moves_of(work: Work, item: str, after: datetime) -> tuple[Move, ...]:
    """The changes of an item's due date after an instant, by whichever record spoke then."""
    life = work.lives[item]
    steps = zip(life.times, life.facts, strict=True)
    return tuple(
        _attributed(work, item, Move(at, before.due, now.due, None))
        for (_, before), (at, now) in pairwise(steps)
        if at > after and now.due != before.due
    )


def _attributed(work: Work, item: str, move: Move) -> Move:
    """The move with the person who made it, where a recorded change says so."""
    said = next((c for c in work.changes.get(item, ()) if c.at == move.at and c.field == "due"), None)
    if said is None:
        return move
    actor = work.person(said.ref.connection, said.actor)
    found = said.origin is Origin.RECONSTRUCTED
    return replace(move, actor=actor, reconstructed=found, record=said.ref)


def _move(work: Work, change: Change) -> Move:
    before = change.before if isinstance(change.before, date) else None
    after = change.after if isinstance(change.after, date) else None
    actor = work.person(change.ref.connection, change.actor)
    return Move(change.at, before, after, actor, change.origin is Origin.RECONSTRUCTED)


def _is_late(facts: Facts, threshold: date, goal: str | None) -> bool:
    inside = facts.in_scope and (goal is None or goal in facts.milestones)
    return inside and facts.due is not None and facts.due > threshold


def _first_of_last_run(moves: Sequence[Move], threshold: date) -> Move | None:
    """The first of the moves that left the date after `threshold` and keep it there."""
    first = None
    for move in reversed(moves):
        if move.after is None or move.after <= threshold:
            break
        first = move
    return first
