"""The demo, lived through once: its workspace, the instants of its pulls, and what could be known when.

Everything expected comes from the world's ledger. Trackers do not tell all of it, nor at once; what a reader
who comes once a week can know of it is itself a ledger, made here by giving acts a later instant and nothing
else.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from reports.baseline import Plan, freeze, plan_of
from reports.scope_report import ScopeReport, scope_report
from reports.slip import SlipReport, slip_report
from reports.status import StatusReport, status_report
from reports.work import Work, WorkItem
from sandbox.world.world import World
from service.demo import Demo, demo, live
from service.progress import Silent
from service.pulling import Pulled, pull_sources
from service.reporting import look, quarrels
from service.tying import retie_projects
from tests.ledger import LedgerReader, Piece, TrackerRecord

__all__ = ["PROJECT", "LivedDemo", "Reports", "living", "naive_slip"]

PROJECT = "erp"
REPLAYED = datetime(2026, 3, 31, 18, tzinfo=UTC)
"""The pull on which reports are made on the day, to be made again in June."""

_WEEK = timedelta(days=7)
_SEEN_BY_A_PULL = {
    "planner": {"started", "reopened", "due_moved", "estimated", "owner_changed", "retitled"},
    "github": {"due_moved", "estimated", "sprint_entered", "sprint_left", "carried"},
}
"""Acts for which a tracker keeps no time: Planner has no history, GitHub none of values on a board."""

_PULLS_UNTIL_GONE = {"github": 1, "planner": 2, "jira": 2}
"""How many pulls a deletion takes to be known: GitHub says it by itself, a Planner task must be missed by two
whole readings, and a Jira issue must be unknown at two censuses that are an hour or more apart."""


@dataclass(frozen=True)
class Reports:
    """The three reports as made at one time."""

    scope: ScopeReport
    slip: SlipReport
    status: StatusReport


@dataclass
class LivedDemo:
    """`pulls` are the instants of all pulls, the baseline's first; `on_the_day` was made at REPLAYED."""

    running: Demo
    pulls: list[datetime] = field(default_factory=list)
    on_the_day: Reports | None = None
    _works: dict[tuple[datetime, datetime], Work] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        return World.end

    @property
    def start(self) -> datetime:
        return World.baseline_at

    def pull(self) -> Pulled:
        workspace = self.running.workspace
        done = pull_sources(workspace, workspace.sources(), Silent())
        assert not done.failed
        retie_projects(workspace)
        return done

    # What the product says

    def work(self, at: datetime, known: datetime | None = None) -> Work:
        """The project at an instant as far as known at another, which is the same if not given."""
        when = (at, known or at)
        if when not in self._works:
            self._works[when] = look(self.running.workspace, PROJECT, *when)
        return self._works[when]

    def plan(self, work: Work) -> Plan:
        (baseline,) = self.running.workspace.store.baselines(PROJECT)
        return plan_of(work, baseline)

    def reports(self, at: datetime) -> Reports:
        """What the three reports say of `at` as far as was known then, made anew."""
        workspace = self.running.workspace
        work = look(workspace, PROJECT, at, at)
        plan, baselines = self.plan(work), workspace.store.baselines(PROJECT)
        quarrel, head = quarrels(workspace, work), workspace.store.head()
        return Reports(
            scope_report(work, plan),
            slip_report(work, plan),
            status_report(work, baselines, at - _WEEK, quarrel, head),
        )

    def works(self, items: Sequence[str]) -> list[str]:
        """The ledger's names of the product's items, one for each."""
        return [self.work_of[item] for item in items]

    def in_scope(self, work: Work) -> dict[str, WorkItem]:
        """Ledger work -> item, of the leaf items in scope; AssertionError: some work is counted twice."""
        counted = Counter(self.works([item.id for item in work.items.values() if item.in_scope]))
        assert [name for name, times in counted.items() if times > 1] == []
        return {self.work_of[item.id]: item for item in work.items.values() if item.in_scope and item.leaf}

    @cached_property
    def work_of(self) -> Mapping[str, str]:
        """Item -> ledger work; items are named after one of their records."""
        return {f"{tracker}:{id}": one.work for (tracker, id), one in self.ledger.records(self.end).items()}

    # What the ledger says

    @cached_property
    def ledger(self) -> LedgerReader:
        return LedgerReader(self.running.world.ledger.lines)

    @cached_property
    def readable(self) -> LedgerReader:
        """The ledger as the pulls can know it, every act at the instant that a report has for it."""
        return self.readable_at(self.end)

    def readable_at(self, known: datetime) -> LedgerReader:
        """The same as far as the pulls until `known` can know it."""
        last = max(pull for pull in self.pulls if pull <= known)
        facts = [fact for fact in self.ledger.facts if _at(fact) <= last]
        told = [(at, fact) for fact in facts if (at := self._told(fact)) is not None and at <= last]
        told.sort(key=lambda pair: pair[0])
        return _Readable(json.dumps(fact | {"at": at.isoformat()}) for at, fact in told)

    def _told(self, fact: Mapping[str, Any]) -> datetime | None:
        at, tracker = _at(fact), fact.get("tracker", "")
        later = [pull for pull in self.pulls if pull >= at]
        if fact["act"] == "deleted":
            pulls = _PULLS_UNTIL_GONE[tracker]
            return None if len(later) < pulls else later[pulls - 1]
        if fact["act"] not in _SEEN_BY_A_PULL.get(tracker, ()) or self._set_once(fact):
            return at
        if fact["act"] in ("started", "reopened") and later and self._closed_between(fact, at, later[0]):
            return None
        created = self._created[tracker, fact["record"]]
        # What changed before the record was first read is how it was first read.
        seen = min((pull for pull in self.pulls if pull >= created), default=None)
        return created if seen in later[:1] else next(iter(later), None)

    @cached_property
    def _created(self) -> Mapping[tuple[str, str], datetime]:
        return {place: one.created for place, one in self.ledger.records(self.end).items()}

    def _closed_between(self, fact: Mapping[str, Any], after: datetime, until: datetime) -> bool:
        """Whether a record was done again before anybody could see that it was open."""
        closings = (one for one in self.ledger.acts("closed") if one["record"] == fact["record"])
        return any(after < _at(one) <= until for one in closings)

    def _set_once(self, fact: Mapping[str, Any]) -> bool:
        """Whether it gave a value on GitHub's board for the first time, which GitHub does tell."""
        return fact["tracker"] == "github" and "from" in fact and fact["from"] is None


class _Readable(LedgerReader):
    """Reads a ledger as a report does: a record that was cancelled is ignored while another one lives.

    The two ends of a tie are never ended at the same time, and Planner's end is known late.
    """

    def _piece(self, work: str, records: list[TrackerRecord]) -> Piece:
        return super()._piece(work, [one for one in records if one.state != "cancelled"] or records)


def naive_slip(planned: date, finish: date, free: frozenset[date]) -> int:
    """Working days from a planned day, or the working day after it, to another; counted one by one."""

    def works(day: date) -> bool:
        return day.weekday() < 5 and day not in free

    due = planned
    while not works(due):
        due += timedelta(days=1)
    if planned <= finish <= due:
        return 0
    first, last, sign = (due, finish, 1) if finish > due else (finish, due, -1)
    count, day = 0, first
    while day < last:
        day += timedelta(days=1)
        count += works(day)
    return sign * count


@contextmanager
def living(folder: Path) -> Iterator[LivedDemo]:
    """Live through the half year as `crosstie demo` does; the trackers answer until the end of the block."""
    with demo(folder, os.environ, 7, lambda _sentence: None) as running:
        lived = LivedDemo(running)
        workspace = running.workspace

        def each_week() -> None:
            lived.pull()
            lived.pulls.append(workspace.clock())
            if workspace.clock() == REPLAYED:
                lived.on_the_day = lived.reports(REPLAYED)

        each_week()
        work = look(workspace, PROJECT, workspace.clock())
        workspace.store.save_baseline(freeze(work, "B1", workspace.clock(), "Steering", "Plan at kick-off"))
        live(running, each_week)
        yield lived


def _at(fact: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(fact["at"])
