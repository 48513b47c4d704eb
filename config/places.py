"""Countries and regions whose public holidays are known."""

from __future__ import annotations

from typing import Any

__all__ = ["countries", "regions_of"]


def countries() -> tuple[str, ...]:
    """ISO 3166 codes of the countries, two letters each."""
    from holidays import list_supported_countries

    return tuple(code for code in list_supported_countries(include_aliases=False) if len(code) == 2)


def regions_of(country: str) -> tuple[str, ...] | None:
    """The regions of a country that have holidays of their own; None if the country is not known."""
    if len(country) != 2 or not country.isalpha() or not country.isupper():
        return None
    from holidays import country_holidays

    try:
        known: Any = country_holidays(country)
    except NotImplementedError:
        return None
    return (*known.subdivisions, *known.subdivisions_aliases)
