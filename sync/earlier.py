"""What earlier runs left of the writes that are wanted now: those that wait, were refused, or happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from model.outbox import Entry, State
from model.writer import Writer
from sync.changeset import Action, Write
from sync.intents import read_write, same_write
from sync.means import Means
from sync.outcome import Written
from sync.settle import end

__all__ = ["Earlier", "is_untouched"]

_REFUSED_FOR = timedelta(days=1)
"""A write that a tracker refused is not sent again for so long, unless somebody insists."""

_OVER = frozenset({State.REFUSED, State.MOVED, State.INTENDED})
"""States of a creation that certainly did not happen."""


class Earlier:
    """The outbox before a run's own intents are in it, as one transaction sees it."""

    def __init__(self, writer: Writer, means: Means) -> None:
        self._writer = writer
        self._means = means
        self._now = means.clock()
        self._waiting: dict[tuple[str, str], list[Entry]] = {}
        self._doubtful: dict[tuple[str, str], Entry] = {}
        for entry in writer.outbox.unsettled(means.signs.name):
            key = entry.connection, entry.target or entry.intent
            if entry.state is State.INTENDED:
                self._waiting.setdefault(key, []).append(entry)
            else:
                self._doubtful[key] = entry
        since = self._now - _REFUSED_FOR
        self._refused = () if means.insist else writer.outbox.refused(means.signs.name, since)

    def held(self, write: Write) -> Written | None:
        """Why the write is not taken up now; None: it is."""
        key = write.target.connection, write.target.id
        if (doubtful := self._doubtful.get(key)) is not None:
            return Written(write, doubtful.state, None, doubtful.error or "", doubtful.next_try)
        for entry in self._waiting.get(key, ()):
            if entry.next_try is not None and entry.next_try > self._now:
                return Written(write, State.INTENDED, None, entry.error or "", entry.next_try)
        for entry in self._refused:
            if same_write(read_write(entry), write):
                return Written(write, State.REFUSED, None, entry.error or "")
        if write.action is Action.CREATE:
            return self._created(write)
        return None

    def take_over(self, writes: Iterable[Write], run: int) -> int:
        """End the earlier tries at the target of these writes; how many there were."""
        tries = 0
        for key in {(write.target.connection, write.target.id) for write in writes}:
            for entry in self._waiting.pop(key, ()):
                tries = max(tries, entry.attempts)
                if entry.action != Action.CREATE:
                    end(self._writer, self._means, entry, State.MOVED, f"run {run} tries again")
        return tries

    def let_go(self) -> None:
        """End the tries that waited for what nobody wants any more."""
        for entry in [entry for several in self._waiting.values() for entry in several]:
            if entry.next_try is None or entry.next_try <= self._now:
                end(self._writer, self._means, entry, State.MOVED, "it is not wanted any more")

    def _created(self, write: Write) -> Written | None:
        intent = self._writer.outbox.by_intent([write.target.id]).get(write.target.id)
        if intent is None or intent.state in _OVER:
            return None
        reason = f"{write.key} got its twin in run {intent.run}, which is not tied to it any more; join them"
        return Written(write, State.REFUSED, None, reason)


def is_untouched(entry: Entry) -> bool:
    """Whether nobody has begun to send it or put it off."""
    return entry.state is State.INTENDED and entry.next_try is None
