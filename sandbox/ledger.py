"""What a world did, as plain facts: one JSON line an act, written at the moment of the act.

Every line has `at` (UTC) and `act`; the other keys depend on the act and are listed in `ACTS`. `work` is
the world's own identity of a piece of work: two records that are the same work carry the same `work`. Nothing
here is computed from anything else: no durations, no sums, no slips.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, TextIO

__all__ = ["ACTS", "Ledger"]

_ON_A_RECORD: Final = ("work", "tracker", "record", "key")
_ON_A_COST: Final = ("category", "on", "amount", "currency", "description", "by")

ACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "world": ("seed", "scale", "start", "end"),
    "person": ("person", "name", "department", "zone", "accounts"),
    "sprint_planned": ("tracker", "sprint", "record", "start", "end"),
    "sprint_opened": ("tracker", "sprint", "record", "by"),
    "sprint_closed": ("tracker", "sprint", "record", "by"),
    "milestone_set": ("tracker", "milestone", "record", "due", "by"),
    "milestone_moved": ("tracker", "milestone", "record", "from", "to", "by"),
    "milestone_reached": ("tracker", "milestone", "record", "by"),
    "created": (
        *(*_ON_A_RECORD, "type", "title", "department", "wave", "parent", "start", "due", "estimate"),
        *("owner", "sprint", "milestone", "by"),
    ),
    "mirrored": (
        *(*_ON_A_RECORD, "evidence", "type", "title", "department", "wave", "parent", "start", "due"),
        *("estimate", "owner", "sprint", "milestone", "by"),
    ),
    "moved": (
        *(*_ON_A_RECORD, "from_tracker", "from_record", "from_key", "type", "title", "department", "wave"),
        *("parent", "start", "due", "estimate", "owner", "sprint", "milestone", "by"),
    ),
    "retired": (*_ON_A_RECORD, "by"),
    "rekeyed": (*_ON_A_RECORD, "from", "to", "by"),
    "deleted": (*_ON_A_RECORD, "by"),
    "same_unproven": ("work", "same_as"),
    "started": (*_ON_A_RECORD, "by"),
    "in_review": (*_ON_A_RECORD, "by"),
    "closed": (*_ON_A_RECORD, "by"),
    "reopened": (*_ON_A_RECORD, "by"),
    "cancelled": (*_ON_A_RECORD, "by"),
    "due_moved": (*_ON_A_RECORD, "from", "to", "by"),
    "estimated": (*_ON_A_RECORD, "from", "to", "by"),
    "owner_changed": (*_ON_A_RECORD, "from", "to", "by"),
    "retitled": (*_ON_A_RECORD, "from", "to", "by"),
    "remilestoned": (*_ON_A_RECORD, "from", "to", "by"),
    "sprint_entered": (*_ON_A_RECORD, "sprint", "by"),
    "sprint_left": (*_ON_A_RECORD, "sprint", "by"),
    "carried": (*_ON_A_RECORD, "from", "to", "by"),
    "blocks": (*_ON_A_RECORD, "blocks", "by"),
    "logged": (*_ON_A_RECORD, "log", "started", "seconds", "by"),
    "log_deleted": (*_ON_A_RECORD, "log", "by"),
    "pull_opened": ("work", "tracker", "key", "by"),
    "budgeted": ("line", *_ON_A_COST),
    "rebudgeted": ("line", "from", "to", "by"),
    "ordered": ("order", "supplier", *_ON_A_COST),
    "order_cancelled": ("order", "by"),
    "invoiced": ("invoice", "order", "supplier", *_ON_A_COST),
    "credited": ("invoice", "order", "supplier", *_ON_A_COST),
}
"""Act -> its keys after `at` and `act`, in the order in which they stand on the line."""


class Ledger:
    """The lines so far; with `sink` each is also written there as it happens."""

    def __init__(self, sink: TextIO | None = None) -> None:
        self._lines: list[str] = []
        self._sink = sink

    @property
    def lines(self) -> Sequence[str]:
        return self._lines

    def write(self, at: datetime, act: str, facts: Mapping[str, object]) -> None:
        """Append one act. KeyError: an act or a key that the vocabulary does not have."""
        known = ACTS[act]
        if len(facts) != len(known):
            raise KeyError(f"{act} has the keys {', '.join(known)}; given {', '.join(facts)}")
        text = _ENCODER.encode({"at": _instant(at), "act": act} | {key: facts[key] for key in known})
        self._lines.append(text)
        if self._sink is not None:
            self._sink.write(text + "\n")

    def text(self) -> str:
        return "".join(f"{line}\n" for line in self._lines)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC).isoformat(timespec='seconds')[:-6]}Z"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a ledger holds plain facts, not {type(value).__name__}")


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=_plain, separators=(",", ":"))
