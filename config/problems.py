"""What is wrong with a configuration, said so that a person can mend it without reading our code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from difflib import SequenceMatcher

from config.positions import KeyPath
from config.shapes import hide_tokens

__all__ = [
    "ConfigError",
    "Finding",
    "Problem",
    "Unfit",
    "dotted",
    "harmless",
    "listed",
    "nearest",
    "quoted",
    "shown",
]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NEAR = 0.6
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem while it is still tied to the tree: a key path instead of a line.

    `missed` is the name whose absence is the fault: where a statement of wrong syntax was left out that holds
    it, there is nothing to report yet.
    """

    path: KeyPath
    found: str
    expected: str = ""
    nearest: str | None = None
    step: str = ""
    missed: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where it stands, what was found (never a secret), what is expected, what to do.

    `key` is dotted, as a person would write it; list entries count from 1: `projects.pay.sources[2].bord`.
    """

    file: str
    line: int
    key: str
    found: str
    expected: str = ""
    nearest: str | None = None
    step: str = ""
    column: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" + (f":{self.column}" if self.column is not None else "")
        said = self.found + (f"; expected {self.expected}" if self.expected else "") + "."
        asked = f' Did you mean "{self.nearest}"?' if self.nearest is not None else ""
        step = f" {self.step.removesuffix('.')}." if self.step else ""
        return f"{place}  {self.key}{': ' if self.key else ''}{said}{asked}{step}"


class ConfigError(Exception):
    """The configuration cannot be used; `problems` is all that is wrong with it, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        ending = (
            f"{count} problem{'s' if count != 1 else ''}. Nothing was started. "
            f"Correct {'them' if count != 1 else 'it'}, then: crosstie check"
        )
        return "\n".join([*map(str, self.problems), ending])


class Unfit(ValueError):
    """A value that a settings type refuses; says what it expects in place of it, and never repeats it."""

    def __init__(self, expected: str, *, found: str = "", nearest: str | None = None, step: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found
        self.nearest = nearest
        self.step = step


def dotted(path: KeyPath) -> str:
    """A key path as a person writes it; list entries count from 1, as people do."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else quoted(part))
    return hide_tokens(text)


def quoted(text: str) -> str:
    """`text` in quotes as TOML writes it, on one line."""
    return '"' + _printable(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def harmless(text: str) -> str:
    """A message on one printable line and without anything that looks like a credential."""
    return _printable(hide_tokens(text))


def _printable(text: str) -> str:
    """`text` with what cannot be seen, or would turn the line around, escaped."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def shown(value: object) -> str:
    """A value as a message may show it: short, on one line, and never a credential."""
    if isinstance(value, str):
        safe = hide_tokens(value, "…")
        return quoted(safe if len(safe) <= _WIDEST else safe[: _WIDEST - 1] + "…")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float):
        return str(value)[:_WIDEST]
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "nothing"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be; None if none is alike."""
    wanted = _folded(name)
    scored = [(SequenceMatcher(None, _folded(other), wanted).ratio(), other) for other in sorted(set(known))]
    score, best = max(scored, key=lambda entry: entry[0], default=(0.0, ""))
    return best if score >= _NEAR else None


def listed(names: Iterable[str], limit: int = 12) -> str:
    """`one of a, b, c`, cut where it would no longer help."""
    ordered = sorted(set(names))
    if not ordered:
        return "none"
    shortened = [*ordered[:limit], f"{len(ordered) - limit} more"] if len(ordered) > limit else ordered
    return ("one of " if len(ordered) > 1 else "") + ", ".join(shortened)


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")
