"""Which issues are the same work: the evidence as found, and people's verdicts over it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from model.bulk import fetch, revise, upsert
from model.identity import Identities, number_of
from model.tables import table
from model.values import Entity, EvidenceKind, Ref, TieEdge

__all__ = ["Ties", "read_agreed"]

_KEYS = ("a", "b", "kind", "apart")
_TIE = table("tie")


def read_agreed(connection: Connection, ref: Ref) -> dict[str, str | None]:
    """Field -> encoded value on which an issue and its ties last settled."""
    agreed = table("agreed")
    mine = agreed.c.issue == number_of(Entity.ISSUE, ref)
    query = select(agreed.c.field, agreed.c.value).where(mine)
    return {field: value for field, value in connection.execute(query)}


class Ties:
    """The part of a write transaction that keeps ties; a pair has one edge a kind, whatever its order."""

    def __init__(self, connection: Connection, ids: Identities) -> None:
        self._at = connection
        self._ids = ids

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
        number = self._ids.records(Entity.ISSUE, (ref,))[ref]
        rows = [{"issue": number, "field": name, "value": text, "at": now} for name, text in values.items()]
        upsert(self._at, table("agreed"), rows, ("issue", "field"))

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
