"""The Planner connector keeps the contract, against a Graph and an Entra of our own over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from connectors.conformance import ConnectorContract, Trial, fold, stored_pages
from connectors.errors import AccessRefused, ConnectorError, Misconfigured
from connectors.planner.reading import _parts
from tests.connectors.planner_office import (
    ADA,
    BEN,
    CLIENT,
    DAY,
    GROUP,
    START,
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


class TestPlannerReadingAGroup(ConnectorContract):
    """The same promises for a source that is all plans of a group."""

    @pytest.fixture
    def trial(self, tmp_path: Path) -> Iterator[Trial]:
        with bureau(tmp_path, page=3, expand="refuse") as office:
            trial = trial_of(office)
            second = office.tenant.add_plan(GROUP, "Second plan")
            bucket = office.tenant.add_bucket(second, "Sprint 1")
            for n in range(4):
                office.tenant.create_task(second, bucket, f"Other {n}", BEN, description="Why")
            source = office.source(group=GROUP, sprints="bucket", windows=WINDOWS)
            yield replace(trial, source=source, elsewhere=office.source(group="Nowhere"))


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
    assert (issue.title, issue.bucket, issue.body) == (
        "Write the runbook",
        "To do",
        "See the wiki\n[ ] Draft",
    )
    assert (issue.due, issue.start, issue.priority) == (DAY, None, "Important")
    assert issue.labels == {"Wave 1"}
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
        office.pull()
        (fetched,) = office.batched("/tasks/")
    assert set(fetched) == {f"/planner/tasks/{id}/details" for id in tasks[:2]}


def test_ticking_an_item_is_seen_in_the_count_and_in_the_text(office):
    (task, *_) = office.fill()
    office.tenant.edit_task(task, ADA, description="")
    before = office.pull()
    office.tenant.tick(task, BEN, "Draft")
    (after,) = gathered(office.pull(cursors_of(before)), "issues")
    first = gathered(before, "issues")[0]
    assert (dict(first.attributes)["checklist"], first.body) == ("0/1", "[ ] Draft")
    assert (dict(after.attributes)["checklist"], after.body) == ("1/1", "[x] Draft")


def test_a_new_text_in_the_details_alone_is_seen_by_the_next_pull_where_they_are_fetched(tmp_path):
    with bureau(tmp_path, expand="ignore") as office:
        tasks = [office.add(f"Write {n}", description="First") for n in range(60)]
        first = office.pull()
        office.edit(tasks[31], description="Second")
        found = gathered(office.pull(cursors_of(first)), "issues")
    assert [(issue.ref.id, issue.body) for issue in found] == [(tasks[31], "Second")]


@pytest.mark.parametrize(("described", "most"), [(0, 1), (500, 1), (501, 2), (4000, 8), (9000, 8)])
def test_a_look_at_all_texts_takes_eight_pulls_at_most_and_one_in_a_plan_of_five_hundred(described, most):
    assert _parts(True for _ in range(described)) == most


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


# Plans that are no longer shown


def hidden_after(office: Bureau, cursors: dict[str, str], **source: str) -> tuple[set[str], list[str], str]:
    """What two pulls, half an hour apart, tell of hidden tasks; their notes; the last refusal."""
    hidden, notes, refusal = set(), [], ""
    for _ in range(2):
        office.clock.advance(timedelta(minutes=30))
        got = []
        try:
            for batch in office.connect().pull(office.source(**source), cursors, office.clock.now()):
                got.append(batch)
        except ConnectorError as error:
            refusal = str(error)
        assert gathered(got, "gone") == []
        cursors |= cursors_of(got)
        hidden |= set(gathered(got, "hidden"))
        notes += gathered(got, "notes")
    return hidden, notes, refusal


@pytest.mark.parametrize("act", ["delete", "close"])
def test_a_plan_that_is_no_longer_shown_hides_its_tasks_and_deletes_none(office, act):
    tasks = office.fill()
    cursors = cursors_of(office.pull())
    if act == "delete":
        office.tenant.delete_plan(office.plan)
    else:
        office.tenant.closed.add(office.plan)
    hidden, notes, refusal = hidden_after(office, cursors)
    assert hidden == set(tasks)
    assert refusal
    assert "8 tasks stay as they last were" in notes[0]


def test_one_refusal_alone_hides_nothing_and_a_plan_that_comes_back_is_read_anew(office):
    tasks = office.fill()
    cursors = cursors_of(office.pull())
    office.tenant.closed.add(office.plan)
    with pytest.raises(AccessRefused):
        office.pull(cursors)
    hidden_after(office, cursors)
    office.tenant.closed.clear()
    assert [issue.ref.id for issue in gathered(office.pull(cursors), "issues")] == tasks


def test_an_application_that_may_read_nothing_more_hides_nothing(office):
    office.fill()
    cursors = cursors_of(office.pull())
    office.tenant.apps[CLIENT].roles = ("User.Read.All",)
    hidden, _, refusal = hidden_after(office, cursors)
    assert hidden == set()
    assert "Tasks.Read" in refusal or "consent" in refusal


def test_a_group_goes_on_when_one_of_its_plans_is_closed(office):
    tasks = office.fill()
    second = office.tenant.add_plan(GROUP, "Second plan")
    office.tenant.create_task(second, office.tenant.add_bucket(second, "To do"), "Other", BEN)
    cursors = cursors_of(office.pull(group=GROUP))
    office.tenant.closed.add(second)
    office.edit(tasks[3], title="Still read")
    batches = office.pull(cursors, group=GROUP)
    assert [issue.title for issue in gathered(batches, "issues")] == ["Still read"]
    hidden, *_ = hidden_after(office, cursors_of(batches), group=GROUP)
    assert {office.tenant.tasks[id].title for id in hidden} == {"Other"}


def test_a_task_that_moved_to_a_plan_of_ours_is_read_there_and_elsewhere_it_is_hidden(office):
    tasks = office.fill()
    second = office.tenant.add_plan(GROUP, "Second plan")
    cursors = cursors_of(office.pull(group=GROUP))
    alone = cursors_of(office.pull())
    office.tenant.tasks[tasks[2]].plan = second
    hidden, *_ = hidden_after(office, cursors, group=GROUP)
    assert hidden == set()
    hidden, *_ = hidden_after(office, alone)
    assert hidden == {tasks[2]}


# Groups


@pytest.mark.parametrize("group", ["ERP rollout", GROUP])
def test_a_group_is_named_by_its_name_or_its_id_and_a_plan_of_it_by_its_title(office, group):
    office.fill()
    second = office.tenant.add_plan(GROUP, "Second plan")
    office.tenant.create_task(second, office.tenant.add_bucket(second, "To do"), "Other", BEN)
    every = gathered(office.pull(group=group), "issues")
    one = gathered(office.pull(group=group, title="second PLAN"), "issues")
    assert len(every) == 9
    assert {dict(issue.attributes)["plan"] for issue in every} == {"Launch", "Second plan"}
    assert [issue.title for issue in one] == ["Other"]
    assert second in one[0].url


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"group": "ERP"}, 'no group called "ERP"'),
        ({"group": "Twins"}, '2 groups called "Twins"'),
        ({"group": "ERP rollout", "title": "Lunch"}, 'Did you mean "Launch"'),
    ],
)
def test_a_group_or_title_that_is_not_there_is_named(office, named, said):
    office.tenant.add_group("a1", "Twins")
    office.tenant.add_group("a2", "Twins")
    with pytest.raises(Misconfigured, match=said):
        office.pull(**named)


# People


def test_people_who_left_or_may_not_sign_in_keep_what_is_known_of_them(office):
    office.fill()
    office.tenant.disable_user(ADA)
    office.tenant.delete_user(BEN)
    assert [account.name for account in gathered(office.pull(), "accounts")] == ["Ada"]


def test_people_are_asked_for_one_by_one_in_a_batch_where_the_bulk_look_up_tells_no_names(tmp_path):
    with bureau(tmp_path, strict=True) as office:
        office.fill()
        assert {account.name for account in gathered(office.pull(), "accounts")} == {"Ada", "Ben"}
        (batch,) = office.batched("/users/")
    assert len(batch) == 2


# Requests


def asked_for(office: Bureau, plans: int, tasks: int) -> int:
    """Requests of a full read of so many plans of one group, each of so many tasks with a description."""
    for plan in [office.plan, *(office.tenant.add_plan(GROUP, f"Plan {n}") for n in range(1, plans))]:
        bucket = office.tenant.add_bucket(plan, "Here")
        for n in range(tasks):
            office.tenant.create_task(plan, bucket, f"Task {n}", ADA, description="Why")
    batches = office.pull(group=GROUP)
    assert len(gathered(batches, "issues")) == plans * tasks
    assert all(issue.body == "Why" for issue in gathered(batches, "issues"))
    return len(office.graph.requests)


def test_ten_plans_take_sixty_requests_where_details_are_expanded(tmp_path):
    """A hundredth of ten thousand tasks, in pages of a hundredth: the pages are as many as at full size."""
    with bureau(tmp_path, page=4) as office:
        assert asked_for(office, plans=10, tasks=10) <= 60


def test_batches_are_filled_to_the_last_read(tmp_path):
    """At a tenth of ten thousand tasks a tenth of 510 requests, the fixed ones for all plans included."""
    with bureau(tmp_path, page=40, expand="refuse") as office:
        assert asked_for(office, plans=10, tasks=100) <= 51 + 8
        sizes = [len(batch) for batch in office.batched("/tasks/")]
    assert sizes[1:-1] == [20] * (len(sizes) - 2)


def test_a_quiet_plan_takes_one_batch_and_its_pages(tmp_path):
    with bureau(tmp_path, page=4) as office:
        office.fill()
        cursors = cursors_of(office.pull())
        before = len(office.graph.requests)
        assert gathered(office.pull(cursors), "raw") == gathered(office.pull(cursors), "raw")
        assert len(office.graph.requests) - before == 2 * (1 + 2)


# Pages as received


def test_a_reading_without_news_keeps_only_the_plans_own_page(office):
    office.fill()
    raw = gathered(office.pull(cursors_of(office.pull())), "raw")
    assert [page.stream for page in raw] == ["plan"]


@pytest.mark.parametrize("expand", ["honour", "refuse"])
def test_stored_pages_of_many_pulls_rebuild_what_the_pulls_told(tmp_path, expand):
    with bureau(tmp_path, page=3, expand=expand) as office:
        tasks = office.fill()
        told = office.pull()
        for task in (tasks[0], tasks[4], tasks[0]):
            office.edit(task, title=f"At {office.clock.now():%H:%M}", description=f"{office.clock.now():%M}")
            told += office.pull(cursors_of(told))
        office.clock.advance(timedelta(days=8))
        office.edit(tasks[1], description="A week later")
        told += office.pull(cursors_of(told))
        asked = len(office.graph.requests)
        stored = stored_pages(told)
        again = list(office.connect().replay(office.source(), stored, office.clock.now()))
        late = [page for page in stored if page.walk == "full" or page.walk > f"full-{START:%Y-%m-%d}T10"]
        newest = list(office.connect().replay(office.source(), late, office.clock.now()))
        assert len(office.graph.requests) == asked
    assert fold(again).issues == fold(told).issues
    assert fold(newest).issues == fold(told).issues


def test_pages_whose_plan_is_not_kept_are_left_out_with_a_note(office):
    office.fill()
    pages = [page for page in gathered(office.pull(), "raw") if page.stream == "tasks"]
    (batch,) = office.connect().replay(office.source(), pages, office.clock.now())
    assert "no longer kept" in batch.notes[0]
