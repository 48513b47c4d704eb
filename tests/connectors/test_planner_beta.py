"""Graph's beta lists of changes: they save reading and tell who and when, and nothing depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.conformance import fold, stored_pages
from connectors.errors import SourceStopped
from tests.connectors.planner_office import BEN, DAY, GROUP, Bureau, bureau, cursors_of, gathered


@pytest.fixture(params=["honour", "refuse"])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bureau]:
    with bureau(tmp_path, page=3, expand=request.param) as office:
        office.beta = True
        yield office


def lists(office: Bureau) -> int:
    """How many pages of the list of tasks were asked for so far, in batches and alone."""
    alone = [request for request in office.asked() if request.path.endswith(f"{office.plan}/tasks")]
    return len(alone) + len([u for b in office.batched() for u in b if f"{office.plan}/tasks" in u])


def test_what_changed_is_read_without_the_list(office):
    tasks = office.fill()
    first = office.pull()
    office.edit(tasks[3], title="Newer", due=DAY)
    office.edit(tasks[3], title="Newest")
    made = office.add("Just made", description="Why")
    before = lists(office)
    issues = gathered(office.pull(cursors_of(first)), "issues")
    assert {issue.ref.id: issue.title for issue in issues} == {tasks[3]: "Newest", made: "Just made"}
    assert lists(office) == before


def test_a_quiet_pull_asks_for_the_plan_its_changes_and_its_history(office):
    tasks = office.fill()
    office.clock.advance(timedelta(hours=1))
    office.edit(tasks[0], title="Newer")
    first = office.pull()
    before = len(office.graph.requests)
    again = office.pull(cursors_of(first))
    assert gathered(again, "issues") == []
    assert len(office.graph.requests) - before == 3


def test_a_new_text_is_seen_at_once_wherever_details_come_from(office):
    tasks = office.fill()
    first = office.pull()
    office.edit(tasks[1], description="Thirty laptops")
    assert [one.body for one in gathered(office.pull(cursors_of(first)), "issues")] == ["Thirty laptops"]


def test_readings_by_change_end_as_readings_of_the_list_do(office):
    tasks = office.fill()
    told = office.pull()
    for number in range(6):
        office.edit(tasks[number], title=f"Round {number}", percent=(0, 50, 100)[number % 3])
        told += office.pull(cursors_of(told))
    issues = fold(told).issues
    office.beta = False
    assert issues == fold(office.pull()).issues


def test_a_deletion_is_proven_by_the_list_as_ever(office):
    tasks = office.fill()
    told = office.pull()
    office.tenant.delete_task(tasks[2])
    for _ in range(3):
        told += office.pull(cursors_of(told))
        office.clock.advance(timedelta(minutes=15))
    assert gathered(told, "gone") == [tasks[2]]


def test_the_list_is_compared_once_a_day_all_the_same(office):
    office.fill()
    first = office.pull()
    before = lists(office)
    office.clock.advance(timedelta(days=1, minutes=1))
    office.pull(cursors_of(first))
    assert lists(office) > before


def test_a_link_that_is_too_old_leads_back_to_the_list(office):
    tasks = office.fill()
    first = office.pull()
    office.edit(tasks[0], title="Newer")
    office.tenant.forgotten = len(office.tenant.changes)
    second = office.pull(cursors_of(first))
    office.edit(tasks[0], title="Newest")
    third = office.pull(cursors_of(second))
    assert [one.title for one in gathered(second + third, "issues")] == ["Newer", "Newest"]


def test_where_beta_is_refused_a_note_says_so_once_and_lists_are_compared(office):
    tasks = office.fill()
    office.tenant.beta = False
    first = office.pull()
    office.edit(tasks[0], title="Newer")
    second = office.pull(cursors_of(first))
    assert [one.title for one in gathered(second, "issues")] == ["Newer"]
    assert [note for note in gathered(second, "notes") if "beta" in note] == [
        "Graph refuses its beta lists of changes here, so readings are compared as without beta = true."
    ]


def test_beta_is_asked_for_nothing_unless_the_config_says_so(office):
    office.fill()
    office.beta = False
    office.pull()
    assert not office.asked("/beta")


def test_history_tells_who_changed_what_when(office):
    task = office.add("Order hardware")
    office.edit(task, title="Order laptops", due=DAY)
    at = office.clock.now()
    office.clock.advance(timedelta(days=2))
    events = {event.meaning.field: event for event in gathered(office.pull(), "events")}
    assert {field: (e.meaning.before, e.meaning.after) for field, e in events.items()} == {
        "title": ("Order hardware", "Order laptops"),
        "due": (None, DAY.isoformat()),
    }
    assert {(e.at, e.actor, e.origin.value) for e in events.values()} == {(at, BEN, "recorded")}


def test_a_completion_is_told_once_although_history_tells_it_too(office):
    task = office.add("Order hardware")
    office.edit(task, percent=100)
    events = gathered(office.pull(), "events")
    assert sorted(event.meaning.field for event in events) == [
        "finished",
        "percent",
        "status",
        "status_original",
    ]


def test_history_goes_on_where_it_stopped_and_repeats_under_the_same_ids(office):
    tasks = office.fill()
    office.edit(tasks[3], title="Newer")
    first = office.pull()
    office.edit(tasks[3], title="Newest")
    second = office.pull(cursors_of(first))
    once = {event.id for event in gathered(first, "events")}
    again = {event.id: event for event in gathered(second, "events")}
    assert {event.meaning.after for id, event in again.items() if id not in once} == {"Newest"}


def test_stored_pages_tell_the_history_again(office):
    tasks = office.fill()
    told = office.pull()
    office.edit(tasks[3], title="Newer", bucket=office.sprint)
    told += office.pull(cursors_of(told))
    again = fold(office.connect().replay(office.source(), stored_pages(told), office.clock.now()))
    assert (again.issues, again.events) == (fold(told).issues, fold(told).events)


def test_every_plan_of_a_group_has_changes_of_its_own(office):
    office.fill()
    second = office.tenant.add_plan(GROUP, "Second plan")
    bucket = office.tenant.add_bucket(second, "To do")
    other = office.tenant.create_task(second, bucket, "Other", BEN)
    first = office.pull(group=GROUP)
    office.edit(other, title="Another")
    found = gathered(office.pull(cursors_of(first), group=GROUP), "issues")
    assert [one.title for one in found] == ["Another"]


def test_links_of_changes_that_lead_elsewhere_stop_the_source(office):
    office.fill()
    cursors = cursors_of(office.pull())
    cursors["tasks"] = cursors["tasks"].replace(f"{office.graph.url}/beta", "http://foreign.example/beta")
    with pytest.raises(SourceStopped, match="not this connection's address"):
        office.pull(cursors)
