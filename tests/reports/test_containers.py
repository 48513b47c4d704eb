"""Sprints and milestones of several trackers: joined by name, dated by what is known."""

from __future__ import annotations

from datetime import date

from config.settings import NamedMilestone
from model.values import Change, Entity, Milestone, Origin, Ref, Sprint, SprintState
from reports.containers import goals, time_boxes
from tests.reports.stillview import at


def sprint(name: str, connection: str, start: str, end: str, closed: str | None = None, **more) -> Sprint:
    state = more.get("state") or (SprintState.CLOSED if closed else SprintState.ACTIVE)
    ref = Ref(connection, more.get("id", name))
    return Sprint(
        ref, more.get("source", connection), name, state, at(start), at(end), at(closed) if closed else None
    )


def test_sprints_of_one_name_in_two_trackers_begin_with_the_first_and_close_with_the_last():
    boxes = time_boxes(
        [
            sprint("Sprint 4", "jira", "2026-03-03", "2026-03-16", "2026-03-17"),
            sprint(" sprint 4", "github", "2026-03-02", "2026-03-15", "2026-03-15"),
        ]
    )
    assert [(box.key, box.start, box.closed, box.end) for box in boxes] == [
        ("sprint 4", at("2026-03-02"), at("2026-03-17"), at("2026-03-16"))
    ]


def test_a_sprint_is_open_until_every_tracker_closed_it():
    (box,) = time_boxes(
        [
            sprint("S", "jira", "2026-03-03", "2026-03-16", "2026-03-17"),
            sprint("S", "github", "2026-03-02", "2026-03-15"),
        ]
    )
    assert box.closed is None
    assert box.active(at("2026-04-01"))


def test_a_planned_start_is_no_start():
    (box,) = time_boxes([sprint("S", "jira", "2026-03-03", "2026-03-16", state=SprintState.FUTURE)])
    assert box.start is None
    assert not box.active(at("2026-03-10"))


def test_two_sprints_of_one_source_are_never_the_same():
    boxes = time_boxes(
        [
            sprint("S", "jira", "2026-03-03", "2026-03-16", id="1"),
            sprint("S", "jira", "2026-03-03", "2026-03-16", id="2"),
        ]
    )
    assert len({box.key for box in boxes}) == 2


def test_sprints_of_one_name_in_different_years_stay_apart():
    boxes = time_boxes(
        [
            sprint("S", "jira", "2025-03-03", "2025-03-16", "2025-03-16"),
            sprint("S", "github", "2026-03-03", "2026-03-16"),
        ]
    )
    assert len(boxes) == 2


def move(ref: Ref, when: str, before: str | None, after: str | None, field: str = "due") -> Change:
    days = [date.fromisoformat(day) if day else None for day in (before, after)]
    return Change(Entity.MILESTONE, ref, field, *days, at(when), at(when), Origin.RECORDED)


def by_ref(milestone: Milestone) -> tuple[object, ...]:
    return (milestone.ref,)


def test_a_milestone_had_before_its_first_move_what_that_move_replaced():
    ref = Ref("jira", "1")
    found = Milestone(ref, "ERP", "Go-live", date(2026, 6, 24))
    moves = [
        move(ref, "2026-03-03", "2026-06-08", "2026-06-17"),
        move(ref, "2026-04-03", "2026-06-17", "2026-06-24"),
    ]
    (goal,) = goals([found], moves, {}, by_ref)
    dates = [goal.at(at(day)).due for day in ("2026-01-01", "2026-03-03", "2026-05-01")]
    assert dates == [date(2026, 6, 8), date(2026, 6, 17), date(2026, 6, 24)]


def test_the_first_record_with_a_date_speaks_and_the_config_before_all():
    jira, github = Ref("jira", "1"), Ref("github", "2")
    found = [
        Milestone(github, "o/r", "go-live", None),
        Milestone(jira, "ERP", "Go-live", date(2026, 6, 8)),
    ]
    (goal,) = goals(found, [], {}, by_ref)
    assert goal.at(at("2026-01-01")).due == date(2026, 6, 8)
    (goal,) = goals(found, [], {"GO-LIVE": NamedMilestone(due=date(2026, 6, 1))}, by_ref)
    assert (goal.name, goal.at(at("2026-01-01")).due) == ("GO-LIVE", date(2026, 6, 1))


def test_a_milestone_is_done_from_the_instant_it_was_marked():
    ref = Ref("jira", "1")
    found = Milestone(ref, "ERP", "Go-live", date(2026, 6, 8), done=True, finished=date(2026, 6, 10))
    marked = Change(
        Entity.MILESTONE, ref, "done", False, True, at("2026-06-11"), at("2026-06-11"), Origin.RECORDED
    )
    (goal,) = goals([found], [marked], {}, by_ref)
    before, after = goal.at(at("2026-06-10")), goal.at(at("2026-06-11"))
    assert (before.done, before.finished) == (False, None)
    assert (after.done, after.finished) == (True, date(2026, 6, 10))
