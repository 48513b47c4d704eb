"""The ways between statuses: which transitions an issue has where it stands, and what their screens ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandbox.jira.catalog import STATUSES, Status, called

__all__ = ["WORKFLOW", "Transition", "Workflow"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A way to the status `to`, from the statuses named in `sources`, or from everywhere if there are none.

    `screen` are the fields that it shows, `required` those of them without which it is refused.
    """

    id: str
    name: str
    sources: tuple[str, ...]
    to: Status
    screen: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def is_global(self) -> bool:
        return not self.sources


@dataclass(frozen=True, slots=True)
class Workflow:
    """A project's transitions. An issue has those that begin at its status, and the global ones to others."""

    transitions: tuple[Transition, ...]

    def available(self, status: Status) -> list[Transition]:
        return [
            row
            for row in self.transitions
            if status.name in row.sources or (row.is_global and row.to != status)
        ]

    def asking(self, id: str, *fields: str) -> Workflow:
        """The same, with these fields required on one transition's screen. ValueError: there is none."""
        if id not in {row.id for row in self.transitions}:
            raise ValueError(f"no transition has the id {id}")
        changed = (
            replace(row, screen=(*row.screen, *fields), required=(*row.required, *fields))
            if row.id == id
            else row
            for row in self.transitions
        )
        return Workflow(tuple(changed))

    def without(self, *ids: str) -> Workflow:
        """The same without these transitions."""
        return Workflow(tuple(row for row in self.transitions if row.id not in ids))


def _ways(rows: Iterable[tuple[str, str, str, str]]) -> tuple[Transition, ...]:
    return tuple(
        Transition(id, name, tuple(sources.split(", ")) if sources else (), called(STATUSES, to))
        for id, name, sources, to in rows
    )


WORKFLOW = Workflow(
    _ways(
        (
            ("11", "Select", "Backlog", "To Do"),
            ("21", "Start work", "Backlog, To Do", "In Progress"),
            ("31", "Ask for review", "In Progress", "In Review"),
            ("41", "Send back", "In Review", "In Progress"),
            ("51", "Stop", "In Progress, In Review", "Blocked"),
            ("61", "Go on", "Blocked", "In Progress"),
            ("71", "Accept", "In Review", "Done"),
            ("81", "Open again", "Done, Cancelled", "In Progress"),
            ("91", "Put back", "To Do, In Progress, Blocked", "Backlog"),
            ("101", "Call off", "", "Cancelled"),
        )
    )
).asking("101", "resolution")
"""What a new project goes by. From the backlog to Done it takes three steps; only In Review leads there."""
