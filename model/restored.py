"""Telling a restored older copy of a store from the store itself, by the mark that is kept beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from model.engine import Database
from model.errors import StoreFull, StoreRestored
from model.leases import Leases
from model.mark import Mark, MarkFile
from model.ties import doubt_agreed

__all__ = ["ADMITTED", "HighWater"]

_MARK, _RESTORED = "mark", "restored"

ADMITTED = "admitted"
"""The flag of a store that once was an older copy: it may not know of issues that it had created."""

_LINEAGE = text(
    "SELECT system_identifier || '/' || timeline_id FROM pg_control_system(), pg_control_checkpoint()"
)


class HighWater:
    """How far writing to trackers has come, as the store says and as the file beside it says."""

    def __init__(self, database: Database, path: Path | None) -> None:
        """Without a path there is no file: then only `crosstie db restore` leaves a trace of a restore."""
        self._shown = database.where.shown
        self._postgres = database.dialect == "postgresql"
        self._file = MarkFile(path) if path else None

    def doubt(self, at: Connection) -> str | None:
        """Why the store may be an older copy of what it was; None: it is not.

        The file is read before the store, which may only be further on then: others go on writing.
        """
        kept = self._file.read() if self._file else None
        leases = Leases(at)
        if (told := leases.flag(_RESTORED)) is not None:
            return f"it was restored on {told.at:%Y-%m-%d %H:%M} UTC by {told.by}"
        stored = _count(leases)
        if self._file is None:
            return None
        if kept is None and stored:
            kept = self._file.read()  # somebody may have made it since
            if kept is None:
                return f"{self._file.path.name}, the mark beside it, is missing"
        if kept is None:
            return None
        if kept.count > stored:
            return f"it has come to step {stored}, and {self._file.path.name} says {kept.count}"
        if kept.lineage and kept.lineage != self._lineage(at):
            return "its database server was restored or replaced since it was last written to"
        return None

    def advance(self, at: Connection, now: datetime) -> Mark:
        """Count one more commit that belongs to writing. StoreRestored: nobody may write yet."""
        if (reason := self.doubt(at)) is not None:
            raise StoreRestored(
                f"{self._shown} seems to be an older copy of itself: {reason}. Nothing was written. Look at "
                "`crosstie changes`, then let it write again with `crosstie db admit`"
            )
        stored = _count(Leases(at))
        if not stored:
            self.keep(Mark(0, self._lineage(at)))  # from the first step on, a missing file means something
        return self._step(at, now, "crosstie", stored)

    def admit(self, at: Connection, now: datetime, by: str) -> Mark:
        """A person lets a restored store write again; what it holds as agreed is unproven from now on."""
        kept = self._file.read() if self._file else None
        doubt_agreed(at)
        Leases(at).clear(_RESTORED)
        Leases(at).set(ADMITTED, "yes", by, now)
        return self._step(at, now, by, max(_count(Leases(at)), kept.count if kept else 0))

    def announce(self, at: Connection, now: datetime, by: str) -> None:
        """Note in a store just restored that it is an older copy of what was."""
        Leases(at).set(_RESTORED, "yes", by, now)

    def keep(self, mark: Mark) -> None:
        """Put the mark of a commit beside the store. StoreFull: the disk does not take it."""
        if self._file is None:
            return
        try:
            self._file.keep(mark)
        except OSError as error:
            raise StoreFull(
                f"{self._file.path} cannot be written: {error.strerror}. "
                "Free some space or correct the folder's permissions, then run the command again"
            ) from error

    def _step(self, at: Connection, now: datetime, by: str, count: int) -> Mark:
        Leases(at).set(_MARK, str(count + 1), by, now)
        return Mark(count + 1, self._lineage(at))

    def _lineage(self, at: Connection) -> str:
        return str(at.execute(_LINEAGE).scalar_one()) if self._postgres else ""


def _count(leases: Leases) -> int:
    flag = leases.flag(_MARK)
    return int(flag.value) if flag else 0
