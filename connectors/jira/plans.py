"""The streams of sprints and versions: read whole each time, as their dates move without touching issues."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue
from connectors.jira.client import Answer, BadRequest
from connectors.jira.context import Pulled, parked
from connectors.jira.cursors import OffsetCursor, read_cursor, write_cursor
from connectors.jira.mapping import map_sprint, map_version
from connectors.jira.records import SprintPage, SprintRecord, VersionRecord
from connectors.payload import decode_record
from model.values import Milestone, Sprint

__all__ = ["read_sprints", "read_versions"]


def read_sprints(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """The sprints of each board, closed ones included; a sprint shown on two boards comes twice, alike."""
    boards = sorted(pull.boards)
    if not boards:
        yield Batch("sprints", write_cursor(OffsetCursor()), complete=True)
        return
    at = read_cursor(cursor, OffsetCursor)
    if at.board not in boards:
        at = OffsetCursor(boards[0])
    while at.board:
        answer, page = _sprint_page(pull, at)
        after = OffsetCursor(at.board, at.start + len(page.values))
        if page.is_last or not page.values:
            after = OffsetCursor(next((board for board in boards if board > at.board), 0))
        yield _sprint_batch(pull, answer, page, at, after)
        at = after


def _sprint_page(pull: Pulled, at: OffsetCursor) -> tuple[Answer, SprintPage]:
    try:
        return pull.client.sprint_page(at.board, at.start)
    except BadRequest:  # a board that is not kanban by type may still "not support sprints"
        return Answer(b""), SprintPage((), True)


def _sprint_batch(
    pull: Pulled, answer: Answer, page: SprintPage, at: OffsetCursor, after: OffsetCursor
) -> Batch:
    sprints: list[Sprint] = []
    odd: list[Parked] = []
    for raw in page.values:
        try:
            sprints.append(map_sprint(decode_record(raw, SprintRecord), pull.words))
        except SkipIssue as error:
            odd.append(parked(raw, error))
    pull.sprints.update(sprint.ref.id for sprint in sprints)
    return Batch(
        stream="sprints",
        cursor=write_cursor(after),
        complete=not after.board,
        sprints=tuple(sprints),
        parked=tuple(odd),
        raw=(RawPage("sprints", f"{at.board}.{at.start}", answer.body),),
        notes=tuple(answer.notes),
    )


def read_versions(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """All versions of the project, archived ones included, as milestones."""
    start, last = read_cursor(cursor, OffsetCursor).start, False
    while not last:
        answer, page = pull.client.version_page(pull.project.id, start)
        last = page.is_last or not page.values
        begin, start = start, start + len(page.values)
        milestones: list[Milestone] = []
        odd: list[Parked] = []
        for raw in page.values:
            try:
                milestones.append(map_version(decode_record(raw, VersionRecord), pull.words))
            except SkipIssue as error:
                odd.append(parked(raw, error))
        pull.versions.update(milestone.ref.id for milestone in milestones)
        yield Batch(
            stream="versions",
            cursor=write_cursor(OffsetCursor(start=0 if last else start)),
            complete=last,
            milestones=tuple(milestones),
            parked=tuple(odd),
            raw=(RawPage("versions", str(begin), answer.body),),
            notes=tuple(answer.notes),
        )
