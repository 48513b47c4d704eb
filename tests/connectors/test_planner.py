"""The Planner connector keeps the contract, against a Graph and an Entra of our own over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.connectors.conformance import ConnectorContract, Trial
from tests.connectors.planner_office import (
    ADA,
    BEN,
    DAY,
    GROUP,
    Bureau,
    bureau,
    cursors_of,
    gathered,
)

WINDOWS = {"Sprint 1": {"start": "2026-03-02", "end": "2026-03-13"}}


def trial_of(office: Bureau) -> Trial:
    tasks = office.fill()
    ticks = count()

    def now():
        office.clock.advance(timedelta(seconds=next(ticks)))
        return office.clock.now()

    def retitle(title: str) -> str:
        office.edit(tasks[4], title=title)
        return tasks[4]

    return Trial(
        connection="planner",
        connect=office.connect,
        source=office.source(sprints="bucket", windows=WINDOWS),
        now=now,
        ids=lambda: frozenset(office.tenant.tasks),
        retitle=retitle,
        create=office.add,
        refused=lambda: office.connect({"env:PLANNER_SECRET": "wrong-and-unmistakable"}),
        unreachable=lambda: office.connect(url="http://127.0.0.1:9/v1.0"),
        elsewhere=office.source(plan="x" * 28),
        secret="wrong-and-unmistakable",
    )


class TestPlannerExpandingDetails(ConnectorContract):
    @pytest.fixture
    def trial(self, tmp_path: Path) -> Iterator[Trial]:
        with bureau(tmp_path, page=3) as office:
            yield trial_of(office)


class TestPlannerFetchingDetails(ConnectorContract):
    """The same promises where Planner refuses to expand details in lists."""

    @pytest.fixture
    def trial(self, tmp_path: Path) -> Iterator[Trial]:
        with bureau(tmp_path, page=3, expand="refuse") as office:
            yield trial_of(office)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Bureau]:
    with bureau(tmp_path) as office:
        yield office


# What is read


def test_a_task_is_read_with_everything_in_it(office):
    office.fill()
    issue = gathered(office.pull(estimate_label=r"^(\d+) points?$"), "issues")[0]
    assert (issue.title, issue.bucket, issue.body) == ("Write the runbook", "To do", "See the wiki")
    assert (issue.due, issue.start, issue.priority) == (DAY, None, "Important")
    assert issue.labels == {"3 points", "Wave 1"}
    assert issue.assignees == {ADA, BEN}
    assert str(issue.estimate) == "3"
    assert issue.links == ("https://jira.example.com/browse/PAY-7#top",)
    assert issue.url == (
        f"https://planner.cloud.microsoft/webui/plan/{office.plan}/view/board/task/{issue.ref.id}"
        "?tid=11112222-3333-4444-5555-666677778888"
    )


def test_a_dated_bucket_is_a_milestone_unless_it_is_a_sprint(office):
    task = office.add("Train the trainers", bucket=office.sprint)
    plain = office.pull(windows=WINDOWS)
    boxed = office.pull(windows=WINDOWS, sprints="bucket")
    (milestone,), (sprint,) = gathered(plain, "milestones"), gathered(boxed, "sprints")
    assert (milestone.name, str(milestone.due)) == ("Sprint 1", "2026-03-13")
    assert (sprint.name, sprint.state.value) == ("Sprint 1", "active")
    assert sprint.end.isoformat() == "2026-03-13T23:59:59+00:00"
    assert gathered(plain, "issues")[0].milestone == milestone.ref.id
    assert gathered(boxed, "issues")[0].sprints == {sprint.ref.id}
    assert gathered(boxed, "issues")[0].ref.id == task
    assert gathered(office.pull(), "milestones") == []


def test_a_window_without_a_bucket_is_noted_with_the_nearest_name(office):
    notes = gathered(office.pull(windows={"Sprint 11": WINDOWS["Sprint 1"]}), "notes")
    assert any('"Sprint 11"' in note and 'Did you mean "Sprint 1"?' in note for note in notes)


def test_people_are_named_by_the_directory_guests_without_an_address(office):
    office.fill()
    accounts = {one.ref.id: (one.name, one.email) for one in gathered(office.pull(), "accounts")}
    assert accounts == {ADA: ("Ada", "ada@example.com"), BEN: ("Ben", None)}


def test_a_missing_right_to_read_people_is_a_note(tmp_path):
    with bureau(tmp_path, roles=("Tasks.Read.All",)) as office:
        office.fill()
        batches = office.pull()
    assert len(gathered(batches, "issues")) == 8
    assert gathered(batches, "accounts") == []
    assert any("User.Read.All" in note for note in gathered(batches, "notes"))


# Completion


def test_a_completion_is_an_exact_recorded_fact_with_its_author(office):
    task = office.add("Order hardware")
    first = office.pull()
    office.edit(task, percent=100)
    at = office.clock.now()
    office.clock.advance(timedelta(days=3))
    events = gathered(office.pull(cursors_of(first)), "events")
    assert {event.meaning.field: event.meaning.after for event in events} == {
        "status": "done",
        "status_original": "Completed",
        "percent": "100",
        "finished": at.isoformat(),
    }
    assert {(event.at, event.actor, event.origin.value) for event in events} == {(at, BEN, "recorded")}


def test_a_task_opened_again_is_read_as_open_and_tells_no_completion(office):
    task = office.add("Order hardware")
    office.edit(task, percent=100)
    first = office.pull()
    office.edit(task, percent=50)
    second = office.pull(cursors_of(first))
    (issue,) = gathered(second, "issues")
    assert (issue.status.value, issue.percent, issue.finished) == ("doing", 50, None)
    assert gathered(second, "events") == []


# What changed


def test_a_second_reading_yields_only_what_changed(office):
    tasks = office.fill()
    first = office.pull()
    office.edit(tasks[3], due=DAY)
    second = office.pull(cursors_of(first))
    assert [issue.ref.id for issue in gathered(second, "issues")] == [tasks[3]]


def test_a_new_text_in_the_details_alone_is_seen(office):
    task = office.add("Write", description="First")
    first = office.pull()
    office.edit(task, description="Second")
    assert [issue.body for issue in gathered(office.pull(cursors_of(first)), "issues")] == ["Second"]


def test_renaming_a_label_or_a_setting_changes_every_task(office):
    office.fill()
    first = cursors_of(office.pull())
    office.tenant.set_categories(office.plan, {1: "5 points", 7: "Wave 1"})
    renamed = office.pull(first)
    assert len(gathered(renamed, "issues")) == 8
    assert len(gathered(office.pull(cursors_of(renamed), timezone="Asia/Tokyo"), "issues")) == 8


def test_where_details_are_fetched_one_by_one_only_the_needed_are(tmp_path):
    with bureau(tmp_path, expand="ignore") as office:
        tasks = office.fill()
        first = office.pull()
        fetched = [json.loads(request.body)["requests"] for request in office.asked("$batch")]
        office.edit(tasks[0], title="Write the book")
        second = office.pull(cursors_of(first))
        again = [json.loads(request.body)["requests"] for request in office.asked("$batch")[len(fetched) :]]
    assert [len(batch) for batch in fetched] == [2]
    assert {one["url"] for one in fetched[0]} == {f"/planner/tasks/{id}/details" for id in tasks[:2]}
    assert [issue.body for issue in gathered(second, "issues")] == ["See the wiki"]
    assert f"/planner/tasks/{tasks[0]}/details" in {one["url"] for one in again[0]}


def test_a_text_that_the_list_does_not_show_is_found_by_the_sweep(tmp_path):
    with bureau(tmp_path, expand="ignore") as office:
        task = office.add("Write", description="First")
        cursors = cursors_of(office.pull())
        office.edit(task, description="Second")
        bodies = []
        for _ in range(8):
            batches = office.pull(cursors)
            cursors = cursors_of(batches)
            bodies += [issue.body for issue in gathered(batches, "issues")]
    assert bodies == ["Second"]


def test_a_tenant_that_refuses_to_expand_is_asked_only_once(tmp_path):
    with bureau(tmp_path, expand="refuse") as office:
        office.fill()
        office.pull(cursors_of(office.pull()))
        refused = [request for request in office.graph.requests if request.status == 400]
    assert len(refused) == 1


# What is gone


def test_a_task_is_gone_after_two_readings_some_time_apart_and_a_404(office):
    tasks = office.fill()
    cursors = cursors_of(office.pull())
    office.tenant.delete_task(tasks[2])
    once = office.pull(cursors)
    soon = office.pull(cursors_of(once))
    office.clock.advance(timedelta(minutes=15))
    later = office.pull(cursors_of(soon))
    assert [gathered(batches, "gone") for batches in (once, soon, later)] == [[], [], [tasks[2]]]
    assert gathered(office.pull(cursors_of(later)), "gone") == []


def test_a_task_that_only_the_list_forgot_is_never_gone(office):
    tasks = office.fill()
    cursors = cursors_of(office.pull())
    forgotten = office.tenant.tasks[tasks[2]]
    forgotten.plan = office.tenant.add_plan(GROUP, "Elsewhere")
    for _ in range(3):
        office.clock.advance(timedelta(hours=1))
        batches = office.pull(cursors)
        cursors = cursors_of(batches)
        assert gathered(batches, "gone") == []
    forgotten.plan = office.plan
    assert [issue.ref.id for issue in gathered(office.pull(cursors), "issues")] == [tasks[2]]


# Going on


def test_a_broken_reading_goes_on_with_the_very_next_page(tmp_path):
    with bureau(tmp_path, page=3) as office:
        office.fill()
        walk = office.connect().pull(office.source(), {}, office.clock.now())
        begun = [next(walk), next(walk)]
        before = len(office.asked("/tasks"))
        office.pull(cursors_of(begun))
        pages = [request.query for request in office.asked("/tasks")[before:]]
    assert len(pages) == 2
    assert all("$skiptoken" in query for query in pages)


def test_a_link_that_is_too_old_begins_the_reading_anew_without_repeating_itself(tmp_path):
    with bureau(tmp_path, page=3) as office:
        office.fill()
        walk = office.connect().pull(office.source(), {}, office.clock.now())
        begun = [next(walk), next(walk)]
        cursor = json.loads(begun[1].cursor)
        cursor["next"] = cursor["next"].partition("$skiptoken")[0] + "$skiptoken=expired"
        rest = office.pull({"plan": begun[0].cursor, "tasks": json.dumps(cursor)})
    seen = [issue.ref.id for issue in (*gathered(begun, "issues"), *gathered(rest, "issues"))]
    assert sorted(seen) == sorted(office.tenant.tasks)


def test_a_cursor_that_cannot_be_read_means_to_read_everything(office):
    office.fill()
    assert len(gathered(office.pull({"tasks": "\ufffd not json"}), "issues")) == 8
