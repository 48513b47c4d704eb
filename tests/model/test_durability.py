"""What was promised survives power loss and failing flushes; rot is found. More: bench/durability"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.durability import power_loss, rot
from bench.power import shim


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What logs a process's writes and flushes."""
    made = shim(tmp_path_factory.mktemp("shim"))
    if made is None:
        pytest.skip("there is no C compiler (cc) to build the log-writer with")
    return made


def test_no_power_loss_takes_what_was_promised(library: Path) -> None:
    found = power_loss(library, commits=20, every=12, synchronous="full", seed=1)
    assert found.notes == []
    assert found.images > 80


def test_power_loss_while_a_backup_is_made_leaves_one_that_is_whole(library: Path) -> None:
    found = power_loss(library, commits=5, every=60, synchronous="full", seed=2, backups=True)
    assert found.notes == []
    assert found.images > 5


def test_the_same_rig_sees_weaker_flushes_lose_promises(library: Path) -> None:
    found = power_loss(library, commits=40, every=36, synchronous="normal", seed=1)
    assert found.losing > 0


def test_a_flush_that_fails_costs_nothing_that_was_promised(library: Path) -> None:
    found = power_loss(library, commits=20, every=60, synchronous="full", seed=3, fail=14)
    assert found.notes == []


def test_every_flipped_bit_that_changes_a_protected_row_is_found() -> None:
    found = rot(flips=120, seed=3)
    assert found.changing > 10
    assert found.missed == []
    assert found.structural < found.found
