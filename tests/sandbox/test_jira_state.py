"""The Jira stand-in's memory writes the histories that Jira writes, oddities included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from sandbox.jira.state import JiraSite
from tests.sandbox.jira_world import ANN, BOB, MONDAY, Site


@pytest.fixture
def site() -> Site:
    return Site()


def test_values_given_at_creation_are_in_no_history(site: Site):
    id = site.story(points=3, due=date(2026, 4, 1), sprint=site.first, version=site.version, labels=("a",))
    assert site.items(id) == []
    issue = site.jira.issues[id]
    assert (issue.points, issue.sprints, issue.versions) == (3.0, (site.first,), (site.version,))


def test_one_save_is_one_history_with_a_line_for_each_field(site: Site):
    id = site.story(points=3)
    site.wait(days=1)
    site.jira.edit(id, ANN, points=5, due=date(2026, 6, 23), start=date(2026, 6, 2))
    (history,) = site.jira.issues[id].history
    assert (history.author, history.at) == (ANN, MONDAY + timedelta(days=1))
    assert site.items(id) == [
        ("Story Points", None, "3", None, "5"),
        ("duedate", None, None, "2026-06-23", "2026-06-23 00:00:00.0"),
        ("Start date", None, None, "2026-06-02", "2/Jun/26"),
    ]


def test_a_save_that_changes_nothing_leaves_no_trace(site: Site):
    id = site.story(points=3, labels=("a", "b"))
    site.wait(days=1)
    site.jira.edit(id, ANN, points=3.0, labels=("b", "a"), summary="a story")
    site.jira.transition(id, ANN, "Backlog")
    assert site.items(id) == []
    assert site.jira.issues[id].updated == MONDAY


def test_fractions_of_points_are_written_without_needless_zeros(site: Site):
    id = site.story(points=0.5)
    site.jira.edit(id, ANN, points=None)
    site.jira.edit(id, ANN, points=13)
    assert [item[2:] for item in site.items(id)] == [("0.5", None, None), (None, None, "13")]


def test_sprint_lines_hold_whole_lists_of_ids(site: Site):
    id = site.story()
    site.jira.edit(id, ANN, sprint=site.first)
    site.jira.edit(id, ANN, sprint=site.second)
    site.jira.edit(id, ANN, sprint=None)
    assert site.items(id) == [
        ("Sprint", "", "", "1", "Sprint 1, build"),
        ("Sprint", "1", "Sprint 1, build", "2", "Sprint 2"),
        ("Sprint", "2", "Sprint 2", "", ""),
    ]


def test_closing_a_sprint_carries_what_is_open_a_moment_after_the_completion(site: Site):
    done, open_ = site.story(sprint=site.first), site.story(sprint=site.first)
    site.jira.start_sprint(site.first)
    site.jira.transition(done, ANN, "Done")
    site.wait(days=14)
    site.jira.close_sprint(site.first, carry_to=site.second)
    completed = site.jira.sprints[site.first].completed
    assert completed == site.clock.now()
    (carried,) = site.jira.issues[open_].history
    assert carried.at == completed + timedelta(milliseconds=300)
    assert site.items(open_) == [("Sprint", "1", "Sprint 1, build", "1, 2", "Sprint 1, build, Sprint 2")]
    assert site.jira.issues[done].sprints == (site.first,)
    assert [issue.id for issue in site.jira.in_sprint(site.second)] == [open_]


def test_leaving_the_next_sprint_keeps_the_past_one(site: Site):
    id = site.story(sprint=site.first)
    site.jira.start_sprint(site.first)
    site.jira.close_sprint(site.first, carry_to=site.second)
    site.jira.edit(id, ANN, sprint=None)
    assert site.items(id)[-1][:4:2] == ("Sprint", "Sprint 1, build, Sprint 2")
    assert site.jira.issues[id].sprints == (site.first,)


def test_without_a_next_sprint_open_issues_fall_back_without_a_line(site: Site):
    id = site.story(sprint=site.first)
    site.jira.start_sprint(site.first)
    site.jira.close_sprint(site.first)
    assert site.items(id) == []
    assert site.jira.issues[id].sprints == (site.first,)


def test_sprints_go_from_future_to_active_to_closed_only(site: Site):
    with pytest.raises(ValueError, match="only an active sprint"):
        site.jira.close_sprint(site.first)
    site.jira.start_sprint(site.first)
    with pytest.raises(ValueError, match="only a future sprint"):
        site.jira.start_sprint(site.first)
    site.jira.close_sprint(site.first)
    with pytest.raises(ValueError, match="closed"):
        site.story(sprint=site.first)
    with pytest.raises(ValueError, match="closed"):
        site.jira.edit_sprint(site.first, name="late")


def test_entering_done_resolves_and_leaving_it_takes_the_resolution_back(site: Site):
    id = site.story()
    for status in ("In Progress", "Done", "In Review", "Cancelled"):
        site.wait(hours=1)
        site.jira.transition(id, BOB, status)
    assert [(item[0], item[2], item[4]) for item in site.items(id)] == [
        ("status", "Backlog", "In Progress"),
        ("resolution", None, "Done"),
        ("status", "In Progress", "Done"),
        ("resolution", "Done", None),
        ("status", "Done", "In Review"),
        ("resolution", None, "Won't Do"),
        ("status", "In Review", "Cancelled"),
    ]
    assert site.jira.issues[id].resolved == MONDAY + timedelta(hours=4)


def test_versions_and_components_get_one_line_for_each_that_left_or_came(site: Site):
    other = site.jira.create_version("ED", "Pilot")
    id = site.story(version=site.version, components=("Data", "Finance"))
    site.jira.edit(id, ANN, version=other, components=("Finance", "Portal"))
    assert site.items(id) == [
        ("Fix Version", site.version, "Go-live", None, None),
        ("Fix Version", None, None, other, "Pilot"),
        ("Component", "10000", "Data", None, None),
        ("Component", None, None, "10002", "Portal"),
    ]


def test_both_ends_of_a_link_remember_it(site: Site):
    a, b = site.story("a"), site.story("b")
    site.jira.block(a, b)
    assert site.items(a) == [("Link", None, None, "ED-2", "This issue blocks ED-2")]
    assert site.items(b) == [("Link", None, None, "ED-1", "This issue is blocked by ED-1")]


def test_a_moved_issue_keeps_its_id_and_its_old_key_finds_it(site: Site):
    site.jira.add_project("OPS", "Operations")
    id = site.story(version=site.version)
    assert site.jira.move(id, "OPS") == "OPS-1"
    assert site.jira.find("ED-1") is site.jira.find("ops-1") is site.jira.issues[id]
    assert [item[0] for item in site.items(id)] == ["Fix Version", "project", "Key"]
    assert site.items(id)[-1] == ("Key", None, "ED-1", None, "OPS-1")


def test_logged_time_counts_up_what_was_spent_and_down_what_remains(site: Site):
    id = site.story(original_estimate_s=4 * 3600)
    worklog = site.jira.log_work(id, BOB, MONDAY, 3600)
    site.jira.edit(id, ANN, original_estimate_s=8 * 3600)
    issue = site.jira.issues[id]
    assert (issue.original_estimate, issue.remaining_estimate, issue.time_spent) == (28800, 10800, 3600)
    site.jira.delete_worklog(worklog)
    assert (issue.remaining_estimate, issue.time_spent, issue.worklogs) == (14400, 0, [])
    assert site.items(id)[:3] == [
        ("timespent", None, None, "3600", "3600"),
        ("timeestimate", "14400", "14400", "10800", "10800"),
        ("WorklogId", None, None, worklog, worklog),
    ]


def test_a_deleted_issue_takes_its_worklogs_links_and_subtasks_along(site: Site):
    epic = site.jira.create_issue("ED", "Epic", "an epic", ANN)
    story, other = site.story(parent=epic), site.story()
    sub = site.jira.create_issue("ED", "Sub-task", "part", ANN, parent=story)
    site.jira.block(story, other)
    site.jira.log_work(story, ANN, MONDAY, 60)
    site.jira.delete_issue(story)
    assert set(site.jira.issues) == {epic, other}
    assert site.jira.find("ED-2") is None
    assert site.jira.issues[other].blocked_by == {}
    assert site.jira.logged == site.jira.unlogged == []
    assert sub not in site.jira.issues


def test_stories_outlive_their_epic_and_remember_it(site: Site):
    epic = site.jira.create_issue("ED", "Epic", "an epic", ANN)
    story = site.story(parent=epic)
    site.jira.delete_issue(epic)
    assert site.jira.issues[story].parent is None
    assert site.items(story) == [("IssueParentAssociation", epic, "ED-1", None, None)]


def test_stamps_of_one_issue_never_run_backwards(site: Site):
    id = site.story(sprint=site.first)
    site.jira.start_sprint(site.first)
    site.jira.close_sprint(site.first, carry_to=site.second)
    site.jira.edit(id, ANN, points=1)
    first, second = site.jira.issues[id].history
    assert first.at <= second.at == site.jira.issues[id].updated


def test_the_same_acts_make_the_same_ids():
    def play() -> tuple[str, ...]:
        site = Site()
        ids = [site.story(str(n)) for n in range(3)]
        worklog = site.jira.log_work(ids[0], ANN, MONDAY, 60)
        return (*ids, worklog, str(site.jira.issues[ids[0]].history[0].id))

    assert play() == play()


def test_misspelt_fields_and_strangers_are_refused(site: Site):
    id = site.story()
    with pytest.raises(ValueError, match="has no pionts"):
        site.jira.edit(id, ANN, pionts=3)
    with pytest.raises(ValueError, match="nobody here"):
        site.jira.edit(id, "stranger", points=3)
    with pytest.raises(ValueError, match="In Progress"):
        site.jira.transition(id, ANN, "in progress")


def test_team_managed_projects_keep_their_points_in_another_field(site: Site):
    site.jira.add_project("MKT", "Marketing", team_managed=True)
    id = site.jira.create_issue("MKT", "Task", "leaflet", ANN, points=1)
    site.jira.edit(id, ANN, points=2)
    assert site.items(id) == [("Story point estimate", None, "1", None, "2")]


def test_people_priorities_descriptions_and_starts_are_remembered_too(site: Site):
    id = site.story(assignee=ANN, start=date(2026, 3, 2))
    site.jira.edit(id, ANN, assignee=BOB, priority="High", description="why", start=None)
    site.jira.edit(id, ANN, assignee=None)
    assert site.items(id) == [
        ("assignee", ANN, "Ann Lee", BOB, "Bob Öz"),
        ("priority", "3", "Medium", "2", "High"),
        ("description", None, None, None, "why"),
        ("Start date", "2026-03-02", "2/Mar/26", None, None),
        ("assignee", BOB, "Bob Öz", None, None),
    ]


def test_a_sprints_dates_and_name_move_without_any_history(site: Site):
    id = site.story(sprint=site.first)
    later = MONDAY + timedelta(days=30)
    site.jira.edit_sprint(site.first, start=MONDAY + timedelta(days=1), end=later, name="Sprint one")
    sprint = site.jira.sprints[site.first]
    assert (sprint.name, sprint.end) == ("Sprint one", later)
    assert site.items(id) == []


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda jira: jira.add_project("ED", "Again"), "is taken"),
        (lambda jira: jira.add_board("ED", "b", type="cork"), "scrum, kanban or simple"),
        (lambda jira: jira.create_sprint(jira.add_board("ED", "k", type="kanban"), "s"), "kanban"),
        (lambda jira: jira.start_sprint(jira.create_sprint(1, "undated")), "with dates"),
        (lambda jira: jira.create_issue("ED", "Story", "s", ANN, labels=("two words",)), "no space"),
        (lambda jira: jira.create_issue("ED", "Saga", "s", ANN), "no 'Saga'"),
        (lambda jira: jira.move(jira.create_issue("ED", "Story", "s", ANN), "ED"), "already"),
    ],
)
def test_what_jira_would_not_let_people_do_is_refused(
    site: Site, act: Callable[[JiraSite], object], message: str
):
    with pytest.raises(ValueError, match=message):
        act(site.jira)


def test_a_version_of_another_project_cannot_be_fixed_in(site: Site):
    site.jira.add_project("OPS", "Operations")
    foreign = site.jira.create_version("OPS", "2.0")
    with pytest.raises(ValueError, match="belongs to OPS"):
        site.story(version=foreign)


def test_nothing_is_carried_into_a_closed_sprint(site: Site):
    for sprint in (site.first, site.second):
        site.jira.start_sprint(sprint)
    site.jira.close_sprint(site.second)
    with pytest.raises(ValueError, match="closed"):
        site.jira.close_sprint(site.first, carry_to=site.second)
    assert site.jira.sprints[site.first].state == "active"
