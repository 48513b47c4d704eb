"""The rows of a sheet by our names: which column holds what, and what a row's cells say. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from config.problems import shown
from connectors.file.cells import Unreadable, several
from connectors.file.sheet import BadSheet, Sheet

__all__ = ["HEADINGS", "BadRow", "Columns", "Identities", "Row"]

HEADINGS: dict[str, tuple[str, ...]] = {
    "id": ("id", "issue id"),
    "key": ("key", "issue key"),
    "title": ("title", "summary", "name"),
    "type": ("type", "issue type"),
    "status": ("status", "state"),
    "created": ("created",),
    "updated": ("updated",),
    "finished": ("finished", "resolved", "completed"),
    "start": ("start", "start date"),
    "due": ("due", "due date"),
    "estimate": ("estimate", "story points", "points"),
    "percent": ("percent", "% complete"),
    "assignees": ("assignees", "assignee", "owner"),
    "labels": ("labels", "label"),
    "components": ("components", "component"),
    "milestone": ("milestone", "fix version"),
    "bucket": ("bucket", "bucket name"),
    "parent": ("parent",),
    "priority": ("priority",),
    "body": ("body", "description"),
    "links": ("links", "link", "url"),
    "date": ("date", "posted"),
    "amount": ("amount", "net"),
    "currency": ("currency",),
    "kind": ("kind",),
    "description": ("description", "text"),
    "issue": ("issue", "issue key"),
    "deliverable": ("deliverable",),
    "supplier": ("supplier", "vendor"),
    "order": ("order", "purchase order", "order number"),
    "person": ("person",),
    "role": ("role",),
    "category": ("category", "cost category"),
}
"""Our field -> the headings it is found under when the config names none."""

_LISTS = frozenset({"assignees", "labels", "components", "links"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be understood, and everything that is wrong with it."""

    row: int
    key: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a sheet holds which of our fields."""

    of: dict[str, tuple[int, ...]]
    attributes: dict[str, tuple[int, ...]]

    @classmethod
    def find(
        cls,
        sheet: Sheet,
        names: Mapping[str, tuple[str, ...]],
        needed: Collection[str],
        asked: Mapping[str, str] | None = None,
        attributes: Iterable[str] = (),
    ) -> Columns:
        """`names` are the headings that each field is found under unless `asked` names its one heading.

        BadSheet: a column that is asked for, or that no row can do without, is missing or there twice.
        """
        asked = asked or {}
        found = {name: sheet.positions(names[name], asked.get(name)) for name in sorted(names)}
        of = {name: positions for name, positions in found.items() if positions}
        for name, positions in of.items():
            if len(positions) > 1 and name not in _LISTS:
                heading = shown(sheet.headings[positions[0]])
                raise BadSheet(f"{len(positions)} columns are headed {heading}; rename all but the {name}")
        for name in needed:
            if name not in of:
                expected = " or ".join(shown(heading) for heading in names[name])
                parted = f", or set `delimiter` if cells are not parted by {shown(sheet.delimiter)}"
                raise BadSheet(
                    f"no column holds the {name}: none is headed {expected}; give it that heading",
                    "name it in `columns`" + (parted if sheet.delimiter else ""),
                )
        return cls(of, {heading: sheet.positions((), heading) for heading in attributes})


class Row:
    """One row's cells by our names; what cannot be read is collected instead of stopping the row."""

    def __init__(self, sheet: Sheet, columns: Columns, row: int, cells: tuple[str, ...]) -> None:
        self._sheet = sheet
        self._columns = columns
        self._cells = cells
        self.row = row
        self.reasons: list[str] = []
        self._spoiled: set[str] = set()
        for name, positions in columns.of.items() if sheet.spoiled else ():
            self._look_at(name, [sheet.spoiled[row, at] for at in positions if (row, at) in sheet.spoiled])
        if any(cells[len(sheet.headings) :]):
            count, most = len(cells), len(sheet.headings)
            self.reasons.append(
                f"{count} cells under {most} headings; expected quotes around texts with commas"
            )

    def text(self, name: str) -> str:
        """The cell of the field's column, or of the first of its columns; empty when there is none."""
        return next(iter(self._texts(self._columns.of.get(name, ()))), "")

    def several(self, name: str, separator: str) -> frozenset[str]:
        """The values in all cells of the field."""
        cells = self._texts(self._columns.of.get(name, ()))
        return frozenset(value for cell in cells for value in several(cell, separator))

    def read(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The cell's value; None when it is empty or there is no such column."""
        text = self.text(name)
        if not text or name in self._spoiled:
            return None
        try:
            return parse(text)
        except Unreadable as refusal:
            self.refuse(name, f"{shown(text)} is not readable; expected {refusal}")
            return None

    def need(self, name: str, parse: Callable[[str], T], absent: T) -> T:
        """The cell's value; an empty cell is a reason, and `absent` stands in until the row is dropped."""
        found = self.read(name, parse)
        if found is None and not self.text(name) and name not in self._spoiled:
            self.refuse(name, "is empty; expected a value in every row")
        return absent if found is None else found

    def attributes(self) -> tuple[tuple[str, str], ...]:
        named = self._columns.attributes.items()
        return tuple((heading, text) for heading, at in named for text in self._texts(at) if text)

    def _look_at(self, name: str, reasons: list[str]) -> None:
        """Refuse the cells of a field of which nobody can say what they hold."""
        for reason in reasons:
            self._spoiled.add(name)
            self.refuse(name, reason)

    def _texts(self, positions: tuple[int, ...]) -> list[str]:
        """A row may end early; what is missing there is empty."""
        return [self._cells[at] if at < len(self._cells) else "" for at in positions]

    def refuse(self, name: str, reason: str) -> None:
        positions = self._columns.of.get(name)
        heading = self._sheet.headings[positions[0]] if positions else name
        self.reasons.append(f"column {shown(heading)}: {reason}")


class Identities:
    """Ids within one file: the row's own, or made from its content and how often that came before."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._rows: dict[str, int] = {}
        self._seen: Counter[tuple[str, ...]] = Counter()

    def own(self, row: Row, name: str) -> str:
        id = row.need(name, str, "")
        earlier = self._rows.setdefault(id, row.row)
        if id and earlier != row.row:
            row.refuse(name, f"{shown(id)} is in row {earlier} already; expected another in every row")
        return id

    def made(self, content: tuple[str, ...]) -> str:
        self._seen[content] += 1
        text = json.dumps([self._file, *content, self._seen[content]], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
