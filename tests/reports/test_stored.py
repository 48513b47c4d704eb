"""The same story told to the real store gives the same report as the view that needs none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from model.fields import encode
from model.progress import Counts, Outcome
from model.store import Store, open_store
from model.values import Entity, Event, Meaning, Ref
from model.writer import Kept, Learned
from reports.baseline import freeze
from reports.reading import read_work
from reports.status import StatusReport, status_report
from tests.reports.stillview import Trackers, config
from tests.reports.test_status import (
    BEGIN,
    GO_LIVE,
    LAST,
    NOW,
    PLAN,
    SOURCES,
    edits,
    fresh,
    random_story,
    rollout,
)


def keep(store: Store, trackers: Trackers) -> None:
    """Store what the trackers hold, with their history learned as it happened."""
    with store.transaction() as writer:
        for connection, source in SOURCES:
            run = writer.progress.begin_run(connection, source, "full", BEGIN)
            seen = sum(issue.source == source for issue in trackers.issues.values())
            writer.progress.end_run(run, Outcome.COMPLETE, Counts(seen=seen), NOW - timedelta(hours=1))
        for entity, values in (
            (Entity.SPRINT, trackers.sprints.values()),
            (Entity.MILESTONE, trackers.milestones.values()),
            (Entity.ISSUE, trackers.issues.values()),
        ):
            begun = [(value, getattr(value, "created", None) or BEGIN) for value in values]
            writer.save(entity, [Kept(value, when, when) for value, when in begun])
        by_entity: dict[Entity, list[Learned]] = defaultdict(list)
        for number, change in enumerate(trackers.changes):
            meaning = Meaning(change.field, encode(change.before), encode(change.after))
            event = Event(
                *(change.entity, change.ref, str(number), change.field, meaning.before, meaning.after),
                *(change.at, change.origin, change.actor, meaning),
            )
            by_entity[change.entity].append(Learned(event, change.learned))
        for entity, learned in by_entity.items():
            writer.append(entity, learned)
        writer.save_links(dict.fromkeys(trackers.issues, BEGIN), trackers.dependencies, BEGIN)
        writer.ties.save(trackers.ties, trackers.issues, BEGIN)
        writer.save_accounts(trackers.accounts)


def both(trackers: Trackers, path: Path) -> tuple[StatusReport, StatusReport]:
    """The report over the view that needs no store, and over the store's own."""
    chosen = config(*SOURCES, **GO_LIVE)
    work = read_work(trackers.view(PLAN), chosen, "erp")
    plan = freeze(work, "B1", PLAN, "steering", "approved")
    still = status_report(read_work(trackers.view(NOW), chosen, "erp"), [plan], LAST)
    with open_store(f"sqlite:///{path}") as store:
        keep(store, trackers)
        saved = store.save_baseline(plan)
        kept = status_report(read_work(store.view(NOW), chosen, "erp"), [saved], LAST, (), store.head())
    return still, kept


def agreed(report: StatusReport) -> StatusReport:
    """The report without what only a store gives: reads and hashes."""
    evidence = replace(report.evidence, baseline=None, original=None, head="")
    return replace(report, sources=(), evidence=evidence)


def test_a_told_story_gives_the_same_report_from_the_store(tmp_path):
    trackers = rollout()
    trackers.sources.clear()
    trackers.block(Ref("planner", "FW-114"), Ref("jira", "ERP-3"))
    trackers.tie(Ref("jira", "ERP-4"), Ref("planner", "FW-114"), BEGIN)
    fresh(trackers)
    still, kept = both(trackers, tmp_path / "told.db")
    assert agreed(kept) == agreed(still)
    assert kept.evidence.baseline.hash == kept.evidence.head


@settings(max_examples=2, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(edits)
def test_any_story_gives_the_same_report_from_the_store(tmp_path_factory, steps):
    trackers = random_story(steps)
    trackers.sources.clear()
    fresh(trackers)
    still, kept = both(trackers, tmp_path_factory.mktemp("story") / "any.db")
    assert agreed(kept) == agreed(still)
