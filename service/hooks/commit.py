"""Group commit: everything that came while one commit was under way goes into the next, all at once.

A flush to the disk takes as long for one row as for fifty, so nobody waits for more than two of them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model.inbox import Arrival, Delivery

__all__ = ["Append", "Committer", "Full"]

Append = Callable[[Sequence[Delivery]], Sequence[Arrival]]
"""Stores several deliveries in one transaction and says in their order what each was; StoreError: none is."""


_MOST_AT_ONCE = 256
_MANY = 4
_LINGER = 0.008
"""Seconds that a group waits for more where the one before was of several: a commit costs as much as forty
deliveries do, and no sender minds."""


class Full(Exception):
    """More deliveries wait than may; the sender is to come again."""


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Arrival]


class Committer:
    """A thread that stores what is handed in from event loops. `room` is how many may wait."""

    def __init__(self, append: Append, room: int = 2000, told: Callable[[], None] = lambda: None) -> None:
        self._append = append
        self._room = room
        self._told = told
        self._waiting: list[_Waiting] = []
        self._some = threading.Condition()
        self._ends = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="hooks-commit", daemon=True)
        self._thread.start()

    async def store(self, delivery: Delivery) -> Arrival:
        """Wait until the delivery is durable. Full, StoreError: it is not stored."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(delivery, loop, loop.create_future())
        with self._some:
            if self._ends or len(self._waiting) >= self._room:
                raise Full
            self._waiting.append(waiting)
            if len(self._waiting) == 1:
                self._some.notify()
        return await waiting.answer

    def close(self) -> None:
        """Store what waits, then end."""
        with self._some:
            self._ends = True
            self._some.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            try:
                told: Sequence[Arrival] | Exception = self._append([one.delivery for one in batch])
            except Exception as error:
                told = error
            by_loop: dict[asyncio.AbstractEventLoop, list[int]] = {}
            for number, one in enumerate(batch):
                by_loop.setdefault(one.loop, []).append(number)
            for loop, numbers in by_loop.items():
                loop.call_soon_threadsafe(_answer, batch, numbers, told)
            if not isinstance(told, Exception):
                self._told()

    def _next(self) -> list[_Waiting]:
        with self._some:
            while not self._waiting and not self._ends:
                self._some.wait()
        if self._busy and not self._ends:
            time.sleep(_LINGER)
        with self._some:
            batch = self._waiting[:_MOST_AT_ONCE]
            del self._waiting[:_MOST_AT_ONCE]
            self._busy = len(batch) >= _MANY
            return batch


def _answer(batch: list[_Waiting], numbers: list[int], told: Sequence[Arrival] | Exception) -> None:
    for number in numbers:
        future = batch[number].answer
        if future.done():
            continue  # the sender did not wait; the delivery is stored all the same
        if isinstance(told, Exception):
            future.set_exception(told)
        else:
            future.set_result(told[number])
