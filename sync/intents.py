"""Writes as rows of the outbox and back: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from model.fields import decode, encode
from model.outbox import Entry, Intent, State
from model.values import Entity, Issue, Ref
from sync.changeset import Action, Write

__all__ = [
    "backoff",
    "grouped",
    "intent_of",
    "inverse_of",
    "read_write",
    "ref_of",
    "said",
    "same_write",
    "sent",
    "text_of",
    "value_of",
]

_LONGEST = timedelta(hours=6)


def grouped(writes: Iterable[Write]) -> tuple[tuple[Write, ...], ...]:
    """The writes of each target together, so that one call carries them out; creations come first.

    What is created may be what others name; among themselves they keep the order of the changeset.
    """
    several: dict[tuple[bool, Ref], list[Write]] = {}
    for write in writes:
        several.setdefault((write.action is Action.EDIT, write.target), []).append(write)
    first = [group for (edits, _), group in several.items() if not edits]
    return tuple(map(tuple, [*first, *(group for (edits, _), group in several.items() if edits)]))


def intent_of(run: int, position: int, write: Write) -> Intent:
    """The write as the outbox keeps it; a creation has its own intent, since it must happen only once."""
    creates = write.action is Action.CREATE
    return Intent(
        intent=write.target.id if creates else f"{run}.{position}",
        position=position,
        action=write.action.value,
        tie=str(write.tie),
        connection=write.target.connection,
        source=write.source,
        target=None if creates else write.target.id,
        field=write.field,
        actor=write.why.actor,
        destructive=write.destructive,
        payload=msgspec.json.encode(write).decode(),
    )


def read_write(entry: Intent) -> Write:
    """The write behind a row."""
    return msgspec.json.decode(entry.payload, type=Write)


def inverse_of(write: Write) -> str:
    """What takes an applied write back, as JSON: what stood there before, in the field or of the tie."""
    return msgspec.json.encode({"field": write.field, "before": write.before}).decode()


def said(write: Write, **more: object) -> Mapping[str, object]:
    """A write as the audit log tells it: who set the value where, why it is carried over, before, after."""
    why = write.why
    told: dict[str, object] = {
        "action": write.action.value,
        "target": str(write.target),
        "key": write.key,
        "field": write.field,
        "before": write.before,
        "after": write.after,
        "rule": why.rule,
        "from": str(why.source) if why.source else None,
        "actor": why.actor,
    }
    if write.fields:
        told["fields"] = dict(write.fields)
    return told | more


def same_write(one: Write, other: Write) -> bool:
    """Whether both would do the same to the same issue."""
    return (one.action, one.target, one.field, one.before, one.after) == (
        other.action,
        other.target,
        other.field,
        other.before,
        other.after,
    )


def value_of(field: str, text: str | None) -> object:
    """The value of an issue's field behind its text; the body has no history and is its own text.

    A set that is None holds nothing.
    """
    if field == "body":
        return text or ""
    value = decode(Entity.ISSUE, field, text)
    return frozenset[str]() if value is None and field in _SETS else value


def text_of(issue: Issue, field: str) -> str | None:
    """An issue's field as changesets write it."""
    return encode(getattr(issue, field))


_SETS = frozenset({"assignees", "labels", "components", "sprints"})


def backoff(attempts: int, now: datetime, after: float | None = None) -> datetime:
    """When to try again after so many tries: minutes that double, at least the tracker's own wish."""
    wait = min(timedelta(minutes=2 ** min(attempts, 12)), _LONGEST)
    return now + max(wait, timedelta(seconds=after or 0))


def ref_of(text: str) -> Ref:
    """The issue behind connection:id; no connection's name holds a colon."""
    connection, _, id_ = text.partition(":")
    return Ref(connection, id_)


def sent(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries as they stand once `sync.send.send` noted them."""
    return tuple(replace(entry, state=State.SENT, attempts=entry.attempts + 1) for entry in entries)
