"""Results as JSON: every figure with its items, values unrounded, dates in ISO form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

import msgspec

from model.baselines import Baseline
from model.values import Change, Ref
from reports.containers import Goal
from reports.scope import ScopeLine
from reports.text import unseen_escaped

__all__ = ["answer", "encode", "envelope"]

_ELSEWHERE: Mapping[type, frozenset[str]] = {
    Baseline: frozenset({"items", "milestones"}),
    Goal: frozenset({"records", "changes", "label"}),
}
"""Fields that other parts of a report tell already, or `crosstie baseline show` does."""

_ACT = ("entity", "ref", "at", "learned", "origin", "actor")


def encode(value: object) -> str:
    """A result as indented JSON text; Decimals become numbers."""
    return unseen_escaped(msgspec.json.format(_bytes(value), indent=2).decode())


def answer(kind: str, data: object, *, at: datetime, warnings: tuple[str, ...] = ()) -> str:
    """What a command found, as indented JSON under the name of its shape; records are named as texts."""
    head = {"schema": f"crosstie/{kind}/1", "as_of": at, "generated_at": at, "complete": not warnings}
    return encode(head | {"warnings": warnings, "data": _Tables().plain(data)})


def envelope(
    kind: str,
    data: object,
    *,
    as_of: datetime,
    generated_at: datetime,
    complete: bool,
    warnings: tuple[str, ...],
) -> str:
    """A report's JSON form; `schema` names its shape, which only grows within a number.

    Many figures rest on the same recorded acts: `changes` holds each once, figures name its place there.
    """
    tables = _Tables()
    body = tables.plain(data)
    written = _bytes(
        {
            "schema": f"crosstie/{kind}/1",
            "as_of": as_of,
            "generated_at": generated_at,
            "complete": complete,
            "warnings": warnings,
            "data": body,
            "changes": tables.acts,
        }
    )
    return unseen_escaped(written.decode())


class _Tables:
    """Writes results as plain objects and collects the acts that they rest on."""

    def __init__(self) -> None:
        self.acts: list[dict[str, object]] = []
        self._places: dict[tuple[object, ...], int] = {}

    def plain(self, value: object) -> object:
        """The value as dicts, lists and scalars; a change becomes its act's place among `acts`."""
        if isinstance(value, Change):
            return self._place(value)
        if isinstance(value, Ref):
            return str(value)
        if is_dataclass(value):
            return self._members(value)
        if isinstance(value, Mapping):
            return {str(key): self.plain(each) for key, each in value.items()}
        if isinstance(value, Collection) and not isinstance(value, str | bytes):
            return self._elements(value)
        return value

    def _elements(self, value: Collection[object]) -> list[object]:
        """In order; the changes of one act count once."""
        ordered = sorted(value, key=str) if isinstance(value, Set) else value
        if any(isinstance(each, Change) for each in ordered):
            return list(dict.fromkeys(map(self.plain, ordered)))
        return [self.plain(each) for each in ordered]

    def _members(self, value: object) -> dict[str, object]:
        """A dataclass's fields; of a scope line, written by the thousand, without those at their default."""
        kind: Any = type(value)
        usual = _defaults(kind) if kind is ScopeLine else {}
        members = {name: getattr(value, name) for name in _names(kind)}
        return {n: self.plain(each) for n, each in members.items() if n not in usual or each != usual[n]}

    def _place(self, change: Change) -> int:
        """What one person did to one record at one instant is one act, however many fields it changed."""
        act = tuple(getattr(change, name) for name in _ACT)
        values = [self.plain(change.before), self.plain(change.after)]
        for again in count():  # a field that changed twice at one instant makes a second act
            place = self._places.setdefault((*act, again), len(self.acts))
            if place == len(self.acts):
                self.acts.append({name: self.plain(getattr(change, name)) for name in _ACT} | {"fields": {}})
            told: Any = self.acts[place]["fields"]
            if told.setdefault(change.field, values) == values:
                return place
        raise AssertionError("unreachable")


@cache
def _names(kind: Any) -> tuple[str, ...]:
    left_out = _ELSEWHERE.get(kind, frozenset())
    return tuple(field.name for field in fields(kind) if field.name not in left_out)


@cache
def _defaults(kind: Any) -> Mapping[str, object]:
    return {field.name: field.default for field in fields(kind) if field.default is not MISSING}


def _bytes(value: object) -> bytes:
    return msgspec.json.Encoder(decimal_format="number", enc_hook=_object).encode(value)


def _object(value: Mapping[object, object]) -> object:
    """Mappings that are not dicts (read-only views) are written as objects."""
    return dict(value)
