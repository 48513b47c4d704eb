"""The rows that figures of the cost report open to: each cost, and a person's work on an issue in a month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from model.values import CostKind
from reports.cost.entries import Entry as CostEntry
from reports.cost.report import CostReport
from reports.labels import Label
from reports.render.page import Entry
from reports.voice import Voice

__all__ = ["CostRows"]

_KINDS = {CostKind.BUDGETED: "budgeted", CostKind.COMMITTED: "ordered", CostKind.ACTUAL: "spent"}


class CostRows:
    """`rows` are listed by day; `of` says which of them some entries of the report stand in."""

    def __init__(self, report: CostReport, voice: Voice, trackers: Mapping[str, str]) -> None:
        """`trackers` is what people call each connection."""
        self._report, self._voice, self._trackers = report, voice, trackers
        self._row_of: dict[str, str] = {}
        self._marks: dict[str, str] = {}
        groups: dict[str, list[CostEntry]] = defaultdict(list)
        later = set(report.sums.later)
        told = [(entry, "not counted yet" if entry.id in later else "") for entry in report.entries]
        told += [(entry, "withdrawn") for entry in report.news.withdrawn_entries]
        told += [(double.entry, "logged twice, not counted") for double in report.doubles]
        for entry, mark in told:
            row = _row(entry, mark)
            self._row_of[entry.id] = row
            groups[row].append(entry)
            self._marks[row] = mark
        ordered = sorted(groups.items(), key=lambda group: (group[1][0].on, group[0]))
        self.rows: Mapping[str, Entry] = {id: self._entry(id, group) for id, group in ordered}

    def of(self, entries: Iterable[str]) -> tuple[str, ...]:
        """The rows of some entries, each once."""
        return tuple(dict.fromkeys(self._row_of[entry] for entry in entries if entry in self._row_of))

    def _entry(self, id: str, entries: Sequence[CostEntry]) -> Entry:
        first = entries[0]
        return self._work(id, entries) if first.is_work else self._cost(id, first)

    def _work(self, id: str, entries: Sequence[CostEntry]) -> Entry:
        first = entries[0]
        label = self._report.items.get(first.item or "")
        what = f"{label.key} “{label.title}”" if label is not None else first.item or ""
        who = self._report.names.get(first.person, first.person)
        title = f"{what}: {who}, {self._voice.month(first.on)}"
        hours = self._voice.hours(sum(entry.seconds or 0 for entry in entries))
        facts = [hours, self._priced(entries)]
        rates = dict.fromkeys(f"{e.rate.amount} {e.rate.currency}/h" for e in entries if e.rate is not None)
        facts += [f"at {' and '.join(rates)}"] if rates else []
        facts += [self._marks[id]] if self._marks[id] else []
        return Entry(id, title, _records(label), " · ".join(facts))

    def _cost(self, id: str, entry: CostEntry) -> Entry:
        label = self._report.items.get(entry.item or "")
        title = entry.description or entry.supplier or entry.order or entry.ref.id
        tracker = self._trackers.get(entry.ref.connection, entry.ref.connection)
        facts = [_KINDS[entry.kind], self._voice.short_date(entry.on), self._priced([entry])]
        if entry.money is not None and entry.exchange is not None:
            how = f"{entry.exchange.rate} of {self._voice.short_date(entry.exchange.on)}"
            facts.append(f"{self._voice.cents(entry.money.amount)} {entry.money.currency} at {how}")
        facts += [f"order {entry.order}"] if entry.order else []
        facts += [self._marks[id]] if self._marks[id] else []
        facts += [text for text in (entry.supplier, entry.category) if text and text != title]
        return Entry(id, title, ((tracker, entry.ref.id, ""), *_records(label)), " · ".join(facts))

    def _priced(self, entries: Sequence[CostEntry]) -> str:
        amounts = [entry.amount for entry in entries if entry.amount is not None]
        if len(amounts) == len(entries):
            return f"{self._voice.cents(sum(amounts[1:], amounts[0]))} {self._report.currency}"
        first = entries[0]
        told = f"{self._voice.cents(first.money.amount)} {first.money.currency}, " if first.money else ""
        return f"{told}not priced"


def _row(entry: CostEntry, mark: str) -> str:
    """The row that an entry stands in; work is one row for an issue, a person and a month."""
    if entry.is_work:
        priced = "" if entry.amount is not None else "not priced"
        return f"work {entry.item} {entry.person} {entry.on:%Y-%m} {priced} {mark}"
    return f"{entry.id} {mark}"


def _records(label: Label | None) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.tracker, one.key, one.url) for one in label.records) if label is not None else ()
