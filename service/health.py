"""How Crosstie itself is doing: each source's last complete read, coverage, cost in requests, what waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from textwrap import wrap
from typing import TYPE_CHECKING

import msgspec

from connectors.base import Allowance
from model.condition import Condition, Course, ParkedRecord, read_condition
from model.progress import Outcome
from model.view import View
from service.waiting import duration
from service.wiring import capabilities

if TYPE_CHECKING:
    from config.settings import SourceSettings
    from service.workspace import Workspace

__all__ = ["Backfill", "SourceHealth", "common_lines", "examine_sources", "lines"]

_DAY = timedelta(hours=24)
_NEXT = "by hand: crosstie pull"
_SERVED = "crosstie serve reads it"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Backfill:
    """A reading of everything that has not come to its end: how far it is, and how long the rest takes.

    `seconds_left` is None where no pace is known yet or the tracker does not count.
    """

    again: bool
    seen: int
    expected: int | None
    issues_per_minute: float | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source's condition; `lag` and `waited` are seconds, `needs` what a person must see to.

    `seen` issues are held, `mapped` of them have a status that is understood; `expected` is the tracker's
    own count with what is not understood (None: it does not count).
    """

    connection: str
    source: str
    name: str
    kind: str
    last_complete: datetime | None
    lag: float | None
    last_attempt: datetime | None
    outcome: str
    error: str | None
    seen: int
    expected: int | None
    mapped: int
    hidden: int
    parked: tuple[ParkedRecord, ...]
    requests: int
    waited: int
    requests_in_24_hours: int
    allowances: tuple[Allowance, ...]
    backfill: Backfill | None
    deletions: str
    next_run: str
    needs: tuple[str, ...]


def examine_sources(workspace: Workspace, sources: Sequence[SourceSettings]) -> tuple[SourceHealth, ...]:
    """Every source's condition, from the store alone: no tracker is asked."""
    now = workspace.clock()
    view = workspace.store.view(now, sources={(source.connection, source.key) for source in sources})
    return tuple(_examine(workspace, source, view, now) for source in sources)


def _examine(workspace: Workspace, source: SourceSettings, view: View, now: datetime) -> SourceHealth:
    place = source.connection, source.key
    condition = read_condition(workspace.store.database, *place, now - _DAY)
    state = next((each for each in view.sources() if (each.connection, each.source) == place), None)
    last = condition.courses[-1] if condition.courses else None
    kind = workspace.config.connections[source.connection].kind
    seen = state.seen if state else 0
    complete = state.last_complete if state else None
    found = SourceHealth(
        connection=source.connection,
        source=source.key,
        name=source.name or source.key,
        kind=kind,
        last_complete=complete,
        lag=(now - complete).total_seconds() if complete else None,
        last_attempt=last.started if last else None,
        outcome=_outcome(last),
        error=state.error if state else None,
        seen=seen,
        expected=state.expected if state else None,
        mapped=max(0, seen - condition.unmapped),
        hidden=condition.hidden,
        parked=condition.parked,
        requests=last.requests if last else 0,
        waited=last.waited if last else 0,
        requests_in_24_hours=sum(c.requests for c in condition.courses if c.started >= now - _DAY),
        allowances=_allowances(condition.courses),
        backfill=_backfill(condition),
        deletions=capabilities(kind).deletions_note,
        next_run=_next_run(workspace, source.connection, now),
        needs=(),
    )
    return replace(found, needs=tuple(_needs(found)))


def _next_run(workspace: Workspace, connection: str, now: datetime) -> str:
    """Who reads the source next: a daemon that holds the lease on its connection, or a person."""
    with workspace.store.reading() as books:
        lease = books.leases.lease(f"work/{connection}")
    return _SERVED if lease is not None and now < lease.until else _NEXT


def _needs(found: SourceHealth) -> Iterator[str]:
    """What a person must see to, each with the next step."""
    if found.last_attempt is None:
        yield "It was never read. Read it: crosstie pull"
    elif found.error is not None:
        yield f"The last pull failed: {found.error}"
    elif found.backfill is not None and found.backfill.again:
        yield "Reading everything once more has not come to its end. Go on: crosstie pull --full"
    elif found.outcome == "interrupted":
        yield "The last pull was interrupted. Go on: crosstie pull"
    if found.parked:
        count = _count(len(found.parked), "record was", "records were")
        yield f"{count} not understood. Correct what is odd in the tracker, then: crosstie pull"
    unmapped = found.seen - found.mapped
    if unmapped:
        count = _count(unmapped, "issue has", "issues have")
        yield f"{count} a status that no map explains: crosstie check names the words."


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _outcome(last: Course | None) -> str:
    if last is None:
        return "never read"
    return "interrupted" if last.outcome == Outcome.RUNNING.value else last.outcome


def _allowances(courses: Sequence[Course]) -> tuple[Allowance, ...]:
    """What the tracker last said is left."""
    said = next((course.allowance for course in reversed(courses) if course.allowance), "[]")
    return msgspec.json.decode(said, type=tuple[Allowance, ...])


def _backfill(condition: Condition) -> Backfill | None:
    """The reading of everything that is under way: the runs since the last complete one."""
    chain: list[Course] = []
    for course in reversed(condition.courses):
        if course.outcome == Outcome.COMPLETE.value:
            break
        chain.insert(0, course)
    whole = len(chain) < len(condition.courses)
    if (whole and not condition.again) or not condition.courses:
        return None
    if not chain:
        return Backfill(True, 0, None, None, None)
    last = chain[-1]
    busy = sum((c.ended - c.started).total_seconds() for c in chain if c.ended)
    per_second = last.seen / busy if busy > 0 and last.seen else None
    left = max(0, last.expected - last.seen) if last.expected is not None else None
    return Backfill(
        again=condition.again,
        seen=last.seen,
        expected=last.expected,
        issues_per_minute=round(per_second * 60, 1) if per_second else None,
        seconds_left=round(left / per_second) if left is not None and per_second else None,
    )


def lines(found: SourceHealth, now: datetime, width: int = 100) -> Iterator[str]:
    """One source's condition for people, in lines of at most `width` characters where words allow it."""
    yield f"{'▲' if found.needs else '✓'} {found.connection} {found.name}"
    for label, text in _facts(found, now):
        yield from wrap(text, width, initial_indent=f"    {label:<20}", subsequent_indent=" " * 24)


def common_lines(several: Sequence[SourceHealth], width: int = 100) -> Iterator[str]:
    """What holds for all sources: how deletions become known, once a kind, and when the next run is."""
    yield "How deletions become known"
    for kind, note in sorted({each.kind: each.deletions for each in several}.items()):
        yield from wrap(note, width, initial_indent=f"    {kind:<20}", subsequent_indent=" " * 24)
    for when in sorted({each.next_run for each in several}):
        yield f"Next run: {when}"


def _facts(found: SourceHealth, now: datetime) -> Iterator[tuple[str, str]]:
    yield "last complete read", _ago(found.last_complete, now)
    of = f" of {found.expected:,}" if found.expected is not None else ""
    if found.seen or found.expected:
        yield "coverage", f"{found.seen:,}{of} issues seen, {found.mapped:,} mapped"
    if found.hidden:
        hidden = _count(
            found.hidden, "issue; it stands as it last was", "issues; they stand as they last were"
        )
        yield "no longer shown", hidden
    if found.requests or found.requests_in_24_hours:
        waited = f", {duration(found.waited)} waited" if found.waited else ""
        day = f"{found.requests_in_24_hours:,} in 24 hours"
        yield "requests", f"{found.requests:,} in the last pull{waited}, {day}"
    for one in found.allowances:
        until = f", full again at {one.resets:%H:%M} UTC" if one.resets else ""
        yield "allowance", f"{one.name or 'all'}: {one.remaining:,} of {one.limit:,} left{until}"
    if found.backfill:
        yield "back-fill", _progress(found.backfill)
    for odd in found.parked[:_NAMED]:
        yield "not understood", f"{odd.key}, since {odd.since:%d %b %Y}: {odd.reason}"
    if len(found.parked) > _NAMED:
        yield "not understood", f"… and {len(found.parked) - _NAMED:,} more: crosstie health --json"
    for need in found.needs:
        yield "to do", need


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    return f"{at:%d %b %Y %H:%M} UTC, {duration(max(1.0, (now - at).total_seconds()))} ago"


def _progress(backfill: Backfill) -> str:
    if not backfill.seen:
        return (
            "everything is being read once more; no page of it has come yet, or an ordinary pull came between"
        )
    of = f" of about {backfill.expected:,}" if backfill.expected is not None else ""
    told = f"{backfill.seen:,}{of} issues"
    if backfill.issues_per_minute:
        told += f", {backfill.issues_per_minute:,.0f} a minute"
    if backfill.seconds_left is None:
        return f"{told}; how long the rest takes is not known yet"
    return f"{told}; about {duration(max(1.0, backfill.seconds_left))} left"
