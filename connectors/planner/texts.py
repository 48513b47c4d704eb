"""What stands in a task's details: its text, our markers below it, its checklist, addresses as names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from connectors.planner.records import DetailsRecord

__all__ = ["MARKER", "described", "key_of_url", "text_of", "ticked_off"]

MARKER = re.compile(r"ct1\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+")
"""A line of our own in a description, which is no part of the text."""


def text_of(description: str | None) -> str:
    """A description as people know it: its lines without those of our own markers."""
    if description is None or "ct1." not in description:
        return description or ""
    lines = description.splitlines()
    kept = [line for line in lines if not MARKER.fullmatch(line.strip())]
    return description if kept == lines else "\n".join(kept).rstrip()


def ticked_off(details: DetailsRecord) -> list[str]:
    """A line for each item of the checklist, in the order that people see."""
    items = [item for item in (details.checklist or {}).values() if isinstance(item, Mapping)]
    items.sort(key=lambda item: str(item.get("orderHint") or ""))
    return [f"[{'x' if item.get('isChecked') is True else ' '}] {item.get('title') or ''}" for item in items]


def described(text: str, marks: Iterable[str]) -> str:
    """A description with our markers in lines of their own below it."""
    return "\n\n".join(filter(None, (text, "\n".join(marks))))


def key_of_url(url: str) -> str:
    """An address as the name of a reference; `%` is encoded too, so that decoding once gives it back."""
    return "".join(f"%{ord(char):02X}" if char in "%.:@#" else char for char in url)
