"""What Jira's records mean in unified words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from config.settings import StatusMap
from connectors.errors import Misconfigured, SkipIssue
from connectors.jira.fields import ORIGINAL_ESTIMATE, FieldMap, find_fields
from connectors.jira.mapping import map_sprint, map_version, map_worklog
from connectors.jira.records import FieldRecord, SprintRecord, VersionRecord, WorklogRecord
from connectors.jira.settings import JiraSource
from model.values import Dependency, Ref, SprintState, StatusCategory, Unit
from tests.connectors.jira_issue import mapped, status, words


@pytest.mark.parametrize(
    ("id", "category"),
    [
        ("1", StatusCategory.TODO),
        ("3", StatusCategory.DOING),
        ("5", StatusCategory.DONE),
        ("6", StatusCategory.CANCELLED),
        ("7", StatusCategory.UNKNOWN),
    ],
)
def test_jiras_category_decides_and_its_word_stands_beside(id: str, category: StatusCategory) -> None:
    found = mapped(status=status(id)).issue
    assert (found.status, found.status_original) == (category, status(id)["name"])


@pytest.mark.parametrize("name", ["Won't Do", "Duplicate", "cannot reproduce", "Won’t fix"])
def test_done_with_a_resolution_that_calls_it_off_is_cancelled(name: str) -> None:
    resolution = {"id": "9", "name": name}
    assert mapped(status=status("5"), resolution=resolution).issue.status is StatusCategory.CANCELLED
    assert mapped(status=status("3"), resolution=resolution).issue.status is StatusCategory.DOING


def test_the_configs_words_come_before_jiras_category() -> None:
    told = words(StatusMap(doing=("done",), done=("duplicate",), cancelled=("Released elsewhere",)))
    assert mapped(told, status=status("5")).issue.status is StatusCategory.DOING
    plain = words(StatusMap(done=("Duplicate", "Done"), cancelled=("Released elsewhere",)))
    duplicate = {"status": status("5"), "resolution": {"id": "9", "name": "Duplicate"}}
    elsewhere = {"status": status("5"), "resolution": {"id": "9", "name": "released elsewhere"}}
    assert mapped(plain, **duplicate).issue.status is StatusCategory.DONE
    assert mapped(plain, **elsewhere).issue.status is StatusCategory.CANCELLED


def test_a_status_made_since_the_pull_began_still_has_its_category() -> None:
    new = {"id": "99", "name": "Brand new", "statusCategory": {"key": "indeterminate"}}
    assert mapped(status=new).issue.status is StatusCategory.DOING


def test_instants_become_utc_and_the_url_is_built_by_us() -> None:
    found = mapped().issue
    assert found.created == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert found.updated == datetime(2026, 3, 20, 9, tzinfo=UTC)
    assert found.url == "https://erp.example.com/browse/ED-1"
    assert found.version == "2026-03-20T01:00:00.000-0800"


def test_all_plain_fields_are_read() -> None:
    found = mapped(
        summary="Ünïcode \U0001f686 ‏rtl",
        issuetype={"id": "2", "name": "Story"},
        duedate="2026-04-01",
        priority={"id": "2", "name": "High"},
        assignee={"accountId": "ann", "displayName": "Ann"},
        labels=["b", "a"],
        components=[{"id": "1", "name": "Web"}],
        parent={"id": "10009", "key": "ED-9"},
        customfield_1=2.5,
        customfield_2="2026-03-09",
        customfield_3=[
            {"id": 7, "name": "S1", "state": "closed"},
            {"id": 8, "name": "S2", "state": "active"},
        ],
        creator={"accountId": "bob"},
    ).issue
    assert found.title == "Ünïcode \U0001f686 ‏rtl"
    assert (found.type, found.due, found.start) == ("Story", date(2026, 4, 1), date(2026, 3, 9))
    assert (found.priority, found.parent, found.estimate) == ("High", "10009", Decimal("2.5"))
    assert (found.assignees, found.labels) == (frozenset({"ann"}), frozenset({"a", "b"}))
    assert (found.components, found.sprints) == (frozenset({"Web"}), frozenset({"7", "8"}))
    assert ("creator", "bob") in found.attributes


def test_of_several_fix_versions_the_oldest_counts() -> None:
    versions = [{"id": "10010", "name": "2.0"}, {"id": "9999", "name": "1.0"}]
    assert mapped(fixVersions=versions).issue.milestone == "9999"


def test_nothing_given_is_nothing_claimed() -> None:
    found = mapped(assignee=None, labels=None, components=None, fixVersions=None, customfield_3=None).issue
    assert found.estimate is None
    assert found.due is None
    assert found.milestone is None
    assert [found.assignees, found.sprints, found.labels, found.components] == [frozenset()] * 4


def test_an_original_estimate_counts_hours_or_days() -> None:
    hours = FieldMap(ORIGINAL_ESTIMATE, Unit.HOURS, None, None)
    days = FieldMap(ORIGINAL_ESTIMATE, Unit.DAYS, None, None)
    assert mapped(words(fields=hours), timeoriginalestimate=5400).issue.estimate == Decimal("1.5")
    assert mapped(words(fields=days), timeoriginalestimate=14400).issue.estimate == Decimal("0.5")
    assert mapped(words(fields=hours), timeoriginalestimate=None).issue.estimate is None


def link(name: str, side: str, id: str) -> dict[str, Any]:
    return {
        "id": "1",
        "type": {"name": name, "inward": "is blocked by", "outward": "blocks"},
        side: {"id": id},
    }


def test_the_issue_that_blocks_this_one_comes_before_it() -> None:
    found = mapped(issuelinks=[link("Blocks", "inwardIssue", "7"), link("Blocks", "outwardIssue", "8")])
    assert found.dependencies == (Dependency(Ref("jira", "7"), Ref("jira", "10001")),)


def test_a_link_that_only_relates_is_no_dependency() -> None:
    relates = {"id": "1", "type": {"name": "Relates", "inward": "relates to"}, "inwardIssue": {"id": "7"}}
    assert mapped(issuelinks=[relates]).dependencies == ()


ODD_VALUES = [
    ("summary", None),
    ("summary", 3),
    ("status", None),
    ("status", {"name": "no id"}),
    ("created", "yesterday"),
    ("created", "2026-03-02T01:00:00"),
    ("updated", 17),
    ("duedate", "2026-13-45"),
    ("labels", "not a list"),
    ("assignee", "ann"),
    ("issuelinks", [{"type": "Blocks"}]),
    ("fixVersions", [{"name": "no id"}]),
    ("fixVersions", [{"id": "1", "releaseDate": "soon"}]),
    ("timeoriginalestimate", 2**70),
    ("customfield_1", "five"),
    ("customfield_1", 1e300),
    ("customfield_2", "soon"),
    ("customfield_3", [{"id": 7, "state": "paused"}]),
    ("customfield_3", "com.atlassian.greenhopper.service.sprint.Sprint@1[id=7]"),
]


@pytest.mark.parametrize(("field", "value"), ODD_VALUES)
def test_an_odd_value_parks_its_issue_with_a_reason(field: str, value: object) -> None:
    with pytest.raises(SkipIssue) as caught:
        mapped(**{field: value})
    assert str(caught.value)


def test_sprints_versions_and_worklogs_are_read() -> None:
    sprint = map_sprint(
        SprintRecord(
            7, "S, 1", "CLOSED", "2026-03-02T09:00:00.000Z", None, "2026-03-16T19:00:00.000+10:00", "g"
        ),
        words(),
    )
    assert (sprint.ref, sprint.name, sprint.state) == (Ref("jira", "7"), "S, 1", SprintState.CLOSED)
    assert (sprint.start, sprint.end) == (datetime(2026, 3, 2, 9, tzinfo=UTC), None)
    assert sprint.completed == datetime(2026, 3, 16, 9, tzinfo=UTC)
    open_ = map_version(VersionRecord("10", "1.0", release_date="2026-06-01"), words())
    shipped = map_version(VersionRecord(11, "1.1", True, False, "2026-06-08"), words())
    assert (open_.due, open_.done, open_.finished) == (date(2026, 6, 1), False, None)
    assert (shipped.ref.id, shipped.done, shipped.finished) == ("11", True, date(2026, 6, 8))
    log = map_worklog(WorklogRecord("5", "2026-03-02T10:00:00.000+0100", 60, "10001"), words(), "10001")
    assert (log.started, log.author) == (datetime(2026, 3, 2, 9, tzinfo=UTC), "unknown")


TEAM = "com.pyxis.greenhopper.jira:jsw-story-points"
NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"
DAY = "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"


def row(id: str, name: str, custom: str, home: str | None = None, type: str = "number") -> FieldRecord:
    scope = {"scope": {"project": {"id": home}}} if home else {}
    schema = {"schema": {"type": type, "custom": custom}}
    return msgspec.convert({"id": id, "name": name, **schema, **scope}, FieldRecord)


def source(**settings: Any) -> JiraSource:
    return JiraSource(connection="jira", project="ED", **settings)


ROWS = [
    row("cf1", "Story Points", NUMBER),
    row("cf2", "Story point estimate", TEAM),
    row("cf3", "Story Points", NUMBER, home="77"),
    row("cf4", "Start date", DAY, type="date"),
    row("cf5", "Start date", DAY, home="10000", type="date"),
    row("cf6", "Effort", NUMBER),
    row("cf7", "Sprint", "com.pyxis.greenhopper.jira:gh-sprint", type="array"),
    row("cf8", "Sprint", DAY, type="date"),
]


def test_the_boards_own_estimate_field_is_chosen_first() -> None:
    assert find_fields(ROWS, source(), "10000", ["cf1"]).estimate == "cf1"
    assert find_fields(ROWS, source(), "10000", []).estimate == "cf2"


def test_a_board_that_estimates_in_time_means_hours() -> None:
    found = find_fields(ROWS, source(), "10000", [ORIGINAL_ESTIMATE])
    assert (found.estimate, found.unit, ORIGINAL_ESTIMATE in found.custom) == (
        ORIGINAL_ESTIMATE,
        Unit.HOURS,
        False,
    )


def test_a_field_of_another_project_is_never_chosen() -> None:
    assert all(
        "cf3" not in c for f in find_fields(ROWS, source(), "10000", []).findings for c in f.candidates
    )


def test_several_candidates_are_told_with_the_way_to_choose() -> None:
    estimate, start, sprint = find_fields(ROWS, source(), "10000", []).findings
    assert estimate.candidates == ("cf2 (Story point estimate)", "cf1 (Story Points)")
    assert 'estimate = "cf2"' in estimate.hint
    assert (start.candidates, start.chosen) == (("cf4 (Start date)", "cf5 (Start date)"), "cf4")
    assert (sprint.chosen, sprint.hint) == ("cf7", "")


@pytest.mark.parametrize("wanted", ["cf6", "Effort", "effort"])
def test_the_config_names_a_field_by_id_or_name(wanted: str) -> None:
    assert find_fields(ROWS, source(estimate=wanted), "10000", ["cf1"]).estimate == "cf6"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"estimate": "Efort"}, 'no field "Efort" that holds a number'),
        ({"estimate": "cf4"}, "that holds a number"),
        ({"start": "cf1"}, "that holds a day"),
        ({"start": "Start date"}, "cf4, cf5"),
    ],
)
def test_a_field_that_cannot_be_meant_is_a_matter_of_the_config(settings: dict[str, str], words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        find_fields(ROWS, source(**settings), "10000", [])


def test_the_unit_of_the_source_decides_what_is_read() -> None:
    assert find_fields(ROWS, source(unit="hours"), "10000", ["cf1"]).estimate == ORIGINAL_ESTIMATE
    counted = find_fields(ROWS, source(unit="count"), "10000", ["cf1"])
    assert (counted.estimate, counted.unit) == (None, Unit.COUNT)


def test_without_any_field_nothing_is_chosen_and_the_hint_says_how() -> None:
    found = find_fields([], source(), "10000", [])
    assert (found.estimate, found.start, found.sprint, found.custom) == (None, None, None, ())
    assert "none found" in found.findings[0].hint
