"""Rows of Dataverse as far as we read them, and which of their columns an environment may lack."""

from __future__ import annotations

from typing import Annotated

import msgspec

__all__ = [
    "AssignmentRow",
    "BucketRow",
    "Frame",
    "LinkRow",
    "Named",
    "ParentRow",
    "ProjectRow",
    "Rows",
    "SprintRow",
    "TaskRow",
    "TeamRow",
    "WhoAmI",
]

Guid = Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
"""An id stands in addresses, so nothing that could lead elsewhere is taken for one."""


class _Row(msgspec.Struct, frozen=True):
    pass


class Rows(_Row, frozen=True):
    """A page of any table: its rows undecoded, so that an odd one costs itself only."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class WhoAmI(_Row, frozen=True):
    user: str = msgspec.field(name="UserId", default="")
    organization: str = msgspec.field(name="OrganizationId", default="")


class ProjectRow(_Row, frozen=True):
    id: Guid = msgspec.field(name="msdyn_projectid")
    title: str | None = msgspec.field(name="msdyn_subject", default=None)


class BucketRow(_Row, frozen=True):
    id: Guid = msgspec.field(name="msdyn_projectbucketid")
    name: str | None = msgspec.field(name="msdyn_name", default=None)


class SprintRow(_Row, frozen=True):
    id: Guid = msgspec.field(name="msdyn_projectsprintid")
    name: str | None = msgspec.field(name="msdyn_name", default=None)
    start: str | None = msgspec.field(name="msdyn_startdate", default=None)
    end: str | None = msgspec.field(name="msdyn_finishdate", default=None)


class TeamRow(_Row, frozen=True):
    """Somebody of the plan's team."""

    person: str | None = msgspec.field(name="_msdyn_bookableresourceid_value", default=None)
    name: str | None = msgspec.field(name="msdyn_name", default=None)


class AssignmentRow(_Row, frozen=True):
    task: str | None = msgspec.field(name="_msdyn_taskid_value", default=None)
    person: str | None = msgspec.field(name="_msdyn_bookableresourceid_value", default=None)


class ParentRow(_Row, frozen=True):
    """A task that stands under another one."""

    parent: str | None = msgspec.field(name="_msdyn_parenttask_value", default=None)


class LinkRow(_Row, frozen=True):
    """`word` is the link's type as people read it, in the application user's language."""

    predecessor: Guid = msgspec.field(name="_msdyn_predecessortask_value")
    successor: Guid = msgspec.field(name="_msdyn_successortask_value")
    type: int | None = msgspec.field(name="msdyn_linktype", default=None)
    word: str | None = msgspec.field(
        name="msdyn_linktype@OData.Community.Display.V1.FormattedValue", default=None
    )


class Named(_Row, frozen=True):
    """The little that is needed to name a row that cannot be understood."""

    id: Guid = msgspec.field(name="msdyn_projecttaskid")


class TaskRow(_Row, frozen=True):
    """A task. Efforts are hours, costs are in the project's currency."""

    id: Guid = msgspec.field(name="msdyn_projecttaskid")
    title: str = msgspec.field(name="msdyn_subject")
    etag: str = msgspec.field(name="@odata.etag")
    description: str | None = msgspec.field(name="msdyn_description", default=None)
    start: str | None = msgspec.field(name="msdyn_start", default=None)
    finish: str | None = msgspec.field(name="msdyn_finish", default=None)
    actual_start: str | None = msgspec.field(name="msdyn_actualstart", default=None)
    actual_end: str | None = msgspec.field(name="msdyn_actualend", default=None)
    created: str | None = msgspec.field(name="createdon", default=None)
    modified: str | None = msgspec.field(name="modifiedon", default=None)
    effort: float | None = msgspec.field(name="msdyn_effort", default=None)
    effort_completed: float | None = msgspec.field(name="msdyn_effortcompleted", default=None)
    effort_remaining: float | None = msgspec.field(name="msdyn_effortremaining", default=None)
    progress: float | None = msgspec.field(name="msdyn_progress", default=None)
    priority: int | None = msgspec.field(name="msdyn_priority", default=None)
    planned_cost: float | None = msgspec.field(name="msdyn_plannedcost", default=None)
    actual_cost: float | None = msgspec.field(name="msdyn_actualcost", default=None)
    critical: bool | None = msgspec.field(name="msdyn_iscritical", default=None)
    milestone: bool | None = msgspec.field(name="msdyn_ismilestone", default=None)
    level: int | None = msgspec.field(name="msdyn_outlinelevel", default=None)
    bucket: str | None = msgspec.field(name="_msdyn_projectbucket_value", default=None)
    parent: str | None = msgspec.field(name="_msdyn_parenttask_value", default=None)
    sprint: str | None = msgspec.field(name="_msdyn_projectsprint_value", default=None)


class Frame(_Row, frozen=True):
    """Everything of a plan but its tasks, each table as the pages that held it.

    `hundred`: progress goes up to 100 in this plan, else up to 1.
    """

    organization: str
    hundred: bool
    project: msgspec.Raw
    buckets: list[msgspec.Raw] = []
    sprints: list[msgspec.Raw] = []
    team: list[msgspec.Raw] = []
    assignments: list[msgspec.Raw] = []
    parents: list[msgspec.Raw] = []
    links: list[msgspec.Raw] = []
