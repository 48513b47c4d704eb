"""What becomes of one tie: its merged fields as writes, conflicts, refusals and what settled: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from model.agreement import Last
from model.decisions import Decision, Verdict
from model.fields import encode
from model.values import Issue, Ref, StatusCategory
from sync.changeset import Action, Conflict, Refusal, Settled, Side, Why, Write
from sync.charter import Charter, Place
from sync.groups import Tie
from sync.merge import Held, Outcome, Part, Ruling, Unproven, Value, force, merge
from sync.sides import Cannot, Group, Missing, Names, parse, text

__all__ = ["DECISION", "Decider", "Found", "is_destructive"]

DECISION = "decision"
"""The rule of a write that carries out a person's verdict on a conflict."""

_FAR = timedelta(days=30)
_CLOSED = (StatusCategory.DONE, StatusCategory.CANCELLED)

Lasts = Mapping[tuple[Ref, str], Last]


@dataclass(slots=True)
class Found:
    """What was decided for some ties. `seen` counts the values that somebody changed since they settled.

    `unheld`: the labels that a source's tracker cannot hold, of the ties that were decided.
    """

    writes: list[Write] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: int = 0
    since_rules: set[Ref] = field(default_factory=set)
    unheld: dict[Place, set[str]] = field(default_factory=dict)


class Decider:
    """Decides ties by one charter, the names in use and people's verdicts."""

    def __init__(self, charter: Charter, names: Names, verdicts: Sequence[Decision]) -> None:
        self.charter = charter
        self.names = names
        self._verdicts = {(frozenset(each.sides), each.field): each for each in verdicts}

    def held(self, tie: Tie) -> tuple[Group, list[Held]]:
        """The sides of a tie with what they say and what they said when they settled."""
        group = Group(tie.members, self.charter.terms, self.names)
        return group, [_held(group, tie, issue) for issue in group.members]

    def at_rest(self, tie: Tie) -> bool:
        """Whether every field is as it settled."""
        if len(tie.members) < 2:
            return True
        group, sides = self.held(tie)
        return not merge(sides, self.charter.terms.rules, group.rounded, _nobody_knows)

    def decide(self, tie: Tie, lasts: Lasts, found: Found, since: int | None = None) -> None:
        """Add to `found` what becomes of a tie; `lasts` has the last changes of its members.

        `since`: the number of the last event before the rules were changed, None where they were not.
        """
        if len(tie.members) < 2:
            return
        group, sides = self.held(tie)

        def learned(ref: Ref, name: str) -> datetime | None:
            last = lasts.get((ref, name))
            return None if last is None else last.learned

        outcomes = merge(sides, self.charter.terms.rules, group.rounded, learned)
        for name, outcome in outcomes.items():
            rule = _called(self.charter.terms.rules[name])
            verdict = self._verdict(group, name, outcome) if outcome.conflict else None
            if verdict is not None:
                outcome, rule = verdict, DECISION
            found.seen += sum(part.moved and part.proven and not part.fresh for part in outcome.parts)
            behind = _absent(tie, name, outcome)
            _Telling(self.charter, group, name, outcome, rule, lasts, behind=behind).tell(found)
            if since is not None and outcome.writes and not _edited(name, outcome, lasts, since):
                found.since_rules.add(group.root)

    def cancel(self, tie: Tie, lasts: Lasts, found: Found) -> None:
        """Cancel what is left of a tie of which a side was deleted, unless somebody has touched it since."""
        ends = [last.learned for issue in tie.gone if (last := lasts.get((issue.ref, "gone")))]
        if not ends or "status" not in self.charter.terms.rules:
            return
        group = Group(tie.members, self.charter.terms, self.names)
        lost = min(tie.gone, key=lambda issue: issue.ref)
        for issue in group.members:
            last = lasts.get((issue.ref, "status"))
            if issue.status in _CLOSED or (last is not None and last.learned > max(ends)):
                continue
            parts = tuple(Part(each.ref, each.status.value, each.status.value) for each in group.members)
            outcome = Outcome(parts, {issue.ref: StatusCategory.CANCELLED.value}, (), (lost.ref,))
            _Telling(self.charter, group, "status", outcome, "deleted", lasts, lost).tell(found)

    def _verdict(self, group: Group, name: str, outcome: Outcome) -> Outcome | None:
        """The outcome that a person decided on, while the sides hold what they held, or what was decided."""
        decision = self._verdicts.get((frozenset(part.side for part in outcome.parts), name))
        if decision is None:
            return None
        winner: Value
        if decision.verdict is Verdict.SIDE:
            sides = {str(ref): value for ref, value in decision.sides.items()}
            if decision.value not in sides:
                return None
            winner = parse(name, sides[decision.value])
        elif decision.verdict is Verdict.VALUE:
            winner = parse(name, decision.value)
        else:
            return None
        for part in outcome.parts:
            done = group.rounded(part.side, name, winner) == part.now
            if not done and text(part.now) != decision.sides[part.side]:
                return None
        made = force(name, outcome.parts, winner, group.rounded)
        movers = tuple(part.side for part in outcome.parts if part.now == winner)
        return Outcome(outcome.parts, made.writes, (), movers)


class _Telling:
    """One field's outcome in the words of a changeset."""

    def __init__(
        self,
        charter: Charter,
        group: Group,
        name: str,
        outcome: Outcome,
        rule: str,
        lasts: Lasts,
        lost: Issue | None = None,
        behind: tuple[Ref, ...] = (),
    ) -> None:
        self._charter = charter
        self._behind = behind
        self._group = group
        self._name = name
        self._outcome = outcome
        self._rule = rule
        self._lasts = lasts
        self._lost = lost
        self._title = group.members[0].title

    def tell(self, found: Found) -> None:
        if self._outcome.conflict:
            found.conflicts.append(self._conflict())
            return
        if self._name == "labels":
            self._note_unheld(found)
        writes: list[Write] = []
        refused = False
        for ref, value in sorted(self._outcome.writes.items()):
            reason, write = self._write(ref, value)
            if reason:
                refused = True
                key = self._group.issues[ref].key
                found.refusals.append(Refusal(self._group.root, self._title, ref, key, self._name, reason))
            elif write is not None:
                writes.append(write)
        found.writes += writes
        if not writes and not refused:
            settled = {str(part.side): text(part.now) for part in self._outcome.parts}
            found.settled.append(Settled(self._group.root, self._name, settled, self._behind))

    def _note_unheld(self, found: Found) -> None:
        """Labels that one side has, or is to have, and that another one's tracker has no place for."""
        texts = [self._outcome.writes.get(part.side, part.now) for part in self._outcome.parts]
        wanted = frozenset[str]().union(*(each for each in texts if isinstance(each, frozenset)))
        for part in self._outcome.parts:
            held = self._group.rounded(part.side, self._name, wanted)
            if isinstance(held, frozenset) and wanted - held:
                issue = self._group.issues[part.side]
                lacking = {self._group.spelled(issue, label) for label in wanted - held}
                found.unheld.setdefault((part.side.connection, issue.source), set()).update(lacking)

    def _write(self, ref: Ref, value: Value) -> tuple[str, Write | None]:
        issue = self._group.issues[ref]
        reason = self._charter.terms.locked.get(ref.connection) or self._hidden_from(issue)
        if reason:
            return reason, None
        try:
            wanted = self._group.expressed(ref, self._name, value)
        except Cannot as error:
            return str(error), None
        before, after = encode(getattr(issue, self._name)), encode(wanted)
        if before == after:
            return "", None
        why = self._why(value)
        lost = self._charter.terms.lost.get(why.source.connection) if why.source else None
        if lost:
            return lost, None
        read = self._group.comparable(issue, self._name)
        return "", Write(
            tie=self._group.root,
            title=self._title,
            action=Action.EDIT,
            target=ref,
            source=issue.source,
            key=issue.key,
            field=self._name,
            before=before,
            after=after,
            shown_before=before or "nothing"
            if isinstance(read, Missing)
            else self._group.shown(self._name, read),
            shown_after=self._shown(value, wanted),
            why=why,
            expected=issue.version,
            destructive=is_destructive(self._name, getattr(issue, self._name), wanted),
        )

    def _shown(self, value: Value, wanted: object) -> str:
        plain = self._name in ("assignees", "parent", "sprints", "milestone", "estimate")
        return self._group.shown(self._name, value) if plain else _in_words(wanted)

    def _hidden_from(self, target: Issue) -> str:
        place = (target.ref.connection, target.source)
        movers = [self._group.issues[ref] for ref in self._outcome.movers if ref in self._group.issues]
        origins = movers or ([self._lost] if self._lost else [])
        reasons = (self._charter.audiences.refusal(each, target, place) for each in origins)
        return next(filter(None, reasons), "")

    def _why(self, value: Value) -> Why:
        said = {part.side: part.now for part in self._outcome.parts}
        exact = [ref for ref in self._outcome.movers if said.get(ref) == value]
        lost = self._charter.terms.lost
        known = exact or self._outcome.movers[:1]
        source = min(known, key=lambda ref: (ref.connection in lost, ref), default=None)
        if source is None:
            return Why(self._rule, detail="a person's value" if self._rule == DECISION else "")
        last = self._lasts.get((source, "gone" if self._lost else self._name))
        key = self._lost.key if self._lost else self._group.issues[source].key
        detail = "first contact" if self._outcome.first else ""
        return Why(self._rule, source, key, last.actor if last else None, last.at if last else None, detail)

    def _conflict(self) -> Conflict:
        parts = self._outcome.parts
        bases = [part.agreed for part in parts if not isinstance(part.agreed, Unproven)]
        return Conflict(
            self._group.root,
            self._title,
            self._name,
            text(bases[0]) if bases else None,
            len(bases) == len(parts) and all(part.proven for part in parts),
            tuple(self._side(part) for part in parts),
        )

    def _side(self, part: Part) -> Side:
        last = self._lasts.get((part.side, self._name))
        actor, at = (last.actor, last.at) if last else (None, None)
        shown = self._group.shown(self._name, part.now)
        return Side(part.side, self._group.issues[part.side].key, text(part.now), shown, actor, at)


def is_destructive(name: str, before: object, after: object) -> bool:
    """Whether a write closes, unassigns, clears a date or moves one by more than 30 days."""
    if name == "status":
        return after in _CLOSED and before not in _CLOSED
    if name == "assignees" and isinstance(before, frozenset) and isinstance(after, frozenset):
        return bool(before - after)
    if name in ("start", "due") and isinstance(before, date):
        return not isinstance(after, date) or abs(after - before) > _FAR
    return False


def _held(group: Group, tie: Tie, issue: Issue) -> Held:
    now = group.now(issue)
    rows = tie.agreed.get(issue.ref, {})
    kept = {name: parse(name, row.value) for name, row in rows.items() if name in now}
    return Held(issue.ref, now, kept, frozenset(name for name in kept if not rows[name].proven))


def _absent(tie: Tie, name: str, outcome: Outcome) -> tuple[Ref, ...]:
    """The sides that had agreed on the field and take no part now."""
    there = {part.side for part in outcome.parts}
    return tuple(sorted(ref for ref, rows in tie.agreed.items() if name in rows and ref not in there))


def _called(rule: Ruling) -> str:
    return rule.policy if rule.connection is None else f"{rule.policy} = {rule.connection}"


def _edited(name: str, outcome: Outcome, lasts: Lasts, since: int) -> bool:
    """Whether somebody has changed the field on any side since."""
    stamps = [last.event for part in outcome.parts if (last := lasts.get((part.side, name)))]
    return any(event > since for event in stamps)


def _in_words(value: object) -> str:
    if value is None or value == frozenset():
        return "nothing"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return str(value)


def _nobody_knows(_side: Ref, _name: str) -> datetime | None:
    return None
