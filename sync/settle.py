"""How a write ended, stored in one commit: state, receipt, inverse, audit entry, agreed values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from connectors.writing import WritingConnector
from model.fields import encode
from model.history import Fact
from model.outbox import Entry, State
from model.values import EvidenceKind, Issue, Ref, TieEdge
from model.writer import Writer
from sync.changeset import Why, Write
from sync.intents import backoff, inverse_of, read_write, said, text_of, value_of
from sync.means import Means, Sides
from sync.outcome import Written

__all__ = ["RESTORE", "UNDO", "Fate", "Verdict", "agree", "end", "judge", "put_off", "restoring", "tie_twin"]

RESTORE = "restore"
"""The rule of a write that puts back what somebody set at the very moment of ours."""

UNDO = "undo"
"""The rule of a write that takes back an earlier one; what the sides then say is for people to settle."""


class Fate(Enum):
    """What became of a write, as a later reading of its issue tells.

    LANDED: it stands, or stood until somebody changed it again. UNTOUCHED: the issue is as it was before.
    OTHER: it holds something else, and nothing tells of ours.
    """

    LANDED = "landed"
    UNTOUCHED = "untouched"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`stands`: the issue holds what was written. `trampled`: somebody set `found` after we had compared and
    before our write landed, which replaced it."""

    fate: Fate
    stands: bool = False
    trampled: bool = False
    found: str | None = None


def judge(connector: WritingConnector, write: Write, issue: Issue, facts: Iterable[Fact]) -> Verdict:
    """What became of a write: `issue` as read since, `facts` its changes learned since it was sent."""
    wanted = encode(connector.rounded(write.field, value_of(write.field, write.after)))
    held = text_of(issue, write.field)
    changes = sorted((f for f in facts if f.field == write.field), key=lambda f: (f.at, f.seq))
    ours = next((fact for fact in changes if fact.after == wanted), None)
    if held != wanted:
        untouched = Fate.UNTOUCHED if held == write.before else Fate.OTHER
        return Verdict(untouched if ours is None else Fate.LANDED)
    if ours is None:
        return Verdict(Fate.LANDED, True)
    way = _way(changes, ours)
    if way[0].before == write.before:
        return Verdict(Fate.LANDED, True)
    told = any(f.before == write.before for f in changes[: changes.index(way[0])])
    return Verdict(Fate.LANDED, True, told, way[0].before)


def _way(changes: list[Fact], ours: Fact) -> list[Fact]:
    """The steps of one account that lead to `ours` without a break: a status may take several hops."""
    way = [ours]
    for fact in reversed(changes[: changes.index(ours)]):
        if ours.actor is None or fact.actor != ours.actor or fact.after != way[0].before:
            break
        way.insert(0, fact)
    return way


def restoring(write: Write, found: str | None) -> Write:
    """The write that puts back what ours replaced at the very moment somebody set it."""
    why = Why(RESTORE, detail="somebody set it at the moment of our write, which replaced it")
    return replace(
        write,
        before=write.after,
        after=found,
        shown_before=write.shown_after,
        shown_after=found or "",
        why=why,
        destructive=False,
    )


def agree(
    writer: Writer,
    sides: Sides,
    target: Ref,
    fields: Collection[str],
    origin: Ref | None,
    now: datetime,
    held: Mapping[Ref, Mapping[str, object]] | None = None,
) -> None:
    """The sides that say what the target says have settled on it; what the others settled on is in doubt.

    `held` are the values that sides held when they settled, where somebody has changed them since.
    """
    settled: dict[Ref, dict[str, str | None]] = {}
    for field, stand in sides.stand(writer, target, fields, origin, held).items():
        for ref, text in stand.alike.items():
            settled.setdefault(ref, {})[field] = text
        if stand.behind:
            writer.ties.doubt(stand.behind, field, now)
    if settled:
        writer.ties.agree_all(settled, now)


def tie_twin(writer: Writer, origin: Ref, twin: Ref, marker: str, now: datetime) -> None:
    """The issue that was created for another one is the same work."""
    writer.ties.save([TieEdge(origin, twin, EvidenceKind.MARKER, marker, now)], (origin, twin), now)


def end(
    writer: Writer,
    means: Means,
    entry: Entry,
    state: State,
    reason: str = "",
    notes: Collection[str] = (),
    **changed: str | None,
) -> Written:
    """Store that a write ended so, with its audit entry; `changed` may hold its target and its receipt."""
    write, now = read_write(entry), means.clock()
    more: dict[str, object] = {"error": reason or None, "next_try": None, **changed}
    if state is State.APPLIED:
        more["inverse"] = inverse_of(write)
    writer.outbox.advance(entry, state, now, **more)
    told = {"outcome": state.value, "reason": reason or None, "notes": list(notes) or None, **changed}
    what = said(write, intent=entry.intent, **{name: each for name, each in told.items() if each})
    writer.audit.append(means.by, what, now, entry.run)
    return Written(write, state, entry.run, reason, None, tuple(notes))


def put_off(
    writer: Writer,
    means: Means,
    entry: Entry,
    reason: str,
    after: float | None = None,
    state: State | None = None,
) -> Written:
    """Nothing is known to be written; later again. `state`: what the write is meanwhile (default: as is)."""
    now = means.clock()
    attempts = entry.attempts + (entry.state is not State.SENT)
    later = backoff(attempts, now, after)
    state = state or entry.state
    writer.outbox.advance(entry, state, now, attempts=attempts, next_try=later, error=reason)
    return Written(read_write(entry), state, entry.run, reason, later)
