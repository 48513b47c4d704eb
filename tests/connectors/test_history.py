"""Before and after of each change, found by walking back from the present."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connectors.history import NOTHING, Step, walk_back

WORDS = st.frozensets(st.sampled_from("abcdef"), max_size=6)


@given(start=WORDS, targets=st.lists(WORDS, max_size=8))
def test_a_recorded_life_is_found_again_from_its_end(
    start: frozenset[str], targets: list[frozenset[str]]
) -> None:
    life = [start, *targets]
    pairs = list(pairwise(life))
    steps = [Step(after - before, before - after) for before, after in pairs]
    assert walk_back(life[-1], steps) == pairs


def test_no_changes_leave_nothing_to_tell() -> None:
    assert walk_back(frozenset("ab"), []) == []


def test_a_gap_in_the_record_is_bridged_where_the_steps_speak() -> None:
    lost_removal = [Step(added=frozenset("a")), Step(added=frozenset("b"))]
    assert walk_back(NOTHING, lost_removal) == [
        (NOTHING, frozenset("a")),
        (NOTHING, frozenset("b")),
    ]
