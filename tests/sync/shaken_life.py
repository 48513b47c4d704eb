"""A shaken life from end to end: two stores, all that goes wrong, quiet at last, and the comparison."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from model.store import Store, open_store
from tests.sync.shaken import (
    EndState,
    Pull,
    Shaken,
    assert_equal_end,
    end_state,
    quiet_pull,
    shake,
    standing,
)

__all__ = ["Shelf", "Shop", "live", "often"]

Shop = Callable[[], Shaken]
"""Gives a new tracker for each example, behind the same address: to listen anew costs more than a pull."""

_QUIET = 4
"""Most quiet pulls until everything is found out: a deletion takes two censuses, days apart."""


def often(share: float) -> settings:
    """A share of 500 examples, the same under CI; `--hypothesis-profile=thorough` makes 33 times as many."""
    return settings(
        derandomize=bool(os.environ.get("CI")),
        max_examples=round(settings.default.max_examples * share * 500 / 30),
        deadline=None,
        suppress_health_check=(HealthCheck.too_slow,),
    )


class Shelf:
    """Two stores, emptied for each example: a new engine would compile every statement anew."""

    def __init__(self, empty: str, lived: str, clean: str) -> None:
        self._empty = _file(empty)
        self._urls = (lived, clean)
        self.lived, self.clean = open_store(lived), open_store(clean)

    def clear(self) -> tuple[Store, Store]:
        for store, url in ((self.lived, self._urls[0]), (self.clean, self._urls[1])):
            store.close()
            with closing(sqlite3.connect(self._empty)) as empty, closing(sqlite3.connect(_file(url))) as full:
                empty.backup(full)
        return self.lived, self.clean

    def close(self) -> None:
        self.lived.close()
        self.clean.close()


def _file(url: str) -> Path:
    return Path(str(make_url(url).database))


def live(shop: Shop, life: list[Pull], shelf: Shelf) -> None:
    """Pull through it all, each time with new connections to the store; then settle and compare."""
    tracker = shop()
    store, clean = shelf.clear()
    for pull in life:
        shake(store, tracker, pull)
        store.close()
    quiet_pull(clean, tracker)
    new = end_state(clean, tracker.source.key)
    old = _settled(store, tracker, set(new.issues))
    assert_equal_end(old, new, tracker, tracker.connect().capabilities.deletions)


def _settled(store: Store, tracker: Shaken, there: set[str]) -> EndState:
    for _ in range(_QUIET):
        quiet_pull(store, tracker)
        state = end_state(store, tracker.source.key)
        if standing(state) == there:
            break
    return state
