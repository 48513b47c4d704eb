"""The text by which an issue that Crosstie created is known again: bound to its intent and its container.

A marker is `ct1.<intent>.<MAC>`. Only the whole text that was made for an intent and a place counts, so
whoever copies one elsewhere, or makes one up, has none there.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from model.values import Issue, Ref

__all__ = ["Copied", "copied", "intents_in", "marker_for"]

_FORM = re.compile(r"ct1\.([0-9a-z-]{4,40})\.([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Copied:
    """A marker of ours on an issue that it was not made for."""

    ref: Ref
    key: str
    intent: str


def marker_for(key: bytes, connection: str, source: str, intent: str) -> str:
    """The marker of an intent in one source of a connection."""
    return f"ct1.{intent}.{_mac(key, connection, source, intent)}"


def copied(issues: Iterable[Issue], made: Mapping[str, Ref]) -> tuple[Copied, ...]:
    """The issues that bear a marker of another one; `made`: intent -> the issue created for it."""
    return tuple(
        Copied(issue.ref, issue.key, intent)
        for issue in issues
        for intent in sorted(intents_in(issue))
        if made.get(intent, issue.ref) != issue.ref
    )


def intents_in(issue: Issue) -> frozenset[str]:
    """The intents of the markers that an issue's text and links bear, genuine or not."""
    texts = [text for text in (issue.body, *issue.links) if "ct1." in text]
    return frozenset(intent for text in texts for intent, _ in _FORM.findall(text))


def _mac(key: bytes, connection: str, source: str, intent: str) -> str:
    said = "\0".join((connection, source, intent)).encode()
    return hmac.new(key, said, sha256).hexdigest()[:16]
