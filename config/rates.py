"""What the config says about money per hour and about exchange rates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from config.problems import Unfit
from config.scalars import Frozen, LocalPath

__all__ = ["CURRENCY", "DatedRate", "ExchangeRate", "Rates"]

CURRENCY = "^[A-Z]{3}$"
Rate = Annotated[Decimal, Field(ge=0)]


class DatedRate(Frozen):
    """An hourly rate from a day on, of a person, of a role, or of everybody else.

    The person's latest one wins, then the person's rate without a date, then the same of their role, then of
    everybody.
    """

    valid_from: date = Field(alias="from", description="First day of validity.")
    rate: Decimal = Field(ge=0, description="Per hour.")
    person: str | None = Field(None, description="A key of [people].")
    role: str | None = Field(None, description="A role.")
    currency: str | None = Field(
        None, pattern=CURRENCY, description="ISO 4217 code; default: that of [rates].", examples=["USD"]
    )

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if self.person is not None and self.role is not None:
            raise Unfit('person = "…" or role = "…", not both')
        return self


class ExchangeRate(Frozen):
    source: str = Field(alias="from", pattern=CURRENCY, description="ISO 4217 code.", examples=["GBP"])
    to: str = Field(pattern=CURRENCY, description="ISO 4217 code.", examples=["GBP"])
    on: date = Field(description="The rate's date.")
    rate: Decimal = Field(gt=0, description="Units of `to` for one unit of `from`.")

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Rates(Frozen):
    currency: str = Field(
        "EUR", pattern=CURRENCY, description="ISO 4217 code of the rates.", examples=["GBP"]
    )
    default: Decimal | None = Field(None, ge=0, description="Rate per hour where nothing else fits.")
    people: Mapping[str, Rate] = Field(default_factory=dict, description="Rate per hour by key of [people].")
    roles: Mapping[str, Rate] = Field(default_factory=dict, description="Rate per hour by role.")
    dated: tuple[DatedRate, ...] = Field((), description="Rates with a first day of validity.")
    file: LocalPath | None = Field(
        None,
        description="CSV file of further dated rates: the columns from and rate, and person, role or "
        "currency where they say more.",
    )
    exchange: tuple[ExchangeRate, ...] = Field(
        (), description="Dated exchange rates; each holds from its day on, and for the way back too."
    )
    exchange_file: LocalPath | None = Field(
        None, description="CSV file of further exchange rates, with the columns date, from, to and rate."
    )
