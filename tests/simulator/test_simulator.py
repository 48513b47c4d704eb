"""Lives of two-way sync, each from one seed: nothing is lost, doubled, trampled or left apart unsaid."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.simulator.life import Shelf, live
from tests.simulator.mutants import MUTANTS
from tests.simulator.script import write_script
from tests.simulator.shrink import shrink

SECONDS = 20
"""CPU seconds for lives in one test run; `make simulate N=…` lives as many as wanted."""

AT_LEAST = 40


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    opened = Shelf()
    yield opened
    opened.close()


def test_every_life_ends_in_agreement_with_nothing_lost(shelf: Shelf) -> None:
    failed, lived, began = [], 0, time.process_time()
    while lived < AT_LEAST or time.process_time() - began < SECONDS:
        lived += 1
        failed += [(lived, fault) for fault in live(write_script(lived), shelf).faults[:1]]
    assert failed == [], "python -m tests.simulator --seed SEED tells its shortest story"


def test_the_same_seed_is_the_same_life(shelf: Shelf) -> None:
    for seed in (5, 16, 27):
        one, again = live(write_script(seed), shelf), live(write_script(seed), shelf)
        assert one.story == again.story
        assert one.digest == again.digest


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_law_is_noticed(name: str, shelf: Shelf) -> None:
    mutant = MUTANTS[name]
    script = write_script(mutant.seed)
    assert live(script, shelf).faults == []
    assert live(script, shelf, mutant.parts).faults != []


def test_a_failing_life_is_told_by_its_shortest_story(shelf: Shelf) -> None:
    mutant = MUTANTS["what is not shown counts as deleted"]
    script = write_script(mutant.seed)
    short = shrink(script, lambda tried: bool(live(tried, shelf, mutant.parts).faults))
    assert len(short.steps) < len(script.steps) / 2
    assert live(short, shelf, mutant.parts).faults
