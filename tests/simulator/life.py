"""Live a script: the world moves, the program runs, dies, starts again, and in the end all is quiet."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from model.store import Store, open_store, upgrade
from model.writer import Writer
from tests.simulator.checks import faults_at_the_end
from tests.simulator.program import Parts, Program
from tests.simulator.script import (
    Add,
    Backup,
    Crash,
    Cycle,
    Decide,
    Edit,
    Hide,
    Hint,
    Lag,
    Meanwhile,
    Remove,
    Restore,
    Script,
    Step,
    Trouble,
    Undo,
    Wait,
)
from tests.simulator.world import START, Crashed, World

__all__ = ["Life", "Shelf", "live"]

_QUIET = 12
"""Most cycles until nothing moves any more."""


class Shelf:
    """One store that is emptied for each life, in memory where there is a file system of that kind."""

    def __init__(self) -> None:
        memory = Path("/dev/shm")
        self._folder = Path(tempfile.mkdtemp(prefix="crosstie-", dir=memory if memory.is_dir() else None))
        self._empty, self._file, self._copy = (
            self._folder / f"{name}.db" for name in ("empty", "life", "copy")
        )
        upgrade(f"sqlite:///{self._empty}", now=START)
        self.store = open_store(f"sqlite:///{self._file}")
        self.has_copy = False

    def clear(self) -> Store:
        """The store, empty."""
        self._put(self._empty, self._file)
        self._file.with_name(f"{self._file.name}-mark").unlink(missing_ok=True)
        self.has_copy = False
        return self.store

    def back_up(self) -> None:
        self._put(self._file, self._copy)
        self.has_copy = True

    def restore(self) -> None:
        """An older copy takes the store's place; the mark beside it stays."""
        self._put(self._copy, self._file)

    def close(self) -> None:
        self.store.close()
        shutil.rmtree(self._folder)

    def _put(self, source: Path, target: Path) -> None:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)


class MortalStore(Store):
    """The store of a program that may die at the beginning and the end of each of its commits."""

    def __init__(self, store: Store, world: World) -> None:
        self.__dict__.update(store.__dict__)
        self._world = world

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        self._world.point("before a transaction")
        with super().transaction() as writer:
            yield writer
            self._world.point("before a commit")
        self._world.point("after a commit")


@dataclass
class Life:
    """What became of a script: its story, and everything that should never have happened."""

    script: Script
    story: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    writes: int = 0
    edits: int = 0
    conflicts: int = 0
    crashes: int = 0

    @cached_property
    def digest(self) -> str:
        """The same for two runs of the same seed."""
        return sha256("\n".join(self.story).encode()).hexdigest()


def live(script: Script, shelf: Shelf, parts: Parts | None = None) -> Life:
    """Live a script on an empty store; `parts` may hold broken parts instead of the program's own."""
    world = World(script.setup)
    store = MortalStore(shelf.clear(), world)
    program = Program(store, world, parts or Parts())
    life = Life(script)
    for step in (Cycle(), *script.steps):
        _take(step, world, program, shelf)
    _rest(world, program, life)
    life.story, life.writes, life.edits = world.story, world.ledger.writes, world.ledger.edits
    life.crashes = world.crashes
    life.faults += world.ledger.faults + faults_at_the_end(world, program)
    life.conflicts = len(program.last.conflicts) if program.last else 0
    return life


def _take(step: Step, world: World, program: Program, shelf: Shelf) -> None:
    match step:
        case Edit():
            world.edit(step)
        case Add():
            world.add(step)
        case Remove():
            world.remove(step)
        case Hide():
            world.hide(step)
        case Wait():
            world.clock.advance(timedelta(minutes=step.minutes))
        case Trouble() | Meanwhile() | Crash() | Lag():
            world.expect(step)
        case Backup():
            shelf.back_up()
        case Restore():
            if shelf.has_copy:
                shelf.restore()
                program.restored()
        case _:
            _run(step, world, program)


def _run(step: Step, world: World, program: Program) -> None:
    """Something the program does, and dies of perhaps; then it is started again when its turn comes."""
    try:
        match step:
            case Hint():
                program.hint(step.tracker, step.issue)
            case Decide():
                program.decide(step.conflict, step.side)
            case Undo():
                program.undo(step.run)
            case _:
                program.cycle()
    except Crashed:
        world.troubles.clear()


def _rest(world: World, program: Program, life: Life) -> None:
    """Nothing goes wrong any more: the program must come to rest, and then write nothing."""
    world.calm()
    still = 0
    for _ in range(_QUIET):
        world.clock.advance(timedelta(hours=7))
        before = world.ledger.writes
        program.cycle()
        still = still + 1 if world.ledger.writes == before else 0
        if still >= 2 and not program.is_busy():
            return
    if still < 2:
        life.faults.append(f"it still writes after {_QUIET} quiet cycles")
