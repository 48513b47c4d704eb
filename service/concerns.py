"""Everything that waits for somebody, in one list: what, since when, and the command that resolves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from model.books import Books
from model.outbox import State
from service.health import SourceHealth, examine_sources
from service.waiting import duration
from sync.send import PAUSED

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["HEARD", "Concern", "find_concerns", "told"]

HEARD = "heard/"
"""How the flag begins that says when a connection's last webhook came."""


@dataclass(frozen=True, slots=True)
class Concern:
    """`about` names the connection, project or job; `since` is None where nobody knows."""

    kind: str
    about: str
    what: str
    since: datetime | None
    command: str


def find_concerns(workspace: Workspace, sources: Sequence[SourceHealth] | None = None) -> tuple[Concern, ...]:
    """Oldest first; those of unknown age at the end. From the store alone: no tracker is asked."""
    store = workspace.store
    health = examine_sources(workspace, workspace.sources()) if sources is None else sources
    found = list(_of_sources(health))
    with store.reading() as books:
        found += [
            *_of_writes(books),
            *_of_deliveries(books),
            *_of_jobs(books),
            *_of_flags(books),
            *_of_silence(workspace, books),
        ]
    reason = store.restored()
    if reason is not None:
        found.append(Concern("restored", "store", f"Writing waits: {reason}.", None, "crosstie db admit"))
    return tuple(sorted(found, key=lambda one: (one.since is None, one.since or workspace.clock())))


def told(concerns: Sequence[Concern], now: datetime, width: int = 100) -> Iterator[str]:
    """The list for people: what, for how long, and the command."""
    if concerns:
        yield f"Waits for somebody ({len(concerns)})"
    for one in concerns:
        age = f", for {duration(max(1.0, (now - one.since).total_seconds()))}" if one.since else ""
        yield from wrap(
            f"▲ {one.about}{age}: {one.what}", width, initial_indent="    ", subsequent_indent="      "
        )
        yield f"      {one.command}"


def _of_sources(health: Sequence[SourceHealth]) -> Iterator[Concern]:
    for source in health:
        about = f"{source.connection} {source.name}"
        for need in source.needs:
            text, step = _split(need, f"crosstie check {source.connection}")
            yield Concern("source", about, text, source.last_complete or source.last_attempt, step)


def _split(need: str, otherwise: str) -> tuple[str, str]:
    """A need as what it is and the command at its end, where it ends with one."""
    what, mark, command = need.rpartition(": ")
    if mark and command.startswith("crosstie "):
        return what, command.partition(" names ")[0]
    return need, otherwise


def _of_writes(books: Books) -> Iterator[Concern]:
    for entry in books.outbox.unsettled():
        if entry.state in (State.PARKED, State.UNKNOWN):
            what = f"{entry.action} {entry.field} of {entry.target or entry.tie} is {entry.state.value}"
            why = f": {entry.error}" if entry.error else ""
            command = f"crosstie runs show {entry.run}"
            yield Concern("write", entry.connection, f"{what}{why}", entry.created, command)
    for conflict in books.decisions.conflicts():
        key = conflict.key or str(conflict.tie)
        what = f"The sides of {key} differ over {conflict.field}"
        command = f"crosstie conflicts resolve {key} {conflict.field}"
        yield Concern("conflict", conflict.project, what, conflict.since, command)


def _of_deliveries(books: Books) -> Iterator[Concern]:
    for delivery, why in books.inbox.parked():
        what = f"Webhook {delivery.id} ({delivery.kind or 'no kind'}) is parked: {why}"
        command = f"crosstie hooks replay {delivery.connection}"
        yield Concern("webhook", delivery.connection, what, delivery.received, command)


def _of_jobs(books: Books) -> Iterator[Concern]:
    for job in books.leases.jobs():
        if job.outcome.startswith("failed"):
            yield Concern("job", job.name, f"The last run {job.outcome}", job.started, "crosstie health")


def _of_flags(books: Books) -> Iterator[Concern]:
    paused = books.leases.flag(PAUSED)
    if paused is not None:
        why = f": {paused.value}" if paused.value else ""
        yield Concern(
            "paused", "writing", f"{paused.by} paused all writing{why}", paused.at, "crosstie resume"
        )


def _of_silence(workspace: Workspace, books: Books) -> Iterator[Concern]:
    """Connections that once heard of their tracker and have not for long, and rotations without an end."""
    from service.hooks.doors import hooked

    now = workspace.clock()
    for name, hooks in hooked(workspace):
        flag = books.leases.flag(f"{HEARD}{name}")
        if flag is not None and now - flag.at > workspace.config.daemon.silence:
            what = "No webhook has come for long; polling goes on"
            yield Concern("silence", name, what, flag.at, f"crosstie hooks verify {name}")
        if hooks.webhook_secret_old is not None:
            what = "webhook_secret_old is still taken; delete the line when the new secret has been used"
            yield Concern("rotation", name, what, None, f"crosstie hooks verify {name}")
