"""Read one page ahead: the next page is fetched in a thread of its own while this one is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

__all__ = ["read_ahead"]

T = TypeVar("T")

_PATIENCE = 0.1


def read_ahead(source: Iterator[T]) -> Iterator[T]:
    """The items of `source` in order, each asked for while the one before is being used.

    Only the thread made here touches `source`. What it raises is raised here, after what came before it. When
    this generator is closed, the item at hand is waited for and dropped.
    """
    shelf: Queue[tuple[T | None, BaseException | None]] = Queue(1)
    abandoned = Event()
    thread = Thread(target=_fill, args=(source, shelf, abandoned), name="read ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error = shelf.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        abandoned.set()
        thread.join()


def _fill(source: Iterator[T], shelf: Queue[tuple[T | None, BaseException | None]], abandoned: Event) -> None:
    while not abandoned.is_set():
        try:
            said: tuple[T | None, BaseException | None] = next(source), None
        except BaseException as error:
            said = None, error
        while not abandoned.is_set():
            try:
                shelf.put(said, timeout=_PATIENCE)
                break
            except Full:
                continue
        if said[1] is not None:
            return
