"""A tracker's JSON as typed structs, so that one odd character never costs the page it stands on.

Strict decoding comes first. What it refuses is repaired in one linear pass over the text, without recursion:
what no store can hold (lone surrogates, NUL, raw control characters) becomes U+FFFD, what has no value (NaN,
1e999) becomes an object that neither a number nor a text accepts, and bottomless nesting is cut off. Page
types keep their records as `msgspec.Raw`, so only the record that cannot do without the value is parked.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from connectors.errors import SkipIssue, SourceStopped

__all__ = ["DEPTH", "decode", "decode_record", "repair"]

T = TypeVar("T")

DEPTH = 200
"""Levels of nesting that are read; what lies deeper is cut away."""

_TOKEN = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]|-?(?:NaN|Infinity)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?', re.DOTALL
)
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|[\x00-\x1f]", re.DOTALL
)
_SIMPLE = frozenset('"\\/bfnrt')
_LONGEST_INTEGER = 18
_ODD = "\ufffd"


def decode(data: bytes | msgspec.Raw, type: type[T], notes: list[str] | None = None) -> T:
    """The document as `type`; `notes` receives a sentence if characters or numbers had to be replaced.

    Raises SourceStopped when it is not JSON or not of that shape even after the repair.
    """
    raw = bytes(data)
    try:
        raw.decode("utf-8")
        if b"\\u0000" not in raw:
            return msgspec.json.decode(raw, type=type)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:
        repaired = repair(raw)
        value = msgspec.json.decode(repaired, type=type)
    except msgspec.ValidationError as error:
        raise SourceStopped(
            f"The answer does not have the promised shape ({error}). Nothing of it was stored; if it lasts, "
            "report it with the tracker's version."
        ) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceStopped(
            f"The answer is not readable JSON ({error}). Check that the connection's url is the tracker's "
            "API and no sign-in page or proxy answers in its place."
        ) from None
    if notes is not None and repaired != raw:
        notes.append(f"Characters or numbers that cannot be stored were replaced by {_ODD} on this page.")
    return value


def decode_record(data: bytes | msgspec.Raw, type: type[T]) -> T:
    """One record of a decoded page as `type`. Raises SkipIssue saying which field is odd."""
    try:
        return msgspec.json.decode(data, type=type)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:
        return msgspec.json.decode(repair(bytes(data)), type=type)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SkipIssue(f"It cannot be understood: {error}") from None


def repair(data: bytes) -> bytes:
    """The same JSON text with every odd character, number and depth made harmless; linear in its length."""
    text = data.decode("utf-8", errors="replace")
    pieces: list[str] = []
    depth = 0
    copied = 0
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word in "[{":
            depth += 1
            if depth == DEPTH + 1:
                pieces.append(text[copied : token.start()])
        elif word in "]}":
            depth -= 1
            if depth == DEPTH:
                pieces.append(f'"{_ODD} nested deeper than {DEPTH} levels"')
                copied = token.end()
        elif depth <= DEPTH:
            pieces += (text[copied : token.start()], _sane(word))
            copied = token.end()
    if depth <= DEPTH:
        pieces.append(text[copied:])
    return "".join(pieces).encode("utf-8", errors="replace")


def _sane(word: str) -> str:
    if word[0] == '"':
        return f'"{_ESCAPE.sub(_escape, word[1:-1])}"'
    if "N" in word or "I" in word:
        return _valueless(word)
    if "e" in word or "E" in word or "." in word:
        return _valueless(word) if abs(float(word)) == float("inf") else word
    return word if len(word) <= _LONGEST_INTEGER or -(2**63) <= int(word[:40]) < 2**63 else _valueless(word)


def _valueless(word: str) -> str:
    return f'{{"{_ODD}":"{word[:40]}"}}'


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    if len(found) == 12:
        return found
    if len(found) == 6:
        code = int(found[2:], 16)
        return _ODD if code == 0 or 0xD800 <= code <= 0xDFFF else found
    return found if len(found) == 2 and found[1] in _SIMPLE else _ODD
