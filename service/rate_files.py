"""Rates from CSV files beside those of the config: what an hour costs, and what a currency is worth."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from config.problems import nearest, shown
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from pydantic import BaseModel

    from config.settings import Config

    Row = TypeVar("Row", bound=BaseModel)

__all__ = ["with_rate_files"]

_EXCHANGE = ("date", "from", "to", "rate")
_HOURLY = ("from", "rate")
_ALSO = ("person", "role", "currency")
_LARGEST = 16 * 1024 * 1024
_EXPECTED = {
    "on": "a day such as 2026-01-31",
    "valid_from": "a day such as 2026-01-31",
    "rate": "a number such as 0.865, above 0 for a currency",
    "": "a person or a role, not both",
}


def with_rate_files(config: Config) -> Config:
    """The config with the rates of its files among its own. Failure: names the line that is wrong."""
    from config.settings import DatedRate, ExchangeRate

    rates = config.rates
    if rates.file is None and rates.exchange_file is None:
        return config
    told: dict[str, object] = {}
    if rates.exchange_file is not None:
        rows = _rows(rates.exchange_file, _EXCHANGE, ())
        more = [_made(ExchangeRate, rates.exchange_file, line, _renamed(row)) for line, row in rows]
        told["exchange"] = (*rates.exchange, *more)
    if rates.file is not None:
        people = frozenset(config.people)
        rows = _rows(rates.file, _HOURLY, _ALSO)
        told["dated"] = (
            *rates.dated,
            *(
                _made(DatedRate, rates.file, line, _known(rates.file, line, row, people))
                for line, row in rows
            ),
        )
    return config.model_copy(update={"rates": rates.model_copy(update=told)})


def _rows(path: Path, needed: Collection[str], also: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file that say something, each with its line; only columns that are known."""
    if path.stat().st_size > _LARGEST:
        raise _wrong(path, 1, f"the file has more than {_LARGEST:,} bytes; keep the rates that are used")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(path, 1, "it is not UTF-8; save it as CSV in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        heads = [head.strip().casefold() for head in next(reader, [])]
        missing = [name for name in needed if name not in heads]
        if missing:
            names = ", ".join((*needed, *also))
            raise _wrong(path, 1, f"there is no column {' or '.join(missing)}; the columns are {names}")
        for row in reader:
            if any(cell.strip() for cell in row):
                told = dict(zip(heads, row, strict=False))
                yield reader.line_num, {name: told.get(name, "").strip() for name in (*needed, *also)}
    except csv.Error as error:
        raise _wrong(path, reader.line_num, f"{error}; save it as plain CSV") from None


def _renamed(row: Mapping[str, str]) -> dict[str, str]:
    return {"on" if name == "date" else name: cell for name, cell in row.items()}


def _known(path: Path, line: int, row: Mapping[str, str], people: Collection[str]) -> dict[str, str]:
    """The row without its empty cells. Failure: its person is not in the config."""
    person = row["person"]
    if person and person not in people:
        near = nearest(person, people)
        hint = f'did you mean "{near}"?' if near else "add the person to [people]"
        raise _wrong(path, line, f"person is {shown(person)}, which is no key of [people]; {hint}")
    return {name: cell for name, cell in row.items() if cell or name in _HOURLY}


def _made(kind: type[Row], path: Path, line: int, row: Mapping[str, str]) -> Row:
    from pydantic import ValidationError

    try:
        return kind.model_validate(row)
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        name = str(place[0]) if place else ""
        column = {"on": "date", "valid_from": "from"}.get(name, name)
        found = f"{column} is {shown(row.get(name, row.get(column, '')))}; " if column else ""
        expected = _EXPECTED.get("valid_from" if name == "from" and "to" not in row else name)
        raise _wrong(path, line, f"{found}expected {expected or 'a currency such as EUR'}") from None


def _wrong(path: Path, line: int, what: str) -> Failure:
    return Failure(Exit.CONFIGURATION, f"{path.name}:{line}  {what}. Correct it, then try again.")
