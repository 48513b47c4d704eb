"""What the settings types say of a value, put into the words of the person who wrote the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from config.positions import KeyPath
from config.problems import Finding, Unfit, listed, nearest, shown

__all__ = ["explain", "keys_of"]

_KINDS_OF_VALUE = {
    "string": "text in quotes",
    "int": "a whole number",
    "bool": "true or false",
    "decimal": "a number",
    "float": "a number",
    "finite": "a number",
    "tuple": "a list [ … ]",
    "list": "a list [ … ]",
    "dict": "a table { … }",
    "model": "a table { … }",
    "mapping": "a table { … }",
    "date": "a date such as 2026-06-08",
    "path": "a path in quotes",
}
_LIMITS = {
    "greater_than": ("more than {}", "gt"),
    "greater_than_equal": ("at least {}", "ge"),
    "less_than": ("less than {}", "lt"),
    "less_than_equal": ("at most {}", "le"),
    "too_short": ("at least {} entries", "min_length"),
    "too_long": ("at most {} entries", "max_length"),
    "string_too_short": ("text that is not empty", "min_length"),
    "string_too_long": ("at most {} characters", "max_length"),
}
_CHOICES = re.compile(r"'((?:[^'\\]|\\.)*)'|(-?\d+)")


def explain(
    error: ValidationError, model: type[BaseModel], tree: object, prefix: KeyPath = ()
) -> Iterator[Finding]:
    """Each fault that `model` found in `tree`, one per key; `prefix` is where `tree` hangs in the file."""
    seen: dict[KeyPath, Finding] = {}
    for fault in error.errors(include_url=False, include_input=False):
        path, value = _located(fault["loc"], fault["type"], tree)
        finding = _finding(fault["type"], fault.get("ctx", {}), (*prefix, *path), value)
        if fault["type"] == "extra_forbidden":
            finding = _unknown((*prefix, *path), keys_of(model, path[:-1]))
        elif fault["type"] == "missing":
            finding = _missing((*prefix, *path), _field_at(model, path))
        elif fault["type"] == "string_pattern_mismatch":
            finding = Finding(
                finding.path, finding.found, _form(_field_at(model, path), fault.get("ctx", {}))
            )
        other = seen.get(path)
        if other is not None and finding.expected not in other.expected:  # a union: each member said its part
            finding = Finding(finding.path, other.found, f"{other.expected} or {finding.expected}")
        seen[path] = finding
    yield from seen.values()


def keys_of(model: type[BaseModel], path: KeyPath = ()) -> tuple[str, ...]:
    """The names that a table at `path` within `model` may have; none if anything goes there."""
    found: dict[str, None] = {}
    for annotation in _descend(model, path):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found |= {
                field.alias or name: None
                for name, field in annotation.model_fields.items()
                if field.exclude is not True
            }
    return tuple(found)


def _located(loc: tuple[int | str, ...], kind: str, tree: object) -> tuple[KeyPath, object]:
    """The part of `loc` that stands in the file: pydantic appends names of types and of checks to it."""
    path: KeyPath = ()
    value = tree
    for part in loc:
        inside = _inside(value, part)
        if inside is None:
            break
        path, value = (*path, part), inside[0]
    if kind == "missing" and len(loc) == len(path) + 1:
        return loc, None
    return path, value


def _inside(value: object, part: int | str) -> tuple[object] | None:
    if isinstance(value, Mapping) and part in value:
        return (value[part],)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return (value[part],)
    return None


def _finding(kind: str, context: Mapping[str, Any], path: KeyPath, value: object) -> Finding:
    found = f"found {shown(value)}"
    unfit = context.get("error")
    if isinstance(unfit, Unfit):
        return Finding(path, unfit.found or found, unfit.expected, unfit.nearest, unfit.step)
    if kind in ("literal_error", "enum"):
        choices = [text or number for text, number in _CHOICES.findall(str(context.get("expected", "")))]
        near = nearest(value, choices) if isinstance(value, str) else None
        return Finding(path, found, listed(choices), near)
    if kind in _LIMITS:
        words, name = _LIMITS[kind]
        return Finding(path, found, words.format(context.get(name, "")))
    if isinstance(unfit, ValueError | AssertionError):
        return Finding(path, found, str(unfit))
    return Finding(path, found, _KINDS_OF_VALUE.get(kind.partition("_")[0], "another value"))


def _unknown(path: KeyPath, known: tuple[str, ...]) -> Finding:
    near = nearest(str(path[-1]), known)
    return Finding(path, "no such key", "" if near else listed(known), near)


def _missing(path: KeyPath, field: FieldInfo | None) -> Finding:
    meaning = (field.description or "").removesuffix(".") if field else ""
    if isinstance(path[-1], int):
        return Finding(path, "missing", "one entry more")
    step = f"Add {path[-1]} = …" + (f" ({meaning})" if meaning else "")
    return Finding(path, "missing", step=step, missed=path[-1])


def _form(field: FieldInfo | None, context: Mapping[str, Any]) -> str:
    if field and field.examples:
        return f"text such as {shown(field.examples[0])}"
    return f"text of the form {context.get('pattern', '')}"


def _field_at(model: type[BaseModel], path: KeyPath) -> FieldInfo | None:
    for annotation in _descend(model, path[:-1]):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, field in annotation.model_fields.items():
                if (field.alias or name) == path[-1]:
                    return field
    return None


def _descend(annotation: Any, path: KeyPath) -> Iterator[Any]:
    """The types that may stand at `path` below `annotation`, with unions and annotations taken apart."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _descend(inner[0], path)
    elif origin in (Union, UnionType):
        for member in inner:
            if member is not NoneType:
                yield from _descend(member, path)
    elif not path:
        yield annotation
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if (field.alias or name) == path[0]:
                yield from _descend(field.annotation, path[1:])
    elif inner:
        # A mapping's values come last among its arguments; a list's or tuple's entries come first.
        entry = inner[-1] if isinstance(path[0], str) else inner[0]
        yield from _descend(entry, path[1:])
