"""What a Jira site comes with: statuses, issue types, priorities, and the list of its fields.

Names are not unique: "Start date" and "Story Points" exist twice, once for everybody and once inside a
team-managed project, as on any site that has grown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

__all__ = [
    "CATEGORIES",
    "DONE",
    "EPIC_LINK",
    "FIELDS",
    "ISSUE_TYPES",
    "POINTS",
    "PRIORITIES",
    "RANK",
    "RESOLUTIONS",
    "SPRINT",
    "START",
    "STATUSES",
    "TEAM_POINTS",
    "WONT_DO",
    "Category",
    "Field",
    "IssueType",
    "Named",
    "Status",
    "called",
    "scoped_fields",
]


@dataclass(frozen=True, slots=True)
class Named:
    """Anything Jira knows by an id and a name: a priority, a resolution, a component."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Category:
    id: int
    key: str
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Status:
    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True)
class IssueType:
    id: str
    name: str
    level: int


@dataclass(frozen=True, slots=True)
class Field:
    """One row of GET /field. `project` is the id of the team-managed project it is confined to."""

    id: str
    name: str
    type: str
    custom: str | None = None
    items: str | None = None
    clauses: tuple[str, ...] = ()
    project: str | None = None


CATEGORIES = {
    row.key: row
    for row in (
        Category(1, "undefined", "No Category", "medium-gray"),
        Category(2, "new", "To Do", "blue-gray"),
        Category(4, "indeterminate", "In Progress", "yellow"),
        Category(3, "done", "Done", "green"),
    )
}

STATUSES = (
    Status("10000", "Backlog", "new"),
    Status("10001", "To Do", "new"),
    Status("3", "In Progress", "indeterminate"),
    Status("10002", "In Review", "indeterminate"),
    Status("10003", "Blocked", "indeterminate"),
    Status("10004", "Done", "done"),
    Status("10005", "Cancelled", "done"),
)

DONE = Named("10000", "Done")
WONT_DO = Named("10001", "Won't Do")
RESOLUTIONS = (DONE, WONT_DO, Named("10002", "Duplicate"))

ISSUE_TYPES = (
    IssueType("10000", "Epic", 1),
    IssueType("10001", "Story", 0),
    IssueType("10002", "Task", 0),
    IssueType("10004", "Bug", 0),
    IssueType("10003", "Sub-task", -1),
)

PRIORITIES = tuple(
    Named(str(i), name) for i, name in enumerate(("Highest", "High", "Medium", "Low"), start=1)
)

EPIC_LINK = "customfield_10014"
START = "customfield_10015"
TEAM_POINTS = "customfield_10016"
RANK = "customfield_10019"
SPRINT = "customfield_10020"
POINTS = "customfield_10028"

_KINDS = "com.atlassian.jira.plugin.system.customfieldtypes"
_AGILE = "com.pyxis.greenhopper.jira"

FIELDS = (
    Field("statuscategorychangedate", "Status Category Changed", "datetime"),
    Field("issuetype", "Issue Type", "issuetype", clauses=("issuetype", "type")),
    Field("parent", "Parent", "issuelink", clauses=("parent",)),
    Field("timespent", "Time Spent", "number"),
    Field("project", "Project", "project", clauses=("project",)),
    Field("fixVersions", "Fix versions", "array", items="version", clauses=("fixVersion",)),
    Field("resolution", "Resolution", "resolution", clauses=("resolution",)),
    Field("security", "Security Level", "securitylevel", clauses=("level",)),
    Field("resolutiondate", "Resolved", "datetime", clauses=("resolutiondate", "resolved")),
    Field("created", "Created", "datetime", clauses=("created", "createdDate")),
    Field("updated", "Updated", "datetime", clauses=("updated", "updatedDate")),
    Field("priority", "Priority", "priority", clauses=("priority",)),
    Field("labels", "Labels", "array", items="string", clauses=("labels",)),
    Field("timeestimate", "Remaining Estimate", "number", clauses=("remainingEstimate",)),
    Field("timeoriginalestimate", "Original estimate", "number", clauses=("originalEstimate",)),
    Field("assignee", "Assignee", "user", clauses=("assignee",)),
    Field("reporter", "Reporter", "user", clauses=("reporter",)),
    Field("creator", "Creator", "user", clauses=("creator",)),
    Field("status", "Status", "status", clauses=("status",)),
    Field("components", "Components", "array", items="component", clauses=("component",)),
    Field("issuelinks", "Linked Issues", "array", items="issuelinks"),
    Field("description", "Description", "string", clauses=("description",)),
    Field("summary", "Summary", "string", clauses=("summary",)),
    Field("duedate", "Due date", "date", clauses=("due", "duedate")),
    Field("timetracking", "Time tracking", "timetracking"),
    Field("worklog", "Log Work", "array", items="worklog"),
    Field("comment", "Comment", "comments-page", clauses=("comment",)),
    Field(EPIC_LINK, "Epic Link", "any", custom=f"{_AGILE}:gh-epic-link"),
    Field(START, "Start date", "date", custom=f"{_KINDS}:datepicker"),
    Field(TEAM_POINTS, "Story point estimate", "number", custom=f"{_AGILE}:jsw-story-points"),
    Field(RANK, "Rank", "any", custom=f"{_AGILE}:gh-lexo-rank"),
    Field(SPRINT, "Sprint", "array", items="json", custom=f"{_AGILE}:gh-sprint"),
    Field(POINTS, "Story Points", "number", custom=f"{_KINDS}:float"),
)


_Row = TypeVar("_Row", Status, IssueType, Named)


def scoped_fields(project: str, first: int) -> tuple[Field, Field]:
    """The two fields that a team-managed project brings along under names that are already taken."""
    return (
        Field(f"customfield_{first}", "Start date", "date", custom=f"{_KINDS}:datepicker", project=project),
        Field(
            f"customfield_{first + 1}", "Story Points", "number", custom=f"{_KINDS}:float", project=project
        ),
    )


def called(rows: tuple[_Row, ...], name: str) -> _Row:
    """The row with this name. ValueError: none has it, naming those that exist."""
    for row in rows:
        if row.name == name:
            return row
    raise ValueError(f"there is no {name!r}; there are {', '.join(row.name for row in rows)}")
