"""A table of texts, headings and rows numbered as a spreadsheet numbers them; and CSV read as one. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.problems import listed, nearest, shown
from model.text import clean

__all__ = ["MOST_COLUMNS", "MOST_ROWS", "BadSheet", "Sheet", "read_sheet"]

MOST_ROWS = 1_000_000
MOST_COLUMNS = 200


class BadSheet(Exception):
    """The file as a whole cannot be read; the text says why and what to do.

    `setting` is what can be done about it in the config instead of in the file; `fault` leaves that out.
    """

    def __init__(self, fault: str, setting: str = "") -> None:
        super().__init__(f"{fault}, or {setting}" if setting else fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headings, and rows with their numbers. Cells are stripped texts.

    `delimiter` is what stood between the cells; empty: it is a sheet of a workbook, named `title`. `spoiled`
    says of cells, by (row number, column from 0), why nobody can say what they hold.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str
    notes: tuple[str, ...] = ()
    title: str = ""
    spoiled: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def positions(self, names: tuple[str, ...], asked: str | None) -> tuple[int, ...]:
        """Where the columns headed `asked`, or else the first of `names` that is there, stand.

        A heading may be there twice, as exports do it for lists. BadSheet: none is headed `asked`.
        """
        folded = [heading.casefold() for heading in self.headings]
        for name in names if asked is None else (asked,):
            found = tuple(at for at, heading in enumerate(folded) if heading == name.casefold())
            if found:
                return found
        if asked is None:
            return ()
        near = nearest(asked, self.headings)
        meant = f" Did you mean {shown(near)}?" if near else ""
        there = listed(shown(heading) for heading in self.headings)
        raise BadSheet(f"there is no column {shown(asked)}; expected {there}.{meant}")


def read_sheet(data: bytes, encoding: str, delimiter: str) -> Sheet:
    """BadSheet: wrong encoding, no headings, broken quotes, or more than a file may hold."""
    text = _decode(data, encoding)
    cleaned = clean(text)
    replaced = sum(a != b for a, b in zip(text, cleaned, strict=True)) if cleaned != text else 0
    notes = (f"{replaced} characters that no store can hold were replaced",) if replaced else ()
    records = _records(cleaned, delimiter)
    if not records or not any(records[0][1]):
        raise BadSheet("it has no headings; the first row must name the columns")
    headings = records[0][1]
    if len(headings) > MOST_COLUMNS:
        raise BadSheet(f"it has {len(headings)} columns; the most that is read is {MOST_COLUMNS}")
    rows = tuple((row, cells) for row, cells in records[1:] if any(cells))
    return Sheet(headings, rows, delimiter, notes)


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadSheet(
            f"it is not {encoding} (line {line}, byte {error.start}); save it as UTF-8",
            'set `encoding` to what it is, such as "cp1252" or "utf-16"',
        ) from None


def _records(text: str, delimiter: str) -> list[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[int, tuple[str, ...]]] = []
    try:
        for cells in reader:
            if len(records) > MOST_ROWS:
                raise BadSheet(f"it has more than {MOST_ROWS:,} rows; split it")
            records.append((len(records) + 1, tuple(cell.strip() for cell in cells)))
    except csv.Error as error:
        row = len(records) + 1
        raise BadSheet(
            f"row {row} (line {reader.line_num}) cannot be read: {error}; mend its quotes or shorten its text"
        ) from None
    return records
