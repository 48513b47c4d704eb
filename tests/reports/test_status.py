"""The status page as data: what it says of a told story, and what holds for every story."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.baselines import Baseline
from model.values import Disagreement, EvidenceKind, Ref, SideValue, StatusCategory, TieEdge
from reports.baseline import freeze
from reports.decisions import DecisionKind
from reports.figures import Figure, Reason, State
from reports.gaps import GapKind
from reports.news import EventKind
from reports.pages.status import status_page
from reports.rag import Indicator
from reports.reading import read_work
from reports.render.terminal import render
from reports.status import StatusReport, status_report
from tests.reports.stillview import SourceState, Trackers, at, config

DONE, DOING, UNKNOWN = StatusCategory.DONE, StatusCategory.DOING, StatusCategory.UNKNOWN
BEGIN, PLAN, LAST, NOW = at("2026-01-05"), at("2026-01-12"), at("2026-03-18"), at("2026-03-25")
SOURCES = (("jira", "ERP"), ("github", "o/r"), ("planner", "P1"))
GO_LIVE = {"finish": {"milestone": "Go-live"}}


def fresh(
    trackers: Trackers, *sources: tuple[str, str], age: timedelta = timedelta(hours=1), **state
) -> None:
    for connection, source in sources or SOURCES:
        trackers.sources.append(SourceState(connection, source, NOW - age, **state))


def baseline(trackers: Trackers, when: datetime = PLAN, name: str = "B1", **project) -> Baseline:
    work = read_work(trackers.view(when), config(*SOURCES, **project), "erp")
    return freeze(work, name, when, "steering", "approved")


def report(trackers: Trackers, *baselines: Baseline, now=NOW, since=LAST, disagreements=(), **project):
    work = read_work(trackers.view(now), config(*SOURCES, **project), "erp")
    return status_report(work, baselines, since, disagreements)


def rollout() -> Trackers:
    """Twelve planned issues; FW-114 in Planner moves go-live; two issues come, one goes, one grows."""
    trackers = Trackers()
    fresh(trackers)
    trackers.sprint("Sprint 1", at("2026-03-16"), at("2026-03-29"))
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    trackers.milestone("Go-live", None, connection="planner", source="P1", id="b1")
    for number in range(1, 11):
        ref = trackers.issue(
            f"jira:ERP-{number}",
            BEGIN,
            estimate=10,
            due="2026-05-29",
            milestone="m1",
            assignees=["ann"],
            sprints=["Sprint 1"] if number < 4 else [],
        )
        if number == 1:
            trackers.edit(ref, at("2026-03-20"), "ann", status=DONE)
    firewall = trackers.issue(
        "planner:FW-114", BEGIN, source="P1", due="2026-06-05", milestone="b1", estimate=5, assignees=["ben"]
    )
    trackers.edit(firewall, at("2026-03-03"), "ben", due="2026-06-15")
    trackers.edit(firewall, at("2026-03-19"), "ben", due="2026-06-24")
    old = trackers.issue("github:G-1", BEGIN, source="o/r", estimate=5, assignees=["cy"])
    trackers.issue(
        "jira:ERP-11", at("2026-03-20"), estimate=8, assignees=["ann"], attributes=(("creator", "ann"),)
    )
    trackers.edit(old, at("2026-03-21"), "cy", status=StatusCategory.CANCELLED)
    trackers.edit(Ref("jira", "ERP-2"), at("2026-03-23"), "ann", estimate=13)
    return trackers


def row(found: StatusReport, indicator: Indicator):
    return next(row for row in found.states if row.indicator is indicator)


def decision(found: StatusReport, kind: DecisionKind):
    return next((decision for decision in found.decisions if decision.kind is kind), None)


def gap(found: StatusReport, kind: GapKind):
    return next((gap for gap in found.unseen if gap.kind is kind), None)


@pytest.fixture(scope="module")
def told() -> StatusReport:
    trackers = rollout()
    return report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)


def test_the_verdict_is_the_finish_with_its_cause_and_its_beginning(told):
    assert told.verdict.state is State.RED
    assert (told.verdict.finish.slip, told.verdict.finish.forecast) == (12, date(2026, 6, 24))
    assert (told.verdict.cause.item, told.verdict.cause.since) == ("planner:FW-114", date(2026, 3, 3))
    assert len(told.verdict.cause.moves) == 2
    assert told.verdict.last.slip == 5


def test_the_states_table_stands_now_as_planned_and_as_the_last_report_saw_it(told):
    schedule, scope = row(told, Indicator.SCHEDULE), row(told, Indicator.SCOPE)
    assert (schedule.now.value, schedule.plan.value, schedule.last.value) == (
        *(date(2026, 6, 24), date(2026, 6, 8), date(2026, 6, 15)),
    )
    assert (schedule.delta.value, schedule.delta.unit) == (12, "working days")
    assert (scope.now.value, scope.plan.value, scope.last.value, scope.delta.value) == (116, 110, 110, 6)
    assert scope.ratio.value == pytest.approx(6 / 110)
    assert scope.now.unit == "points"


def test_a_figure_opens_to_the_items_it_was_made_from(told):
    assert set(row(told, Indicator.SCOPE).delta.items) == {"jira:ERP-11", "github:G-1", "jira:ERP-2"}
    assert "planner:FW-114" in row(told, Indicator.SCHEDULE).delta.items
    assert all(item in told.items for state in told.states for item in state.now.items)


def test_the_news_says_what_slipped_and_who_added_what(told):
    (slipped,) = told.news.later
    assert (slipped.item, slipped.days, slipped.moves[0].actor) == ("planner:FW-114", 7, "ben")
    (added,) = told.news.of(EventKind.ADDED)
    assert (added.line.item, added.actor) == ("jira:ERP-11", "ann")
    assert [event.line.item for event in told.news.of(EventKind.REMOVED)] == ["github:G-1"]
    assert [event.line.quantity.effort for event in told.news.of(EventKind.UP)] == [3]
    assert told.news.finished == ("jira:ERP-1",)
    assert [(move.name, move.days) for move in told.news.goals] == [("Go-live", 7)]


def test_the_sprint_stands_with_its_own_commitment(told):
    sprint = row(told, Indicator.SPRINT)
    assert (sprint.subject, sprint.plan.value, sprint.now.value, sprint.state) == (
        *("Sprint 1", 30, 33, State.GREEN),
    )


def test_the_evidence_says_who_was_counted_and_who_was_not(told):
    assert told.evidence.counted == 12
    out = {left.reason: left.items for left in told.evidence.left_out}
    assert out[Reason.NEW] == ("jira:ERP-11",)
    assert out[Reason.REMOVED] == ("github:G-1",)


def test_the_burn_up_ends_with_todays_scope_and_shows_what_was_planned(told):
    assert told.burn_up.baseline == Decimal(110)
    last = told.burn_up.points[-1]
    assert (last.on, last.scope, last.done) == (date(2026, 3, 25), Decimal(116), Decimal(10))
    assert told.burn_up.points[0].on == date(2026, 1, 12)


def test_the_trend_has_a_point_for_each_period_end_and_now(told):
    assert len(told.trend.points) == len(told.lights.periods) + 1
    assert told.trend.points[0].forecast == date(2026, 6, 8)
    assert told.trend.points[-1].forecast == date(2026, 6, 24)


def test_the_milestone_row_keeps_plan_last_and_now(told):
    (milestone,) = told.milestones
    assert (milestone.now.planned, milestone.last.forecast, milestone.now.forecast) == (
        *(date(2026, 6, 8), date(2026, 6, 15), date(2026, 6, 24)),
    )


def test_every_record_of_an_item_has_its_link(told):
    label = told.items["jira:ERP-1"]
    assert [record.url for record in label.records] == ["https://jira.example/ERP-1"]


def test_without_a_baseline_the_page_is_useful_and_never_green():
    found = report(rollout(), **GO_LIVE)
    assert found.verdict.state is State.AMBER
    assert {Indicator.SCHEDULE, Indicator.SCOPE} <= set(found.verdict.gaps)
    assert found.verdict.finish.reason is Reason.NO_BASELINE
    assert decision(found, DecisionKind.SET_BASELINE) is not None
    assert gap(found, GapKind.NO_BASELINE).count > 0
    assert found.slip.drift[0].item == "planner:FW-114"
    assert row(found, Indicator.SCOPE).now.value == 116


def test_a_stale_source_is_never_green():
    trackers = Trackers()
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    trackers.issue("A-1", BEGIN, due="2026-06-01", milestone="m1", estimate=1)
    plan = baseline(trackers, **GO_LIVE)
    fresh(trackers)
    assert report(trackers, plan, **GO_LIVE).verdict.state is State.GREEN
    trackers.sources.clear()
    fresh(trackers, age=timedelta(days=2))
    stale = report(trackers, plan, **GO_LIVE)
    assert (stale.verdict.state, stale.verdict.gaps) == (State.AMBER, (Indicator.DATA,))
    assert row(stale, Indicator.DATA).reason is Reason.STALE
    trackers.sources.clear()
    assert row(report(trackers, plan, **GO_LIVE), Indicator.DATA).reason is Reason.NO_READ


def test_a_source_that_is_mostly_not_understood_is_never_green():
    trackers = Trackers()
    fresh(trackers)
    for number in range(4):
        trackers.issue(f"A-{number}", BEGIN, due="2026-06-01", status=UNKNOWN, status_original="Parked")
    found = report(trackers, baseline(trackers))
    assert row(found, Indicator.DATA).reason is Reason.LOW_COVERAGE
    assert gap(found, GapKind.UNMAPPED).words == ("Parked",)


def test_red_is_remembered_for_two_better_weeks():
    trackers = Trackers()
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    story = trackers.issue("A-1", BEGIN, due="2026-06-01", milestone="m1")
    plan = baseline(trackers, **GO_LIVE)
    trackers.edit(story, at("2026-02-03"), due="2026-08-03")
    trackers.edit(story, at("2026-02-17"), due="2026-06-01")

    def shown(day: str) -> State:
        found = report(trackers, plan, now=at(day), since=BEGIN, **GO_LIVE)
        return found.lights.now.shown[Indicator.SCHEDULE]

    assert [shown(f"2026-{day}") for day in ("02-02", "02-04", "02-18", "02-23", "03-02")] == [
        *(State.GREEN, State.RED, State.RED, State.RED, State.GREEN),
    ]


def test_the_light_of_a_past_day_is_the_same_whenever_it_is_asked():
    trackers = rollout()
    plan = baseline(trackers, **GO_LIVE)
    then = report(trackers, plan, now=LAST, since=BEGIN, **GO_LIVE)
    later = report(trackers, plan, **GO_LIVE)
    ends = {moment.at: (moment.state, dict(moment.shown)) for moment in later.lights.periods}
    for moment in then.lights.periods:
        assert ends[moment.at] == (moment.state, dict(moment.shown))


def test_what_is_learned_later_changes_no_old_report():
    trackers = rollout()
    plan = baseline(trackers, **GO_LIVE)
    before = report(trackers, plan, now=LAST, since=BEGIN, **GO_LIVE)
    trackers.edit(Ref("jira", "ERP-5"), at("2026-04-01"), due="2026-09-01")
    trackers.issue("jira:ERP-99", at("2026-04-01"), estimate=100)
    after = report(trackers, plan, now=LAST, since=BEGIN, **GO_LIVE)
    assert after == before


def test_a_new_plan_starts_afresh_and_keeps_the_original_beside_it():
    trackers = rollout()
    first = baseline(trackers, **GO_LIVE)
    second = baseline(trackers, at("2026-03-20"), "B2", **GO_LIVE)
    found = report(trackers, first, second, **GO_LIVE)
    assert (found.verdict.finish.slip, found.slip.project.original.slip) == (0, 12)
    assert (found.evidence.baseline.name, found.evidence.original.name) == ("B2", "B1")
    assert {moment.plan for moment in found.lights.periods} == {"B1", "B2"}


def test_a_baseline_taken_later_than_the_view_knows_is_left_aside():
    trackers = rollout()
    later = baseline(trackers, NOW + timedelta(days=1), **GO_LIVE)
    assert report(trackers, later, **GO_LIVE).evidence.baseline is None


def test_scope_beyond_the_limit_asks_for_a_decision():
    trackers = rollout()
    plan = baseline(trackers, **GO_LIVE)
    assert decision(report(trackers, plan, **GO_LIVE), DecisionKind.APPROVE_SCOPE) is None
    trackers.issue("jira:ERP-12", at("2026-03-22"), estimate=20, assignees=["ann"])
    wanted = decision(report(trackers, plan, **GO_LIVE), DecisionKind.APPROVE_SCOPE)
    assert wanted.items == ("jira:ERP-12", "jira:ERP-11", "jira:ERP-2")
    assert (wanted.by, wanted.asked) == (date(2026, 3, 27), "sponsor")


def test_overdue_and_ownerless_work_on_the_path_asks_for_dates_and_owners():
    trackers = Trackers()
    fresh(trackers)
    trackers.milestone("Go-live", "2026-06-08", id="m1")
    late = trackers.issue("A-1", BEGIN, due="2026-03-20", milestone="m1", assignees=["ann"])
    alone = trackers.issue("A-2", BEGIN, due="2026-05-29")
    blocked = trackers.issue("A-3", BEGIN, due="2026-06-08", milestone="m1", assignees=["ann"])
    trackers.issue("A-4", BEGIN, due="2026-03-20")
    trackers.block(alone, blocked)
    found = report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)
    overdue, owner = (decision(found, kind) for kind in (DecisionKind.SET_DATE, DecisionKind.NAME_OWNER))
    assert (overdue.items, overdue.days, overdue.by) == ((str(late),), 3, date(2026, 3, 26))
    assert owner.items == (str(alone),)


def test_disagreements_on_the_path_come_first_and_ask_to_be_settled():
    trackers = rollout()

    def side(ref: Ref, due: date) -> SideValue:
        return SideValue(ref, ref.id, "ERP", due, "ann", at("2026-03-03"))

    off, on = Ref("jira", "ERP-11"), Ref("jira", "ERP-5")
    told = [
        Disagreement("due", (side(ref, date(2026, 5, 1)), side(ref, date(2026, 5, 2)))) for ref in (off, on)
    ]
    stranger = Disagreement("due", (side(Ref("jira", "NOPE"), date(2026, 5, 1)),))
    found = report(
        trackers,
        baseline(trackers, **GO_LIVE),
        disagreements=[*told, stranger, Disagreement("due", ())],
        **GO_LIVE,
    )
    assert [(d.item, d.matters) for d in found.disagreements] == [
        ("jira:ERP-5", True),
        ("jira:ERP-11", False),
    ]
    assert found.disagreements[0].sides[0].tracker == "Jira"
    assert decision(found, DecisionKind.SETTLE).items == ("jira:ERP-5",)


def test_a_cancelled_record_does_not_contradict_the_one_that_lives():
    trackers = rollout()
    old = trackers.issue("github:G-7", BEGIN, source="o/r", status=StatusCategory.CANCELLED)
    new = Ref("jira", "ERP-5")
    trackers.tie(old, new, BEGIN)
    sides = tuple(SideValue(ref, ref.id, "", value) for ref, value in ((old, "cancelled"), (new, "done")))
    assert report(trackers, disagreements=[Disagreement("status", sides)]).disagreements == ()


def test_open_questions_of_ties_and_parked_records_are_asked():
    trackers = rollout()
    trackers.sources.clear()
    fresh(trackers, parked=2)
    pair = TieEdge(Ref("jira", "ERP-1"), Ref("github", "G-1"), EvidenceKind.SUGGESTED, "", BEGIN, 0.9)
    trackers.suggestions.append(pair)
    found = report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)
    assert decision(found, DecisionKind.CONFIRM_TIES).count == 1
    assert decision(found, DecisionKind.READ_PARKED).count == 6
    assert gap(found, GapKind.PARKED).count == 2


def test_what_cannot_be_seen_is_named():
    trackers = Trackers()
    trackers.sources.append(
        SourceState(
            "jira", "ERP", NOW, error="the token was refused", seen=2, expected=9, parked=1, history="none"
        )
    )
    trackers.issue("A-1", BEGIN, estimate=8)
    trackers.issue("A-2", BEGIN, estimate=5, parent="A-1")
    trackers.issue("A-3", BEGIN)
    found = report(trackers, finish={"milestone": "Nowhere"})
    kinds = {one.kind for one in found.unseen}
    assert kinds >= {
        *(GapKind.NO_BASELINE, GapKind.FINISH_NOT_FOUND, GapKind.NO_HISTORY, GapKind.PARKED, GapKind.FAILED),
        *(GapKind.NOT_SEEN, GapKind.NOT_READ, GapKind.UNDATED, GapKind.UNESTIMATED, GapKind.OWNERLESS),
    }
    ignored = gap(found, GapKind.PARENT_ESTIMATE_IGNORED)
    assert (ignored.items, ignored.amounts) == (("jira:A-1",), (Decimal(3),))
    assert gap(found, GapKind.NOT_SEEN).count == 5
    assert gap(found, GapKind.UNESTIMATED).items == ("jira:A-3",)


def test_a_source_without_issues_is_not_blamed_for_having_no_history_of_them():
    trackers = Trackers()
    fresh(trackers, history="none")
    trackers.issue("A-1", BEGIN)
    (named,) = [one for one in report(trackers).unseen if one.kind is GapKind.NO_HISTORY]
    assert "ERP" in named.subject


def test_a_quiet_week_says_so():
    trackers = rollout()
    found = report(trackers, now=NOW + timedelta(days=1), since=NOW, **GO_LIVE)
    assert found.news.quiet
    assert not report(trackers, **GO_LIVE).news.quiet


def test_a_date_that_passed_unmoved_is_news():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, due="2026-03-20")
    (slipped,) = report(trackers).news.later
    assert (slipped.item, slipped.days, slipped.at_least) == ("jira:A-1", 3, True)


def test_what_should_be_done_by_the_next_report_is_listed():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, due="2026-03-27")
    trackers.issue("A-2", BEGIN, due="2026-03-30")
    trackers.issue("A-3", BEGIN, due="2026-03-20")
    found = report(trackers)
    assert (found.coming, found.coming_by) == (("jira:A-3", "jira:A-1"), date(2026, 3, 27))


def test_a_project_without_sprints_has_no_sprint_light():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, due="2026-06-01")
    assert Indicator.SPRINT not in report(trackers).lights.now.shown


def test_parallel_sprints_are_summed_before_they_are_divided():
    trackers = Trackers()
    for name, connection, source in (("Blue 1", "jira", "ERP"), ("Red 1", "github", "o/r")):
        trackers.sprint(name, at("2026-03-16"), at("2026-03-29"), connection=connection, source=source)
    trackers.issue("jira:A-1", BEGIN, estimate=90, sprints=["Blue 1"])
    trackers.issue("github:B-1", BEGIN, source="o/r", estimate=10, sprints=["Red 1"])
    trackers.issue("github:B-2", at("2026-03-20"), source="o/r", estimate=15, sprints=["Red 1"])
    light = report(trackers).lights.now.raw[Indicator.SPRINT]
    assert (light.ratio, light.state) == (pytest.approx(0.15), State.AMBER)


def test_an_empty_project_is_unknown_and_breaks_nothing():
    found = report(Trackers())
    assert found.verdict.state is State.GREY
    assert found.burn_up.points
    assert found.verdict.finish.forecast is None


# what holds for every story


def figures(value: object) -> list[Figure]:
    """Every figure anywhere in a result."""
    if isinstance(value, Figure):
        return [value]
    if is_dataclass(value) and not isinstance(value, type):
        return [f for part in fields(value) for f in figures(getattr(value, part.name))]
    if isinstance(value, tuple | list):
        return [f for part in value for f in figures(part)]
    return []


kinds = st.sampled_from(["due", "estimate", "status", "sprints", "gone", "milestone", "parent"])
edits = st.lists(st.tuples(st.integers(0, 75), st.integers(0, 5), kinds, st.integers(0, 90)), max_size=25)


def random_story(steps: list[tuple[int, int, str, int]]) -> Trackers:
    trackers = Trackers()
    fresh(trackers)
    trackers.milestone("Go-live", "2026-04-08", id="m1")
    trackers.sprint("S1", at("2026-02-02"), at("2026-02-15"), closed=at("2026-02-16"))
    trackers.sprint("S2", at("2026-02-16"), at("2026-03-29"))
    refs = [
        trackers.issue(
            f"A-{n}", BEGIN + timedelta(days=9 * n), due=date(2026, 3, 1) + timedelta(days=9 * n), estimate=n
        )
        for n in range(6)
    ]
    for day, number, kind, amount in sorted(steps):
        when = BEGIN + timedelta(days=day + 1)
        value = {
            "due": date(2026, 2, 1) + timedelta(days=amount) if amount else None,
            "estimate": amount % 9 or None,
            "status": list(StatusCategory)[amount % 5],
            "sprints": [["S1"], ["S2"], ["S1", "S2"], []][amount % 4],
            "gone": bool(amount % 2),
            "milestone": "m1" if amount % 2 else None,
            "parent": f"A-{amount % 6}" if amount % 6 != number else None,
        }[kind]
        if trackers.issues[refs[number]].created <= when:
            trackers.edit(refs[number], when, "ann", **{kind: value})
    return trackers


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits)
def test_every_report_keeps_the_rules_of_its_figures(steps):
    trackers = random_story(steps)
    found = report(trackers, baseline(trackers, **GO_LIVE), **GO_LIVE)
    for figure in figures((found.states,)):
        assert (figure.value is None) == (figure.reason is not None)
        assert set(figure.items) <= found.items.keys()
    assert found.verdict.state is not State.GREEN or not found.verdict.gaps
    for change in (found.scope.project, found.news.scope, *(s.change for s in found.scope.sprints)):
        assert change.scope == change.committed.total + change.net
    delta, plan, now = (getattr(row(found, Indicator.SCOPE), name).value for name in ("delta", "plan", "now"))
    assert plan + delta == now


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits)
def test_the_same_view_gives_the_same_report(steps):
    trackers = random_story(steps)
    plan = baseline(trackers, **GO_LIVE)
    assert report(trackers, plan, **GO_LIVE) == report(trackers, plan, **GO_LIVE)


def large() -> tuple[Trackers, datetime]:
    """400 issues, 5,000 changes, twelve sprints and eight milestones in half a year."""
    draw, trackers = Random(3), Trackers()
    for number in range(12):
        start = BEGIN + timedelta(days=14 * number)
        trackers.sprint(f"S{number}", start, closed=start + timedelta(days=13))
    for number in range(8):
        trackers.milestone(f"M{number}", (date(2026, 2, 1) + timedelta(days=25 * number)).isoformat())
    refs = [
        trackers.issue(
            f"{SOURCES[n % 3][0]}:X-{n}",
            BEGIN + timedelta(days=draw.randint(-3, 30)),
            source=SOURCES[n % 3][1],
            estimate=draw.choice([1, 2, 3, 5, 8, None]),
            due=date(2026, 2, 1) + timedelta(days=draw.randint(0, 150)),
            milestone=None if n % 3 else f"M{n % 8}",
            parent=f"X-{n // 30 * 30}" if n % 3 == 0 and n % 30 else None,
        )
        for n in range(400)
    ]
    for number in range(0, 390, 13):
        trackers.tie(refs[number], refs[number + 1], BEGIN)
    while len(trackers.changes) < 5_000:
        ref = draw.choice(refs)
        when = BEGIN + timedelta(days=31, minutes=len(trackers.changes) * 40)
        change = draw.choice(
            [
                {"due": date(2026, 2, 1) + timedelta(days=draw.randint(0, 180))},
                {"estimate": draw.choice([1, 2, 3, 5, 8])},
                {"status": draw.choice(list(StatusCategory))},
                {"sprints": [f"S{draw.randrange(12)}"]},
            ]
        )
        trackers.edit(ref, when, "ann", **change)
    now = BEGIN + timedelta(days=183)
    for connection, source in SOURCES:
        trackers.sources.append(SourceState(connection, source, now))
    return trackers, now


def test_a_report_on_half_a_year_shows_the_light_of_every_week():
    trackers, now = large()
    project = {"finish": {"milestone": "M7"}}
    plan = baseline(trackers, BEGIN + timedelta(hours=1), **project)
    work = read_work(trackers.view(now), config(*SOURCES, **project), "erp")
    assert len(status_report(work, [plan], now - timedelta(days=7)).lights.periods) == 26


def test_the_newest_hash_of_the_audit_log_is_printed_where_something_was_written():
    trackers = rollout()
    work = read_work(trackers.view(NOW), config(*SOURCES), "erp")
    wrote, quiet = (status_report(work, [], LAST, audit=audit) for audit in ("ab12cd34ef567890" * 4, ""))
    pages = [render(status_page(work, found), 200) for found in (wrote, quiet)]
    told, untold = (" ".join(line.plain for line in page) for page in pages)
    assert "audit log ab12cd34ef56;" in told
    assert "audit log" not in untold
