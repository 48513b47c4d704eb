"""How a long read shows itself: live lines on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reports.text import shown
from service.screen import Screen

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Bars", "Lines", "Silent", "watching"]

_EVERY = 30.0


class Silent:
    """Nobody is told."""

    def source(self, connection: str, source: str, seen: int, expected: int | None) -> None:
        return None

    def waiting(self, connection: str, sentence: str | None) -> None:
        return None


class Lines:
    """One line for each source every half minute, for logs and pipes."""

    def __init__(self, say: Callable[[str], None], elapsed: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._elapsed = elapsed
        self._told: dict[tuple[str, str], float] = {}
        self._paused: set[str] = set()

    def source(self, connection: str, source: str, seen: int, expected: int | None) -> None:
        now = self._elapsed()
        if now - self._told.setdefault((connection, source), now) >= _EVERY:
            self._told[connection, source] = now
            self._say(f"{connection} {source}: {_count(seen, expected)}")

    def waiting(self, connection: str, sentence: str | None) -> None:
        """One line for a wait, however long it is counted down."""
        if sentence is not None and connection not in self._paused:
            self._say(f"{connection}: {sentence}")
        (self._paused.discard if sentence is None else self._paused.add)(connection)


class Bars:
    """A bar for each source on a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def source(self, connection: str, source: str, seen: int, expected: int | None) -> None:
        key = connection, source
        if key not in self._tasks:
            name = shown(f"{connection} {source}")
            self._tasks[key] = self._progress.add_task(name, total=expected, read="")
        self._progress.update(self._tasks[key], completed=seen, total=expected, read=_count(seen, expected))

    def waiting(self, connection: str, sentence: str | None) -> None:
        """A line of its own that counts down while the connection waits."""
        key = connection, ""
        if sentence is None:
            if key in self._tasks:
                self._progress.remove_task(self._tasks.pop(key))
            return
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(shown(connection), total=None, read="")
        self._progress.update(self._tasks[key], read=shown(sentence))


@contextmanager
def watching(screen: Screen) -> Iterator[Bars | Lines | Silent]:
    """The watcher that suits where stderr goes."""
    if screen.quiet:
        yield Silent()
    elif not sys.stderr.isatty():
        yield Lines(screen.say)
    else:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[read]}", markup=False),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=screen.console(sys.stderr), transient=True) as progress:
            yield Bars(progress)


def _count(seen: int, expected: int | None) -> str:
    return f"{seen:,} of about {expected:,} issues" if expected else f"{seen:,} issues"
