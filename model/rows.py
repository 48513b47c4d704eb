"""Values to rows and back, one pair of functions a record; identities are resolved by the callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from model.values import (
    Entity,
    Issue,
    Milestone,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Unit,
)

__all__ = ["Recorded", "record_row", "record_value"]

Recorded = Issue | Sprint | Milestone
"""The values that have a history."""

_VALUES: Mapping[Entity, type[Recorded]] = {
    Entity.ISSUE: Issue,
    Entity.SPRINT: Sprint,
    Entity.MILESTONE: Milestone,
}
_WORDS: Mapping[str, type[StatusCategory | Unit | SprintState]] = {
    "status": StatusCategory,
    "unit": Unit,
    "state": SprintState,
}
_COLUMNS: Mapping[Entity, tuple[str, ...]] = {
    entity: tuple(f.name for f in fields(kind) if f.name not in ("ref", "source"))
    for entity, kind in _VALUES.items()
}


def record_row(entity: Entity, value: Recorded) -> dict[str, Any]:
    """The columns of a record but for its identity and its source."""
    row = {name: getattr(value, name) for name in _COLUMNS[entity]}
    return {name: each.value if name in _WORDS else each for name, each in row.items()}


def record_value(entity: Entity, row: Mapping[str, Any], ref: Ref, source: str) -> Recorded:
    """The value behind a row; ValueError: a word that no enum knows."""
    columns: dict[str, Any] = {
        name: _WORDS[name](row[name]) if name in _WORDS else row[name] for name in _COLUMNS[entity]
    }
    return _VALUES[entity](ref=ref, source=source, **columns)
