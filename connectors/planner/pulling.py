"""One pull of one source: the frame of each of its plans, then the tasks, plan after plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from config.problems import nearest
from connectors.base import HELD, Batch, RawPage
from connectors.errors import AccessRefused, ConnectorError
from connectors.planner.changes import history_batches
from connectors.planner.client import BadRequest, Missing, PlannerClient
from connectors.planner.cursors import TaskCursor, write_cursor
from connectors.planner.mapping import Board, milestones, sprints
from connectors.planner.pages import Streams
from connectors.planner.pipeline import Pipeline
from connectors.planner.plans import Frame, board_of
from connectors.planner.reading import Reading
from connectors.planner.settings import PlannerConnection, PlannerSource

__all__ = ["Pulling", "about_names", "frame_batch"]

_APART = timedelta(minutes=10)
_READING = frozenset({"Tasks.Read.All", "Tasks.ReadWrite.All"})


class Pulling:
    """What the plans of a source share in one pull."""

    def __init__(
        self,
        client: PlannerClient,
        connection: PlannerConnection,
        source: PlannerSource,
        cursors: Mapping[str, str],
        now: datetime,
    ) -> None:
        self._client = client
        self._connection = connection
        self._source = source
        self._cursors = cursors
        self._now = now
        self._pipeline = Pipeline(client)

    def batches(self, frames: Mapping[str, Frame | ConnectorError]) -> Iterator[Batch]:
        """Every plan that can be read; those that cannot, and those that are no longer listed, as lost."""
        lost = {id: frame for id, frame in frames.items() if isinstance(frame, ConnectorError)}
        lost |= {id: _unlisted(id) for id in self._known_before() if id not in frames}
        yield from self.lost(lost)
        readings = self._readings({id: one for id, one in frames.items() if isinstance(one, Frame)})
        following = next(readings, None)
        while following is not None:
            frame, reading = following
            following = next(readings, None)
            reading.follower = following[1] if following is not None else None
            yield frame
            if self._connection.beta:
                stream = reading.streams.history
                cursor = self._cursors.get(stream)
                yield from history_batches(self._client, reading.board, cursor, stream, self._now)
            yield from self._whole(reading)

    def _whole(self, reading: Reading) -> Iterator[Batch]:
        """A plan's tasks; a plan that is refused in the midst of several does not stop the others."""
        try:
            yield from reading.batches()
        except (AccessRefused, Missing, BadRequest) as error:
            if self._source.plan is not None:
                raise
            yield from self.lost({reading.plan: error})

    def _readings(self, frames: Mapping[str, Frame]) -> Iterator[tuple[Batch, Reading]]:
        for id, frame in frames.items():
            notes: list[str] = []
            board, basis = board_of(frame, self._connection, self._source, notes)
            streams = self._streams(id)
            reading = Reading(
                self._client,
                self._pipeline,
                board,
                basis,
                self._cursors.get(streams.tasks) or self._remembering(basis),
                self._now,
                streams,
                frozenset(frames),
            )
            raw = RawPage(streams.frame, "0", msgspec.json.encode(frame), "full")
            yield frame_batch(board, self._now, streams.frame, basis, (raw,), notes), reading

    def lost(self, plans: Mapping[str, ConnectorError]) -> Iterator[Batch]:
        """Plans that can no longer be read: their tasks are hidden by the second pull that meets this.

        Graph does not tell a deleted plan from one that we may not see, so nothing of it is ever gone. Where
        the application has lost the right to read at all, that is what the pull fails with, and no more.
        """
        if plans and not self._may_read():
            return
        for id, error in plans.items():
            streams = self._streams(id)
            cursor = _read(self._cursors.get(streams.tasks))
            ids = frozenset(cursor.known) | frozenset(cursor.met) | frozenset(cursor.missing)
            if not ids:
                continue
            cursor.lost = cursor.lost or self._now.isoformat()
            hidden: frozenset[str] = frozenset()
            if self._now - datetime.fromisoformat(cursor.lost) >= _APART:
                hidden = ids
                cursor = TaskCursor(plain=cursor.plain)
            note = f"Plan {id} can no longer be read; its {len(ids)} tasks stay as they last were. {error}"
            yield Batch(streams.tasks, write_cursor(cursor), complete=True, hidden=hidden, notes=(note,))

    def _remembering(self, basis: str) -> str | None:
        """A new reading's cursor that knows the tasks held from before, so that it misses the deleted ones.

        Of a group's plans it is not known which one a task was in.
        """
        held = self._cursors.get(HELD)
        if held is None or self._source.plan is None:
            return None
        known = dict.fromkeys(msgspec.json.decode(held, type=dict[str, str]), "")
        return write_cursor(TaskCursor(basis, known=known))

    def _may_read(self) -> bool:
        roles = self._client.claims().roles
        return roles is None or bool(_READING & set(roles))

    def _streams(self, plan: str) -> Streams:
        return Streams() if self._source.plan is not None else Streams.of(plan)

    def _known_before(self) -> Iterator[str]:
        """The plans of a group that were read before."""
        if self._source.plan is None:
            prefix = Streams.of("").tasks
            yield from (name.removeprefix(prefix) for name in self._cursors if name.startswith(prefix))


def frame_batch(
    board: Board, now: datetime, stream: str, basis: str, raw: tuple[RawPage, ...], notes: Iterable[str] = ()
) -> Batch:
    """What a plan's frame says: its dated buckets, and which names in windows it doesn't have."""
    return Batch(
        stream=stream,
        cursor=basis,
        complete=True,
        sprints=sprints(board, now),
        milestones=milestones(board),
        raw=raw,
        notes=(*notes, *about_names(board)),
    )


def about_names(board: Board) -> Iterator[str]:
    """A sentence for each name in windows that no bucket of the plan has."""
    for name in board.nameless:
        near = nearest(name, board.buckets.values())
        guess = f' Did you mean "{near}"?' if near else ""
        yield f'windows names the bucket "{name}", which the plan does not have.{guess}'


def _unlisted(id: str) -> ConnectorError:
    return Missing(f"The group no longer lists the plan {id}.")


def _read(text: str | None) -> TaskCursor:
    try:
        return msgspec.json.decode(text or "{}", type=TaskCursor)
    except msgspec.DecodeError:
        return TaskCursor()
