"""Exchange rates from a CSV file beside those of the config."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from config.problems import shown
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from config.settings import Config, ExchangeRate

__all__ = ["with_exchange_file"]

_COLUMNS = ("date", "from", "to", "rate")
_LARGEST = 16 * 1024 * 1024


def with_exchange_file(config: Config) -> Config:
    """The config with the rates of its exchange_file among its own. Failure: names the line that is wrong."""
    path = config.rates.exchange_file
    if path is None:
        return config
    rates = config.rates.model_copy(update={"exchange": (*config.rates.exchange, *_read(path))})
    return config.model_copy(update={"rates": rates})


def _read(path: Path) -> Iterator[ExchangeRate]:
    if path.stat().st_size > _LARGEST:
        raise _wrong(path, 1, f"the file has more than {_LARGEST:,} bytes; keep the rates that are used")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(path, 1, "it is not UTF-8; save it as CSV in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        heads = [head.strip().casefold() for head in next(reader, [])]
        missing = [name for name in _COLUMNS if name not in heads]
        if missing:
            raise _wrong(
                path, 1, f"there is no column {' or '.join(missing)}; name them {', '.join(_COLUMNS)}"
            )
        for row in reader:
            if any(cell.strip() for cell in row):
                yield _rate(path, reader.line_num, dict(zip(heads, row, strict=False)))
    except csv.Error as error:
        raise _wrong(path, reader.line_num, f"{error}; save it as plain CSV") from None


def _rate(path: Path, line: int, row: dict[str, str]) -> ExchangeRate:
    from pydantic import ValidationError

    from config.settings import ExchangeRate

    told = {"on" if name == "date" else name: row.get(name, "").strip() for name in _COLUMNS}
    try:
        return ExchangeRate.model_validate(told)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        column = "date" if field == "on" else field
        hints = {"date": "a day such as 2026-01-31", "rate": "a number above 0 such as 0.865"}
        expected = hints.get(column, "a currency such as EUR")
        raise _wrong(path, line, f"{column} is {shown(told[field])}; expected {expected}") from None


def _wrong(path: Path, line: int, what: str) -> Failure:
    return Failure(Exit.CONFIGURATION, f"{path.name}:{line}  {what}. Correct it, then run the report again.")
