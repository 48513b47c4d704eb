"""CSV and XLSX of the cost report: real numbers and dates, and text that no spreadsheet obeys."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import html5lib
import pytest
from python_calamine import CalamineWorkbook

from reports.cost.sheets import cost_workbook
from reports.pages.cost import cost_page
from reports.render.csv import plain_text
from reports.render.csv import render as write_csv
from reports.render.html import render as html
from reports.render.sheets import Head, Kind, Sheet, Workbook
from reports.render.terminal import render as terminal
from reports.render.xlsx import render as write_xlsx
from reports.text import shown
from reports.wording import speaker_for
from tests.hostile import PAYLOADS, VAST
from tests.reports.cost_story import BEGIN, reported, told

ORIGIN = "https://jira.example"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
BEGINS = frozenset("=+-@\t\r\n\0＝＋－＠")


def workbook(*rows: tuple, heads: tuple[Head, ...] = (Head("Text"), Head("Link", Kind.LINK))) -> Workbook:
    sheet = Sheet("Rows", heads, rows)
    at = datetime(2026, 3, 25, 12, tzinfo=UTC)
    return Workbook("Title", at, (sheet,), sheet, frozenset({ORIGIN}), {"subject": "s"})


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def cells(content: bytes, sheet: str = "Rows") -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()


def formulas(content: bytes) -> int:
    sheets = [text for name, text in parts(content).items() if name.startswith("xl/worksheets/sheet")]
    return sum(len(ElementTree.fromstring(text).findall(f".//{MAIN}f")) for text in sheets)


def outside(content: bytes) -> list[str]:
    """The addresses outside the file that anything in it refers to."""
    found = b"".join(text for name, text in parts(content).items() if name.endswith(".rels")).decode()
    return re.findall(r'Target="([^"]*)" TargetMode="External"', found)


@pytest.fixture(scope="module")
def hostile() -> Workbook:
    return workbook(*((text, text) for text in PAYLOADS.values()))


def test_no_text_is_a_formula_or_a_link_in_xlsx(hostile):
    content = write_xlsx(hostile)
    assert formulas(content) == 0
    allowed = [text for text in PAYLOADS.values() if text.startswith(f"{ORIGIN}/")]
    assert all(target.startswith(f"{ORIGIN}/") for target in outside(content))
    assert len(outside(content)) <= len(allowed)


def test_every_text_is_in_xlsx_as_it_is_shown_everywhere_else(hostile):
    found = cells(write_xlsx(hostile))[1:]
    assert [str(row[0]) for row in found] == [shown(text) for text in PAYLOADS.values()]


def test_a_text_that_is_too_long_for_a_cell_is_cut_with_a_mark_and_not_dropped():
    long = "a" * 40_000
    (_, (text, _)) = cells(write_xlsx(workbook((long, ""))))
    assert len(str(text)) == 32_767
    assert str(text).endswith("… (cut)")
    assert len(cells(write_xlsx(workbook(*((text, text) for text in VAST.values()))))) == len(VAST) + 1


def test_a_link_leads_to_a_configured_tracker_only():
    urls = (f"{ORIGIN}/browse/A-1", "https://evil.example/x", "file:///etc/passwd", r"external:\\evil\share")
    content = write_xlsx(workbook(*(("x", url) for url in urls)))
    assert outside(content) == [urls[0]]


def test_numbers_and_dates_are_numbers_and_dates_in_xlsx():
    heads = (Head("Date", Kind.DATE), Head("Money", Kind.MONEY), Head("Text"))
    content = write_xlsx(workbook((date(2026, 3, 1), Decimal("-12.34"), "-12.34"), heads=heads))
    assert cells(content)[1] == [date(2026, 3, 1), -12.34, "-12.34"]


def test_the_same_workbook_is_the_same_bytes():
    book = workbook(("x", ""))
    assert write_xlsx(book) == write_xlsx(book)


def test_more_rows_than_a_sheet_holds_are_refused_with_the_way_out():
    many = Sheet("Rows", (Head("Text"),), (("x",),) * 1_048_576)
    book = Workbook("T", datetime(2026, 1, 1, tzinfo=UTC), (many,), many, None, {})
    with pytest.raises(ValueError, match="--format csv"):
        write_xlsx(book)


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS)
def test_no_text_begins_as_a_formula_in_csv_and_each_can_be_read_back(text):
    written = write_csv(workbook((text, text)))
    (_, row) = csv.reader(io.StringIO(written, newline=""))
    assert row == [plain_text(text)] * 2
    assert row[0].lstrip(" \u3000\xa0\"'")[:1] not in BEGINS or row[0].startswith("'")
    assert row[0] in (shown(text), f"'{shown(text)}")


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\t=1", "+1", "-1", "@x", "＝1", "'=1", '"=1', "\n=1"])
def test_what_a_spreadsheet_could_run_has_an_apostrophe_before_it(text):
    assert plain_text(text) == f"'{shown(text)}"


@pytest.mark.parametrize("text", ["a=1", "3 - 2", "PAY-1", "x@y", "", "£-1"])
def test_any_other_text_stays_as_it_is(text):
    assert plain_text(text) == text


def test_a_negative_amount_is_a_number_and_not_guarded_text_in_csv():
    book = workbook((Decimal("-12.50"), ""), heads=(Head("Money", Kind.MONEY), Head("Text")))
    assert '"-12.50"' in write_csv(book)


def test_the_report_as_sheets_has_its_sums_rows_orders_and_what_has_no_price():
    work, report = reported(told(), "wave")
    by = speaker_for(work, report.items)
    content = write_xlsx(cost_workbook(report, by, {"jira": "Jira"}, frozenset({ORIGIN})))
    summary = {row[0]: row for row in cells(content, "Summary")}
    assert (summary["Spent"][1], summary["Spent"][3]) == (7_900, "at least")
    assert summary["Ordered, not invoiced"][1] == 2_400
    rows = cells(content)
    head = [str(title) for title in rows[0]]
    amount, counts = head.index("Amount, GBP"), head.index("Counts")
    kinds = {"spent", "worked"}
    counted = [
        row[amount] for row in rows[1:] if row[1] in kinds and row[counts] == "yes" and row[amount] != ""
    ]
    assert sum(counted) == 7_900
    assert [row[counts] for row in rows[1:]].count("no, logged twice") == 1
    assert cells(content, "Orders")[1][:6] == ["PO-1", "Acme ", "USD", 5_000, 2_000, 3_000]
    assert len(cells(content, "Not priced")) == 1 + len(report.unpriced)
    assert [f"{ORIGIN}/ERP-1"] * 2 == [url for url in outside(content) if url.endswith("ERP-1")]


def elements(page: str) -> list[str]:
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return [str(node.tag) for node in tree.iter()]


@pytest.mark.parametrize(
    "name", ["element-1", "attribute-0", "escape-1", "invisible-0", "formula-0", "style-1"]
)
def test_text_of_files_and_trackers_is_only_shown_on_the_page(name):
    """The page of a hostile story has the elements of a harmless one, and none of its commands."""
    pages = []
    for text in ("word", PAYLOADS[name]):
        trackers = told(text)
        trackers.cost("2026-03-01", 10, "GBP", learned=BEGIN, description=text, order=text, category=text)
        trackers.cost("2026-03-01", 10, "GBP", learned=BEGIN, issue=text, deliverable=text, person=text)
        work, report = reported(trackers, "wave")
        page = cost_page(work, report, speaker_for(work, report.items))
        pages.append(elements(html(page)))
        lines = "".join(line.plain for line in terminal(page, 100))
        assert lines == shown(lines)
    assert sorted(pages[0]) == sorted(pages[1])
