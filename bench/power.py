"""Power loss, replayed: a logged run is cut off after any operation, and what the disk may hold is laid out.

What was flushed is there. Of what was not, anything may be: nothing, some writes, some sectors of a write.
A name is certain once its folder was flushed. The log is written by powerloss.c.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

__all__ = ["Disk", "Operation", "operations", "shim", "watched_run"]

HERE = Path(__file__).resolve().parent
SECTOR = 512
_HEAD = struct.Struct("<cIqI")


def shim(folder: Path) -> Path | None:
    """The compiled log-writer; None: there is no C compiler."""
    target = folder / "powerloss.so"
    command = [
        "cc",
        "-shared",
        "-fPIC",
        "-O1",
        "-o",
        str(target),
        str(HERE / "powerloss.c"),
        "-ldl",
        "-lpthread",
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        return None
    return target


def watched_run(library: Path, folder: Path, log: Path, script: list[str], fail: int = 0) -> str:
    """Run Python code with everything logged that it does to a folder; what it printed."""
    rig = {"LD_PRELOAD": str(library), "RIG_DIR": str(folder), "RIG_LOG": str(log), "RIG_FAIL": str(fail)}
    environ = {**os.environ, **rig, "PYTHONPATH": str(HERE.parent)}
    command = [sys.executable, "-c", *script]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


@dataclass(frozen=True, slots=True)
class Operation:
    """One record of the log."""

    kind: str
    handle: int
    offset: int
    bytes: bytes


def operations(log: Path) -> Iterator[Operation]:
    """The log's records in their order."""
    raw = log.read_bytes()
    at = 0
    while at < len(raw):
        kind, handle, offset, length = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        yield Operation(kind.decode(), handle, offset, raw[at : at + length])
        at += length


@dataclass(eq=False)
class Inode:
    """A file: what is on the disk, and what may or may not be (None as bytes: cut at the offset)."""

    flushed: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)


class Disk:
    """The files below a folder as the process sees them, and as the disk may have them."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._names: dict[str, Inode] = {
            str(path): Inode(bytearray(path.read_bytes())) for path in folder.rglob("*") if path.is_file()
        }
        self._certain = dict(self._names)
        self._handles: dict[int, Inode | str] = {}

    def apply(self, operation: Operation) -> None:
        """Do what the process did."""
        text = operation.bytes.decode(errors="surrogateescape") if operation.kind in "OUR" else ""
        target = self._handles.get(operation.handle)
        if operation.kind == "O":
            self._open(operation, text)
        elif operation.kind == "U":
            self._names.pop(text, None)
        elif operation.kind == "R":
            old, new = text.split("\0")
            if old in self._names:
                self._names[new] = self._names.pop(old)
        elif isinstance(target, Inode):
            self._touch(operation, target)
        elif operation.kind == "S" and isinstance(target, str):
            elsewhere = {n: i for n, i in self._certain.items() if not _is_in(target, n)}
            self._certain = elsewhere | {n: i for n, i in self._names.items() if _is_in(target, n)}

    def _open(self, operation: Operation, path: str) -> None:
        if operation.offset == 0 and path not in self._names:
            self._handles[operation.handle] = path  # a folder
            return
        if operation.offset == 1:
            self._names[path] = Inode()
        inode = self._names[path]
        if operation.offset == 2:
            inode.pending.append((0, None))
        self._handles[operation.handle] = inode

    @staticmethod
    def _touch(operation: Operation, inode: Inode) -> None:
        if operation.kind == "W":
            inode.pending.append((operation.offset, operation.bytes))
        elif operation.kind == "T":
            inode.pending.append((operation.offset, None))
        elif operation.kind == "S":
            for change in inode.pending:
                _put(inode.flushed, change)
            inode.pending.clear()
        elif operation.kind == "X":
            inode.pending.clear()  # a flush that failed: the kernel forgets that these were to be written

    def image(self, target: Path, chance: random.Random | None) -> None:
        """Lay out what the disk may hold now: by chance, or (None) only what is certain."""
        names = self._certain if chance is None or chance.random() < 0.5 else self._names
        kept: dict[Inode, bytearray] = {}
        for name, inode in names.items():
            if inode not in kept:
                kept[inode] = bytearray(inode.flushed)
                for change in inode.pending if chance is not None else ():
                    for part in _surviving(change, chance):
                        _put(kept[inode], part)
            path = target / os.path.relpath(name, self._folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(kept[inode])


def _is_in(folder: str, path: str) -> bool:
    return str(Path(path).parent) == folder


def _surviving(change: tuple[int, bytes | None], chance: random.Random) -> Iterator[tuple[int, bytes | None]]:
    """What of a change the disk has: all, nothing, or some of its sectors."""
    offset, content = change
    draw = chance.random()
    if draw < 0.4:
        yield change
    elif draw > 0.7 and content is not None:
        first = SECTOR - offset % SECTOR
        cuts = [0, *range(first, len(content), SECTOR), len(content)]
        for start, end in pairwise(cuts):
            if chance.random() < 0.5:
                yield offset + start, content[start:end]


def _put(file: bytearray, change: tuple[int, bytes | None]) -> None:
    offset, content = change
    if content is None:
        del file[offset:]
        file.extend(bytes(offset - len(file)) if offset > len(file) else b"")
        return
    if offset > len(file):
        file.extend(bytes(offset - len(file)))
    file[offset : offset + len(content)] = content
