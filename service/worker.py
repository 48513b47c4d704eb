"""One connection's thread: hears what webhooks told, asks each source in its turn, and stops when told to.

Everything it stores is fenced by a lease on its connection, so that of two daemons one reads it and the other
stands by. Nothing that goes wrong with one connection touches another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.errors import ConnectorError, RetryLater, Unreachable
from connectors.writing import WritingConnector
from model.errors import LeaseLost, StoreError, StoreFull
from service.ahead import read_ahead
from service.concerns import HEARD
from service.fenced import FencedStore, Hold
from service.hearing import Errand, plan_errand
from service.keeping import forget_old
from service.logs import Logger
from service.pace import Pace
from service.waiting import Interrupted, Pauses
from sync.pull import Failed, Finished, Step, pull
from sync.reading import fetch_and_record

if TYPE_CHECKING:
    from config.settings import SourceSettings
    from connectors.base import Connector
    from service.workspace import Workspace

__all__ = ["Meter", "Office", "Worker"]

_QUIET = 60.0
_MOST_TRIES = 5
_LONGEST_REST = 60.0


class Meter:
    """What a worker tells the metrics; this one tells nobody."""

    def pulled(self, connection: str, seconds: float, outcome: str, requests: int) -> None:
        return None

    def waited(self, connection: str, seconds: float) -> None:
        return None

    def left(self, connection: str, share: float) -> None:
        return None


@dataclass
class Office:
    """What all workers share. `changed` is told the sources that have something new, each by its names.

    `poll`: seconds between two readings of a source; `stand_by`: until a lease or store is tried again.
    `alone`: whether no other daemon of this machine lives.
    """

    workspace: Workspace
    holder: str
    log: Logger
    changed: Callable[[Sequence[tuple[str, str]]], None]
    meter: Meter = field(default_factory=Meter)
    poll: float = 300.0
    stand_by: float = 20.0
    alone: Callable[[], bool] = lambda: False
    elapsed: Callable[[], float] = time.monotonic

    def now(self) -> datetime:
        return self.workspace.clock()


@dataclass
class _Turn:
    """When a source is due, by the clock that only goes forward.

    `early`: a webhook asks for it now. `spacing` seconds must lie between two such readings: more each time,
    and none again after a quiet minute, so that whoever can send webhooks cannot use up the allowance.
    """

    source: SourceSettings
    pace: Pace
    due: float
    read: float = float("-inf")
    early: bool = False
    spacing: float = 0.0

    def hasten(self, now: float) -> None:
        """A source that fails keeps its distance, whoever asks for it how often."""
        if self.pace.failures:
            return
        if now - self.read > _QUIET:
            self.spacing = 0.0
        wanted = max(now, self.read + self.spacing)
        if wanted < self.due:
            self.due, self.early = wanted, True

    def was_read(self, now: float) -> None:
        if self.early:
            self.spacing = min(_QUIET, max(1.0, self.spacing * 2))
        self.read, self.early = now, False


class Worker:
    """`beat` is when it last moved; `waits` says what for, where it waits at somebody's wish."""

    def __init__(self, office: Office, connection: str, sources: Iterable[SourceSettings]) -> None:
        self.connection = connection
        self._office = office
        self._store = office.workspace.store
        self._stop = threading.Event()
        self._awake = threading.Event()
        now = office.elapsed()
        self._turns = {s.key: _Turn(s, Pace(office.poll), now) for s in sources}
        self._hold = Hold(
            self._store, f"work/{connection}", office.holder, office.workspace.clock, office.alone
        )
        self._fenced = FencedStore(self._store, self._hold)
        self._deaf_until = now
        self._pauses = Pauses(self._pause, self._show, self._stop)
        self.beat = now
        self.waits = ""
        self.holds = False
        self._thread = threading.Thread(target=self._run, name=f"work-{connection}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something was delivered, or is wanted now."""
        self._awake.set()

    def stop(self) -> None:
        """Take no more work, and leave what is at hand after the page under way."""
        self._stop.set()
        self._awake.set()

    def join(self, seconds: float) -> bool:
        """Whether it came to its end in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.beat = self._office.elapsed()
            try:
                wait = self._turn()
            except Interrupted:
                break
            except LeaseLost as lost:
                self._hold.lose()
                wait = self._office.stand_by
                self._office.log.warning(f"{self.connection}: {lost}")
            except StoreError as error:
                wait = self._office.stand_by
                self._office.log.error(f"{self.connection}: {error}")
            except Exception as error:
                wait = self._office.stand_by
                self._office.log.error(f"{self.connection}: unexpected: {type(error).__name__}: {error}")
            self.holds = self._hold.lease is not None
            if not self._stop.is_set():
                self._awake.wait(wait)
            self._awake.clear()
        with suppress(StoreError):
            self._hold.give_back()

    def _turn(self) -> float:
        """Do what is due; how many seconds until something is."""
        if not self._hold.take():
            return self._office.stand_by
        self.holds = True
        self._make_room()
        now = self._office.elapsed()
        heard = self._hear(now)
        if heard.issues or self._due():
            self._work(heard)
        self._settle(heard, now)
        nearest = min((turn.due for turn in self._turns.values()), default=float("inf"))
        return max(0.0, min(nearest - self._office.elapsed(), _LONGEST_REST))

    def _make_room(self) -> None:
        """StoreFull: so little is left on the disk that it is kept for deliveries, which come only once."""
        room = self._store.room
        if not room.is_low():
            return
        room.give_back()
        forget_old(self._office.workspace)
        if room.is_low():
            raise StoreFull(
                f"the disk of {self._store.database.where.shown} is nearly full: nothing is read until there "
                "is room again, and deliveries are still taken. Free some space, or keep less: "
                "keep_raw, keep_deliveries, keep_writes in [general.store]"
            )

    def _due(self) -> list[_Turn]:
        return [turn for turn in self._turns.values() if turn.due <= self._office.elapsed()]

    def _hear(self, now: float) -> Errand:
        """What the inbox asks for. Sources it names are due now, unless they were asked a moment ago."""
        if now < self._deaf_until:
            return Errand()
        with self._store.reading() as books:
            waiting = books.inbox.waiting(self.connection)
        if not waiting:
            return Errand()
        held = {key: self._store.held(self.connection, key) for key in self._turns}
        errand = plan_errand(waiting, tuple(self._turns), held)
        if errand.unclear:
            reason = "its body cannot be understood; update crosstie, then: crosstie hooks replay"
            with self._fenced.transaction() as writer:
                writer.inbox.failed(errand.unclear, reason, self._office.now(), park=True)
        for key in errand.sources:
            self._turns[key].hasten(now)
        return errand

    def _work(self, heard: Errand) -> None:
        workspace = self._office.workspace
        try:
            connector = workspace.connector(workspace.config.connections[self.connection], self._pauses)
        except ConnectorError as error:
            self._fail(self._due(), error)
            self._put_off(heard, error)
            return
        changed: list[tuple[str, str]] = []
        try:
            changed += self._fetch(connector, heard)
            for turn in self._due():
                if self._stop.is_set():
                    break
                if self._pull(connector, turn):
                    changed.append((self.connection, turn.source.key))
        finally:
            connector.close()
            if changed:
                self._office.changed(changed)

    def _fetch(self, connector: Connector, heard: Errand) -> list[tuple[str, str]]:
        """Read the issues that were told of, by their ids; the sources in which anything was new.

        Where that cannot be done, the source is asked what changed.
        """
        changed = []
        for key, ids in list(heard.issues.items()):
            if not isinstance(connector, WritingConnector) or self._store.is_new(self.connection, key):
                heard.sources.add(key)
                self._turns[key].hasten(self._office.elapsed())
                continue
            try:
                source, now = self._turns[key].source, self._office.now()
                brought = fetch_and_record(self._fenced, connector, source, sorted(ids), now)
            except ConnectorError as error:
                self._put_off(heard, error)
                break
            if brought.new or brought.changed or brought.events:
                changed.append((self.connection, key))
        return changed

    def _pull(self, connector: Connector, turn: _Turn) -> bool:
        """Ask one source what changed; whether anything did."""
        office, source = self._office, turn.source
        begun = office.elapsed()
        waited = self._pauses.waited
        steps = pull(
            self._fenced,
            connector,
            self.connection,
            source,
            office.now(),
            office.workspace.clock,
            waited=lambda: self._pauses.waited,
            ahead=read_ahead,
        )
        last: Step | None = None
        for step in steps:
            last, self.beat = step, office.elapsed()
            if self._stop.is_set():
                return False
        took = office.elapsed() - begun
        if spent := self._pauses.waited - waited:
            office.meter.waited(self.connection, spent)
        if isinstance(last, Failed):
            office.meter.pulled(self.connection, took, "failed", 0)
            self._fail([turn], last.error)
            return False
        assert isinstance(last, Finished), "a pull ends in one of the two"
        office.meter.pulled(self.connection, took, "complete", last.requests)
        turn.was_read(office.elapsed())
        changed = bool(last.added or last.changed or last.events)
        turn.due = turn.read + turn.pace.read(changed, self._left(connector))
        if changed:
            office.log.info(f"{self.connection} {source.key}: {last.added} new, {last.changed} changed")
        return changed

    def _left(self, connector: Connector) -> float | None:
        shares = [each.remaining / each.limit for each in connector.spent().allowances if each.limit]
        if shares:
            self._office.meter.left(self.connection, min(shares))
        return min(shares, default=None)

    def _fail(self, turns: Iterable[_Turn], error: ConnectorError) -> None:
        wish = error.after if isinstance(error, RetryLater) else None
        for turn in turns:
            turn.due = self._office.elapsed() + turn.pace.failed(wish)
        self._office.log.warning(f"{self.connection}: {error}")

    def _put_off(self, heard: Errand, error: ConnectorError) -> None:
        """Deliveries wait on where the tracker may answer later; else, after five tries, for a person."""
        passing = isinstance(error, RetryLater | Unreachable)
        with self._fenced.transaction() as writer:
            tried = {
                one.number: one.tries
                for each in writer.inbox.waiting(self.connection)
                for one in each.deliveries
            }
            spent = [n for n in heard.numbers if not passing and tried.get(n, 0) + 1 >= _MOST_TRIES]
            others = [number for number in heard.numbers if number not in set(spent)]
            writer.inbox.failed(spent, str(error), self._office.now(), park=True)
            writer.inbox.failed(others, str(error), self._office.now())
        heard.numbers.clear()
        wish = error.after if isinstance(error, RetryLater) else None
        self._deaf_until = self._office.elapsed() + max(wish or 0.0, 30.0)
        self._office.log.warning(f"{self.connection}: {error}")

    def _settle(self, heard: Errand, since: float) -> None:
        """Deliveries are done once everything they told of was read after they were heard."""
        read = all(self._turns[key].read >= since for key in heard.sources)
        if heard.numbers and read and not self._stop.is_set():
            now = self._office.now()
            with self._fenced.transaction() as writer:
                writer.inbox.done(heard.numbers, now)
                writer.leases.set(f"{HEARD}{self.connection}", "", "crosstie", now)

    def _pause(self, seconds: float) -> None:
        """Sleep a second of a wait that a tracker asked for, and keep the lease meanwhile."""
        self._stop.wait(seconds)
        self._hold.renew()
        self.beat = self._office.elapsed()

    def _show(self, sentence: str | None) -> None:
        self.waits = sentence or ""
