"""The steps that an apply tells, as typed values: for a command to print and a daemon to count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from model.outbox import State
from sync.changeset import Write

__all__ = ["Begun", "Differs", "Ended", "Halted", "Step", "Written"]


@dataclass(frozen=True, slots=True)
class Differs:
    """What is to be applied is not what is computed now: nothing was done; `moved` says what differs."""

    project: str
    moved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """The run's intents are stored, nothing was sent yet; `settled` counts fields agreed without a write."""

    project: str
    run: int
    writes: int
    settled: int


@dataclass(frozen=True, slots=True)
class Written:
    """How far one write came. `run` is None for one that was not taken up; `next_try`: not before then.

    INTENDED: nothing was written yet, and it will be tried again. UNKNOWN: it was sent, and what became of it
    will be looked for. `reason` ends with the next step where somebody has to take one.
    """

    write: Write
    state: State
    run: int | None = None
    reason: str = ""
    next_try: datetime | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Halted:
    """A stop sign stood before the next write; `left` writes were not sent. `run` is None before any."""

    project: str
    run: int | None
    reason: str
    left: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over; `counts` says how many writes ended in each state."""

    project: str
    run: int
    counts: Mapping[State, int]


Step = Differs | Begun | Written | Halted | Ended
