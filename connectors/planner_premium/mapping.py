"""From Dataverse's rows to the project's words: pure, one task at a time."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from connectors.payload import decode
from connectors.planner.mapping import WORDS, category_of, instant, key_of, priority_of
from connectors.planner_premium.records import (
    AssignmentRow,
    BucketRow,
    Frame,
    LinkRow,
    ParentRow,
    ProjectRow,
    Rows,
    SprintRow,
    TaskRow,
    TeamRow,
)
from connectors.planner_premium.settings import PremiumConnection, PremiumSource
from model.values import (
    Account,
    Cost,
    CostKind,
    Dependency,
    Issue,
    LinkType,
    Milestone,
    Money,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Unit,
)

__all__ = ["Plan", "costs_of", "issue_of", "milestone_of"]

T = TypeVar("T")

_MAPPING = 1
"""Raised whenever the same row would be understood otherwise, so that all are read again."""
_LETTERS = re.compile(r"(finish|start)\W*to\W*(finish|start)", re.IGNORECASE)
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True)
class Plan:
    """A plan without its tasks, understood: whose words they are read in."""

    frame: Frame
    connection: PremiumConnection
    source: PremiumSource

    def ref(self, id: str) -> Ref:
        return Ref(self.connection.name, id)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.source.timezone)

    @cached_property
    def url(self) -> str:
        return self.connection.plan_url(self.source.plan, self.frame.organization)

    @cached_property
    def title(self) -> str:
        return decode(self.frame.project, ProjectRow).title or self.source.plan

    @cached_property
    def buckets(self) -> Mapping[str, str]:
        return {row.id: row.name or "" for row in _rows(self.frame.buckets, BucketRow)}

    @cached_property
    def parents(self) -> frozenset[str]:
        """Tasks with tasks under them, whose effort and cost are sums."""
        return frozenset(row.parent for row in _rows(self.frame.parents, ParentRow) if row.parent)

    @cached_property
    def assigned(self) -> Mapping[str, frozenset[str]]:
        """Task -> the people it's assigned to."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in _rows(self.frame.assignments, AssignmentRow):
            if row.task and row.person:
                found[row.task].add(row.person)
        return {task: frozenset(people) for task, people in found.items()}

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        team = {row.person: row.name for row in _rows(self.frame.team, TeamRow) if row.person and row.name}
        return tuple(Account(self.ref(id), name) for id, name in sorted(team.items()))

    @cached_property
    def links(self) -> tuple[Dependency, ...]:
        rows = _rows(self.frame.links, LinkRow)
        found = {(r.predecessor, r.successor): link_type(r) for r in rows}
        return tuple(Dependency(self.ref(a), self.ref(b), type) for (a, b), type in sorted(found.items()))

    def sprints(self, now: datetime) -> tuple[Sprint, ...]:
        rows = _rows(self.frame.sprints, SprintRow)
        return tuple(self._sprint(row, now) for row in rows)

    def _sprint(self, row: SprintRow, now: datetime) -> Sprint:
        first, last = self.day(row.start), self.day(row.end)
        start = datetime.combine(first, time(), self.zone).astimezone(UTC) if first else None
        end = datetime.combine(last, _LAST_SECOND, self.zone).astimezone(UTC) if last else None
        over = end is not None and now > end
        begun = start is not None and now >= start
        state = SprintState.CLOSED if over else SprintState.ACTIVE if begun else SprintState.FUTURE
        name, done = row.name or row.id, end if over else None
        return Sprint(self.ref(row.id), self.source.key, name, state, start, end, done)

    def day(self, text: str | None) -> date | None:
        """A calendar day; an instant is read in the source's zone. SkipIssue: it cannot be read."""
        if text is not None and len(text) == len("2026-01-01"):
            return date.fromisoformat(text)
        at = instant(text)
        return None if at is None else at.astimezone(self.zone).date()

    @cached_property
    def basis(self) -> str:
        """What stands for everything but the tasks, save who they are assigned to and which are sums."""
        parts = (
            _MAPPING,
            self.source.model_dump_json(),
            sorted(self.buckets.items()),
            self.frame.organization,
            self.frame.hundred,
        )
        return hashlib.blake2s(json.dumps(parts).encode(), digest_size=12).hexdigest()

    def beside(self, task: str) -> str:
        """What else of the plan a task's mapping depends on, as a text to compare."""
        return f"{sorted(self.assigned.get(task, ()))}{task in self.parents}"


def issue_of(row: TaskRow, plan: Plan) -> Issue:
    """A task. SkipIssue: an instant in it cannot be read."""
    percent = _percent(row.progress, hundred=plan.frame.hundred)
    category = category_of(percent)
    word = WORDS[category]
    sums = row.id in plan.parents
    return Issue(
        ref=plan.ref(row.id),
        source=plan.source.key,
        key=key_of(row.id, row.title),
        title=row.title,
        url=plan.url,
        status=plan.source.status.category(word) or category,
        status_original=word,
        type="Milestone" if row.milestone else "Summary" if sums else "Task",
        created=instant(row.created),
        updated=instant(row.modified),
        finished=instant(row.actual_end) if category is StatusCategory.DONE else None,
        start=plan.day(row.start),
        due=plan.day(row.finish),
        estimate=None if sums or row.effort is None else _number(row.effort),
        unit=plan.source.unit or Unit.HOURS,
        percent=percent,
        assignees=plan.assigned.get(row.id, frozenset()),
        sprints=frozenset({row.sprint} if row.sprint else ()),
        bucket=plan.buckets.get(row.bucket or ""),
        parent=row.parent,
        priority=None if row.priority is None else priority_of(row.priority),
        attributes=tuple(_attributes(row)),
        body=row.description or "",
        version=row.etag,
    )


def milestone_of(row: TaskRow, plan: Plan) -> Milestone:
    """A task that marks a date as the dated goal it is."""
    done = category_of(_percent(row.progress, hundred=plan.frame.hundred)) is StatusCategory.DONE
    finished = plan.day(row.actual_end) if done else None
    return Milestone(plan.ref(row.id), plan.source.key, row.title, plan.day(row.finish), done, finished)


def costs_of(row: TaskRow, plan: Plan) -> Iterator[Cost]:
    """A task's planned and actual cost, if the config names their currency; sums of other tasks are left out.

    Dataverse dates no cost: what is planned falls on the task's start, what is spent on its end.
    """
    currency, first = plan.source.currency, plan.day(row.start or row.created)
    if currency is None or first is None or row.id in plan.parents:
        return
    last = plan.day(row.actual_end or row.actual_start) or first
    of = (
        ("planned", CostKind.BUDGETED, row.planned_cost, first),
        ("actual", CostKind.ACTUAL, row.actual_cost, last),
    )
    for name, kind, amount, on in of:
        if amount:
            ref, money = plan.ref(f"{row.id}/{name}"), Money(_number(amount), currency)
            yield Cost(ref, plan.source.key, kind, on, money, row.title, issue=row.id)


def link_type(row: LinkRow) -> LinkType:
    """How a link drives, by its English word; the numbers behind the words are not documented."""
    found = _LETTERS.search(row.word or "")
    if found is None:
        return LinkType.FS
    return LinkType("".join(word[0].upper() for word in found.groups()))


def _rows(pages: Iterable[msgspec.Raw], type: type[T]) -> list[T]:
    return [decode(raw, type) for page in pages for raw in decode(page, Rows).value]


def _percent(progress: float | None, *, hundred: bool) -> int:
    return min(max(round((progress or 0.0) * (1 if hundred else 100)), 0), 100)


def _number(value: float) -> Decimal:
    """A column's number without the noise of its binary form: four decimals, as Dataverse keeps money."""
    return Decimal(str(round(value, 4))).normalize() + 0


def _attributes(row: TaskRow) -> Iterator[tuple[str, str]]:
    """What only premium plans tell of a task; hours as plain numbers."""
    if row.critical:
        yield "critical", "yes"
    if row.effort_completed is not None:
        yield "effort completed", f"{_number(row.effort_completed):f}"
    if row.effort_remaining is not None:
        yield "effort remaining", f"{_number(row.effort_remaining):f}"
