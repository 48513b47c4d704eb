"""What people decided about conflicts, and since when conflicts that nobody decided have been there."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from model.bulk import add, portions
from model.identity import Identities
from model.tables import table
from model.values import Entity, Ref

__all__ = ["Decision", "Decisions", "OpenConflict", "Verdict"]

_DECISION, _CONFLICT = table("decision"), table("conflict")
_RECORD, _CONNECTION, _ISSUE = table("record"), table("connection"), table("issue")


class Verdict(StrEnum):
    """Take what one side says, take a value, or follow a rule from now on."""

    SIDE = "side"
    VALUE = "value"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict on one field of a tie; the store gives its `number`.

    `sides` maps each member of the tie to the encoded comparable value it held when this was decided, so that
    a later edit is seen to be later. `value` is the ref of the side that counts, the encoded value, or the
    rule's text, as `verdict` says. `revoked` is when it ended (None: it stands).
    """

    project: str
    field: str
    sides: Mapping[Ref, str | None]
    verdict: Verdict
    value: str | None
    by: str
    at: datetime
    number: int = 0
    revoked: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """A field at odds since an instant; `tie` names the tie by its smallest member, people call it `key`."""

    project: str
    tie: Ref
    field: str
    since: datetime
    key: str = ""


class Decisions:
    """Verdicts and open conflicts as one transaction sees them."""

    def __init__(self, connection: Connection, ids: Identities) -> None:
        self._at = connection
        self._ids = ids

    def add(self, decision: Decision) -> int:
        """Keep a verdict; its number."""
        row = {name: getattr(decision, name) for name in ("project", "field", "value", "by", "at", "revoked")}
        members = sorted(decision.sides)
        made = insert(_DECISION).values(
            row
            | {"verdict": decision.verdict.value, "tie": tuple(map(str, members))}
            | {"sides": json.dumps([[*_pair(ref), decision.sides[ref]] for ref in members])}
        )
        number: int = self._at.execute(made.returning(_DECISION.c.pk)).scalar_one()
        return number

    def revoke(self, number: int, now: datetime) -> bool:
        """End a verdict; False: there is none of that number that stands."""
        standing = (_DECISION.c.pk == number) & _DECISION.c.revoked.is_(None)
        return self._at.execute(update(_DECISION).where(standing).values(revoked=now)).rowcount == 1

    def standing(self, project: str | None = None) -> tuple[Decision, ...]:
        """The verdicts that hold, oldest first, of a project or of all."""
        return self._decisions(project, standing=True)

    def all(self, project: str | None = None) -> tuple[Decision, ...]:
        """Every verdict that was ever given, oldest first."""
        return self._decisions(project, standing=False)

    def note_conflicts(self, project: str, found: Collection[tuple[Ref, str]], now: datetime) -> None:
        """Make (tie, field) of `found` all the project's conflicts; one that is known keeps its date."""
        numbers = self._ids.records(Entity.ISSUE, {tie for tie, _ in found})
        wanted = {(numbers[tie], field) for tie, field in found}
        mine = _CONFLICT.c.project == project
        rows = self._at.execute(select(_CONFLICT.c.issue, _CONFLICT.c.field).where(mine))
        stored = {(issue, field) for issue, field in rows}
        by_field: dict[str, list[int]] = {}
        for issue, field in stored - wanted:
            by_field.setdefault(field, []).append(issue)
        for field, issues in by_field.items():
            for portion in portions(issues):
                ended = mine & (_CONFLICT.c.field == field) & _CONFLICT.c.issue.in_(portion)
                self._at.execute(delete(_CONFLICT).where(ended))
        fresh = sorted(wanted - stored)
        add(
            self._at,
            _CONFLICT,
            [{"project": project, "issue": issue, "field": field, "since": now} for issue, field in fresh],
        )

    def conflicts(self, project: str | None = None) -> tuple[OpenConflict, ...]:
        """The conflicts of a project or of all, oldest first."""
        query = (
            select(_CONFLICT, _CONNECTION.c.name, _RECORD.c.id, _ISSUE.c.key)
            .join(_RECORD, _CONFLICT.c.issue == _RECORD.c.pk)
            .join(_CONNECTION, _RECORD.c.connection == _CONNECTION.c.pk)
            .join(_ISSUE, _ISSUE.c.record == _RECORD.c.pk, isouter=True)
        )
        if project is not None:
            query = query.where(_CONFLICT.c.project == project)
        rows = self._at.execute(query).all()
        found = [
            OpenConflict(row.project, Ref(row.name, row.id), row.field, row.since, row.key or "")
            for row in rows
        ]
        return tuple(sorted(found, key=lambda each: (each.since, each.project, each.tie, each.field)))

    def _decisions(self, project: str | None, standing: bool) -> tuple[Decision, ...]:
        query = select(_DECISION).order_by(_DECISION.c.pk)
        if project is not None:
            query = query.where(_DECISION.c.project == project)
        if standing:
            query = query.where(_DECISION.c.revoked.is_(None))
        return tuple(_decision(row) for row in self._at.execute(query).mappings())


def _decision(row: Mapping[Any, Any]) -> Decision:
    names = ("project", "field", "value", "by", "at", "revoked")
    return Decision(
        **{name: row[name] for name in names},
        sides={Ref(connection, id_): value for connection, id_, value in json.loads(row["sides"])},
        verdict=Verdict(row["verdict"]),
        number=row["pk"],
    )


def _pair(ref: Ref) -> tuple[str, str]:
    return ref.connection, ref.id
