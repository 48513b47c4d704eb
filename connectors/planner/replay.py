"""What stored pages say through today's mapping and settings, without a request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue, SourceStopped
from connectors.payload import decode, decode_record
from connectors.planner.changes import replayed
from connectors.planner.mapping import Board, completion, issue_of
from connectors.planner.pages import Streams
from connectors.planner.plans import Frame, board_of
from connectors.planner.pulling import frame_batch
from connectors.planner.records import DetailsRecord, Kept, TaskRecord
from connectors.planner.settings import PlannerConnection, PlannerSource
from model.values import Event, Issue

__all__ = ["replay"]


def replay(
    connection: PlannerConnection, source: PlannerSource, pages: Iterable[RawPage], now: datetime
) -> Iterator[Batch]:
    """Each plan's newest frame, then its pages of tasks in the order received."""
    frames: dict[str, RawPage] = {}
    lists: dict[str, list[RawPage]] = defaultdict(list)
    histories: dict[str, list[RawPage]] = defaultdict(list)
    for page in pages:
        kind, _, plan = page.stream.partition(" ")
        if kind == Streams().frame:
            frames[plan] = page
        elif kind == Streams().tasks:
            lists[plan].append(page)
        elif kind == Streams().history:
            histories[plan].append(page)
    for plan, page in frames.items():
        notes: list[str] = []
        try:
            board, _ = board_of(decode(page.body, Frame), connection, source, notes)
        except SourceStopped as error:
            yield Batch(page.stream, "", complete=True, notes=(f"A stored page was left out: {error}",))
            continue
        yield frame_batch(board, now, page.stream, "", (), notes)
        streams = Streams.of(plan) if plan else Streams()
        for one in histories[plan]:
            yield _history(one, board)
        yield from _Tasks(board, streams.tasks).batches(lists.pop(plan, []))
    for rest in lists.values():
        note = "Stored pages of tasks were left out, because their plan's own page is no longer kept."
        yield Batch(rest[0].stream, "", complete=True, notes=(f"{note} The next pull keeps it again.",))


def _history(page: RawPage, board: Board) -> Batch:
    try:
        return Batch(page.stream, "", complete=True, events=replayed(page.body, board))
    except SourceStopped as error:
        return Batch(page.stream, "", complete=True, notes=(f"A stored page was left out: {error}",))


class _Tasks:
    """The tasks of one plan; `details` holds the newest of each task that earlier pages brought."""

    def __init__(self, board: Board, stream: str) -> None:
        self._board = board
        self._stream = stream
        self._details: dict[str, DetailsRecord] = {}

    def batches(self, pages: Sequence[RawPage]) -> Iterator[Batch]:
        for number, page in enumerate(pages, 1):
            complete = number == len(pages)
            try:
                kept = decode(page.body, Kept)
            except SourceStopped as error:
                notes = (f"A stored page was left out: {error}",)
                yield Batch(self._stream, "", complete=complete, notes=notes)
                continue
            self._learn(kept)
            yield self._batch(kept.page.value if kept.page else kept.value, complete)

    def _learn(self, kept: Kept) -> None:
        for raw in kept.details:
            try:
                details = decode_record(raw, DetailsRecord)
            except SkipIssue:
                continue
            self._details[details.id] = details

    def _batch(self, records: Sequence[msgspec.Raw], complete: bool) -> Batch:
        issues: list[Issue] = []
        events: list[Event] = []
        parked: list[Parked] = []
        bare = 0
        for raw in records:
            try:
                task = decode_record(raw, TaskRecord)
            except SkipIssue:
                continue  # it was parked when it came, and stays so until it comes whole
            details = task.details or self._details.get(task.id)
            if task.says_more and details is None:
                bare += 1
                continue
            try:
                issues.append(issue_of(task, details, self._board))
                events += completion(task, self._board)
            except SkipIssue as odd:
                parked.append(Parked(task.id, f"task-{task.id[:8]}", str(odd)))
        notes = (f"{bare} tasks whose details are no longer kept were left as they are.",) if bare else ()
        return Batch(
            self._stream,
            "",
            complete=complete,
            issues=tuple(issues),
            events=tuple(events),
            parked=tuple(parked),
            notes=notes,
        )
