"""What a store can keep: a record outside these bounds is parked with the reason, and its page goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.base import Batch, Parked
from model.fields import HISTORY, decode
from model.values import Account, Cost, Event, Issue, Milestone, Sprint, Worklog

__all__ = ["fit"]

Record = Issue | Sprint | Milestone | Worklog | Cost | Account | Event

_ID = 200
"""Longest id in characters; every tracker's is far shorter."""

_DIGITS = 15
"""Most digits of a number before its point, and most after it."""

_SECONDS = 1 << 40
_PLACES = Decimal("0.0001")
_CHECKED = ("issues", "sprints", "milestones", "worklogs", "costs", "accounts", "events")


def fit(batch: Batch) -> tuple[Batch, tuple[Parked, ...]]:
    """The batch without what cannot be kept, and that with the reasons."""
    kept: dict[str, Any] = {name: [] for name in _CHECKED}
    parked: list[Parked] = []
    for name in _CHECKED:
        for record in getattr(batch, name):
            reason = next(_reasons(record), None)
            if reason is None:
                kept[name].append(record)
            else:
                parked.append(_parked(record, reason))
    whole: dict[str, Any] = {name: tuple(several) for name, several in kept.items()}
    return (replace(batch, **whole), tuple(parked)) if parked else (batch, ())


def _parked(record: Record, reason: str) -> Parked:
    own = f"{record.ref.id} {record.id}" if isinstance(record, Event) else record.ref.id
    key = record.key if isinstance(record, Issue) else own
    return Parked(own, key, f"{reason}; correct it in the tracker, then pull again")


def _reasons(record: Record) -> Iterator[str]:
    if not 0 < len(record.ref.id) <= _ID:
        yield f"its id has {len(record.ref.id)} characters"
    for name in _of_type(type(record), "datetime"):
        instant = getattr(record, name)
        if isinstance(instant, datetime) and instant.tzinfo is None:
            yield f"{name} has no time zone"
    for name in _of_type(type(record), "Decimal"):
        number = getattr(record, name)
        if isinstance(number, Decimal) and not _ordinary(number):
            yield f"{name} is no ordinary number"
    if isinstance(record, Issue) and record.percent is not None and not 0 <= record.percent <= 100:
        yield f"percent is {record.percent}"
    if isinstance(record, Worklog) and abs(record.seconds) > _SECONDS:
        yield f"seconds is {record.seconds}"
    if isinstance(record, Cost):
        yield from _money_reasons(record.money.amount)
    if isinstance(record, Event):
        yield from _event_reasons(record)


_TYPED: dict[tuple[str, str], tuple[str, ...]] = {}
"""What is found out once for each type: every record of a pull passes here."""


def _of_type(kind: type[Record], word: str) -> tuple[str, ...]:
    """The names of a value's fields whose annotation names this type."""
    key = kind.__name__, word
    if key not in _TYPED:
        _TYPED[key] = tuple(field.name for field in fields(kind) if word in str(field.type).split(" | "))
    return _TYPED[key]


def _money_reasons(amount: Decimal) -> Iterator[str]:
    if not _ordinary(amount):
        yield "its amount is no ordinary number"
    elif amount != amount.quantize(_PLACES):
        yield "its amount has more than four places"


def _event_reasons(event: Event) -> Iterator[str]:
    if len(event.id) > _ID:
        yield f"an event's id has {len(event.id)} characters"
    meaning = event.meaning
    if meaning is None:
        return
    if meaning.field not in HISTORY[event.entity]:
        yield f"an event tells of {meaning.field}, which has no history"
        return
    if HISTORY[event.entity][meaning.field] is str:
        return
    try:
        for text in (meaning.before, meaning.after):
            decode(event.entity, meaning.field, text)
    except (ValueError, ArithmeticError):
        yield f"an event gives {meaning.field} a value that cannot be read"


def _ordinary(number: Decimal) -> bool:
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return number.adjusted() < _DIGITS and isinstance(exponent, int) and exponent >= -_DIGITS
