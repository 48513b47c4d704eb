"""The ledger and the trackers tell the same story: what one says happened, the others hold."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from sandbox.graph.records import instant
from sandbox.world.cast import PEOPLE
from sandbox.world.world import World
from tests.ledger import LedgerReader, TrackerRecord

_INSTANTS = [
    datetime(2026, 1, 5, 12, tzinfo=UTC),
    datetime(2026, 3, 25, 9, tzinfo=UTC),
    datetime(2026, 5, 20, 15, tzinfo=UTC),
    datetime(2026, 6, 30, 18, tzinfo=UTC),
]
_JIRA_WORDS = {
    "Backlog": "todo",
    "In Progress": "doing",
    "In Review": "doing",
    "Done": "done",
    "Cancelled": "cancelled",
}


@pytest.fixture(scope="module", params=_INSTANTS, ids=lambda at: f"{at:%d %b}")
def told(request: pytest.FixtureRequest) -> tuple[World, list[TrackerRecord]]:
    """A world at an instant, and its records as the ledger tells them."""
    world = World(7)
    world.advance(request.param)
    return world, list(LedgerReader(world.ledger.lines).records(request.param).values())


def test_jira_holds_what_the_ledger_says(told: tuple[World, list[TrackerRecord]]):
    world, records = told
    site = world.jira.site
    ours = [record for record in records if record.tracker == "jira" and record.state != "gone"]
    assert {record.id for record in ours} == {id for id, one in site.issues.items() if one.project != "DCM"}
    for record in ours:
        issue = site.issues[record.id]
        state = "cancelled" if record.state == "retired" else record.state
        assert (record.key, record.title) == (issue.key, issue.summary)
        assert (record.due, record.start, record.estimate) == (issue.due, issue.start, issue.points)
        assert (record.owner and PEOPLE[record.owner].logins["jira"]) == issue.assignee
        assert state == _JIRA_WORDS[issue.status.name]
        assert record.sprints == [site.sprints[id].name for id in issue.sprints]
        assert record.milestone == next((site.versions[id].name for id in issue.versions), None)


def test_github_holds_what_the_ledger_says(told: tuple[World, list[TrackerRecord]]):
    world, records = told
    site, name = world.github.site, world.github.repo
    board = site.project("northwind", world.github.project)
    iterations = {one.id: one.title for field in board.fields.values() for one in field.iterations}
    cards = {item.content.node_id: item for item in board.items.values()}
    ours = [record for record in records if record.tracker == "github" and record.state != "gone"]
    assert {record.id for record in ours} == {
        issue.node_id for issue in site.repo(name).issues.values() if not issue.pull
    }
    for record in ours:
        issue = site.issue(name, int(record.key.rpartition("#")[2]))
        card = {value.field.name: value.value for value in cards[record.id].values.values()}
        assert (record.id, record.title) == (issue.node_id, issue.title)
        assert (record.due, record.start) == (card.get("Target date"), card.get("Start date"))
        assert record.estimate == card.get("Estimate")
        assert (record.sprints or [None])[-1] == iterations.get(card.get("Sprint"))
        assert [record.owner and PEOPLE[record.owner].logins["github"]] == (
            [account.login for account in issue.assignees] or [None]
        )
        assert (record.state in ("done", "cancelled")) == (issue.closed is not None)
        assert (record.state == "cancelled") == (issue.reason == "not_planned")
        assert record.milestone == (issue.milestone.title if issue.milestone else None)


def test_planner_holds_what_the_ledger_says(told: tuple[World, list[TrackerRecord]]):
    world, records = told
    tasks = world.planner.site.tasks
    ours = [record for record in records if record.tracker == "planner" and record.state != "gone"]
    assert {record.id for record in ours} == {
        id for id, task in tasks.items() if task.plan != world.neighbour.plan
    }
    for record in ours:
        task = tasks[record.id]
        labels = [world.planner.site.plans[task.plan].categories[slot] for slot in sorted(task.categories)]
        assert record.title == task.title
        assert (instant(record.due), instant(record.start)) == (task.due, task.start)
        assert record.state == {0: "todo", 50: "doing", 100: "done"}[task.percent]
        assert (
            (f"{record.estimate:g} point{'s' if record.estimate > 1 else ''}" in labels)
            if (record.estimate)
            else not any("point" in label for label in labels)
        )
        assert [record.owner and PEOPLE[record.owner].logins["planner"]] == (list(task.assignees) or [None])


def test_milestones_stand_where_the_ledger_says(told: tuple[World, list[TrackerRecord]]):
    world, _ = told
    ledgers, now = {"ERP": world.ledger, "DCM": world.neighbour.ledger}, world.clock.now()
    readers = {project: LedgerReader(ledger.lines) for project, ledger in ledgers.items()}
    for version in world.jira.site.versions.values():
        reader = readers[version.project]
        assert version.release == reader.milestone(version.name, now)


def test_scope_at_the_end_is_what_it_was_with_all_changes_applied(lived: World, ledger: LedgerReader):
    start, end = lived.baseline_at, lived.end
    sizes = [size or 0 for size in ledger.added(start, end).values()]
    gone = [size or 0 for size in ledger.removed(start, end).values()]
    grown = [(now or 0) - (then or 0) for then, now in ledger.re_estimated(start, end).values()]
    assert ledger.points(end) == ledger.points(start) + sum(sizes) - sum(gone) + sum(grown)


def test_a_reader_counts_a_tied_work_once():
    lines = [
        _line("created", tracker="jira", record="1", estimate=5, due="2026-03-20"),
        _line("mirrored", tracker="planner", record="p", estimate=8, due="2026-04-09", evidence="url"),
    ]
    at = datetime(2026, 2, 1, tzinfo=UTC)
    reader = LedgerReader(lines)
    assert reader.scope(at) == {"W-1": 5}
    assert reader.due("W-1", at) == date(2026, 3, 20)
    assert LedgerReader(lines, order=("planner", "jira")).estimate("W-1", at) == 8


def test_a_reader_does_not_take_a_move_for_a_change_of_scope():
    lines = [
        _line("created", tracker="jira", record="1", estimate=5, due=None),
        _line("moved", tracker="github", record="g", estimate=5, due=None, at="2026-02-01T00:00:00Z"),
        _line("retired", tracker="jira", record="1", at="2026-02-01T00:00:00Z"),
    ]
    before, after = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    reader = LedgerReader(lines)
    assert not reader.added(before, after)
    assert not reader.removed(before, after)
    assert reader.points(after) == 5


def _line(act: str, *, tracker: str, record: str, at: str = "2026-01-05T08:00:00Z", **facts: object) -> str:
    plain = {"type": "Task", "title": "Cut over", "department": "Finance", "wave": None, "parent": None}
    plain |= {"start": None, "owner": None, "sprint": None, "milestone": None}
    place = {"work": "W-1", "tracker": tracker, "record": record, "key": record}
    return json.dumps({"at": at, "act": act, **place, **plain, **facts, "by": "h-brandt"})
