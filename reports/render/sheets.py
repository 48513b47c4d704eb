"""Tables of typed cells for spreadsheets: numbers and dates stay what they are, text is never obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

__all__ = ["Cell", "Head", "Kind", "Sheet", "Workbook"]

Cell = str | int | float | Decimal | date | None
"""A text is a tracker's or ours, the difference does not matter here; None is an empty cell."""


class Kind(StrEnum):
    """How the cells of a column are written."""

    TEXT = "text"
    LINK = "link"
    DATE = "date"
    MONEY = "money"
    NUMBER = "number"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Head:
    title: str
    kind: Kind = Kind.TEXT
    width: int = 12


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of one report; `main` is the one that stands alone where there can be only one.

    `origins` are as in reports.render.page.Page.
    """

    title: str
    as_of: datetime
    sheets: tuple[Sheet, ...]
    main: Sheet
    origins: frozenset[str] | None
    properties: Mapping[str, str]
