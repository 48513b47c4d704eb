"""What the sync engine reads: how far the store has come, what was touched since, and the ties around it.

A quiet cycle asks for the mark alone; one in which little happened reads little. Everything is looked at
within one reading, so that it is of one state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from model.bulk import fetch, portions
from model.rows import record_value
from model.tables import table
from model.values import Account, Entity, EvidenceKind, Issue, Milestone, Ref, Sprint

__all__ = ["Agreed", "Agreement", "Edge", "Last", "Mark"]

_RECORD, _ISSUE, _TIE = table("record"), table("issue"), table("tie")
_EVENT, _CHANGE, _AGREED = table("event"), table("change"), table("agreed")

_SOURCE, _OWNER, _DECISION = table("source"), table("connection"), table("decision")

_PLACES = select(_OWNER.c.pk, _OWNER.c.name, _SOURCE.c.pk, _SOURCE.c.key).join(
    _SOURCE, _SOURCE.c.connection == _OWNER.c.pk, isouter=True
)
_MARK = select(
    *(select(func.max(rows.c.pk)).scalar_subquery() for rows in (_EVENT, _RECORD, _TIE, _DECISION)),
    select(func.max(_TIE.c.removed)).scalar_subquery(),
    select(func.max(_DECISION.c.revoked)).scalar_subquery(),
)
_CURRENT = select(_TIE.c.a, _TIE.c.b, _TIE.c.kind, _TIE.c.detail, _TIE.c.apart, _TIE.c.learned).where(
    _TIE.c.removed.is_(None), _TIE.c.kind != EvidenceKind.SUGGESTED.value
)
_ISSUES = select(_ISSUE, _RECORD.c.id, _RECORD.c.connection).join(_RECORD, _ISSUE.c.record == _RECORD.c.pk)
_ROWS = select(*(_AGREED.c[name] for name in ("issue", "field", "value", "proven", "at")))
_LASTS = select(*(_CHANGE.c[name] for name in ("record", "field", "actor", "at", "learned", "event")))
"""Statements are built once: in a small cycle that costs more than to run them."""

_WORDLESS = (
    *("status", "status_original", "start", "due", "finished", "estimate", "percent", "assignees", "labels"),
    *("components", "sprints", "milestone", "bucket", "parent", "priority", "type"),
)
"""Fields whose changes neither make nor unmake evidence of ties."""

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a store has come: the highest numbers and latest endings of all that may change a decision."""

    event: int = 0
    record: int = 0
    tie: int = 0
    untied: str = ""
    decision: int = 0
    revoked: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A piece of evidence between two issues, by their numbers; `apart`: a person says they are not one."""

    a: int
    b: int
    kind: EvidenceKind
    detail: str
    apart: bool
    learned: datetime


@dataclass(frozen=True, slots=True)
class Agreed:
    """The encoded comparable value on which a side settled at an instant; unproven: it may lag behind."""

    value: str | None
    proven: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Last:
    """The last change of a field: who made it, when it happened, when we learned it, its event's number."""

    actor: str | None
    at: datetime
    learned: datetime
    event: int


class Agreement:
    """The store as one reading sees it, limited to the sources of a project."""

    def __init__(self, connection: Connection, sources: Collection[Place]) -> None:
        self._at = connection
        self._sources = frozenset(sources)
        found = connection.execute(_PLACES).all()
        self._keys = {pk: (name, key) for _, name, pk, key in found if pk is not None}
        self._names = {owner: name for owner, name, _, _ in found}

    def mark(self) -> Mark:
        """How far the store has come."""
        found = self._at.execute(_MARK).one()
        event, record, tie, decision = (each or 0 for each in found[:4])
        return Mark(event, record, tie, _stamp(found[4]), decision, _stamp(found[5]))

    def touched(self, since: Mark, shown: datetime | None = None) -> set[int]:
        """The numbers of the records with news since a mark, and of the issues first shown since `shown`."""
        news = select(_EVENT.c.record).where(_EVENT.c.pk > since.event).distinct()
        found = set(self._at.execute(news).scalars())
        found |= set(self._at.execute(select(_RECORD.c.pk).where(_RECORD.c.pk > since.record)).scalars())
        ends = select(_TIE.c.a, _TIE.c.b)
        changed = _TIE.c.pk > since.tie
        if since.untied:
            changed = changed | (_TIE.c.removed >= datetime.fromisoformat(since.untied))
        else:
            changed = changed | _TIE.c.removed.is_not(None)
        for a, b in self._at.execute(ends.where(changed)):
            found |= {a, b}
        if shown is not None:
            first = select(_ISSUE.c.record).where(_ISSUE.c.stored >= shown)
            found |= set(self._at.execute(first).scalars())
        return found

    def worded(self, since: Mark) -> bool:
        """Whether anything that may tie issues is news since a mark: new ones, words, verdicts of people.

        An event without a unified meaning counts: it may tell of a text.
        """
        record = select(_RECORD.c.pk).where(_RECORD.c.pk > since.record).limit(1)
        told = (
            select(_EVENT.c.pk)
            .join(_CHANGE, _CHANGE.c.event == _EVENT.c.pk, isouter=True)
            .where(_EVENT.c.pk > since.event)
            .where(_CHANGE.c.field.is_(None) | _CHANGE.c.field.not_in(_WORDLESS))
            .limit(1)
        )
        if self._at.execute(record).first() or self._at.execute(told).first():
            return True
        mark = self.mark()
        return (mark.tie, mark.untied) != (since.tie, since.untied)

    def counts(self) -> dict[Place, int]:
        """How many issues each of the project's sources shows us."""
        mine = [pk for pk, place in self._keys.items() if place in self._sources]
        shown = _ISSUE.c.gone.is_(False) & _ISSUE.c.hidden.is_(False) & _ISSUE.c.source.in_(mine)
        query = select(_ISSUE.c.source, func.count()).where(shown).group_by(_ISSUE.c.source)
        found = {pk: count for pk, count in self._at.execute(query)}
        return {self._keys[pk]: found.get(pk, 0) for pk in mine}

    def plans(self, numbers: Collection[int]) -> bool:
        """Whether any of these records is a sprint or a milestone."""
        query = select(_RECORD.c.pk).where(_RECORD.c.entity != Entity.ISSUE.value)
        return any(
            self._at.execute(query.where(_RECORD.c.pk.in_(portion)).limit(1)).first()
            for portion in portions(numbers)
        )

    def edges(self, around: Collection[int] | None = None) -> list[Edge]:
        """The evidence in force, all of it or what is connected with these issues, without suggestions."""
        if around is None:
            return [_edge(*row) for row in self._at.execute(_CURRENT.order_by(_TIE.c.pk))]
        found: dict[tuple[int, int, str, bool], Edge] = {}
        seen: set[int] = set()
        waiting = set(around)
        while waiting:
            seen |= waiting
            reached: set[int] = set()
            for edge in self._touching(waiting):
                found[edge.a, edge.b, edge.kind.value, edge.apart] = edge
                reached |= {edge.a, edge.b}
            waiting = reached - seen
        return [found[key] for key in sorted(found)]

    def issues(self, numbers: Collection[int] | None = None) -> dict[int, Issue]:
        """The project's issues by number, all of them or these, the gone and hidden ones among them."""
        rows: Iterable[Mapping[str, object]]
        if numbers is None:
            mine = [pk for pk, place in self._keys.items() if place in self._sources]
            rows = fetch(self._at, _ISSUES, _ISSUE.c.source, mine)
        else:
            rows = fetch(self._at, _ISSUES, _ISSUE.c.record, sorted(numbers))
        return dict(self._read(rows))

    def mine(self) -> set[int]:
        """The numbers of all the project's issues."""
        sources = [pk for pk, place in self._keys.items() if place in self._sources]
        query = select(_ISSUE.c.record).where(_ISSUE.c.source.in_(sources))
        return set(self._at.execute(query).scalars())

    def numbers(self, refs: Collection[Ref]) -> dict[Ref, int]:
        """The numbers of the issues that are known."""
        owners = {name: pk for pk, name in self._names.items()}
        found: dict[Ref, int] = {}
        for name in {ref.connection for ref in refs} & owners.keys():
            query = select(_RECORD.c.pk, _RECORD.c.id).where(
                _RECORD.c.connection == owners[name], _RECORD.c.entity == Entity.ISSUE.value
            )
            ids = [ref.id for ref in refs if ref.connection == name]
            found |= {Ref(name, row["id"]): row["pk"] for row in fetch(self._at, query, _RECORD.c.id, ids)}
        return found

    def agreed(self, numbers: Collection[int]) -> dict[int, dict[str, Agreed]]:
        """Number -> field -> what it settled on."""
        found: dict[int, dict[str, Agreed]] = {}
        for portion in portions(numbers):
            for issue, field, value, proven, at in self._at.execute(
                _ROWS.where(_AGREED.c.issue.in_(portion))
            ):
                found.setdefault(issue, {})[field] = Agreed(value, proven, at)
        return found

    def last(self, numbers: Collection[int], fields: Collection[str]) -> dict[tuple[int, str], Last]:
        """(number, field) -> the field's last change as far as it is known."""
        query = _LASTS.where(_CHANGE.c.field.in_(sorted(fields)))
        found: dict[tuple[int, str], Last] = {}
        for row in fetch(self._at, query, _CHANGE.c.record, sorted(numbers)):
            key = row["record"], row["field"]
            each = Last(row["actor"], row["at"], row["learned"], row["event"])
            held = found.get(key)
            if held is None or (held.at, held.event) < (each.at, each.event):
                found[key] = each
        return found

    def sprints(self) -> dict[Ref, Sprint]:
        """The project's sprints."""
        return {one.ref: one for one in self._plan(Entity.SPRINT) if isinstance(one, Sprint)}

    def milestones(self) -> dict[Ref, Milestone]:
        """The project's milestones."""
        return {one.ref: one for one in self._plan(Entity.MILESTONE) if isinstance(one, Milestone)}

    def accounts(self) -> tuple[Account, ...]:
        """Every account of the project's connections."""
        used = {name for name, _ in self._sources}
        rows = self._at.execute(select(table("account"))).mappings()
        return tuple(
            Account(Ref(self._names[row["connection"]], row["id"]), row["name"], row["email"])
            for row in rows
            if self._names[row["connection"]] in used
        )

    def priorities(self) -> dict[Place, frozenset[str]]:
        """Source -> the priority words in use there; it looks at every issue."""
        query = select(_ISSUE.c.source, _ISSUE.c.priority).where(_ISSUE.c.priority.is_not(None)).distinct()
        found: dict[Place, set[str]] = {}
        for source, word in self._at.execute(query):
            found.setdefault(self._keys[source], set()).add(word)
        return {place: frozenset(words) for place, words in found.items()}

    def _plan(self, entity: Entity) -> Iterator[object]:
        rows = table(entity.value)
        query = select(rows, _RECORD.c.id).join(_RECORD, rows.c.record == _RECORD.c.pk)
        for row in self._at.execute(query).mappings():
            place = self._keys[row["source"]]
            if place in self._sources:
                yield record_value(entity, dict(row), Ref(place[0], row["id"]), place[1])

    def _read(self, rows: Iterable[Mapping[str, object]]) -> Iterator[tuple[int, Issue]]:
        for row in rows:
            source = row["source"]
            assert isinstance(source, int)
            place = self._keys[source]
            if place in self._sources:
                value = record_value(Entity.ISSUE, row, Ref(place[0], str(row["id"])), place[1])
                number = row["record"]
                assert isinstance(value, Issue)
                assert isinstance(number, int)
                yield number, value

    def _touching(self, around: set[int]) -> Iterator[Edge]:
        for column in (_TIE.c.a, _TIE.c.b):
            for portion in portions(around):
                yield from (_edge(*row) for row in self._at.execute(_CURRENT.where(column.in_(portion))))


def _edge(a: int, b: int, kind: str, detail: str, apart: bool, learned: datetime) -> Edge:
    return Edge(a, b, EvidenceKind(kind), detail, apart, learned)


def _stamp(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat()
