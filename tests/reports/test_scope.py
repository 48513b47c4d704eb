"""Scope change: the published sprint cases, every measure by a story of its own, and the laws."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.values import StatusCategory, Unit
from reports.figures import Quantity
from reports.reading import read_work
from reports.replays import Moment, Replay, container_replays, total
from reports.scope import ScopeChange, scope_change
from tests.reports.stillview import Trackers, at, config

SHARED = Path(__file__).parents[3] / "shared" / "data" / "analytics-cases.json"
DONE, TODO, CANCELLED = StatusCategory.DONE, StatusCategory.TODO, StatusCategory.CANCELLED
START, END = at("2026-03-02"), at("2026-03-13")
MIDDLE, BEFORE = at("2026-03-06"), at("2026-02-20")


def case(name: str) -> dict:
    if not SHARED.exists():
        pytest.skip("the shared analytics cases are not beside this checkout")
    return next(c for c in json.loads(SHARED.read_text())["cases"] if c["id"] == name)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def in_sprint(trackers: Trackers, sprint: str = "s1", end: datetime = END, **kind) -> ScopeChange:
    """The sprint's scope change from START to `end`, read through a whole project."""
    settings = kind.pop("settings", config())
    trackers.sprint(sprint, START)
    work = read_work(trackers.view(end), settings, "erp")
    replays = container_replays(work, lambda facts: sprint in facts.sprints)
    return scope_change(replays, START, end, **kind)


def points(change: ScopeChange, name: str) -> int:
    return int(getattr(change, name).total.effort)


def items(change: ScopeChange, name: str) -> tuple[str, ...]:
    return tuple(item.split(":")[1] for item in getattr(change, name).items)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["scope-01a-velocity", "scope-01b-velocity", "scope-01c-velocity"])
def test_commitment_and_completion_agree_with_recorded_sprint_reports(name):
    inputs, expected = case(name)["inputs"], case(name)["expected"]["per_sprint"]
    trackers = Trackers()
    for box in inputs["sprints"]:
        trackers.sprint(
            f"Sprint {box['id']}", instant(box["start"]), closed=instant(box["complete"]), id=str(box["id"])
        )
    edits = []
    for told in inputs["issues"]:
        initial = told["initial"]
        ref = trackers.issue(
            told["key"],
            at("2024-01-01"),
            estimate=initial["points"],
            sprints=[str(sprint) for sprint in initial["sprint"]],
        )
        edits += [(event, ref) for event in told["events"]]
    for event, ref in sorted(edits, key=lambda edit: edit[0]["at"]):
        if event["field"] == "status":
            trackers.edit(ref, instant(event["at"]), status=DONE)
        else:
            trackers.edit(ref, instant(event["at"]), sprints=[str(sprint) for sprint in event["to"]])
    work = read_work(trackers.view(at("2024-03-01")), config(), "erp")
    for box, answer in zip(work.time_boxes, expected, strict=True):
        replays = container_replays(work, lambda facts, key=box.key: key in facts.sprints)
        change = scope_change(replays, box.start, box.closed, closed=True)
        assert change.committed.total.effort == answer["committed"]
        assert change.completed.effort == answer["completed"]


@pytest.mark.shared
def test_cutting_an_estimate_is_scope_change_and_not_burn():
    inputs, expected = (
        case("scope-04-reestimate-not-burn")["inputs"],
        case("scope-04-reestimate-not-burn")["expected"],
    )
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, estimate=inputs["committed"], sprints=["s1"])
    for event in inputs["events"]:
        trackers.edit(story, MIDDLE, estimate=event["to"])
    change = in_sprint(trackers)
    assert points(change, "committed") == inputs["committed"]
    assert points(change, "down") == expected["reestimated_down"]
    assert change.net.effort == expected["net_change"]
    assert change.gross.effort == expected["gross_churn"]
    assert points(change, "remaining") == expected["remaining"]
    assert change.completed.effort == expected["completed"] == expected["burned"]


def test_an_issue_taken_in_after_the_start_is_added_by_the_one_who_did_it():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=8, sprints=["s1"])
    late = trackers.issue("A-2", BEFORE, estimate=2)
    trackers.edit(late, at("2026-03-04"), estimate=3)
    trackers.edit(late, MIDDLE, actor="ann", sprints=["s1"])
    change = in_sprint(trackers)
    (line,) = change.added.lines
    assert (line.item, line.quantity, line.at) == ("jira:A-2", Quantity(Decimal(3), 1), MIDDLE)
    assert [event.actor for event in line.changes] == ["ann"]
    assert change.creep.effort == pytest.approx(3 / 8)
    assert change.creep.count == 1.0


def test_an_added_issue_counts_as_it_was_when_added_and_its_growth_as_growth():
    trackers = Trackers()
    late = trackers.issue("A-2", BEFORE, estimate=3)
    trackers.edit(late, MIDDLE, sprints=["s1"])
    trackers.edit(late, at("2026-03-09"), estimate=8)
    change = in_sprint(trackers)
    assert (points(change, "added"), points(change, "up")) == (3, 5)


def test_a_removed_issue_leaves_with_what_was_committed_for_it():
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    trackers.edit(story, at("2026-03-04"), estimate=8)
    trackers.edit(story, MIDDLE, sprints=[])
    change = in_sprint(trackers)
    assert points(change, "removed") == 5
    assert change.removed.lines[0].at == MIDDLE
    assert change.scope == Quantity()


@pytest.mark.parametrize("end", [CANCELLED, "gone"])
def test_cancelling_or_deleting_work_removes_it_from_the_scope(end):
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    trackers.edit(story, MIDDLE, **({"gone": True} if end == "gone" else {"status": end}))
    assert points(in_sprint(trackers), "removed") == 5


def test_in_and_out_is_churn_and_nothing_else():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=10, sprints=["s1"])
    visitor = trackers.issue("A-2", BEFORE, estimate=3)
    trackers.edit(visitor, MIDDLE, sprints=["s1"])
    trackers.edit(visitor, at("2026-03-10"), sprints=[])
    change = in_sprint(trackers)
    assert items(change, "in_and_out") == ("A-2",)
    assert change.net == Quantity()
    assert change.gross.effort == 6
    assert change.stability.effort == pytest.approx(0.4)


def test_out_and_back_is_neither_an_addition_nor_a_removal():
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    trackers.edit(story, at("2026-03-04"), sprints=[])
    trackers.edit(story, MIDDLE, sprints=["s1"])
    change = in_sprint(trackers)
    assert items(change, "out_and_back") == ("A-1",)
    assert change.net == change.gross == Quantity()


def test_a_first_estimate_is_growth_and_says_that_it_is_the_first():
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, sprints=["s1"])
    trackers.edit(story, MIDDLE, actor="ann", estimate=5)
    (line,) = in_sprint(trackers).up.lines
    assert line.first_estimate
    assert (line.quantity.effort, line.at) == (5, MIDDLE)


def test_zero_is_an_estimate_and_empty_is_not():
    trackers = Trackers()
    zero = trackers.issue("A-1", BEFORE, estimate=0, sprints=["s1"])
    trackers.edit(zero, MIDDLE, estimate=5)
    (line,) = in_sprint(trackers).up.lines
    assert not line.first_estimate


def test_work_done_before_the_start_is_completed_outside():
    trackers = Trackers()
    early = trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    elsewhere = trackers.issue("A-2", BEFORE, estimate=3)
    trackers.edit(early, at("2026-02-25"), status=DONE)
    trackers.edit(elsewhere, at("2026-03-04"), status=DONE)
    trackers.edit(elsewhere, MIDDLE, sprints=["s1"])
    change = in_sprint(trackers)
    assert items(change, "completed_outside") == ("A-1", "A-2")
    assert change.completed == Quantity()


def test_reopened_work_is_not_completed():
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    trackers.edit(story, at("2026-03-04"), status=DONE)
    trackers.edit(story, MIDDLE, status=TODO)
    change = in_sprint(trackers)
    assert change.completed == Quantity()
    assert items(change, "remaining") == ("A-1",)


def test_completion_tells_the_commitment_from_what_was_added():
    trackers = Trackers()
    committed = trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    added = trackers.issue("A-2", MIDDLE, estimate=3, sprints=["s1"])
    for ref in (committed, added):
        trackers.edit(ref, at("2026-03-10"), status=DONE)
    change = in_sprint(trackers)
    assert (points(change, "completed_committed"), points(change, "completed_added")) == (5, 3)


@pytest.mark.parametrize("skew", [-0.3, 0.3])
def test_work_carried_over_at_the_close_was_not_removed(skew):
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, estimate=5, sprints=["s0", "s1"])
    trackers.edit(story, END + timedelta(seconds=skew), sprints=["s0", "s1", "s2"])
    change = in_sprint(trackers, end=END, closed=True)
    assert change.removed.lines == ()
    (line,) = change.carried.lines
    assert line.quantity.effort == 5
    assert line.chain >= 2


def test_nothing_is_carried_over_while_the_sprint_runs():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    assert in_sprint(trackers).carried.lines == ()
    assert items(in_sprint(trackers, closed=True), "carried") == ("A-1",)


def test_a_change_at_exactly_the_start_is_committed_and_one_at_exactly_the_end_is_inside():
    trackers = Trackers()
    first = trackers.issue("A-1", BEFORE, estimate=5)
    last = trackers.issue("A-2", BEFORE, estimate=3)
    trackers.edit(first, START, sprints=["s1"])
    trackers.edit(last, END, sprints=["s1"])
    change = in_sprint(trackers)
    assert (items(change, "committed"), items(change, "added")) == (("A-1",), ("A-2",))


def test_changes_within_the_grace_count_as_committed_and_stay_visible():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    late = trackers.issue("A-2", BEFORE, estimate=3)
    trackers.edit(late, START + timedelta(minutes=30), sprints=["s1"])
    strict = in_sprint(trackers)
    kind = in_sprint(trackers, grace=timedelta(hours=1))
    assert (points(strict, "committed"), points(strict, "added")) == (5, 3)
    assert (points(kind, "committed"), points(kind, "added"), points(kind, "grace")) == (8, 0, 3)


def test_rework_raised_in_the_sprint_stands_apart_from_added_scope():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"])
    trackers.issue("A-2", BEFORE, estimate=1, sprints=["s1"], type="Bug")
    trackers.issue("A-3", MIDDLE, estimate=2, sprints=["s1"], type="Bug")
    change = in_sprint(trackers, settings=config(rework=("bug",)))
    assert items(change, "committed") == ("A-1", "A-2")
    assert items(change, "rework") == ("A-3",)
    assert change.scope.effort == 6


def test_splitting_an_item_into_children_of_the_same_size_adds_nothing():
    trackers = Trackers()
    story = trackers.issue("A-1", BEFORE, estimate=8, sprints=["s1"])
    for number, size in enumerate((5, 3), start=2):
        trackers.issue(f"A-{number}", MIDDLE, estimate=size, sprints=["s1"], parent="A-1")
    trackers.edit(story, MIDDLE, estimate=0)
    change = in_sprint(trackers)
    assert change.added.lines == change.down.lines == ()
    assert change.split.total == Quantity(Decimal(0), 1)
    assert change.net.effort == change.gross.effort == 0


def test_sub_tasks_without_estimates_do_not_take_the_parents_points_away():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=8, sprints=["s1"])
    for number in (2, 3):
        trackers.issue(f"A-{number}", MIDDLE, sprints=["s1"], parent="A-1")
    change = in_sprint(trackers)
    assert change.scope == Quantity(Decimal(8), 2)
    assert change.net == Quantity(Decimal(0), 1)
    assert items(change, "split") == ("A-1", "A-2", "A-3")


def test_children_that_weigh_more_than_their_parent_did_are_growth():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=8, sprints=["s1"])
    for number in (2, 3):
        trackers.issue(f"A-{number}", MIDDLE, estimate=5, sprints=["s1"], parent="A-1")
    change = in_sprint(trackers)
    assert (points(change, "added"), points(change, "removed"), change.net.effort) == (10, 8, 2)


def test_a_parents_estimate_is_not_added_to_that_of_its_children():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=20, sprints=["s1"])
    trackers.issue("A-2", BEFORE, estimate=5, sprints=["s1"], parent="A-1")
    trackers.issue("A-3", BEFORE, estimate=3, sprints=["s1"], parent="A-2")
    assert in_sprint(trackers).committed.total == Quantity(Decimal(3), 1)


def test_a_circle_of_parents_is_survived():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=5, sprints=["s1"], parent="A-2")
    trackers.issue("A-2", BEFORE, estimate=3, sprints=["s1"], parent="A-1")
    change = in_sprint(trackers)
    assert change.scope == change.committed.total


def test_moving_work_to_another_tracker_is_no_change_of_scope():
    trackers = Trackers()
    old = trackers.issue("jira:A-1", BEFORE, estimate=5, sprints=["s1"])
    trackers.sprint("S1", START, connection="github", source="o/r", id="9")
    new = trackers.issue("github:B-1", MIDDLE, source="o/r", sprints=["9"])
    trackers.edit(old, at("2026-03-07"), status=CANCELLED)
    trackers.tie(old, new, MIDDLE)
    both = config(("jira", "ERP"), ("github", "o/r"))
    change = in_sprint(trackers, settings=both)
    assert change.committed.total == change.scope == Quantity(Decimal(5), 1)
    assert change.net == change.gross == Quantity()


@pytest.mark.parametrize(("mode", "scope"), [("exclude", 8), ("one", 9), ("median", 12)])
def test_what_has_no_estimate_adds_what_the_project_says(mode, scope):
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=4, sprints=["s1"])
    trackers.issue("A-2", BEFORE, estimate=4, sprints=["s1"])
    trackers.issue("A-3", BEFORE, sprints=["s1"])
    trackers.issue("A-4", BEFORE, sprints=["s1"], parent="A-1")
    assert in_sprint(trackers, settings=config(unestimated=mode)).scope.effort == scope


def test_estimates_in_hours_are_days_by_the_calendar_and_points_stay_out():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=12, unit=Unit.HOURS, sprints=["s1"])
    trackers.issue("A-2", BEFORE, estimate=2, unit=Unit.DAYS, sprints=["s1"])
    trackers.issue("A-3", BEFORE, estimate=5, unit=Unit.POINTS, sprints=["s1"])
    change = in_sprint(trackers, settings=config(unit="days"))
    assert change.scope == Quantity(Decimal("3.5"), 3)


def test_a_project_that_counts_gives_each_leaf_one():
    trackers = Trackers()
    trackers.issue("A-1", BEFORE, estimate=12, sprints=["s1"])
    trackers.issue("A-2", BEFORE, sprints=["s1"], parent="A-1")
    trackers.issue("A-3", BEFORE, sprints=["s1"], parent="A-1")
    assert in_sprint(trackers, settings=config(unit="count")).scope == Quantity(Decimal(2), 2)


def test_shares_of_nothing_are_undefined():
    trackers = Trackers()
    trackers.issue("A-1", MIDDLE, estimate=5, sprints=["s1"])
    change = in_sprint(trackers)
    assert change.creep.effort is change.net_share.effort is change.stability.effort is None
    assert change.creep.count is change.stability.count is None


def moments() -> st.SearchStrategy[tuple[Moment, ...]]:
    """A random life in and out of a container within twenty hours around the start."""
    one = st.builds(
        lambda hour, counted, weighed, points, estimated, done: Moment(
            START + timedelta(hours=hour),
            counted or weighed,
            counted,
            weighed,
            Decimal(points) if weighed else Decimal(0),
            estimated,
            done,
        ),
        *(
            st.integers(-10, 10),
            st.booleans(),
            st.booleans(),
            st.integers(0, 13),
            st.booleans(),
            st.booleans(),
        ),
    )
    return st.lists(one, min_size=1, max_size=6, unique_by=lambda m: m.at).map(
        lambda found: tuple(sorted(found, key=lambda moment: moment.at))
    )


def replay_sets() -> st.SearchStrategy[list[Replay]]:
    one = st.tuples(moments(), st.one_of(st.none(), st.integers(0, 5)), st.booleans())
    return st.lists(one, max_size=6).map(
        lambda found: [
            Replay(str(n), story, frozenset() if parent is None else frozenset({str(parent)}), rework)
            for n, (story, parent, rework) in enumerate(found)
        ]
    )


@given(replay_sets(), st.integers(0, 4), st.booleans())
def test_scope_at_the_end_is_the_commitment_plus_the_net_change(replays, grace, closed):
    end = START + timedelta(hours=10)
    change = scope_change(replays, START, end, timedelta(hours=grace), closed)
    apart = change.rework.total
    assert total(replays, end) == change.scope + apart
    assert change.scope == change.committed.total + change.net
    assert change.committed.total == total(replays, START + timedelta(hours=grace))


@given(replay_sets())
def test_nothing_both_came_and_went(replays):
    change = scope_change(replays, START, START + timedelta(hours=10))
    for measure in ("effort", "count"):
        came = {line.item for line in change.added.lines if getattr(line.quantity, measure)}
        went = {line.item for line in change.removed.lines if getattr(line.quantity, measure)}
        assert not came & went


@given(replay_sets(), st.randoms())
def test_the_order_of_items_changes_nothing(replays, random):
    end = START + timedelta(hours=10)
    shuffled = list(replays)
    random.shuffle(shuffled)
    one, other = scope_change(replays, START, end), scope_change(shuffled, START, end)
    assert (one.net, one.gross, one.completed) == (other.net, other.gross, other.completed)


@given(replay_sets())
def test_an_empty_window_has_no_change(replays):
    change = scope_change(replays, START, START)
    assert change.net == change.gross == Quantity()
