"""What an hour of somebody's work costs on a day, and what money of one currency is worth in another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

from config.settings import DatedRate, ExchangeRate, Rates

__all__ = ["Exchange", "Exchanged", "Rate", "RateCard", "exact"]

_FINEST = Decimal("1E-10")
_CENTS = Decimal("0.01")
_ROOMY = Context(prec=60, rounding=ROUND_HALF_EVEN)
_HOUR = 3600


def exact(amount: Decimal) -> Decimal:
    """An amount to ten decimals, far below what anybody sees, so that its sums are the same in any order."""
    fine = amount.quantize(_FINEST, context=_ROOMY)
    whole = fine.quantize(_CENTS, context=_ROOMY)
    return whole if whole == fine else fine


@dataclass(frozen=True, slots=True)
class Rate:
    """`amount` per hour in `currency`; `rule` names the line of [rates] that it comes from."""

    amount: Decimal
    currency: str
    rule: str

    def of(self, seconds: int) -> Decimal:
        """What work of that length costs."""
        return exact(_ROOMY.divide(_ROOMY.multiply(self.amount, Decimal(seconds)), Decimal(_HOUR)))


class RateCard:
    """The configured rates: the most specific that is valid on a day wins."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._dated: dict[tuple[str | None, str | None], list[DatedRate]] = defaultdict(list)
        for dated in sorted(rates.dated, key=lambda dated: dated.valid_from):
            self._dated[dated.person, dated.role].append(dated)
        self.empty = not (rates.dated or rates.people or rates.roles or rates.default is not None)

    def rate(self, person: str | None, role: str | None, day: date) -> Rate | None:
        """The rate per hour of a person with a role on a day; None: no line of [rates] is about them.

        In order: the person's dated rates (the latest until that day), the person's undated one, the role's
        dated ones, its undated one, the dated ones of everybody, the default.
        """
        if person:
            found = self._latest(person, None, day) or self._plain(self._rates.people.get(person), "person")
            if found is not None:
                return found
        if role:
            found = self._latest(None, role, day) or self._plain(self._rates.roles.get(role), "role")
            if found is not None:
                return found
        return self._latest(None, None, day) or self._plain(self._rates.default, "default")

    def _latest(self, person: str | None, role: str | None, day: date) -> Rate | None:
        valid = [dated for dated in self._dated.get((person, role), ()) if dated.valid_from <= day]
        if not valid:
            return None
        whose = "person" if person else "role" if role else "everybody"
        last = valid[-1]
        return Rate(last.rate, last.currency or self._rates.currency, f"{whose} from {last.valid_from}")

    def _plain(self, amount: Decimal | None, rule: str) -> Rate | None:
        return None if amount is None else Rate(amount, self._rates.currency, rule)


@dataclass(frozen=True, slots=True)
class Exchanged:
    """An exchange rate in use: of which day it is, and whether it was given for the way back."""

    rate: Decimal
    on: date
    inverse: bool = False

    def apply(self, amount: Decimal) -> Decimal:
        """The amount in the other currency."""
        turned = _ROOMY.divide if self.inverse else _ROOMY.multiply
        return exact(turned(amount, self.rate))


class Exchange:
    """Converts into one currency by rates that were given for just that pair, in either direction."""

    def __init__(self, rates: Iterable[ExchangeRate], currency: str) -> None:
        self.currency = currency
        self._rates: dict[str, list[Exchanged]] = defaultdict(list)
        for given in rates:
            if given.to == currency != given.source:
                self._rates[given.source].append(Exchanged(given.rate, given.on))
            elif given.source == currency != given.to:
                self._rates[given.to].append(Exchanged(given.rate, given.on, inverse=True))
        for told in self._rates.values():
            told.sort(key=lambda rate: (rate.on, not rate.inverse))

    def rate(self, code: str, day: date) -> Exchanged | None:
        """The latest rate on or before a day; None: there is none. One given straight beats a way back."""
        if code == self.currency:
            return Exchanged(Decimal(1), day)
        valid = [rate for rate in self._rates.get(code, ()) if rate.on <= day]
        return valid[-1] if valid else None
