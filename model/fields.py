"""Which fields of a record have a history, and the one text form in which their values are stored.

An event's meaning, a baseline row and an agreed value all hold these texts, so they compare byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring

import msgspec

from model.values import Entity, SprintState, StatusCategory

__all__ = ["HISTORY", "decode", "encode"]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


_SET = msgspec.json.Decoder(frozenset[str])


def _set(text: str) -> frozenset[str]:
    try:
        return _SET.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"{text[:40]!r} is no list of texts: {error}") from None


def _flag(text: str) -> bool:
    return text == "true"


_ISSUE: dict[str, Callable[[str], object]] = {
    "assignees": _set,
    "bucket": str,
    "components": _set,
    "due": date.fromisoformat,
    "estimate": Decimal,
    "finished": _instant,
    "gone": _flag,
    "hidden": _flag,
    "key": str,
    "labels": _set,
    "milestone": str,
    "parent": str,
    "percent": int,
    "priority": str,
    "source": str,
    "sprints": _set,
    "start": date.fromisoformat,
    "status": StatusCategory,
    "status_original": str,
    "title": str,
    "type": str,
}

_SPRINT: dict[str, Callable[[str], object]] = {
    "completed": _instant,
    "end": _instant,
    "name": str,
    "start": _instant,
    "state": SprintState,
}

_MILESTONE: dict[str, Callable[[str], object]] = {
    "done": _flag,
    "due": date.fromisoformat,
    "name": str,
}

HISTORY: Mapping[Entity, Mapping[str, Callable[[str], object]]] = {
    Entity.ISSUE: _ISSUE,
    Entity.SPRINT: _SPRINT,
    Entity.MILESTONE: _MILESTONE,
}
"""Entity -> field -> how its text is read; the keys are the fields that have a history."""


def encode(value: object) -> str | None:
    """The stored text of a field's value; None stays None, sets are sorted, numbers lose trailing zeros."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, frozenset):
        return f"[{', '.join(map(encode_basestring, sorted(value)))}]"
    return str(value)


def decode(entity: Entity, field: str, text: str | None) -> object:
    """The value behind a stored text. KeyError: a field without history; ValueError: a bad text."""
    return None if text is None else HISTORY[entity][field](text)
