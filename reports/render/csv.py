"""A table as CSV that no spreadsheet takes for commands: every field quoted, every formula made a text."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal

from reports.render.sheets import Cell, Workbook
from reports.text import shown

__all__ = ["plain_text", "render"]

_COMMANDS = re.compile("^[\\s\ufffd'\"]*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n\0]")
"""What begins a formula once a spreadsheet has dropped what stands before it, full-width forms included."""


def render(workbook: Workbook) -> str:
    """The workbook's main sheet, with its headings."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([plain_text(head.title) for head in workbook.main.heads])
    for row in workbook.main.rows:
        writer.writerow([_written(cell) for cell in row])
    return text.getvalue()


def plain_text(text: str) -> str:
    """The text on one line; an apostrophe stands before it where it would be a formula."""
    words = shown(text)
    return f"'{words}" if _COMMANDS.match(words) else words


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return plain_text(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)
