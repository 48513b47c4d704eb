"""A page of tasks on its way from Graph's words to a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from connectors.base import Parked, RawPage
from connectors.errors import SkipIssue
from connectors.payload import decode_record
from connectors.planner.client import Answer, Reply
from connectors.planner.records import DetailsRecord, Named, PlacedRecord, TaskRecord
from model.values import Event, Issue

__all__ = ["Listed", "Page", "Streams", "id_of", "plan_of", "read_details", "with_details"]


@dataclass(frozen=True, slots=True)
class Streams:
    """What a plan's streams are called: a source of several plans has them once for each."""

    frame: str = "plan"
    tasks: str = "tasks"
    history: str = "history"

    @classmethod
    def of(cls, plan: str) -> Streams:
        return cls(f"plan {plan}", f"tasks {plan}", f"history {plan}")


@dataclass(slots=True)
class Listed:
    """A page of the list, understood as far as the list goes; `link` leads to the next one."""

    answer: Answer
    tasks: list[TaskRecord] = field(default_factory=list)
    odd: list[tuple[str | None, SkipIssue, msgspec.Raw]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    link: str = ""


@dataclass(slots=True)
class Page:
    """What one page of tasks came to."""

    issues: list[Issue] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    raw: list[RawPage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def with_details(page: bytes, details: Sequence[bytes]) -> bytes:
    """A page of the list and the details that were fetched for it as one document: a Kept."""
    return b'{"list":' + page + b',"details":[' + b",".join(details) + b"]}"


def read_details(reply: Reply | None, task: TaskRecord) -> DetailsRecord | SkipIssue | None:
    """A task's details, or why the task has to be set aside until the next reading."""
    if reply is None:
        return task.details
    if reply.status != 200:
        return SkipIssue(f"Its details cannot be read: Planner answered with status {reply.status}")
    try:
        return decode_record(reply.body, DetailsRecord)
    except SkipIssue as odd:
        return odd


def plan_of(reply: Reply) -> str | None:
    try:
        return decode_record(reply.body, PlacedRecord).plan_id
    except SkipIssue:
        return None


def id_of(raw: msgspec.Raw) -> str | None:
    """The id of a record that cannot be understood; None: not even that can."""
    try:
        return decode_record(raw, Named).id
    except SkipIssue:
        return None
