"""The stand-in reads JQL as Jira does: strictly, in minutes, in the reader's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.jira.jql import BadQuery, Reader, parse
from tests.sandbox.jira_world import ANN, BOB, Site


@pytest.fixture
def site() -> Site:
    return Site()


def hits(site: Site, jql: str, zone: str = "Etc/UTC") -> list[str]:
    reader = Reader(site.jira, ANN, zone, site.clock.now(), lambda issue: issue.updated)
    query = parse(jql, reader)
    return [issue.key for issue in site.jira.issues.values() if query.matches(issue)]


def test_clauses_combine_with_and_or_not_and_brackets(site: Site):
    a, _b, _c = (site.story(labels=labels) for labels in (("x",), ("x", "y"), ()))
    site.jira.transition(a, ANN, "Done")
    assert hits(site, "project = ED AND (status = Done OR labels = y)") == ["ED-1", "ED-2"]
    assert hits(site, "project = ED and not status = done") == ["ED-2", "ED-3"]
    assert hits(site, "labels in (x, y) AND status not in (Done)") == ["ED-2"]


def test_an_empty_field_is_neither_equal_nor_unequal_to_anything(site: Site):
    site.story(sprint=site.first)
    site.story()
    assert hits(site, "sprint = 1") == hits(site, 'sprint = "Sprint 1, build"') == ["ED-1"]
    assert hits(site, "sprint != 2") == ["ED-1"]
    assert hits(site, "sprint is EMPTY") == hits(site, "sprint = EMPTY") == ["ED-2"]
    assert hits(site, "sprint IS NOT EMPTY") == ["ED-1"]


@pytest.mark.parametrize("value", ["ED", "ed", "10000", '"ERP Delivery"'])
def test_a_project_goes_by_key_id_or_name(site: Site, value: str):
    site.story()
    assert hits(site, f"project = {value}") == ["ED-1"]


def test_keys_from_before_a_move_still_match(site: Site):
    site.jira.add_project("OPS", "Operations")
    id = site.story()
    site.jira.move(id, "OPS")
    assert hits(site, "key in (ED-1)") == hits(site, f"id = {id}") == ["OPS-1"]


def test_written_dates_are_meant_in_the_readers_zone(site: Site):
    site.clock.set(datetime(2026, 3, 4, 14, 30, tzinfo=UTC))
    site.story()
    assert hits(site, 'updated >= "2026-03-04 14:30"', zone="Etc/UTC") == ["ED-1"]
    assert hits(site, 'updated >= "2026-03-04 14:30"', zone="America/New_York") == []
    assert hits(site, 'updated >= "2026-03-04 09:30"', zone="America/New_York") == ["ED-1"]
    assert hits(site, 'updated < "2026-03-05"', zone="America/New_York") == ["ED-1"]


def test_epoch_milliseconds_and_spans_need_no_zone(site: Site):
    site.story()
    stamp = int(site.clock.now().timestamp() * 1000)
    assert hits(site, f"updated >= {stamp}") == ["ED-1"]
    assert hits(site, f"updated > {stamp}") == []
    site.wait(minutes=31)
    assert hits(site, "updated >= -30m") == []
    assert hits(site, "created >= -1h") == ["ED-1"]


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("", "Unbounded"),
        ("ORDER BY key", "Unbounded"),
        ('summary ~ "abc', "has not been completed"),
        ('project = "ED', "has not been completed"),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'"),
        ("key = ED-99", "An issue with key 'ED-99' does not exist"),
        ("colour = red", "Field 'colour' does not exist"),
        ("project = ED colour", "Expecting 'OR' or 'AND' but got 'colour'"),
        ("project", "before the end of the query"),
        ("project in (ED", "Expecting '\\)'"),
        ("status > Done", "operator '>' is not supported"),
        ("updated >= yesterday", "Date value 'yesterday'"),
        ('updated >= "2026-03-04 14:30:10"', "Valid formats include"),
        ("project = ED ORDER BY colour", "Not able to sort"),
        ("project = ED ORDER BY " + ",".join(["key"] * 8), "maximum number of fields to sort"),
        ("project is full", "Expecting 'EMPTY'"),
        ("and project = ED", "Expecting a field name"),
    ],
)
def test_what_is_no_query_is_refused_with_a_reason(site: Site, jql: str, message: str):
    with pytest.raises(BadQuery, match=message):
        hits(site, jql)


def test_a_project_one_may_not_browse_does_not_exist(site: Site):
    site.jira.restrict("ED", [BOB])
    with pytest.raises(BadQuery, match="does not exist"):
        hits(site, "project = ED")


def test_order_without_a_word_is_newest_first(site: Site):
    reader = Reader(site.jira, ANN, "Etc/UTC", site.clock.now(), lambda issue: issue.updated)
    assert parse("project = ED", reader).order == (("created", True),)
    assert parse("project = ED ORDER BY updated ASC, key DESC, issue", reader).order == (
        ("updated", False),
        ("key", True),
        ("key", False),
    )
