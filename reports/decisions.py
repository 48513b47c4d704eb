"""What only people can decide, derived from the data: what, by when, who is asked, and what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from model.values import Disagreement, SideValue, StatusCategory
from reports.figures import State
from reports.freshness import SourceRow
from reports.lights import Moment, NetScope
from reports.outlook import Outlook
from reports.rag import Indicator, Light, next_period_end
from reports.scope import ScopeChange
from reports.work import Work, WorkItem

__all__ = ["Decision", "DecisionKind", "Disputed", "Side", "decisions", "disputed", "path_to_finish"]

_SOON = timedelta(days=14)


class DecisionKind(StrEnum):
    """In the order in which a reader needs them."""

    SET_BASELINE = "set_baseline"
    APPROVE_SCOPE = "approve_scope"
    CUT_SPRINT = "cut_sprint"
    SET_DATE = "set_date"
    NAME_OWNER = "name_owner"
    SETTLE = "settle"
    CONFIRM_TIES = "confirm_ties"
    READ_PARKED = "read_parked"


@dataclass(frozen=True, slots=True)
class Side:
    """What one record says of a disputed field; owners are a tuple of names."""

    tracker: str
    key: str
    value: object
    actor: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Disputed:
    """A disagreement between the records of one item; `matters`: it is on the path to the finish."""

    item: str
    field: str
    sides: tuple[Side, ...]
    matters: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """`by` is the day it is wanted, `asked` who can take it; `days` and `net` say how much is at stake."""

    kind: DecisionKind
    by: date
    asked: str
    items: tuple[str, ...] = ()
    subject: str = ""
    count: int = 0
    days: int = 0
    first: date | None = None
    net: NetScope | None = None


def path_to_finish(work: Work, finish: Outlook) -> frozenset[str]:
    """The open items the finish waits for: its members, or its last item, and what blocks those."""
    waiting = list(finish.members if finish.goal is not None else filter(None, [finish.driver]))
    path: set[str] = set()
    while waiting:
        item = waiting.pop()
        if item not in path and item in work.items and work.items[item].open:
            path.add(item)
            waiting.extend(work.predecessors.get(item, ()))
    return frozenset(path)


def disputed(work: Work, disagreements: Iterable[Disagreement], path: frozenset[str]) -> tuple[Disputed, ...]:
    """The disagreements in the project's items, those that matter first.

    A record that was cancelled does not contradict one that lives: the work moved on.
    """
    cancelled = {i.ref for i in work.view.issues() if i.status is StatusCategory.CANCELLED}
    found = []
    for disagreement in disagreements:
        item = work.item_of.get(disagreement.sides[0].ref) if disagreement.sides else None
        living = [side for side in disagreement.sides if side.ref not in cancelled] or disagreement.sides
        sides = tuple(_side(work, disagreement.field, side) for side in living)
        if item is not None and len({side.value for side in sides}) > 1:
            found.append(Disputed(item, disagreement.field, sides, item in path))
    return tuple(sorted(found, key=lambda d: (not d.matters, d.item, d.field)))


def _side(work: Work, field: str, side: SideValue) -> Side:
    connection, value = side.ref.connection, side.value
    if field == "assignees" and isinstance(value, frozenset):
        value = tuple(sorted(work.person(connection, str(one)) or str(one) for one in value))
    actor = work.person(connection, side.actor)
    return Side(work.tracker(connection), side.key, value, actor, side.at)


def decisions(
    work: Work,
    now: Moment,
    change: ScopeChange | None,
    path: frozenset[str],
    disputes: Sequence[Disputed],
    rows: Sequence[SourceRow],
) -> tuple[Decision, ...]:
    """Every decision wanted, in the order of their kinds."""
    finder = _Decisions(work, now, path)
    found = [
        *finder.baseline(),
        *finder.scope(change),
        *finder.sprint(),
        *finder.dates(),
        *finder.owners(),
        *finder.settlements(disputes),
        *finder.ties(),
        *finder.parked(rows),
    ]
    return tuple(found)


class _Decisions:
    def __init__(self, work: Work, now: Moment, path: frozenset[str]) -> None:
        self._work = work
        self._now = now
        self._path = sorted((work.items[item] for item in path), key=_urgency)
        self._tomorrow = work.calendar.add(work.today, 1)
        self._period_end = next_period_end(work.project.period, work.today)

    def baseline(self) -> Iterable[Decision]:
        if self._now.plan is None:
            yield Decision(DecisionKind.SET_BASELINE, self._period_end, "sponsor", subject=self._work.name)

    def scope(self, change: ScopeChange | None) -> Iterable[Decision]:
        """Growth beyond the green limit that no baseline approved."""
        if change is None or not _beyond(self._now.raw.get(Indicator.SCOPE)):
            return
        grown = sorted((*change.added.lines, *change.up.lines), key=lambda line: -line.quantity.effort)
        items = tuple(dict.fromkeys(line.item for line in grown))
        yield Decision(
            DecisionKind.APPROVE_SCOPE,
            self._period_end,
            "sponsor",
            items,
            self._now.plan or "",
            len(items),
            net=self._now.scope,
        )

    def sprint(self) -> Iterable[Decision]:
        net = self._now.sprint
        if net is not None and _beyond(self._now.raw.get(Indicator.SPRINT)):
            names = ", ".join(net.names)
            yield Decision(DecisionKind.CUT_SPRINT, self._tomorrow, "team", subject=names, net=net)

    def dates(self) -> Iterable[Decision]:
        """Overdue items on the path: their forecast is only a lower bound until somebody says a date."""
        today = self._work.today
        overdue = [item for item in self._path if item.due is not None and item.due < today]
        if overdue:
            first = overdue[0].due
            days = self._work.calendar.slip(first, today) if first else 0
            yield self._about(DecisionKind.SET_DATE, "owners", overdue, days, first)

    def owners(self) -> Iterable[Decision]:
        """Items on the path that nobody owns and that are due soon, or block others."""
        soon = self._work.today + _SOON
        blocking = {before for item in self._path for before in self._work.predecessors.get(item.id, ())}
        wanted = [
            item
            for item in self._path
            if not item.owners and (item.id in blocking or (item.due is not None and item.due <= soon))
        ]
        if wanted:
            yield self._about(DecisionKind.NAME_OWNER, "team leads", wanted, 0, wanted[0].due)

    def settlements(self, disputes: Sequence[Disputed]) -> Iterable[Decision]:
        matter = tuple(dict.fromkeys(dispute.item for dispute in disputes if dispute.matters))
        if matter:
            yield self._about(DecisionKind.SETTLE, "owners", [self._work.items[item] for item in matter])

    def ties(self) -> Iterable[Decision]:
        edges = [
            e
            for e in self._work.view.suggestions()
            if e.a in self._work.item_of and e.b in self._work.item_of
        ]
        if edges:
            items = tuple(
                dict.fromkeys(self._work.item_of[ref] for edge in edges for ref in (edge.a, edge.b))
            )
            yield Decision(
                DecisionKind.CONFIRM_TIES, self._period_end, "project manager", items, count=len(edges)
            )

    def parked(self, rows: Sequence[SourceRow]) -> Iterable[Decision]:
        names = ", ".join(f"{row.tracker} {row.source}" for row in rows if row.parked)
        if names:
            count = sum(row.parked for row in rows)
            yield Decision(
                DecisionKind.READ_PARKED, self._period_end, "project manager", subject=names, count=count
            )

    def _about(
        self,
        kind: DecisionKind,
        asked: str,
        items: Sequence[WorkItem],
        days: int = 0,
        first: date | None = None,
    ) -> Decision:
        ids = tuple(item.id for item in items)
        return Decision(
            kind, self._tomorrow, asked, ids, self._now.finish.name, len(ids), days=days, first=first
        )


def _beyond(light: Light | None) -> bool:
    """Whether a limit is passed as things stand, whatever the light shows for steadiness."""
    return light is not None and light.state in (State.AMBER, State.RED)


def _urgency(item: WorkItem) -> tuple[date, str]:
    return item.due or date.max, item.id
