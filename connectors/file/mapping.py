"""Rows to issues and costs, with every cell that cannot be read named by file, row, column. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

from config.problems import shown
from config.settings import StatusMap
from connectors.file.cells import Unreadable, amount, currency, day, instant, number, percent, several
from connectors.file.settings import FileSource
from connectors.file.sheet import BadSheet, Sheet
from model.values import Cost, CostKind, Issue, Money, Ref, StatusCategory, Unit

__all__ = ["HEADINGS", "BadRow", "Columns", "MappedCost", "MappedIssue", "map_costs", "map_issues"]

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
}
"""Our field -> the headings it is found under when the config names none."""

_NEEDED = {"issues": ("title",), "costs": ("date", "amount")}
_LISTS = frozenset({"assignees", "labels", "components", "links"})
_WORDS = StatusMap(
    todo=("To Do", "Open", "New", "Backlog", "Not started", "Planned"),
    doing=("In Progress", "Doing", "Started", "Active", "In Review", "Blocked"),
    done=("Done", "Closed", "Completed", "Complete", "Resolved", "Finished"),
    cancelled=("Cancelled", "Canceled", "Rejected", "Withdrawn", "Won't do"),
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be understood, and everything that is wrong with it."""

    row: int
    key: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedIssue:
    row: int
    issue: Issue


@dataclass(frozen=True, slots=True)
class MappedCost:
    row: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a sheet holds which of our fields."""

    of: dict[str, tuple[int, ...]]
    attributes: dict[str, tuple[int, ...]]

    @classmethod
    def find(cls, sheet: Sheet, source: FileSource) -> Columns:
        """BadSheet: a column that the config names, or no row can do without, is missing or there twice."""
        found = {
            name: sheet.positions(HEADINGS[name], source.heading(name)) for name in sorted(source.fields)
        }
        of = {name: positions for name, positions in found.items() if positions}
        for name, positions in of.items():
            if len(positions) > 1 and name not in _LISTS:
                heading = shown(sheet.headings[positions[0]])
                raise BadSheet(f"{len(positions)} columns are headed {heading}; rename all but the {name}")
        for name in _NEEDED[source.rows]:
            if name not in of:
                expected = " or ".join(shown(heading) for heading in HEADINGS[name])
                raise BadSheet(
                    f"no column holds the {name}: none is headed {expected}; name it in `columns`, or set"
                    " `delimiter` if cells are not parted by " + shown(source.delimiter)
                )
        return cls(of, {heading: sheet.positions((), heading) for heading in source.attributes})


class _Row:
    """One row's cells by our names; what cannot be read is collected instead of stopping the row."""

    def __init__(self, sheet: Sheet, columns: Columns, row: int, cells: tuple[str, ...]) -> None:
        self._sheet = sheet
        self._columns = columns
        self._cells = cells
        self.row = row
        self.reasons: list[str] = []
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
        if not text:
            return None
        try:
            return parse(text)
        except Unreadable as refusal:
            self.refuse(name, f"{shown(text)} is not readable; expected {refusal}")
            return None

    def need(self, name: str, parse: Callable[[str], T], absent: T) -> T:
        """The cell's value; an empty cell is a reason, and `absent` stands in until the row is dropped."""
        found = self.read(name, parse)
        if found is None and not self.text(name):
            self.refuse(name, "is empty; expected a value in every row")
        return absent if found is None else found

    def attributes(self) -> tuple[tuple[str, str], ...]:
        named = self._columns.attributes.items()
        return tuple((heading, text) for heading, at in named for text in self._texts(at) if text)

    def _texts(self, positions: tuple[int, ...]) -> list[str]:
        """A row may end early; what is missing there is empty."""
        return [self._cells[at] if at < len(self._cells) else "" for at in positions]

    def refuse(self, name: str, reason: str) -> None:
        positions = self._columns.of.get(name)
        heading = self._sheet.headings[positions[0]] if positions else name
        self.reasons.append(f"column {shown(heading)}: {reason}")


class _Identities:
    """Ids within one file: the row's own, or made from its content and how often that came before."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._rows: dict[str, int] = {}
        self._seen: Counter[tuple[str, ...]] = Counter()

    def own(self, row: _Row, name: str) -> str:
        id = row.need(name, str, "")
        earlier = self._rows.setdefault(id, row.row)
        if id and earlier != row.row:
            row.refuse(name, f"{shown(id)} is in row {earlier} already; expected another in every row")
        return id

    def made(self, content: tuple[str, ...]) -> str:
        self._seen[content] += 1
        text = json.dumps([self._file, *content, self._seen[content]], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def map_issues(
    sheet: Sheet, source: FileSource, file: str, version: str
) -> tuple[list[MappedIssue], list[BadRow]]:
    """The issues of a file named `file` with digest `version`. BadSheet: a column is missing."""
    columns = Columns.find(sheet, source)
    identities = _Identities(file)
    identity = next((name for name in ("id", "key") if name in columns.of), None)
    rows = [_Row(sheet, columns, number, cells) for number, cells in sheet.rows]
    ids = [
        identities.own(row, identity) if identity else identities.made((row.text("title"),)) for row in rows
    ]
    by_key = {row.text("key"): id for row, id in zip(rows, ids, strict=True) if row.text("key")}
    good, bad = [], []
    for row, id in zip(rows, ids, strict=True):
        issue = _issue(row, id, by_key, source, version)
        if row.reasons:
            bad.append(BadRow(row.row, row.text("key") or row.text("id"), tuple(row.reasons)))
        else:
            good.append(MappedIssue(row.row, issue))
    return good, bad


def _issue(row: _Row, id: str, by_key: dict[str, str], source: FileSource, version: str) -> Issue:
    def ref(id: str) -> Ref:
        return Ref(source.connection, f"{source.key}:{id}")

    on = partial(day, order=source.dates)
    at = partial(instant, order=source.dates, zone=source.timezone)
    milestone, parent = row.text("milestone"), row.text("parent")
    done = row.read("percent", percent)
    return Issue(
        ref=ref(id),
        source=source.key,
        key=row.text("key") or row.text("id") or f"row {row.row}",
        title=row.need("title", str, ""),
        url="",
        status=_status(row.text("status"), done, source.status),
        status_original=row.text("status"),
        type=row.text("type"),
        created=row.read("created", at),
        updated=row.read("updated", at),
        finished=row.read("finished", at),
        start=row.read("start", on),
        due=row.read("due", on),
        estimate=row.read("estimate", lambda text: number(text, source.decimal)),
        unit=source.unit or Unit.POINTS,
        percent=done,
        assignees=row.several("assignees", source.separator),
        labels=row.several("labels", source.separator),
        components=row.several("components", source.separator),
        milestone=ref(milestone).id if milestone else None,
        bucket=row.text("bucket") or None,
        parent=ref(by_key.get(parent, parent)).id if parent else None,
        priority=row.text("priority") or None,
        attributes=row.attributes(),
        body=row.text("body"),
        links=tuple(sorted(row.several("links", source.separator))),
        version=version,
    )


def _status(word: str, done: int | None, own: StatusMap) -> StatusCategory:
    """The word's meaning by the config, then by common use; without a word, what the percentage says."""
    if word:
        return own.over(_WORDS).category(word) or StatusCategory.UNKNOWN
    if done is None:
        return StatusCategory.UNKNOWN
    if done == 100:
        return StatusCategory.DONE
    return StatusCategory.DOING if done else StatusCategory.TODO


def map_costs(sheet: Sheet, source: FileSource, file: str) -> tuple[list[MappedCost], list[BadRow]]:
    """The costs of a file. BadSheet: a column is missing."""
    columns = Columns.find(sheet, source)
    if "currency" not in columns.of and source.currency is None:
        raise BadSheet('no column holds the currency; name it in `columns`, or set currency = "EUR"')
    identities = _Identities(file)
    good, bad = [], []
    for position, cells in sheet.rows:
        row = _Row(sheet, columns, position, cells)
        content = tuple(row.text(name) for name in sorted(columns.of))
        id = identities.own(row, "id") if "id" in columns.of else identities.made(content)
        cost = _cost(row, id, source)
        if row.reasons:
            bad.append(BadRow(row.row, row.text("id"), tuple(row.reasons)))
        else:
            good.append(MappedCost(row.row, cost))
    return good, bad


def _cost(row: _Row, id: str, source: FileSource) -> Cost:
    code = source.currency
    if code is None or row.text("currency"):
        code = row.need("currency", currency, "")
    return Cost(
        ref=Ref(source.connection, f"{source.key}:{id}"),
        source=source.key,
        kind=row.read("kind", _cost_kind) or CostKind(source.cost),
        on=row.need("date", lambda text: day(text, source.dates), date.min),
        money=Money(row.need("amount", lambda text: amount(text, source.decimal), amount("0", ".")), code),
        description=row.text("description"),
        issue=row.text("issue") or None,
        deliverable=row.text("deliverable") or None,
    )


def _cost_kind(text: str) -> CostKind:
    try:
        return CostKind(text.lower())
    except ValueError:
        raise Unreadable("budgeted, committed or actual") from None
