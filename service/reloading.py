"""Seeing that the config file changed, and saying what did: key by key, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config.settings import Config

__all__ = ["Watched", "differences"]

_MOST = 12


class Watched:
    """A file that may be replaced; `moved` says once of each change that it happened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = self._look()

    def moved(self) -> bool:
        now = self._look()
        if now is None or now == self._last:
            return False
        self._last = now
        return True

    def _look(self) -> tuple[int, int, int] | None:
        try:
            state = self._path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino


def differences(before: Config, after: Config) -> list[str]:
    """The keys whose values differ, dotted, at most a dozen of them."""
    found = list(_differing("", before, after))
    return found if len(found) <= _MOST else [*found[:_MOST], f"and {len(found) - _MOST} more"]


def _differing(path: str, before: Any, after: Any) -> Iterator[str]:
    if type(before) is type(after) and isinstance(before, BaseModel):
        yield from _inside(path, before.__dict__, after.__dict__)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _inside(path, before, after)
    elif _is_list(before) and _is_list(after) and len(before) == len(after):
        yield from _inside(path, dict(enumerate(before)), dict(enumerate(after)))
    elif before != after:
        yield path


def _inside(path: str, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        yield from _differing(f"{path}.{name}".removeprefix("."), before.get(name), after.get(name))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
