"""What changed in the money since an earlier report: new, withdrawn, priced anew, and booked late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from model.values import CostKind
from reports.cost.entries import Entry
from reports.cost.ledger import Ledger, Sums

__all__ = ["CostNews", "cost_news"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class CostNews:
    """The sums then, and what made today's actual of them: actual = then + new - withdrawn + repriced.

    `new`, `withdrawn` and `repriced` are amounts; the tuples beside them name the entries. `late` are new
    entries that are dated on or before that day.
    """

    since: datetime
    then: Sums
    new: Decimal
    new_entries: tuple[str, ...]
    withdrawn: Decimal
    withdrawn_entries: tuple[Entry, ...]
    repriced: Decimal
    repriced_entries: tuple[str, ...]
    late: tuple[str, ...]

    @property
    def quiet(self) -> bool:
        """Whether nothing was spent, taken back or priced anew."""
        return not (self.new_entries or self.withdrawn_entries or self.repriced_entries)


def cost_news(now: Ledger, today: date, past: Ledger, since: datetime, day: date) -> CostNews:
    """What changed between the ledger `past` at the end of `day`, the day of `since`, and `now` today."""
    before, after = _actual(past, day), _actual(now, today)
    new = [entry for id, entry in after.items() if id not in before]
    gone = [entry for id, entry in before.items() if id not in after]
    changed = [id for id, entry in after.items() if id in before and before[id].amount != entry.amount]
    return CostNews(
        since=since,
        then=past.at(day),
        new=_sum(new),
        new_entries=tuple(entry.id for entry in new),
        withdrawn=_sum(gone),
        withdrawn_entries=tuple(gone),
        repriced=_sum([after[id] for id in changed]) - _sum([before[id] for id in changed]),
        repriced_entries=tuple(changed),
        late=tuple(entry.id for entry in new if entry.on <= day),
    )


def _actual(ledger: Ledger, day: date) -> Mapping[str, Entry]:
    return {entry.id: entry for entry in ledger.until(day) if entry.kind is CostKind.ACTUAL}


def _sum(entries: list[Entry]) -> Decimal:
    return sum((entry.amount for entry in entries if entry.amount is not None), _NOTHING)
