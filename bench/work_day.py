"""A working day's worth of edits in the sandbox's world, arriving by incremental pulls, requests counted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from service.demo import Demo, demo
from service.progress import Silent
from service.pulling import pull_sources

__all__ = ["EDITS", "Day", "day", "the_day"]

EDITS = 150
PULLS = 8
_WARM = timedelta(days=70)
"""How long the world has lived before the day begins: there is something of everything by then."""

_HOUR = timedelta(hours=1)


@dataclass
class Day:
    """What the pulls of a day brought; `rounds` are (edits since the pull before, requests by connection)."""

    running: Demo
    first: dict[str, int] = field(default_factory=dict)
    rounds: list[tuple[int, dict[str, int]]] = field(default_factory=list)

    @property
    def edits(self) -> int:
        return sum(edits for edits, _ in self.rounds)

    @property
    def requests(self) -> int:
        return sum(sum(asked.values()) for _, asked in self.rounds)

    def pull(self) -> dict[str, int]:
        """Pull all sources; how many requests each connection sent. AssertionError: a source failed."""
        stands = self.running.sandbox.stands
        before = {name: len(stand.requests) for name, stand in stands.items()}
        workspace = self.running.workspace
        done = pull_sources(workspace, workspace.sources(), Silent())
        assert not done.failed, done.failed[0].error
        return {name: len(stand.requests) - before[name] for name, stand in stands.items()}

    def live(self) -> None:
        """Read everything, then pull whenever an eighth of the day's edits has happened."""
        world = self.running.world
        world.advance(world.clock.now() + _WARM)
        self.first = self.pull()
        begun = len(world.ledger.lines)
        for number in range(1, PULLS + 1):
            before = len(world.ledger.lines)
            while len(world.ledger.lines) - begun < EDITS * number / PULLS:
                world.advance(world.clock.now() + _HOUR)
            self.rounds.append((len(world.ledger.lines) - before, self.pull()))


@contextmanager
def day(folder: Path) -> Iterator[Day]:
    """A day lived through, its trackers still being served."""
    with demo(folder, {}, 7, lambda sentence: None) as running:
        lived = Day(running)
        lived.live()
        yield lived


def the_day() -> Iterator[str]:
    """The table of the day."""
    with tempfile.TemporaryDirectory() as folder, day(Path(folder)) as lived:
        names = list(lived.first)
        yield "| pull | edits | " + " | ".join(names) + " |"
        yield "|---|---:|" + "---:|" * len(names)
        yield "| first, everything | | " + " | ".join(f"{lived.first[name]}" for name in names) + " |"
        for number, (edits, asked) in enumerate(lived.rounds, 1):
            yield f"| {number} | {edits} | " + " | ".join(f"{asked[name]}" for name in names) + " |"
        total = {name: sum(asked[name] for _, asked in lived.rounds) for name in names}
        yield f"| all | {lived.edits} | " + " | ".join(f"{total[name]}" for name in names) + " |"
