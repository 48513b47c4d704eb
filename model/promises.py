"""Keeping promises: baselines and issued reports, which are only ever added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from model.audit import Audit
from model.baselines import Baseline, BaselineItem, BaselineMilestone, IssuedReport
from model.chain import GENESIS, Fault, Row, Sealed, digest, seal, verify
from model.errors import BaselineExists
from model.tables import table
from model.text import cleaned
from model.values import Origin, Ref, Unit

__all__ = [
    "add_baseline",
    "add_report",
    "faults",
    "head",
    "read_baselines",
    "read_reports",
]

_BASELINE, _ITEM, _MILESTONE = table("baseline"), table("baseline_item"), table("baseline_milestone")
_REPORT = table("issued_report")


def add_baseline(connection: Connection, baseline: Baseline) -> Baseline:
    """Seal and store a baseline; BaselineExists: the project has one of that name."""
    sealed = seal(cleaned(baseline), head(connection))
    where = (_BASELINE.c.project == sealed.project) & (_BASELINE.c.name == sealed.name)
    if connection.execute(select(_BASELINE.c.pk).where(where)).first() is not None:
        raise BaselineExists(
            f"project {sealed.project} already has a baseline named {sealed.name}, "
            "and baselines never change; choose another name"
        )
    columns = (
        "name",
        "project",
        "taken",
        "as_of",
        "approved_by",
        "reason",
        "coverage",
        "previous_hash",
        "hash",
    )
    row = {name: getattr(sealed, name) for name in columns} | {"origin": sealed.origin.value}
    number = connection.execute(insert(_BASELINE).values(row).returning(_BASELINE.c.pk)).scalar_one()
    if sealed.items:
        connection.execute(insert(_ITEM), [_item_row(number, item) for item in sealed.items])
    if sealed.milestones:
        connection.execute(insert(_MILESTONE), [_milestone_row(number, each) for each in sealed.milestones])
    return sealed


def read_baselines(connection: Connection, project: str | None = None) -> tuple[Sealed, ...]:
    """Baselines in order of taking, of one project or of all."""
    query = select(_BASELINE).order_by(_BASELINE.c.pk)
    if project is not None:
        query = query.where(_BASELINE.c.project == project)
    return tuple(_sealed(connection, row) for row in _dicts(connection, query))


def head(connection: Connection) -> str:
    """The newest baseline's hash, which anchors the whole chain."""
    newest = select(_BASELINE.c.hash).order_by(_BASELINE.c.pk.desc()).limit(1)
    return connection.execute(newest).scalar() or GENESIS


def faults(connection: Connection) -> tuple[Fault, ...]:
    """Every alteration of baselines that can be proven."""
    anchors = connection.execute(select(_REPORT.c.head)).scalars().all()
    return verify(read_baselines(connection), anchors)


def add_report(connection: Connection, report: IssuedReport) -> None:
    """Keep a report; where it names no head of the audit log, it is kept with the newest."""
    row = {name: getattr(cleaned(report), name) for name in IssuedReport.__slots__}
    newest = Audit(connection).head()
    row["audit_head"] = row["audit_head"] or (newest if newest != GENESIS else "")
    connection.execute(insert(_REPORT).values(row))


def read_reports(connection: Connection, project: str) -> tuple[IssuedReport, ...]:
    """A project's issued reports in the order in which they were issued."""
    query = select(_REPORT).where(_REPORT.c.project == project).order_by(_REPORT.c.pk)
    return tuple(
        IssuedReport(**{name: row[name] for name in IssuedReport.__slots__})
        for row in _dicts(connection, query)
    )


def _item_row(baseline: int, item: BaselineItem) -> dict[str, Any]:
    names = ("key", "title", "start", "due", "estimate", "sprints", "milestone")
    row = {name: getattr(item, name) for name in names} | {"unit": item.unit.value}
    return _placed(baseline, item.ref, digest(item)) | row


def _milestone_row(baseline: int, milestone: BaselineMilestone) -> dict[str, Any]:
    row = {"name": milestone.name, "due": milestone.due}
    return _placed(baseline, milestone.ref, digest(milestone)) | row


def _placed(baseline: int, ref: Ref, written: str) -> dict[str, Any]:
    return {"baseline": baseline, "connection": ref.connection, "id": ref.id, "digest": written}


def _sealed(connection: Connection, row: dict[str, Any]) -> Sealed:
    items = [
        (_item(each), each["digest"])
        for each in _dicts(connection, select(_ITEM).where(_ITEM.c.baseline == row["pk"]))
    ]
    milestones = [
        (BaselineMilestone(Ref(each["connection"], each["id"]), each["name"], each["due"]), each["digest"])
        for each in _dicts(connection, select(_MILESTONE).where(_MILESTONE.c.baseline == row["pk"]))
    ]
    items.sort(key=lambda pair: pair[0].ref)
    milestones.sort(key=lambda pair: pair[0].ref)
    del row["pk"]
    baseline = Baseline(
        **row | {"origin": Origin(row["origin"])},
        items=tuple(item for item, _ in items),
        milestones=tuple(milestone for milestone, _ in milestones),
    )
    rows: list[tuple[Row, str]] = [*items, *milestones]
    return Sealed(baseline, tuple(rows))


def _item(row: dict[str, Any]) -> BaselineItem:
    names = ("key", "title", "start", "due", "estimate", "sprints", "milestone")
    plan = {name: row[name] for name in names}
    return BaselineItem(ref=Ref(row["connection"], row["id"]), unit=Unit(row["unit"]), **plan)


def _dicts(connection: Connection, query: Select[Any]) -> Iterable[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
