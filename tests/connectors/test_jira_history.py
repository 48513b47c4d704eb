"""An issue's life as Jira's change histories tell it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import SkipIssue
from connectors.jira.fields import ORIGINAL_ESTIMATE, FieldMap
from model.fields import encode
from model.values import Origin, Unit
from tests.connectors.jira_issue import item, life, mapped, save, status, told, words


def moved(before: str, after: str) -> dict[str, object]:
    names = (status(before)["name"], status(after)["name"])
    return item("status", before, after, names)


def resolved(before: str | None, after: str | None) -> dict[str, object]:
    return item("resolution", before and "1", after and "1", (before, after))


def test_a_status_is_told_in_jiras_word_and_in_ours() -> None:
    story = life(
        save(3, moved("1", "3")), save(4, moved("3", "4")), save(5, moved("4", "5")), status=status("5")
    )
    assert told(story, "status_original") == [
        ("03", "Open", "In Progress"),
        ("04", "In Progress", "In Review"),
        ("05", "In Review", "Done"),
    ]
    assert told(story, "status") == [("03", "todo", "doing"), ("05", "doing", "done")]
    assert told(story, "finished") == [("05", None, "2026-03-05T12:00:00+00:00")]
    assert story.finished == datetime(2026, 3, 5, 12, tzinfo=UTC)


def test_reopened_work_is_finished_no_longer_and_counts_from_its_last_finish() -> None:
    saves = save(3, moved("1", "5")), save(4, moved("5", "3")), save(6, moved("3", "5"))
    story = life(*saves, status=status("5"))
    assert [day for day, _, _ in told(story, "finished")] == ["03", "04", "06"]
    assert story.finished == datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert life(*saves[:2], status=status("3")).finished is None


def test_a_resolution_changed_later_turns_done_into_cancelled_without_a_new_finish() -> None:
    story = life(
        save(3, resolved(None, "Done"), moved("1", "5")),
        save(6, resolved("Done", "Won't Do")),
        status=status("5"),
        resolution={"id": "1", "name": "Won't Do"},
    )
    assert told(story, "status") == [("03", "todo", "done"), ("06", "done", "cancelled")]
    assert story.finished == datetime(2026, 3, 3, 12, tzinfo=UTC)


def test_a_renamed_status_tells_no_change() -> None:
    renamed = item("status", "1", "3", ("Open", "Doing it"))
    story = life(save(3, renamed), status=status("3"))
    assert told(story, "status_original") == [("03", "Open", "In Progress")]


def test_a_deleted_status_keeps_its_name_and_is_of_unknown_category() -> None:
    gone = item("status", "99", "3", ("Triage", "In Progress"))
    story = life(save(3, gone), status=status("3"))
    assert told(story, "status_original") == [("03", "Triage", "In Progress")]
    assert told(story, "status") == [("03", "unknown", "doing")]


def test_work_imported_as_done_finished_when_jira_says_it_was_resolved() -> None:
    story = life(status=status("5"), resolutiondate="2026-03-04T10:00:00.000+0000")
    assert story.finished == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert told(story, "finished") == []


SPRINT = "customfield_3"


def sprinted(before: str, after: str, names: tuple[str, str] = ("", "")) -> dict[str, object]:
    return item("Sprint", before, after, names, id=SPRINT)


def in_sprints(*ids: int) -> dict[str, object]:
    return {SPRINT: [{"id": id, "name": f"S{id}", "state": "closed"} for id in ids]}


def test_carry_over_is_a_second_sprint_beside_the_first() -> None:
    story = life(
        save(3, sprinted("", "76", ("", "Sprint 1, build"))),
        save(9, sprinted("76", "76, 80", ("Sprint 1, build", "Sprint 1, build, Sprint 2"))),
        **in_sprints(76, 80),
    )
    assert told(story, "sprints") == [("03", "[]", '["76"]'), ("09", '["76"]', '["76", "80"]')]


def test_taken_out_of_a_sprint_is_told_as_such() -> None:
    story = life(save(3, sprinted("", "76")), save(5, sprinted("76", "")), **in_sprints())
    assert told(story, "sprints")[-1] == ("05", '["76"]', "[]")


def test_a_sprint_deleted_behind_jiras_back_is_reconstructed() -> None:
    story = life(save(3, sprinted("", "76, 77")), **in_sprints(76))
    *_, gap = story.events
    assert (gap.origin, gap.meaning.field) == (Origin.RECONSTRUCTED, "sprints")
    assert (gap.meaning.before, gap.meaning.after) == ('["76", "77"]', '["76"]')
    assert gap.at == mapped().issue.updated


def pointed(before: str | None, after: str | None) -> dict[str, object]:
    return item("Story Points", None, None, (before, after), id="customfield_1")


def test_points_stand_in_the_readable_texts() -> None:
    story = life(save(3, pointed(None, "3")), save(5, pointed("3", "5.0")), customfield_1=5)
    assert told(story, "estimate") == [("03", None, "3"), ("05", "3", "5")]


def test_points_that_are_no_number_are_kept_without_a_meaning() -> None:
    story = life(save(3, pointed("3", "many")), save(5, pointed("many", "5")), customfield_1=5)
    assert [event.after for event in story.events if event.field == "Story Points"] == ["many", "5"]
    assert told(story, "estimate") == []


def test_an_original_estimate_is_told_in_hours() -> None:
    hours = words(fields=FieldMap(ORIGINAL_ESTIMATE, Unit.HOURS, None, None))
    story = life(
        save(3, item(ORIGINAL_ESTIMATE, None, "7200")), vocabulary=hours, **{ORIGINAL_ESTIMATE: 7200}
    )
    assert told(story, "estimate") == [("03", None, "2")]


def test_dates_lose_the_time_that_jira_writes_behind_them() -> None:
    due = item("duedate", None, "2026-06-23", (None, "2026-06-23 00:00:00.0"))
    start = item("Start date", "2026-06-01", None, ("1/Jun/26", None), id="customfield_2")
    story = life(save(3, due), save(4, start), duedate="2026-06-23")
    assert told(story, "due") == [("03", None, "2026-06-23")]
    assert told(story, "start") == [("04", "2026-06-01", None)]


def test_a_parent_written_under_two_names_changes_once() -> None:
    association = item("IssueParentAssociation", None, "20707", (None, "K5-1"), id=None)
    epic = item("Epic Link", None, "20707", (None, "K5-1"), id="customfield_10014")
    story = life(save(3, association), save(4, epic), parent={"id": "20707"})
    assert told(story, "parent") == [("03", None, "20707")]
    assert [event.field for event in story.events] == ["created", "IssueParentAssociation", "Epic Link"]


def test_a_sub_tasks_parent_is_a_parent() -> None:
    story = life(save(3, item("Parent", "5", "6", ("ED-5", "ED-6"), id=None)), parent={"id": "6"})
    assert told(story, "parent") == [("03", "5", "6")]


def version(before: str | None, after: str | None) -> dict[str, object]:
    return item("Fix Version", before, after, id="fixVersions")


def test_fix_versions_come_one_by_one_and_are_told_as_one_milestone() -> None:
    swapped = save(5, version("10", None), version(None, "11"))
    story = life(save(3, version(None, "10")), swapped, fixVersions=[{"id": "11"}])
    assert told(story, "milestone") == [("03", None, "10"), ("05", "10", "11")]


def test_components_are_told_by_their_present_names() -> None:
    added = item("Component", None, "1", (None, "Old name"), id="components")
    removed = item("Component", "2", None, ("Gone", None), id=None)
    story = life(save(3, added), save(4, removed), components=[{"id": "1", "name": "New name"}])
    assert told(story, "components") == [
        ("03", '["Gone"]', '["Gone", "New name"]'),
        ("04", '["Gone", "New name"]', '["New name"]'),
    ]


def test_labels_are_whole_lists_parted_by_spaces() -> None:
    story = life(save(3, item("labels", "", "", ("a", "b a"))), labels=["a", "b"])
    assert told(story, "labels") == [("03", '["a"]', '["a", "b"]')]


def test_a_move_is_told_as_new_key_and_new_source() -> None:
    project = item("project", "1", "2", ("Operations", "ERP"))
    key = item("Key", None, None, ("OPS-7", "ED-1"), id=None)
    story = life(save(3, project, key))
    assert told(story, "key") == [("03", "OPS-7", "ED-1")]
    assert told(story, "source") == [("03", "OPS", "ED")]


def test_title_assignee_priority_and_type_are_told() -> None:
    story = life(
        save(3, item("summary", None, None, ("Old", "A story"))),
        save(4, item("assignee", None, "ann", (None, "Ann"))),
        save(5, item("priority", "3", "2", ("Medium", "High"))),
        save(6, item("issuetype", "1", "2", ("Task", "Story"))),
        assignee={"accountId": "ann"},
        priority={"id": "2", "name": "Urgent"},
        issuetype={"id": "2", "name": "Story"},
    )
    assert told(story, "title") == [("03", "Old", "A story")]
    assert told(story, "assignees") == [("04", "[]", '["ann"]')]
    assert told(story, "priority") == [("05", "Medium", "Urgent")]
    assert told(story, "type") == [("06", "Task", "Story")]


def test_the_creation_is_told_with_its_author() -> None:
    first = life(creator={"accountId": "bob", "displayName": "Bob"}).events[0]
    assert (first.id, first.field, first.actor) == ("created", "created", "bob")
    assert first.at == mapped().issue.created


def test_ranks_and_workflow_migrations_are_noise() -> None:
    story = life(
        save(3, item("Rank", "", "", ("", "Ranked higher"), id="customfield_19"), item("Workflow", "1", "2"))
    )
    assert [event.field for event in story.events] == ["created"]


@pytest.mark.parametrize("created", [1773144000123, 1773144000, "2026-03-10T12:00:00.000+0000"])
def test_the_instant_of_a_save_comes_in_three_forms(created: object) -> None:
    event = life(save(1, item("summary", None, None, ("a", "b"))) | {"created": created}, summary="b").events[
        1
    ]
    assert event.at.replace(microsecond=0) == datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize("created", [10**18, -(10**18), "later"])
def test_an_instant_that_is_none_parks_the_issue(created: object) -> None:
    with pytest.raises(SkipIssue):
        life(save(1, item("summary", None, None, ("a", "b"))) | {"created": created})


def test_saves_are_told_oldest_first_and_once_however_they_arrive() -> None:
    first, second = save(3, sprinted("", "76")), save(5, sprinted("76", "80"))
    shuffled = life(second, first, second, **in_sprints(80))
    assert shuffled == life(first, second, **in_sprints(80))
    assert [day for day, _, _ in told(shuffled, "sprints")] == ["03", "05"]


def test_events_of_one_save_have_ids_of_their_own() -> None:
    story = life(save(3, resolved(None, "Done"), moved("1", "5")), status=status("5"))
    ids = [event.id for event in story.events]
    assert len(ids) == len(set(ids))


DAYS = st.none() | st.dates().map(lambda day: day.isoformat())


@given(life_=st.lists(DAYS, min_size=1, max_size=8))
def test_whatever_happened_to_a_date_its_last_event_gives_its_present(life_: list[str | None]) -> None:
    saves = [
        save(n, item("duedate", before, after), day=n)
        for n, (before, after) in enumerate(pairwise(life_), start=1)
    ]
    now = mapped(duedate=life_[-1]).issue
    changes = told(life(*saves, duedate=life_[-1]), "due")
    assert not changes or changes[-1][2] == encode(now.due)
    assert [after for _, _, after in changes] == [b for a, b in pairwise(life_) if a != b]
