"""What a world's ledger says was true at an instant: the expected side of the tests of reports.

It replays all lines from the first one for every question, as slowly and as plainly as can be, and shares
nothing with the product. A *work* is counted once however many records it has. Where its records differ, the
first tracker of `order` that has a living record with a value speaks, which is the rule of a config whose
sources stand in that order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

__all__ = ["LedgerReader", "Moved", "Paper", "Piece", "TrackerRecord"]

ORDER = ("jira", "github", "planner")
PARENTS = ("Epic", "Feature")

_STATES = {
    "started": "doing",
    "reopened": "doing",
    "closed": "done",
    "cancelled": "cancelled",
    "retired": "retired",
    "deleted": "gone",
}


@dataclass
class TrackerRecord:
    """One record as it stands; `sprints` are those it came into and was not taken out of."""

    work: str
    tracker: str
    id: str
    key: str
    type: str
    title: str
    department: str
    wave: int | None
    parent: str | None
    created: datetime
    start: date | None
    due: date | None
    estimate: Decimal | None
    owner: str | None
    milestone: str | None
    state: str = "todo"
    sprints: list[str] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Whether it still stands for the work: it was neither deleted nor left behind by a move."""
        return self.state not in ("gone", "retired")


@dataclass
class Piece:
    """A piece of work as its living records tell it."""

    work: str
    records: list[TrackerRecord]
    state: str
    due: date | None
    estimate: Decimal | None
    owner: str | None

    @property
    def is_parent(self) -> bool:
        return self.records[0].type in PARENTS


@dataclass(frozen=True)
class Moved:
    """A due date that was changed in one record; `before` is None where there was none."""

    work: str
    tracker: str
    record: str
    key: str
    at: datetime
    before: date | None
    after: date | None
    by: str


@dataclass(frozen=True)
class Paper:
    """A budget line, an order or an invoice as it stands, by its own number; amounts are net.

    `kind` is budgeted, committed or actual; a credit note is an actual amount below zero.
    """

    kind: str
    id: str
    on: date
    amount: Decimal
    currency: str
    category: str
    supplier: str
    order: str | None
    text: str


class LedgerReader:
    """Reads the lines of `sandbox.ledger.Ledger` and nothing else."""

    def __init__(self, lines: Iterable[str], order: tuple[str, ...] = ORDER) -> None:
        self.facts: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self._order = order

    def acts(self, *names: str) -> Iterator[dict[str, Any]]:
        """All facts of these acts, or every one."""
        for fact in self.facts:
            if not names or fact["act"] in names:
                yield fact

    # What is there at an instant

    def records(self, at: datetime) -> Mapping[tuple[str, str], TrackerRecord]:
        """Every record written by `at`, gone ones too, by (tracker, record id)."""
        found: dict[tuple[str, str], TrackerRecord] = {}
        for fact in self.facts:
            if _instant(fact["at"]) <= at and "record" in fact and "work" in fact:
                self._replay(found, fact)
        return found

    def pieces(self, at: datetime) -> Mapping[str, Piece]:
        """Every work with a living record at `at`, by work id; cancelled ones too."""
        by_work: dict[str, list[TrackerRecord]] = {}
        for record in self.records(at).values():
            if record.alive:
                by_work.setdefault(record.work, []).append(record)
        return {work: self._piece(work, records) for work, records in by_work.items()}

    def scope(self, at: datetime) -> Mapping[str, Decimal | None]:
        """Work id -> estimate of all that is to be done or is done, epics and features left out."""
        return {
            work: piece.estimate
            for work, piece in self.pieces(at).items()
            if piece.state != "cancelled" and not piece.is_parent
        }

    def points(self, at: datetime) -> Decimal:
        """The sum of all estimates in scope; work without one adds nothing."""
        return sum((size for size in self.scope(at).values() if size is not None), Decimal(0))

    def open_works(self, at: datetime) -> frozenset[str]:
        return self._in_state(at, "todo", "doing")

    def done_works(self, at: datetime) -> frozenset[str]:
        return self._in_state(at, "done")

    def due(self, work: str, at: datetime) -> date | None:
        return self.pieces(at)[work].due

    def estimate(self, work: str, at: datetime) -> Decimal | None:
        return self.pieces(at)[work].estimate

    def milestone(self, name: str, at: datetime) -> date:
        """A milestone's date. KeyError: it was never set."""
        due: dict[str, date] = {}
        for fact in self.acts("milestone_set", "milestone_moved"):
            if _instant(fact["at"]) <= at:
                due[fact["milestone"]] = date.fromisoformat(fact["to" if "to" in fact else "due"])
        return due[name]

    # Sprints

    def members(self, sprint: str, at: datetime, tracker: str | None = None) -> Mapping[str, Decimal | None]:
        """Work id -> estimate of what is in a sprint; what was carried on from it is still its member."""
        pieces = self.pieces(at)
        return {
            record.work: pieces[record.work].estimate
            for record in self.records(at).values()
            if sprint in record.sprints
            and record.alive
            and tracker in (None, record.tracker)
            and pieces[record.work].state != "cancelled"
        }

    def opened(self, sprint: str) -> datetime:
        return self._first("sprint_opened", sprint)

    def closed(self, sprint: str) -> datetime:
        return self._first("sprint_closed", sprint)

    def carried(self, sprint: str, tracker: str | None = None) -> frozenset[str]:
        """Works that were carried on when the sprint ended."""
        return frozenset(
            fact["work"]
            for fact in self.acts("carried")
            if fact["from"] == sprint and tracker in (None, fact["tracker"])
        )

    # Between two instants: after the first one, up to and including the second

    def moved_dates(self, after: datetime, until: datetime) -> list[Moved]:
        """Every change of a due date, one for each record."""
        return [
            Moved(
                *(fact["work"], fact["tracker"], fact["record"], fact["key"], _instant(fact["at"])),
                *(_date(fact["from"]), _date(fact["to"]), fact["by"]),
            )
            for fact in self.acts("due_moved")
            if after < _instant(fact["at"]) <= until
        ]

    def added(self, after: datetime, until: datetime) -> Mapping[str, Decimal | None]:
        """Works in scope at the end that were not at the beginning, with their estimate at the end."""
        before = self.scope(after)
        return {work: size for work, size in self.scope(until).items() if work not in before}

    def removed(self, after: datetime, until: datetime) -> Mapping[str, Decimal | None]:
        """Works in scope at the beginning that are not at the end, with their estimate at the beginning."""
        now = self.scope(until)
        return {work: size for work, size in self.scope(after).items() if work not in now}

    def re_estimated(
        self, after: datetime, until: datetime
    ) -> Mapping[str, tuple[Decimal | None, Decimal | None]]:
        """Works in scope at both ends whose estimate differs: (then, now)."""
        before, now = self.scope(after), self.scope(until)
        return {
            work: (before[work], now[work]) for work in before if work in now and before[work] != now[work]
        }

    # Money

    def papers(self, at: datetime) -> list[Paper]:
        """Every budget line, order and invoice that had been entered by `at` and not been taken back."""
        found: dict[tuple[str, str], Paper] = {}
        for fact in self.facts:
            if _instant(fact["at"]) > at:
                continue
            if fact["act"] in _PAPERS:
                kind, name = _PAPERS[fact["act"]]
                found[kind, fact[name]] = _paper(kind, fact[name], fact)
            elif fact["act"] == "rebudgeted":
                place = ("budgeted", fact["line"])
                found[place] = replace(found[place], amount=Decimal(fact["to"]))
            elif fact["act"] == "order_cancelled":
                del found["committed", fact["order"]]
        return list(found.values())

    def totals(self, at: datetime) -> Mapping[tuple[str, str], Decimal]:
        """(kind, currency) -> sum."""
        return _summed(self.papers(at), lambda one: (one.kind, one.currency))

    def monthly(self, at: datetime) -> Mapping[tuple[str, str, str], Decimal]:
        """(kind, month as 2026-03, currency) -> sum; the month is that of the paper's own date."""
        return _summed(self.papers(at), lambda one: (one.kind, f"{one.on:%Y-%m}", one.currency))

    def ordered(self, at: datetime) -> Mapping[str, tuple[Decimal, Decimal, str]]:
        """Order -> what was ordered, what was invoiced on it, and the currency of both."""
        papers = self.papers(at)
        drawn = _summed([one for one in papers if one.kind == "actual"], lambda one: one.order)
        return {
            one.id: (one.amount, drawn.get(one.id, Decimal(0)), one.currency)
            for one in papers
            if one.kind == "committed"
        }

    def logged(self, at: datetime) -> Mapping[str, int]:
        """Person -> seconds logged by `at` and not deleted by then."""
        logs: dict[str, tuple[str, int]] = {}
        for fact in self.acts("logged", "log_deleted"):
            if _instant(fact["at"]) > at:
                continue
            if fact["act"] == "logged":
                logs[fact["log"]] = (fact["by"], fact["seconds"])
            else:
                del logs[fact["log"]]
        return {person: sum(s for who, s in logs.values() if who == person) for person, _ in logs.values()}

    # Truths that no tracker holds

    def unproven(self) -> frozenset[tuple[str, str]]:
        """Pairs of works that are in truth the same, though only their titles suggest it."""
        return frozenset((fact["work"], fact["same_as"]) for fact in self.acts("same_unproven"))

    # Parts

    def _replay(self, found: dict[tuple[str, str], TrackerRecord], fact: Mapping[str, Any]) -> None:
        place = (fact["tracker"], fact["record"])
        act = fact["act"]
        if act in ("created", "mirrored", "moved"):
            found[place] = _new(fact)
            return
        record = found[place]
        record.key = fact["key"]
        record.state = _STATES.get(act, record.state)
        if act == "due_moved":
            record.due = _date(fact["to"])
        elif act == "estimated":
            record.estimate = _number(fact["to"])
        elif act == "owner_changed":
            record.owner = fact["to"]
        elif act == "retitled":
            record.title = fact["to"]
        elif act == "remilestoned":
            record.milestone = fact["to"]
        elif act == "sprint_left":
            record.sprints.remove(fact["sprint"])
        elif act == "sprint_entered":
            record.sprints.append(fact["sprint"])
        elif act == "carried":
            record.sprints.append(fact["to"])

    def _piece(self, work: str, records: list[TrackerRecord]) -> Piece:
        records.sort(key=lambda record: self._order.index(record.tracker))
        dues = [record.due for record in records if record.due is not None]
        sizes = [record.estimate for record in records if record.estimate is not None]
        owners = [record.owner for record in records if record.owner is not None]
        return Piece(
            *(work, records, records[0].state),
            *(dues[0] if dues else None, sizes[0] if sizes else None, owners[0] if owners else None),
        )

    def _in_state(self, at: datetime, *states: str) -> frozenset[str]:
        return frozenset(
            work for work, piece in self.pieces(at).items() if piece.state in states and not piece.is_parent
        )

    def _first(self, act: str, sprint: str) -> datetime:
        return next(_instant(fact["at"]) for fact in self.acts(act) if fact["sprint"] == sprint)


def _new(fact: Mapping[str, Any]) -> TrackerRecord:
    return TrackerRecord(
        *(fact["work"], fact["tracker"], fact["record"], fact["key"], fact["type"], fact["title"]),
        *(fact["department"], fact["wave"], fact["parent"], _instant(fact["at"]), _date(fact["start"])),
        *(_date(fact["due"]), _number(fact["estimate"]), fact["owner"], fact["milestone"]),
        sprints=[fact["sprint"]] if fact["sprint"] else [],
    )


_PAPERS = {
    "budgeted": ("budgeted", "line"),
    "ordered": ("committed", "order"),
    "invoiced": ("actual", "invoice"),
    "credited": ("actual", "invoice"),
}
"""Act -> the kind of the amount, and the key that holds the paper's number."""

K = TypeVar("K")


def _paper(kind: str, id: str, fact: Mapping[str, Any]) -> Paper:
    return Paper(
        *(kind, id, date.fromisoformat(fact["on"]), Decimal(fact["amount"]), fact["currency"]),
        *(fact["category"], fact.get("supplier", ""), fact.get("order"), fact["description"]),
    )


def _summed(papers: Iterable[Paper], key: Callable[[Paper], K]) -> dict[K, Decimal]:
    found: dict[K, Decimal] = {}
    for one in papers:
        found[key(one)] = found.get(key(one), Decimal(0)) + one.amount
    return found


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _number(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)
