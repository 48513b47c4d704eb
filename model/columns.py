"""Column types that mean the same on SQLite and on PostgreSQL, and the ways a table declares columns.

SQLModel's defaults hand back naive datetimes and keep Numeric as a float on SQLite; PostgreSQL refuses
U+0000 in a text and SQLite refuses half a surrogate pair.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, Dialect, Index, Integer, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field

from model.text import clean

__all__ = [
    "Exact",
    "Identity",
    "Instant",
    "MoneyAmount",
    "SafeText",
    "TextList",
    "TextPairs",
    "TextSet",
    "holds",
    "one_current",
    "primary",
    "refers",
]

Identity = BigInteger().with_variant(Integer(), "sqlite")
"""A surrogate key: SQLite numbers rows by itself only where the type is spelt INTEGER."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACES = Decimal("0.0001")


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: integer microseconds since 1970 on SQLite, timestamptz on PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """ValueError: the datetime has no zone, so nobody knows which instant it means."""
        return None if value is None else _aware(value) if dialect.name == "postgresql" else _count(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """The same without a detour: bulk writing comes here for every cell."""
        convert = _aware if dialect.name == "postgresql" else _count
        return lambda value: None if value is None else convert(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no zone; give an aware datetime")
    return value.astimezone(UTC)


def _count(value: datetime) -> int:
    """Microseconds since 1970."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no zone; give an aware datetime")
    span = value - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


class MoneyAmount(TypeDecorator[Decimal]):
    """An amount of money to four places: an integer of 10^-4 on SQLite, numeric on PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(19, 4))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """ValueError: the amount has more than four places, and money is never rounded silently."""
        if value is None:
            return None
        if not value.is_finite() or value != value.quantize(_PLACES):
            raise ValueError(f"{value} cannot be kept exactly; give an amount with at most four places")
        return value if dialect.name == "postgresql" else int(value.scaleb(4))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return (value if isinstance(value, Decimal) else Decimal(value).scaleb(-4)).quantize(_PLACES)


class Exact(TypeDecorator[Decimal]):
    """A number of any precision, such as an estimate: its digits on SQLite, numeric on PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Numeric() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class SafeText(TypeDecorator[str]):
    """A text of any length and script, cleaned of what a store cannot hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """The same without a detour: bulk writing comes here for every cell."""
        return lambda value: None if value is None else clean(value)


def _packed(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


class TextSet(TypeDecorator[frozenset[str]]):
    """A set of texts as one sorted JSON list, so that equal sets are equal bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> str | None:
        return None if value is None else _packed(sorted(map(clean, value)))

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[str] | None:
        return None if value is None else frozenset(json.loads(value))


class TextList(TypeDecorator[tuple[str, ...]]):
    """Texts in an order that means something, as one JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else _packed([clean(text) for text in value])

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))


class TextPairs(TypeDecorator[tuple[tuple[str, str], ...]]):
    """Pairs of texts, such as a record's attributes, as one JSON list of lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[tuple[str, str], ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else _packed([(clean(name), clean(text)) for name, text in value])

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[tuple[str, str], ...] | None:
        return None if value is None else tuple((name, text) for name, text in json.loads(value))


def primary(kind: Any = Identity, to: str | None = None) -> Any:
    """A column of the primary key; `to` names what it refers to."""
    if to is None:
        return Field(default=None, sa_type=kind, primary_key=True)
    return Field(sa_type=kind, primary_key=True, foreign_key=to)


def refers(target: str, index: bool = False) -> Any:
    """A column that holds another row's number."""
    return Field(sa_type=Identity, foreign_key=target, index=index)


def holds(kind: Any) -> Any:
    """A plain column; whether it may be empty is the annotation's word."""
    return Field(sa_type=kind)


def one_current(name: str, *columns: str) -> Index:
    """At most one row of a versioned table is current for these columns; older ones have their `removed`.

    That the index holds the current rows only is laid down by the revision that makes it: to say so here, as
    an option of both dialects, would load PostgreSQL's with every start.
    """
    return Index(name, *columns, unique=True, info={"where": "removed IS NULL"})
