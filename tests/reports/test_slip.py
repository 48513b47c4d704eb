"""Slip: items, milestones and the project against their plans, and the cause that history proves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.values import StatusCategory
from reports.baseline import Plan, freeze, plan_of
from reports.causes import CauseKind
from reports.figures import Reason
from reports.reading import read_work
from reports.slip import SlipReport, slip_report
from reports.work import Work
from tests.reports.stillview import Trackers, at, config

DONE, DOING, CANCELLED = StatusCategory.DONE, StatusCategory.DOING, StatusCategory.CANCELLED
BEGIN, PLAN, NOW = at("2026-01-05"), at("2026-01-12"), at("2026-03-25")
GO_LIVE = {"finish": {"milestone": "Go-live"}}


def frozen(trackers: Trackers, settings, when=PLAN, name="B1") -> object:
    work = read_work(trackers.view(when), settings, "erp")
    return freeze(work, name, when, "steering", "approved")


def report(trackers: Trackers, now=NOW, **project) -> SlipReport:
    """The slip at `now` against a plan frozen at PLAN, before anything that the story tells after it."""
    settings = config(**project)
    work = read_work(trackers.view(now), settings, "erp")
    return slip_report(work, plan_of(work, frozen(trackers, settings)))


def days(found: SlipReport) -> dict[str, int]:
    return {slip.item.split(":")[1]: slip.days for slip in found.current.items}


def left_out(found: SlipReport, reason: Reason) -> tuple[str, ...]:
    return next((out.items for out in found.current.left_out if out.reason is reason), ())


def test_an_open_item_slips_by_the_working_days_its_due_date_moved():
    trackers = Trackers()
    moved = trackers.issue("A-1", BEGIN, due="2026-04-02")
    trackers.edit(moved, at("2026-02-10"), due="2026-04-10")
    (slip,) = report(trackers).current.items
    assert (slip.days, slip.calendar_days, slip.at_least) == (6, 8, False)


def test_an_overdue_item_is_late_at_least_until_today():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, due="2026-03-20")
    (slip,) = report(trackers).current.items
    assert (slip.finish, slip.days, slip.at_least) == (date(2026, 3, 25), 3, True)


def test_a_finished_item_slips_by_its_actual_finish():
    trackers = Trackers()
    late, early = (
        trackers.issue("A-1", BEGIN, due="2026-03-02"),
        trackers.issue("A-2", BEGIN, due="2026-03-10"),
    )
    trackers.edit(late, at("2026-03-04"), status=DONE)
    trackers.edit(early, at("2026-03-05"), status=DONE)
    found = report(trackers)
    assert days(found) == {"A-1": 2, "A-2": -3}
    assert not any(slip.at_least for slip in found.current.items)


def test_a_finish_planned_on_a_sunday_is_due_on_the_monday_and_keeps_its_raw_date():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN, due="2026-03-01")
    trackers.edit(story, at("2026-03-02"), status=DONE)
    (slip,) = report(trackers).current.items
    assert (slip.planned, slip.days) == (date(2026, 3, 1), 0)


def test_an_open_item_that_lost_its_date_is_late_at_least_until_today():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN, due="2026-03-20")
    trackers.edit(story, at("2026-02-01"), due=None)
    (slip,) = report(trackers).current.items
    assert (slip.days, slip.at_least) == (3, True)


def test_what_has_no_part_in_slip_is_listed_with_the_reason():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN)
    gone = trackers.issue("A-2", BEGIN, due="2026-03-02")
    dropped = trackers.issue("A-3", BEGIN, due="2026-03-02")
    done = trackers.issue("A-4", BEGIN, due="2026-01-02")
    trackers.edit(done, at("2026-01-08"), status=DONE)
    trackers.edit(gone, at("2026-02-01"), gone=True)
    trackers.edit(dropped, at("2026-02-01"), status=CANCELLED)
    trackers.issue("A-5", at("2026-02-01"), due="2026-05-01")
    found = report(trackers)
    assert found.current.items == ()
    assert left_out(found, Reason.NO_DATE) == ("jira:A-1",)
    assert left_out(found, Reason.REMOVED) == ("jira:A-2", "jira:A-3")
    assert left_out(found, Reason.DONE_BEFORE) == ("jira:A-4",)
    assert left_out(found, Reason.NEW) == ("jira:A-5",)
    assert [planned.key for planned in found.current.removed] == ["A-2", "A-3"]


def test_only_leaves_slip():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, due="2026-03-02")
    trackers.issue("A-2", BEGIN, due="2026-03-02", parent="A-1")
    found = report(trackers)
    assert days(found) == {"A-2": 17}
    assert left_out(found, Reason.PARENT) == ("jira:A-1",)


def test_an_item_not_begun_slips_at_its_start_at_least_until_today():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, start="2026-03-23", due="2026-04-10")
    begun = trackers.issue("A-2", BEGIN, start="2026-03-16", due="2026-04-10")
    trackers.edit(begun, at("2026-03-18"), status=DOING)
    slips = {slip.item: slip for slip in report(trackers).current.items}
    assert (slips["jira:A-1"].start_days, slips["jira:A-1"].start_at_least) == (2, True)
    assert (slips["jira:A-2"].start_days, slips["jira:A-2"].start_at_least) == (2, False)


def test_the_summary_gives_percentiles_and_shares_never_a_mean():
    trackers = Trackers()
    for number in range(1, 21):
        story = trackers.issue(f"A-{number:02}", BEGIN, due="2026-03-02", estimate=1)
        trackers.edit(story, at(date(2026, 3, 2) + timedelta(days=max(0, number - 15))), status=DONE)
    found = report(trackers).current
    assert (found.median, found.p85) == (0, 2)
    assert found.late_count == pytest.approx(5 / 20)
    assert found.late_effort == pytest.approx(5 / 20)
    assert (found.missed, found.bei, found.hit) == (pytest.approx(0.25), 1.0, pytest.approx(0.75))


def test_without_a_baseline_the_drift_of_due_dates_stands_in():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN)
    trackers.edit(story, at("2026-01-20"), due="2026-03-30")
    trackers.edit(story, at("2026-02-20"), due="2026-04-06")
    work = read_work(trackers.view(NOW), config(), "erp")
    found = slip_report(work, None)
    assert found.current is None
    assert found.project.current.reason is Reason.NO_BASELINE
    assert [(drift.first, drift.now, drift.days) for drift in found.drift] == [
        (date(2026, 3, 30), date(2026, 4, 6), 5)
    ]


def test_a_new_baseline_does_not_overwrite_the_original_one():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN, due="2026-04-01")
    trackers.edit(story, at("2026-02-01"), due="2026-04-08")
    settings = config()
    work = read_work(trackers.view(NOW), settings, "erp")
    first = plan_of(work, frozen(trackers, settings))
    second = plan_of(work, frozen(trackers, settings, at("2026-02-10"), "B2"))
    found = slip_report(work, second, first)
    assert [slip.days for slip in found.current.items] == [0]
    assert [slip.days for slip in found.original.items] == [5]
    assert (found.project.current.slip, found.project.original.slip) == (0, 5)


# milestones and the project


def go_live(trackers: Trackers, **members: str) -> None:
    """A milestone on 8 June with members due on the given days; a name's underscore is a dash."""
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    for name, due in members.items():
        trackers.issue(name.replace("_", "-"), BEGIN, due=due, milestone="m1")


def edit(trackers: Trackers, key: str, when: str, **fields) -> None:
    ref = next(ref for ref in trackers.issues if ref.id == key)
    trackers.edit(ref, at(when), **fields)


def test_a_milestone_is_as_late_as_its_last_member():
    trackers = Trackers()
    go_live(trackers, FW_1="2026-06-01", FW_114="2026-06-08")
    edit(trackers, "FW-114", "2026-03-03", actor="ann", due="2026-06-24")
    found = report(trackers, **GO_LIVE).project
    assert (found.current.slip, found.current.forecast) == (12, date(2026, 6, 24))
    assert found.current.driver == "jira:FW-114"
    assert (found.cause.kind, found.cause.item, found.cause.since) == (
        CauseKind.MOVED,
        "jira:FW-114",
        date(2026, 3, 3),
    )
    assert [(move.before, move.after, move.actor) for move in found.cause.moves] == [
        (date(2026, 6, 8), date(2026, 6, 24), "ann")
    ]


def test_since_is_the_first_move_that_made_the_present_slip():
    trackers = Trackers()
    go_live(trackers, A_1="2026-05-01")
    edit(trackers, "A-1", "2026-02-02", due="2026-06-30")
    edit(trackers, "A-1", "2026-02-09", due="2026-06-01")
    edit(trackers, "A-1", "2026-03-03", due="2026-06-10")
    edit(trackers, "A-1", "2026-03-12", due="2026-06-24")
    cause = report(trackers, **GO_LIVE).project.cause
    assert cause.since == date(2026, 3, 3)
    assert len(cause.moves) == 4


def test_the_cause_is_the_first_moved_issue_of_the_chain():
    trackers = Trackers()
    go_live(trackers, LAST="2026-06-08")
    first = trackers.issue("INFRA-212", BEGIN, due="2026-03-30")
    middle = trackers.issue("DATA-7", BEGIN, due="2026-05-04")
    innocent = trackers.issue("DOC-1", BEGIN, due="2026-05-04")
    last = next(ref for ref in trackers.issues if ref.id == "LAST")
    for predecessor, successor in ((first, middle), (middle, last), (innocent, last)):
        trackers.block(predecessor, successor)
    trackers.edit(first, at("2026-03-03"), due="2026-04-15")
    trackers.edit(middle, at("2026-03-04"), due="2026-05-20")
    trackers.edit(last, at("2026-03-05"), due="2026-06-24")
    cause = report(trackers, **GO_LIVE).project.cause
    assert cause.chain == ("jira:INFRA-212", "jira:DATA-7", "jira:LAST")
    assert (cause.item, cause.since) == ("jira:INFRA-212", date(2026, 3, 3))


def test_a_blocker_that_moved_later_than_what_it_blocks_is_not_its_cause():
    trackers = Trackers()
    go_live(trackers, LAST="2026-06-08")
    last = next(iter(trackers.issues))
    blocker = trackers.issue("B-1", BEGIN, due="2026-03-30")
    trackers.block(blocker, last)
    trackers.edit(last, at("2026-03-03"), due="2026-06-24")
    trackers.edit(blocker, at("2026-03-10"), due="2026-04-30")
    assert report(trackers, **GO_LIVE).project.cause.item == "jira:LAST"


def test_blockers_in_a_circle_are_survived():
    trackers = Trackers()
    go_live(trackers, A_1="2026-06-08", A_2="2026-06-08")
    one, two = trackers.issues
    trackers.block(one, two)
    trackers.block(two, one)
    trackers.edit(one, at("2026-03-03"), due="2026-06-24")
    trackers.edit(two, at("2026-03-03"), due="2026-06-24")
    assert report(trackers, **GO_LIVE).project.cause is not None


def test_an_issue_added_to_the_milestone_later_is_named_as_added():
    trackers = Trackers()
    go_live(trackers, A_1="2026-06-01")
    trackers.issue("A-2", at("2026-03-03"), due="2026-06-24", milestone="m1")
    cause = report(trackers, **GO_LIVE).project.cause
    assert (cause.kind, cause.item, cause.since) == (CauseKind.ADDED, "jira:A-2", date(2026, 3, 3))


def test_an_open_member_past_the_milestones_date_makes_it_late_at_least_until_today():
    trackers = Trackers()
    go_live(trackers, A_1="2026-06-05")
    found = report(trackers, now=at("2026-06-10"), **GO_LIVE).project
    assert (found.current.slip, found.current.at_least) == (2, True)
    assert (found.cause.kind, found.cause.since) == (CauseKind.OVERDUE, date(2026, 6, 9))


def test_a_milestone_whose_own_date_was_moved_is_late_because_of_that():
    trackers = Trackers()
    go_live(trackers, A_1="2026-06-01")
    trackers.move_milestone(next(iter(trackers.milestones)), at("2026-03-03"), actor="ann", due="2026-06-24")
    found = report(trackers, **GO_LIVE).project
    assert (found.current.slip, found.cause.kind, found.cause.item) == (12, CauseKind.DATE_MOVED, None)
    assert (found.cause.since, found.cause.moves[0].actor) == (date(2026, 3, 3), "ann")


def test_a_date_that_was_never_moved_has_no_cause_because_nothing_slipped():
    trackers = Trackers()
    go_live(trackers, A_1="2026-06-01")
    found = report(trackers, **GO_LIVE).project
    assert (found.current.slip, found.cause) == (0, None)


def test_a_plan_whose_members_end_after_its_milestone_has_not_slipped_by_itself():
    trackers = Trackers()
    go_live(trackers, A_1="2026-06-10")
    found = report(trackers, **GO_LIVE).project
    assert (found.current.planned, found.current.slip, found.cause) == (date(2026, 6, 10), 0, None)


def test_a_reached_milestone_slips_by_the_day_it_was_reached():
    trackers = Trackers()
    go_live(trackers, A_1="2026-03-02")
    edit(trackers, "A-1", "2026-03-04", status=DONE)
    trackers.move_milestone(next(iter(trackers.milestones)), at("2026-06-10"), done=True)
    found = report(trackers, now=at("2026-06-15"), **GO_LIVE).project
    assert (found.current.reached, found.current.slip) == (True, 2)


def test_members_of_the_same_milestone_in_two_trackers_count_together():
    trackers = Trackers()
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    trackers.milestone("go-live ", None, connection="github", source="o/r", id="m2")
    trackers.issue("jira:A-1", BEGIN, due="2026-06-01", milestone="m1")
    late = trackers.issue("github:B-1", BEGIN, source="o/r", due="2026-06-08", milestone="m2")
    trackers.edit(late, at("2026-03-03"), due="2026-06-24")
    settings = config(("jira", "ERP"), ("github", "o/r"), **GO_LIVE)
    work = read_work(trackers.view(NOW), settings, "erp")
    found = slip_report(work, plan_of(work, frozen(trackers, settings)))
    assert [goal.current.name for goal in found.goals] == ["Go-live"]
    assert (found.project.current.slip, found.project.cause.item) == (12, "github:B-1")


def test_a_milestone_declared_in_the_config_has_the_issues_of_its_label():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN, due="2026-06-08", labels=["golive"])
    trackers.edit(story, at("2026-03-03"), due="2026-06-24")
    declared = {"Go-live": {"due": "2026-06-08", "label": "golive"}}
    found = report(trackers, milestones=declared, **GO_LIVE).project
    assert (found.current.slip, found.current.members) == (12, ("jira:A-1",))


def test_without_a_finish_milestone_the_project_ends_with_its_last_leaf():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, due="2026-05-01")
    last = trackers.issue("A-2", BEGIN, due="2026-06-08")
    trackers.edit(last, at("2026-03-03"), due="2026-06-24")
    found = report(trackers).project
    assert (found.current.slip, found.current.driver, found.cause.since) == (12, "jira:A-2", date(2026, 3, 3))


@given(st.integers(-80, 80), st.lists(st.integers(0, 400), min_size=1, max_size=5))
def test_moving_every_date_by_whole_weeks_changes_no_slip(weeks, offsets):
    def told(shift: timedelta) -> SlipReport:
        trackers = Trackers()
        for number, offset in enumerate(offsets):
            due = date(2026, 2, 2) + timedelta(days=offset) + shift
            story = trackers.issue(f"A-{number}", BEGIN + shift, due=due)
            trackers.edit(story, at("2026-02-10") + shift, due=due + timedelta(days=3 * number))
        work: Work = read_work(trackers.view(NOW + shift), config(), "erp")
        plan: Plan = plan_of(work, frozen(trackers, config(), PLAN + shift))
        return slip_report(work, plan)

    here, there = told(timedelta(0)), told(timedelta(weeks=weeks))
    assert days(here) == days(there)
    assert here.project.current.slip == there.project.current.slip


def test_slip_is_cut_along_a_dimension():
    trackers = Trackers()
    for number, wave in enumerate(("1", "1", "2"), start=1):
        trackers.issue(f"A-{number}", BEGIN, due="2026-03-20", labels=[f"wave:{wave}"])
    settings = config(dimensions={"wave": {"from": "label", "pattern": "wave:(.+)"}})
    work = read_work(trackers.view(NOW), settings, "erp")
    found = slip_report(work, plan_of(work, frozen(trackers, settings)), dimension="wave")
    assert {wave: len(part.items) for wave, part in found.by.items()} == {"1": 2, "2": 1}
