"""Read one page ahead: the next page is fetched in a thread of its own while this one is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

__all__ = ["read_ahead"]

T = TypeVar("T")


def read_ahead(source: Iterator[T]) -> Iterator[T]:
    """The items of `source` in order, each asked for as soon as the one before was handed out.

    Only the thread made here touches `source`. What it raises is raised here, after what came before it. When
    this generator is closed, the item at hand is waited for and dropped.
    """
    made: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
    wanted, abandoned = Semaphore(1), Event()
    thread = Thread(target=_make, args=(source, made, wanted, abandoned), name="read ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            wanted.release()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        abandoned.set()
        wanted.release()
        thread.join()


def _make(
    source: Iterator[T],
    made: SimpleQueue[tuple[T | None, BaseException | None]],
    wanted: Semaphore,
    abandoned: Event,
) -> None:
    """Make one item whenever one is wanted, until there are no more or nobody wants them."""
    while True:
        wanted.acquire()
        if abandoned.is_set():
            return
        try:
            made.put((next(source), None))
        except BaseException as error:
            made.put((None, error))
            return
