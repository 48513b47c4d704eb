"""Pull every source of a project: a few readers for each connection, one writer, progress for each source."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from connectors.errors import ConnectorError, RetryLater, Unreachable
from service.ahead import read_ahead
from service.waiting import Interrupted, Pauses
from service.wiring import capabilities
from sync.pull import Failed, Finished, Page, Step, pull

if TYPE_CHECKING:
    from config.settings import SourceSettings
    from connectors.base import Connector
    from service.workspace import Workspace

__all__ = ["Pulled", "Watcher", "pull_sources"]


class Watcher(Protocol):
    """Who is told how a pull goes on; called from several threads, one call at a time."""

    def source(self, connection: str, source: str, seen: int, expected: int | None) -> None: ...

    def waiting(self, connection: str, sentence: str | None) -> None:
        """How long a connection still waits and why, told every second; None: it goes on."""
        ...


@dataclass
class Pulled:
    """What a pull brought: the sources that were read whole, and those that failed with the error."""

    finished: list[Finished] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


def pull_sources(
    workspace: Workspace, sources: Sequence[SourceSettings], watcher: Watcher, *, full: bool = False
) -> Pulled:
    """Read each source on from where its last read stopped; `full`: read everything once more.

    A failing source does not stop the others, but those of a tracker that cannot be reached, or that asks
    for a long pause, fail with it. An interruption lets each connection finish the page at hand.
    """
    by_connection: dict[str, list[SourceSettings]] = defaultdict(list)
    for source in sources:
        by_connection[source.connection].append(source)
    crew = _Crew(workspace, watcher, full)
    assert workspace.store is not None, "opened here, before the threads share it"
    queues = [
        queue
        for connection, mine in by_connection.items()
        for queue in [_Queue(connection, deque(mine))] * _readers(workspace, connection, mine)
    ]
    with ThreadPoolExecutor(max(1, len(queues)), thread_name_prefix="pull") as pool:
        work = [pool.submit(crew.read, queue) for queue in queues]
        try:
            for done in work:
                done.result()
        except KeyboardInterrupt:
            crew.stop.set()
            raise
    return crew.result


def _readers(workspace: Workspace, connection: str, sources: Sequence[SourceSettings]) -> int:
    """How many of a connection's sources are read at the same time."""
    settings = workspace.config.connections[connection]
    most: int = settings.parallel or capabilities(settings.kind).parallel
    return min(most, len(sources))


@dataclass
class _Queue:
    """A connection's sources that wait to be read, and why none of them can be, once that is known."""

    connection: str
    sources: deque[SourceSettings]
    lost: ConnectorError | None = None

    def take(self) -> SourceSettings | None:
        """The next source, for one reader alone."""
        try:
            return self.sources.popleft()
        except IndexError:
            return None


class _Crew:
    """What the connections' threads share: whom to tell, when to stop."""

    def __init__(self, workspace: Workspace, watcher: Watcher, full: bool) -> None:
        self.result = Pulled()
        self.stop = threading.Event()
        self._workspace = workspace
        self._watcher = watcher
        self._full = full
        self._telling = threading.Lock()

    def read(self, queue: _Queue) -> None:
        """Read a connection's sources, one after the other, with a connector of its own."""
        settings = self._workspace.config.connections[queue.connection]
        pauses = Pauses(self._workspace.sleep, lambda words: self._wait(queue.connection, words), self.stop)
        try:
            connector = self._workspace.connector(settings, pauses)
        except ConnectorError as error:
            while (source := queue.take()) is not None:
                self._tell(Failed(queue.connection, source.key, error))
            return
        try:
            with suppress(Interrupted):
                self._read_all(queue, connector, pauses)
        finally:
            connector.close()

    def _read_all(self, queue: _Queue, connector: Connector, pauses: Pauses) -> None:
        while not self.stop.is_set() and (source := queue.take()) is not None:
            if queue.lost is not None:
                self._tell(Failed(source.connection, source.key, queue.lost))
                continue
            for step in self._pull(source, connector, pauses):
                self._tell(step)
                if isinstance(step, Failed) and isinstance(step.error, Unreachable | RetryLater):
                    queue.lost = step.error
                if self.stop.is_set():
                    return

    def _pull(self, source: SourceSettings, connector: Connector, pauses: Pauses) -> Iterator[Step]:
        workspace = self._workspace
        return pull(
            workspace.store,
            connector,
            source.connection,
            source,
            workspace.clock(),
            workspace.clock,
            full=self._full,
            waited=lambda: pauses.waited,
            ahead=read_ahead,
        )

    def _wait(self, connection: str, words: str | None) -> None:
        with self._telling:
            self._watcher.waiting(connection, words)

    def _tell(self, step: Step) -> None:
        with self._telling:
            if isinstance(step, Page):
                self._watcher.source(step.connection, step.source, step.seen, step.expected)
            elif isinstance(step, Finished):
                self.result.finished.append(step)
            elif isinstance(step, Failed):
                self.result.failed.append(step)
