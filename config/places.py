"""Countries and regions whose public holidays are known."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["countries", "holidays_of", "regions_of"]


def countries() -> tuple[str, ...]:
    """ISO 3166 codes of the countries, two letters each."""
    return tuple(_kinds())


def regions_of(country: str) -> tuple[str, ...] | None:
    """The regions of a country that have holidays of their own; None if the country is not known."""
    known = holidays_of(country)
    return None if known is None else (*known.subdivisions, *known.subdivisions_aliases)


@cache
def holidays_of(country: str) -> Any | None:
    """The `holidays` class of a country, by its ISO 3166 code of two letters; None if it is not known.

    The library's package of countries imports every country there is; standing in for that package lets us
    import one, which takes a tenth of the time.
    """
    if country not in _kinds():
        return None
    import holidays

    package = "holidays.countries"
    if package not in sys.modules:
        bare = ModuleType(package)
        bare.__path__ = [str(Path(str(holidays.__file__)).with_name("countries"))]
        sys.modules[package] = bare
    module, name = _kinds()[country]
    return getattr(importlib.import_module(f"{package}.{module}"), name)


@cache
def _kinds() -> dict[str, tuple[str, str]]:
    """Code of two letters -> module and class."""
    from holidays.registry import COUNTRIES

    return {
        code: (module, name)
        for module, (name, *codes) in COUNTRIES.items()
        for code in codes[:1]
        if len(code) == 2
    }
