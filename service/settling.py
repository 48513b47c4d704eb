"""What a person says of a write whose fate nobody could find out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.outbox import State
from service.failures import Exit, Failure
from sync.changeset import Action
from sync.intents import read_write

if TYPE_CHECKING:
    from datetime import datetime

    from model.outbox import Entry
    from model.values import Ref
    from model.writer import Writer
    from service.workspace import Workspace

__all__ = ["parked_write", "settle"]


def parked_write(workspace: Workspace, intent: str) -> Entry:
    """The parked creation of that name. Failure: there is none."""
    with workspace.store.reading() as books:
        entry = books.outbox.by_intent([intent]).get(intent)
    if entry is None or entry.state is not State.PARKED or entry.action != Action.CREATE:
        raise Failure(
            Exit.USAGE, f"No parked creation is called {intent}. Nothing was changed. See: crosstie health"
        )
    return entry


def settle(writer: Writer, entry: Entry, made: Ref | None, now: datetime) -> None:
    """The creation made that issue, which is tied to its origin; or it made nothing and may be made anew."""
    if made is None:
        writer.outbox.advance(entry, State.MOVED, now, error="a person says that it made nothing")
        return
    if made.connection != entry.connection:
        raise Failure(Exit.USAGE, f"{made} is not in {entry.connection}. Nothing was changed.")
    writer.outbox.advance(entry, State.APPLIED, now, target=made.id, error=None)
    origin = read_write(entry).why.source
    if origin is not None:
        writer.ties.join(origin, made, f"found by a person after run {entry.run}", now)
