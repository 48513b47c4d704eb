"""When an item is done: the actual day, or the forecast one, or at least today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reports.calendar import WorkingCalendar
from reports.lives import Facts

__all__ = ["Finish", "finish_of"]


@dataclass(frozen=True, slots=True)
class Finish:
    """`on` None: no date is known. `at_least`: it is overdue, so this is a lower bound."""

    on: date | None
    done: bool = False
    at_least: bool = False


def finish_of(facts: Facts, today: date, calendar: WorkingCalendar) -> Finish:
    """The actual finish of what is done; for what is open max(due, today), the forecast without a network."""
    if facts.done:
        return Finish(calendar.date_of(facts.finished) if facts.finished else None, done=True)
    if facts.due is None:
        return Finish(None)
    return Finish(max(facts.due, today), at_least=facts.due < today)
