"""The same of the memory tracker: what it says is pure data, so only the recorder can be at fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given

from tests.sync.shaken import Pull, lives
from tests.sync.shaken_life import Shelf, live, often
from tests.sync.shaken_memory import MemoryShaken


@pytest.fixture(scope="module")
def shelf(sqlite_store_url: Callable[[], str]) -> Iterator[Shelf]:
    made = Shelf(sqlite_store_url(), sqlite_store_url(), sqlite_store_url())
    yield made
    made.close()


@often(0.64)
@given(life=lives)
def test_a_shaken_memory_is_read_as_a_clean_one(life: list[Pull], shelf: Shelf) -> None:
    live(MemoryShaken, life, shelf)
