"""Why a record differs from what is stored, pure: recorded events where they say it, else one of our own.

After `explain`, the newest change of every field gives the value that is stored: views rest on that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from model.fields import HISTORY, decode, encode
from model.history import Fact, Thread
from model.rows import Recorded
from model.values import Entity, Event, Meaning, Origin
from model.writer import Kept, Learned

__all__ = ["Account", "Sighting", "explain"]

_EVER = datetime.max.replace(tzinfo=UTC)
_NEXT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is stored of one record and what a batch says of it.

    `value` is None where only events came; `spoken` are the fields it speaks for. `facts` are the stored
    changes, `events` those of the batch that are not stored yet, in the tracker's order.
    """

    entity: Entity
    kept: Kept | None
    value: Recorded | None
    spoken: frozenset[str]
    facts: Sequence[Fact]
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Account:
    """What to append and what to store (None: leave it), and the whole history afterwards."""

    learned: tuple[Learned, ...]
    value: Recorded | None
    facts: tuple[Fact, ...]


def explain(
    sighting: Sighting, now: datetime, first_contact: bool, origin: Origin, replayed: bool = False
) -> Account:
    """Account for every difference; differences that no event explains become events of `origin` at `now`.

    At a source's first contact the tracker's own events count as learned when they happened. Where stored
    pages are `replayed`, a field without any history did not change, it was always misread: no event.
    """
    anchors = [] if first_contact else list(_anchors(sighting))
    events = [
        Learned(event, min(event.at, now) if first_contact else now)
        for event in sorted(sighting.events, key=lambda event: event.at)
    ]
    facts = [*sighting.facts, *_facts([*anchors, *events])]
    threads = _threads(facts)
    value = _carried(sighting, threads)
    found = [Learned(event, now) for event in _unexplained(sighting, threads, now, origin, replayed)]
    if sighting.kept is not None and value == sighting.kept.value:
        value = None
    return Account((*anchors, *events, *found), value, (*facts, *_facts(found)))


def _threads(facts: Iterable[Fact]) -> Mapping[str, Thread]:
    by_field: dict[str, list[Fact]] = {}
    for fact in facts:
        by_field.setdefault(fact.field, []).append(fact)
    return {field: Thread(several, _EVER) for field, several in by_field.items()}


def _anchors(sighting: Sighting) -> Iterator[Learned]:
    """What we had seen of a field before its first events came, where those tell of another value.

    Without it a view of the time before would change its answer once the events are known.
    """
    if sighting.kept is None:
        return
    kept, told = sighting.kept, {fact.field for fact in sighting.facts}
    for event in sorted(sighting.events, key=lambda event: event.at):
        meaning = event.meaning
        if meaning is None or meaning.field in told:
            continue
        told.add(meaning.field)
        believed = encode(getattr(kept.value, meaning.field))
        if believed != meaning.before:
            seen = Meaning(meaning.field, believed, believed)
            yield Learned(_event(sighting, seen, kept.stored, Origin.RECONSTRUCTED), kept.known)


def _carried(sighting: Sighting, threads: Mapping[str, Thread]) -> Recorded | None:
    """What is to be stored: what was said, and of fields it does not speak for what the newest events say."""
    if sighting.value is not None:
        value, spoken = sighting.value, sighting.spoken
    elif sighting.kept is not None:
        value, spoken = sighting.kept.value, frozenset()
    else:
        return None
    newest: dict[str, Any] = {
        field: decode(sighting.entity, field, thread.steps[-1].after)
        for field, thread in threads.items()
        if field not in spoken
    }
    return replace(value, **newest) if newest else value


def _unexplained(
    sighting: Sighting, threads: Mapping[str, Thread], now: datetime, origin: Origin, replayed: bool
) -> Iterator[Event]:
    value, kept = sighting.value, None if replayed else sighting.kept
    if value is None:
        return
    for field in _told_of(sighting.entity, sighting.spoken):
        thread = threads.get(field)
        if thread is not None:
            last = thread.steps[-1]
            believed, at = last.after, max(now, last.at + _NEXT)
        elif kept is not None and getattr(kept.value, field) != getattr(value, field):
            believed, at = encode(getattr(kept.value, field)), now
        else:
            continue
        said = encode(getattr(value, field))
        if believed != said:
            yield _event(sighting, Meaning(field, believed, said), at, origin)


@cache
def _told_of(entity: Entity, spoken: frozenset[str]) -> tuple[str, ...]:
    """The fields with a history among those a stream speaks for, in order."""
    return tuple(sorted(spoken & HISTORY[entity].keys()))


def _event(sighting: Sighting, meaning: Meaning, at: datetime, origin: Origin) -> Event:
    """An event of our own; its id is made from its content, so the same finding is stored once."""
    value = sighting.value or (sighting.kept and sighting.kept.value)
    assert value
    return Event(
        entity=sighting.entity,
        ref=value.ref,
        id=f"{meaning.field}@{at.astimezone(UTC).isoformat()}",
        field=meaning.field,
        before=meaning.before,
        after=meaning.after,
        at=at,
        origin=origin,
        meaning=meaning,
    )


def _facts(learned: Iterable[Learned]) -> Iterator[Fact]:
    """Events as facts of record 0, later than every stored one of the same instant."""
    for seq, each in enumerate(learned, start=1 << 62):
        event, meaning = each.event, each.event.meaning
        if meaning is not None:
            yield Fact(
                seq, 0, meaning.field, meaning.before, meaning.after, event.at, each.at, event.origin.value
            )
