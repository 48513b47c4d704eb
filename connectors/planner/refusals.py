"""What Microsoft's service says of a refusal, read from the body of its error."""

from __future__ import annotations

import msgspec

from connectors.errors import SourceStopped
from connectors.payload import decode

__all__ = ["code_of", "explanation"]

_CLIPPED = 300


class _Problem(msgspec.Struct, frozen=True):
    message: str = ""
    code: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    error: _Problem = _Problem()


def code_of(content: bytes) -> str:
    """The error's code; Planner's own errors have none, save those about its limits."""
    return _read(content).code


def explanation(content: bytes) -> str:
    """What Microsoft's service says of a refusal, if it does, as text to append."""
    text = _read(content).message[:_CLIPPED]
    return f" ({text})" if text else ""


def _read(content: bytes) -> _Problem:
    try:
        return decode(content, _Refusal).error
    except SourceStopped:
        return _Problem()
