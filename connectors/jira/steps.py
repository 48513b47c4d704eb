"""Bringing an issue to a status of another category, transition by transition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.errors import Refused, SkipIssue, Stale
from connectors.jira.client import BadRequest, JiraClient, Missing
from connectors.jira.context import Pulled
from connectors.jira.pages import find
from connectors.jira.refusals import Collided, Declined
from connectors.jira.ways import Way, find_path, told, ways_of
from connectors.payload import decode_record
from model.values import Issue, StatusCategory

__all__ = ["Atlas", "Journey"]

_MOST_STEPS = 8
_COLLISIONS = 3


@dataclass(slots=True)
class Atlas:
    """The ways that were seen in one run: (type, status, category aimed at) -> those that lead on there."""

    seen: dict[tuple[str, str, StatusCategory], Sequence[Way] | None] = field(default_factory=dict)


class _Id(msgspec.Struct, frozen=True):
    id: str


class Journey:
    """One issue's way. `plan` only reads; `travel` goes, and reads the ways anew after each step."""

    def __init__(
        self, pull: Pulled, writer: JiraClient, atlas: Atlas, issue: Issue, target: StatusCategory
    ) -> None:
        self._pull = pull
        self._writer = writer
        self._atlas = atlas
        self._issue = issue
        self._target = target
        self._now = issue.status
        self._stands = issue.status_original
        named = (id for id, row in pull.words.statuses.items() if row.name == self._stands)
        self._at = next(named, "")
        self._here: list[Way] = []
        self._path: list[Way] = []
        self.steps = 0

    def plan(self) -> None:
        """Find a way. Refused: there is none, and what there is. Stale: no such issue."""
        try:
            self._look()
        except Missing as gone:
            raise Stale(str(gone)) from None
        if not self._path:
            raise Refused(self._stuck())

    def travel(self) -> str:
        """Go; why the issue does not get there, "" if it does. OutcomeUnknown: a step has no answer."""
        collisions = 0
        while self._path:
            way = self._path[0]
            try:
                self._go(way)
            except Collided:
                collisions += 1
                if collisions > _COLLISIONS:
                    return "other changes of the same issue kept coming in between; it will be tried again"
            except Declined as no:
                return f"Jira refused the transition {way.name}: {no}"
            else:
                self.steps += 1
                self._at, self._now, self._stands = way.to, way.category, way.status
                if way.category is self._target:
                    return ""
            if self.steps >= _MOST_STEPS:
                break
            self._look()
        return self._stuck()

    def _look(self) -> None:
        """The ways from where the issue stands, and the path along them."""
        transitions = self._writer.transitions(self._issue.ref.id)
        self._here = ways_of(transitions, self._pull.words, self._target)
        self._atlas.seen[self._issue.type, self._at, self._target] = self._here
        self._path = find_path(self._here, self._beyond, self._now, self._target)

    def _go(self, way: Way) -> None:
        body: dict[str, Any] = {"transition": {"id": way.id}}
        if way.resolution is not None:
            body["fields"] = {"resolution": {"name": way.resolution}}
        self._writer.write("POST", f"issue/{self._issue.ref.id}/transitions", body)

    def _beyond(self, status: str) -> Sequence[Way] | None:
        """The ways on from a status, seen on another issue of the same type that stands there."""
        key = (self._issue.type, status, self._target)
        if key not in self._atlas.seen:
            self._atlas.seen[key] = self._sample(status)
        return self._atlas.seen[key]

    def _sample(self, status: str) -> Sequence[Way] | None:
        type = self._issue.type.replace("\\", "\\\\").replace('"', '\\"')
        jql = f'{self._pull.jql} AND issuetype = "{type}" AND status = {status}'
        try:
            rows = find(self._pull.client, jql, ("created",), "", 1).issues
            transitions = self._writer.transitions(decode_record(rows[0], _Id).id) if rows else ()
        except (BadRequest, Missing, SkipIssue):
            return None
        return ways_of(transitions, self._pull.words, self._target) if rows else None

    def _stuck(self) -> str:
        return (
            f'{self._issue.key} stands in "{self._stands}" and cannot be brought to {self._target.value}: '
            f"Jira offers {told(self._here)}. Give the workflow a transition for it that asks for nothing, "
            "or set the status in Jira."
        )
