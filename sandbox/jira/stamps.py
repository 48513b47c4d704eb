"""Jira's several ways of writing an instant, a day and a length of time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

__all__ = ["agile", "duration", "milliseconds", "printed_day", "stamp"]

_MINUTE, _HOUR = 60, 3600
_DAY, _WEEK = 8 * _HOUR, 40 * _HOUR


def stamp(at: datetime, zone: str) -> str:
    """In the site's zone with an offset that has no colon: 2026-01-21T14:05:06.123-0800."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"


def agile(at: datetime) -> str:
    """As the agile API writes it: UTC with milliseconds and a Z."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) // 1000


def printed_day(day: date) -> str:
    """For people: 1/Feb/26."""
    return f"{day.day}/{day:%b/%y}"


def duration(seconds: int) -> str:
    """In weeks of five days of eight hours, as time tracking prints it: 1w 2d 3h 20m."""
    parts = []
    for unit, size in (("w", _WEEK), ("d", _DAY), ("h", _HOUR), ("m", _MINUTE)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return " ".join(parts) or "0m"
