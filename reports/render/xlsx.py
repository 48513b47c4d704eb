"""A workbook as an XLSX file: real dates and numbers, tracker text as text, the same bytes every time."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from reports.render.links import linkable
from reports.render.sheets import Cell, Head, Kind, Sheet, Workbook
from reports.text import shown

__all__ = ["render"]

_LONGEST = 32_767
_MOST_ROWS = 1_048_575
_MOST_LINKS = 60_000
_LONGEST_LINK = 2_000
_CUT = " … (cut)"
_FORMATS: Mapping[Kind, str] = {
    Kind.DATE: "yyyy-mm-dd",
    Kind.MONEY: "#,##0.00",
    Kind.NUMBER: "#,##0.##",
    Kind.SHARE: "0.0%",
}
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}


def render(workbook: Workbook) -> bytes:
    """The file's bytes. ValueError: more rows than a sheet can hold, with the next step."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        created = workbook.as_of.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": shown(workbook.title), "created": created, **workbook.properties})
        pen = _Pen(book, workbook.origins)
        for sheet in workbook.sheets:
            pen.write(sheet)
    return buffer.getvalue()


class _Pen:
    """Writes the sheets of one book."""

    def __init__(self, book: Any, origins: frozenset[str] | None) -> None:
        self._book = book
        self._origins = origins
        self._links = 0
        self._head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._text = book.add_format({"quote_prefix": True, "valign": "top"})
        self._link = book.get_default_url_format()
        self._formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}

    def write(self, sheet: Sheet) -> None:
        """One sheet as a real table with its headings frozen, made to print one page wide."""
        if len(sheet.rows) > _MOST_ROWS:
            raise ValueError(
                f"{sheet.name} has {len(sheet.rows):,} rows and a spreadsheet holds {_MOST_ROWS:,}. "
                "Use --format csv or json."
            )
        page = self._book.add_worksheet(sheet.name[:31])
        page.freeze_panes(1, 0)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        for column, head in enumerate(sheet.heads):
            page.set_column(column, column, head.width)
        if sheet.rows:
            self._table(page, sheet)
        for column, head in enumerate(sheet.heads):
            _checked(page.write_string(0, column, head.title, self._head), sheet, 0)
        for number, row in enumerate(sheet.rows, 1):
            for column, (head, cell) in enumerate(zip(sheet.heads, row, strict=True)):
                if cell is not None and cell != "":
                    _checked(self._cell(page, (number, column), head, cell), sheet, number)

    def _table(self, page: Any, sheet: Sheet) -> None:
        columns = [{"header": head.title} for head in sheet.heads]
        name = re.sub(r"[^A-Za-z]", "", sheet.name)
        options = {"columns": columns, "name": f"T{name}", "style": "Table Style Light 1"}
        page.add_table(0, 0, len(sheet.rows), len(sheet.heads) - 1, options)

    def _cell(self, page: Any, place: tuple[int, int], head: Head, cell: Cell) -> int:
        if isinstance(cell, str):
            return self._words(page, place, head, cell)
        if isinstance(cell, date):
            return int(page.write_datetime(*place, cell, self._formats[Kind.DATE]))
        value = float(cell) if isinstance(cell, Decimal) else cell
        return int(page.write_number(*place, value, self._formats.get(head.kind)))

    def _words(self, page: Any, place: tuple[int, int], head: Head, text: str) -> int:
        words = shown(text)
        if len(words) > _LONGEST:
            words = words[: _LONGEST - len(_CUT)] + _CUT
        safe = head.kind is Kind.LINK and len(words) <= _LONGEST_LINK and linkable(words, self._origins)
        if safe and self._links < _MOST_LINKS:
            self._links += 1
            return int(page.write_url(*place, words, self._link, words))
        return int(page.write_string(*place, words, self._text))


def _checked(code: int, sheet: Sheet, row: int) -> None:
    """The writer says by a number alone that it dropped a cell."""
    if code:
        raise ValueError(f"row {row} of the sheet {sheet.name} cannot be written as XLSX. Use --format csv.")
