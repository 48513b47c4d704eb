"""Fresh facts about single issues: fetched by id and recorded, before anything is decided or written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.base import Batch
from model.values import Entity, Issue, Ref
from model.writer import Writer
from sync.means import Means
from sync.record import Place, record

__all__ = ["Fetched", "fetch", "fetch_and_record", "issues", "keep"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch from one source brought."""

    place: Place
    batches: tuple[Batch, ...]


def fetch(means: Means, found: Iterable[Issue]) -> tuple[Fetched, ...]:
    """Read these issues again, source by source; nothing is stored. Connector errors pass."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for issue in found:
        wanted.setdefault((issue.ref.connection, issue.source), set()).add(issue.ref.id)
    return tuple(_fetched(means, *where, ids) for where, ids in sorted(wanted.items()))


def _fetched(means: Means, connection: str, source: str, ids: Collection[str]) -> Fetched:
    now = means.clock()
    batches = means.writing(connection).fetch(means.source(connection, source), ids, now)
    return Fetched(place(connection, source, means.clock()), batches)


def place(connection: str, source: str, now: datetime) -> Place:
    """Where fetched issues are recorded: as what is news, since their source was read before."""
    return Place(connection, source, now, first_contact=False)


def keep(writer: Writer, fetched: Iterable[Fetched]) -> None:
    """Record what was fetched."""
    for each in fetched:
        for batch in each.batches:
            record(writer, each.place, batch)


def issues(writer: Writer, refs: Collection[Ref]) -> dict[Ref, Issue]:
    """The issues as stored."""
    kept = writer.kept(Entity.ISSUE, refs)
    return {ref: each.value for ref, each in kept.items() if isinstance(each.value, Issue)}


def fetch_and_record(means: Means, connection: str, source: str, ids: Collection[str]) -> None:
    """Turn a hint that issues changed into facts. Connector errors pass; nothing is stored then."""
    fetched = _fetched(means, connection, source, ids)
    with means.store.transaction() as writer:
        keep(writer, [fetched])
