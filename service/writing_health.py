"""How writing to the trackers is doing, from the store alone: paused, in doubt, waiting, at odds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from model.outbox import Entry, State
from service.changeset_page import label_of
from sync.intents import read_write
from sync.send import PAUSED

if TYPE_CHECKING:
    from model.decisions import OpenConflict
    from model.leases import Flag
    from service.workspace import Workspace

__all__ = ["Held", "WritingHealth", "examine_writing", "writing_lines"]

_NAMED = 5
_STEPS = {
    State.PARKED: "It waits for a person.",
    State.UNKNOWN: "It was sent and no answer came; the next crosstie sync looks first.",
    State.SENT: "It was being sent when crosstie ended; the next crosstie sync looks first.",
    State.INTENDED: "It was not sent yet; the next crosstie sync tries again.",
}


@dataclass(frozen=True, slots=True)
class Held:
    """A write that has not come to an end: where, since when, why, and not before when it is tried again."""

    state: State
    project: str
    connection: str
    key: str
    field: str
    run: int
    intent: str
    since: datetime
    attempts: int
    next_try: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class WritingHealth:
    """`restored`: why the store may be an older copy of itself (None: it is not). `needs`: to be seen to."""

    paused: Flag | None
    restored: str | None
    held: tuple[Held, ...]
    conflicts: tuple[OpenConflict, ...]
    needs: tuple[str, ...]


def examine_writing(workspace: Workspace, projects: Collection[str]) -> WritingHealth:
    """What of the projects' writes waits for whom."""
    with workspace.store.reading() as books:
        paused = books.leases.flag(PAUSED)
        conflicts = tuple(each for each in books.decisions.conflicts() if each.project in projects)
        held = tuple(
            _held(entry, project) for project in projects for entry in books.outbox.unsettled(project)
        )
    restored = workspace.store.restored()
    return WritingHealth(paused, restored, held, conflicts, tuple(_needs(paused, restored, held, conflicts)))


def _held(entry: Entry, project: str) -> Held:
    write = read_write(entry)
    return Held(
        entry.state,
        project,
        entry.connection,
        write.key or write.title,
        entry.field,
        entry.run,
        entry.intent,
        entry.created,
        entry.attempts,
        entry.next_try,
        " ".join((entry.error or "").split()),
    )


def _needs(
    paused: Flag | None,
    restored: str | None,
    held: Collection[Held],
    conflicts: Collection[OpenConflict],
) -> Iterator[str]:
    if restored is not None:
        yield f"The store may be an older copy of itself: {restored}. Let it write again: crosstie db admit"
    if paused is not None:
        why = f": {paused.value}" if paused.value else ""
        yield f"All writing is paused by {paused.by}{why}. Go on: crosstie resume"
    parked = sum(each.state is State.PARKED for each in held)
    if parked:
        yield f"{_count(parked, 'write waits', 'writes wait')} for a person. What for: crosstie health"
    if conflicts:
        count = _count(len(conflicts), "conflict waits", "conflicts wait")
        yield f"{count} for a decision: crosstie conflicts list"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def writing_lines(found: WritingHealth, width: int = 100) -> Iterator[str]:
    """The condition for people; nothing at all where nothing was ever to be written."""
    if not (found.needs or found.held):
        return
    yield f"{'▲' if found.needs else '✓'} writing"
    for label, text in _facts(found):
        yield from wrap(text, width, initial_indent=f"    {label:<20}", subsequent_indent=" " * 24)


def _facts(found: WritingHealth) -> Iterator[tuple[str, str]]:
    for each in found.held[:_NAMED]:
        what = f"{label_of(each.field)} of {each.key}" if each.field else f"a new issue “{each.key}”"
        again = f" Not before {each.next_try:%d %b %Y %H:%M} UTC." if each.next_try else ""
        reason = f" {each.reason.rstrip('.')}." if each.reason else ""
        yield (
            each.state.value,
            f"{each.connection} {what}, run {each.run}.{reason} {_STEPS[each.state]}{again}",
        )
    if len(found.held) > _NAMED:
        yield "waiting", f"… and {len(found.held) - _NAMED:,} more writes: crosstie health --json"
    for conflict in found.conflicts[:_NAMED]:
        yield "conflict", f"{label_of(conflict.field)} of {conflict.tie}, since {conflict.since:%d %b %Y}"
    if len(found.conflicts) > _NAMED:
        yield "conflict", f"… and {len(found.conflicts) - _NAMED:,} more: crosstie conflicts list"
    for need in found.needs:
        yield "to do", need
