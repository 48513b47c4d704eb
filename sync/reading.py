"""Fresh facts about single issues: fetched by id and recorded, before anything is decided or written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from config.settings import SourceSettings
from connectors.base import Batch
from connectors.writing import WritingConnector
from model.store import Store
from model.values import Entity, Issue, Ref
from model.writer import Writer
from sync.means import Means
from sync.record import Place, Recorded, record

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


def fetch_and_record(
    store: Store, connector: WritingConnector, source: SourceSettings, ids: Collection[str], now: datetime
) -> Recorded:
    """Turn a hint that issues changed into facts, all of them or none. Connector errors pass."""
    here = place(source.connection, source.key, now)
    batches = connector.fetch(source, ids, now)
    brought = Recorded()
    with store.transaction() as writer:
        for batch in batches:
            brought += record(writer, here, batch)
    return brought
