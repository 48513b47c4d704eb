"""`crosstie serve`: listeners, workers and the timetable under one roof; started, reloaded, stopped."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.web import host_and_port
from model.errors import StoreError
from service.errands import errands_of
from service.failures import Exit, Failure
from service.following import Cycle, Follower
from service.hooks.commit import Committer
from service.hooks.door import Door, networks
from service.hooks.doors import open_doors
from service.hooks.listener import Listener, listen
from service.hooks.receiver import Hooks, Limits, Seen
from service.hooks.storing import append_to
from service.logs import Logger
from service.metrics import CONTENT_TYPE, Metrics
from service.operations import Operations, Probe
from service.presence import Presence
from service.reloading import Watched, differences
from service.rendering import Renderer
from service.systemd import Notifier
from service.timetable import Timetable
from service.worker import Office, Worker

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["Daemon"]

_GRACE = 8.0
_FROZEN = 900.0
_BEAT = 5.0


@dataclass
class _Crew:
    """What works for one reading of the config and is replaced with it."""

    workers: Mapping[str, Worker]
    follower: Follower
    timetable: Timetable

    def start(self) -> None:
        self.follower.start()
        for worker in self.workers.values():
            worker.start()
        self.timetable.start()

    def stop(self) -> list[str]:
        """Let everybody end; the names of those that did not in time."""
        ends = time.monotonic() + _GRACE
        self.timetable.stop()
        for worker in self.workers.values():
            worker.stop()
        late = [
            name
            for name, worker in self.workers.items()
            if not worker.join(max(0.1, ends - time.monotonic()))
        ]
        if not self.follower.stop(max(0.1, ends - time.monotonic())):
            late.append("reports")
        return late


class Daemon:
    """One process beside the trackers. `fresh` reads the config anew; `cycle` writes for one project.

    `stand_by` is how long it waits before it tries again to take over from another, in seconds; `again`, how
    long between two looks at writes that wait.
    """

    def __init__(
        self,
        workspace: Workspace,
        fresh: Callable[[], Workspace],
        log: Logger,
        cycle: Callable[[Workspace], Cycle] | None = None,
    ) -> None:
        self.workspace = workspace
        self.stand_by = 20.0
        self.again = 60.0
        self._fresh = fresh
        self._log = log
        self._cycle = cycle
        self._over = threading.Event()
        self._wanted = threading.Event()
        self._reload = False
        self._notifier = Notifier(workspace.environ)
        self._renderer = Renderer(workspace.environ)
        self.metrics = Metrics(lambda: self.workspace)
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self._presence = Presence(workspace.store.database.where.path)
        self._watched = Watched(workspace.path)
        self._committer: Committer | None = None
        self._crew: _Crew | None = None
        self.hooks: Listener | None = None
        self.operations: Listener | None = None
        self._app: Hooks | None = None

    def start(self) -> None:
        """Listen and begin to work. Failure: an address is taken, or a secret cannot be used."""
        web = self.workspace.config.web
        doors = open_doors(self.workspace)
        self._committer = Committer(
            append_to(self.workspace.store, self.workspace.clock), told=self._delivered
        )
        self._app = Hooks(
            doors,
            self._committer.store,
            self.workspace.clock,
            self._heard,
            Limits(largest=web.largest),
            networks(web.proxies),
        )
        hooks, operations = _listening(web.hooks, "hooks"), _listening(web.metrics, "metrics")
        self.operations = Listener(
            Operations(Probe(self.troubles, self.obstacles, self.metrics.text), CONTENT_TYPE),
            operations,
            "operations",
            most=100,
        )
        self.hooks = Listener(self._app, hooks, "hooks")
        self.workspace.store.room.hold()
        self._presence.alone()
        self._crew = self._assemble()
        self._crew.start()
        self.operations.start()
        self.hooks.start()
        self._log.info(
            f"serving: {self._status()}",
            hooks=web.hooks if doors else "no connection takes webhooks",
            metrics=web.metrics,
        )
        self._notifier.ready(self._status())

    def run(self) -> None:
        """Work until told to stop."""
        while not self._over.is_set():
            self._wanted.wait(_BEAT)
            self._wanted.clear()
            if self._over.is_set():
                break
            if self._reload or self._watched.moved():
                self._reload = False
                self.reload()
            if not self.troubles():
                self._notifier.alive(self._status())

    def obey_signals(self) -> None:
        """SIGTERM and SIGINT stop, SIGHUP reloads; called from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.end())
        signal.signal(signal.SIGHUP, lambda *_: self.ask_reload())

    def end(self) -> None:
        self._over.set()
        self._wanted.set()

    def ask_reload(self) -> None:
        self._reload = True
        self._wanted.set()

    def stop(self) -> None:
        """Take no more, finish what is at hand, and close, within ten seconds."""
        self._notifier.stopping()
        if self.hooks is not None:
            self.hooks.stop()
        if self._committer is not None:
            self._committer.close()
        late = self._crew.stop() if self._crew is not None else []
        self._renderer.close()
        if self.operations is not None:
            self.operations.stop()
        self.workspace.store.room.give_back()
        if not late:
            self._presence.end()
        if late:
            self._log.warning(f"stopped while still waiting for an answer: {', '.join(late)}")
        else:
            self.workspace.close()
            self._log.info("stopped; the next start goes on from here")

    def reload(self) -> None:
        """Work by the config as it stands now; an invalid one is refused and the old one stays."""
        self._notifier.reloading()
        try:
            following = self._fresh()
            told = differences(self.workspace.config, following.config)
            if any(key.startswith("general.store") for key in told):
                raise Failure(Exit.CONFIGURATION, "another store needs a restart of crosstie serve")
            following.store, following.redactor = self.workspace.store, self.workspace.redactor
            doors = open_doors(following)
        except Exception as error:
            self._log.error(f"the config was not reloaded, the one before holds: {error}")
        else:
            if told:
                self._change(following, doors, told)
            else:
                self._log.info("the config says what it said before")
        self._notifier.ready(self._status())

    def _change(self, following: Workspace, doors: Mapping[str, Door], told: Sequence[str]) -> None:
        assert self._crew is not None
        assert self._app is not None
        restart = [key for key in told if key.startswith(_ONLY_AT_START)]
        self._crew.stop()
        self.workspace = following
        self._app.doors = doors
        self._app.proxies = networks(following.config.web.proxies)
        self._crew = self._assemble()
        self._crew.start()
        self._log.info(
            f"config reloaded: {', '.join(told)}", **({"only_after_restart": restart} if restart else {})
        )

    def _assemble(self) -> _Crew:
        workspace = self.workspace
        cycle = self._cycle(workspace) if self._cycle is not None else None
        follower = Follower(workspace, self._log, self._renderer, cycle)
        follower.again = self.again
        office = Office(
            workspace,
            self._holder,
            self._log,
            follower.changed,
            self.metrics,
            workspace.config.daemon.poll.total_seconds(),
            self.stand_by,
            self._presence.alone,
        )
        sources = workspace.sources()
        workers = {
            name: Worker(office, name, [source for source in sources if source.connection == name])
            for name in workspace.config.connections
            if any(source.connection == name for source in sources)
        }
        zone = workspace.config.general.timezone
        timetable = Timetable(workspace.store, zone, workspace.clock, self._log, errands_of(workspace))
        return _Crew(workers, follower, timetable)

    def _delivered(self) -> None:
        """Something was stored: every worker looks whether it is for it."""
        if self._crew is not None:
            for worker in self._crew.workers.values():
                worker.wake()

    def _heard(self, seen: Seen) -> None:
        self.metrics.hooked(seen)
        if seen.status == 202:
            self._log.info(
                f"webhook {seen.result}",
                connection=seen.connection,
                kind=seen.event,
                delivery=seen.delivery,
                digest=seen.digest[:16],
            )

    def troubles(self) -> list[str]:
        """Why this process should be started anew: a thread that ended or hangs."""
        if self._crew is None:
            return []
        now = time.monotonic()
        found = [f"the thread of {name} ended" for name, w in self._crew.workers.items() if not w.alive]
        found += [
            f"the thread of {name} has not moved for {now - worker.beat:.0f} s"
            for name, worker in self._crew.workers.items()
            if not worker.waits and now - worker.beat > _FROZEN
        ]
        if not self._crew.follower.alive:
            found.append("the thread of the reports ended")
        return [] if self._over.is_set() else found

    def obstacles(self) -> list[str]:
        """Why work cannot go on now: the store, or its revision."""
        found = self.troubles()
        try:
            with self.workspace.store.reading() as books:
                books.leases.flag("ready")
            reason = self.workspace.store.restored()
            if reason is not None:
                found.append(f"writing waits for crosstie db admit: {reason}")
        except StoreError as error:
            found.append(str(error))
        if self._over.is_set():
            found.append("stopping")
        return found

    def _status(self) -> str:
        workers = self._crew.workers if self._crew is not None else {}
        idle = [name for name, worker in workers.items() if not worker.holds]
        text = f"{len(workers)} connections"
        return f"{text}, standing by for {', '.join(idle)}" if idle and not self._over.is_set() else text


_ONLY_AT_START = ("web.hooks", "web.metrics", "web.largest")


def _listening(address: str, name: str) -> socket.socket:
    host, port = host_and_port(address)
    try:
        return listen(host, port)
    except OSError as error:
        raise Failure(
            Exit.CONFIGURATION,
            f"[web] {name} = {address!r} cannot be listened on: {error.strerror}. "
            "End whoever has it, or write another address there",
        ) from None
