"""A folder of CSV files keeps every promise of the contract, and a bad file never leaves half of itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance import ConnectorContract, Trial, stored_pages
from connectors.errors import AccessRefused, Misconfigured, SourceStopped, Unreachable
from model.values import CostKind, Issue, Money, Ref, StatusCategory, Unit
from tests.connectors.folder import NOW, Folder, plan


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "exports"
    root.mkdir()
    return Folder(root)


class Desk:
    """A plan that somebody edits in a spreadsheet and saves."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._ticks = count()
        self._titles = {f"A-{n}": f"Task {n}" for n in range(1, 8)}
        self._save()

    def _save(self) -> None:
        rows = [f"{id},{title},Open,2026-03-02,Ada;Bo,Go-live" for id, title in self._titles.items()]
        self._folder.write("plan.csv", "\n".join(["Id,Title,Status,Created,Owner,Milestone", *rows]))

    def now(self) -> datetime:
        return NOW + timedelta(minutes=next(self._ticks))

    def ids(self) -> frozenset[str]:
        return frozenset(f"plan.csv:{id}" for id in self._titles)

    def retitle(self, title: str) -> str:
        self._titles["A-3"] = title
        self._save()
        return "plan.csv:A-3"

    def create(self, title: str) -> str:
        self._titles["A-99"] = title
        self._save()
        return "plan.csv:A-99"


class TestFile(ConnectorContract):
    @pytest.fixture
    def trial(self, folder: Folder, tmp_path: Path) -> Trial:
        desk = Desk(folder)
        return Trial(
            connection="files",
            connect=lambda: folder.connect(page=3),
            source=plan(),
            now=desk.now,
            ids=desk.ids,
            retitle=desk.retitle,
            create=desk.create,
            unreachable=lambda: folder.connect(root=tmp_path / "not mounted"),
            elsewhere=plan(path="nowhere.csv"),
        )


EVERYTHING = """\
Id,Key,Summary,Type,State,Created,Updated,Resolved,Start date,Due date,Points,% Complete,\
Owner,Label,Label,Component,Fix version,Bucket,Parent,Priority,Description,URL,Wave
7,FW-7,Move the mail,Task,In Review,2026-03-02T08:00,2026-03-03T10:00:00+02:00,,2026-03-02,2026-04-01,2.5,\
40%,Ada Öz; bo@example.com,x;y,z,Data,Go-live,Cut-over,6,High,"two
lines",https://jira.example/browse/ED-1,North
6,FW-6,An epic,Epic,Done,2026-03-02,,2026-03-20,,,,,,,,,,,,,,,
"""


def test_a_row_becomes_an_issue_in_unified_words(folder: Folder):
    task, epic = folder.issues(EVERYTHING, timezone="Europe/Berlin", attributes=["Wave"], unit=Unit.DAYS)
    assert task == Issue(
        ref=Ref("files", "plan.csv:7"),
        source="plan.csv",
        key="FW-7",
        title="Move the mail",
        url="",
        status=StatusCategory.DOING,
        status_original="In Review",
        type="Task",
        created=datetime(2026, 3, 2, 7, tzinfo=UTC),
        updated=datetime(2026, 3, 3, 8, tzinfo=UTC),
        start=date(2026, 3, 2),
        due=date(2026, 4, 1),
        estimate=Decimal("2.5"),
        unit=Unit.DAYS,
        percent=40,
        assignees=frozenset({"Ada Öz", "bo@example.com"}),
        labels=frozenset({"x", "y", "z"}),
        components=frozenset({"Data"}),
        milestone="plan.csv:Go-live",
        bucket="Cut-over",
        parent="plan.csv:6",
        priority="High",
        attributes=(("Wave", "North"),),
        body="two\nlines",
        links=("https://jira.example/browse/ED-1",),
        version=task.version,
    )
    assert (epic.status, epic.finished) == (StatusCategory.DONE, datetime(2026, 3, 20, 11, tzinfo=UTC))
    assert task.version == epic.version != ""


def test_a_batch_names_the_people_and_milestones_of_its_issues(folder: Folder):
    folder.write("plan.csv", EVERYTHING)
    (batch,) = folder.pull(plan())
    assert [(account.ref.id, account.email) for account in batch.accounts] == [
        ("Ada Öz", None),
        ("bo@example.com", "bo@example.com"),
    ]
    assert [(milestone.ref.id, milestone.name) for milestone in batch.milestones] == [
        ("plan.csv:Go-live", "Go-live")
    ]
    assert batch.raw[0].body == EVERYTHING.encode()


def test_a_parent_may_be_named_by_its_key(folder: Folder):
    child, _ = folder.issues("id,key,title,parent\n1,FW-1,child,FW-2\n2,FW-2,parent,\n")
    assert child.parent == "plan.csv:2"


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ("Won't do,", StatusCategory.CANCELLED),
        ("in PROGRESS,100", StatusCategory.DOING),
        ("Parked,", StatusCategory.UNKNOWN),
        ("Awaiting sign-off,", StatusCategory.DOING),
        (",0", StatusCategory.TODO),
        (",1", StatusCategory.DOING),
        (",100", StatusCategory.DONE),
        (",", StatusCategory.UNKNOWN),
    ],
)
def test_a_status_is_read_by_the_config_then_by_common_use_then_by_the_percentage(
    folder: Folder, row: str, status: StatusCategory
):
    settings = {"status": {"doing": ["awaiting sign-off"]}}
    (issue,) = folder.issues(f"title,status,percent\nt,{row}\n", **settings)
    assert issue.status == status


def test_costs_are_amounts_with_a_currency_and_a_day(folder: Folder):
    text = "Posted;Net;Cur;Text;Kind\n31.03.2026;1.234,50;eur;Licences;committed\n01.04.2026;-10;;refund;\n"
    settings: dict[str, Any] = {"columns": {"date": "Posted", "amount": "Net", "currency": "Cur"}}
    settings |= {"delimiter": ";", "decimal": ",", "dates": "DD.MM.YYYY", "currency": "GBP"}
    first, second = folder.costs(text, **settings)
    assert (first.on, first.money) == (date(2026, 3, 31), Money(Decimal("1234.50"), "EUR"))
    assert (first.kind, first.description) == (CostKind.COMMITTED, "Licences")
    assert (second.money, second.kind) == (Money(Decimal("-10"), "GBP"), CostKind.ACTUAL)


def test_a_cost_says_whom_it_paid_by_which_order_and_for_whose_time(folder: Folder):
    text = "date,amount,currency,Vendor,Purchase order,Person,Role,Category\n"
    bought, worked = folder.costs(
        text + "2026-03-31,10,EUR,Arden,PO-1,,,Licences\n2026-03-31,20,EUR,,,r-menon,developer,\n"
    )
    assert (bought.supplier, bought.order, bought.category) == ("Arden", "PO-1", "Licences")
    assert (bought.person, bought.role) == (None, None)
    assert (worked.supplier, worked.order, worked.person, worked.role) == ("", None, "r-menon", "developer")


def test_an_order_may_be_the_id_of_its_own_row(folder: Folder):
    text = "Order,date,amount,currency\nPO-1,2026-03-31,10,EUR\n"
    (cost,) = folder.costs(text, columns={"id": "Order"}, cost="committed")
    assert (cost.ref.id, cost.order, cost.kind) == ("costs.csv:PO-1", "PO-1", CostKind.COMMITTED)


def test_naming_an_amount_makes_the_rows_costs():
    assert plan(columns={"amount": "Net"}).rows == "costs"
    assert plan().rows == "issues"


def test_a_source_of_issues_says_nothing_of_costs(folder: Folder):
    folder.write("plan.csv", "id,title\n1,t\n")
    (batch,) = folder.pull(plan())
    assert batch.all_costs is None


class TestIdentity:
    def test_without_ids_the_same_row_keeps_the_same_id(self, folder: Folder):
        text = "title,due\nalpha,2026-05-01\nbeta,\nbeta,\n"
        before = folder.issues(text)
        after = folder.issues("title,due\nnew,\n" + text.replace("2026-05-01", "2026-06-01")[10:])
        assert len({issue.ref for issue in before}) == 3
        assert [issue.ref for issue in after[1:]] == [issue.ref for issue in before]

    def test_two_equal_costs_are_two_costs(self, folder: Folder):
        row = "2026-03-31,10,EUR\n"
        costs = folder.costs("date,amount,currency\n" + row + row)
        assert len({cost.ref for cost in costs}) == 2
        assert folder.costs("date,amount,currency\n" + row + row) == costs

    def test_a_key_serves_where_there_is_no_id(self, folder: Folder):
        (issue,) = folder.issues("key,title\nFW-1,t\n")
        assert (issue.ref.id, issue.key) == ("plan.csv:FW-1", "FW-1")

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ("1,a\n1,b\n", 'row 3, column "id".*row 2 already'),
            ("1,a\n,b\n", 'row 3, column "id": is empty'),
        ],
    )
    def test_an_id_that_is_missing_or_there_twice_is_named(self, folder: Folder, rows: str, message: str):
        with pytest.raises(Misconfigured, match=message):
            folder.issues("id,title\n" + rows)

    def test_an_id_in_two_files_keeps_the_later_one_out(self, folder: Folder):
        folder.write("a.csv", "id,title\n1,first\n")
        folder.write("b.csv", "id,title\n2,other\n1,second\n")
        seen: list[Issue] = []
        walk = folder.connect().pull(plan(path="*.csv"), {}, NOW)
        with pytest.raises(Misconfigured, match=r'b\.csv, row 3: id "1" is in a\.csv too'):
            seen.extend(issue for batch in walk for issue in batch.issues)
        assert [issue.title for issue in seen] == ["first"]


def _long_plan(rows: int, due_of: Callable[[int], str]) -> str:
    return "Id,Title,Due\n" + "".join(f"{n},task {n},{due_of(n)}\n" for n in range(2, rows + 2))


class TestBadRows:
    def test_a_bad_date_is_named_by_file_row_column_and_form_and_nothing_is_stored(self, folder: Folder):
        folder.write("plan.csv", _long_plan(30, lambda row: "31/02/2026" if row == 17 else "2026-05-01"))
        walk = folder.connect(page=5).pull(plan(), {}, NOW)
        with pytest.raises(Misconfigured) as refusal:
            next(walk)
        text = str(refusal.value)
        assert 'plan.csv, row 17, column "Due": "31/02/2026"' in text
        assert "YYYY-MM-DD" in text
        assert "2026-03-31" in text
        assert "accept_partial = true" in text
        assert text.endswith("crosstie pull")

    def test_accepting_parts_parks_the_bad_row_and_reads_the_others(self, folder: Folder):
        folder.write("plan.csv", _long_plan(30, lambda row: "soon" if row == 17 else "2026-05-01"))
        (batch,) = folder.pull(plan(accept_partial=True))
        assert len(batch.issues) == 29
        (parked,) = batch.parked
        assert parked.key == "17"
        assert 'plan.csv, row 17, column "Due": "soon" is not readable' in parked.reason
        assert batch.complete
        assert batch.expected == 30

    def test_the_other_files_are_read_but_the_walk_is_not_complete(self, folder: Folder):
        folder.write("a.csv", "id,title,due\n1,good,2026-05-01\n")
        folder.write("b.csv", "id,title,due\n2,bad,soon\n")
        folder.write("c.csv", "id,title,due\n3,good,\n")
        walk = folder.connect().pull(plan(path="*.csv"), {}, NOW)
        batches = [next(walk), next(walk)]
        with pytest.raises(Misconfigured, match=r"b\.csv, row 2"):
            next(walk)
        assert [[issue.ref.id for issue in batch.issues] for batch in batches] == [["*.csv:1"], ["*.csv:3"]]
        assert not any(batch.complete for batch in batches)

    def test_a_mended_file_is_read_with_the_next_pull(self, folder: Folder):
        folder.write("a.csv", "id,title\n1,good\n")
        folder.write("b.csv", "id,title,due\n2,bad,soon\n")
        walk = folder.connect().pull(plan(path="*.csv"), {}, NOW)
        cursor = next(walk).cursor
        folder.write("b.csv", "id,title,due\n2,good now,2026-05-01\n")
        (batch,) = folder.pull(plan(path="*.csv"), {"issues": cursor})
        assert [issue.title for issue in batch.issues] == ["good now"]
        assert batch.complete

    def test_all_that_is_wrong_is_said_at_once_up_to_five_lines(self, folder: Folder):
        rows = "".join(f"{n},,never,x\n" for n in range(4))
        with pytest.raises(Misconfigured) as refusal:
            folder.issues("id,title,due,estimate\n" + rows)
        lines = str(refusal.value).splitlines()
        assert [line.split(":")[0] for line in lines[:5]] == [
            'plan.csv, row 2, column "title"',
            'plan.csv, row 2, column "due"',
            'plan.csv, row 2, column "estimate"',
            'plan.csv, row 3, column "title"',
            'plan.csv, row 3, column "due"',
        ]
        assert lines[5].startswith("And 7 more")

    @pytest.mark.parametrize(
        ("column", "cell", "expected"),
        [
            ("due", "2026-02-30", "a date as YYYY-MM-DD"),
            ("due", "0206-03-01", "a date as YYYY-MM-DD"),
            ("created", "2026-03-01T25:00", "or a time such as"),
            ("created", "0001-01-01T00:00+05:00", "between 1970"),
            ("estimate", "3,5", "a number such as 1234.5"),
            ("estimate", "NaN", "a number such as 1234.5"),
            ("estimate", "1e9", "a number such as 1234.5"),
            ("estimate", "9" * 31, "a number such as 1234.5"),
            ("percent", "101", "a whole number from 0 to 100"),
            ("percent", "half", "a whole number from 0 to 100"),
        ],
    )
    def test_a_cell_that_is_not_what_its_column_holds_is_refused(
        self, folder: Folder, column: str, cell: str, expected: str
    ):
        with pytest.raises(Misconfigured, match=f'row 2, column "{column}".*{expected}'):
            folder.issues(f'title,{column}\nt,"{cell}"\n')

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ("2026-03-31,1.23456,EUR,", "at most four places"),
            ("2026-03-31,100000000000000,EUR,", "an amount such as"),
            ("2026-03-31,€ 5,EUR,", "a number such as"),
            ("2026-03-31,5,euro,", "currency code of ISO 4217"),
            ("2026-03-31,5,,", 'column "currency": is empty'),
            (",5,EUR,", 'column "date": is empty'),
            ("2026-03-31,5,EUR,wished for", "budgeted, committed or actual"),
        ],
    )
    def test_a_cost_that_cannot_be_certain_is_refused(self, folder: Folder, row: str, expected: str):
        with pytest.raises(Misconfigured, match=expected):
            folder.costs(f"date,amount,currency,kind\n{row}\n")

    def test_a_row_that_is_longer_than_the_headings_is_refused(self, folder: Folder):
        with pytest.raises(Misconfigured, match=r"row 3, 3 cells under 2 headings.*quotes"):
            folder.issues("id,title\n1,fine\n2,one, two\n")

    def test_a_row_may_end_early_and_blank_rows_are_no_issues(self, folder: Folder):
        issues = folder.issues("id,title,due\n1,short\n\n,,\n2,whole,2026-05-01\n")
        assert [(issue.title, issue.due) for issue in issues] == [
            ("short", None),
            ("whole", date(2026, 5, 1)),
        ]


class TestBadFiles:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "it has no headings"),
            (b"\n\n", "it has no headings"),
            (b"id,what\n1,t\n", 'no column holds the title: none is headed "title" or "summary" or "name"'),
            (b"id;title\n1;t\n", 'set `delimiter` if cells are not parted by ","'),
            (b"title,title\na,b\n", '2 columns are headed "title"'),
            (b'title\n"never closed\n', "row 2 .* cannot be read.*mend its quotes"),
            ("title\nGeb\u00fchr\n".encode("cp1252"), 'is not utf-8-sig .line 2, byte 9.*"cp1252"'),
            ("title\nt\n".encode("utf-16"), "is not utf-8-sig"),
            (b'title\n"' + b"x" * 200_000 + b'"\n', "row 2 .* larger than field limit"),
            (b",".join([b"h"] * 201), "201 columns; the most"),
        ],
    )
    def test_a_file_that_cannot_be_read_is_named_with_the_reason(
        self, folder: Folder, data: bytes, message: str
    ):
        with pytest.raises(Misconfigured, match=rf"(?s)plan\.csv: .*{message}"):
            folder.issues(data)

    def test_a_heading_that_the_config_names_must_be_there(self, folder: Folder):
        with pytest.raises(Misconfigured, match=r'no column "Due day".*Did you mean "Due date"'):
            folder.issues("title,Due date\nt,\n", columns={"due": "Due day"})

    def test_accepting_parts_does_not_accept_a_file_without_its_columns(self, folder: Folder):
        with pytest.raises(Misconfigured, match="no column holds the title"):
            folder.issues("id\n1\n", accept_partial=True)

    def test_costs_without_any_currency_are_refused(self, folder: Folder):
        with pytest.raises(Misconfigured, match='set currency = "EUR"'):
            folder.costs("date,amount\n2026-03-31,5\n")

    def test_headings_without_rows_are_an_empty_source(self, folder: Folder):
        folder.write("plan.csv", "id,title\n")
        (batch,) = folder.pull(plan())
        assert (batch.issues, batch.complete, batch.expected) == ((), True, 0)


class TestText:
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16", "cp1252"])
    def test_a_file_is_read_in_its_own_encoding(self, folder: Folder, encoding: str):
        (issue,) = folder.issues("title\nGebühr – Ö\n".encode(encoding), encoding=encoding)
        assert issue.title == "Gebühr – Ö"

    def test_the_mark_that_spreadsheets_write_first_is_no_part_of_a_heading(self, folder: Folder):
        (issue,) = folder.issues("title\nt\n".encode("utf-8-sig"))
        assert issue.title == "t"

    @pytest.mark.parametrize(
        "title",
        [
            '=HYPERLINK(""http://evil.example"")',
            "+1",
            "@SUM(A1)",
            "-2+3",
            "[bold]x[/x]",
            "<script>alert(1)</script>",
            "\u202eevil",
            "🚆" * 5_000,
            "x" * 10_000,
            "javascript:alert(1)",
            "\x1b]8;;http://evil\x07",
        ],
    )
    def test_whatever_a_cell_holds_stays_text(self, folder: Folder, title: str):
        (issue,) = folder.issues(f'title\n"{title}"\n')
        assert issue.title == title.replace('""', '"')

    def test_what_no_store_can_hold_is_replaced_with_a_note(self, folder: Folder):
        folder.write("plan.csv", b"title\na\0b\n")
        (batch,) = folder.pull(plan())
        assert batch.issues[0].title == "a\ufffdb"
        assert batch.notes == ("plan.csv: 1 characters that no store can hold were replaced.",)

    def test_line_breaks_of_any_system_part_rows(self, folder: Folder):
        issues = folder.issues(b"id,title\r\n1,a\r\n2,b\r\n")
        assert [issue.title for issue in issues] == ["a", "b"]


class TestUnchanged:
    def test_an_unchanged_file_yields_nothing(self, folder: Folder):
        folder.write("a.csv", "id,title\n1,one\n")
        folder.write("b.csv", "id,title\n2,two\n")
        source = plan(path="*.csv")
        first = folder.pull(source)
        cursors = {"issues": first[-1].cursor}
        (again,) = folder.pull(source, cursors)
        assert (again.issues, again.raw, again.complete) == ((), (), True)
        folder.write("b.csv", "id,title\n2,two again\n")
        (changed,) = folder.pull(source, cursors)
        assert [issue.title for issue in changed.issues] == ["two again"]

    def test_another_mapping_reads_the_same_file_again(self, folder: Folder):
        folder.write("plan.csv", "id,title,Ends\n1,one,2026-05-01\n")
        cursors = {"issues": folder.pull(plan())[-1].cursor}
        (batch,) = folder.pull(plan(columns={"due": "Ends"}), cursors)
        assert batch.issues[0].due == date(2026, 5, 1)

    def test_a_file_that_changed_between_two_pages_is_read_from_its_top(self, folder: Folder):
        folder.write("plan.csv", "id,title\n1,a\n2,b\n3,c\n")
        cursor = next(folder.connect(page=2).pull(plan(), {}, NOW)).cursor
        folder.write("plan.csv", "id,title\n1,a2\n2,b\n3,c\n")
        rest = folder.pull(plan(), {"issues": cursor}, page=2)
        assert [issue.title for batch in rest for issue in batch.issues] == ["a2", "b", "c"]


class TestReplay:
    def test_a_file_that_is_gone_is_not_read_again_from_the_store(self, folder: Folder):
        source = plan(path="*.csv", content="costs")
        for name, amount in (("a.csv", 1), ("b.csv", 2)):
            folder.write(name, f"id,date,amount,currency\n{name},2026-03-31,{amount},EUR\n")
        first = folder.pull(source)
        (folder.root / "a.csv").unlink()
        second = folder.pull(source, {"costs": first[-1].cursor})
        pages = stored_pages([*first, *second])
        (again,) = folder.connect().replay(source, pages, NOW)
        assert [int(cost.money.amount) for cost in again.costs] == [2]
        assert again.all_costs == {"*.csv:b.csv"}

    def test_what_the_settings_no_longer_understand_is_left_out_with_a_note(self, folder: Folder):
        folder.write("plan.csv", "id,title,Ends\n1,one,soon\n")
        pages = stored_pages(folder.pull(plan()))
        (told,) = folder.connect().replay(plan(columns={"due": "Ends"}), pages, NOW)
        assert (told.issues, told.raw) == ((), ())
        assert told.notes[0].startswith('plan.csv, row 2, column "Ends"')

    def test_another_mapping_reads_the_stored_file_in_its_own_way(self, folder: Folder):
        folder.write("plan.csv", "id,title,Ends\n1,one,2026-05-01\n")
        pages = stored_pages(folder.pull(plan()))
        (folder.root / "plan.csv").unlink()
        (told,) = folder.connect().replay(plan(columns={"due": "Ends"}), pages, NOW)
        assert told.issues[0].due == date(2026, 5, 1)


class TestBorders:
    @pytest.mark.parametrize(
        "path", ["../secret.csv", "a/../../secret.csv", "/etc/passwd", "..", "a\\b.csv", ""]
    )
    def test_a_path_that_leads_out_is_refused_by_the_config(self, path: str):
        with pytest.raises(ValueError, match="below the connection's root"):
            plan(path=path)

    def test_a_link_that_leads_out_is_not_read(self, folder: Folder, tmp_path: Path):
        (tmp_path / "secret.csv").write_text("id,title\n1,secret\n")
        (folder.root / "plan.csv").symlink_to(tmp_path / "secret.csv")
        with pytest.raises(SourceStopped, match=r'"plan\.csv" is a link that leads out'):
            folder.pull(plan())
        assert list(folder.connect().offers()) == []

    def test_a_linked_folder_that_leads_out_is_not_read(self, folder: Folder, tmp_path: Path):
        (tmp_path / "private").mkdir()
        (tmp_path / "private" / "plan.csv").write_text("id,title\n1,secret\n")
        (folder.root / "in").symlink_to(tmp_path / "private")
        with pytest.raises(SourceStopped, match="leads out"):
            folder.pull(plan(path="in/*.csv"))

    def test_a_link_within_the_folder_is_a_file_like_any_other(self, folder: Folder):
        folder.write("real.csv", "id,title\n1,t\n")
        (folder.root / "plan.csv").symlink_to(folder.root / "real.csv")
        (batch,) = folder.pull(plan())
        assert batch.issues[0].title == "t"

    def test_a_pipe_is_not_waited_for(self, folder: Folder):
        os.mkfifo(folder.root / "plan.csv")
        with pytest.raises(SourceStopped, match="not a plain file"):
            folder.pull(plan())

    def test_a_file_that_is_too_large_is_not_loaded(self, folder: Folder):
        with (folder.root / "plan.csv").open("wb") as file:
            file.truncate(64 * 1024 * 1024 + 1)
        with pytest.raises(SourceStopped, match="Split it"):
            folder.pull(plan())

    def test_a_file_that_may_not_be_read_asks_for_the_right(self, folder: Folder):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder.root / "plan.csv"))
            with pytest.raises(AccessRefused, match=r'"plan\.csv" cannot be read: .*Allow it to the user'):
                folder.pull(plan())

    def test_a_missing_folder_may_be_there_later(self, folder: Folder, tmp_path: Path):
        with pytest.raises(Unreachable, match="Mount or create it"):
            folder.connect(root=tmp_path / "share").check(())

    def test_a_pattern_that_is_none_is_a_matter_of_the_config(self, folder: Folder):
        with pytest.raises(Misconfigured, match="no pattern of files"):
            folder.pull(plan(path="a**/b.csv"))


class TestCheck:
    def test_it_says_which_heading_each_field_is_read_from(self, folder: Folder):
        folder.write("a.csv", "Issue id,Summary,Due date\n1,t,\n")
        folder.write("b.csv", "id,Summary\n2,t\n")
        report = folder.connect().check((plan(path="*.csv"),))
        found = {finding.field: (finding.candidates, finding.chosen) for finding in report.fields}
        assert found == {
            "id": (("Issue id", "id"), "Issue id"),
            "title": (("Summary",), "Summary"),
            "due": (("Due date",), "Due date"),
        }

    def test_it_lists_every_bad_row(self, folder: Folder):
        folder.write("plan.csv", "id,title,due\n" + "".join(f"{n},t,soon\n" for n in range(9)))
        report = folder.connect().check((plan(),))
        assert len(report.warnings) == 9

    def test_a_file_without_its_columns_is_a_warning(self, folder: Folder):
        folder.write("plan.csv", "id\n1\n")
        report = folder.connect().check((plan(),))
        assert report.fields == ()
        assert report.warnings[0].startswith("plan.csv: no column holds the title")

    def test_issues_that_only_their_titles_tell_apart_are_a_warning(self, folder: Folder):
        folder.write("a.csv", "title,due\nt,2026-05-01\n")
        folder.write("b.csv", "key,title\n2,t\n")
        folder.write("costs.csv", "date,amount,currency\n2026-03-31,5,EUR\n")
        sources = plan(path="?.csv"), plan(path="costs.csv", content="costs")
        (warning,) = folder.connect().check(sources).warnings
        assert warning.startswith("a.csv: no column holds an id or a key")
        assert 'Add a column "id"' in warning

    def test_offers_tell_what_is_in_a_file(self, folder: Folder):
        folder.write("deep/er/plan.csv", "id,title\n1,t\n2,u\n")
        folder.write("broken.csv", b"\xff\xfe")
        broken, offered = folder.connect().offers()
        assert (offered.settings, offered.detail) == ({"path": "deep/er/plan.csv"}, "2 rows: id, title")
        assert "utf-8-sig" in broken.detail

    def test_another_trackers_source_is_refused(self, folder: Folder):
        with pytest.raises(Misconfigured, match="reads files only"):
            list(folder.connect().pull(object(), {}, NOW))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"columns": {"amount": "Net"}, "content": "issues"}, "amount is not one of them"),
        ({"columns": {"duo": "Due"}}, "columns"),
        ({"dates": "YY/MM/DD"}, "order of a date"),
        ({"dates": "DD/DD/YYYY"}, "order of a date"),
        ({"encoding": "hex"}, "text encoding"),
        ({"encoding": "klingon"}, "text encoding"),
        ({"currency": "euro"}, "currency"),
        ({"delimiter": ":"}, "delimiter"),
        ({"timezone": "Mars/Olympus"}, "IANA time zone"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], expected: str):
    with pytest.raises(ValueError, match=expected):
        plan(**settings)
