"""Cells are read for certain or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.file.cells import Unreadable, amount, currency, day, instant, number, percent, several

T = TypeVar("T")


def _or_refusal(parse: Callable[[str, str], T], text: str, how: str) -> T | Unreadable:
    try:
        return parse(text, how)
    except Unreadable as refusal:
        return refusal


ORDERS = ["YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "YYYY/MM/DD", "DD-MM-YYYY"]


@given(day_=st.dates(date(1970, 1, 1), date(2199, 12, 31)), order=st.sampled_from(ORDERS))
def test_every_day_is_read_back_in_every_order(day_: date, order: str):
    written = (
        order.replace("YYYY", f"{day_.year}")
        .replace("MM", f"{day_.month:02}")
        .replace("DD", f"{day_.day:02}")
    )
    assert day(written, order) == day(day_.isoformat(), order) == day_


@given(value=st.decimals(-(10**13), 10**13, places=4), mark=st.sampled_from([".", ","]))
def test_every_amount_is_read_back_with_either_mark(value: Decimal, mark: str):
    assert amount(f"{value:f}".replace(".", mark), mark) == value


@given(value=st.integers(-(10**12), 10**12), gap=st.sampled_from([",", "'", " ", "\u00a0", "\u202f"]))
def test_groups_of_thousands_change_nothing(value: int, gap: str):
    assert number(f"{value:,}".replace(",", gap), ".") == value


@given(text=st.text(max_size=40), mark=st.sampled_from([".", ","]))
def test_a_text_is_a_finite_number_or_is_refused(text: str, mark: str):
    found = _or_refusal(number, text, mark)
    assert isinstance(found, Unreadable) or found.is_finite()


@given(text=st.text(max_size=30))
def test_a_text_is_a_day_or_is_refused(text: str):
    found = _or_refusal(day, text, "DD/MM/YYYY")
    if isinstance(found, Unreadable):
        assert str(found) == "a date as DD/MM/YYYY, such as 31/03/2026"
    else:
        assert 1970 <= found.year < 2200


@pytest.mark.parametrize(
    "text", ["1,23", "12,3456", "1,2345", "1.2.3", "", "-", ".5", "5.", "٣", "1_000", "0x10"]
)
def test_a_number_that_could_mean_two_things_is_refused(text: str):
    with pytest.raises(Unreadable):
        number(text, ".")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-31T14:30", "UTC", datetime(2026, 3, 31, 14, 30, tzinfo=UTC)),
        ("2026-03-31 14:30:05", "America/New_York", datetime(2026, 3, 31, 18, 30, 5, tzinfo=UTC)),
        ("2026-03-31T14:30Z", "Asia/Tokyo", datetime(2026, 3, 31, 14, 30, tzinfo=UTC)),
        ("2026-03-31T14:30:00.000-0800", "UTC", datetime(2026, 3, 31, 22, 30, tzinfo=UTC)),
        ("31/03/2026", "Asia/Tokyo", datetime(2026, 3, 31, 3, tzinfo=UTC)),
    ],
)
def test_an_instant_without_an_offset_is_meant_in_the_sources_zone(text: str, zone: str, expected: datetime):
    assert instant(text, "DD/MM/YYYY", zone) == expected


def test_small_cells():
    assert [percent(text) for text in ("0", "40%", "100 %")] == [0, 40, 100]
    assert currency("gbp") == "GBP"
    assert several(" a; b ;;a", ";") == {"a", "b"}
