"""A Dataverse environment that is only state: tables of rows, and the acts that people do on plans in them.

Rows hold the columns as the Web API names them. Every act gives the rows that it touches a new version and
a new `modifiedon`, and sums a summary task's effort and cost from the tasks under it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from sandbox.clock import WorldClock

__all__ = ["KEYS", "Environment", "Row"]

Row = dict[str, Any]

KEYS = {
    "msdyn_projects": "msdyn_projectid",
    "msdyn_projecttasks": "msdyn_projecttaskid",
    "msdyn_projectbuckets": "msdyn_projectbucketid",
    "msdyn_projectsprints": "msdyn_projectsprintid",
    "msdyn_projectteams": "msdyn_projectteamid",
    "msdyn_resourceassignments": "msdyn_resourceassignmentid",
    "msdyn_projecttaskdependencies": "msdyn_projecttaskdependencyid",
}
"""Each table's entity set and the column that is its key."""
_SUMS = (
    "msdyn_effort",
    "msdyn_effortcompleted",
    "msdyn_effortremaining",
    "msdyn_plannedcost",
    "msdyn_actualcost",
)
_LINKS = {"FS": 192350000, "SS": 192350001, "FF": 192350002, "SF": 192350003}
_WORDS = {"F": "Finish", "S": "Start"}


class Environment:
    """One environment. `users` are the applications that are users of it and may read projects.

    `scale` is what a finished task's progress is, which environments differ in. `lacks` are columns that it
    doesn't have. `page` is the most rows of an answer, whatever a client prefers.
    """

    def __init__(
        self, clock: WorldClock, scale: Literal[1, 100] = 1, page: int = 5000, lacks: Iterable[str] = ()
    ) -> None:
        self.clock = clock
        self.id = str(uuid.uuid5(uuid.NAMESPACE_OID, "environment"))
        self.scale = scale
        self.page = page
        self.lacks = frozenset(lacks)
        self.users: set[str] = set()
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in KEYS}
        self._made = 0

    # Plans

    def add_project(self, title: str) -> str:
        id = self._insert("msdyn_projects", msdyn_subject=title)
        self._insert(
            "msdyn_projecttasks",
            **self._bare(id, title, None),
            msdyn_outlinelevel=0,
        )
        return id

    def add_bucket(self, project: str, name: str) -> str:
        return self._insert("msdyn_projectbuckets", msdyn_name=name, _msdyn_project_value=project)

    def add_sprint(self, project: str, name: str, start: date, end: date) -> str:
        return self._insert(
            "msdyn_projectsprints",
            msdyn_name=name,
            msdyn_startdate=_noon(start),
            msdyn_finishdate=_noon(end),
            _msdyn_project_value=project,
        )

    def add_member(self, project: str, name: str) -> str:
        """Put somebody on a plan's team; returns the id of the bookable resource."""
        person = self._new_id()
        self._insert(
            "msdyn_projectteams",
            msdyn_name=name,
            _msdyn_bookableresourceid_value=person,
            _msdyn_project_value=project,
        )
        return person

    # Tasks

    def add_task(self, project: str, title: str, parent: str | None = None, **columns: Any) -> str:
        """Add a task; columns by their names without the prefix, dates as days."""
        level = 1 if parent is None else self._task(parent)["msdyn_outlinelevel"] + 1
        row = {**self._bare(project, title, parent), "msdyn_outlinelevel": level, **self._columns(columns)}
        id = self._insert("msdyn_projecttasks", **row)
        self._sum_up(parent)
        return id

    def edit_task(self, id: str, **columns: Any) -> None:
        row = self._task(id)
        row |= self._columns(columns)
        self._touch(row)
        self._sum_up(row["_msdyn_parenttask_value"])

    def progress(self, id: str, share: float) -> None:
        """Say how much of a task is done, from 0 to 1; a finished one gets its actual end."""
        now = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        row = self._task(id)
        row["msdyn_progress"] = share * self.scale
        row["msdyn_actualstart"] = row["msdyn_actualstart"] or (now if share > 0 else None)
        row["msdyn_actualend"] = now if share == 1 else None
        self._touch(row)

    def delete_task(self, id: str) -> None:
        parent = self._task(id)["_msdyn_parenttask_value"]
        del self.tables["msdyn_projecttasks"][id]
        ends = ("_msdyn_predecessortask_value", "_msdyn_successortask_value")
        self._drop("msdyn_projecttaskdependencies", lambda row: id in (row[ends[0]], row[ends[1]]))
        self._drop("msdyn_resourceassignments", lambda row: row["_msdyn_taskid_value"] == id)
        self._sum_up(parent)

    def assign(self, id: str, person: str) -> None:
        self._insert(
            "msdyn_resourceassignments",
            _msdyn_taskid_value=id,
            _msdyn_bookableresourceid_value=person,
            _msdyn_projectid_value=self._task(id)["_msdyn_project_value"],
        )

    def link(self, predecessor: str, successor: str, type: str = "FS") -> str:
        word = f"{_WORDS[type[0]]}-to-{_WORDS[type[1]]}"
        return self._insert(
            "msdyn_projecttaskdependencies",
            _msdyn_predecessortask_value=predecessor,
            _msdyn_successortask_value=successor,
            msdyn_linktype=_LINKS[type],
            _msdyn_project_value=self._task(successor)["_msdyn_project_value"],
            **{"msdyn_linktype@OData.Community.Display.V1.FormattedValue": word},
        )

    def unlink(self, link: str) -> None:
        del self.tables["msdyn_projecttaskdependencies"][link]

    def tasks_of(self, project: str) -> list[str]:
        """The ids of a plan's tasks, without the row that stands for the plan itself."""
        rows = self.tables["msdyn_projecttasks"].values()
        return [
            row["msdyn_projecttaskid"]
            for row in rows
            if row["_msdyn_project_value"] == project and row["msdyn_outlinelevel"] > 0
        ]

    # Parts of acts

    def _bare(self, project: str, title: str, parent: str | None) -> Row:
        empty = ("description", "start", "finish", "actualstart", "actualend", "plannedcost", "actualcost")
        return {
            "msdyn_subject": title,
            "_msdyn_project_value": project,
            "_msdyn_parenttask_value": parent,
            "_msdyn_projectbucket_value": None,
            "_msdyn_projectsprint_value": None,
            "msdyn_progress": 0.0,
            "msdyn_priority": 5,
            "msdyn_effort": 0.0,
            "msdyn_effortcompleted": 0.0,
            "msdyn_effortremaining": 0.0,
            "msdyn_iscritical": False,
            "msdyn_ismilestone": False,
            **{f"msdyn_{name}": None for name in empty},
        }

    def _columns(self, given: Row) -> Row:
        lookups = {"bucket": "_msdyn_projectbucket_value", "sprint": "_msdyn_projectsprint_value"}
        return {
            lookups.get(name, f"msdyn_{name}"): _noon(value) if isinstance(value, date) else value
            for name, value in given.items()
        }

    def _sum_up(self, parent: str | None) -> None:
        while parent is not None:
            row = self._task(parent)
            rows = self.tables["msdyn_projecttasks"].values()
            under = [one for one in rows if one["_msdyn_parenttask_value"] == parent]
            row |= {name: sum(one[name] or 0.0 for one in under) for name in _SUMS}
            self._touch(row)
            parent = row["_msdyn_parenttask_value"]

    def _insert(self, table: str, **columns: Any) -> str:
        id = self._new_id()
        row: Row = {"@odata.etag": "", KEYS[table]: id, "createdon": self._now(), **columns}
        self._touch(row)
        self.tables[table][id] = row
        return id

    def _touch(self, row: Row) -> None:
        self._made += 1
        row["@odata.etag"] = f'W/"{4_000_000 + self._made}"'
        row["modifiedon"] = self._now()

    def _drop(self, table: str, which: Any) -> None:
        self.tables[table] = {id: row for id, row in self.tables[table].items() if not which(row)}

    def _task(self, id: str) -> Row:
        return self.tables["msdyn_projecttasks"][id]

    def _now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _new_id(self) -> str:
        self._made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.id}/{self._made}"))


def _noon(day: date) -> str:
    return day.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(day, datetime) else f"{day.isoformat()}T12:00:00Z"
