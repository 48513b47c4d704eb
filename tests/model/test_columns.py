"""Column types: what goes in comes out, the same on both kinds of store, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError

from model.columns import Exact, Instant, MoneyAmount, SafeText, TextList, TextPairs, TextSet
from model.store import Store
from model.text import clean

TRIED = Table(
    "tried",
    MetaData(),
    Column("pk", Integer, primary_key=True),
    Column("instant", Instant),
    Column("money", MoneyAmount),
    Column("number", Exact),
    Column("words", SafeText),
    Column("word_set", TextSet),
    Column("word_list", TextList),
    Column("pairs", TextPairs),
)
ROUNDS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    ["\0", "\ud800", "\udfff\0x", "🚆", "שלום"]
)


@pytest.fixture
def tried(store: Store) -> Iterator[Store]:
    with store.database.writing() as connection:
        TRIED.create(connection)
    yield store
    with store.database.writing() as connection:
        TRIED.drop(connection)


def through(store: Store, column: str, value: Any) -> Any:
    """The value after a way into the store and back."""
    with store.database.writing() as connection:
        pk = connection.execute(insert(TRIED).values({column: value}).returning(TRIED.c.pk)).scalar_one()
        return connection.execute(select(TRIED.c[column]).where(TRIED.c.pk == pk)).scalar_one()


@ROUNDS
@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_survives_in_any_zone(tried: Store, instant: datetime, offset: int) -> None:
    local = instant.astimezone(timezone(timedelta(minutes=offset)))
    found = through(tried, "instant", local)
    assert found == instant
    assert found.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_refused(tried: Store) -> None:
    with pytest.raises(StatementError, match="has no zone"):
        through(tried, "instant", datetime(2026, 1, 1))  # noqa: DTZ001


@ROUNDS
@given(st.decimals(min_value=-(10**13), max_value=10**13, places=4))
def test_money_survives_to_four_places(tried: Store, amount: Decimal) -> None:
    assert through(tried, "money", amount) == amount


@pytest.mark.parametrize("amount", [Decimal("0.00001"), Decimal("NaN"), Decimal("Infinity")])
def test_money_that_cannot_be_kept_exactly_is_refused(tried: Store, amount: Decimal) -> None:
    with pytest.raises(StatementError, match="at most four places"):
        through(tried, "money", amount)


@ROUNDS
@given(st.decimals(min_value=-(10**14), max_value=10**14, places=12))
def test_a_number_survives_to_the_last_digit(tried: Store, number: Decimal) -> None:
    assert through(tried, "number", number) == number


@ROUNDS
@given(texts)
def test_a_text_survives_but_for_what_no_store_can_hold(tried: Store, words: str) -> None:
    assert through(tried, "words", words) == clean(words)


@ROUNDS
@given(st.lists(texts, max_size=4))
def test_collections_of_texts_survive(tried: Store, words: list[str]) -> None:
    cleaned = [clean(word) for word in words]
    assert through(tried, "word_list", tuple(words)) == tuple(cleaned)
    assert through(tried, "word_set", frozenset(words)) == frozenset(cleaned)
    assert through(tried, "pairs", tuple((w, w) for w in words)) == tuple((w, w) for w in cleaned)


def test_nothing_stays_nothing(tried: Store) -> None:
    for column in TRIED.columns:
        if column.name != "pk":
            assert through(tried, column.name, None) is None


@given(texts)
def test_a_cleaned_text_can_be_stored_and_is_cleaned_once(words: str) -> None:
    found = clean(words)
    assert "\0" not in found
    assert found.encode("utf-8").decode("utf-8") == found
    assert clean(found) == found
    assert len(found) == len(words)
