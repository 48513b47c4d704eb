"""Microsoft Graph's Planner JSON as typed structs; keys that are not read are ignored."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

__all__ = [
    "TASK_ID",
    "BucketRecord",
    "CategoriesRecord",
    "Collection",
    "DetailsRecord",
    "GroupRecord",
    "HistoryRecord",
    "IdentityRecord",
    "IdentitySet",
    "Kept",
    "Named",
    "PersonRecord",
    "PlacedRecord",
    "PlanRecord",
    "TaskRecord",
]


Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
TaskId = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
"""An id stands in addresses, so nothing that could lead elsewhere is taken for one."""
TASK_ID = re.compile("[A-Za-z0-9_-]{1,64}")


class _Record(msgspec.Struct, rename="camel", frozen=True):
    pass


class Collection(msgspec.Struct, frozen=True):
    """A page of any list: its records undecoded, so that an odd one costs itself only."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class Kept(msgspec.Struct, frozen=True):
    """A stored page of tasks: as Graph sent it, or beside the details that were fetched for it."""

    value: list[msgspec.Raw] = []
    page: Collection | None = msgspec.field(name="list", default=None)
    details: list[msgspec.Raw] = []


class Named(_Record, frozen=True):
    """The little that is needed to name a record that cannot be understood."""

    id: TaskId


class IdentityRecord(_Record, frozen=True):
    id: str | None = None


class IdentitySet(_Record, frozen=True):
    """Who did something: a person, or an application alone."""

    user: IdentityRecord | None = None
    application: IdentityRecord | None = None


class ContainerRecord(_Record, frozen=True):
    container_id: str | None = None
    type: str | None = None


class PlanRecord(_Record, frozen=True):
    id: str
    title: str
    container: ContainerRecord | None = None


class CategoriesRecord(_Record, frozen=True):
    """A plan's details: what its 25 label slots are called; a slot without a name is null."""

    category_descriptions: dict[str, str | None] | None = None


class BucketRecord(_Record, frozen=True):
    id: str
    name: str


class DetailsRecord(_Record, frozen=True):
    """A task's details, which have the task's id and an ETag of their own."""

    id: str = ""
    etag: str = msgspec.field(name="@odata.etag", default="")
    description: str | None = None
    references: dict[str, Any] | None = None
    checklist: dict[str, Any] | None = None


class PlacedRecord(_Record, frozen=True):
    """Which plan a task is in now."""

    plan_id: str | None = None


class TaskRecord(_Record, frozen=True):
    """A task; `details` only where the list was asked to expand them and did."""

    id: TaskId
    title: str
    etag: str = msgspec.field(name="@odata.etag")
    bucket_id: str | None = None
    percent_complete: Percent = 0
    priority: int = 5
    start_date_time: str | None = None
    due_date_time: str | None = None
    created_date_time: str | None = None
    completed_date_time: str | None = None
    created_by: IdentitySet | None = None
    completed_by: IdentitySet | None = None
    has_description: bool = False
    reference_count: int = 0
    checklist_item_count: int = 0
    active_checklist_item_count: int = 0
    applied_categories: dict[str, Any] | None = None
    assignments: dict[str, Any] | None = None
    details: DetailsRecord | None = None

    @property
    def says_more(self) -> bool:
        """Whether its details hold something that we read."""
        return self.has_description or self.reference_count > 0 or self.checklist_item_count > 0

    @property
    def outline(self) -> tuple[bool, int, int, int]:
        """What the task itself shows of its details."""
        return (
            self.has_description,
            self.reference_count,
            self.checklist_item_count,
            self.active_checklist_item_count,
        )


class HistoryRecord(_Record, frozen=True):
    """Something that happened to a task, with the task before and after as far as Graph tells."""

    id: str
    entity_id: TaskId
    occurred_date_time: str
    actor: IdentitySet | None = None
    old_data: dict[str, Any] | None = None
    new_data: dict[str, Any] | None = None


class PersonRecord(_Record, frozen=True):
    id: str
    display_name: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None


class GroupRecord(_Record, frozen=True):
    id: str
    display_name: str | None = None
