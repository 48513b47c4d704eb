"""Planner's words become the project's, and nothing odd in a task can do more than set that task aside."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import StatusMap
from connectors.errors import SkipIssue
from connectors.payload import decode, decode_record
from connectors.planner.mapping import (
    Board,
    account_of,
    completion,
    instant,
    issue_of,
    people_of,
    sprints,
    status_of,
)
from connectors.planner.records import Collection, DetailsRecord, PersonRecord, TaskRecord
from connectors.planner.settings import PlannerConnection, PlannerSource
from model.fields import encode
from model.values import SprintState, StatusCategory

PLAN = "xqQg5FS2LkCp935s-FIFm2QAFkHM"
TASK: dict[str, Any] = {
    "@odata.etag": 'W/"JzEtVGFzayAgQEBAQEBAQEBAQEBAQEBASCc="',
    "id": "01gzSlKkIUSUl6DF_EilrmQAKDhh",
    "planId": PLAN,
    "bucketId": "b1",
    "title": "Write report",
    "orderHint": "8585371316800245114P\\",
    "percentComplete": 50,
    "priority": 5,
    "startDateTime": None,
    "dueDateTime": "2026-12-01T10:00:00Z",
    "createdDateTime": "2026-09-29T18:14:25.6091874Z",
    "completedDateTime": None,
    "completedBy": None,
    "hasDescription": True,
    "referenceCount": 1,
    "createdBy": {"user": {"id": "ada", "displayName": None}, "application": {"id": "app"}},
    "appliedCategories": {"category3": True, "category25": True, "category4": False},
    "assignments": {"ben": {"@odata.type": "#microsoft.graph.plannerAssignment"}, "cy": None},
}


def board(**source: Any) -> Board:
    connection = PlannerConnection(
        name="planner", kind="planner", tenant="contoso.onmicrosoft.com", client="app", secret="env:S"
    )
    ours = PlannerSource(**({"connection": "planner", "plan": PLAN} | source))
    return Board(connection, ours, PLAN, {"b1": "To do", "b2": "Sprint 1"}, {"category3": "Wave 1"})


def task(**changed: Any) -> TaskRecord:
    return decode_record(json.dumps(TASK | changed).encode(), TaskRecord)


@pytest.mark.parametrize(
    ("percent", "category", "word"),
    [
        (0, StatusCategory.TODO, "Not started"),
        (1, StatusCategory.DOING, "In progress"),
        (50, StatusCategory.DOING, "In progress"),
        (99, StatusCategory.DOING, "In progress"),
        (100, StatusCategory.DONE, "Completed"),
    ],
)
def test_a_percentage_is_one_of_three_statuses(percent, category, word):
    assert status_of(percent, board().source) == (category, word)


def test_the_config_may_read_planners_word_otherwise():
    source = board(status=StatusMap(doing=("completed",))).source
    assert status_of(100, source) == (StatusCategory.DOING, "Completed")


@pytest.mark.parametrize(
    ("value", "band"),
    [
        *((0, "Urgent"), (1, "Urgent"), (2, "Important"), (4, "Important"), (5, "Medium"), (7, "Medium")),
        *((8, "Low"), (10, "Low"), (99, "Low")),
    ],
)
def test_a_priority_is_the_band_that_planner_shows(value, band):
    assert issue_of(task(priority=value), None, board()).priority == band


def test_labels_have_their_names_or_planners_own_words():
    assert issue_of(task(), None, board()).labels == {"Wave 1", "category25"}


def test_people_are_those_assigned_and_the_author():
    assert issue_of(task(), None, board()).assignees == {"ben"}
    assert people_of(task()) == {"ada", "ben"}


def test_what_an_application_made_has_no_author():
    made = task(createdBy={"user": None, "application": {"id": "app"}}, assignments={})
    assert people_of(made) == frozenset()


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2026-12-01T10:00:00Z", "UTC", date(2026, 12, 1)),
        ("2026-11-30T23:30:00Z", "Europe/Berlin", date(2026, 12, 1)),
        ("2026-12-01T04:59:59.9999999Z", "America/New_York", date(2026, 11, 30)),
        ("2026-07-01T22:30:00Z", "Europe/London", date(2026, 7, 1)),
        ("2026-07-01T23:30:00Z", "Europe/London", date(2026, 7, 2)),
    ],
)
def test_a_date_is_read_where_the_plans_people_are(text, zone, day):
    assert issue_of(task(dueDateTime=text), None, board(timezone=zone)).due == day


def test_an_instant_keeps_six_of_seven_digits():
    assert instant("2026-09-29T18:14:25.6091874Z") == datetime(2026, 9, 29, 18, 14, 25, 609187, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00Z", "2026-12-01T25:00:00Z"])
def test_an_instant_that_cannot_be_read_sets_the_task_aside(text):
    with pytest.raises(SkipIssue, match="instant"):
        issue_of(task(dueDateTime=text), None, board())


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1))
def test_a_link_survives_planners_encoding_of_its_address(url):
    key = "".join(f"%{ord(c):02X}" if c in "%.:@#" else c for c in url)
    details = DetailsRecord(references={key: {"alias": "x"}, "gone": None})
    assert issue_of(task(), details, board()).links == (url,)


def test_a_link_that_another_program_left_its_percent_signs_in_is_read_too():
    details = DetailsRecord(references={"https%3A//example%2Ecom/a b": {}})
    assert issue_of(task(), details, board()).links == ("https://example.com/a b",)


@pytest.mark.parametrize(
    ("labels", "estimate"),
    [
        ({3: "5 points"}, "5"),
        ({3: "2,5 points"}, "2.5"),
        ({3: "Wave 1"}, None),
        ({9: "8 points", 3: "1 points"}, "1"),
        ({3: "many points"}, None),
    ],
)
def test_an_estimate_is_the_number_in_the_first_fitting_label(labels, estimate):
    plan = board(estimate_label=r"^(\S+) points?$")
    named = Board(
        plan.connection, plan.source, PLAN, plan.buckets, {f"category{n}": t for n, t in labels.items()}
    )
    applied = {f"category{slot}": True for slot in labels}
    issue = issue_of(task(appliedCategories=applied), None, named)
    assert (str(issue.estimate) if issue.estimate is not None else None) == estimate
    assert issue.labels == {"Wave 1", "many points"} & set(labels.values())


def test_a_completion_tells_every_field_it_sets_once():
    done = task(
        percentComplete=100,
        completedDateTime="2026-10-01T08:00:00.1234567Z",
        completedBy={"user": {"id": "ben"}},
    )
    events, issue = completion(done, board()), issue_of(done, None, board())
    assert len({event.id for event in events}) == len(events)
    for event in events:
        assert event.meaning is not None
        assert event.meaning.after == encode(getattr(issue, event.meaning.field))
        assert event.actor == "ben"


def test_a_task_page_is_addressed_without_a_domain_for_a_tenant():
    issue = issue_of(task(), None, board())
    assert issue.url == f"https://planner.cloud.microsoft/webui/plan/{PLAN}/view/board/task/{TASK['id']}"


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (datetime(2026, 3, 1, 22, 59, tzinfo=UTC), SprintState.FUTURE),
        (datetime(2026, 3, 1, 23, 0, tzinfo=UTC), SprintState.ACTIVE),
        (datetime(2026, 3, 13, 22, 59, tzinfo=UTC), SprintState.ACTIVE),
        (datetime(2026, 3, 13, 23, 0, tzinfo=UTC), SprintState.CLOSED),
    ],
)
def test_a_sprint_runs_from_the_first_midnight_to_the_last_in_its_zone(now, state):
    windows = {"Sprint 1": {"start": "2026-03-02", "end": "2026-03-13"}}
    (sprint,) = sprints(board(sprints="bucket", windows=windows, timezone="Europe/Berlin"), now)
    assert sprint.state is state
    assert (sprint.completed is not None) is (state is SprintState.CLOSED)


@pytest.mark.parametrize(
    ("person", "email"),
    [
        ({"mail": "Ada@Example.com"}, "ada@example.com"),
        ({"userPrincipalName": "ada@example.com"}, "ada@example.com"),
        ({"userPrincipalName": "ada_x.com#EXT#@tenant.example"}, None),
        ({}, None),
    ],
)
def test_an_address_is_the_mail_or_the_principal_name_of_an_own_person(person, email):
    account = account_of(
        msgspec.convert({"id": "1", "displayName": "Ada", **person}, PersonRecord), "planner"
    )
    assert account is not None
    assert account.email == email


ODD = [
    '"\\ud800"',
    '"a\\u0000b"',
    "NaN",
    "1e999",
    "99999999999999999999",
    "[" * 300 + "]" * 300,
    "{}",
    "null",
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", sorted(TASK))
def test_an_odd_value_anywhere_is_harmless_or_sets_the_task_aside(name, odd):
    text = json.dumps({"value": [TASK | {name: "ODD"}]}).replace('"ODD"', odd)
    (raw,) = decode(text.encode(), Collection).value
    try:
        issue = issue_of(decode_record(raw, TaskRecord), None, board())
    except SkipIssue:
        return
    shown = repr(issue)
    assert "\\x00" not in shown
    assert "\\ud800" not in shown
    assert issue.percent is None or issue.percent < 2**31


@pytest.mark.parametrize("id", ["", "../../users", "a b", "x" * 65, "\U0001f686"])
def test_an_id_that_could_lead_elsewhere_is_no_id(id):
    with pytest.raises(SkipIssue, match="id"):
        task(id=id)
