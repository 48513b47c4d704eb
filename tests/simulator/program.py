"""The program in the simulator: the real cycle over the real store, with parts that a test may break."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from connectors.base import Connector
from connectors.errors import ConnectorError
from connectors.memory.settings import MemorySource
from model.decisions import Decision, Verdict
from model.errors import StoreRestored
from model.outbox import State
from model.store import Store
from model.values import Ref
from sync import markers, reading
from sync.changes import propose
from sync.changeset import Changeset
from sync.charter import Charter, charter_of
from sync.cycle import Guarded, Proposed, Step, cycle, means_of, trackers_of
from sync.groups import chains, standing
from sync.intents import read_write, value_of
from sync.means import Means
from sync.memory import forget
from sync.outcome import Differs, Halted, Written
from sync.pull import Failed, pull
from sync.record import Place, record
from sync.undo import CannotUndo, apply_undo, undo
from tests.simulator.world import NAMES, PROJECT, World

__all__ = ["Parts", "Program"]

_KEY = b"simulated"


@dataclass(frozen=True, slots=True)
class Parts:
    """Hands in parts of the program's own making, broken on purpose by a test."""

    means: Callable[[Means], Means] = lambda means: means
    store: Callable[[Store], Store] = lambda store: store
    connect: Callable[[dict[str, Connector]], dict[str, Connector]] = lambda connectors: connectors


class Program:
    """What the world's people run: cycles, hints, verdicts and undos."""

    def __init__(self, store: Store, world: World, parts: Parts) -> None:
        self.store = parts.store(store)
        self.world = world
        self.last: Changeset | None = None
        self._parts = parts
        self._read: dict[str, int] = {}
        self._charter: Charter | None = None
        world.watch, world.origin = self._watch, self._origin

    def cycle(self) -> None:
        means, charter = self._means()
        for step in cycle(means, charter, lambda source: self._pull(means, source)):
            self._told(step)

    def hint(self, tracker: int, issue: int) -> None:
        """A delivery names an issue: it is fetched by id."""
        means, _ = self._means()
        name = NAMES[tracker % len(self.world.trackers)]
        issues = self.world.trackers[name].issues()
        if not issues or self.store.is_new(name, name):
            return
        try:
            source, ids = means.source(name, name), [issues[issue % len(issues)].ref.id]
            reading.fetch_and_record(self.store, means.writing(name), source, ids, means.clock())
        except ConnectorError as error:
            self.world.tell(f"a hint came to nothing: {error}")

    def decide(self, number: int, side: int) -> None:
        """A person resolves one of the conflicts that the last cycle told of."""
        conflicts = self.last.conflicts if self.last else ()
        if not conflicts:
            return
        conflict = conflicts[number % len(conflicts)]
        chosen = conflict.sides[side % len(conflict.sides)]
        decision = Decision(
            PROJECT,
            conflict.field,
            {each.ref: each.value for each in conflict.sides},
            Verdict.SIDE,
            str(chosen.ref),
            "ada",
            self.world.now(),
        )
        try:
            with self.store.transaction() as writer:
                writer.decisions.add(decision)
        except StoreRestored:
            return
        self.world.tell(f"a person decides {conflict.field} of {conflict.tie} for {chosen.ref}")
        self.world.decided(chosen.ref, conflict.field, [each.ref for each in conflict.sides])

    def undo(self, number: int) -> None:
        """A person takes one of the runs back."""
        means, charter = self._means()
        with self.store.reading() as books:
            runs = [run for run in books.outbox.runs(PROJECT) if run.outcome != "running"]
        if not runs:
            return
        run = runs[number % len(runs)].pk
        try:
            taken = undo(self.store, charter.project, run, self.world.now())
            self.world.tell(f"a person takes run {run} back")
            for write in taken.writes:
                self.world.recalled(write.target, {write.field: value_of(write.field, write.after)})
            for step in apply_undo(means, taken, run):
                self._told(step)
        except (CannotUndo, StoreRestored):
            return

    def restored(self) -> None:
        """A backup took the store's place; a person lets it write again."""
        self.world.tell("the store is restored from its copy")
        self.world.was_restored = True
        self._read.clear()
        if self.store.restored() is None:
            return
        with self.store.transaction() as writer:
            forget(writer, [PROJECT])
        self.store.admit_restore(self.world.now(), "ada")

    def is_busy(self) -> bool:
        """Whether the fate of a write is open, but for those that wait for a person."""
        with self.store.reading() as books:
            return any(entry.state is not State.PARKED for entry in books.outbox.unsettled(PROJECT))

    def ties(self) -> list[tuple[Ref, ...]]:
        """The issues that are the same work, as the store says."""
        _, charter = self._means()
        with self.store.reading() as books:
            agreement = books.agreement(charter.sources)
            places = {number: issue.ref for number, issue in agreement.issues().items()}
            edges = [edge for edge in standing(agreement.edges()) if edge.a in places and edge.b in places]
        return [tuple(sorted(places[number] for number in group)) for group in chains(edges)]

    def explained(self) -> frozenset[tuple[Ref, str]]:
        """The (issue, field) of which a person was told that they are not in agreement."""
        _, charter = self._means()
        said = propose(self.store, charter, self.world.now(), whole=True).changeset
        found = {(side.ref, conflict.field) for conflict in said.conflicts for side in conflict.sides}
        found |= {(refusal.target, refusal.field) for refusal in said.refusals}
        with self.store.reading() as books:
            refused = books.outbox.refused(PROJECT, self.world.clock.now().replace(year=2000))
        found |= {(write.target, write.field) for write in map(read_write, refused)}
        return frozenset(found)

    def _means(self) -> tuple[Means, Charter]:
        config = self.world.config()
        connectors = self._parts.connect(self.world.connect())
        if self._charter is None:
            trackers = trackers_of(connectors, own={name: "crosstie" for name in connectors})
            self._charter = charter_of(config, PROJECT, trackers)
        charter = self._charter

        def marker(connection: str, source: str, intent: str) -> str:
            return markers.marker_for(_KEY, connection, source, intent)

        means = means_of(self.store, config, charter, connectors, marker, self.world.now, "daemon")
        return self._parts.means(means), charter

    def _pull(self, means: Means, source: MemorySource) -> Iterator[Step]:
        """Read a source, unless it has nothing new and nothing is to go wrong; later readings are one commit.

        How a pull goes on after a crash between its pages is tried elsewhere (tests/sync/shaken.py).
        """
        name, store = source.connection, self.store
        tracker, connector = self.world.trackers[name], means.connectors[name]
        if name not in self._read and store.is_new(name, name):
            yield from pull(store, connector, name, source, self.world.now(), self.world.now)  # type: ignore[arg-type]
        elif tracker.is_calm and self._read.get(name) == tracker.count:
            return
        else:
            now = self.world.now()
            try:
                batches = list(connector.pull(source, store.cursors(name, name), now))  # type: ignore[attr-defined]
            except ConnectorError as error:
                self.world.tell(f"the pull of {name} fails: {error}")
                return
            with store.transaction() as writer:
                for batch in batches:
                    record(writer, Place(name, name, now, False), replace(batch, raw=(), accounts=()))
        self._read[name] = tracker.count

    def _told(self, step: object) -> None:
        match step:
            case Proposed(changeset):
                self.last = changeset
                asked = [f"{each.field} of {each.tie}" for each in changeset.conflicts]
                refused = [f"{each.field} of {each.target}: {each.reason}" for each in changeset.refusals]
                for what, several in (("conflict", asked), ("refusal", refused)):
                    for each in several:
                        self.world.tell(f"{what}: {each}")
            case Written(write, state, run, reason):
                what = f"{write.field} = {write.after}" if write.field else "its creation"
                self.world.tell(f"run {run}: {write.target} {what} ({write.why.rule}): {state} {reason}")
            case Failed(connection, _, error):
                self.world.tell(f"the pull of {connection} fails: {error}")
            case Halted() | Differs() | Guarded():
                self.world.tell(f"{step}"[:300])

    def _origin(self) -> Ref | None:
        """The issue for which one is being created now."""
        with self.store.reading() as books:
            sent = [e for e in books.outbox.unsettled() if e.action == "create" and e.state is State.SENT]
        return read_write(sent[-1]).why.source if sent else None

    def _watch(self, ref: Ref, fields: set[str], created: bool) -> list[str]:
        """What is wrong with a write that reaches a tracker now: its intent must be stored, and audited."""
        with self.store.reading() as books:
            if created:
                sent = [e for e in books.outbox.unsettled() if e.action == "create" and e.state is State.SENT]
                told = {"": sent}
            else:
                sent = [e for e in books.outbox.of_issue(ref.connection, ref.id) if e.state is State.SENT]
                told = {name: [e for e in sent if e.field == name] for name in fields}
            audited = {
                json.loads(entry.what).get("intent")
                for run in {entry.run for entry in sent}
                for entry in books.audit.entries(run=run)
            }
        missing = [name for name, entries in told.items() if not entries]
        unheard = [entry.intent for entry in sent if entry.intent not in audited]
        return [f"{ref} {name} was written without a stored intent" for name in missing] + [
            f"{ref} was written without an audit entry for {intent}" for intent in unheard
        ]
