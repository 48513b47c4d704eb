"""The real command line in processes of its own, in a folder whose config leads to the world's stand-ins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from model.store import Store, open_store
from model.view import View
from sandbox.run import Sandbox
from sandbox.world.world import World
from service.workspace import clock_from
from tests.service import prefork

__all__ = ["ROOT", "CommandLine", "Done", "laid_out", "only", "world_of"]

ROOT = Path(__file__).resolve().parents[2]
Done = subprocess.CompletedProcess[str]


def world_of(seed: int = 7) -> World:
    """A small world at the day of its baseline: three trackers, nothing has slipped yet."""
    return World(seed=seed)


def only(config: str, *connections: str) -> str:
    """The first project's config with the sources of these connections alone; the connections stay."""
    config = re.sub(r"(?s)\n\[projects\.dcm\].*?(?=\n\[mapping)", "\n", config)
    kept = tuple(f'connection = "{name}"' for name in connections)
    lines = config.split("\n")
    return "\n".join(
        line
        for line in lines
        if not re.match(r"\s*\{ connection = ", line) or any(word in line for word in kept)
    )


@dataclass
class CommandLine:
    """A folder with a config, and `crosstie` run in it; `environ` is added to the process's own."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.folder / "crosstie.toml"

    @property
    def database(self) -> Path:
        return self.folder / "crosstie.db"

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "service.entry", "--no-input", *args]

    def surroundings(self, **environ: str) -> dict[str, str]:
        """The whole environment of the process, without anything that asks for colour."""
        inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
        own = {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(self.folder / "home")}
        return {**inherited, **own, **self.environ, **environ}

    def run(self, *args: str, before: Callable[[], None] | None = None, **environ: str) -> Done:
        """Run a command to its end; `before` is called in the new process."""
        if before is None:
            return prefork.run(["--no-input", *args], self.folder, self.surroundings(**environ))
        return subprocess.run(
            self.command(*args),
            cwd=self.folder,
            env=self.surroundings(**environ),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=300,
            preexec_fn=before,
        )

    def start(self, *args: str, **environ: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            self.command(*args),
            cwd=self.folder,
            env=self.surroundings(**environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.database}")

    def view(self) -> View:
        """What is stored, as at the pretended time."""
        with self.store() as store:
            return store.view(clock_from(self.environ)())

    def files(self) -> dict[str, bytes]:
        """Every file below the folder, as bytes."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


def laid_out(sandbox: Sandbox, folder: Path, config: str | None = None) -> CommandLine:
    """A command line in `folder` on the sandbox's config, or on another one; the clock is the world's."""
    folder.mkdir(parents=True, exist_ok=True)
    for authority in sandbox.folder.glob("*.pem"):
        shutil.copy(authority, folder)
    now = sandbox.world.clock.now().isoformat()
    made = CommandLine(folder, {**sandbox.environ, "CROSSTIE_NOW": now})
    made.config.write_text(sandbox.config_text() if config is None else config, encoding="utf-8")
    return made
