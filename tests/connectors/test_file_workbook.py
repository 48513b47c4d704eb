"""A workbook is read as the same table in CSV is; one that could do harm is refused before it is opened."""

from __future__ import annotations

import io
import resource
import struct
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import Misconfigured
from connectors.file.plan_file import read_plan
from connectors.file.sheet import BadSheet
from connectors.file.workbook import read_workbook
from model.values import Cost, CostKind, Issue, Money
from tests.connectors.folder import Folder, plan

Draw = Callable[[Any, Any], None]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def workbook(draw: Draw, *titles: str) -> bytes:
    """A workbook whose first sheet `draw` fills."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    sheets = [book.add_worksheet(title) for title in titles or ("Plan",)]
    draw(book, sheets[0])
    book.close()
    return target.getvalue()


def table(*rows: tuple[Any, ...]) -> bytes:
    """A workbook of plain rows; days and instants are formatted as such."""

    def draw(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"})
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(at, column, value, moment)
                elif isinstance(value, date):
                    sheet.write_datetime(at, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(at, column, value)
                else:
                    sheet.write(at, column, value)

    return workbook(draw)


def issues(folder: Folder, data: bytes, **how: Any) -> list[Issue]:
    folder.write("plan.xlsx", data)
    batches = folder.pull(plan(path="plan.xlsx", **how))
    return [issue for batch in batches for issue in batch.issues]


def costs(folder: Folder, data: bytes, **how: Any) -> list[Cost]:
    folder.write("costs.xlsx", data)
    batches = folder.pull(plan(path="costs.xlsx", content="costs", **how))
    return [cost for batch in batches for cost in batch.costs]


class TestCells:
    def test_days_instants_numbers_and_texts_are_what_they_are(self, folder: Folder):
        data = table(
            ("Id", "Title", "Due", "Created", "Points", "Labels"),
            (4711, "Move", date(2026, 4, 1), datetime.fromisoformat("2026-03-31T14:30:07"), 2.5, "a;b"),
        )
        (issue,) = issues(folder, data, timezone="Europe/Berlin", decimal=",", dates="MM/DD/YYYY")
        assert (issue.ref.id, issue.title, issue.due) == ("plan.xlsx:4711", "Move", date(2026, 4, 1))
        assert issue.created == datetime(2026, 3, 31, 12, 30, 7, tzinfo=UTC)
        assert (issue.estimate, issue.labels) == (Decimal("2.5"), {"a", "b"})

    @pytest.mark.parametrize(
        ("amount", "expected"),
        [
            (0.1, "0.1"),
            (1234.56, "1234.56"),
            (-1365, "-1365"),
            (0.1 + 0.2, "0.3"),
            (12_345_678.9, "12345678.9"),
            (-0.0, "0"),
        ],
    )
    def test_an_amount_is_exactly_the_one_that_the_program_shows(
        self, folder: Folder, amount: float, expected: str
    ):
        (cost,) = costs(
            folder, table(("Date", "Amount", "Currency"), (date(2026, 3, 31), amount, "EUR")), decimal=","
        )
        assert cost.money == Money(Decimal(expected), "EUR")

    def test_numbers_written_as_text_follow_the_sources_settings(self, folder: Folder):
        data = table(("Posted", "Net"), ("31.03.2026", "1.234,50"))
        columns = {"date": "Posted", "amount": "Net"}
        (cost,) = costs(
            folder, data, columns=columns, dates="DD.MM.YYYY", decimal=",", currency="GBP", cost="committed"
        )
        assert (cost.on, cost.money.amount, cost.kind) == (
            date(2026, 3, 31),
            Decimal("1234.50"),
            CostKind.COMMITTED,
        )

    def test_a_boolean_and_a_formulas_result_are_texts(self, folder: Folder):
        def draw(_book: Any, sheet: Any) -> None:
            sheet.write_row(0, 0, ["Title", "Ready", "Points"])
            sheet.write_string(1, 0, "t")
            sheet.write_boolean(1, 1, True)
            sheet.write_formula(1, 2, "=1+1", value=2)

        (issue,) = issues(folder, workbook(draw), attributes=["Ready"])
        assert (issue.attributes, issue.estimate) == ((("Ready", "TRUE"),), Decimal(2))

    def test_empty_cells_and_empty_rows_say_nothing(self, folder: Folder):
        found = issues(folder, table(("Title", "Due"), ("a", None), (None, None), ("b", date(2026, 5, 1))))
        assert [(issue.title, issue.due, issue.key) for issue in found] == [
            ("a", None, "row 2"),
            ("b", date(2026, 5, 1), "row 4"),
        ]

    def test_whatever_a_cell_holds_stays_text(self, folder: Folder):
        hostile = '=HYPERLINK("http://evil.example")'
        (issue,) = issues(folder, table(("Title",), (hostile,)))
        assert issue.title == hostile


class TestBadCells:
    def test_an_error_is_named_by_file_sheet_row_and_column(self, folder: Folder):
        def draw(_book: Any, sheet: Any) -> None:
            sheet.write_row(2, 1, ["Title", "Due"])
            sheet.write_row(3, 1, ["good", "2026-05-01"])
            sheet.write_string(4, 1, "bad")
            sheet.write_formula(4, 2, "=A9", value="#REF!")

        with pytest.raises(Misconfigured) as refusal:
            issues(folder, workbook(draw))
        first = str(refusal.value).splitlines()[0]
        assert first == (
            'plan.xlsx, sheet "Plan", row 5, column "Due": is the error #REF!; expected a value.'
        )

    def test_an_error_in_a_column_that_nobody_reads_does_no_harm(self, folder: Folder):
        def draw(_book: Any, sheet: Any) -> None:
            sheet.write_row(0, 0, ["Title", "Check"])
            sheet.write_string(1, 0, "t")
            sheet.write_formula(1, 1, "=1/0", value="#DIV/0!")

        assert [issue.title for issue in issues(folder, workbook(draw))] == ["t"]

    def test_cells_merged_over_rows_belong_to_the_first_row_and_spoil_the_others(self, folder: Folder):
        def draw(_book: Any, sheet: Any) -> None:
            sheet.write_row(0, 0, ["Date", "Amount", "Currency"])
            for row in (1, 2):
                sheet.write_string(row, 0, "2026-03-31")
                sheet.write_string(row, 2, "EUR")
            sheet.merge_range(1, 1, 2, 1, 500)

        data = workbook(draw)
        with pytest.raises(Misconfigured, match=r'row 3, column "Amount": is merged with row 2; part'):
            costs(folder, data)
        (cost,) = costs(folder, data, accept_partial=True)
        assert cost.money.amount == 500

    def test_a_title_merged_over_the_table_is_no_heading(self, folder: Folder):
        def draw(_book: Any, sheet: Any) -> None:
            sheet.merge_range(0, 0, 1, 2, "Northwind: the plan")
            sheet.write_row(3, 0, ["Prepared by", "Helen", ""])
            sheet.write_row(5, 0, ["Id", "Title", "Due date"])
            sheet.write_row(6, 0, ["1", "t", "2026-05-01"])

        (issue,) = issues(folder, workbook(draw))
        assert (issue.title, issue.due) == ("t", date(2026, 5, 1))

    def test_a_formula_that_was_never_calculated_is_not_an_empty_cell(self, folder: Folder):
        data = edited(
            table(("Title", "Points"), ("t", 5)),
            "xl/worksheets/sheet1.xml",
            lambda xml: xml.replace(b"<v>5</v>", b"<f>2+3</f>"),
        )
        with pytest.raises(Misconfigured, match=r'row 2, column "Points": holds a formula without a result'):
            issues(folder, data)

    def test_the_other_rows_are_read_only_if_that_is_asked_for(self, folder: Folder):
        data = table(("Title", "Due"), ("a", "soon"), ("b", date(2026, 5, 1)))
        with pytest.raises(Misconfigured, match=r'sheet "Plan", row 2, column "Due": "soon" is not readable'):
            issues(folder, data)
        assert [issue.title for issue in issues(folder, data, accept_partial=True)] == ["b"]


class TestSheets:
    def test_the_first_sheet_that_is_shown_is_read_unless_one_is_named(self, folder: Folder):
        def draw(book: Any, first: Any) -> None:
            first.write_row(0, 0, ["Title"])
            first.write_row(1, 0, ["hidden"])
            second, third = book.worksheets()[1:]
            second.activate()
            second.set_first_sheet()
            first.hide()
            second.write_row(0, 0, ["Title"])
            second.write_row(1, 0, ["second"])
            third.write_row(0, 0, ["Title"])
            third.write_row(1, 0, ["third"])

        data = workbook(draw, "Old", "Now", "Later")
        assert [issue.title for issue in issues(folder, data)] == ["second"]
        assert [issue.title for issue in issues(folder, data, sheet="later")] == ["third"]

    def test_a_sheet_that_is_not_there_is_named_with_those_that_are(self, folder: Folder):
        with pytest.raises(Misconfigured, match=r'no sheet "Plam"; expected "Plan". Did you mean "Plan"'):
            issues(folder, table(("Title",), ("t",)), sheet="Plam")

    def test_an_empty_sheet_has_no_headings(self, folder: Folder):
        with pytest.raises(Misconfigured, match='sheet "Plan" is empty'):
            issues(folder, table())

    def test_offers_list_workbooks_beside_text_files(self, folder: Folder):
        folder.write("a.csv", "id,title\n1,t\n")
        folder.write("b.xlsx", table(("Id", "Title"), (1, "t"), (2, "u")))
        found = [(offer.settings["path"], offer.detail) for offer in folder.connect().offers()]
        assert found == [("a.csv", "1 rows: id, title"), ("b.xlsx", "2 rows: Id, Title")]

    def test_an_approved_plan_may_be_a_workbook(self):
        (row,) = read_plan(table(("Key", "Due"), ("FW-1", date(2026, 5, 1))), "plan.xlsx")
        assert (row.name, row.due) == ("FW-1", date(2026, 5, 1))


def edited(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            body = old.read(info)
            new.writestr(info.filename, change(body) if info.filename == part else body)
    return target.getvalue()


def _more(data: bytes, **parts: bytes) -> bytes:
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(f"xl/{name}.xml", body)
    return target.getvalue()


PLAIN = table(("Title",), ("t",))
SHEET = "xl/worksheets/sheet1.xml"
LOL = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def _declared(data: bytes, part: str, size: int) -> bytes:
    """The same zip, whose lists say that a part has another size."""
    changed = bytearray(data)
    for sign, where in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = changed.find(sign)
        while at >= 0:
            name_at = at + (46 if sign == b"PK\x01\x02" else 30)
            if changed[name_at : name_at + len(part)] == part.encode():
                changed[at + where : at + where + 4] = struct.pack("<I", size)
            at = changed.find(sign, at + 4)
    return bytes(changed)


def _texts(count: int, length: int) -> bytes:
    """Many cells that all refer to one long text."""

    def draw(_book: Any, sheet: Any) -> None:
        for row in range(count):
            sheet.write_string(row, 0, "x" * length)

    return workbook(draw)


HARMFUL: dict[str, tuple[Callable[[], bytes], str]] = {
    "not a zip": (lambda: b"PK\x03\x04 and nothing more", "it is damaged"),
    "cut off": (lambda: PLAIN[: len(PLAIN) // 2], "it is damaged"),
    "a password": (lambda: b"\xd0\xcf\x11\xe0" + bytes(100), "has a password"),
    "a zip of something else": (lambda: _more(_empty_zip(), note=b"<a/>"), "cannot be read as a workbook"),
    "too many parts": (lambda: _more(PLAIN, **{f"p{n}": b"<a/>" for n in range(2_000)}), "2,000 parts"),
    "a part squeezed too well": (lambda: _more(PLAIN, big=b" " * 2_000_000), "200 times its size"),
    "parts too large together": (
        lambda: _declared(_declared(PLAIN, SHEET, 150_000_000), "xl/workbook.xml", 60_000_000),
        "unfolds to more than 200,000,000 bytes",
    ),
    "a part that lies about its size": (
        lambda: _declared(_more(PLAIN, big=b"<a>" + b" " * 2_000_000 + b"</a>"), "xl/big.xml", 500),
        "not as long as the file says",
    ),
    "a DOCTYPE": (
        lambda: edited(PLAIN, SHEET, lambda xml: xml.replace(b"?>", b"?>" + LOL, 1)),
        "has a DOCTYPE",
    ),
    "an external DTD": (
        lambda: edited(PLAIN, SHEET, lambda x: x.replace(b"?>", b'?><!DOCTYPE x SYSTEM "file:///x">', 1)),
        "has a DOCTYPE",
    ),
    "a DOCTYPE in UTF-16": (
        lambda: _more(
            PLAIN, notes='<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16")
        ),
        "has a DOCTYPE",
    ),
    "too deep": (
        lambda: _more(PLAIN, deep=b"<a>" * 200_000 + b"</a>" * 200_000),
        "nested too deeply|200 times",
    ),
    "a name that leads out": (
        lambda: _more(PLAIN, **{"../../evil": b"<a/>"}),
        "no spreadsheet program names",
    ),
    "an encoding that nobody knows": (
        lambda: edited(PLAIN, SHEET, lambda xml: xml.replace(b"UTF-8", b"UTA-8")),
        "is no XML",
    ),
    "no XML": (lambda: edited(PLAIN, SHEET, lambda xml: xml[:300]), "is no XML"),
    "the farthest cell": (
        lambda: edited(PLAIN, SHEET, lambda xml: xml.replace(b'r="A2"', b'r="XFD1048576"')),
        "has a value in row 1048576",
    ),
    "a far column": (
        lambda: edited(PLAIN, SHEET, lambda xml: xml.replace(b'r="A2"', b'r="XFD2"')),
        "row 2 has a value in column 16384; 200 are the most",
    ),
    "an area too large": (
        lambda: edited(PLAIN, SHEET, lambda xml: xml.replace(b'r="A2"', b'r="CV900000"')),
        "spread over more than 2,000,000 cells by row 900000",
    ),
    "one text in very many cells": (lambda: _texts(7_000, 30_000), "more than 200,000,000 characters"),
}


def _empty_zip() -> bytes:
    target = io.BytesIO()
    zipfile.ZipFile(target, "w").close()
    return target.getvalue()


class TestHarm:
    @pytest.mark.parametrize("what", HARMFUL)
    def test_it_is_refused_quickly_with_the_reason_and_little_memory(self, folder: Folder, what: str):
        make, reason = HARMFUL[what]
        data = make()
        folder.write("plan.xlsx", data)
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        with pytest.raises(Misconfigured, match=rf"plan\.xlsx: ({reason}|its? .*({reason}))"):
            folder.pull(plan(path="plan.xlsx"))
        assert time.perf_counter() - began < 5
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000

    def test_a_million_rows_are_too_many(self):
        rows = b"".join(b"<row><c><v>1</v></c></row>" for _ in range(1_000_001))
        data = edited(
            PLAIN,
            SHEET,
            lambda xml: xml[: xml.index(b"<sheetData>") + 11] + rows + xml[xml.index(b"</sheetData>") :],
        )
        with pytest.raises(BadSheet, match=r"200 times its size|value in row 1000001"):
            read_workbook(data, None, (), ".")

    def test_a_large_honest_sheet_is_read(self, folder: Folder):
        rows = [(f"T-{n}", f"task number {n * 7919 % 10_007}", date(2026, 5, 1)) for n in range(5_000)]
        found = issues(folder, table(("Id", "Title", "Due"), *rows))
        assert [(issue.ref.id, issue.title, issue.due) for issue in found] == [
            (f"plan.xlsx:{id}", title, due) for id, title, due in rows
        ]


_WHOLE = table(("Id", "Title", "Due"), (1, "t", date(2026, 5, 1)), (2, "u", None))


@given(
    flips=st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255)), max_size=12),
    end=st.integers(0, len(_WHOLE)),
)
@settings(deadline=None)
def test_a_damaged_workbook_is_read_or_refused(flips: list[tuple[int, int]], end: int):
    data = bytearray(_WHOLE)
    for at, value in flips:
        data[at] = value
    assert _headings_or_reason(bytes(data if end % 3 else data[:end]))


@given(
    change=st.sampled_from(
        [b"<v>", b'r="', b't="', b"<c ", b"<row ", b"mergeCell", b"</sheetData>", b"<sheet "]
    ),
    part=st.sampled_from([SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"]),
    odd=st.one_of(
        st.binary(max_size=6), st.sampled_from([b"9" * 5_000, b"-1", b"\xff", b"A" * 300, b'A1:XFD9"'])
    ),
)
@settings(deadline=None)
def test_odd_parts_of_a_workbook_are_read_or_refused(change: bytes, part: str, odd: bytes):
    assert _headings_or_reason(edited(_WHOLE, part, lambda xml: xml.replace(change, change + odd)))


def _headings_or_reason(data: bytes) -> object:
    """What was read, or why it was refused; any other error is one that nobody expects."""
    try:
        return read_workbook(data, None, ("Id", "Title"), ".").headings
    except BadSheet as refused:
        return str(refused)


# The same table, whatever the file


_WORD = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufffe\uffff"
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() == text != "" and "_x" not in text)
_ID = st.integers(1, 10**9)
_DAY = st.dates(date(1970, 1, 2), date(2199, 12, 30))
_AMOUNT = st.decimals(-(10**9), 10**9, places=2)
_MOMENT = st.builds(
    lambda day, second: datetime.fromisoformat(day.isoformat()) + timedelta(seconds=second),
    _DAY,
    st.integers(1, 86_399),
)
"""Never midnight: a spreadsheet cannot tell that from a day alone."""


def _as_text(value: object, order: str, mark: str) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.strftime(order)
    return f"{value:f}".replace(".", mark) if isinstance(value, Decimal) else str(value)


def _as_csv(rows: list[tuple[object, ...]], mark: str) -> bytes:
    lines = (
        "\t".join('"' + _as_text(value, "%d.%m.%Y", mark).replace('"', '""') + '"' for value in row)
        for row in rows
    )
    return "\n".join(lines).encode()


def _as_workbook(rows: list[tuple[object, ...]]) -> bytes:
    return table(*(tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in rows))


@given(
    rows=st.lists(
        st.tuples(_ID, _WORD, _DAY, _AMOUNT, st.one_of(st.none(), _WORD)),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[0],
    ),
    mark=st.sampled_from([".", ","]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_table_of_costs_reads_the_same_as_csv_and_as_a_workbook(
    folder: Folder, rows: list[tuple[object, ...]], mark: str
):
    head: tuple[object, ...] = ("Id", "Description", "Date", "Amount", "Supplier")
    how = {"content": "costs", "currency": "EUR", "decimal": mark, "dates": "DD.MM.YYYY", "delimiter": "\t"}
    folder.write("costs.one", _as_csv([head, *rows], mark))
    (text,) = folder.pull(plan(path="costs.*", **how))
    folder.write("costs.one", _as_workbook([head, *rows]))
    (book,) = folder.pull(plan(path="costs.*", **how))
    assert book.costs == text.costs
    assert len(book.costs) == len(rows)


@given(
    rows=st.lists(
        st.tuples(
            _WORD, st.one_of(st.none(), _DAY), st.one_of(st.none(), _MOMENT), st.one_of(st.none(), _AMOUNT)
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_table_of_issues_reads_the_same_as_csv_and_as_a_workbook(
    folder: Folder, rows: list[tuple[object, ...]]
):
    head: tuple[object, ...] = ("Title", "Due", "Created", "Estimate")
    how = {"dates": "DD.MM.YYYY", "delimiter": "\t", "timezone": "Europe/London"}
    folder.write("plan.one", _as_csv([head, *rows], "."))
    (text,) = folder.pull(plan(path="plan.*", **how))
    folder.write("plan.one", _as_workbook([head, *rows]))
    (book,) = folder.pull(plan(path="plan.*", **how))
    same = [(i.title, i.due, i.created, i.estimate, i.ref) for i in text.issues]
    assert [(i.title, i.due, i.created, i.estimate, i.ref) for i in book.issues] == same
    assert len(same) == len(rows)
