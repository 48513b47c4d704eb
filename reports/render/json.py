"""Results as JSON: every field of every result, values unrounded, dates in ISO form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

__all__ = ["encode", "envelope"]


def encode(value: object) -> str:
    """A result as indented JSON text; Decimals become numbers."""
    encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain)
    return msgspec.json.format(encoder.encode(value), indent=2).decode()


def envelope(
    kind: str,
    data: object,
    *,
    as_of: datetime,
    generated_at: datetime,
    complete: bool,
    warnings: tuple[str, ...],
) -> str:
    """A report's JSON form; `schema` names its shape, which only grows within a number."""
    return encode(
        {
            "schema": f"crosstie/{kind}/1",
            "as_of": as_of,
            "generated_at": generated_at,
            "complete": complete,
            "warnings": warnings,
            "data": data,
        }
    )


def _plain(value: Any) -> object:
    """Mappings that are not dicts (read-only views) are written as objects."""
    return dict(value)
