"""Time boxes and dated goals as the project sees them: those of several trackers with one name are one."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from config.settings import NamedMilestone
from model.values import Change, Milestone, Ref, Sprint, SprintState

__all__ = ["Goal", "GoalDate", "TimeBox", "folded", "goals", "time_boxes"]

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
DECLARED = "config"
"""The connection in the refs of milestones that the config declares."""


def folded(name: str) -> str:
    """A name as names are compared: without regard to case and surrounding space."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True)
class TimeBox:
    """A sprint of one or several trackers.

    `start` is the earliest actual start, None before it; `closed` the latest closing, None while any part
    is open; `end` the latest planned end.
    """

    key: str
    name: str
    parts: tuple[Sprint, ...]
    start: datetime | None
    end: datetime | None
    closed: datetime | None

    def active(self, at: datetime) -> bool:
        return self.start is not None and self.start <= at and (self.closed is None or at < self.closed)


def time_boxes(sprints: Iterable[Sprint]) -> tuple[TimeBox, ...]:
    """The project's sprints, joined by name, in the order in which they start; the first given names them.

    Two sprints of one source are never the same, nor are two of one name whose dates lie apart.
    """
    told = list(sprints)
    places = {sprint.ref: place for place, sprint in enumerate(told)}
    groups: dict[str, list[list[Sprint]]] = defaultdict(list)
    for sprint in sorted(told, key=lambda s: (s.start or _END, s.ref)):
        clusters = groups[folded(sprint.name)]
        home = next((cluster for cluster in clusters if _same_box(cluster, sprint)), None)
        if home is None:
            clusters.append([sprint])
        else:
            home.append(sprint)
    boxes = [
        _box(name if number == 0 else f"{name} ({parts[0].ref})", sorted(parts, key=lambda s: places[s.ref]))
        for name, clusters in groups.items()
        for number, parts in enumerate(clusters)
    ]
    return tuple(sorted(boxes, key=lambda box: (box.start or box.end or _END, box.key)))


def _same_box(cluster: Sequence[Sprint], sprint: Sprint) -> bool:
    if any((part.ref.connection, part.source) == (sprint.ref.connection, sprint.source) for part in cluster):
        return False
    return all(
        (part.start or _BEGINNING) <= (sprint.end or _END)
        and (sprint.start or _BEGINNING) <= (part.end or _END)
        for part in cluster
    )


def _box(key: str, parts: Sequence[Sprint]) -> TimeBox:
    starts = [s.start for s in parts if s.start and s.state is not SprintState.FUTURE]
    ends = [s.end for s in parts if s.end]
    closings = [s.completed or s.end for s in parts if s.state is SprintState.CLOSED]
    known = [closing for closing in closings if closing]
    closed = max(known) if len(known) == len(parts) else None
    return TimeBox(
        key,
        " ".join(parts[0].name.split()),
        tuple(parts),
        min(starts, default=None),
        max(ends, default=None),
        closed,
    )


@dataclass(frozen=True, slots=True)
class GoalDate:
    """What one record says of a goal: its date and whether it was reached, from an instant on."""

    since: datetime
    due: date | None
    done: bool
    finished: date | None


@dataclass(frozen=True, slots=True)
class Goal:
    """A milestone of one or several trackers, or of the config; the first record that has a date speaks.

    `records` holds each record's dates over time, in the order in which they speak. `label` marks its issues.
    """

    key: str
    name: str
    refs: tuple[Ref, ...]
    records: tuple[tuple[GoalDate, ...], ...]
    label: str | None = None
    changes: tuple[Change, ...] = ()

    def at(self, instant: datetime) -> GoalDate | None:
        """The date in force; None where no record of the goal had one."""
        said = [dates[max(0, bisect_right(dates, instant, key=_since) - 1)] for dates in self.records]
        return next((date for date in said if date.due is not None or date.done), said[0] if said else None)


def _since(dated: GoalDate) -> datetime:
    return dated.since


def goals(
    milestones: Sequence[Milestone],
    changes: Iterable[Change],
    declared: Mapping[str, NamedMilestone],
    order: Callable[[Milestone], tuple[object, ...]],
) -> tuple[Goal, ...]:
    """The project's milestones, joined by name and sorted by it; `order` says which record speaks first.

    A milestone that the config declares speaks before any tracker.
    """
    history: dict[Ref, list[Change]] = defaultdict(list)
    for change in changes:
        history[change.ref].append(change)
    groups: dict[str, list[Milestone]] = defaultdict(list)
    for milestone in sorted(milestones, key=order):
        groups[folded(milestone.name)].append(milestone)
    names = {folded(name): name for name in declared}
    found = []
    for key in sorted(groups.keys() | names.keys()):
        parts = groups.get(key, [])
        records = [_dates(part, history[part.ref]) for part in parts]
        refs = [part.ref for part in parts]
        moves = sorted((c for part in parts for c in history[part.ref]), key=lambda change: change.at)
        name, label = (names.get(key) or " ".join(parts[0].name.split())), None
        if key in names:
            own = declared[names[key]]
            label = own.label
            records.insert(0, (GoalDate(_BEGINNING, own.due, False, None),))
            refs.insert(0, Ref(DECLARED, names[key]))
        found.append(Goal(key, name, tuple(refs), tuple(records), label, tuple(moves)))
    return tuple(found)


def _dates(milestone: Milestone, changes: Sequence[Change]) -> tuple[GoalDate, ...]:
    """A record's dates over time; before its first known change it said what that change replaced."""
    now: dict[str, object] = {"due": milestone.due, "done": milestone.done}
    for change in reversed(changes):
        if change.field in now:
            now[change.field] = change.before
    steps = [_dated(_BEGINNING, now, milestone)]
    for change in changes:
        if change.field in now:
            now[change.field] = change.after
            steps.append(_dated(change.at, now, milestone))
    return tuple(steps)


def _dated(since: datetime, said: Mapping[str, object], milestone: Milestone) -> GoalDate:
    due, done = said["due"], bool(said["done"])
    return GoalDate(since, due if isinstance(due, date) else None, done, milestone.finished if done else None)
