"""The demo: three stand-in trackers, a world that lives in them for half a year, and the reports on it.

The connectors, the store and the reports are the real ones; only the trackers and the clock are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from service.failures import Exit, Failure
from service.workspace import Workspace

if TYPE_CHECKING:
    from sandbox.run import Sandbox
    from sandbox.world.world import World

__all__ = ["Demo", "demo", "live"]

MARK = ".crosstie-demo"
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is running: its world, its trackers and the workspace over them."""

    world: World
    sandbox: Sandbox
    workspace: Workspace


@contextmanager
def demo(folder: Path, environ: Mapping[str, str], seed: int, say: Callable[[str], None]) -> Iterator[Demo]:
    """Start the stand-ins and open a workspace on them, in a folder of the demo's own."""
    from sandbox.run import Sandbox
    from sandbox.world.world import World

    _clear(folder)
    world = World(seed=seed)
    with Sandbox(world, folder) as sandbox:
        config = folder / "crosstie.toml"
        config.write_text(sandbox.config_text(), encoding="utf-8")
        workspace = Workspace(config, {**environ, **sandbox.environ}, world.clock.now, say)
        try:
            yield Demo(world, sandbox, workspace)
        finally:
            workspace.close()


def live(running: Demo, each_week: Callable[[], None]) -> None:
    """Let the world live to its end, a week at a time; `each_week` runs on Tuesday evenings."""
    world = running.world
    weeks = (world.end - world.clock.now()) // _WEEK
    for left in range(weeks, -1, -1):
        world.advance(world.end - left * _WEEK)
        each_week()


def _clear(folder: Path) -> None:
    """Make room for a new demo, but only where an earlier demo left its mark."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise Failure(
            Exit.USAGE,
            f"{folder} holds files that no demo made and was not touched. Choose another: --output DIR",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()
    (folder / MARK).write_text("Made by crosstie demo; it may clear this folder.\n", encoding="utf-8")
