"""A title apart from the key of another side that stands before or behind it: pure.

A task called "PAY-7 Load data" is tied by the key in its title. What it is called is "Load data"; the key
stays where it is when the title follows another side's.
"""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["bare", "dressed"]


def bare(title: str, keys: Collection[str]) -> str:
    """What the work is called, on one line."""
    return _parts(title, keys)[1]


def dressed(title: str, keys: Collection[str], name: str) -> str:
    """`name` with what stands around the name in `title`."""
    before, _, after = _parts(title, keys)
    return f"{before}{name}{after}"


def _parts(title: str, keys: Collection[str]) -> tuple[str, str, str]:
    line = " ".join(title.split())
    if keys:
        key = "|".join(map(re.escape, sorted(keys, key=len, reverse=True)))
        boxed = rf"\[(?:{key})\]|\((?:{key})\)"
        found = re.fullmatch(rf"((?:{boxed}|(?:{key})(?![\w-]))[\s:|–—-]*)?(.*?)(\s*(?:{boxed}))?", line)
        if found is not None and found[2]:
            return found[1] or "", found[2], found[3] or ""
    return "", line, ""
