"""Pull every source of a project: one thread a connection, one writer, a line of progress for each source."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from connectors.errors import ConnectorError, Unreachable
from sync.pull import Failed, Finished, Page, Step, pull

if TYPE_CHECKING:
    from config.settings import SourceSettings
    from service.workspace import Workspace

__all__ = ["Pulled", "Watcher", "pull_sources"]


class Watcher(Protocol):
    """Who is told how a pull goes on; called from several threads, one call at a time."""

    def source(self, connection: str, source: str, seen: int, expected: int | None) -> None: ...


@dataclass
class Pulled:
    """What a pull brought: the sources that were read whole, and those that failed with the error."""

    finished: list[Finished] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


def pull_sources(workspace: Workspace, sources: Sequence[SourceSettings], watcher: Watcher) -> Pulled:
    """Read each source on from where its last read stopped.

    A failing source does not stop the others, but those of a tracker that cannot be reached fail with it.
    An interruption lets each connection finish the page at hand.
    """
    by_connection: dict[str, list[SourceSettings]] = defaultdict(list)
    for source in sources:
        by_connection[source.connection].append(source)
    result, tell, stop = Pulled(), threading.Lock(), threading.Event()
    store = workspace.store
    assert store is not None, "opened here, before the threads share it"
    with ThreadPoolExecutor(max(1, len(by_connection)), thread_name_prefix="pull") as pool:
        work = [
            pool.submit(_one_connection, workspace, mine, _teller(result, watcher, tell), stop)
            for mine in by_connection.values()
        ]
        try:
            for done in work:
                done.result()
        except KeyboardInterrupt:
            stop.set()
            raise
    return result


def _teller(result: Pulled, watcher: Watcher, lock: threading.Lock) -> Callable[[Step], None]:
    def tell(step: Step) -> None:
        with lock:
            if isinstance(step, Page):
                watcher.source(step.connection, step.source, step.seen, step.expected)
            elif isinstance(step, Finished):
                result.finished.append(step)
            elif isinstance(step, Failed):
                result.failed.append(step)

    return tell


def _one_connection(
    workspace: Workspace,
    sources: Sequence[SourceSettings],
    tell: Callable[[Step], None],
    stop: threading.Event,
) -> None:
    settings = workspace.config.connections[sources[0].connection]
    try:
        connector = workspace.connector(settings)
    except ConnectorError as error:
        for source in sources:
            tell(Failed(source.connection, source.key, error))
        return
    lost: Unreachable | None = None
    try:
        for source in sources:
            if lost is not None:
                tell(Failed(source.connection, source.key, lost))
                continue
            now = workspace.clock()
            for step in pull(workspace.store, connector, source.connection, source, now, workspace.clock):
                tell(step)
                if isinstance(step, Failed) and isinstance(step.error, Unreachable):
                    lost = step.error
                if stop.is_set():
                    return
    finally:
        connector.close()
