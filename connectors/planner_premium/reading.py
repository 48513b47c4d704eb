"""Reads a premium plan: its frame in one go, then its tasks page by page, then its links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import AccessRefused, Misconfigured, SkipIssue
from connectors.payload import decode, decode_record
from connectors.planner.cursors import digest, name_walk, read_cursor, write_cursor
from connectors.planner_premium.client import BadRequest, DataverseClient, Missing
from connectors.planner_premium.mapping import Plan, costs_of, issue_of, milestone_of
from connectors.planner_premium.records import Frame, Named, Rows, TaskRow, WhoAmI
from model.values import Cost, Issue, Milestone

__all__ = ["FRAME", "LINKS", "TASKS", "Understood", "frame_batch", "links_batch", "read_frame", "read_tasks"]

FRAME, TASKS, LINKS = "plan", "tasks", "links"

_APART = timedelta(minutes=10)
_MOST_KEPT = 100
_NEEDED = (
    "msdyn_projecttaskid,msdyn_subject,msdyn_description,msdyn_start,msdyn_finish,msdyn_effort,"
    "msdyn_effortcompleted,msdyn_effortremaining,msdyn_progress,msdyn_priority,msdyn_outlinelevel,createdon,"
    "modifiedon,_msdyn_projectbucket_value,_msdyn_parenttask_value"
)
_OPTIONAL = (
    "msdyn_actualstart,msdyn_actualend,msdyn_plannedcost,msdyn_actualcost,msdyn_iscritical,msdyn_ismilestone,"
    "_msdyn_projectsprint_value"
)
"""Columns that an environment may lack: the cost columns come with Project Operations."""
_TABLES = {
    "buckets": "msdyn_projectbuckets?$select=msdyn_projectbucketid,msdyn_name"
    "&$filter=_msdyn_project_value eq {plan}",
    "sprints": "msdyn_projectsprints?$select=msdyn_projectsprintid,msdyn_name,msdyn_startdate,"
    "msdyn_finishdate&$filter=_msdyn_project_value eq {plan}",
    "team": "msdyn_projectteams?$select=_msdyn_bookableresourceid_value,msdyn_name"
    "&$filter=_msdyn_project_value eq {plan}",
    "assignments": "msdyn_resourceassignments?$select=_msdyn_taskid_value,_msdyn_bookableresourceid_value"
    "&$filter=_msdyn_projectid_value eq {plan}",
    "parents": "msdyn_projecttasks?$select=_msdyn_parenttask_value"
    "&$filter=_msdyn_project_value eq {plan} and _msdyn_parenttask_value ne null",
    "links": "msdyn_projecttaskdependencies?$select=_msdyn_predecessortask_value,_msdyn_successortask_value,"
    "msdyn_linktype&$filter=_msdyn_project_value eq {plan}",
}
"""What stands beside a plan's tasks: the part of a Frame -> the rows of that plan."""
_LACKING = re.compile("Could not find a property named")


# The frame


def read_frame(client: DataverseClient, plan: str) -> tuple[Frame, list[str]]:
    """Everything of a plan but its tasks, and notes on what the environment does not show.

    Misconfigured: there is no such plan. AccessRefused: the application may not read it.
    """
    notes: list[str] = []
    try:
        project = client.get(f"msdyn_projects({plan})?$select=msdyn_projectid,msdyn_subject")
    except Missing:
        raise Misconfigured(
            f"There is no premium plan {plan} in this environment. Correct plan in the source; crosstie init "
            "lists the plans."
        ) from None

    tables = {name: _table(client, plan, name, notes) for name in _TABLES}
    frame = Frame(
        organization=decode(client.get("WhoAmI()"), WhoAmI).organization,
        hundred=_counts_to_a_hundred(client, plan),
        project=msgspec.Raw(project),
        **tables,
    )
    return frame, notes


def _table(client: DataverseClient, plan: str, name: str, notes: list[str]) -> list[msgspec.Raw]:
    """A table's pages; one that this environment does not have is empty, with a note."""
    try:
        return [msgspec.Raw(body) for body, _ in client.pages(_TABLES[name].format(plan=plan))]
    except (BadRequest, Missing) as error:
        notes.append(f"This environment has no {name} of tasks as we know them. {error}")
        return []


def _counts_to_a_hundred(client: DataverseClient, plan: str) -> bool:
    """Whether progress goes up to 100 here: environments differ; up to 1, none is more."""
    address = "msdyn_projecttasks?$select=msdyn_projecttaskid&$top=1"
    body = client.get(f"{address}&$filter=_msdyn_project_value eq {plan} and msdyn_progress gt 1")
    return bool(decode(body, Rows).value)


def frame_batch(plan: Plan, now: datetime, raw: tuple[RawPage, ...], notes: Sequence[str] = ()) -> Batch:
    """What a plan's frame says: its sprints and its people."""
    return Batch(
        stream=FRAME,
        cursor=plan.basis,
        complete=True,
        sprints=plan.sprints(now),
        accounts=plan.accounts,
        raw=raw,
        notes=tuple(notes),
    )


def links_batch(plan: Plan, cursor: str | None) -> Batch:
    """What drives what; an issue whose links have all been taken away is named too."""
    now = {link.successor.id for link in plan.links}
    before = set(filter(None, (cursor or "").split(",")))
    return Batch(
        stream=LINKS,
        cursor=",".join(sorted(now)),
        complete=True,
        dependencies=plan.links,
        dependencies_of=frozenset(now | before),
    )


# Tasks


@dataclass(slots=True)
class Understood:
    """What the rows of a page came to."""

    plan: Plan
    issues: list[Issue] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)

    def add(self, row: TaskRow) -> bool:
        """Map a row; whether it could be understood."""
        try:
            issue, costs = issue_of(row, self.plan), list(costs_of(row, self.plan))
            goals = [milestone_of(row, self.plan)] if row.milestone else []
        except (SkipIssue, ValueError) as odd:
            self.park(row.id, str(odd))
            return False
        self.issues.append(issue)
        self.costs += costs
        self.milestones += goals
        return True

    def park(self, id: str, reason: str) -> None:
        self.parked.append(Parked(id, f"task-{id[:8]}", reason))


def read_tasks(client: DataverseClient, plan: Plan, cursor: str | None, now: datetime) -> Iterator[Batch]:
    """The pages that are left of a reading under way, or all pages of a new one."""
    yield from _Reading(client, plan, cursor, now).batches()


class _Reading:
    """One reading of the tasks of one plan, compared row by row with the last one."""

    def __init__(self, client: DataverseClient, plan: Plan, cursor: str | None, now: datetime) -> None:
        self._client = client
        self._plan = plan
        self._now = now
        self._cursor = read_cursor(cursor, plan.basis)
        self._links: set[str] = set()
        if not self._cursor.next:
            name_walk(self._cursor, now, _MOST_KEPT)

    def batches(self) -> Iterator[Batch]:
        body = self._resume() or self._begin()
        while True:
            rows = decode(body, Rows)
            link = rows.next_link or ""
            if link:
                self._client.check(link, self._links)
            yield self._page(body, rows, link)
            if not link:
                return
            body = self._client.get(link)

    def _resume(self) -> bytes | None:
        """The page where a reading was broken off; None: there is none, or its link is too old."""
        if not self._cursor.next:
            return None
        try:
            self._client.check(self._cursor.next, self._links)
            return self._client.get(self._cursor.next)
        except BadRequest:
            self._cursor.known |= self._cursor.met
            self._cursor.met, self._cursor.next, self._links = {}, "", set()
            return None

    def _begin(self) -> bytes:
        """The first page, with the columns that this environment has."""
        where = f"&$filter=_msdyn_project_value eq {self._plan.source.plan}&$orderby=msdyn_projecttaskid"
        if not self._cursor.plain:
            try:
                return self._client.get(f"msdyn_projecttasks?$select={_NEEDED},{_OPTIONAL}{where}")
            except BadRequest as error:
                if _LACKING.search(str(error)) is None:
                    raise
                self._cursor.plain = True
        return self._client.get(f"msdyn_projecttasks?$select={_NEEDED}{where}")

    def _page(self, body: bytes, rows: Rows, link: str) -> Batch:
        cursor, page = self._cursor, Understood(self._plan)
        place = f"{len(cursor.met):06}"
        for raw in rows.value:
            self._row(raw, page)
        cursor.next = link
        keep = bool(page.issues or page.parked) or cursor.walk.startswith("full")
        cursor.stored += keep
        walk, notes = cursor.walk, list[str]()
        costs = self._all_costs() if not link else None
        gone, hidden = (frozenset[str](), frozenset[str]()) if link else self._finish(notes)
        return Batch(
            stream=TASKS,
            cursor=write_cursor(cursor),
            complete=not link,
            issues=tuple(page.issues),
            milestones=tuple(page.milestones),
            costs=tuple(page.costs),
            all_costs=costs,
            gone=gone,
            hidden=hidden,
            parked=tuple(page.parked),
            raw=(RawPage(TASKS, place, body, walk),) if keep else (),
            notes=tuple(notes),
        )

    def _row(self, raw: msgspec.Raw, page: Understood) -> None:
        """Understand a row if it is news; a version is its ETag, what stands beside it, and its costs."""
        row = read_row(raw, page)
        if isinstance(row, str):
            self._meet(row, "")
        elif row is not None:
            version = digest(row.etag) + digest(self._plan.beside(row.id))
            version += "".join(
                sorted(cost.ref.id.rpartition("/")[2][0] for cost in costs_of(row, self._plan))
            )
            if version != self._meet(row.id, version) and not page.add(row):
                self._cursor.met[row.id] = ""

    def _meet(self, id: str, version: str) -> str | None:
        """Note that a task is there; its version at the last reading."""
        before = self._cursor.known.pop(id, self._cursor.met.get(id))
        self._cursor.missing.pop(id, None)
        self._cursor.met[id] = version
        return before

    def _all_costs(self) -> frozenset[str]:
        """The costs of all tasks that are there or stand as they last were, on this page or not."""
        names = {"p": "planned", "a": "actual"}
        bare = 2 * len(digest(""))
        held = {**self._cursor.known, **self._cursor.met}
        return frozenset(f"{id}/{names[c]}" for id, version in held.items() for c in version[bare:])

    # The end of a reading

    def _finish(self, notes: list[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Turn over to the next reading; the ids of tasks that are gone, and of those no longer shown."""
        cursor = self._cursor
        for id in cursor.known:
            cursor.missing.setdefault(id, self._now.isoformat())
        long = [id for id, at in cursor.missing.items() if self._now - datetime.fromisoformat(at) >= _APART]
        gone, hidden = set[str](), set[str]()
        for id in long:
            fate = self._fate(id)
            if fate is not None:
                fate_of = gone if fate == "gone" else hidden
                fate_of.add(id)
                del cursor.missing[id]
        if cursor.missing:
            notes.append(f"{len(cursor.missing)} tasks are not in the list; they stay as they last were.")
        cursor.known, cursor.met, cursor.round = cursor.met, {}, cursor.round + 1
        return frozenset(gone), frozenset(hidden)

    def _fate(self, id: str) -> str | None:
        """What became of a task that two readings missed; None: Dataverse still shows it."""
        try:
            self._client.get(f"msdyn_projecttasks({id})?$select=msdyn_projecttaskid")
        except Missing:
            return "gone"
        except AccessRefused:
            return "hidden"
        return None


def read_row(raw: msgspec.Raw, page: Understood) -> TaskRow | str | None:
    """A row; the id of one that was parked; None: it is none of the plan's tasks.

    Level 0 is the plan itself, which Dataverse keeps among the tasks with the sums of all of them.
    """
    try:
        row = decode_record(raw, TaskRow)
    except SkipIssue as odd:
        try:
            id = decode_record(raw, Named).id
        except SkipIssue:
            id = f"odd-{digest(bytes(raw).hex())}"
        page.park(id, str(odd))
        return id
    return None if row.level == 0 else row
