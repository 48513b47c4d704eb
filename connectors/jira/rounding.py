"""Values as Jira keeps them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from connectors.jira.adf import tidy

__all__ = ["WRITES", "rounded", "rounded_estimate"]

_TITLE, _LABEL, _BODY = 255, 255, 32_767
_SPACE = re.compile(r"\s+")
_MINUTES = {"hours": Decimal(60), "days": Decimal(480)}
_EXACT = Decimal("0.0001")


def _title(value: object) -> object:
    """One line, without space around it."""
    return _SPACE.sub(" ", str(value)).strip()[:_TITLE].rstrip()


def _labels(value: object) -> object:
    """A label holds no space, and none is empty."""
    assert isinstance(value, frozenset)
    whole = (_SPACE.sub("-", str(label).strip())[:_LABEL] for label in value)
    return frozenset(label for label in whole if label)


def _assignees(value: object) -> object:
    """One person at most: the first by id, so that it is the same one each time."""
    assert isinstance(value, frozenset)
    return frozenset(sorted(value)[:1])


def _estimate(value: object) -> object:
    return None if value is None else Decimal(str(float(str(value))))


def _body(value: object) -> object:
    return tidy(tidy(str(value).replace("\r\n", "\n"))[:_BODY])


def _same(value: object) -> object:
    return value


_ROUNDED: Mapping[str, Callable[[object], object]] = {
    "assignees": _assignees,
    "body": _body,
    "due": _same,
    "estimate": _estimate,
    "labels": _labels,
    "milestone": _same,
    "parent": _same,
    "priority": _same,
    "sprints": _same,
    "start": _same,
    "status": _same,
    "title": _title,
}

WRITES = frozenset(_ROUNDED)
"""The fields that can be written."""


def rounded(field: str, value: object) -> object:
    """The value as Jira would hand it back. KeyError: a field that cannot be written."""
    return _ROUNDED[field](value)


def rounded_estimate(value: Decimal | None, unit: str, timed: bool) -> Decimal | None:
    """An estimate as it comes back; in time tracking (`timed`) it is kept in whole minutes."""
    if value is None or not timed:
        return None if value is None else Decimal(str(float(value)))
    size = _MINUTES.get(unit, _MINUTES["hours"])
    return (Decimal(round(value * size)) / size).quantize(_EXACT)
