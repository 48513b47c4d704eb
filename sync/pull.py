"""Pull one source: drive its connector, record page by page, keep account of the run, tell each step.

A generator of typed steps, without threads and without printing: whoever calls it shows the steps, and may
stop between two pages. A pull that ends early goes on with the next page when it is started again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from config.settings import SourceSettings
from connectors.base import HELD, Allowance, Batch, Connector
from connectors.errors import ConnectorError, SourceStopped
from model.progress import Counts, Outcome, Run
from model.store import Store
from sync.record import Place, Recorded, record

__all__ = ["Failed", "Finished", "Page", "Started", "Step", "pull"]


@dataclass(frozen=True, slots=True)
class Started:
    """The source is about to be asked; `first_contact`: it was never read whole before."""

    connection: str
    source: str
    first_contact: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page is stored; `seen` counts the issues of this pull, `expected` is the tracker's own count."""

    connection: str
    source: str
    stream: str
    seen: int
    expected: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """Every stream was read to its end."""

    connection: str
    source: str
    seen: int
    added: int
    changed: int
    events: int
    parked: int
    requests: int = 0
    waited: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """The pull ended early; what was stored before stands, and the next pull goes on from there."""

    connection: str
    source: str
    error: ConnectorError


Step = Started | Page | Finished | Failed


def pull(
    store: Store,
    connector: Connector,
    connection: str,
    source: SourceSettings,
    now: datetime,
    clock: Callable[[], datetime],
    *,
    full: bool = False,
    waited: Callable[[], float] = lambda: 0.0,
    ahead: Callable[[Iterator[Batch]], Iterator[Batch]] = iter,
) -> Iterator[Step]:
    """Read a source on from its cursors. A connector's error ends it as a step; a store's error is raised.

    `full`: read everything once more; the cursors stand until that is complete, and an interrupted full
    reading goes on where it stopped. `waited` says how many seconds were slept so far at a tracker's wish;
    `ahead` may fetch the next page while this one is recorded.
    """
    place = Place(connection, source.key, now, store.is_new(connection, source.key), again=full)
    run, cursors = _begin(store, place, connector.capabilities.history.value)
    yield Started(connection, source.key, place.first_contact)
    tally = _Tally(_Meter(connector, waited))
    error: ConnectorError | None = None
    try:
        for batch in ahead(connector.pull(source, cursors, now)):
            with store.transaction() as writer:
                tally.add(batch, record(writer, place, batch))
                writer.progress.note_run(run, tally.counts(), clock())
            yield Page(connection, source.key, batch.stream, len(tally.ids), tally.expected, batch.notes)
        tally.refuse_unless_whole()
    except ConnectorError as raised:
        error = raised
    told = tally.counts()
    _end(store, place, run, told, clock(), error)
    if error is not None:
        yield Failed(connection, source.key, error)
    else:
        yield _finished(connection, source.key, told)


def _begin(store: Store, place: Place, history: str) -> tuple[Run, dict[str, str]]:
    """Note the run, and say where each stream goes on."""
    at = place.connection, place.source
    begun = store.cursors(*at, again=True)
    cursors = begun if place.again else store.cursors(*at)
    with store.transaction() as writer:
        run = writer.progress.begin_run(*at, history, place.now, goes_on=place.again == bool(begun))
    if place.again or run.after_broken:
        cursors[HELD] = msgspec.json.encode(store.held(*at)).decode()
    return run, cursors


def _end(
    store: Store, place: Place, run: Run, told: Counts, now: datetime, error: ConnectorError | None
) -> None:
    with store.transaction() as writer:
        if error is None and place.again:
            writer.progress.adopt_cursors(place.connection, place.source)
        outcome = Outcome.FAILED if error else Outcome.COMPLETE
        writer.progress.end_run(run, outcome, told, now, str(error) if error else None)


def _finished(connection: str, source: str, told: Counts) -> Finished:
    brought = told.seen, told.added, told.changed, told.events, told.parked
    return Finished(connection, source, *brought, told.requests, told.waited)


class _Meter:
    """What one run asked of its tracker: a connector counts from when it was made."""

    def __init__(self, connector: Connector, waited: Callable[[], float]) -> None:
        self._connector = connector
        self._waited = waited
        self._asked_before = connector.spent().requests
        self._waited_before = waited()

    def read(self) -> tuple[int, int, str]:
        """Requests sent, whole seconds waited, and what is left to us."""
        spent = self._connector.spent()
        waited = round(self._waited() - self._waited_before)
        return spent.requests - self._asked_before, waited, _allowance_text(spent.allowances)


def _allowance_text(allowances: tuple[Allowance, ...]) -> str:
    return msgspec.json.encode(allowances).decode() if allowances else ""


@dataclass
class _Tally:
    """What the pages of one run brought so far."""

    meter: _Meter
    ids: set[str] = field(default_factory=set)
    recorded: Recorded = field(default_factory=Recorded)
    streams: dict[str, bool] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    def add(self, batch: Batch, recorded: Recorded) -> None:
        self.recorded += recorded
        self.streams[batch.stream] = batch.complete
        if batch.speaks_for is None and (batch.issues or batch.parked):
            self.ids |= {issue.ref.id for issue in batch.issues} | {each.id for each in batch.parked}
            if batch.expected is not None:
                self.counted[batch.stream] = batch.expected

    @property
    def expected(self) -> int | None:
        """The tracker's own count over the streams that bring issues."""
        return sum(self.counted.values()) if self.counted else None

    def counts(self) -> Counts:
        done = self.recorded
        brought = done.new, done.changed, done.events, done.parked
        return Counts(len(self.ids), self.expected, *brought, *self.meter.read())

    def refuse_unless_whole(self) -> None:
        """SourceStopped: the pages ended although a stream was not read to its end."""
        short = [stream for stream, complete in self.streams.items() if not complete]
        if short or not self.streams:
            raise SourceStopped(
                f"the tracker's pages ended early ({', '.join(short) or 'none came'}); "
                "what came is stored; pull again to read the rest"
            )
