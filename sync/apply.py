"""Apply a changeset: exactly what was looked at, written down before it is sent, and never twice.

A generator of steps, without threads. The intents of all writes are stored before the first call; each
target is then read again, compared with what was decided on, written once, and how it ended is stored in one
commit with the receipt and the agreed values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from model.outbox import Entry, Intent, RunKind, State
from model.values import Issue, Ref
from model.writer import Writer
from sync import reading
from sync.carry import Carrier
from sync.changeset import Action, Changeset, Write, digest
from sync.earlier import Earlier, is_untouched
from sync.intents import grouped, intent_of, ref_of, said
from sync.means import Means
from sync.outcome import Begun, Differs, Ended, Halted, Step, Written
from sync.resume import look_again, resume
from sync.send import Stopped
from sync.settle import end

__all__ = ["apply", "difference"]


def apply(
    means: Means,
    changeset: Changeset,
    again: Callable[[], Changeset] | None = None,
    kind: RunKind = RunKind.APPLY,
    before: Callable[[Writer, int], None] | None = None,
) -> Iterator[Step]:
    """Carry a changeset out.

    `again` computes it anew: where that is not the same, nothing is done (None: it was computed just now).
    `before` stores what belongs to the run's beginning, given its number. LeaseLost, WriteMoved: another
    crosstie is at work; StoreRestored: the store is an older copy, and nothing was sent.
    """
    if again is not None:
        yield from resume(means)
        fresh = again()
        if digest(fresh) != digest(changeset):
            yield Differs(changeset.project, difference(changeset, fresh))
            return
    yield from _Run(means, changeset, kind, before).steps()


def difference(old: Changeset, new: Changeset) -> tuple[str, ...]:
    """What the store or the config would have otherwise by now, one line an issue and field."""
    if old.rules != new.rules:
        return ("the rules in the config were changed",)
    told: list[str] = []
    for name in ("writes", "conflicts", "refusals", "settled"):
        was, now = ({_name(each): each for each in getattr(one, name)} for one in (old, new))
        word = name.removesuffix("s")
        told += [f"{key}: no {word} any more" for key in was if key not in now]
        told += [f"{key}: a new {word}" for key in now if key not in was]
        told += [f"{key}: another {word}" for key in was if key in now and was[key] != now[key]]
    return tuple(sorted(told))


def _name(each: object) -> str:
    key = getattr(each, "key", "") or str(getattr(each, "tie", ""))
    return f"{key} {getattr(each, 'field', '')}".strip()


class _Run:
    """One run: from its intents to its end."""

    def __init__(
        self,
        means: Means,
        changeset: Changeset,
        kind: RunKind,
        before: Callable[[Writer, int], None] | None,
    ) -> None:
        self._means = means
        self._changeset = changeset
        self._kind = kind
        self._before = before
        self._held: list[Written] = []
        self._carrier: Carrier | None = None

    def steps(self) -> Iterator[Step]:
        means, project = self._means, self._changeset.project
        groups: list[list[Entry]] = []
        with means.store.transaction() as writer:
            reason = means.signs.stop(writer, means.clock())
            self._note_conflicts(writer)
            if not reason:
                groups = self._begin(writer)
        carrier = self._carrier
        if reason and (self._changeset.writes or self._changeset.settled):
            yield Halted(project, None, reason, len(self._changeset.writes))
        if carrier is None:
            return
        yield Begun(project, carrier.run, sum(map(len, groups)), len(self._changeset.settled))
        yield from self._held
        halted = yield from self._carry(carrier, groups)
        if not halted:
            yield from look_again(carrier)
        yield self._finish(carrier.run, "halted" if halted else "complete")

    def _note_conflicts(self, writer: Writer) -> None:
        """What is at odds now; an undo looks at its own run's fields only and says nothing of the others."""
        if self._kind is RunKind.UNDO:
            return
        found = {(conflict.tie, conflict.field) for conflict in self._changeset.conflicts}
        writer.decisions.note_conflicts(self._changeset.project, found, self._means.clock())

    def _begin(self, writer: Writer) -> list[list[Entry]]:
        """Store what is settled and every intent; the entries of each target that is to be written."""
        means, changeset = self._means, self._changeset
        _settle(writer, changeset, means.clock())
        if not changeset.writes and self._before is None:
            return []
        now = means.clock()
        run = writer.outbox.begin_run(changeset.project, self._kind, means.by, digest(changeset), now)
        self._carrier = Carrier(means, run, _decided(writer, changeset.writes))
        if self._before is not None:
            self._before(writer, run)
        return list(self._intents(writer, run))

    def _intents(self, writer: Writer, run: int) -> Iterator[list[Entry]]:
        means, position = self._means, 0
        fence = means.signs.lease.fence if means.signs.lease else 0
        earlier = Earlier(writer, means)
        for group in grouped(self._changeset.writes):
            fit = []
            for write in group:
                held = earlier.held(write)
                if held is None:
                    fit.append(write)
                else:
                    self._held.append(held)
            tries = earlier.take_over(fit, run)
            entries: list[Entry] = []
            for write in fit:
                position += 1
                entries.append(self._intend(writer, intent_of(run, position, write), fence, tries))
                writer.audit.append(means.by, said(write, intent=entries[-1].intent), means.clock(), run)
            if entries:
                yield entries
        earlier.let_go()

    def _intend(self, writer: Writer, intent: Intent, fence: int, tries: int) -> Entry:
        run = self._carrier.run if self._carrier else 0
        now = self._means.clock()
        known = writer.outbox.by_intent([intent.intent]).get(intent.intent)
        fresh = {"run": run, "position": intent.position, "fence": fence, "attempts": tries}
        if known is None:
            writer.outbox.add(run, [intent], fence, now)
            known = writer.outbox.by_intent([intent.intent])[intent.intent]
            return writer.outbox.advance(known, State.INTENDED, now, attempts=tries) if tries else known
        unset = {"next_try": None, "settled": None, "error": None, "payload": intent.payload}
        return writer.outbox.advance(known, State.INTENDED, now, **fresh, **unset)

    def _carry(self, carrier: Carrier, groups: Iterable[Sequence[Entry]]) -> Generator[Step, None, bool]:
        """Whether a stop sign ended the run."""
        try:
            for entries in groups:
                yield from carrier.carry(entries)
            while carrier.follow:
                yield from carrier.carry(carrier.follow.pop(0))
        except Stopped as error:
            with self._means.store.transaction() as writer:
                left = [e for e in writer.outbox.of_run(carrier.run) if is_untouched(e)]
                for entry in left:
                    end(writer, self._means, entry, State.MOVED, f"it was not sent: {error}")
            yield Halted(self._changeset.project, carrier.run, str(error), len(left))
            return True
        return False

    def _finish(self, run: int, outcome: str) -> Ended:
        with self._means.store.transaction() as writer:
            counts = Counter(entry.state for entry in writer.outbox.of_run(run))
            text = msgspec.json.encode(dict(sorted(counts.items()))).decode()
            writer.outbox.end_run(run, outcome, text, self._means.clock())
        return Ended(self._changeset.project, run, dict(counts))


def _settle(writer: Writer, changeset: Changeset, now: datetime) -> None:
    """Keep what the sides agree on; what those that took no part had agreed on is in doubt."""
    settled: dict[Ref, dict[str, str | None]] = {}
    for each in changeset.settled:
        for ref, text in each.values.items():
            settled.setdefault(ref_of(ref), {})[each.field] = text
        if each.behind:
            writer.ties.doubt(each.behind, each.field, now)
    if settled:
        writer.ties.agree_all(settled, now)


def _decided(writer: Writer, writes: Iterable[Write]) -> dict[Ref, Issue]:
    """The issues that the writes were decided on."""
    edited = {write.target for write in writes if write.action is Action.EDIT}
    return reading.issues(writer, edited | {write.why.source for write in writes if write.why.source})
