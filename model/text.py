"""Texts as a store can hold them, decided once for every value that comes from a tracker."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

__all__ = ["clean", "cleaned"]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

T = TypeVar("T")


def clean(text: str) -> str:
    """The text with what no store can hold (NUL, lone surrogates) replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def cleaned(value: T) -> T:
    """A frozen value with every text in it cleaned; the same object where nothing had to change."""
    return cast("T", _cleaned(value))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        made = tuple(_cleaned(each) for each in value)
        return value if all(new is old for new, old in zip(made, value, strict=True)) else made
    if isinstance(value, frozenset):
        return value if all(_cleaned(each) is each for each in value) else frozenset(map(_cleaned, value))
    if is_dataclass(value) and not isinstance(value, type):
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: made for name, each in old.items() if (made := _cleaned(each)) is not each}
        return replace(value, **new) if new else value
    return value
