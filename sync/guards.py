"""What stops a changeset: too much at once, a side that is suddenly empty, a freeze, a pause: pure.

Every verdict says whether all writes stop or only those it names, and what a person can do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from config.rules import Guard
from config.scalars import parse_days
from config.settings import ConnectionSettings, Project
from model.outbox import Tally
from model.values import Ref
from sync.changeset import Changeset, Write

__all__ = ["Reason", "Source", "Surroundings", "Verdict", "held_back", "judge"]


class Reason(StrEnum):
    """Why writes are stopped."""

    NOT_ASKED = "not-asked"
    PAUSED = "paused"
    FROZEN = "frozen"
    EMPTY = "empty"
    RUN = "run"
    DAY = "day"
    ACTOR = "actor"
    DESTRUCTIVE = "destructive"
    READ_ONLY = "read-only"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`writes` are those that are stopped; `asks`: a person may let them pass, once."""

    reason: Reason
    text: str
    writes: tuple[Write, ...]
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """How many issues of a source there are now, and how many there were when it was last in order."""

    connection: str
    key: str
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is so beside the changeset: today in the project's zone, pause, last 24 hours, sources.

    `paused`: who paused and why, "" where nobody did. `day` tells what was written in the last 24 hours.
    """

    today: date
    paused: str = ""
    day: tuple[Tally, ...] = ()
    sources: tuple[Source, ...] = ()


def judge(
    changeset: Changeset,
    project: Project,
    connections: Mapping[str, ConnectionSettings],
    around: Surroundings,
) -> tuple[Verdict, ...]:
    """Everything that stands against applying a changeset; nothing is the good answer."""
    if not changeset.writes:
        return ()
    return tuple(
        Verdict(reason, text, writes, asks)
        for reason, text, writes, asks in (
            *_signs(changeset, project, around),
            *_empty(changeset, project.guard, around.sources),
            *_locked(changeset, connections),
            *_amounts(changeset, project.guard, around.day),
        )
    )


_Found = tuple[Reason, str, tuple[Write, ...], bool]


def _signs(changeset: Changeset, project: Project, around: Surroundings) -> Iterator[_Found]:
    where = f"[projects.{changeset.project}]"
    if not project.write:
        yield Reason.NOT_ASKED, f"{where} does not say write = true; add it", changeset.writes, False
    if around.paused:
        yield Reason.PAUSED, f"{around.paused}; run crosstie resume to go on", changeset.writes, False
    for days in project.freeze:
        first, last = parse_days(days)
        if first <= around.today <= last:
            text = f"{where} freeze forbids writes until {last}; apply after that"
            yield Reason.FROZEN, text, changeset.writes, False


def _empty(changeset: Changeset, guard: Guard, sources: Iterable[Source]) -> Iterator[_Found]:
    for source in sources:
        lost = source.before - source.now
        if source.before > guard.free and lost >= guard.empty * source.before:
            text = (
                f"{source.key} of {source.connection} holds {source.now} issues and held {source.before}; "
                "see whether they are really gone; if so, go on with --allow-large"
            )
            yield Reason.EMPTY, text, changeset.writes, True


def _locked(changeset: Changeset, connections: Mapping[str, ConnectionSettings]) -> Iterator[_Found]:
    for name in sorted({write.target.connection for write in changeset.writes}):
        if name in connections and connections[name].read_only:
            writes = tuple(write for write in changeset.writes if write.target.connection == name)
            text = f"[connections.{name}] is read_only; take that out to write through it"
            yield Reason.READ_ONLY, text, writes, False


def _amounts(changeset: Changeset, guard: Guard, day: Iterable[Tally]) -> Iterator[_Found]:
    past = [tally for tally in day if tally.project == changeset.project]
    destructive = tuple(write for write in changeset.writes if write.destructive)
    yield from _over(changeset, Reason.RUN, "this run", guard.run, 0, changeset.writes, guard)
    before = sum(tally.ties for tally in past)
    yield from _over(changeset, Reason.DAY, "24 hours", guard.day, before, changeset.writes, guard)
    late = sum(tally.ties for tally in past if tally.destructive)
    what = "closing, unassigning or moving far in 24 hours"
    yield from _over(changeset, Reason.DESTRUCTIVE, what, guard.destructive, late, destructive, guard)
    for actor in sorted({write.why.actor for write in changeset.writes if write.why.actor}):
        theirs = tuple(write for write in changeset.writes if write.why.actor == actor)
        earlier = sum(tally.ties for tally in past if tally.actor == actor)
        what = f"edits of {actor} in 24 hours"
        yield from _over(changeset, Reason.ACTOR, what, guard.actor, earlier, theirs, guard)


def _over(
    changeset: Changeset,
    reason: Reason,
    what: str,
    share: Decimal,
    before: int,
    writes: tuple[Write, ...],
    guard: Guard,
) -> Iterator[_Found]:
    """A verdict where the ties written to exceed their share of all, and are more than are always free."""
    ties = len({write.tie for write in writes}) + before
    allowed = max(int(share * changeset.ties), guard.free)
    if writes and ties > allowed:
        text = (
            f"{what}: {ties} of {changeset.ties} ties would be written to, {allowed} are allowed "
            f"([projects.{changeset.project}.guard] {reason.value})"
        )
        yield reason, text, writes, True


def held_back(verdicts: Iterable[Verdict], accepted: Callable[[Reason], bool]) -> frozenset[tuple[Ref, str]]:
    """The (target, field) of every write that some verdict stops which nobody accepted."""
    return frozenset(
        (write.target, write.field)
        for verdict in verdicts
        if not (verdict.asks and accepted(verdict.reason))
        for write in verdict.writes
    )
