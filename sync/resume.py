"""Take up what an earlier run left open: look at the tracker first, and never send a write again blindly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connectors.base import History
from connectors.errors import ConnectorError
from model.outbox import Entry, State
from model.values import Entity
from sync import reading
from sync.carry import Carrier
from sync.changeset import Action
from sync.earlier import is_untouched
from sync.intents import read_write
from sync.means import Means
from sync.outcome import Written
from sync.settle import Fate, end, judge, put_off
from sync.twins import find_twin

__all__ = ["look_again", "resume"]

_LAG = timedelta(minutes=15)
"""How long a tracker's lists may lag behind what was created, at most; an issue that is not found after that
and after `_LOOKS` looks is left to a person."""

_LOOKS = 4
_UNWANTED = timedelta(days=1)
"""A write that waited is forgotten when no changeset has asked for it for so long after its time."""

_SLACK = timedelta(minutes=5)
"""How far a tracker's clock may be behind ours when it dates a creation."""


def resume(means: Means) -> Iterator[Written]:
    """Settle every write whose fate is open, and close the runs that ended without saying so."""
    with means.store.reading() as books:
        due = [e for e in books.outbox.unsettled(means.signs.name) if _is_due(e, means)]
        broken = [run for run in books.outbox.runs(means.signs.name) if run.outcome == "running"]
    if not due and not broken:
        return
    with means.store.transaction() as writer:
        for entry in due:
            if is_untouched(entry):
                end(writer, means, entry, State.MOVED, "its run ended before it was sent; run crosstie sync")
            elif entry.state is State.INTENDED:
                end(writer, means, entry, State.MOVED, "nobody has wanted it for a day")
    for entry in filter(_is_open, due):
        yield from _look(Carrier(means, entry.run), entry)
    with means.store.transaction() as writer:
        for run in broken:
            writer.outbox.end_run(run.pk, "interrupted", run.counts, means.clock())


def look_again(carrier: Carrier) -> Iterator[Written]:
    """Look at once at the writes of a run whose fate is open."""
    with carrier.means.store.reading() as books:
        open_ = [entry for entry in books.outbox.of_run(carrier.run) if _is_open(entry)]
    for entry in open_:
        yield from _look(carrier, entry)


def _is_open(entry: Entry) -> bool:
    return entry.state in (State.SENT, State.UNKNOWN)


def _is_due(entry: Entry, means: Means) -> bool:
    if is_untouched(entry) or entry.next_try is None:
        return is_untouched(entry) or _is_open(entry)
    late = means.clock() - entry.next_try
    return late >= (timedelta(0) if _is_open(entry) else _UNWANTED) and entry.state is not State.PARKED


def _look(carrier: Carrier, entry: Entry) -> Iterator[Written]:
    """One look at what became of a write; what it calls for is carried out at once."""
    try:
        found = _edited(carrier, entry) if entry.action == Action.EDIT else _created(carrier, entry)
    except ConnectorError as error:
        with carrier.means.store.transaction() as writer:
            found = [put_off(writer, carrier.means, entry, str(error), state=State.UNKNOWN)]
    yield from found
    while carrier.follow:
        yield from carrier.carry(carrier.follow.pop(0))


def _edited(carrier: Carrier, entry: Entry) -> list[Written]:
    means, write = carrier.means, read_write(entry)
    connector = means.writing(entry.connection)
    with means.store.transaction() as writer:
        known = reading.issues(writer, [write.target])
    fetched = reading.fetch(means, known.values())
    with means.store.transaction() as writer:
        reading.keep(writer, fetched)
        issue = reading.issues(writer, [write.target]).get(write.target)
        if issue is None or issue.gone or issue.hidden:
            reason = f"{write.key} is not there any more; run crosstie sync"
            return [end(writer, means, entry, State.MOVED, reason)]
        facts = writer.facts(Entity.ISSUE, [write.target]).get(write.target, ())
        verdict = judge(connector, write, issue, [f for f in facts if f.learned >= entry.created])
        told = connector.capabilities.history is History.FULL
        if verdict.fate is Fate.UNTOUCHED and not told and issue.version != write.expected:
            writer.ties.doubt([write.target], write.field, means.clock())
        return list(carrier.settle(writer, entry, verdict, issue))


def _created(carrier: Carrier, entry: Entry) -> list[Written]:
    means, write = carrier.means, read_write(entry)
    twin = find_twin(means, entry, entry.created - _SLACK)
    if twin is not None:
        return [carrier.found(entry, twin)]
    with means.store.transaction() as writer:
        if entry.attempts >= _LOOKS and means.clock() - entry.created > _LAG:
            reason = (
                f"nobody knows whether the twin of {write.key} was created; look for it in {entry.source}, "
                f"then: crosstie runs settle {entry.intent} --found ISSUE, or --none"
            )
            return [end(writer, means, entry, State.PARKED, reason)]
        return [put_off(writer, means, entry, "it is not found yet", state=State.UNKNOWN)]
