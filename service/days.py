"""Days as people type them on the command line."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from service.failures import Exit, Failure

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["end_of_day"]


def end_of_day(text: str, workspace: Workspace) -> datetime:
    """A date as the last instant of that day in the report's zone; now, when the day is not over."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Failure(Exit.USAGE, f'"{text}" is not a date such as 2026-03-25.') from None
    zone = ZoneInfo(workspace.config.general.timezone)
    now = workspace.clock()
    if datetime.combine(day, time(), zone) > now:
        raise Failure(
            Exit.USAGE, f"{text} has not come yet; nobody knows what is true then. Name an earlier day."
        )
    end = datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(microseconds=1)
    return min(end, now)
