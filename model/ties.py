"""Which issues are the same work: the evidence as found, and people's verdicts over it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from model.bulk import fetch, portions, revise, upsert
from model.identity import Identities, number_of
from model.tables import table
from model.values import Entity, EvidenceKind, Ref, TieEdge

__all__ = ["AgreedValue", "Ties", "doubt_agreed", "read_agreed", "read_all_agreed"]

_KEYS = ("a", "b", "kind", "apart")
_TIE, _AGREED = table("tie"), table("agreed")


@dataclass(frozen=True, slots=True)
class AgreedValue:
    """The encoded value on which a field settled; unproven: it may be older than what came after it."""

    value: str | None
    proven: bool


def read_agreed(connection: Connection, ref: Ref) -> dict[str, str | None]:
    """Field -> encoded value on which an issue and its ties last settled."""
    mine = _AGREED.c.issue == number_of(Entity.ISSUE, ref)
    query = select(_AGREED.c.field, _AGREED.c.value).where(mine)
    return {field: value for field, value in connection.execute(query)}


def read_all_agreed(
    connection: Connection, refs: Collection[Ref] | None = None
) -> dict[Ref, dict[str, AgreedValue]]:
    """Issue -> field -> what it settled on, of these issues or of all that ever settled."""
    columns = select(_AGREED.c.issue, _AGREED.c.field, _AGREED.c.value, _AGREED.c.proven)
    if refs is None:
        known = {number: ref for ref, number in _settled(connection)}
        rows: Iterable[Sequence[Any]] = connection.execute(columns)
    else:
        numbers = Identities(connection).known(Entity.ISSUE, refs)
        known = {number: ref for ref, number in numbers.items()}
        several = (connection.execute(columns.where(_AGREED.c.issue.in_(p))) for p in portions(known))
        rows = (row for found in several for row in found)
    agreed: dict[int, dict[str, AgreedValue]] = {}
    for issue, field, value, proven in rows:
        agreed.setdefault(issue, {})[field] = AgreedValue(value, proven)
    return {known[issue]: fields for issue, fields in agreed.items()}


def _settled(connection: Connection) -> Iterator[tuple[Ref, int]]:
    """The issues that have agreed values, with their numbers."""
    records, names = table("record"), table("connection")
    query = (
        select(names.c.name, records.c.id, records.c.pk)
        .join(names, records.c.connection == names.c.pk)
        .where(records.c.pk.in_(select(_AGREED.c.issue)))
    )
    return ((Ref(name, id_), number) for name, id_, number in connection.execute(query))


def doubt_agreed(connection: Connection) -> None:
    """Every agreed value becomes unproven: the store may be older than the trackers."""
    connection.execute(update(_AGREED).where(_AGREED.c.proven.is_(True)).values(proven=False))


class Ties:
    """The part of a write transaction that keeps ties; a pair has one edge a kind, whatever its order."""

    def __init__(self, connection: Connection, ids: Identities, touch: Callable[[datetime], None]) -> None:
        self._at = connection
        self._ids = ids
        self._touch = touch

    def save(self, edges: Iterable[TieEdge], among: Collection[Ref], now: datetime) -> None:
        """Make `edges` all the evidence that holds between the issues of `among`; verdicts of people stay.

        Of several edges of one pair and kind the first by detail is kept.
        """
        records = self._ids.records(Entity.ISSUE, among)
        wanted: dict[tuple[int, int, str], dict[str, object]] = {}
        for edge in sorted(edges, key=lambda edge: edge.detail):
            a, b = sorted((records[edge.a], records[edge.b]))
            row = self._row(a, b, edge)
            wanted.setdefault((a, b, edge.kind.value), row)
        query = select(_TIE).where(
            _TIE.c.removed.is_(None), _TIE.c.apart.is_(False), _TIE.c.kind != EvidenceKind.MANUAL.value
        )
        inside = set(records.values())
        current = [row for row in fetch(self._at, query, _TIE.c.a, inside) if row["b"] in inside]
        revise(self._at, _TIE, _KEYS, current, wanted.values(), now)

    def agree(self, ref: Ref, values: Mapping[str, str | None], now: datetime) -> None:
        """Keep the encoded values on which the issue and its ties settled, field by field."""
        self.agree_all({ref: values}, now)

    def agree_all(self, settled: Mapping[Ref, Mapping[str, str | None]], now: datetime) -> None:
        """Keep for each issue the encoded values on which it and its ties settled, as proven."""
        numbers = self._ids.records(Entity.ISSUE, settled.keys())
        rows = [
            {"issue": numbers[ref], "field": name, "value": text, "at": now, "proven": True}
            for ref, values in settled.items()
            for name, text in values.items()
        ]
        upsert(self._at, _AGREED, rows, ("issue", "field"))
        self._touch(now)

    def forget_agreed(self, refs: Collection[Ref], now: datetime) -> None:
        """Nothing counts as agreed for these issues any more: they were split, or their twin is gone."""
        for portion in portions(self._ids.known(Entity.ISSUE, refs).values()):
            self._at.execute(delete(_AGREED).where(_AGREED.c.issue.in_(portion)))
        self._touch(now)

    def doubt(self, refs: Collection[Ref], field: str, now: datetime) -> None:
        """What these issues settled on in a field is unproven: others have settled on more since."""
        for portion in portions(self._ids.known(Entity.ISSUE, refs).values()):
            mine = _AGREED.c.issue.in_(portion) & (_AGREED.c.field == field)
            self._at.execute(update(_AGREED).where(mine).values(proven=False))
        self._touch(now)

    def join(self, a: Ref, b: Ref, detail: str, now: datetime) -> None:
        """A person says they are the same work; holds until they are split."""
        self._decide(a, b, detail, now, apart=False)

    def split(self, a: Ref, b: Ref, detail: str, now: datetime) -> None:
        """A person says they are not the same work, whatever the evidence; holds until they are joined."""
        self._decide(a, b, detail, now, apart=True)

    def _decide(self, a: Ref, b: Ref, detail: str, now: datetime, apart: bool) -> None:
        records = self._ids.records(Entity.ISSUE, (a, b))
        low, high = sorted(records.values())
        pair = (_TIE.c.a == low) & (_TIE.c.b == high) & _TIE.c.removed.is_(None)
        manual = _TIE.c.kind == EvidenceKind.MANUAL.value
        self._at.execute(update(_TIE).where(pair & manual).values(removed=now))
        edge = TieEdge(a, b, EvidenceKind.MANUAL, detail, now)
        self._at.execute(insert(_TIE).values(self._row(low, high, edge) | {"apart": apart, "removed": None}))

    @staticmethod
    def _row(a: int, b: int, edge: TieEdge) -> dict[str, object]:
        return {
            "a": a,
            "b": b,
            "kind": edge.kind.value,
            "apart": False,
            "detail": edge.detail,
            "confidence": edge.confidence,
            "learned": edge.learned,
        }
