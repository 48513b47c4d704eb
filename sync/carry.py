"""Carry out the stored writes of one target: read, compare, send, verify, and store how each ended.

Three commits a call: what was read, that it is being sent, how it ended. Between any two of them the program
may die; `sync.resume` takes it up from what is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from connectors.errors import AccessRefused, ConnectorError, OutcomeUnknown, RetryLater, Stale, Unreachable
from connectors.writing import Draft, Edit, Receipt
from model.outbox import Entry, State
from model.restored import ADMITTED
from model.values import Entity, Issue, Ref
from model.writer import Writer
from sync import reading
from sync.changeset import Action, Write
from sync.intents import intent_of, read_write, said, sent, text_of, value_of
from sync.means import Means
from sync.outcome import Written
from sync.send import Forbidden, Order
from sync.settle import RESTORE, UNDO, Fate, Verdict, agree, end, judge, put_off, restoring, tie_twin
from sync.twins import draft, find_twin, marker_of

__all__ = ["Carrier"]

_PATIENCE = 3
"""Failures of a connection in a row after which a run asks it no more."""

_PASSING = (RetryLater, Unreachable)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Carrier:
    """One run's way to the trackers. `decided` are the issues as they stood when the writes were decided.

    `follow` are writes that a verification called for: they put back what somebody set at the same moment.
    What the run itself wrote to one side is no change of it when its value is carried to another.
    """

    means: Means
    run: int
    decided: Mapping[Ref, Issue] = field(default_factory=dict)
    follow: list[tuple[Entry, ...]] = field(default_factory=list)
    _failed: dict[str, int] = field(default_factory=dict)
    _written: dict[tuple[Ref, str], str | None] = field(default_factory=dict)

    def carry(self, entries: Sequence[Entry]) -> Iterator[Written]:
        """Carry out the writes of one target. Stopped: a stop sign stands; nothing of this was sent."""
        connection = entries[0].connection
        if self._failed.get(connection, 0) >= _PATIENCE:
            yield from self._later(entries, f"{connection} does not answer; the other writes wait")
            return
        failed = self._failed.get(connection, 0)
        try:
            if entries[0].action == Action.CREATE:
                yield from self._create(entries[0])
            else:
                yield from self._edit(entries)
        except ConnectorError as error:
            self._count(connection)
            after = error.after if isinstance(error, RetryLater) else None
            yield from self._later(entries, str(error), after)
        if self._failed.get(connection, 0) == failed:
            self._failed.pop(connection, None)

    def _edit(self, entries: Sequence[Entry]) -> Iterator[Written]:
        target = Ref(entries[0].connection, entries[0].target or "")
        fetched = reading.fetch(self.means, self._involved(entries, target))
        left: list[Entry] = []
        with self.means.store.transaction() as writer:
            reading.keep(writer, fetched)
            issues = reading.issues(writer, [target, *_origins(entries)])
            moved = []
            for entry in entries:
                reason = self._moved(read_write(entry), issues)
                if reason:
                    moved.append(end(writer, self.means, entry, State.MOVED, reason))
                else:
                    left.append(entry)
        yield from moved
        if left:
            yield from self._send_edit(left, issues, target)

    def _involved(self, entries: Sequence[Entry], target: Ref) -> list[Issue]:
        with self.means.store.transaction() as writer:
            return list(reading.issues(writer, [target, *_origins(entries)]).values())

    def _moved(self, write: Write, issues: Mapping[Ref, Issue]) -> str:
        """What is no longer as it was when the write was decided; "": nothing."""
        target = issues.get(write.target)
        if target is None or target.gone or target.hidden:
            return f"{write.key} is not there any more; run crosstie sync"
        if text_of(target, write.field) != write.before:
            return f"{write.key} {write.field} was changed meanwhile; run crosstie sync"
        origin = write.why.source
        if origin is None or origin not in self.decided:
            return ""
        before, now = self.decided[origin], issues[origin]
        there = (now.gone, now.hidden) == (before.gone, before.hidden)
        ours = self._written.get((origin, write.field), text_of(before, write.field))
        if not there or text_of(now, write.field) not in (text_of(before, write.field), ours):
            return f"{now.key} {write.field} was changed meanwhile; run crosstie sync"
        return ""

    def _given(self, write: Write, fields: Collection[str]) -> dict[str, object]:
        """What a twin held when it was created: somebody may have changed it by the time it is read."""
        rounded = self.means.writing(write.target.connection).rounded
        given = {name: value_of(name, text) for name, text in write.fields.items() if name in fields}
        return {name: rounded(name, value) for name, value in given.items()}

    def _send_edit(self, entries: list[Entry], issues: Mapping[Ref, Issue], target: Ref) -> Iterator[Written]:
        base = issues[target]
        fields = {entry.field: value_of(entry.field, read_write(entry).after) for entry in entries}
        answer = yield from self._sent(entries, Edit(base, fields), base, issues)
        if answer is None:
            return
        receipt, at = answer
        read = self._receipt(entries[0], receipt)
        done: list[Written] = []
        with self.means.store.transaction() as writer:
            reading.keep(writer, [read])
            issue = reading.issues(writer, [target])[target]
            facts = [f for f in writer.facts(Entity.ISSUE, [target]).get(target, ()) if f.learned >= at]
            connector = self.means.writing(target.connection)
            for entry in sent(entries):
                verdict = judge(connector, read_write(entry), issue, facts)
                done += self.settle(writer, entry, verdict, issue, receipt)
        yield from done

    def settle(
        self, writer: Writer, entry: Entry, verdict: Verdict, issue: Issue, receipt: Receipt | None = None
    ) -> Iterator[Written]:
        """Store how an edit that was sent ended; without a receipt its issue was only read again."""
        write, held = read_write(entry), text_of(issue, entry.field)
        dropped = receipt.dropped.get(entry.field) if receipt else None
        notes = receipt.notes if receipt else ()
        if verdict.fate is Fate.LANDED:
            self._written[issue.ref, write.field] = held
            yield end(writer, self.means, entry, State.APPLIED, "", notes, receipt=held)
            if verdict.trampled:
                self._follow(writer, entry, restoring(write, verdict.found))
            elif write.why.rule not in (RESTORE, UNDO):
                self._agree(writer, entry, issue.ref, verdict.stands)
        elif dropped is not None:
            yield end(writer, self.means, entry, State.REFUSED, dropped, notes, receipt=held)
        elif verdict.fate is Fate.OTHER:
            reason = f"{issue.key} {write.field} holds something else by now; run crosstie sync"
            yield end(writer, self.means, entry, State.MOVED, reason, notes, receipt=held)
        elif receipt is None:
            yield end(writer, self.means, entry, State.MOVED, "it was not carried out; run crosstie sync")
        else:
            reason = f"{issue.key} did not take {write.field}, without saying why; set it there by hand"
            yield end(writer, self.means, entry, State.REFUSED, reason, notes, receipt=held)

    def _agree(self, writer: Writer, entry: Entry, target: Ref, stands: bool) -> None:
        """Both ends have settled on what was carried over, even where somebody has changed them since."""
        means, write = self.means, read_write(entry)
        field, origin = write.field, write.why.source
        held: dict[Ref, dict[str, object]] = {}
        if not stands:
            value = value_of(field, write.after)
            held[target] = {field: means.writing(target.connection).rounded(field, value)}
        if origin is not None and (origin, field) not in self._written:
            facts = writer.facts(Entity.ISSUE, [origin]).get(origin, ())
            later = [fact for fact in facts if fact.field == field and fact.learned > entry.created]
            if later:
                first = min(later, key=lambda fact: (fact.at, fact.seq))
                held[origin] = {field: value_of(field, first.before)}
        agree(writer, means.sides, target, [field], origin, means.clock(), held)

    def _follow(self, writer: Writer, entry: Entry, write: Write) -> None:
        position = max(each.position for each in writer.outbox.of_run(entry.run)) + 1
        intent = intent_of(entry.run, position, write)
        now = self.means.clock()
        writer.outbox.add(entry.run, [intent], entry.fence, now)
        writer.audit.append(self.means.by, said(write, intent=intent.intent), now, entry.run)
        self.follow.append((writer.outbox.by_intent([intent.intent])[intent.intent],))

    def _create(self, entry: Entry) -> Iterator[Written]:
        write = read_write(entry)
        origin = write.why.source
        known = [self.decided[ref] for ref in _origins([entry]) if ref in self.decided]
        fetched = reading.fetch(self.means, known)
        moved, doubtful = None, False
        with self.means.store.transaction() as writer:
            reading.keep(writer, fetched)
            issues = reading.issues(writer, [origin] if origin else [])
            doubtful = writer.leases.flag(ADMITTED) is not None
            if origin is not None and (origin not in issues or not self._alike(issues[origin])):
                moved = end(writer, self.means, entry, State.MOVED, f"{write.key} was changed meanwhile")
        if moved is not None:
            yield moved
        elif doubtful and (twin := find_twin(self.means, entry, _EVER)) is not None:
            yield self.found(entry, twin)
        else:
            yield from self._send_draft(entry, write, issues)

    def found(self, entry: Entry, twin: Ref) -> Written:
        """Read the issue that turned out to be the one of this intent, and store that it was created."""
        means = self.means
        source = means.source(entry.connection, entry.source)
        batches = means.writing(entry.connection).fetch(source, [twin.id], means.clock())
        at = reading.place(entry.connection, entry.source, means.clock())
        with means.store.transaction() as writer:
            reading.keep(writer, [reading.Fetched(at, batches)])
            return self.created(writer, entry, twin)

    def _alike(self, issue: Issue) -> bool:
        decided = self.decided.get(issue.ref)
        if decided is None:
            return not (issue.gone or issue.hidden)
        return replace(decided, version="", updated=None) == replace(issue, version="", updated=None)

    def _send_draft(self, entry: Entry, write: Write, issues: Mapping[Ref, Issue]) -> Iterator[Written]:
        call = draft(write, marker_of(self.means, entry))
        answer = yield from self._sent([entry], call, None, issues)
        if answer is None:
            return
        receipt, _ = answer
        read = self._receipt(entry, receipt)
        with self.means.store.transaction() as writer:
            reading.keep(writer, [read])
            done = self.created(writer, sent([entry])[0], Ref(entry.connection, receipt.id), receipt)
        yield done

    def created(self, writer: Writer, entry: Entry, twin: Ref, receipt: Receipt | None = None) -> Written:
        """Store that an issue was created: it is tied by its marker, and what both sides say is agreed."""
        write, now = read_write(entry), self.means.clock()
        if write.why.source is not None:
            tie_twin(writer, write.why.source, twin, marker_of(self.means, entry), now)
            fields = self.means.sides.fields(entry.connection, entry.source)
            held = {twin: self._given(write, fields)}
            agree(writer, self.means.sides, twin, fields, write.why.source, now, held)
        notes = [] if receipt is None else [*receipt.notes, *map(": ".join, sorted(receipt.dropped.items()))]
        return end(writer, self.means, entry, State.APPLIED, "", notes, target=twin.id)

    def _sent(
        self, entries: Sequence[Entry], call: Edit | Draft, target: Issue | None, issues: Mapping[Ref, Issue]
    ) -> Generator[Written, None, tuple[Receipt, datetime] | None]:
        """The receipt and when it was sent; None: how the writes ended was told."""
        means, first = self.means, entries[0]
        origins = tuple(issues[ref] for ref in _origins(entries) if ref in issues)
        source = means.source(first.connection, first.source)
        order = Order(tuple(entries), first.connection, source, call, target, origins)
        at = means.clock()
        try:
            connector = means.writing(first.connection)
            return means.send(means.store, means.signs, connector, order, at), at
        except Forbidden as error:
            yield from self._end(entries, State.REFUSED, str(error))
        except OutcomeUnknown as error:
            yield from self._later(sent(entries), str(error), state=State.UNKNOWN)
        except Stale as error:
            yield from self._end(sent(entries), State.MOVED, str(error))
        except (*_PASSING, AccessRefused) as error:
            self._count(first.connection)
            after = error.after if isinstance(error, RetryLater) else None
            yield from self._later(sent(entries), str(error), after, State.INTENDED)
        except ConnectorError as error:
            yield from self._end(sent(entries), State.REFUSED, str(error))
        return None

    def _end(self, entries: Iterable[Entry], state: State, reason: str) -> Iterator[Written]:
        with self.means.store.transaction() as writer:
            done = [end(writer, self.means, entry, state, reason) for entry in entries]
        yield from done

    def _later(
        self, entries: Iterable[Entry], reason: str, after: float | None = None, state: State | None = None
    ) -> Iterator[Written]:
        with self.means.store.transaction() as writer:
            done = [put_off(writer, self.means, entry, reason, after, state) for entry in entries]
        yield from done

    def _count(self, connection: str) -> None:
        self._failed[connection] = self._failed.get(connection, 0) + 1

    def _receipt(self, entry: Entry, receipt: Receipt) -> reading.Fetched:
        at = reading.place(entry.connection, entry.source, self.means.clock())
        return reading.Fetched(at, receipt.batches)


def _origins(entries: Iterable[Entry]) -> list[Ref]:
    """The issues whose values the writes carry over."""
    return sorted({ref for entry in entries if (ref := read_write(entry).why.source) is not None})
