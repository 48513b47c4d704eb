"""Rows to issues and costs, with every cell that cannot be read named by file, row, column. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from config.settings import StatusMap
from connectors.file.cells import Unreadable, amount, currency, day, instant, number, percent
from connectors.file.rows import HEADINGS, BadRow, Columns, Identities, Row
from connectors.file.settings import FileSource
from connectors.file.sheet import BadSheet, Sheet
from model.values import Cost, CostKind, Dependency, Issue, Milestone, Money, Ref, StatusCategory, Unit

__all__ = ["MappedCost", "MappedIssue", "columns_of", "map_costs", "map_issues"]

_NEEDED = {"issues": ("title",), "costs": ("date", "amount")}
_WORDS = StatusMap(
    todo=("To Do", "Open", "New", "Backlog", "Not started", "Planned"),
    doing=("In Progress", "Doing", "Started", "Active", "In Review", "Blocked"),
    done=("Done", "Closed", "Completed", "Complete", "Resolved", "Finished"),
    cancelled=("Cancelled", "Canceled", "Rejected", "Withdrawn", "Won't do"),
)


@dataclass(frozen=True, slots=True)
class MappedIssue:
    """A row as an issue; what else it tells stands beside it."""

    row: int
    issue: Issue
    costs: tuple[Cost, ...] = ()
    goal: Milestone | None = None
    links: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True)
class MappedCost:
    row: int
    cost: Cost


def columns_of(sheet: Sheet, source: FileSource) -> Columns:
    """Where a source's fields stand in a sheet. BadSheet: a column is missing or there twice."""
    names = {name: HEADINGS[name] for name in source.fields}
    asked = {name: heading for name in names if (heading := source.heading(name)) is not None}
    return Columns.find(sheet, names, _NEEDED[source.rows], asked, source.attributes)


def map_issues(
    sheet: Sheet, source: FileSource, file: str, version: str
) -> tuple[list[MappedIssue], list[BadRow]]:
    """The issues of a file named `file` with digest `version`. BadSheet: a column is missing."""
    columns = columns_of(sheet, source)
    identities = Identities(file)
    identity = next((name for name in ("id", "key") if name in columns.of), None)
    rows = [Row(sheet, columns, number, cells) for number, cells in sheet.rows]
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


def _issue(row: Row, id: str, by_key: dict[str, str], source: FileSource, version: str) -> Issue:
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
    columns = columns_of(sheet, source)
    if "currency" not in columns.of and source.currency is None:
        raise BadSheet('no column holds the currency; name it in `columns`, or set currency = "EUR"')
    identities = Identities(file)
    good, bad = [], []
    for position, cells in sheet.rows:
        row = Row(sheet, columns, position, cells)
        content = tuple(row.text(name) for name in sorted(columns.of))
        id = identities.own(row, "id") if "id" in columns.of else identities.made(content)
        cost = _cost(row, id, source)
        if row.reasons:
            bad.append(BadRow(row.row, row.text("id"), tuple(row.reasons)))
        else:
            good.append(MappedCost(row.row, cost))
    return good, bad


def _cost(row: Row, id: str, source: FileSource) -> Cost:
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
        supplier=row.text("supplier"),
        order=row.text("order") or None,
        person=row.text("person") or None,
        role=row.text("role") or None,
        category=row.text("category"),
    )


def _cost_kind(text: str) -> CostKind:
    try:
        return CostKind(text.lower())
    except ValueError:
        raise Unreadable("budgeted, committed or actual") from None
