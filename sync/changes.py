"""From the store to a changeset: what one run would write for a project, and what it would not and why.

A run looks at the ties that something happened to since the last one, and at those that were left open; after
a change of the rules at all of them. Both give the same answer, since a tie to which nothing happened is at
rest. Nothing here writes anything but the project's memory, and that only when `remember` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from model.agreement import Agreement, Last, Mark
from model.books import Books
from model.outbox import State
from model.store import Store
from model.values import Ref
from sync.authority import Trust
from sync.changeset import Changeset
from sync.charter import Charter
from sync.decide import Decider, Found
from sync.groups import (
    Tie,
    by_end,
    chains,
    count_ties,
    people_of,
    read_names,
    read_ties,
    standing,
    with_parents,
)
from sync.markers import copied, intents_in
from sync.memory import Memory, forget, recall, remember
from sync.mirror import Mirroring, intent_for
from sync.people import People

__all__ = ["Proposal", "compute", "forget", "propose", "remember"]

_PORTION = 2000
"""Ties that are held in memory at a time."""

_LATE = timedelta(minutes=15)
"""A reading stamps what it stores with its beginning; so far before the last look something may be news."""

_NAMED = 3
"""Labels that a note names."""

_SENT = (State.SENT, State.UNKNOWN, State.APPLIED, State.PARKED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A changeset, and what to remember once it has been applied."""

    changeset: Changeset
    memory: Memory


def compute(store: Store, charter: Charter, now: datetime, *, whole: bool = False) -> Changeset:
    """What one run would do now. `whole`: look at every tie, whatever happened to it."""
    return propose(store, charter, now, whole=whole).changeset


def propose(store: Store, charter: Charter, now: datetime, *, whole: bool = False) -> Proposal:
    """As `compute`, with what to hand to `remember` when all of it has been applied."""
    with store.reading() as books:
        return _Looking(books, charter, now, whole).proposal()


class _Looking:
    """One look at a project, in one reading of the store."""

    def __init__(self, books: Books, charter: Charter, now: datetime, whole: bool) -> None:
        self._books = books
        self._charter = charter
        self._now = now
        self._agreement: Agreement = books.agreement(charter.sources)
        self._mark = self._agreement.mark()
        memory = recall(books, charter.name)
        self._before = memory
        self._memory = None if memory is None or whole or memory.rules != charter.rules else memory

    def proposal(self) -> Proposal:
        found = Found()
        numbers = self._numbers()
        ties = self._count()
        if numbers is None or numbers:
            self._look(numbers, found)
        changeset = self._changeset(found, ties)
        still = {write.tie for write in changeset.writes} | {each.tie for each in changeset.conflicts}
        left = tuple(sorted(still | {each.tie for each in changeset.refusals}))
        return Proposal(changeset, Memory(self._mark, self._charter.rules, ties, self._now, left))

    def _numbers(self) -> set[int] | None:
        """The issues to look at; None: all."""
        memory = self._memory
        if memory is None:
            return None
        quiet = memory.mark == self._mark
        shown = memory.at - _LATE if self._charter.project.mirrors and not quiet else None
        touched = set() if quiet else self._agreement.touched(memory.mark, shown)
        named = self._charter.terms.rules.keys() & {"sprints", "milestone"}
        if touched and named and self._agreement.plans(touched):
            return None
        return touched | set(self._agreement.numbers(memory.open).values())

    def _count(self) -> int:
        """How many ties the project has; counted again only where ties were changed."""
        memory = self._memory
        if memory is not None and _ties(memory.mark) == _ties(self._mark):
            return memory.ties
        return count_ties(self._agreement)

    def _look(self, numbers: set[int] | None, found: Found) -> None:
        agreement, charter = self._agreement, self._charter
        edges = standing(agreement.edges(numbers))
        alone = self._alone(numbers)
        groups = chains(edges, alone)
        people = people_of(agreement, charter)
        trust = Trust(people.of, charter.ours)
        names = read_names(agreement, charter, people)
        ends = by_end(edges)
        rest = iter(groups)
        while portion := list(islice(rest, _PORTION)):
            ties = list(read_ties(agreement, portion, ends, trust))
            known = with_parents(agreement, names, ties, trust) if "parent" in charter.terms.rules else names
            decider = Decider(charter, known, self._books.decisions.standing(charter.name))
            self._decide(ties, decider, found)
            self._mirror(ties, decider, found)
        _note_people(people, found)
        _note_unheld(charter, found)

    def _alone(self, numbers: set[int] | None) -> Iterable[int]:
        """Issues to look at whether tied or not: those that a mirror may be for."""
        if not self._charter.project.mirrors:
            return ()
        return self._agreement.mine() if numbers is None else numbers

    def _decide(self, ties: Sequence[Tie], decider: Decider, found: Found) -> None:
        for tie in ties:
            _note(tie, found)
        self._note_copies(ties, found)
        moving = [tie for tie in ties if not decider.at_rest(tie) or (tie.gone and tie.members)]
        lasts = self._lasts(moving, decider)
        since = self._since_rules()
        for tie in moving:
            decider.decide(tie, lasts, found, since)
            if tie.gone and tie.members:
                self._end(tie, decider, lasts, found)

    def _end(self, tie: Tie, decider: Decider, lasts: Mapping[tuple[Ref, str], Last], found: Found) -> None:
        """A side was deleted: say so once, and cancel the rest where the rule says so."""
        since = self._before.mark.event if self._before else 0
        for issue in tie.gone:
            last = lasts.get((issue.ref, "gone"))
            if last is None or last.event <= since:
                continue
            others = ", ".join(each.key for each in tie.members)
            ends = self._charter.project.rules.deleted == "cancel"
            what = "they are to be cancelled" if ends else "nothing is written there because of it"
            found.notes.append(
                f"{issue.key} was deleted in {issue.ref.connection}; it was tied to {others}: {what}"
            )
        if self._charter.project.rules.deleted == "cancel":
            decider.cancel(tie, lasts, found)

    def _lasts(self, ties: Sequence[Tie], decider: Decider) -> dict[tuple[Ref, str], Last]:
        refs = {number: ref for tie in ties for ref, number in tie.numbers.items()}
        fields = {*self._charter.terms.rules, "gone", "status"}
        return {
            (refs[number], name): last for (number, name), last in self._agreement.last(refs, fields).items()
        }

    def _mirror(self, ties: Sequence[Tie], decider: Decider, found: Found) -> None:
        if not self._charter.project.mirrors:
            return
        asked = Mirroring(self._charter, decider.names, ())
        wanted = [tie for tie in ties if asked.wanted(tie)]
        intents = [
            intent_for(self._charter.name, issue.ref, reflection.end)
            for tie in wanted
            for reflection, issue in asked.wanted(tie)
        ]
        stored = self._books.outbox.by_intent(intents)
        made = {intent for intent, entry in stored.items() if entry.state in _SENT}
        mirroring = Mirroring(self._charter, decider.names, made)
        for tie in wanted:
            mirroring.create(tie, found)

    def _note_copies(self, ties: Sequence[Tie], found: Found) -> None:
        """Say which issues bear a marker that was made for another one."""
        marked = [issue for tie in ties for issue in tie.members if intents_in(issue)]
        if not marked:
            return
        stored = self._books.outbox.by_intent({i for issue in marked for i in intents_in(issue)})
        made = {intent: Ref(one.connection, one.target) for intent, one in stored.items() if one.target}
        for copy in copied(marked, made):
            told = f"{copy.key} bears the marker that {made[copy.intent]} was created with"
            found.notes.append(f"{told}; somebody copied it, and it ties nothing: take it out there")

    def _since_rules(self) -> int | None:
        """The last event before the rules were changed; None: they were not."""
        before = self._before
        return before.mark.event if before is not None and before.rules != self._charter.rules else None

    def _changeset(self, found: Found, ties: int) -> Changeset:
        notes = found.notes
        if self._since_rules() is not None:
            notes = ["the rules in the config were changed; every tie was looked at", *notes]
        if not self._charter.project.write:
            notes = [f"[projects.{self._charter.name}] does not say write = true: nothing is applied", *notes]
        return Changeset(
            project=self._charter.name,
            made=self._now,
            rules=self._charter.rules,
            ties=ties,
            seen=found.seen,
            writes=tuple(sorted(found.writes, key=lambda w: (w.tie, w.field, w.target))),
            conflicts=tuple(sorted(found.conflicts, key=lambda c: (c.tie, c.field))),
            refusals=tuple(sorted(found.refusals, key=lambda r: (r.tie, r.field, r.target))),
            settled=tuple(sorted(found.settled, key=lambda s: (s.tie, s.field))),
            since_rules=len(found.since_rules),
            notes=tuple(notes),
        )


def _ties(mark: Mark) -> tuple[int, str]:
    return mark.tie, mark.untied


def _note(tie: Tie, found: Found) -> None:
    """Say of a tie that only an outsider's word makes that nothing is written for it."""
    if tie.doubted and tie.members and tie.members[0].ref < min(issue.ref for issue in tie.doubted):
        others = ", ".join(issue.key for issue in tie.doubted)
        found.notes.append(
            f"{tie.members[0].key} and {others} are tied by the word of somebody unknown: nothing is written "
            "for them; run crosstie ties join if they are one, or add who wrote it under [people]"
        )


def _note_people(people: People, found: Found) -> None:
    if found.refusals and people.unmatched:
        count = len(people.unmatched)
        found.notes.append(f"{count} accounts are nobody's; crosstie people lists them with suggestions")


def _note_unheld(charter: Charter, found: Found) -> None:
    """Say of each source which labels it has no place for."""
    called = {(one.connection, one.key): one.name or one.key for one in charter.project.sources}
    for place, labels in sorted(found.unheld.items()):
        names = ", ".join(sorted(labels)[:_NAMED]) + (", …" if len(labels) > _NAMED else "")
        count = "1 label" if len(labels) == 1 else f"{len(labels)} labels"
        found.notes.append(
            f"{called.get(place, place[1])} of {place[0]} has no place for {count} ({names}), which the "
            "other sides keep; to have them there, make them there and set them on an issue again"
        )
