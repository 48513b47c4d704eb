"""The world after its half year, played once for all tests that only look at it."""

from __future__ import annotations

import pytest

from sandbox.world.world import World
from tests.ledger import LedgerReader


@pytest.fixture(scope="session")
def lived() -> World:
    world = World(7)
    world.advance(world.end)
    return world


@pytest.fixture(scope="session")
def ledger(lived: World) -> LedgerReader:
    return LedgerReader(lived.ledger.lines)
