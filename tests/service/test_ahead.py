"""The next page is fetched while this one is recorded, and nothing else about a pull changes."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from connectors.errors import RetryLater
from service.ahead import read_ahead


def test_the_next_item_is_asked_for_while_this_one_is_used() -> None:
    asked_for_second = Event()

    def source() -> Iterator[int]:
        yield 1
        asked_for_second.set()
        yield 2

    items = read_ahead(source())
    assert next(items) == 1
    assert asked_for_second.wait(10)
    assert list(items) == [2]


def test_an_error_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield from (1, 2, 3)
        raise RetryLater("busy")

    items = read_ahead(source())
    assert [next(items) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(RetryLater, match="busy"):
        next(items)


def test_no_more_than_one_item_waits() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    items = read_ahead(source())
    assert isinstance(items, Iterator)
    next(items)
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert made in ([0, 1], [0, 1, 2])  # two were handed out; one more may have been made meanwhile


def test_what_is_abandoned_ends_its_source() -> None:
    ended = Event()

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            ended.set()

    walk = source()
    items = read_ahead(walk)
    next(items)
    items.close()  # type: ignore[attr-defined]
    del walk, items
    assert ended.wait(10)
