"""What one cell says: dates, instants, numbers, lists; each refuses what it cannot read for certain. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

__all__ = ["Unreadable", "amount", "currency", "day", "instant", "number", "percent", "several"]

_NOON = time(12)
_YEARS = range(1970, 2200)
_LONGEST_NUMBER = 30
_MOST = Decimal(10) ** 14
_MONEY = Decimal("0.0001")
_MARKS = {".": (r"[, '’\u00a0\u202f]", "."), ",": (r"[. '’\u00a0\u202f]", ",")}


class Unreadable(ValueError):
    """The cell is not what its column holds; the text says what is expected there."""


def day(text: str, order: str) -> date:
    """A calendar day in the source's order of parts, or in ISO's."""
    for form in (order, "YYYY-MM-DD"):
        try:
            found = datetime.strptime(text, _pattern(form)).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        if found.year in _YEARS:
            return found
    raise Unreadable(f"a date as {order}, such as {_written(order)}")


def instant(text: str, order: str, zone: str) -> datetime:
    """An ISO date and time, or a day. Without an offset it is meant in `zone`.

    A day alone means noon there, so that reports in a neighbouring zone show the same day.
    """
    try:
        found = datetime.fromisoformat(text) if re.search(r"\d[T ]\d", text) else None
    except ValueError:
        found = None
    if found is None:
        try:
            found = datetime.combine(day(text, order), _NOON)
        except Unreadable as refusal:
            raise Unreadable(f"{refusal}, or a time such as 2026-03-31T14:30") from None
    if found.year not in _YEARS:
        raise Unreadable("a year between 1970 and 2199")
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(zone))
    return found.astimezone(UTC)


def number(text: str, mark: str) -> Decimal:
    """A plain number with this decimal mark; groups of thousands may be parted."""
    group, point = _MARKS[mark]
    plain = rf"[+-]?(\d+|\d{{1,3}}({group}\d{{3}})+)({re.escape(point)}\d+)?"
    if len(text) > _LONGEST_NUMBER or re.fullmatch(plain, text, re.ASCII) is None:
        raise Unreadable(f"a number such as 1234{mark}5")
    return Decimal(re.sub(group, "", text).replace(point, "."))


def amount(text: str, mark: str) -> Decimal:
    """An amount of money: at most four places, and not more than a budget can hold."""
    found = number(text, mark)
    if abs(found) >= _MOST or found != found.quantize(_MONEY):
        raise Unreadable(f"an amount such as 1234{mark}50 with at most four places")
    return found


def percent(text: str) -> int:
    found = text.removesuffix("%").strip()
    if not found.isascii() or not found.isdigit() or len(found) > 3 or int(found) > 100:
        raise Unreadable("a whole number from 0 to 100")
    return int(found)


def currency(text: str) -> str:
    code = text.upper()
    if re.fullmatch(r"[A-Z]{3}", code) is None:
        raise Unreadable("a currency code of ISO 4217, such as EUR")
    return code


def several(text: str, separator: str) -> frozenset[str]:
    """The values in one cell, without the empty ones."""
    return frozenset(part for part in (part.strip() for part in text.split(separator)) if part)


def _pattern(order: str) -> str:
    return order.replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d")


def _written(order: str) -> str:
    return order.replace("YYYY", "2026").replace("MM", "03").replace("DD", "31")
