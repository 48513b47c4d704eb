"""The roll of known issues: small, whole after storage, and the same whatever the order it was made in."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.github.roll import Numbers, Roll

ids = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="_="), min_size=1)
marks = st.one_of(st.just(""), st.integers(1, 2**32 - 1).map(lambda n: f"{n:08x}"))
known = st.dictionaries(st.integers(0, 10_000), st.tuples(ids, marks), max_size=40)


def shown(roll: Roll) -> dict[int, tuple[str, str]]:
    return {number: (roll.id(number), roll.mark(number)) for number in roll}


@given(known, known, st.sets(st.integers(0, 10_000)))
@settings(max_examples=60, deadline=None)
def test_a_roll_tells_what_it_was_told_also_after_storage(
    first: dict[int, tuple[str, str]], second: dict[int, tuple[str, str]], dropped: set[int]
) -> None:
    roll = Roll(first)
    roll.update(second)
    for number in dropped:
        roll.drop(number)
    expected = {number: told for number, told in (first | second).items() if number not in dropped}
    assert shown(roll) == expected
    assert list(roll) == sorted(expected)
    assert len(roll) == len(expected)
    assert shown(Roll.read(roll.write())) == expected
    assert dict(roll.marked()) == {number: mark for number, (_, mark) in expected.items() if mark}


@pytest.mark.parametrize("text", ["", "nonsense", "{}", "é"])
def test_a_text_of_another_version_knows_nothing(text: str) -> None:
    assert len(Roll.read(text)) == 0


def test_what_nobody_knows_has_no_id_and_no_mark() -> None:
    roll = Roll({7: ("I_7", "0000002a")})
    assert (roll.id(8), roll.mark(8), 8 in roll) == ("", "", False)
    roll.drop(8)
    assert (roll.id(7), roll.mark(7), len(roll)) == ("I_7", "0000002a", 1)


def test_a_hundred_thousand_issues_fit_into_four_megabytes() -> None:
    tracemalloc.start()
    try:
        roll = Roll()
        for number in range(1, 100_001):
            roll.put(number, f"I_kwDOABCDE84{number:08x}", f"{number * 40_000 % 2**32:08x}")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(roll) == 100_000
    assert held < 4 * 2**20


def test_numbers_are_held_by_a_bit_and_absurd_ones_not_at_all() -> None:
    held = Numbers()
    for number in (0, 1, 8, 4095, -1, 10**17):
        held.add(number)
    assert [number for number in range(5000) if number in held] == [0, 1, 8, 4095]
    assert -1 not in held
    assert 10**17 not in held
