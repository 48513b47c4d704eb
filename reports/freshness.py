"""How old and how whole what we know is, per source: a report on stale data is never green."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from model.values import Issue, StatusCategory
from reports.figures import Reason, State, share
from reports.rag import Light
from reports.work import Work

if TYPE_CHECKING:
    from model.progress import SourceState

__all__ = ["SourceRow", "data_light", "source_rows"]

LEAST_COVERAGE = 0.8
"""Below this share of issues seen and understood, nobody can say how things stand."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source: the age of its last complete read, and the share of its issues seen, mapped, understood.

    `words` are status words that nothing maps, most frequent first; `unmapped` the issues that have one.
    `age` is None where it was never read completely.
    """

    connection: str
    source: str
    tracker: str
    last_complete: datetime | None
    age: timedelta | None
    stale: bool
    error: str | None
    seen: int
    expected: int | None
    parked: int
    coverage: float | None
    unmapped: int
    words: tuple[str, ...]
    history: str


def source_rows(work: Work) -> tuple[SourceRow, ...]:
    """The project's sources in the order of its config."""
    states = {(state.connection, state.source): state for state in work.view.sources()}
    issues = [issue for issue in work.view.issues() if issue.ref in work.item_of]
    rows = []
    for settings in work.project.sources:
        place = (settings.connection, settings.key)
        mine = [i for i in issues if (i.ref.connection, i.source) == place]
        row = _row(work, *place, states.get(place), mine)
        rows.append(replace(row, source=settings.name or row.source))
    return tuple(rows)


def _row(
    work: Work, connection: str, source: str, state: SourceState | None, issues: list[Issue]
) -> SourceRow:
    unknown = [issue for issue in issues if issue.status is StatusCategory.UNKNOWN]
    words = Counter(issue.status_original for issue in unknown)
    last = state.last_complete if state else None
    age = max(work.at - last, timedelta(0)) if last else None
    parked = state.parked if state else 0
    whole = max((state.expected or 0) if state else 0, len(issues) + parked)
    return SourceRow(
        connection=connection,
        source=source,
        tracker=work.tracker(connection),
        last_complete=last,
        age=age,
        stale=age is None or age > work.project.limits.stale,
        error=state.error if state else None,
        seen=len(issues),
        expected=state.expected if state else None,
        parked=parked,
        coverage=share(len(issues) - len(unknown), whole),
        unmapped=len(unknown),
        words=tuple(word for word, _ in sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))),
        history=state.history if state else "none",
    )


def data_light(rows: tuple[SourceRow, ...]) -> Light:
    """Green where every source is fresh and mostly understood; one that is not makes it unknown."""
    if any(row.age is None for row in rows):
        return Light(State.GREY, None, Reason.NO_READ)
    if any(row.stale for row in rows):
        return Light(State.GREY, None, Reason.STALE)
    if any(row.coverage is not None and row.coverage < LEAST_COVERAGE for row in rows):
        return Light(State.GREY, None, Reason.LOW_COVERAGE)
    return Light(State.GREEN)
