"""One file understood as a whole: its good rows, or every reason why it is left out. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from config.problems import shown
from connectors.base import FieldFinding
from connectors.file.client import FileContent
from connectors.file.mapping import MappedCost, MappedIssue, columns_of, map_costs, map_issues
from connectors.file.mspdi import read_project
from connectors.file.rows import HEADINGS, BadRow, Columns
from connectors.file.schedule import map_project
from connectors.file.settings import FileSource
from connectors.file.sheet import BadSheet, Sheet
from connectors.file.table import read_table
from model.values import Cost

__all__ = ["Reading", "all_costs", "costs_of", "find_columns", "line", "nameless", "read_files", "summary"]

_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's good rows and, where parts are accepted, its bad ones; with `problems` it has no rows.

    `mark` changes with the content and with the settings it was read by; `people` are the addresses of those
    whom the file knows by name.
    """

    file: FileContent
    mark: str
    sheet: str = ""
    counted: str = "row"
    rows: tuple[MappedIssue, ...] | tuple[MappedCost, ...] = ()
    bad: tuple[BadRow, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    people: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where its rows stand, for messages."""
        return f"{self.file.name}, sheet {shown(self.sheet)}" if self.sheet else self.file.name


def read_files(files: Iterable[FileContent], source: FileSource) -> list[Reading]:
    """Every file of a source; an id that stands in two of them keeps the later one out.

    The two rows would replace each other at every pull, and nobody could say which is right.
    """
    owners: dict[str, str] = {}
    readings = []
    for file in files:
        reading = _read(file, source)
        for row in reading.rows:
            other = owners.setdefault(_id(row), file.name)
            if other != file.name:
                id = shown(_id(row).removeprefix(f"{source.key}:"))
                where = f"{reading.place}, {reading.counted} {row.row}"
                problem = f"{where}: id {id} is in {other} too; narrow `path` to one of them."
                reading = Reading(file, reading.mark, problems=(problem,))
                break
        readings.append(reading)
    return readings


def all_costs(source: FileSource, readings: Iterable[Reading]) -> frozenset[str] | None:
    """The ids of all costs that the files hold; None while any of their rows is not understood.

    A row that cannot be read may be one that was stored before; nobody could say which.
    """
    several = list(readings)
    if source.rows == "issues" or any(reading.problems or reading.bad for reading in several):
        return None
    rows = (row for reading in several for row in reading.rows)
    return frozenset(cost.ref.id for row in rows for cost in costs_of(row))


def costs_of(row: MappedIssue | MappedCost) -> tuple[Cost, ...]:
    """The costs that a row tells, on its own or beside an issue."""
    return (row.cost,) if isinstance(row, MappedCost) else row.costs


def find_columns(files: Iterable[FileContent], source: FileSource) -> list[FieldFinding]:
    """The headings that each of our fields is read from; nothing of fields that have no column."""
    found: dict[str, dict[str, None]] = {}
    for _, sheet, columns in _tables(files, source):
        for name, positions in columns.of.items():
            found.setdefault(name, {})[sheet.headings[positions[0]]] = None
    named = ((name, tuple(found[name])) for name in HEADINGS if name in found)
    return [FieldFinding(name, headings, headings[0]) for name, headings in named]


def nameless(files: Iterable[FileContent], source: FileSource) -> list[str]:
    """A warning for each file whose issues are told apart by their titles alone."""
    return [
        f"{file.name}: no column holds an id or a key, so an issue whose title changes counts twice: as it "
        'was and as it is. Add a column "id" that never changes, or name one in `columns`.'
        for file, _, columns in _tables(files, source)
        if source.rows == "issues" and not columns.of.keys() & {"id", "key"}
    ]


def _tables(files: Iterable[FileContent], source: FileSource) -> Iterator[tuple[FileContent, Sheet, Columns]]:
    """Those of the files that have the headings they need."""
    for file in () if source.rows == "project" else files:
        try:
            sheet = read_table(file.data, source)
            yield file, sheet, columns_of(sheet, source)
        except BadSheet:
            continue


def line(reading: Reading, row: BadRow, reason: str) -> str:
    return f"{reading.place}, {reading.counted} {row.row}, {reason}."


def summary(problems: list[str]) -> str:
    """The first few problems, one a line, and what to do about them."""
    lines = problems[:_SHOWN_PROBLEMS]
    if len(problems) > len(lines):
        lines.append(f"And {len(problems) - len(lines)} more: crosstie check lists them.")
    lines.append(
        "Nothing of a file with problems was stored. Correct it, or set accept_partial = true to read its"
        " good rows, then: crosstie pull"
    )
    return "\n".join(lines)


def _read(file: FileContent, source: FileSource) -> Reading:
    mark = hashlib.sha256(f"{file.digest} {source.model_dump_json()}".encode()).hexdigest()
    try:
        reading = _mapped(source, Reading(file, mark, counted="task" if source.rows == "project" else "row"))
    except BadSheet as problem:
        return Reading(file, mark, problems=(f"{file.name}: {problem}.",))
    if reading.bad and not source.accept_partial:
        reasons = tuple(line(reading, row, reason) for row in reading.bad for reason in row.reasons)
        return Reading(file, mark, problems=reasons)
    return reading


def _mapped(source: FileSource, reading: Reading) -> Reading:
    file = reading.file
    if source.rows == "project":
        plan = read_project(file.data)
        tasks, bad = map_project(plan, source, file.name, file.digest)
        return replace(reading, rows=tuple(tasks), bad=tuple(bad), people=plan.people, notes=plan.notes)
    sheet = read_table(file.data, source)
    reading = replace(reading, sheet=sheet.title, notes=sheet.notes)
    if source.rows == "costs":
        costs, bad = map_costs(sheet, source, file.name)
        return replace(reading, rows=tuple(costs), bad=tuple(bad))
    issues, bad = map_issues(sheet, source, file.name, file.digest)
    return replace(reading, rows=tuple(issues), bad=tuple(bad))


def _id(row: MappedIssue | MappedCost) -> str:
    return row.issue.ref.id if isinstance(row, MappedIssue) else row.cost.ref.id
