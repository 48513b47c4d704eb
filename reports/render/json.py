"""Results as JSON: every figure with its items, values unrounded, dates in ISO form; docs/reference/json.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache

import msgspec

from model.baselines import Baseline
from model.values import Change, Ref
from reports.containers import Goal
from reports.scope import ScopeLine

__all__ = ["encode", "envelope"]

_SPARSE = (ScopeLine, Change)
"""Written by the thousand: their fields that hold the default are left out."""

_ELSEWHERE: Mapping[type, frozenset[str]] = {
    Baseline: frozenset({"items", "milestones"}),
    Goal: frozenset({"records", "changes", "label"}),
}
"""Fields that other parts of a report tell already, or `crosstie baseline show` does."""

_USUAL = {"entity": "issue", "origin": "recorded"}
"""What a change is unless it says otherwise."""


def encode(value: object) -> str:
    """A result as indented JSON text; Decimals become numbers."""
    return msgspec.json.format(_bytes(value), indent=2).decode()


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

    Many figures rest on the same recorded changes: `changes` holds each once, figures name its place there.
    """
    tables = _Tables()
    body = tables.plain(data)
    return _bytes(
        {
            "schema": f"crosstie/{kind}/1",
            "as_of": as_of,
            "generated_at": generated_at,
            "complete": complete,
            "warnings": warnings,
            "data": body,
            "changes": tables.rows,
        }
    ).decode()


class _Tables:
    """Writes results as plain objects and collects the changes that they rest on."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self._places: dict[tuple[object, ...], int] = {}

    def plain(self, value: object) -> object:
        """The value as dicts, lists and scalars; a change becomes its place among `rows`."""
        if isinstance(value, Change):
            return self._place(value)
        if isinstance(value, Ref):
            return str(value)
        if is_dataclass(value):
            return self._members(value)
        if isinstance(value, Mapping):
            return {str(key): self.plain(each) for key, each in value.items()}
        if isinstance(value, Collection) and not isinstance(value, str | bytes):
            ordered = sorted(value) if isinstance(value, frozenset | set) else value
            return [self.plain(each) for each in ordered]
        return value

    def _place(self, change: Change) -> int:
        key = (change.entity, change.ref, change.field, change.at, change.learned, str(change.after))
        if key not in self._places:
            self._places[key] = len(self.rows)
            row = self._members(change)
            self.rows.append({name: each for name, each in row.items() if _USUAL.get(name) != each})
        return self._places[key]

    def _members(self, value: object) -> dict[str, object]:
        kind = type(value)
        members = {name: getattr(value, name) for name in _names(kind)}
        if kind in _SPARSE:
            usual = _defaults(kind)
            members = {n: each for n, each in members.items() if n not in usual or each != usual[n]}
        return {name: self.plain(each) for name, each in members.items()}


@cache
def _names(kind: type) -> tuple[str, ...]:
    left_out = _ELSEWHERE.get(kind, frozenset())
    return tuple(field.name for field in fields(kind) if field.name not in left_out)


@cache
def _defaults(kind: type) -> Mapping[str, object]:
    return {field.name: field.default for field in fields(kind) if field.default is not MISSING}


def _bytes(value: object) -> bytes:
    return msgspec.json.Encoder(decimal_format="number", enc_hook=_object).encode(value)


def _object(value: Mapping[object, object]) -> object:
    """Mappings that are not dicts (read-only views) are written as objects."""
    return dict(value)
