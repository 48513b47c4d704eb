"""A plan that Microsoft Project saved as XML becomes issues, milestones, links, people and a budget."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Batch
from connectors.errors import Misconfigured
from connectors.file.mspdi import Kept, read_project
from connectors.file.schedule import map_project
from connectors.file.sheet import BadSheet
from model.values import CostKind, Dependency, LinkType, Milestone, Money, Ref, StatusCategory, Unit
from tests.connectors.folder import Folder, plan
from tests.connectors.project_file import Told, project_xml

PEOPLE = {1: ("Ada Öz", "ada@example.com"), 2: ("Bo", "")}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def read(folder: Folder, data: bytes, **how: Any) -> Batch:
    """The one batch of a plan."""
    folder.write("move.xml", data)
    (batch,) = folder.pull(plan(path="move.xml", content="project", **how))
    return batch


def move() -> bytes:
    """A small plan: a phase with two tasks and the day on which it ends."""
    return project_xml(
        Told(4, "Prepare", 1, {"Summary": "1", "Cost": "900000", "Work": "PT56H0M0S"}),
        Told(
            9,
            "Order racks",
            2,
            {
                "Start": "2026-01-05T08:00:00",
                "Finish": "2026-01-09T17:00:00",
                "Duration": "PT40H0M0S",
                "Work": "PT36H30M0S",
                "PercentComplete": "100",
                "ActualStart": "2026-01-05T08:00:00",
                "ActualFinish": "2026-07-09T16:00:00",
                "Cost": "650050",
                "Notes": "Two quotes & one call",
                "Deadline": "2026-01-12T17:00:00",
            },
            people=(1, 2),
        ),
        Told(
            7,
            "Lay cables",
            2,
            {
                "Start": "2026-01-12T08:00:00",
                "Finish": "2026-01-14T17:00:00",
                "Duration": "PT24H0M0S",
                "Work": "PT19H30M0S",
                "PercentComplete": "40",
                "Cost": "249950",
            },
            links=[{"PredecessorUID": "9", "Type": "1", "LinkLag": "4800", "LagFormat": "7"}],
            texts=["DCM-12"],
            people=(2,),
        ),
        Told(
            8,
            "Room ready",
            1,
            {"Milestone": "1", "Start": "2026-01-14T17:00:00", "Finish": "2026-01-14T17:00:00"},
            links=[{"PredecessorUID": "7", "Type": "1"}],
        ),
        people=PEOPLE,
        Title="Data-centre move",
        CurrencyCode="GBP",
        MinutesPerDay="450",
    )


def test_tasks_are_issues_with_their_phase_as_parent(folder: Folder):
    phase, order, cables, ready = read(folder, move(), timezone="Europe/London").issues
    assert [issue.ref.id for issue in (phase, order, cables, ready)] == [
        *("move.xml:4", "move.xml:9", "move.xml:7", "move.xml:8")
    ]
    assert [issue.key for issue in (order, cables)] == ["move#9", "move#7"]
    assert [issue.type for issue in (phase, order, ready)] == ["Summary", "Task", "Milestone"]
    assert (phase.parent, order.parent, cables.parent, ready.parent) == (
        None,
        phase.ref.id,
        phase.ref.id,
        None,
    )
    assert (order.start, order.due) == (date(2026, 1, 5), date(2026, 1, 9))
    assert (order.estimate, order.unit, phase.estimate) == (Decimal("36.5"), Unit.HOURS, None)
    assert order.finished == datetime(2026, 7, 9, 15, tzinfo=UTC)
    assert [issue.status for issue in (phase, order, cables)] == [
        *(StatusCategory.TODO, StatusCategory.DONE, StatusCategory.DOING)
    ]
    assert (order.body, cables.body) == ("Two quotes & one call", "DCM-12")
    assert order.attributes == (("Deadline", "2026-01-12"),)


def test_the_people_at_a_task_are_its_assignees(folder: Folder):
    batch = read(folder, move())
    assert batch.issues[1].assignees == {"Ada Öz", "Bo"}
    assert [(one.ref.id, one.email) for one in batch.accounts] == [
        ("Ada Öz", "ada@example.com"),
        ("Bo", None),
    ]


def test_a_milestone_is_a_goal_and_the_issue_that_reaches_it(folder: Folder):
    batch = read(folder, move())
    ref = Ref("files", "move.xml:8")
    assert batch.milestones == (Milestone(ref, "move.xml", "Room ready", date(2026, 1, 14)),)
    assert batch.issues[3].milestone == ref.id


def test_links_lead_from_the_task_before_with_their_lag_in_working_minutes(folder: Folder):
    batch = read(folder, move())
    order, cables, ready = (Ref("files", f"move.xml:{uid}") for uid in (9, 7, 8))
    assert batch.dependencies == (
        Dependency(order, cables, LinkType.FS, 480),
        Dependency(cables, ready, LinkType.FS, 0),
    )
    assert batch.dependencies_of == {issue.ref.id for issue in batch.issues}


@pytest.mark.parametrize(("code", "type"), [("0", "FF"), ("1", "FS"), ("2", "SF"), ("3", "SS")])
def test_the_four_kinds_of_links_have_their_codes(code: str, type: str):
    link = {"PredecessorUID": "1", "Type": code}
    found = read_project(project_xml(Told(1, "a"), Told(2, "b", links=[link])))
    assert found.tasks[1].follows[0].type == LinkType(type)


@pytest.mark.parametrize(
    ("lag", "format", "minutes"),
    [
        ("4800", "7", 480),
        ("-2400", "5", -240),
        ("50", "19", 600),
        ("-25", "20", -300),
        ("14400", "8", 343),
        ("0", "7", 0),
    ],
)
def test_a_lag_is_worked_elapsed_or_a_share_of_the_task_before(lag: str, format: str, minutes: int):
    """A predecessor of 20 hours; an elapsed day is 2,400 of 10,080 minutes worked."""
    link = {"PredecessorUID": "1", "Type": "1", "LinkLag": lag, "LagFormat": format}
    tasks = Told(1, "a", fields={"Duration": "PT20H0M0S"}), Told(2, "b", links=[link])
    assert read_project(project_xml(*tasks)).tasks[1].follows[0].lag == minutes


def test_a_link_that_leads_out_of_the_file_is_left_out_with_a_note(folder: Folder):
    away = {"PredecessorUID": "5", "Type": "1", "CrossProject": "1"}
    lost = {"PredecessorUID": "77", "Type": "1"}
    batch = read(folder, project_xml(Told(1, "a"), Told(5, "b", links=[away, lost])))
    assert batch.dependencies == ()
    assert batch.notes == ('move.xml: a link of "b" leads to no task of this file and was left out.',) * 2


def test_a_task_costs_what_is_planned_for_it_and_a_phase_only_what_its_tasks_do(folder: Folder):
    batch = read(folder, move())
    assert [(one.kind, one.on, one.money, one.issue) for one in batch.costs] == [
        (CostKind.BUDGETED, date(2026, 1, 9), Money(Decimal("6500.50"), "GBP"), "move.xml:9"),
        (CostKind.BUDGETED, date(2026, 1, 14), Money(Decimal("2499.50"), "GBP"), "move.xml:7"),
    ]
    assert batch.all_costs == {"move.xml:9", "move.xml:7"}


def test_a_cost_needs_a_currency_of_the_file_or_of_its_source(folder: Folder):
    priced = project_xml(Told(1, "a", fields={"Cost": "100", "Finish": "2026-01-05T17:00:00"}))
    with pytest.raises(Misconfigured, match=r"move\.xml, task 1, Cost: is in no currency"):
        read(folder, priced)
    assert read(folder, priced, currency="EUR").costs[0].money == Money(Decimal("1.00"), "EUR")


def test_an_inactive_task_is_cancelled_and_costs_nothing(folder: Folder):
    batch = read(folder, project_xml(Told(1, "a", fields={"Active": "0", "Cost": "100"}), CurrencyCode="EUR"))
    assert batch.issues[0].status is StatusCategory.CANCELLED
    assert batch.costs == ()


def test_blank_rows_are_no_tasks(folder: Folder):
    batch = read(folder, project_xml(Told(1, "a"), Told(2, "", fields={"IsNull": "1"}), Told(3, "c")))
    assert [issue.title for issue in batch.issues] == ["a", "c"]


def test_up_to_eleven_baselines_are_kept_with_a_task():
    kept = [
        {
            "Number": str(number),
            "Start": f"2026-01-{number + 1:02}T08:00:00",
            "Finish": f"2026-02-{number + 1:02}T17:00:00",
            "Work": "PT8H0M0S",
            "Cost": "125000",
        }
        for number in range(11)
    ]
    (task,) = read_project(project_xml(Told(1, "a", baselines=kept))).tasks
    assert sorted(task.baselines) == list(range(11))
    assert task.baselines[3] == Kept(date(2026, 1, 4), date(2026, 2, 4), Decimal(8), Decimal("1250.00"))


class TestBadTasks:
    def test_what_cannot_be_read_is_named_by_task_and_field(self, folder: Folder):
        bad = Told(
            7, "b", fields={"Finish": "soon", "Work": "8 hours", "PercentComplete": "half", "Cost": "much"}
        )
        with pytest.raises(Misconfigured) as refusal:
            read(folder, project_xml(Told(1, "a"), bad))
        assert [line.split(" is not")[0] for line in str(refusal.value).splitlines()[:4]] == [
            'move.xml, task 7, PercentComplete: "half"',
            'move.xml, task 7, Finish: "soon"',
            'move.xml, task 7, Work: "8 hours"',
            'move.xml, task 7, Cost: "much"',
        ]

    def test_the_other_tasks_are_read_only_if_that_is_asked_for(self, folder: Folder):
        bad = Told(7, "b", fields={"Finish": "soon"})
        batch = read(folder, project_xml(Told(1, "a"), bad), accept_partial=True)
        assert [issue.title for issue in batch.issues] == ["a"]
        assert batch.parked[0].key == "b"
        assert batch.all_costs is None

    def test_a_uid_that_is_there_twice_is_refused(self, folder: Folder):
        with pytest.raises(Misconfigured, match=r'task 1, UID: "1".*no other task has'):
            read(folder, project_xml(Told(1, "a"), Told(1, "b")))


DEEP = b"<a>" * 200_000 + b"</a>" * 200_000
BILLION = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (project_xml(Told(1, "&b;"), head=BILLION), "has a DOCTYPE"),
        (project_xml(Told(1, "a"), head='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), "has a DOCTYPE"),
        (project_xml(Told(1, "a"), head="<!DOCTYPE x>"), "has a DOCTYPE"),
        (b"<html><body>Sign in</body></html>", "no Microsoft Project file"),
        (project_xml(Told(1, "a"))[:-40], "no XML that can be read"),
        (b"", "no XML that can be read"),
        (b"id,title\n1,t\n", "no XML that can be read"),
        (project_xml(Told(1, "a")).replace(b"<Tasks>", b"<Tasks>" + DEEP), "nested more than 200 deep"),
    ],
)
def test_what_is_no_plan_or_could_do_harm_is_refused_at_once(folder: Folder, data: bytes, reason: str):
    began = time.perf_counter()
    with pytest.raises(Misconfigured, match=rf"move\.xml: it .*{reason}"):
        read(folder, data)
    assert time.perf_counter() - began < 5


_HARD = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["9" * 5_000, "1E+9999999", "-Infinity", "NaN", "PT" + "9" * 30 + "H", "2026-13-40T00:00:00"]
    ),
)
_LINK = ("PredecessorUID", "Type", "LinkLag", "LagFormat")
_FIELDS = (
    "UID",
    "OutlineLevel",
    "PercentComplete",
    "Start",
    "Finish",
    "Duration",
    "Work",
    "Cost",
    "Deadline",
)


@given(st.dictionaries(st.sampled_from(_FIELDS), _HARD), st.dictionaries(st.sampled_from(_LINK), _HARD))
@settings(deadline=None)
def test_whatever_a_field_holds_the_plan_is_understood_or_refused(
    fields: dict[str, str], link: dict[str, str]
):
    odd = Told(
        2, "odd", fields=fields, links=[{"PredecessorUID": "1"} | link], baselines=[{"Number": "0"} | fields]
    )
    try:
        plan_file = read_project(
            project_xml(Told(1, "plain"), odd, MinutesPerWeek=fields.get("Duration", ""))
        )
    except BadSheet:
        return
    good, bad = map_project(plan_file, plan(path="*.xml", content="project", currency="EUR"), "p.xml", "1")
    assert len(good) + len(bad) == len(plan_file.tasks)


def test_too_many_tasks_are_refused_before_they_are_understood():
    many = b"".join(b"<Task><UID>%d</UID></Task>" % n for n in range(1, 100_002))
    with pytest.raises(BadSheet, match="more than 100,000 tasks"):
        read_project(project_xml().replace(b"<Tasks>", b"<Tasks>" + many))


def test_offers_name_a_plan_by_its_tasks(folder: Folder):
    folder.write("move.xml", move())
    folder.write("other.xml", b"<feed/>")
    plan_offer, other = folder.connect().offers()
    assert (plan_offer.settings, plan_offer.detail) == (
        {"path": "move.xml", "content": "project"},
        "4 tasks: Data-centre move",
    )
    assert "no Microsoft Project file" in other.detail


def test_columns_have_no_place_in_a_plan():
    with pytest.raises(ValueError, match='no columns with content = "project"'):
        plan(content="project", columns={"title": "Name"})
