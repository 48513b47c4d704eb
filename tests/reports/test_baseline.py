"""Baselines: frozen record by record, read in today's items, rebuilt with the share that history covers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from model.baselines import Baseline
from model.values import Origin, StatusCategory
from reports.baseline import freeze, in_force, original, plan_of
from reports.figures import Quantity
from reports.reading import read_work
from reports.replays import total
from reports.scope_report import ProjectReplays, project_scope, scope_report
from tests.reports.stillview import Trackers, at, config

BEGIN, PLAN, NOW = at("2026-01-05"), at("2026-01-12"), at("2026-03-25")
BOTH = (("jira", "ERP"), ("github", "o/r"))


def frozen(trackers: Trackers, when=PLAN, taken=None, name="B1", settings=None) -> Baseline:
    work = read_work(trackers.view(when), settings or config(), "erp")
    return freeze(work, name, taken or when, "steering", "approved on 12 Jan")


def scope(trackers: Trackers, baseline: Baseline, when=NOW, settings=None):
    work = read_work(trackers.view(when), settings or config(), "erp")
    plan = plan_of(work, baseline)
    return project_scope(work, plan, ProjectReplays(work).project(plan))


def test_a_baseline_holds_every_living_record_and_every_milestone():
    trackers = Trackers()
    trackers.sprint("S1", BEGIN)
    goal = trackers.milestone("Go-live", "2026-06-08", id="m1")
    trackers.issue(
        "A-1", BEGIN, due="2026-03-02", start="2026-02-02", estimate=5, sprints=["S1"], milestone="m1"
    )
    trackers.issue("A-2", BEGIN, status=StatusCategory.CANCELLED)
    trackers.issue("A-3", PLAN + timedelta(days=1))
    found = frozen(trackers, settings=config(milestones={"Board": {"due": "2026-05-01"}}))
    (item,) = found.items
    assert (item.key, item.due, item.start, item.estimate) == ("A-1", date(2026, 3, 2), date(2026, 2, 2), 5)
    assert (item.sprints, item.milestone) == (frozenset({"S1"}), "m1")
    assert {(m.name, m.due) for m in found.milestones} == {
        ("Go-live", date(2026, 6, 8)),
        ("Board", date(2026, 5, 1)),
    }
    assert goal in {m.ref for m in found.milestones}
    assert (found.origin, found.coverage, found.as_of) == (Origin.RECORDED, None, PLAN)


def test_a_baseline_of_the_past_says_how_much_of_it_history_covers():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN)
    trackers.issue("A-2", BEGIN)
    late = trackers.issue("A-3", BEGIN)
    view = trackers.view(PLAN)
    told = view.history_from
    view.history_from = lambda ref: NOW if ref == late else told(ref)
    work = read_work(view, config(), "erp")
    found = freeze(work, "B0", NOW, "steering", "rebuilt")
    assert (found.origin, found.coverage) == (Origin.RECONSTRUCTED, Decimal("0.6667"))


def test_a_baseline_cannot_lie_in_the_future():
    with pytest.raises(ValueError, match="future"):
        frozen(Trackers(), when=NOW, taken=PLAN)


def test_the_plan_in_force_is_the_newest_that_is_not_later():
    trackers = Trackers()
    first, second = frozen(trackers), frozen(trackers, when=at("2026-02-10"), name="B2")
    both = (second, first)
    assert in_force(both, BEGIN) is None
    assert in_force(both, at("2026-02-09")) is first
    assert in_force(both, NOW) is second
    assert original(both) is first
    assert original(()) is None


def test_records_tied_after_the_baseline_are_planned_once():
    trackers = Trackers()
    a = trackers.issue("jira:A-1", BEGIN, estimate=5, due="2026-03-02")
    b = trackers.issue("github:B-1", BEGIN, source="o/r", estimate=5, due="2026-03-02")
    settings = config(*BOTH)
    baseline = frozen(trackers, settings=settings)
    trackers.tie(a, b, at("2026-02-02"))
    change = scope(trackers, baseline, settings=settings)
    assert change.committed.total == change.scope == Quantity(Decimal(5), 1)


def test_what_was_learned_later_never_changes_the_commitment():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN, estimate=5)
    baseline = frozen(trackers)
    trackers.issue("A-2", BEGIN, estimate=3)
    trackers.edit(story, PLAN - timedelta(days=1), estimate=8)
    change = scope(trackers, baseline)
    assert change.committed.total.effort == 5
    assert change.up.total.effort == 3
    assert change.added.items == ("jira:A-2",)
    assert change.scope.effort == 11


def test_an_item_that_nobody_knows_any_more_was_removed():
    trackers = Trackers()
    story = trackers.issue("A-1", BEGIN, estimate=5)
    trackers.issue("A-2", BEGIN, estimate=3)
    baseline = frozen(trackers)
    del trackers.issues[story]
    change = scope(trackers, baseline)
    assert (change.removed.items, change.removed.total.effort) == (("jira:A-1",), 5)


def test_scope_since_the_baseline_is_cut_along_a_dimension_without_a_rest():
    trackers = Trackers()
    dimensions = {"dimensions": {"wave": {"from": "label", "pattern": "wave:(.+)"}}}
    for number, wave in enumerate(("1", "1", "2"), start=1):
        trackers.issue(f"A-{number}", BEGIN, estimate=number, labels=[f"wave:{wave}"])
    trackers.issue("A-4", BEGIN, estimate=4)
    settings = config(**dimensions)
    baseline = frozen(trackers, settings=settings)
    trackers.issue("A-5", at("2026-02-02"), estimate=8, labels=["wave:2"])
    work = read_work(trackers.view(NOW), settings, "erp")
    report = scope_report(work, plan_of(work, baseline), "wave")
    assert {wave: int(change.scope.effort) for wave, change in report.by.items()} == {"": 4, "1": 3, "2": 11}
    assert sum((change.scope for change in report.by.values()), Quantity()) == report.project.scope


def test_without_a_baseline_there_is_no_project_scope_change():
    work = read_work(Trackers().view(NOW), config(), "erp")
    assert scope_report(work, None).project is None


def test_the_replays_at_the_baseline_say_what_the_baseline_says():
    trackers = Trackers()
    trackers.issue("A-1", BEGIN, estimate=5)
    epic = trackers.issue("A-2", BEGIN, estimate=20)
    trackers.issue("A-3", BEGIN, estimate=8, parent=epic.id)
    baseline = frozen(trackers)
    work = read_work(trackers.view(NOW), config(), "erp")
    plan = plan_of(work, baseline)
    assert total(ProjectReplays(work).project(plan), plan.as_of) == Quantity(Decimal(13), 2)
