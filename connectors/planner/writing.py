"""Editing tasks, creating twins of issues from elsewhere, and finding those whose creation nobody answered.

Planner has conditional writes but takes an old version where nothing overlaps, and a new task gets its text,
marker and link by a second write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Batch
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    SkipIssue,
    SourceStopped,
    Stale,
)
from connectors.payload import decode_record
from connectors.planner.client import Answer, Missing, PlannerClient
from connectors.planner.edits import patch_of, reference, rounded
from connectors.planner.holding import Held, Holding, address_of
from connectors.planner.mapping import Board, instant, ours
from connectors.planner.records import DetailsRecord, TaskRecord
from connectors.planner.settings import PlannerConnection, PlannerSource
from connectors.planner.texts import MARKER, described, key_of_url
from connectors.retry import Retry
from connectors.writing import Candidate, Draft, Edit, Receipt
from model.values import Issue

__all__ = ["Writing"]

_LATE = timedelta(minutes=5)
"""How far back of the first try a search goes: two machines' clocks are compared by whole seconds only, and
Planner's own machines are several."""


class Writing:
    """Writes through one connection. `writer` gives the client that may, on first need."""

    def __init__(
        self,
        settings: PlannerConnection,
        reader: PlannerClient,
        writer: Callable[[], PlannerClient],
        retry: Retry,
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._retry = retry
        self._holdings: dict[str, Holding] = {}

    def fetch(self, source: PlannerSource, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        return self._of(source).fetch(ids, now)

    def _of(self, source: PlannerSource) -> Holding:
        name = source.model_dump_json()
        if name not in self._holdings:
            self._holdings[name] = Holding(self._settings, source, self._reader)
        return self._holdings[name]

    # Editing

    def write(self, source: PlannerSource, edit: Edit, now: datetime) -> Receipt:
        """One request for what stands in the task, one more for its text; what it held is left alone."""
        holding, id = self._of(source), edit.base.ref.id
        held = self._current(holding, edit.base, edit.fields, now)
        patch = patch_of(edit.fields, held.task, held.details, held.board)
        after, notes = held, tuple[str, ...]()
        if patch.task:
            shown = self._send(address_of(id), patch.task, held.task.etag)
            after = self._shown(holding, held, shown, now)
            notes = _merged(held, after, edit.fields)
        if patch.details and held.details is not None:
            try:
                self._send(f"{address_of(id)}/details", patch.details, held.details.etag)
            except ConnectorError as error:
                if not patch.task:
                    raise
                raise OutcomeUnknown(
                    f"{edit.base.key}: a part was written, its text perhaps not: {error} Look at the task."
                ) from error
            after = self._again(holding, id, now)
        holding.tasks[id] = after
        return Receipt(id, (holding.batch(after),), patch.dropped, notes)

    def _current(self, holding: Holding, base: Issue, fields: Collection[str], now: datetime) -> Held:
        """The task as it is. Stale: one of the fields is no longer what the write was decided on."""
        id = base.ref.id
        held = holding.tasks.get(id)
        if held is None or held.task.etag != base.version or not holding.knows(held.board.plan, now):
            holding.tasks.pop(id, None)
            holding.fetch([id], now)
            held = holding.tasks.get(id)
        if held is None:
            raise Stale(f"{base.key} is not shown any more. Read it again.")
        if "body" in fields and held.details is None:
            held = self._with_details(held)
        same = held.task.etag == base.version
        compared = [name for name in fields if name == "body" or not same]
        moved = sorted(name for name in compared if getattr(held.issue, name) != getattr(base, name))
        if moved:
            raise Stale(f"{base.key}: {', '.join(moved)} changed meanwhile. Read it again.")
        return held

    def _with_details(self, held: Held) -> Held:
        """With the details of a task that has nothing in them, for their version; they may lag behind it."""
        address = f"{address_of(held.task.id)}/details"

        def read() -> Answer:
            try:
                return self._reader.get(address)
            except Missing as error:
                raise RetryLater(str(error)) from error

        answer = self._retry.read(read)
        return replace(held, details=answer.as_(DetailsRecord), bodies=(held.bodies[0], answer.body))

    def _send(self, address: str, body: Mapping[str, Any], tag: str) -> Answer:
        try:
            return self._writer().change("PATCH", address, body, tag)
        except Missing as error:
            raise Stale(f"The task is not shown any more ({error}) Read it again.") from error

    def _shown(self, holding: Holding, held: Held, shown: Answer, now: datetime) -> Held:
        """The task as Planner showed it after the write, or read again where its details moved meanwhile."""
        try:
            task = decode_record(shown.body, TaskRecord)
            after = replace(held, task=task, bodies=(shown.body, held.bodies[1]))
            after.understand()
        except (SkipIssue, SourceStopped):
            return self._again(holding, held.task.id, now)
        if task.outline != held.task.outline:
            return self._again(holding, held.task.id, now)
        return after

    def _again(self, holding: Holding, id: str, now: datetime) -> Held:
        """The task as read after a write. OutcomeUnknown: it cannot be, so nobody saw what came of it."""
        holding.tasks.pop(id, None)
        try:
            holding.fetch([id], now)
        except ConnectorError as error:
            raise OutcomeUnknown(f"A task was written and cannot be read again: {error}") from error
        if id not in holding.tasks:
            raise OutcomeUnknown("A task was written and is not shown any more. Look at it in Planner.")
        return holding.tasks[id]

    # Creating

    def create(self, source: PlannerSource, draft: Draft, now: datetime) -> Receipt:
        """A task, then its text, marker and link; that the second write failed is a note, since the task is
        known."""
        holding = self._of(source)
        board = self._board(holding, now)
        blank = TaskRecord(id="new", title="", etag="", bucket_id=self._bucket(board, draft.bucket))
        patch = patch_of(draft.fields, blank, None, board)
        if "title" not in patch.task:
            raise Refused(f"{self._settings.who}: a task needs a title. Give the issue one.")
        made = self._post({"planId": board.plan, "bucketId": blank.bucket_id, **patch.task})
        notes: tuple[str, ...] = ()
        try:
            self._describe(made.id, str(patch.details.get("description", "")), draft)
        except ConnectorError as error:
            notes = (f"its text, marker and link could not be written: {error}",)
        after = self._again(holding, made.id, now)
        return Receipt(made.id, (holding.batch(after),), patch.dropped, notes)

    def _board(self, holding: Holding, now: datetime) -> Board:
        """The one plan that new tasks go into."""
        plans = holding.plans(now)
        if len(plans) != 1:
            raise Refused(
                f'{self._settings.who}: the source "{holding.source.key}" has {len(plans)} plans. Name the '
                "one for new tasks by plan, or by group and title."
            )
        return holding.board(plans[0], now)

    def _bucket(self, board: Board, name: str | None) -> str:
        if not board.buckets:
            raise Refused(f"{self._settings.who}: the plan {board.plan} has no bucket. Make one.")
        if name is None:
            return next((id for id in board.buckets if id not in board.dated), next(iter(board.buckets)))
        for id, one in board.buckets.items():
            if one.casefold() == name.casefold():
                return id
        names = ", ".join(f'"{one}"' for one in board.buckets.values())
        raise Refused(
            f'{self._settings.who}: the plan has no bucket "{name}", only {names}. Name one of them.'
        )

    def _post(self, body: Mapping[str, Any]) -> TaskRecord:
        try:
            answer = self._writer().change("POST", "/planner/tasks", body)
        except Missing as error:
            raise Misconfigured(f"{self._settings.who}: the plan takes no tasks ({error}).") from error
        try:
            return decode_record(answer.body, TaskRecord)
        except (SkipIssue, SourceStopped) as error:
            raise OutcomeUnknown(f"A task was created and its answer cannot be read: {error}") from error

    def _describe(self, id: str, text: str, draft: Draft) -> None:
        """The second write; it says the same each time, so it may be tried again."""
        body: dict[str, Any] = {"description": described(text, [draft.marker])}
        if draft.link is not None:
            body["references"] = {key_of_url(draft.link): reference(draft.link_title or draft.link)}
        address = f"{address_of(id)}/details"

        def attempt() -> None:
            try:
                tag = self._reader.get(address).as_(DetailsRecord).etag
                self._writer().change("PATCH", address, body, tag)
            except (Missing, Stale, OutcomeUnknown) as error:
                raise RetryLater(str(error)) from error

        self._retry.read(attempt)

    # Finding

    def find(
        self, source: PlannerSource, marker: str, title: str, since: datetime, now: datetime
    ) -> tuple[Candidate, ...]:
        """Tasks that our application made since then, those with the marker before those with the title."""
        found: list[Candidate] = []
        holding = self._of(source)
        for plan in holding.plans(now):
            board = holding.board(plan, now)
            tasks = list(self._listed(plan))
            begin = since + self._reader.drift - _LATE
            recent = [task.id for task in tasks if _is_recent(task, board, begin)]
            holding.fetch(recent, now)
            found += [_candidate(holding.tasks[id]) for id in recent if id in holding.tasks]
        wanted = rounded("title", title)
        bearing = [one for one in found if one.marker == marker]
        alike = [one for one in found if one.marker is None and one.issue.title == wanted]
        return tuple(bearing + alike)

    def _listed(self, plan: str) -> Iterator[TaskRecord]:
        for _, page in self._reader.pages(f"/planner/plans/{plan}/tasks"):
            for raw in page.value:
                try:
                    task = decode_record(raw, TaskRecord)
                except SkipIssue:
                    continue  # what cannot be understood is none of ours
                yield task


def _is_recent(task: TaskRecord, board: Board, since: datetime) -> bool:
    """Whether we made the task since then."""
    created = instant(task.created_date_time)
    return created is not None and created >= since and ours(task, board)


def _candidate(held: Held) -> Candidate:
    lines = ((held.details.description if held.details else "") or "").splitlines()
    marker = next((line.strip() for line in lines if MARKER.fullmatch(line.strip())), None)
    return Candidate(held.issue, marker, ours(held.task, held.board))


_COMPARED = ("title", "bucket", "due", "start", "percent", "priority", "assignees", "labels")
_FOLLOWING = {
    "status": {"percent"},
    "sprints": {"bucket"},
    "milestone": {"bucket"},
}


def _merged(before: Held, after: Held, fields: Collection[str]) -> tuple[str, ...]:
    """A note of what somebody changed while we wrote: Planner takes an old version if nothing overlaps."""
    old, new = before.issue, after.issue
    named = set(fields).union(*(_FOLLOWING.get(name, ()) for name in fields))
    others = [n for n in _COMPARED if n not in named and getattr(old, n) != getattr(new, n)]
    return (f"Planner merged it with a change of {', '.join(others)} made meanwhile",) if others else ()
