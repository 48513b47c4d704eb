"""How numbers, dates and spans of time are said: rounded for reading, in the reader's locale."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from model.values import StatusCategory

if TYPE_CHECKING:
    from babel import Locale

__all__ = ["STATUS_WORDS", "Voice"]

STATUS_WORDS: Mapping[StatusCategory, str] = {
    StatusCategory.TODO: "to do",
    StatusCategory.DOING: "in progress",
    StatusCategory.DONE: "done",
    StatusCategory.CANCELLED: "cancelled",
    StatusCategory.UNKNOWN: "unknown",
}

_SOON = timedelta(days=14)
_TIMES = {1: "once", 2: "twice"}


class Voice:
    """Says values as of one day in one zone; Babel is loaded with the first value."""

    def __init__(self, language: str, today: date, zone: tzinfo) -> None:
        """`language` is a BCP 47 tag such as "en-GB"; one that nobody knows reads like "en-GB"."""
        self._language = language
        self.today = today
        self._zone = zone
        self._said: dict[tuple[date, str], str] = {}

    def short_date(self, day: date) -> str:
        """ "24 Jun", with the year when it is not the current one."""
        return self._skeleton(day, "MMMd" if day.year == self.today.year else "yMMMd")

    def long_date(self, day: date) -> str:
        """ "3 March", with the year when it is not the current one."""
        return self._skeleton(day, "MMMMd" if day.year == self.today.year else "yMMMMd")

    def deadline(self, day: date) -> str:
        """The date, with its weekday when it lies within fourteen days."""
        if day.year == self.today.year and abs(day - self.today) <= _SOON:
            return self._skeleton(day, "MMMEd")
        return self.short_date(day)

    def day(self, instant: datetime) -> str:
        """The date of an instant in the reader's zone."""
        return self.short_date(instant.astimezone(self._zone).date())

    def number(self, value: Decimal | int) -> str:
        """A number with at most two decimals and the locale's separators."""
        from babel.numbers import format_decimal

        return format_decimal(value, "#,##0.##", locale=self._locale)

    def signed(self, value: Decimal | int) -> str:
        """A number with its sign, for tables that say the direction in their heading."""
        return f"+{self.number(value)}" if value > 0 else self.number(value)

    def percent(self, ratio: float, signed: bool = False) -> str:
        """Whole percent from ten on, one decimal below; 0.085 is "8.5 %"."""
        from babel.numbers import format_decimal

        hundredths = Decimal(str(ratio)) * 100
        pattern = "#,##0" if abs(hundredths) >= 10 else "#,##0.#"
        said = format_decimal(hundredths, pattern, locale=self._locale)
        return f"{'+' if signed and hundredths > 0 else ''}{said} %"

    def amount(self, value: Decimal | int, unit: str) -> str:
        """ "1 point", "2.5 days": the number with its unit, singular for one."""
        return f"{self.number(value)} {unit[:-1] if value == 1 and unit.endswith('s') else unit}"

    def money(self, amount: Decimal, currency: str) -> str:
        """ "£506,000": to three significant figures, for sentences; tables say `cents`."""
        from babel.numbers import format_currency, get_currency_symbol

        last = max(-2, amount.adjusted() - 2) if amount else 0
        rounded = round(amount, -last)
        pattern = self._locale.currency_formats["standard"].pattern
        if rounded == rounded.to_integral_value():
            pattern = pattern.replace("0.00", "0")
        if get_currency_symbol(currency, locale=self._locale)[-1:].isalpha():
            pattern = pattern.replace("¤#", "¤\N{NO-BREAK SPACE}#")
        return format_currency(rounded, currency, pattern, locale=self._locale, currency_digits=False)

    def cents(self, amount: Decimal) -> str:
        """ "505,912.37": an amount of money as tables say it, under a heading that names the currency."""
        from babel.numbers import format_decimal

        return format_decimal(amount, "#,##0.00", locale=self._locale)

    def hours(self, seconds: int) -> str:
        """ "1,234 h", "2.5 h"."""
        return f"{self.number(Decimal(seconds) / 3600)} h"

    def month(self, first: date) -> str:
        """ "Mar 2026"."""
        return self._skeleton(first, "yMMM")

    def working_days(self, days: int) -> str:
        """How many working days, without a sign: the word beside it says the direction."""
        return self.amount(abs(days), "working days")

    def times(self, count: int) -> str:
        return _TIMES.get(count, f"{count} times")

    def span(self, length: timedelta) -> str:
        """ "6 min", "3 h 10 min", "4 days"."""
        minutes = int(length.total_seconds() // 60)
        if minutes < 60:
            return f"{minutes} min"
        if minutes < 48 * 60:
            hours, rest = divmod(minutes, 60)
            return f"{hours} h {rest} min" if rest else f"{hours} h"
        return f"{minutes // (24 * 60)} days"

    @cached_property
    def _locale(self) -> Locale:
        from babel import Locale, UnknownLocaleError

        try:
            return Locale.parse(self._language.replace("_", "-"), sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale("en", "GB")

    def _skeleton(self, day: date, skeleton: str) -> str:
        """The date in a locale's own order; a page says the same few dates a thousand times."""
        if (day, skeleton) not in self._said:
            from babel.dates import format_skeleton

            self._said[day, skeleton] = format_skeleton(skeleton, day, locale=self._locale)
        return self._said[day, skeleton]
