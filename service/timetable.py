"""What is done by the clock: APScheduler wakes us, the instants come from CronSim, the truth is in the store.

A job that was due while the daemon was down runs once when it starts; however many times it was missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from model.leases import Job
from model.store import Store
from service.logs import Logger

__all__ = ["Errand", "Timetable", "instants"]


@dataclass(frozen=True, slots=True)
class Errand:
    """Something done again and again: by a cron text, or some time after it was done last."""

    name: str
    run: Callable[[], str]
    cron: str = ""
    every: timedelta = timedelta(0)


def instants(cron: str, after: datetime, zone: str) -> Iterator[datetime]:
    """The instants of a cron text after one, in a time zone: 1-5 are Monday to Friday, and an hour that a
    spring night does not have comes when it ends."""
    from cronsim import CronSim

    return iter(CronSim(cron, after.astimezone(ZoneInfo(zone))))


class Timetable:
    """The errands of one daemon. `run` of each says in a few words what it did."""

    def __init__(
        self, store: Store, zone: str, clock: Callable[[], datetime], log: Logger, errands: Sequence[Errand]
    ) -> None:
        from apscheduler.schedulers.background import (  # type: ignore[import-untyped]
            BackgroundScheduler,
        )

        self._store = store
        self._zone = zone
        self._clock = clock
        self._log = log
        self._errands = errands
        self._scheduler: Any = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        with self._store.reading() as books:
            known = {job.name: job for job in books.leases.jobs()}
        now = self._clock()
        for errand in self._errands:
            job = known.get(errand.name, Job(errand.name))
            self._plan(errand, min(job.next or self._next(errand, now), self._next(errand, now)))
        self._scheduler.start()

    def stop(self) -> None:
        """No further errand begins; one that is under way ends by itself."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _next(self, errand: Errand, after: datetime) -> datetime:
        return next(instants(errand.cron, after, self._zone)) if errand.cron else after + errand.every

    def _plan(self, errand: Errand, at: datetime) -> None:
        """The scheduler goes by the machine's clock; ours may be another, so it is handed what is left."""
        when = datetime.now(UTC) + max(timedelta(0), at - self._clock())
        self._scheduler.add_job(
            self._do, "date", run_date=when, args=[errand], id=errand.name, replace_existing=True
        )

    def _do(self, errand: Errand) -> None:
        """Run one errand, note how it went, and plan the next time; a failure is told and does not end it."""
        started = self._clock()
        try:
            outcome = errand.run()
            self._log.info(f"{errand.name}: {outcome}")
        except Exception as error:
            outcome = f"failed: {error}"
            self._log.error(f"{errand.name} {outcome}")
        ended = self._clock()
        following = self._next(errand, ended)
        try:
            with self._store.transaction() as writer:
                writer.leases.note_job(Job(errand.name, started, ended, outcome[:300], following))
        finally:
            if self._scheduler.running:
                self._plan(errand, following)
