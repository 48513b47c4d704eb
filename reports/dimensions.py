"""A project's own axes: which value an issue has on each, by the config's mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from config.patterns import compile_pattern
from config.settings import Dimension
from model.values import Issue

__all__ = ["Reader", "dimension_readers", "dimension_values"]

Reader = Callable[[Issue], str | None]
"""Reads an issue's value on one dimension; None where it has none."""


def dimension_readers(
    dimensions: Mapping[str, Dimension], milestone_name: Callable[[Issue], str | None]
) -> dict[str, Reader]:
    """One reader a dimension; `milestone_name` gives the name of an issue's milestone."""
    return {name: _reader(dimension, milestone_name) for name, dimension in dimensions.items()}


def dimension_values(readers: Mapping[str, Reader], members: Sequence[Issue]) -> tuple[tuple[str, str], ...]:
    """An item's values: per dimension the first record that has one speaks."""
    found = []
    for name, read in readers.items():
        value = next((value for issue in members if (value := read(issue))), None)
        if value is not None:
            found.append((name, value))
    return tuple(found)


def _reader(dimension: Dimension, milestone_name: Callable[[Issue], str | None]) -> Reader:
    pattern = compile_pattern(dimension.pattern) if dimension.pattern is not None else None

    def read(issue: Issue) -> str | None:
        texts = _texts(dimension, issue, milestone_name)
        values = texts if pattern is None else (pattern.first_group(text) for text in texts)
        return next((value for value in values if value), None)

    return read


def _texts(
    dimension: Dimension, issue: Issue, milestone_name: Callable[[Issue], str | None]
) -> Iterable[str]:
    match dimension.origin:
        case "label":
            return sorted(issue.labels)
        case "component":
            return sorted(issue.components)
        case "bucket":
            return [issue.bucket] if issue.bucket else []
        case "milestone":
            name = milestone_name(issue)
            return [name] if name else []
        case "type":
            return [issue.type] if issue.type else []
        case "source":
            return [issue.source]
        case "field":
            return [value for name, value in issue.attributes if name == dimension.field]
