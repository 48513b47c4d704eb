"""A folder of CSV files and workbooks as a tracker: each file is read whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from config.secrets import Secret
from connectors.base import (
    Batch,
    Capabilities,
    CheckReport,
    Deletions,
    FieldFinding,
    History,
    Parked,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import Misconfigured
from connectors.file.client import Client, FileContent
from connectors.file.mapping import MappedCost, MappedIssue
from connectors.file.mspdi import is_project, read_project
from connectors.file.reading import (
    Reading,
    all_costs,
    costs_of,
    find_columns,
    line,
    nameless,
    read_files,
    summary,
)
from connectors.file.settings import FileConnection, FileSource
from connectors.file.sheet import BadSheet
from connectors.file.table import read_any
from model.values import Account, Issue, Milestone, Ref

__all__ = ["Connector"]

_PAGE = 500
_SHOWN_PROBLEMS = 5
_WALK = "full"
"""Every reading of a file takes the place of the one before."""

_LIST = ""
"""The position of the page that lists the files that are there."""

_ENDINGS = ("csv", "xlsx", "xml")


class Connector:
    """Reads issues or costs from the files below a folder.

    A file is understood completely before anything of it is handed on, so one bad cell keeps the whole file
    out unless its source accepts parts. Files whose content and settings are unchanged yield nothing.
    """

    kind: ClassVar[str] = "file"
    capabilities: ClassVar[Capabilities] = Capabilities(
        history=History.NONE,
        history_fields=frozenset(),
        sprints=False,
        milestones=True,
        dependencies=True,
        worklogs=False,
        costs=True,
        deletions=Deletions.NONE,
        deletions_note="not told: an issue whose row leaves its file stays as it was, so give it a status "
        "that means cancelled; a cost whose row leaves no longer counts",
        note="A file knows only now: what changed is found by comparing it with the last pull.",
    )

    def __init__(
        self,
        settings: FileConnection,
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
        page: int = _PAGE,
    ) -> None:
        self._settings = settings
        self._client = Client(settings.root)
        self._page = page

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        """Read every file of the sources and say which columns were found and which rows are bad."""
        self._client.look()
        fields: list[FieldFinding] = []
        warnings: list[str] = []
        for source in map(_file_source, sources):
            files = self._client.find(source.path)
            fields += find_columns(files, source)
            warnings += (problem for reading in read_files(files, source) for problem in reading.problems)
            warnings += nameless(files, source)
        account = f"a reader of the files below {self._settings.root}"
        return CheckReport(account, fields=tuple(fields), warnings=tuple(warnings))

    def offers(self) -> Iterator[SourceOffer]:
        for name in sorted(name for ending in _ENDINGS for name in self._client.names(f"**/*.{ending}")):
            settings = {"path": name} | ({"content": "project"} if name.endswith(".xml") else {})
            try:
                detail = _described(self._client.read(name).data)
            except BadSheet as problem:
                detail = str(problem)
            yield SourceOffer(title=name, settings=settings, detail=detail)

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        """One stream, "issues" or "costs". Misconfigured, after the good files: others have bad rows."""
        wanted = _file_source(source)
        readings = read_files(self._client.find(wanted.path), wanted)
        walk = _Walk(wanted, readings, self._page, first=not cursors)
        yield from walk.batches(_Position.parse(cursors.get(wanted.rows)))
        if walk.problems:
            raise Misconfigured(summary(walk.problems))

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        """The stored files read again as they were; what is no longer readable is left out with a note."""
        wanted = _file_source(source)
        stored = {page.position: page.body for page in pages}
        there = json.loads(stored.pop(_LIST, b"null"))
        files = [FileContent(name, body) for name, body in stored.items() if there is None or name in there]
        walk = _Walk(
            wanted, read_files(sorted(files, key=lambda file: file.name), wanted), self._page, first=True
        )
        for batch in walk.batches(_Position()):
            yield replace(batch, raw=())
        for problem in walk.problems[:_SHOWN_PROBLEMS]:
            yield Batch(wanted.rows, "", complete=False, notes=(problem,))

    def spent(self) -> Spent:
        """Files are asked of nobody."""
        return Spent()

    def close(self) -> None:
        """Nothing is held open."""


@dataclass(slots=True)
class _Position:
    """A cursor: the marks of the files that were read whole, and how far the next one was read."""

    done: dict[str, str] = field(default_factory=dict)
    file: str = ""
    mark: str = ""
    row: int = 0

    @classmethod
    def parse(cls, text: str | None) -> _Position:
        return cls(**json.loads(text)) if text else cls()

    def __str__(self) -> str:
        return json.dumps({"done": self.done, "file": self.file, "mark": self.mark, "row": self.row})

    def start(self, reading: Reading) -> int:
        """Where in the file reading goes on: at its top, unless this very content was begun before."""
        return self.row if (self.file, self.mark) == (reading.file.name, reading.mark) else 0

    def move(self, reading: Reading, row: int) -> None:
        """Note that the file was read up to `row`, or whole."""
        if row < len(reading.rows):
            self.file, self.mark, self.row = reading.file.name, reading.mark, row
        else:
            self.done[reading.file.name] = reading.mark
            self.file, self.mark, self.row = "", "", 0

    def gone(self, there: frozenset[str]) -> list[str]:
        """The files that were read whole and are no longer there."""
        return sorted(self.done.keys() - there)

    def forget(self, there: frozenset[str]) -> None:
        """Forget the files that are no longer there; one that comes back is read again."""
        for name in self.gone(there):
            del self.done[name]


class _Walk:
    """The pages of one pull: those of changed files only, in the order of the files' names."""

    def __init__(self, source: FileSource, readings: list[Reading], page: int, first: bool) -> None:
        self.problems = [problem for reading in readings for problem in reading.problems]
        self._source = source
        self._readings = [reading for reading in readings if not reading.problems]
        self._page = page
        self._there = frozenset(reading.file.name for reading in readings)
        self._all_costs = all_costs(source, readings)
        self._rows = sum(len(reading.rows) + len(reading.bad) for reading in self._readings)
        self._expected = self._rows if first else None

    def batches(self, position: _Position) -> Iterator[Batch]:
        """The pages of the changed files, and at least one when all is well."""
        held: Batch | None = None
        for page in self._pages(position):
            if held is not None:
                yield held
            held = page
        if held is None and not self.problems:
            held = Batch(self._source.rows, str(position), complete=False, expected=self._expected)
        if held is not None:
            yield self._last(held, position)

    def _last(self, page: Batch, position: _Position) -> Batch:
        """It completes the stream unless a file with problems was left out; it says which costs there are."""
        gone = [f"{name} is gone; its costs no longer count." for name in position.gone(self._there)]
        if page.issues or page.costs or page.raw or gone:
            names = json.dumps(sorted(self._there)).encode()
            page = replace(page, raw=(*page.raw, RawPage(page.stream, _LIST, names, _WALK)))
        if self._all_costs is None:
            return replace(page, complete=not self.problems)
        if not self._rows:
            note = f"{self._source.path} has no rows; costs read from it before count until it has one again."
            return replace(page, complete=True, notes=(*page.notes, note))
        position.forget(self._there)
        notes = (*page.notes, *gone)
        return replace(page, cursor=str(position), complete=True, all_costs=self._all_costs, notes=notes)

    def _pages(self, position: _Position) -> Iterator[Batch]:
        for reading in self._readings:
            if position.done.get(reading.file.name) == reading.mark:
                continue
            start = position.start(reading)
            while True:
                end = start + self._page
                position.move(reading, end)
                yield self._batch(reading, start, end, str(position))
                if end >= len(reading.rows):
                    break
                start = end

    def _batch(self, reading: Reading, start: int, end: int, cursor: str) -> Batch:
        rows = reading.rows[start:end]
        issues = tuple(row.issue for row in rows if isinstance(row, MappedIssue))
        name, top = reading.file.name, start == 0
        return Batch(
            stream=self._source.rows,
            cursor=cursor,
            complete=False,
            issues=issues,
            costs=tuple(cost for row in rows for cost in costs_of(row)),
            milestones=_milestones(self._source, issues, rows),
            dependencies=tuple(link for row in rows if isinstance(row, MappedIssue) for link in row.links),
            dependencies_of=frozenset(issue.ref.id for issue in issues if self._source.rows == "project"),
            accounts=_accounts(self._source, issues, reading.people),
            parked=_parked(reading) if top else (),
            raw=(RawPage(self._source.rows, name, reading.file.data, _WALK),) if top else (),
            notes=tuple(f"{name}: {note}." for note in reading.notes) if top else (),
            expected=self._expected,
        )


def _described(data: bytes) -> str:
    """What is in a file, in a few words. BadSheet: nobody can say."""
    if is_project(data):
        plan = read_project(data)
        return f"{len(plan.tasks)} tasks: {plan.name}"
    sheet = read_any(data)
    return f"{len(sheet.rows)} rows: {', '.join(filter(None, sheet.headings))}"


def _file_source(source: object) -> FileSource:
    if not isinstance(source, FileSource):
        raise Misconfigured("A file connection reads files only; give its source a `path`.")
    return source


def _milestones(
    source: FileSource, issues: Iterable[Issue], rows: Iterable[MappedIssue | MappedCost]
) -> tuple[Milestone, ...]:
    """Those that these issues name; a table says nothing of them but the name."""
    if source.rows == "project":
        return tuple(row.goal for row in rows if isinstance(row, MappedIssue) and row.goal)
    ids = sorted({issue.milestone for issue in issues if issue.milestone})
    prefix = f"{source.key}:"
    return tuple(Milestone(Ref(source.connection, id), source.key, id.removeprefix(prefix)) for id in ids)


def _accounts(
    source: FileSource, issues: Iterable[Issue], known: Mapping[str, str | None]
) -> tuple[Account, ...]:
    """The people these issues name; the name as typed is their id, `known` are addresses."""
    names = sorted({name for issue in issues for name in issue.assignees})
    return tuple(
        Account(Ref(source.connection, name), name, known.get(name) or (name if "@" in name else None))
        for name in names
    )


def _parked(reading: Reading) -> tuple[Parked, ...]:
    return tuple(
        Parked(f"{reading.file.name}#{row.row}", row.key, line(reading, row, "; ".join(row.reasons)))
        for row in reading.bad
    )
