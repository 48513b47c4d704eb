"""The streams of sprints and versions: read whole each time, as their dates move without touching issues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue
from connectors.jira.client import Answer, BadRequest
from connectors.jira.context import Known, Pulled, parked
from connectors.jira.cursors import OffsetCursor, read_cursor, write_cursor
from connectors.jira.mapping import map_sprint, map_version
from connectors.jira.records import SprintPage, SprintRecord, VersionRecord
from connectors.payload import decode_record
from model.values import Milestone, Sprint

__all__ = ["read_sprints", "read_versions", "tell_sprints", "tell_versions"]


def read_sprints(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """The sprints of each board, closed ones included; a sprint shown on two boards comes twice, alike."""
    boards = sorted(pull.boards)
    if not boards:
        yield Batch("sprints", write_cursor(OffsetCursor()), complete=True)
        return
    at = read_cursor(cursor, OffsetCursor)
    if at.board not in boards:
        at = OffsetCursor(boards[0])
    walk = at.walk or f"full-{pull.walk}"
    while at.board:
        answer, page = _sprint_page(pull, at)
        after = OffsetCursor(at.board, at.start + len(page.values), walk)
        if page.is_last or not page.values:
            following = next((board for board in boards if board > at.board), 0)
            after = OffsetCursor(following, 0, walk) if following else OffsetCursor()
        sprints, odd = tell_sprints(pull.known, page.values)
        yield Batch(
            stream="sprints",
            cursor=write_cursor(after),
            complete=not after.board,
            sprints=sprints,
            parked=odd,
            raw=(RawPage("sprints", f"{at.board}.{at.start}", answer.body, walk),),
            notes=tuple(answer.notes),
        )
        at = after


def _sprint_page(pull: Pulled, at: OffsetCursor) -> tuple[Answer, SprintPage]:
    try:
        return pull.client.sprint_page(at.board, at.start)
    except BadRequest:  # a board that is not kanban by type may still "not support sprints"
        return Answer(b'{"values":[]}'), SprintPage((), True)


def tell_sprints(
    known: Known, records: Sequence[msgspec.Raw]
) -> tuple[tuple[Sprint, ...], tuple[Parked, ...]]:
    """The sprints of a page, and those of it that cannot be understood."""
    sprints: list[Sprint] = []
    odd: list[Parked] = []
    for raw in records:
        try:
            sprints.append(map_sprint(decode_record(raw, SprintRecord), known.words))
        except SkipIssue as error:
            odd.append(parked(raw, error))
    known.sprints.update(sprint.ref.id for sprint in sprints)
    return tuple(sprints), tuple(odd)


def read_versions(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """All versions of the project, archived ones included, as milestones."""
    at = read_cursor(cursor, OffsetCursor)
    start, last, walk = at.start, False, at.walk or f"full-{pull.walk}"
    while not last:
        answer, page = pull.client.version_page(pull.project.id, start)
        last = page.is_last or not page.values
        begin, start = start, start + len(page.values)
        milestones, odd = tell_versions(pull.known, page.values)
        yield Batch(
            stream="versions",
            cursor=write_cursor(OffsetCursor() if last else OffsetCursor(0, start, walk)),
            complete=last,
            milestones=milestones,
            parked=odd,
            raw=(RawPage("versions", str(begin), answer.body, walk),),
            notes=tuple(answer.notes),
        )


def tell_versions(
    known: Known, records: Sequence[msgspec.Raw]
) -> tuple[tuple[Milestone, ...], tuple[Parked, ...]]:
    """The versions of a page, and those of it that cannot be understood."""
    milestones: list[Milestone] = []
    odd: list[Parked] = []
    for raw in records:
        try:
            milestones.append(map_version(decode_record(raw, VersionRecord), known.words))
        except SkipIssue as error:
            odd.append(parked(raw, error))
    known.versions.update(milestone.ref.id for milestone in milestones)
    return tuple(milestones), tuple(odd)
