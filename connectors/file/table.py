"""The table that a source means in a file, whether that is CSV or a workbook. Pure."""

from __future__ import annotations

from connectors.file.rows import HEADINGS
from connectors.file.settings import FileSource
from connectors.file.sheet import Sheet, read_sheet
from connectors.file.workbook import is_workbook, read_workbook

__all__ = ["read_any", "read_table"]

_ALL = frozenset(heading for headings in HEADINGS.values() for heading in headings)


def read_table(data: bytes, source: FileSource) -> Sheet:
    """BadSheet: the file as a whole cannot be read."""
    if not is_workbook(data):
        return read_sheet(data, source.encoding, source.delimiter)
    own = [source.heading(name) or "" for name in source.columns]
    known = {heading for name in source.fields for heading in HEADINGS[name]}
    return read_workbook(data, source.sheet, {*known, *own, *source.attributes}, source.decimal)


def read_any(data: bytes) -> Sheet:
    """A file of which no source says anything yet, with the usual settings."""
    if is_workbook(data):
        return read_workbook(data, None, _ALL, ".")
    return read_sheet(data, "utf-8-sig", ",")
