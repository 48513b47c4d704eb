"""An approved plan in a table: what was promised for each issue, and the dates of milestones. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.problems import shown
from connectors.file.cells import Unreadable, day, number
from connectors.file.rows import HEADINGS, Columns, Row
from connectors.file.sheet import BadSheet, Sheet, read_sheet
from connectors.file.workbook import is_workbook, read_workbook

__all__ = ["BadPlan", "PlannedRow", "read_plan"]

_NAMES = {
    "key": (*HEADINGS["key"], *HEADINGS["id"]),
    **{name: HEADINGS[name] for name in ("title", "type", "start", "due", "estimate")},
}
_MILESTONE = "milestone"
_ORDER = "YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What a row promises of an issue, named by a key, or of a milestone, named by its title.

    `row` counts as a spreadsheet does. An empty cell promises nothing.
    """

    row: int
    name: str
    title: str
    start: date | None
    due: date | None
    estimate: Decimal | None
    milestone: bool


class BadPlan(Exception):
    """The file is not a plan; `problems` says of each cell what is wrong, the text says all of it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_plan(data: bytes, file: str) -> tuple[PlannedRow, ...]:
    """Every row of the plan. BadPlan: one of them, or the file, cannot be read for certain.

    Cells are parted by commas, or by semicolons or tabs where the headings are; dates are ISO's.
    """
    try:
        sheet = _table(data)
        columns = Columns.find(sheet, _NAMES, ("key", "due"))
    except BadSheet as problem:
        raise BadPlan([f"{file}: {problem.fault}."]) from None
    rows = [Row(sheet, columns, position, cells) for position, cells in sheet.rows]
    plan = [_planned(row) for row in rows]
    _refuse_repeated(rows, plan)
    problems = [f"{file}, row {row.row}, {reason}." for row in rows for reason in row.reasons]
    if not rows:
        problems = [f"{file}: it has headings but no rows; a plan promises something."]
    if problems:
        raise BadPlan(problems)
    return tuple(plan)


def _table(data: bytes) -> Sheet:
    if is_workbook(data):
        return read_workbook(data, None, {name for names in _NAMES.values() for name in names}, ".")
    return read_sheet(data, "utf-8-sig", _delimiter(data))


def _delimiter(data: bytes) -> str:
    headings = data.partition(b"\n")[0]
    return max(",;\t", key=lambda mark: headings.count(mark.encode()))


def _planned(row: Row) -> PlannedRow:
    milestone = row.text("type").casefold() == _MILESTONE
    name = row.text("title") or row.text("key") if milestone else row.need("key", str, "")
    start, due = row.read("start", _day), row.read("due", _day)
    if milestone and not name:
        row.refuse("title", "is empty; expected the milestone's name")
    if milestone and not row.text("due"):
        row.refuse("due", "is empty; expected the milestone's date")
    if start and due and due < start:
        row.refuse("due", f"{due} is before the start, {start}; expected a day on or after it")
    return PlannedRow(
        row=row.row,
        name=name,
        title=row.text("title"),
        start=start,
        due=due,
        estimate=row.read("estimate", _estimate),
        milestone=milestone,
    )


def _refuse_repeated(rows: list[Row], plan: list[PlannedRow]) -> None:
    """An issue or a milestone can be promised once only."""
    first: dict[tuple[bool, str], int] = {}
    for row, planned in zip(rows, plan, strict=True):
        earlier = first.setdefault((planned.milestone, planned.name.casefold()), row.row)
        if planned.name and earlier != row.row:
            row.refuse("key", f"{shown(planned.name)} is in row {earlier} already; expected it once")


def _day(text: str) -> date:
    return day(text, _ORDER)


def _estimate(text: str) -> Decimal:
    found = number(text, ".")
    if found < 0:
        raise Unreadable("a number that is not negative")
    return found
