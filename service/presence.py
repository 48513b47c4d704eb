"""That a daemon lives: a lock beside its store, which ends with its process however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

__all__ = ["Presence"]


class Presence:
    """The lock of the one daemon that has it; a store on a server (None) has no place for it."""

    def __init__(self, store: Path | None) -> None:
        self._file = store.with_name(f"{store.name}-serving") if store else None
        self._handle: int | None = None

    def alone(self) -> bool:
        """Have the lock, or try to get it: no other daemon of this machine works on the store then."""
        if self._file is None:
            return False
        if self._handle is None:
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                return False
            self._handle = handle
        return True

    def end(self) -> None:
        """Give the lock back; the file stays, since another may be waiting for it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
