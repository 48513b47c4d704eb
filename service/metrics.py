"""What Prometheus is told: counters kept while the daemon runs, and figures read from the store when asked.

Labels are names of the config and words of short lists; no issue, person or address is among them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from model.outbox import State
from service.health import examine_sources
from service.hooks.receiver import Seen
from service.worker import Meter

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FRESH = 5.0


class Metrics(Meter):
    """One daemon's figures; `text` is what /metrics answers."""

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self.registry = CollectorRegistry()
        build = Gauge("crosstie_build_info", "The version that runs.", ["version"], registry=self.registry)
        build.labels(metadata.version("crosstie")).set(1)
        self._pulls = Histogram(
            "crosstie_pull_duration_seconds",
            "How long it took to ask a source what changed.",
            ["connection", "outcome"],
            registry=self.registry,
            buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
        )
        self._requests = self._counter(
            "crosstie_tracker_requests_total", "Requests sent while pulling.", "connection", "outcome"
        )
        self._waits = self._counter(
            "crosstie_tracker_wait_seconds_total", "Seconds waited at a tracker's wish.", "connection"
        )
        self._hooks = self._counter(
            "crosstie_webhooks_received_total", "Requests to /hooks.", "connection", "result"
        )
        self._writes = self._counter("crosstie_changes_applied_total", "Writes to trackers.", "result")
        self._stops = self._counter("crosstie_guard_stops_total", "Writes that a guard held back.", "reason")
        self._budget = Gauge(
            "crosstie_tracker_budget_remaining_ratio",
            "The share of the tracker's allowance that is left.",
            ["connection"],
            registry=self.registry,
        )
        self.registry.register(_FromStore(workspace))

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(name, help, labels, registry=self.registry)

    def pulled(self, connection: str, seconds: float, outcome: str, requests: int) -> None:
        self._pulls.labels(connection, outcome).observe(seconds)
        self._requests.labels(connection, outcome).inc(requests)

    def waited(self, connection: str, seconds: float) -> None:
        self._waits.labels(connection).inc(seconds)

    def left(self, connection: str, share: float) -> None:
        self._budget.labels(connection).set(share)

    def wrote(self, result: str) -> None:
        self._writes.labels(result).inc()

    def guarded(self, reason: str) -> None:
        self._stops.labels(reason).inc()

    def hooked(self, seen: Seen) -> None:
        self._hooks.labels(seen.connection, seen.result).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _FromStore(Collector):
    """Figures of the store, read at most every five seconds."""

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace
        self._families: list[Any] = []
        self._read = float("-inf")

    def describe(self) -> list[Any]:
        return []  # asked at registration; the names come with the figures

    def collect(self) -> Iterator[Any]:
        if time.monotonic() - self._read > _FRESH:
            self._families = [*_of_sources(self._workspace()), *_of_books(self._workspace())]
            self._read = time.monotonic()
        return iter(self._families)


def _gauge(name: str, help: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"crosstie_{name}", help, labels=labels)


def _of_sources(workspace: Workspace) -> Iterator[GaugeMetricFamily]:
    names = ("connection", "source", "kind")
    complete = _gauge("source_last_complete_timestamp_seconds", "When a source was last read whole.", *names)
    coverage = _gauge("source_coverage_ratio", "The share of its issues that is held.", *names)
    parked = _gauge("source_parked_issues", "Issues that could not be understood.", *names)
    for source in examine_sources(workspace, workspace.sources()):
        labels = [source.connection, source.source, source.kind]
        if source.last_complete is not None:
            complete.add_metric(labels, source.last_complete.timestamp())
        if source.expected:
            coverage.add_metric(labels, min(1.0, source.seen / source.expected))
        parked.add_metric(labels, len(source.parked))
    yield from (complete, coverage, parked)


def _of_books(workspace: Workspace) -> Iterator[GaugeMetricFamily]:
    store = workspace.store
    with store.reading() as books:
        backlog = books.inbox.backlog()
        unsettled = books.outbox.unsettled()
        conflicts = books.decisions.conflicts()
        jobs = books.leases.jobs()
    waiting = _gauge("inbox_waiting", "Webhooks that wait to be followed up.", "connection")
    oldest = _gauge("inbox_oldest_timestamp_seconds", "When the oldest of them came.", "connection")
    stuck = _gauge("inbox_parked", "Webhooks that need somebody.", "connection")
    for each in backlog:
        waiting.add_metric([each.connection], each.waiting)
        stuck.add_metric([each.connection], each.parked)
        if each.oldest is not None:
            oldest.add_metric([each.connection], each.oldest.timestamp())
    outbox = _gauge("outbox_unsettled", "Writes whose end is not known.", "state")
    for state in (State.INTENDED, State.SENT, State.UNKNOWN, State.PARKED):
        outbox.add_metric([state.value], sum(entry.state is state for entry in unsettled))
    still = _gauge("conflicts_open", "Fields over which tied issues differ.", "project")
    for project in workspace.config.projects:
        still.add_metric([project], sum(one.project == project for one in conflicts))
    success = _gauge("job_last_success_timestamp_seconds", "When a recurring job last went well.", "job")
    for job in jobs:
        if job.ended is not None and not job.outcome.startswith("failed"):
            success.add_metric([job.name], job.ended.timestamp())
    size = _gauge("store_size_bytes", "How large a SQLite store is.")
    path = store.database.where.path
    if path is not None:
        files = (path, path.with_name(f"{path.name}-wal"))
        size.add_metric([], sum(file.stat().st_size for file in files if file.exists()))
    yield from (waiting, oldest, stuck, outbox, still, success, size)
