"""Regular expressions written in the config, run against text that strangers wrote.

The engine is RE2: it has no backtracking, so no pattern can be made to take more than linear time. What it
therefore cannot do (look-around, backreferences) is refused with words when the file is loaded. Where Python
reads a letter or digit of any script, RE2's `\\d` and `\\w` mean ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

__all__ = ["MOST_CHARACTERS", "MOST_MATCHES", "Pattern", "PatternError", "compile_pattern"]

MOST_CHARACTERS = 10_000
"""Text is cut here before it is searched."""
MOST_MATCHES = 1_000
"""`find_all` stops here: each match may cost one walk over the rest of the text."""
_LONGEST_PATTERN = 1_000
_BYTE_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
_UNKNOWN_TO_RE2 = (
    (re.compile(r"invalid perl operator: \(\?<?[=!]"), "look-around such as (?=…) or (?<!…)"),
    (
        re.compile(r"invalid perl operator: \(\?>|bad repetition operator: \S\+"),
        "possessive or atomic matching",
    ),
    (re.compile(r"invalid perl operator: \(\?\("), "a conditional such as (?(1)…)"),
    (
        re.compile(r"invalid escape sequence: \\[1-9kg]|operator: \(\?P in .*\(\?P="),
        "a backreference such as \\1",
    ),
)


class PatternError(ValueError):
    """A pattern that cannot be used; the text says which construct, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; two with the same text are equal."""

    text: str
    groups: int
    _compiled: Any = field(repr=False, compare=False)

    def first_group(self, text: str) -> str | None:
        """What the first group holds where the pattern first matches; the whole match if it has no group.

        None when nothing matches, or the group took no part or holds nothing: an empty value is no value.
        """
        match = self._compiled.search(_searchable(text))
        if match is None:
            return None
        found: str | None = match.group(1 if self.groups else 0)
        return found or None

    def find_all(self, text: str) -> tuple[str, ...]:
        """Every match, whole, in the order of the text; empty matches are left out."""
        matches = islice(self._compiled.finditer(_searchable(text)), MOST_MATCHES)
        return tuple(whole for match in matches if (whole := match.group(0)))

    def matches_nothing(self) -> bool:
        """Whether an empty text satisfies it, so that it would be found everywhere."""
        return self._compiled.search("") is not None


def compile_pattern(text: str) -> Pattern:
    """The pattern, ready to use; PatternError says in plain words what RE2 does not know."""
    import re2

    if len(text) > _LONGEST_PATTERN:
        raise PatternError(
            f"it is longer than {_LONGEST_PATTERN:,} characters; split it into several patterns"
        )
    if _BYTE_ESCAPE.search(text):
        raise PatternError(r"\C, a single byte, can cut a letter in two; use . for one character")
    options = re2.Options()
    options.log_errors = False  # it would write to the terminal past every redaction
    try:
        compiled = re2.compile(_searchable(text), options)
    except re2.error as problem:
        raise PatternError(_reason(problem.args[0], text)) from None
    return Pattern(text, compiled.groups, compiled)


def _searchable(text: str) -> str:
    """The part that is searched, as UTF-8 can hold it."""
    return text[:MOST_CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def _reason(said: bytes | str, pattern: str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    for known, construct in _UNKNOWN_TO_RE2:
        if known.search(f"{words} in {pattern}"):
            return (
                f"it uses {construct}, which could take unbounded time on hostile text and is not supported; "
                "write it without"
            )
    return f"it is not a valid pattern ({words}); the syntax is that of RE2"
