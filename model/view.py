"""What was true at an instant as far as was known at another: all that reports ever read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from model.fields import HISTORY, decode
from model.history import Stay, sprint_as_of, stays
from model.loading import Held, Loaded
from model.progress import Outcome, SourceState
from model.rows import Recorded
from model.values import (
    Account,
    Change,
    Cost,
    Dependency,
    Entity,
    EvidenceKind,
    Issue,
    Milestone,
    Origin,
    Ref,
    Sprint,
    TieEdge,
    Worklog,
)

__all__ = ["View"]


class View:
    """The store at (`at`, `known`); the same pair gives the same answer however much is learned later.

    Made by Store.view. The records are read at once, the history when a question needs it; `earlier` shares
    both. Everything is in memory afterwards, so a view outlives its connection.
    """

    def __init__(self, loaded: Loaded, at: datetime) -> None:
        self._loaded = loaded
        self.at = at
        self.known = loaded.known
        self._told: dict[Entity, tuple[Change, ...]] = {}

    def earlier(self, at: datetime) -> View:
        """The view at another instant with the same knowledge and the same loaded data."""
        return View(self._loaded, at)

    def issues(self) -> tuple[Issue, ...]:
        """Those that exist at `at`, sorted by ref."""
        return self._issues

    def all_issues(self) -> tuple[Issue, ...]:
        """Those created until `at`, the gone ones among them, sorted by ref."""
        return tuple(self._all_issues.values())

    def issue(self, ref: Ref) -> Issue | None:
        """The issue as at `at`, gone or not; None: not created yet, or unknown."""
        return self._all_issues.get(ref)

    def sprints(self) -> tuple[Sprint, ...]:
        return tuple(self._sprints.values())

    def milestones(self) -> tuple[Milestone, ...]:
        return tuple(self._milestones.values())

    def dependencies(self) -> tuple[Dependency, ...]:
        """Links known, with at least one end in the view."""
        seen = self._all_issues
        return tuple(d for d in self._loaded.links if d.predecessor in seen or d.successor in seen)

    def worklogs(self) -> tuple[Worklog, ...]:
        """Work on the view's issues that began until `at`."""
        return tuple(w for w in self._loaded.worklogs if w.issue in self._all_issues and w.started <= self.at)

    def costs(self) -> tuple[Cost, ...]:
        """All costs known, whatever their date: a budget may lie ahead."""
        return tuple(c for c in self._loaded.costs if self._in_scope(c.ref.connection, c.source))

    def accounts(self) -> tuple[Account, ...]:
        return self._loaded.accounts

    def ties(self) -> tuple[TieEdge, ...]:
        """Evidence in force between issues of the view: no suggestion, and no pair that a person split."""
        return tuple(
            edge
            for edge in self._edges()
            if edge.kind is not EvidenceKind.SUGGESTED
            and frozenset((edge.a, edge.b)) not in self._split_pairs
        )

    def suggestions(self) -> tuple[TieEdge, ...]:
        """Pairs that may be the same work and wait for a person to say so."""
        decided = {frozenset((edge.a, edge.b)) for edge in self.ties()} | self._split_pairs
        return tuple(
            edge
            for edge in self._edges()
            if edge.kind is EvidenceKind.SUGGESTED and frozenset((edge.a, edge.b)) not in decided
        )

    def splits(self) -> tuple[tuple[Ref, Ref], ...]:
        """Pairs that a person said are not the same work."""
        return tuple((edge.a, edge.b) for edge, apart in self._loaded.ties if apart)

    def changes(
        self, entity: Entity = Entity.ISSUE, fields: Collection[str] | None = None
    ) -> tuple[Change, ...]:
        """What changed until `at` as far as known, oldest first; `fields` narrows it."""
        if entity not in self._told:
            self._told[entity] = self._changes(entity)
        told = self._told[entity]
        return told if fields is None else tuple(change for change in told if change.field in fields)

    def _changes(self, entity: Entity) -> tuple[Change, ...]:
        visible = self._records(entity)
        refs = {held.pk: held.value.ref for held in self._loaded.held[entity] if held.value.ref in visible}
        return tuple(
            Change(
                entity,
                refs[fact.record],
                fact.field,
                decode(entity, fact.field, fact.before),
                decode(entity, fact.field, fact.after),
                fact.at,
                fact.learned,
                Origin(fact.origin),
                fact.actor,
            )
            for fact in self._loaded.facts
            if fact.record in refs
            and fact.at <= self.at
            and fact.learned <= self.known
            and fact.before != fact.after
        )

    def timeline(self, ref: Ref, field: str) -> tuple[tuple[datetime, Any], ...]:
        """(from when, value) of an issue's field until `at`, from its creation or our first knowledge on.

        Empty where the issue does not exist yet. KeyError: a field without history.
        """
        if field not in HISTORY[Entity.ISSUE]:
            raise KeyError(field)
        issue = self._all_issues.get(ref)
        if issue is None:
            return ()
        held = self._loaded.by_ref[ref]
        start = issue.created or held.known
        thread = self._loaded.threads.get(held.pk, {}).get(field)
        if thread is None:
            return ((start, getattr(issue, field)),)
        return tuple((at, decode(Entity.ISSUE, field, text)) for at, text in thread.timeline(start, self.at))

    def stays(self, ref: Ref) -> tuple[Stay, ...]:
        """The issue's times in sprints."""
        return stays(self.timeline(ref, "sprints"))

    def met(self, ref: Ref) -> tuple[datetime, datetime]:
        """From when an issue counts as known, and when it was first stored. KeyError: unknown issue."""
        held = self._loaded.by_ref[ref]
        return held.known, held.stored

    def history_from(self, ref: Ref) -> datetime:
        """How far back the issue's history is recorded: its creation where the tracker remembers everything,
        else our first sight of it. KeyError: unknown issue.
        """
        held = self._loaded.by_ref[ref]
        issue = held.value
        if isinstance(issue, Issue) and self._remembers.get((ref.connection, issue.source)) == "full":
            return issue.created or held.known
        return held.stored

    def sources(self) -> tuple[SourceState, ...]:
        """How far each source of the view has been read."""
        return tuple(self._state(row) for row in self._loaded.sources)

    @cached_property
    def _all_issues(self) -> dict[Ref, Issue]:
        return {
            issue.ref: issue
            for held in self._loaded.held[Entity.ISSUE]
            if isinstance(issue := self._as_of(Entity.ISSUE, held), Issue)
            and (issue.created or held.known) <= self.at
            and held.known <= self.known
            and self._in_scope(issue.ref.connection, issue.source)
        }

    @cached_property
    def _issues(self) -> tuple[Issue, ...]:
        return tuple(issue for issue in self._all_issues.values() if not issue.gone)

    @cached_property
    def _sprints(self) -> dict[Ref, Sprint]:
        return {
            sprint.ref: sprint_as_of(sprint, self.at)
            for held in self._loaded.held[Entity.SPRINT]
            if isinstance(sprint := self._as_of(Entity.SPRINT, held), Sprint)
            and held.known <= self.known
            and self._in_scope(sprint.ref.connection, sprint.source)
        }

    @cached_property
    def _milestones(self) -> dict[Ref, Milestone]:
        return {
            milestone.ref: milestone
            for held in self._loaded.held[Entity.MILESTONE]
            if isinstance(milestone := self._as_of(Entity.MILESTONE, held), Milestone)
            and held.known <= self.known
            and self._in_scope(milestone.ref.connection, milestone.source)
        }

    @cached_property
    def _remembers(self) -> dict[tuple[str, str], str]:
        return {(row["name"], row["key"]): row["history"] for row in self._loaded.sources}

    @cached_property
    def _split_pairs(self) -> set[frozenset[Ref]]:
        return {frozenset(pair) for pair in self.splits()}

    def _records(self, entity: Entity) -> Mapping[Ref, Recorded]:
        records: dict[Entity, Mapping[Ref, Recorded]] = {
            Entity.ISSUE: self._all_issues,
            Entity.SPRINT: self._sprints,
            Entity.MILESTONE: self._milestones,
        }
        return records[entity]

    def _as_of(self, entity: Entity, held: Held) -> Recorded:
        """The record with each field as at `at`; the stored value where nothing later is known of it."""
        if self._loaded.is_current(self.at):
            return held.value
        past: dict[str, Any] = {
            field: decode(entity, field, thread.value(self.at))
            for field, thread in self._loaded.threads.get(held.pk, {}).items()
            if not thread.is_current(self.at)
        }
        return replace(held.value, **past) if past else held.value

    def _in_scope(self, connection: str, source: str) -> bool:
        return self._loaded.scope is None or (connection, source) in self._loaded.scope

    def _edges(self) -> Iterator[TieEdge]:
        for edge, apart in self._loaded.ties:
            if not apart and edge.a in self._all_issues and edge.b in self._all_issues:
                yield edge

    def _state(self, row: dict[str, Any]) -> SourceState:
        last, complete, parked = row["last"], row["complete"], row["parked"]
        place = (row["name"], row["key"])
        seen = sum((issue.ref.connection, issue.source) == place for issue in self._issues)
        expected = None
        if complete is not None and complete["expected"] is not None:
            expected = max(seen + parked, complete["expected"])
        failed = (
            last is not None and last["outcome"] == Outcome.FAILED.value and last["finished"] <= self.known
        )
        return SourceState(
            connection=place[0],
            source=place[1],
            last_complete=complete["finished"] if complete else None,
            last_attempt=last["started"] if last else None,
            error=last["error"] if last and failed else None,
            seen=seen,
            expected=expected,
            parked=parked,
            history=row["history"],
        )
