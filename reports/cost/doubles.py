"""The same work logged in two trackers, counted once; and what may be the same and is left to a person.

Worklogs in different records of one item (tied issues) are the same work where the same person logged the
same length on the same day. Anything less is not proven: it counts, and is listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.values import CostKind, Ref
from reports.cost.entries import Entry

__all__ = ["Double", "Suspect", "find_doubles", "find_suspects"]

_Place = tuple[str, str, date]
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Double:
    """An entry that does not count, because `kept` is the same work."""

    entry: Entry
    kept: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """Entries of one person on one item and day that may be the same work twice; all of them count.

    `stake` is what would be counted less, `seconds` the same in time; None without a price or a length.
    """

    item: str
    person: str
    on: date
    entries: tuple[str, ...]
    stake: Decimal | None
    seconds: int | None


def find_doubles(entries: Iterable[Entry]) -> tuple[Double, ...]:
    """The worklogs that repeat one in another record of their item.

    Per length the record with the most such worklogs counts, the smallest of equals: two equal worklogs in
    one record are two pieces of work. The order of the entries does not matter.
    """
    found: list[Double] = []
    for records in _shared(entries).values():
        for lengths in _by_length(records).values():
            first, *others = sorted(lengths, key=lambda record: (-len(lengths[record]), record))
            for record in others:
                pairs = zip(lengths[record], lengths[first], strict=False)
                found.extend(Double(entry, kept.id) for entry, kept in pairs)
    return tuple(sorted(found, key=lambda double: (double.entry.on, double.entry.id)))


def find_suspects(entries: Sequence[Entry], doubles: Iterable[Double]) -> tuple[Suspect, ...]:
    """What may be counted twice: work of unequal length in two records, or a cost beside logged work.

    `doubles` are those already found among the entries.
    """
    found = [
        suspect
        for place, records in _shared(entries).items()
        if (suspect := _unequal(place, records)) is not None
    ]
    left_out = {double.entry.id for double in doubles}
    found += _paid_and_logged([entry for entry in entries if entry.id not in left_out])
    return tuple(sorted(found, key=lambda suspect: (suspect.on, suspect.item, suspect.person)))


def _shared(entries: Iterable[Entry]) -> Mapping[_Place, Mapping[Ref, list[Entry]]]:
    """The worklogs by item, person and day, where more than one record has some."""
    places: dict[_Place, dict[Ref, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in sorted(entries, key=lambda entry: entry.id):
        if entry.is_work and entry.item is not None and entry.record is not None:
            places[entry.item, entry.person, entry.on][entry.record].append(entry)
    return {place: records for place, records in places.items() if len(records) > 1}


def _by_length(records: Mapping[Ref, Sequence[Entry]]) -> Mapping[int | None, dict[Ref, list[Entry]]]:
    lengths: dict[int | None, dict[Ref, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for record, entries in records.items():
        for entry in entries:
            lengths[entry.seconds][record].append(entry)
    return lengths


def _unequal(place: _Place, records: Mapping[Ref, Sequence[Entry]]) -> Suspect | None:
    """The worklogs without an equal elsewhere, where at least two records have some."""
    alone: dict[Ref, list[Entry]] = defaultdict(list)
    for lengths in _by_length(records).values():
        first, *others = sorted(lengths, key=lambda record: (-len(lengths[record]), record))
        paired = max((len(lengths[record]) for record in others), default=0)
        alone[first] += lengths[first][paired:]
    told = {record: entries for record, entries in alone.items() if entries}
    if len(told) < 2:
        return None
    seconds = [sum(entry.seconds or 0 for entry in entries) for entries in told.values()]
    amounts = [_sum(entries) for entries in told.values()]
    priced = [amount for amount in amounts if amount is not None]
    stake = sum(priced, _NOTHING) - max(priced) if len(priced) == len(amounts) else None
    ids = tuple(sorted(entry.id for entries in told.values() for entry in entries))
    return Suspect(*place, ids, stake, sum(seconds) - max(seconds))


def _paid_and_logged(entries: Sequence[Entry]) -> list[Suspect]:
    """Actual costs that name a person and an issue, on a day on which that person logged work there."""
    logged: dict[_Place, list[Entry]] = defaultdict(list)
    paid: dict[_Place, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.item is not None and entry.person and entry.kind is CostKind.ACTUAL:
            if entry.is_work:
                logged[entry.item, entry.person, entry.on].append(entry)
            elif entry.amount is None or entry.amount > 0:
                paid[entry.item, entry.person, entry.on].append(entry)
    found = []
    for place in paid.keys() & logged.keys():
        both = _sum(paid[place]), _sum(logged[place])
        stake = min(both[0], both[1]) if both[0] is not None and both[1] is not None else None
        ids = tuple(sorted(entry.id for entry in (*paid[place], *logged[place])))
        found.append(Suspect(*place, ids, stake, None))
    return found


def _sum(entries: Iterable[Entry]) -> Decimal | None:
    """What they cost; None where one has no price."""
    total = _NOTHING
    for entry in entries:
        if entry.amount is None:
            return None
        total += entry.amount
    return total
