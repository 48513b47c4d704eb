"""Room on the disk of a SQLite store: a reserve to give back when it is full, and when to stop before that.

A full disk refuses deletions too, since they are written to the log first. So some room is held by a file of
nothing, which goes when old rows must be deleted; and what can wait stops while there is still room for what
cannot be had again, such as deliveries.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["LOW", "Room"]

LOW = 64_000_000
"""Bytes: with less than this left, nothing is pulled any more."""

_RESERVE = 32_000_000


class Room:
    """The room beside one store; of a database server's disks nothing is known."""

    def __init__(self, store: Path | None, reserve: int = _RESERVE, low: int = LOW) -> None:
        self._low = low
        self._folder = store.parent if store else None
        self._file = store.with_name(f"{store.name}-reserve") if store else None
        self._size = reserve

    def left(self) -> int | None:
        """How many bytes may still be written, the reserve not counted; None: nobody knows."""
        if self._folder is None:
            return None
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize

    def is_low(self, more: int = 0) -> bool:
        """Whether it is time to stop what can wait, or would be once `more` bytes were written."""
        left = self.left()
        return left is not None and left - more < self._low

    def hold(self) -> bool:
        """Set the reserve aside, where that leaves enough; whether it is there."""
        if self._file is None:
            return False
        if self._file.exists() and self._file.stat().st_size == self._size:
            return True
        if self.is_low(self._size):
            return False
        with suppress(OSError), self._file.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self._size)
            return True
        self.give_back()
        return False

    def give_back(self) -> None:
        """Let the reserve go, so that old rows can be deleted."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
