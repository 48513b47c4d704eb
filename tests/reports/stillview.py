"""A tracker's history told in a few lines, and a view of it that needs no store.

`Trackers` is told what happened, in order of time; `StillView` answers what the product's View answers.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from config.settings import Config, ConnectionSettings, SourceSettings
from model.values import (
    Account,
    Change,
    Cost,
    CostKind,
    Dependency,
    Entity,
    EvidenceKind,
    Issue,
    Milestone,
    Money,
    Origin,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    TieEdge,
    Worklog,
)

__all__ = ["Source", "SourceState", "StillView", "Trackers", "at", "config"]


class Source(SourceSettings):
    """A source of any kind, named by its key alone."""

    name: str

    @property
    def key(self) -> str:
        return self.name


def at(day: str | date, hour: int = 12) -> datetime:
    """Noon (or another hour) UTC of a day."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def config(
    *sources: tuple[str, str],
    general: dict | None = None,
    people: dict | None = None,
    rates: dict | None = None,
    **project,
) -> Config:
    """A config with one project "erp" that reads `sources`: (connection, source key) pairs.

    A connection is of the kind that its name begins with.
    """
    pairs = sources or (("jira", "ERP"),)
    rework = project.pop("rework", ())
    kinds = {"jira": "jira", "github": "github", "planner": "planner"}
    connections = {
        connection: ConnectionSettings(kind=kinds.get(connection.split("-")[0], "file"))
        for connection, _ in pairs
    }
    settings = {"name": "ERP rollout", **project}
    return Config.model_validate(
        {
            "version": 1,
            "general": general or {},
            "connections": connections,
            "people": people or {},
            "rates": rates or {},
            "projects": {
                "erp": {
                    **settings,
                    "sources": tuple(Source(connection=c, name=k, rework=rework) for c, k in pairs),
                }
            },
        }
    )


@dataclass(frozen=True)
class SourceState:
    """What is known of one source's reads."""

    connection: str
    source: str
    last_complete: datetime | None
    last_attempt: datetime | None = None
    error: str | None = None
    seen: int = 0
    expected: int | None = None
    parked: int = 0
    history: str = "full"


@dataclass
class Trackers:
    """Several trackers, told what happens to them."""

    issues: dict[Ref, Issue] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    sprints: dict[Ref, Sprint] = field(default_factory=dict)
    milestones: dict[Ref, Milestone] = field(default_factory=dict)
    dependencies: list[Dependency] = field(default_factory=list)
    ties: list[TieEdge] = field(default_factory=list)
    suggestions: list[TieEdge] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    sources: list[SourceState] = field(default_factory=list)
    worklogs: list[tuple[datetime, Worklog]] = field(default_factory=list)
    costs: list[tuple[datetime, Cost]] = field(default_factory=list)

    def issue(self, name: str, when: datetime, *, source: str = "ERP", **fields) -> Ref:
        """A new issue; `name` is "connection:id", its key the id."""
        connection, _, id = name.rpartition(":")
        ref = Ref(connection or "jira", id)
        if "estimate" in fields and fields["estimate"] is not None:
            fields["estimate"] = Decimal(fields["estimate"])
        said = {"status": StatusCategory.TODO, "title": f"Title of {id}", **_plain(fields)}
        said.setdefault("status_original", said["status"].value)
        url = f"https://{ref.connection}.example/{id}"
        said.setdefault("key", id)
        self.issues[ref] = Issue(ref=ref, source=source, url=url, created=when, **said)
        return ref

    def edit(self, ref: Ref, when: datetime, actor: str | None = None, **fields) -> None:
        """Fields of an issue take new values; a status that becomes done stamps the finish."""
        if "estimate" in fields and fields["estimate"] is not None:
            fields["estimate"] = Decimal(fields["estimate"])
        fields = _plain(fields)
        if "status" in fields:
            done = fields["status"] is StatusCategory.DONE
            fields.setdefault("finished", when if done else None)
            fields.setdefault("status_original", fields["status"].value)
        issue = self.issues[ref]
        for name, value in fields.items():
            before = getattr(issue, name)
            if before != value:
                self.changes.append(
                    Change(Entity.ISSUE, ref, name, before, value, when, when, Origin.RECORDED, actor)
                )
        self.issues[ref] = replace(issue, **fields)

    def sprint(
        self,
        name: str,
        start: datetime | None,
        end: datetime | None = None,
        *,
        connection: str = "jira",
        id: str | None = None,
        source: str = "ERP",
        closed: datetime | None = None,
        started: bool = True,
    ) -> str:
        """A sprint as it stands at the end of the story; its id is its name unless given."""
        state = SprintState.CLOSED if closed else SprintState.ACTIVE if started else SprintState.FUTURE
        ref = Ref(connection, id or name)
        self.sprints[ref] = Sprint(ref, source, name, state, start, end, closed)
        return ref.id

    def milestone(
        self,
        name: str,
        due: str | None,
        *,
        connection: str = "jira",
        source: str = "ERP",
        id: str | None = None,
    ) -> Ref:
        ref = Ref(connection, id or name)
        self.milestones[ref] = Milestone(ref, source, name, date.fromisoformat(due) if due else None)
        return ref

    def move_milestone(self, ref: Ref, when: datetime, actor: str | None = None, **fields) -> None:
        milestone = self.milestones[ref]
        fields = _plain(fields)
        for name, value in fields.items():
            before = getattr(milestone, name)
            self.changes.append(
                Change(Entity.MILESTONE, ref, name, before, value, when, when, Origin.RECORDED, actor)
            )
        self.milestones[ref] = replace(milestone, **fields)

    def tie(self, a: Ref, b: Ref, when: datetime) -> None:
        self.ties.append(TieEdge(a, b, EvidenceKind.LINK, "linked", when))

    def block(self, predecessor: Ref, successor: Ref) -> None:
        self.dependencies.append(Dependency(predecessor, successor))

    def log(
        self,
        issue: Ref,
        author: str,
        started: datetime,
        hours: str | int = 1,
        *,
        id: str | None = None,
        learned: datetime | None = None,
    ) -> str:
        """Work logged on an issue, known from its beginning unless told otherwise; gives its entry's name."""
        ref = Ref(issue.connection, id or f"w{len(self.worklogs)}")
        seconds = int(Decimal(hours) * 3600)
        self.worklogs.append((learned or started, Worklog(ref, issue, author, started, seconds)))
        return f"worklog {ref}"

    def cost(
        self,
        on: str,
        amount: str | int,
        currency: str = "EUR",
        kind: str = "actual",
        *,
        connection: str = "files",
        source: str = "costs.csv",
        id: str | None = None,
        learned: datetime | None = None,
        **fields,
    ) -> str:
        """A cost from a file, known from its day unless told otherwise; gives its entry's name."""
        ref = Ref(connection, id or f"c{len(self.costs)}")
        day, money = date.fromisoformat(on), Money(Decimal(amount), currency)
        cost = Cost(ref, source, CostKind(kind), day, money, **fields)
        self.costs.append((learned or at(day, 0), cost))
        return f"cost {ref}"

    def view(self, when: datetime, known: datetime | None = None) -> StillView:
        return StillView(self, when, known or when)


def _plain(fields: dict) -> dict:
    """Dates may be told as text, sets as any collection."""
    for name in ("start", "due"):
        if isinstance(fields.get(name), str):
            fields[name] = date.fromisoformat(fields[name])
    for name in ("sprints", "labels", "assignees", "components"):
        if name in fields:
            fields[name] = frozenset(fields[name])
    return fields


class StillView:
    """What the product's View answers, over values in memory."""

    def __init__(self, trackers: Trackers, when: datetime, known: datetime) -> None:
        self._trackers = trackers
        self.at = when
        self.known = known
        self._threads: dict[tuple[Ref, str], list[Change]] = {}
        self._believed: dict[tuple[Ref, str], object] = {}
        self._names: dict[Ref, set[str]] = {}
        for change in sorted(trackers.changes, key=lambda change: change.at):
            self._believed.setdefault((change.ref, change.field), change.before)
            self._names.setdefault(change.ref, set()).add(change.field)
            if change.learned <= known:
                self._threads.setdefault((change.ref, change.field), []).append(change)

    def _value(self, ref: Ref, name: str, current: object, when: datetime) -> object:
        thread = self._threads.get((ref, name), [])
        index = bisect_right(thread, when, key=lambda change: change.at)
        if index:
            return thread[index - 1].after
        return self._believed.get((ref, name), current)

    def all_issues(self) -> tuple[Issue, ...]:
        found = []
        for ref, issue in sorted(self._trackers.issues.items()):
            if issue.created is not None and issue.created > self.at:
                continue
            names = self._names.get(ref, ())
            values = {name: self._value(ref, name, getattr(issue, name), self.at) for name in names}
            found.append(replace(issue, **values))
        return tuple(found)

    def issues(self) -> tuple[Issue, ...]:
        return tuple(issue for issue in self.all_issues() if not issue.gone)

    def sprints(self) -> tuple[Sprint, ...]:
        found = []
        for _, sprint in sorted(self._trackers.sprints.items()):
            if sprint.completed is not None and sprint.completed > self.at:
                sprint = replace(sprint, completed=None, state=SprintState.ACTIVE)
            if sprint.start is not None and sprint.start > self.at:
                sprint = replace(sprint, state=SprintState.FUTURE)
            found.append(sprint)
        return tuple(found)

    def milestones(self) -> tuple[Milestone, ...]:
        return tuple(
            replace(
                milestone,
                due=self._value(ref, "due", milestone.due, self.at),
                done=self._value(ref, "done", milestone.done, self.at),
            )
            for ref, milestone in sorted(self._trackers.milestones.items())
        )

    def changes(self, entity: Entity = Entity.ISSUE, fields: object = None) -> tuple[Change, ...]:
        told = sorted(self._trackers.changes, key=lambda change: change.at)
        return tuple(
            change
            for change in told
            if change.entity is entity
            and change.at <= self.at
            and change.learned <= self.known
            and (fields is None or change.field in fields)
        )

    def timeline(self, ref: Ref, name: str) -> tuple[tuple[datetime, object], ...]:
        issue = self._trackers.issues[ref]
        thread = self._threads.get((ref, name), [])
        begin = issue.created or self.history_from(ref)
        entries = [(begin, self._believed.get((ref, name), getattr(issue, name)))]
        for change in thread:
            if change.at <= self.at:
                entries = [entry for entry in entries if entry[0] != change.at]
                entries.append((change.at, change.after))
        return tuple(entries)

    def history_from(self, ref: Ref) -> datetime:
        return self._trackers.issues[ref].created or datetime(2000, 1, 1, tzinfo=UTC)

    def dependencies(self) -> tuple[Dependency, ...]:
        return tuple(self._trackers.dependencies)

    def ties(self) -> tuple[TieEdge, ...]:
        return tuple(edge for edge in self._trackers.ties if edge.learned <= self.known)

    def suggestions(self) -> tuple[TieEdge, ...]:
        return tuple(self._trackers.suggestions)

    def worklogs(self) -> tuple[Worklog, ...]:
        seen = {issue.ref for issue in self.all_issues()}
        told = (log for learned, log in self._trackers.worklogs if learned <= self.known)
        return tuple(log for log in told if log.issue in seen and log.started <= self.at)

    def costs(self) -> tuple[Cost, ...]:
        return tuple(cost for learned, cost in self._trackers.costs if learned <= self.known)

    def accounts(self) -> tuple[Account, ...]:
        return tuple(self._trackers.accounts)

    def sources(self) -> tuple[SourceState, ...]:
        return tuple(self._trackers.sources)

    def earlier(self, when: datetime) -> StillView:
        return StillView(self._trackers, when, self.known)
