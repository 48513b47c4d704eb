"""What the config declares, kept beside the facts so that the store explains itself without the file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from model.identity import Identities
from model.tables import table
from model.text import cleaned

__all__ = ["Deliverable", "Dimension", "Person", "Project", "declare", "read_people", "read_projects"]


@dataclass(frozen=True, slots=True)
class Deliverable:
    """A named outcome; `name` is its key in the config, `owner` a person's."""

    name: str
    title: str
    owner: str | None = None
    due: date | None = None
    acceptance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """An axis that reports can be cut by."""

    name: str
    origin: str
    pattern: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """What a project manager runs: sources as (connection, source) in their order."""

    name: str
    title: str
    sources: tuple[tuple[str, str], ...] = ()
    deliverables: tuple[Deliverable, ...] = ()
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """One person with accounts in several trackers, as (connection, account id)."""

    name: str
    title: str
    role: str | None = None
    accounts: tuple[tuple[str, str], ...] = ()


def declare(
    connection: Connection, ids: Identities, projects: Collection[Project], people: Collection[Person]
) -> None:
    """Replace everything declared before."""
    projects, people = [cleaned(each) for each in projects], [cleaned(each) for each in people]
    for name in ("project_source", "deliverable", "dimension", "project", "person_account", "person"):
        connection.execute(delete(table(name)))
    _add(connection, "project", [{"name": p.name, "title": p.title} for p in projects])
    _add(
        connection,
        "project_source",
        [
            {"project": p.name, "source": ids.source(*place), "position": position}
            for p in projects
            for position, place in enumerate(p.sources)
        ],
    )
    for name, parts in (("deliverable", "deliverables"), ("dimension", "dimensions")):
        rows = [asdict(each) | {"project": p.name} for p in projects for each in getattr(p, parts)]
        _add(connection, name, rows)
    _add(connection, "person", [{"name": p.name, "title": p.title, "role": p.role} for p in people])
    accounts = [(p.name, owner, id_) for p in people for owner, id_ in p.accounts]
    rows = [{"person": name, "connection": ids.connection(owner), "id": id_} for name, owner, id_ in accounts]
    _add(connection, "person_account", rows)


def read_projects(connection: Connection) -> tuple[Project, ...]:
    """The projects declared last, by name."""
    sources, connections, places = table("source"), table("connection"), table("project_source")
    query = (
        select(places.c.project, connections.c.name, sources.c.key)
        .join(sources, places.c.source == sources.c.pk)
        .join(connections, sources.c.connection == connections.c.pk)
        .order_by(places.c.position)
    )
    read = [tuple(row) for row in connection.execute(query)]
    deliverables, dimensions = _rows(connection, "deliverable"), _rows(connection, "dimension")
    return tuple(
        Project(
            row["name"],
            row["title"],
            tuple((owner, key) for project, owner, key in read if project == row["name"]),
            tuple(Deliverable(**_of(each)) for each in deliverables if each["project"] == row["name"]),
            tuple(Dimension(**_of(each)) for each in dimensions if each["project"] == row["name"]),
        )
        for row in _rows(connection, "project")
    )


def read_people(connection: Connection) -> tuple[Person, ...]:
    """The people declared last, by name."""
    accounts, connections = table("person_account"), table("connection")
    query = select(accounts.c.person, connections.c.name, accounts.c.id).join(
        connections, accounts.c.connection == connections.c.pk
    )
    held = sorted(tuple(row) for row in connection.execute(query))
    return tuple(
        Person(**row, accounts=tuple((owner, id_) for person, owner, id_ in held if person == row["name"]))
        for row in _rows(connection, "person")
    )


def _add(connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table(name)), rows)


def _rows(connection: Connection, name: str) -> list[dict[str, Any]]:
    rows = connection.execute(select(table(name))).mappings()
    return sorted((dict(row) for row in rows), key=lambda row: str(row["name"]))


def _of(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "project"}
