"""Tasks read by their ids: what a write is decided on, and how hints become facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import ConnectorError, SkipIssue
from connectors.payload import decode_record
from connectors.planner.client import PlannerClient, Reply
from connectors.planner.mapping import Board, completion, issue_of
from connectors.planner.pages import Streams, plan_of, read_details, with_details
from connectors.planner.plans import (
    Frame,
    board_of,
    frame_from,
    parts_of,
    plans_of,
    read_frames,
    refused_plan,
)
from connectors.planner.pulling import frame_batch
from connectors.planner.records import TASK_ID, DetailsRecord, TaskRecord
from connectors.planner.settings import PlannerConnection, PlannerSource
from model.values import Issue

__all__ = ["Held", "Holding", "address_of"]

_FRESH = timedelta(minutes=5)
"""For how long a plan's names are believed: a run writes many tasks of one plan."""
_WALK = "fetched"


@dataclass(frozen=True, slots=True)
class _Plan:
    """A plan's frame as read at an instant, and what its tasks refer to."""

    frame: Frame
    board: Board
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A task as last read, with its details (None: it has nothing in them) and both as received."""

    task: TaskRecord
    details: DetailsRecord | None
    bodies: tuple[bytes, bytes | None]
    board: Board

    @property
    def issue(self) -> Issue:
        return issue_of(self.task, self.details, self.board)

    def understand(self) -> None:
        """SkipIssue: something in it cannot be read."""
        issue_of(self.task, self.details, self.board)
        completion(self.task, self.board)


class Holding:
    """The tasks of one source that were read one by one, and the plans that they are in."""

    def __init__(self, settings: PlannerConnection, source: PlannerSource, reader: PlannerClient) -> None:
        self.source = source
        self.tasks: dict[str, Held] = {}
        self._settings = settings
        self._reader = reader
        self._plans: dict[str, _Plan] = {}
        self._members: tuple[datetime, tuple[str, ...]] | None = None

    def fetch(self, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        """The tasks and their details, twenty reads in a request, with the frames of plans not known yet."""
        if not ids:
            return ()
        wanted = sorted(id for id in set(ids) if TASK_ID.fullmatch(id))
        one = self.source.plan
        unread = [one] if one is not None and not self.knows(one, now) else []
        replies: dict[str, Reply] = {}
        parts = [part for plan in unread for part in parts_of(plan)]
        for some in self._reader.each([*parts, *_addresses(wanted)]):
            replies |= some
        for plan in unread:
            self._learn(plan, frame_from(self._reader, plan, replies), now)
        plans = self.plans(now)
        places = {id: plan for id in wanted if (plan := _place(replies[address_of(id)])) in plans}
        met = sorted({plan for plan in places.values() if not self.knows(plan, now)})
        for plan, frame in read_frames(self._reader, met).items():
            self._learn(plan, frame, now)
        frames = [self._frame_batch(plan, now) for plan in (*unread, *met)]
        return (*frames, *self._told(places, replies), *self._hidden(frozenset(ids) - places.keys()))

    def knows(self, plan: str, now: datetime) -> bool:
        """Whether a plan's names were read lately."""
        held = self._plans.get(plan)
        return held is not None and now - held.at < _FRESH

    def plans(self, now: datetime) -> tuple[str, ...]:
        """The plans of the source."""
        if self.source.plan is not None:
            return (self.source.plan,)
        if self._members is None or now - self._members[0] >= _FRESH:
            self._members = now, tuple(plans_of(self._reader, self._settings.name, self.source))
        return self._members[1]

    def board(self, plan: str, now: datetime) -> Board:
        """What a plan's tasks refer to. The errors of a plan that cannot be read pass."""
        if not self.knows(plan, now):
            self._learn(plan, read_frames(self._reader, [plan])[plan], now)
        return self._plans[plan].board

    def batch(self, held: Held) -> Batch:
        """What one task says; recorded, it leaves what a pull would."""
        return self._batch(held.board.plan, [held], [])

    def _learn(self, plan: str, frame: Frame | ConnectorError, now: datetime) -> None:
        if isinstance(frame, ConnectorError):
            raise refused_plan(self._settings.name, plan, frame)
        self._plans[plan] = _Plan(frame, board_of(frame, self._settings, self.source)[0], now)

    def _streams(self, plan: str) -> Streams:
        return Streams() if self.source.plan is not None else Streams.of(plan)

    def _frame_batch(self, plan: str, now: datetime) -> Batch:
        held, stream = self._plans[plan], self._streams(plan).frame
        raw = RawPage(stream, "0", msgspec.json.encode(held.frame), "full")
        return replace(frame_batch(held.board, now, stream, "", (raw,)), complete=False)

    def _told(self, places: Mapping[str, str], replies: Mapping[str, Reply]) -> Iterator[Batch]:
        """A batch for each plan that has some of the tasks."""
        for plan in sorted(set(places.values())):
            several: list[Held] = []
            odd: list[Parked] = []
            for id in (id for id, where in places.items() if where == plan):
                held = _held(id, replies, self._plans[plan].board)
                if isinstance(held, Held):
                    self.tasks[id] = held
                    several.append(held)
                else:
                    odd.append(Parked(id, f"task-{id[:8]}", str(held)))
            yield self._batch(plan, several, odd)

    def _hidden(self, ids: frozenset[str]) -> Iterator[Batch]:
        """What is not shown: Planner's 404 does not tell what was deleted from what we may not see."""
        if ids:
            yield Batch(Streams().tasks, "", complete=False, hidden=ids)

    def _batch(self, plan: str, several: Sequence[Held], odd: Sequence[Parked]) -> Batch:
        stream = self._streams(plan).tasks
        return Batch(
            stream,
            "",
            complete=False,
            issues=tuple(held.issue for held in several),
            events=tuple(event for held in several for event in completion(held.task, held.board)),
            parked=tuple(odd),
            raw=tuple(RawPage(stream, held.task.id, _page(held), _WALK) for held in several),
        )


def address_of(id: str) -> str:
    return f"/planner/tasks/{id}"


def _addresses(ids: Sequence[str]) -> list[str]:
    return [f"{address_of(id)}{part}" for id in ids for part in ("", "/details")]


def _place(reply: Reply) -> str:
    """The plan that a task is in; "": the task is not shown."""
    return (plan_of(reply) or "") if reply.status == 200 else ""


def _held(id: str, replies: Mapping[str, Reply], board: Board) -> Held | SkipIssue:
    """The task as read, or why it cannot be understood."""
    reply, more = replies[address_of(id)], replies[f"{address_of(id)}/details"]
    try:
        task = decode_record(reply.body, TaskRecord)
        if more.status != 200 and not task.says_more:
            held = Held(task, None, (bytes(reply.body), None), board)
        else:
            details = read_details(more, task)
            if isinstance(details, SkipIssue):
                return details
            held = Held(task, details, (bytes(reply.body), bytes(more.body)), board)
        held.understand()
    except SkipIssue as odd:
        return odd
    return held


def _page(held: Held) -> bytes:
    """The task and its details as a stored page of a list."""
    task, details = held.bodies
    return with_details(b'{"value":[' + task + b"]}", [details] if details else [])
