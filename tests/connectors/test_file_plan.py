"""A plan in a CSV file is read whole and for certain, or not at all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connectors.file.plan_file import BadPlan, PlannedRow, read_plan


def plan(text: str) -> tuple[PlannedRow, ...]:
    return read_plan(text.encode(), "plan.csv")


def problems(text: str) -> list[str]:
    with pytest.raises(BadPlan) as refusal:
        plan(text)
    return refusal.value.problems


def test_a_row_promises_dates_and_an_estimate_for_a_key():
    (row,) = plan("Issue key,Summary,Start date,Due date,Story points\nFW-1,Move,2026-04-01,2026-05-01,2.5\n")
    assert row == PlannedRow(
        2, "FW-1", "Move", date(2026, 4, 1), date(2026, 5, 1), Decimal("2.5"), milestone=False
    )


def test_only_the_key_and_the_due_date_need_a_column_and_an_empty_cell_promises_nothing():
    (row,) = plan("due,id\n,7\n")
    assert (row.name, row.title, row.start, row.due, row.estimate) == ("7", "", None, None, None)


def test_a_row_of_type_milestone_is_one_and_is_named_by_its_title():
    issue, goal, keyed = plan(
        "key,type,title,due\nFW-1,Task,Go-live,2026-05-01\n,Milestone,Go-live,2026-06-01\nM2,milestone,,2026-07-01\n"
    )
    assert [row.milestone for row in (issue, goal, keyed)] == [False, True, True]
    assert (goal.name, goal.due) == ("Go-live", date(2026, 6, 1))
    assert keyed.name == "M2"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_cells_may_be_parted_as_spreadsheets_do_it(mark: str):
    (row,) = plan(f"key{mark}due\nFW-1{mark}2026-05-01\n")
    assert row.due == date(2026, 5, 1)


def test_everything_that_is_wrong_is_named_by_row_and_column_at_once():
    assert problems(
        "Key,Start,Due,Points\nFW-1,,31/02/2026,many\n,,2026-05-01,\nFW-3,2026-05-02,2026-05-01,-1\n"
    ) == [
        'plan.csv, row 2, column "Due": "31/02/2026" is not readable; expected a date as YYYY-MM-DD, such as'
        " 2026-03-31.",
        'plan.csv, row 2, column "Points": "many" is not readable; expected a number such as 1234.5.',
        'plan.csv, row 3, column "Key": is empty; expected a value in every row.',
        'plan.csv, row 4, column "Due": 2026-05-01 is before the start, 2026-05-02; expected a day on or'
        " after it.",
        'plan.csv, row 4, column "Points": "-1" is not readable; expected a number that is not negative.',
    ]


def test_a_key_or_a_milestone_that_is_there_twice_is_refused():
    (key, goal) = problems(
        "key,type,title,due\nFW-1,,,2026-05-01\nfw-1,,,2026-05-02\n"
        ",milestone,FW-1,2026-06-01\n,milestone,fw-1,2026-06-02\n"
    )
    assert key.startswith('plan.csv, row 3, column "key": "fw-1" is in row 2 already')
    assert goal.startswith('plan.csv, row 5, column "key": "fw-1" is in row 4 already')


def test_a_milestone_has_a_name_and_a_date():
    (name, due) = problems("key,type,due\n,milestone,\n")
    assert 'row 2, column "title": is empty; expected the milestone\'s name' in name
    assert 'row 2, column "due": is empty; expected the milestone\'s date' in due


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it has no headings"),
        (b"key,due\n", "it has headings but no rows"),
        (b"title,due\nt,2026-05-01\n", "no column holds the key: none is headed"),
        (b"key,start\nFW-1,2026-05-01\n", 'no column holds the due: none is headed "due" or "due date"'),
        ("key,due,title\nFW-1,,Gebühr\n".encode("cp1252"), "save it as UTF-8"),
        (b'key,due\n"FW-1', "row 2 .* cannot be read"),
        (b"key,due\nFW-1,2026-05-01,2\n", "3 cells under 2 headings"),
    ],
)
def test_a_file_that_is_no_plan_says_why_without_naming_settings_that_it_has_not(data: bytes, message: str):
    with pytest.raises(BadPlan, match=rf"plan\.csv.*{message}") as refusal:
        read_plan(data, "plan.csv")
    assert "`" not in str(refusal.value)
