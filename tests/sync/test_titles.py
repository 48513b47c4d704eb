"""Titles with another side's key in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.titles import bare, dressed

KEYS = ("ERP-2", "ERP-21", "acme/pay#7")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("ERP-21 Train the trainers", "Train the trainers"),
        ("[ERP-21] Train the trainers", "Train the trainers"),
        ("ERP-21: Train the  trainers", "Train the trainers"),
        ("Train the trainers (acme/pay#7)", "Train the trainers"),
        ("ERP-212 is another issue", "ERP-212 is another issue"),
        ("Replace ERP-2 by hand", "Replace ERP-2 by hand"),
        ("ERP-21", "ERP-21"),
    ],
)
def test_a_key_around_a_title_is_no_part_of_the_name(title: str, name: str) -> None:
    assert bare(title, KEYS) == name


def test_what_stands_around_the_name_stays() -> None:
    assert dressed("[ERP-21] Train the trainers (acme/pay#7)", KEYS, "Teach") == "[ERP-21] Teach (acme/pay#7)"
    assert dressed("Train the trainers", KEYS, "Teach") == "Teach"


@given(st.text(max_size=60))
def test_a_title_in_its_own_dress_is_itself(title: str) -> None:
    line = " ".join(title.split())
    assert dressed(title, KEYS, bare(title, KEYS)) == line
