"""A sheet of a workbook (XLSX) as headings and rows of texts, as a CSV file would have them. Pure."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Context
from typing import Final

from config.problems import listed, nearest, shown
from connectors.file.parts import survey
from connectors.file.sheet import BadSheet, Sheet
from model.text import clean

__all__ = ["is_workbook", "read_workbook"]

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_HEADING_ROWS: Final = 25
_MOST_MERGED: Final = 200_000
_DIGITS: Final = Context(prec=15)
"""Spreadsheet programs keep and show no more digits of a number than these."""

Value = int | float | str | bool | time | date | datetime | timedelta
Spot = tuple[int, int]


def is_workbook(data: bytes) -> bool:
    """Whether the bytes are a workbook, or one that cannot be opened, rather than text."""
    return data[:4] in (_ZIP, _OLE)


def read_workbook(data: bytes, name: str | None, known: Collection[str], mark: str) -> Sheet:
    """The sheet of this name, or the first that is shown. Numbers get the decimal mark, days are ISO's.

    The headings are the row, among the first of the sheet, that holds most of the `known` ones: titles often
    stand above. BadSheet: it is no workbook, could do harm, or has no such sheet.
    """
    if data[:4] == _OLE:
        raise BadSheet("it has a password, or is of the old kind .xls; save it as .xlsx without a password")
    errors = survey(data).errors
    title, rows, (top, left), merged = _load(data, name)
    texts = [[_text(value, mark) for value in row] for row in rows]
    head = _heading_row(texts, known)
    if head is None:
        raise BadSheet(f"sheet {shown(title)} is empty; its first row must name the columns")
    bad = {
        (row, column): reason
        for spots in (_spread(rows, (top, left), merged), errors.get(title, {}))
        for (row, column), reason in spots.items()
    }
    placed = {(row + 1, column - left): reason for (row, column), reason in bad.items() if column >= left}
    numbered = ((top + at + 1, tuple(row)) for at, row in enumerate(texts) if at > head)
    spoiled_rows = {row for row, _ in placed}
    kept = tuple((row, cells) for row, cells in numbered if any(cells) or row in spoiled_rows)
    return Sheet(tuple(texts[head]), kept, "", title=title, spoiled=placed)


def _load(data: bytes, name: str | None) -> tuple[str, list[list[Value]], Spot, list[tuple[Spot, Spot]]]:
    """The sheet's title, its values, where they begin, and the merged areas."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        shown_ones = [
            one.name
            for one in book.sheets_metadata
            if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
        ]
        title = _chosen(name, book.sheet_names, shown_ones)
        sheet = book.get_sheet_by_name(title)
        rows: list[list[Value]] = sheet.to_python(skip_empty_area=True)
        return title, rows, sheet.start or (0, 0), sheet.merged_cell_ranges or []
    except (BadSheet, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the reader's own panics are no Exception
        raise BadSheet(f"it cannot be read as a workbook ({error}); save it anew as .xlsx") from None


def _chosen(name: str | None, there: Sequence[str], visible: Sequence[str]) -> str:
    if name is None:
        if not visible:
            raise BadSheet("it has no sheet that is shown; show the one that is meant")
        return visible[0]
    found = next((each for each in there if each.casefold() == name.casefold()), None)
    if found is None:
        near = nearest(name, there)
        meant = f" Did you mean {shown(near)}?" if near else ""
        expected = listed(shown(each) for each in there)
        raise BadSheet(f"there is no sheet {shown(name)}; expected {expected}.{meant}")
    return found


def _heading_row(rows: Sequence[Sequence[str]], known: Collection[str]) -> int | None:
    """The row with most known headings; without any, the first that is not empty."""
    folded = {name.casefold() for name in known}
    first = next((at for at, row in enumerate(rows) if any(row)), None)
    if first is None:
        return None
    scores = [len({cell.casefold() for cell in row} & folded) for row in rows[:_HEADING_ROWS]]
    best = max(range(len(scores)), key=lambda at: (scores[at], -at), default=first)
    return best if scores and scores[best] else first


def _spread(
    rows: Sequence[Sequence[Value]], origin: Spot, merged: Sequence[tuple[Spot, Spot]]
) -> dict[Spot, str]:
    """The cells below the first one of a merged area: nobody can say whether its value is theirs too."""
    found: dict[Spot, str] = {}
    top, left = origin
    bottom, right = top + len(rows) - 1, left + max(map(len, rows), default=0) - 1
    for (first, column), (last, far) in merged:
        if last == first or not (top <= first <= bottom and left <= column <= right):
            continue
        if rows[first - top][column - left] == "":
            continue
        area = [
            (row, at)
            for row in range(first + 1, min(last, bottom) + 1)
            for at in range(column, min(far, right) + 1)
        ]
        found |= dict.fromkeys(area, f"is merged with row {first + 1}; part the cells and fill each")
        if len(found) > _MOST_MERGED:
            raise BadSheet("too many of its cells are merged; part them")
    return found


def _text(value: Value, mark: str) -> str:
    """A cell as it would stand in a CSV file of the source."""
    if isinstance(value, str):
        return clean(value).strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        exact = _DIGITS.create_decimal(repr(value))
        plain = f"{exact.normalize():f}" if exact else "0"
        return plain.replace(".", mark)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    if isinstance(value, timedelta):
        return str(value)
    return value.isoformat()
