"""What we wrote to an issue ourselves, to be told beside its history: who ran it, why, and what was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from model.fields import encode
from model.outbox import Entry, State
from model.store import Store
from model.values import Change, Ref
from sync.changeset import Action, Why
from sync.intents import read_write

__all__ = ["OwnWrite", "own_writes", "written_by"]


@dataclass(frozen=True, slots=True)
class OwnWrite:
    """One write of a run: `held` is what the tracker held afterwards. `field` is "" where it was created.

    `since` and `at` are when it was intended and when it ended.
    """

    run: int
    by: str
    since: datetime
    at: datetime | None
    state: State
    field: str
    before: str | None
    after: str | None
    held: str | None
    why: Why
    reason: str | None


def own_writes(store: Store, ref: Ref) -> tuple[OwnWrite, ...]:
    """Every write that was intended for an issue, oldest first."""
    with store.reading() as books:
        entries = books.outbox.of_issue(ref.connection, ref.id)
        runs = {number: books.outbox.run(number) for number in {entry.run for entry in entries}}
    return tuple(_own(entry, run.by if (run := runs[entry.run]) else "") for entry in entries)


def written_by(change: Change, writes: Sequence[OwnWrite]) -> OwnWrite | None:
    """The write of ours that a recorded change comes from; None: somebody else made it."""
    for write in writes:
        if write.state is not State.APPLIED or write.at is None:
            continue
        in_time = write.since <= change.learned <= write.at
        if in_time and (write.field, write.held) == (change.field, encode(change.after)):
            return write
    return None


def _own(entry: Entry, by: str) -> OwnWrite:
    write = read_write(entry)
    created = write.action is Action.CREATE
    return OwnWrite(
        run=entry.run,
        by=by,
        since=entry.created,
        at=entry.settled,
        state=entry.state,
        field=write.field,
        before=write.before,
        after=write.title if created else write.after,
        held=entry.receipt,
        why=write.why,
        reason=entry.error,
    )
