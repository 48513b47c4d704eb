"""How reading each source goes, as facts: its runs, what is parked, hidden or not understood.

A view knows how fresh and complete a source is; this is the rest, for `crosstie health`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from model.engine import Database
from model.identity import number_of_source
from model.progress import AGAIN, Outcome
from model.tables import table
from model.values import StatusCategory

__all__ = ["Condition", "Course", "ParkedRecord", "read_condition"]


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A record that was not understood, and since when."""

    key: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Course:
    """One run: `ended` is its last sign of life where it is going on or was killed.

    `seen` counts the issues of the runs that it goes on from too.
    """

    started: datetime
    ended: datetime | None
    outcome: str
    error: str | None
    seen: int
    expected: int | None
    requests: int
    waited: int
    allowance: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What is stored of one source's reading.

    `courses` are the runs since `since`, and before it those back to the last complete one, oldest first.
    `unmapped` issues have a status that no map explains. `again`: everything is being read once more.
    """

    courses: tuple[Course, ...]
    parked: tuple[ParkedRecord, ...]
    hidden: int
    unmapped: int
    again: bool


def read_condition(database: Database, connection: str, source: str, since: datetime) -> Condition:
    """The condition of a source; empty where it was never read."""
    with database.reading() as reading:
        owner = reading.execute(select(number_of_source(connection, source))).scalar()
        cursors = table("cursor")
        again = select(func.count()).where(
            cursors.c.source == owner, cursors.c.stream.startswith(AGAIN, autoescape=True)
        )
        return Condition(
            courses=_courses(reading, owner, since),
            parked=_parked(reading, owner),
            hidden=_count(reading, owner, "hidden"),
            unmapped=_count(reading, owner, "unmapped"),
            again=bool(reading.execute(again).scalar_one()),
        )


def _courses(reading: Connection, owner: int | None, since: datetime) -> tuple[Course, ...]:
    runs = table("run")
    whole = select(func.max(runs.c.pk)).where(
        runs.c.source == owner, runs.c.outcome == Outcome.COMPLETE.value
    )
    last = reading.execute(whole).scalar() or 0
    mine = select(runs).where(runs.c.source == owner, (runs.c.started >= since) | (runs.c.pk >= last))
    return tuple(_course(row) for row in reading.execute(mine.order_by(runs.c.pk)).mappings())


def _course(row: Any) -> Course:
    names = ("outcome", "error", "seen", "expected", "requests", "waited", "allowance")
    return Course(row["started"], row["finished"], *(row[name] for name in names))


def _parked(reading: Connection, owner: int | None) -> tuple[ParkedRecord, ...]:
    rows = table("parked")
    query = select(rows).where(rows.c.source == owner, rows.c.cleared.is_(None)).order_by(rows.c.since)
    found: Sequence[Any] = reading.execute(query).mappings().all()
    return tuple(ParkedRecord(row["key"], row["reason"], row["since"]) for row in found)


def _count(reading: Connection, owner: int | None, what: str) -> int:
    """The source's issues that are hidden, or those shown whose status is not understood."""
    issues = table("issue")
    unknown = issues.c.hidden.is_(False) & (issues.c.status == StatusCategory.UNKNOWN.value)
    where = issues.c.hidden.is_(True) if what == "hidden" else unknown
    mine = (issues.c.source == owner) & issues.c.gone.is_(False)
    return int(reading.execute(select(func.count()).select_from(issues).where(mine, where)).scalar_one())
