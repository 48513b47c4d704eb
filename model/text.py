"""Texts as a store can hold them, decided once for every value that comes from a tracker."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import msgspec

__all__ = ["clean", "cleaned", "field_names"]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

_NAMES: dict[type, tuple[str, ...]] = {}
"""What is found out once for each type: every value of a pull passes here."""

T = TypeVar("T")


def clean(text: str) -> str:
    """The text with what no store can hold (NUL, lone surrogates) replaced by U+FFFD."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def cleaned(value: T) -> T:
    """A frozen value with every text in it cleaned; the same object where nothing had to change."""
    return value if _is_clean(value) else cast("T", _cleaned(value))


def _is_clean(value: object) -> bool:
    """Whether there is certainly nothing to clean: found out by one pass that writes the value as JSON.

    To look at each text by itself costs ten times as much, and nearly every page of a tracker is clean.
    """
    try:
        return b"\\u0000" not in msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
        return False


def _cleaned(value: Any) -> Any:
    if value is None:
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        made = tuple(map(_cleaned, value))
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    if isinstance(value, frozenset):
        return value if all(_cleaned(each) is each for each in value) else frozenset(map(_cleaned, value))
    new = {}
    for name in field_names(type(value)):
        old = getattr(value, name)
        if (made := _cleaned(old)) is not old:
            new[name] = made
    return replace(value, **new) if new else value


def field_names(kind: type) -> tuple[str, ...]:
    """The names of a dataclass's fields; none for any other type."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
    return _NAMES[kind]
