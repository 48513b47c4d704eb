"""An instant as JQL takes it. Pure.

Cloud takes milliseconds. Data Center is given a minute on the clock of the account's own zone, which is not
the site's zone: a minute in another zone silently skips hours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["minute_in"]

_WEST = timedelta(hours=12)
_HOUR = timedelta(hours=1)


def minute_in(zone: str | None, milliseconds: int) -> str:
    """The minute of an instant in a zone, quoted; never a later instant than that.

    Where the clock is set back, a minute comes twice and nobody knows which one JQL takes: an hour before is
    named. Where the zone is not known, the westernmost is taken.
    """
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    known = _zone(zone)
    if known is None:
        return f'"{at - _WEST:%Y-%m-%d %H:%M}"'
    local = at.astimezone(known)
    while local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        at -= _HOUR
        local = at.astimezone(known)
    return f'"{local:%Y-%m-%d %H:%M}"'


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
