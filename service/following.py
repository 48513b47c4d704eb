"""What follows when something changed: ties anew, what the rules let us write, the reports; in one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from connectors.errors import ConnectorError
from model.errors import StoreError
from service.failures import Failure
from service.keeping import keep_house
from service.logs import Logger
from service.rendering import Failed, Order, Renderer
from service.tying import watch_of
from service.waiting import Interrupted
from sync.tie import retie

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["Follower"]

Cycle = Callable[[str], bool]
"""Writes for a project; whether something holds writes back that may not do so for ever."""

_REST = 30.0
_ROUND = 60.0


class Follower:
    """Gathers the sources that changed and follows them up project by project. `cycle` writes for one.

    `again` is how many seconds lie between two looks at writes that wait without any news.
    """

    again = _ROUND

    def __init__(
        self, workspace: Workspace, log: Logger, renderer: Renderer, cycle: Cycle | None = None
    ) -> None:
        workspace.sleep = self.pause
        self._workspace = workspace
        self._log = log
        self._renderer = renderer
        self._cycle = cycle
        self._news: set[tuple[str, str]] = set()
        self._some = threading.Condition()
        self._over = threading.Event()
        self._looked = time.monotonic()
        self._held: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="follow", daemon=True)
        self.done = 0

    def start(self) -> None:
        keep_house(self._workspace)
        self._thread.start()

    def changed(self, sources: Sequence[tuple[str, str]]) -> None:
        with self._some:
            self._news.update(sources)
            self._some.notify()

    def stop(self, seconds: float) -> bool:
        """Whether it came to its end in time; what was not followed up is, after the next start."""
        self._over.set()
        with self._some:
            self._some.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while (news := self._next()) is not None:
            for name, project in self._workspace.config.projects.items():
                if self._over.is_set():
                    return
                if any((source.connection, source.key) in news for source in project.sources):
                    self._follow(name)
            self._look_again()
            self.done += 1

    def _next(self) -> set[tuple[str, str]] | None:
        with self._some:
            rest = min(_REST, self.again)
            if not self._news and not self._over.is_set() and not self._some.wait(rest):
                self._renderer.rest()
            if self._over.is_set():
                return None
            news, self._news = self._news, set()
            return news

    def _follow(self, name: str) -> None:
        project = self._workspace.config.projects[name]
        try:
            watch = watch_of(self._workspace.config)
            retie(self._workspace.store, project, self._workspace.clock(), watch)
        except StoreError as error:
            self._log.error(f"{name}: {error}")
        self._write(name)
        if not self._over.is_set():
            self._report(name)

    def _write(self, name: str) -> None:
        """Carry over what the rules allow. A stop in the middle leaves what the next start goes on with."""
        if self._cycle is None or not self._workspace.config.projects[name].write:
            return
        try:
            held = self._cycle(name)
            (self._held.add if held else self._held.discard)(name)
        except Interrupted:
            return
        except (StoreError, ConnectorError, Failure) as error:
            self._log.warning(f"{name}: {error}")
        except Exception as error:
            self._log.error(f"{name}: unexpected: {type(error).__name__}: {error}")

    def _look_again(self) -> None:
        """Writes that were put off or held back, or whose end is not known, are taken up without any news."""
        if time.monotonic() - self._looked < self.again:
            return
        self._looked = time.monotonic()
        with self._workspace.store.reading() as books:
            projects = self._workspace.config.projects
            open_in = [name for name in projects if name in self._held or books.outbox.unsettled(name)]
        for name in open_in:
            if not self._over.is_set():
                self._write(name)

    def pause(self, seconds: float) -> None:
        """Wait at a tracker's wish. Interrupted: we are to stop."""
        if self._over.wait(seconds):
            raise Interrupted

    def _report(self, name: str) -> None:
        settings = self._workspace.config.daemon
        if settings.reports is None:
            return
        for layout in settings.formats:
            file = settings.reports / f"{name}-status.{layout}"
            try:
                self._renderer.render(Order(str(self._workspace.path), name, "status", layout, str(file)))
            except Failed as why:
                self._log.error(f"{file}: not written: {why}")
