"""The high-water mark beside a store: how far it had come, kept where restoring the store does not reach.

An older copy of the store knows less than was written to the trackers since. What it holds as agreed could
trample a later deliberate edit; so a store that is behind its mark writes nothing until a person admits it.

The file has two places of one sector each, written in turn: whatever a power loss does to one of them, the
other still tells the mark before. A copy that was taken together with its mark cannot be told from the store.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

__all__ = ["Mark", "MarkFile", "flush_folder"]

_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Mark:
    """`count` grows with every commit that belongs to writing; `lineage` names the database server's history,
    where it can tell ("": a SQLite file cannot)."""

    count: int
    lineage: str = ""


class MarkFile:
    """The file that holds the mark."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Mark | None:
        """The highest mark that was ever kept; None: there is no file, or none that can be read."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        found = [mark for at in (0, _SECTOR) if (mark := _parse(content[at : at + _SECTOR]))]
        return max(found, key=lambda mark: mark.count, default=None)

    def keep(self, mark: Mark) -> None:
        """Put the mark on stable storage, unless a higher one is there. OSError: no space."""
        with self._opened() as file:
            if (kept := self.read()) is not None and kept.count >= mark.count:
                return
            os.pwrite(file, _format(mark), _SECTOR * (mark.count % 2))
            os.fsync(file)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        fresh = not self.path.exists()
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if fresh:
                flush_folder(self.path.parent)
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _format(mark: Mark) -> bytes:
    said = f"crosstie mark {mark.count} {mark.lineage}"
    return f"{said}\n{sha256(said.encode()).hexdigest()}\n".encode().ljust(_SECTOR, b" ")


def _parse(sector: bytes) -> Mark | None:
    said, _, rest = sector.partition(b"\n")
    if sha256(said).hexdigest().encode() != rest.strip():
        return None
    _, _, count, lineage = said.decode().split(" ", 3)
    return Mark(int(count), lineage)


def flush_folder(folder: Path) -> None:
    """Put the names in a folder on stable storage, such as that of a file just made there."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
