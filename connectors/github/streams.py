"""The streams of a pull that come page by page: milestones, the board's fields, issues.

Everything is read once by creation, which edits cannot disturb; then by change, from the instant at which
the walk began on GitHub's own clock. An edit in mid-walk moves an issue to the end of a walk by change, so
one more walk from the newest change seen is made until it brings nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from msgspec.structs import replace as restated

from connectors.base import Batch, RawPage
from connectors.github import cursors, queries
from connectors.github.board import board_of, iterations_of
from connectors.github.client import QueryAnswer
from connectors.github.context import Pulled, next_page
from connectors.github.cursors import IssueCursor, MilestoneCursor
from connectors.github.mapping import milestone_of, milestone_sprints
from connectors.github.payloads import MilestoneNode, RepositoryData
from connectors.github.reader import Found
from connectors.github.site import find_board, missing_repository
from connectors.payload import decode

__all__ = ["read_fields", "read_issues", "read_milestones"]

_OVERLAP = timedelta(minutes=2)
_MOST_ROUNDS = 5
_MILESTONE_PAGE = 100


def read_milestones(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """All milestones: GitHub can't list those that changed, and their edits don't show in their issues."""
    at = cursors.read(text, MilestoneCursor)
    seen = [*at.seen]
    while True:
        variables = {**pulled.names, "first": _MILESTONE_PAGE, "after": at.after}
        answer = pulled.client.query(queries.MILESTONES, variables)
        repository = decode(answer.data, RepositoryData).repository
        if repository is None or repository.milestones is None:
            raise missing_repository(pulled.source.repo)
        page = repository.milestones
        seen += page.nodes
        following = next_page(page, at.after)
        raw = RawPage("milestones", at.after or "", answer.body)
        at = MilestoneCursor(following, tuple(seen)) if following else MilestoneCursor()
        by_milestone = pulled.source.sprints == "milestone" and following is None
        yield Batch(
            stream="milestones",
            cursor=cursors.write(at),
            complete=following is None,
            milestones=tuple(milestone_of(one, pulled.reading) for one in page.nodes),
            sprints=milestone_sprints(seen, pulled.reading, pulled.now) if by_milestone else (),
            raw=(raw,),
            expected=page.total_count,
            notes=answer.notes,
        )
        if following is None:
            break
    pulled.reading = replace(pulled.reading, milestones=_by_title(seen))


def _by_title(milestones: list[MilestoneNode]) -> dict[str, str]:
    return {one.title: one.id for one in milestones}


def read_fields(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """The board's fields and iterations. A board that may not be read is noted, and the rest goes on."""
    if pulled.source.project is None:
        return
    board = find_board(pulled.client, pulled.source, pulled.scopes)
    if isinstance(board, str):
        yield Batch("fields", cursor="{}", complete=True, notes=(board,))
        return
    mapped = board_of(board.node, pulled.source)
    pulled.owner_kind = board.owner_kind
    pulled.features = replace(pulled.features, fields=mapped.fields)
    pulled.reading = replace(pulled.reading, board=mapped)
    yield Batch(
        stream="fields",
        cursor="{}",
        complete=True,
        sprints=iterations_of(board.node, mapped, pulled.reading.connection, pulled.source, pulled.now),
        raw=(RawPage("fields", "", board.body),),
        notes=board.notes,
    )


def read_issues(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """Issues with their history, links and board values; see the module for the order of the walks."""
    at = cursors.read(text, IssueCursor)
    if at.after is None:
        at = restated(at, round=0)
    while True:
        answer = _ask(pulled, at)
        repository = decode(answer.data, RepositoryData).repository
        if repository is None:
            raise missing_repository(pulled.source.repo)
        page = repository.issues
        found = Found(notes=[*answer.notes])
        pulled.reader.read(page.nodes, found, answer.errors)
        following = next_page(page, at.after)
        newest = max((one.updated for one in found.issues if one.updated), default=None)
        raw = RawPage("issues", at.after or "", answer.body)
        seen = restated(at, began=at.began or answer.at, latest=_later(at.latest, newest))
        after = (restated(seen, after=following), False) if following else _next_walk(seen)
        expected = page.total_count if at.round == 0 else None
        yield from _batches(pulled, found, at, after, raw, expected)
        pulled.known |= found.cards
        at, complete = after
        if complete:
            return


def _batches(
    pulled: Pulled,
    found: Found,
    at: IssueCursor,
    after: tuple[IssueCursor, bool],
    raw: RawPage,
    expected: int | None,
) -> Iterator[Batch]:
    """The page as one batch; where the board can't be read, as two.

    Issues not met before come whole, since only whole ones can be new; the others keep their board values.
    """
    if pulled.speaks_for is None:
        yield found.batch("issues", cursors.write(after[0]), after[1], (raw,), expected=expected)
        return
    new, old = found.split({id for id, _ in pulled.known.values()})
    yield new.batch("issues", cursors.write(at), False, (), expected=expected)
    yield old.batch("issues", cursors.write(after[0]), after[1], (raw,), speaks_for=pulled.speaks_for)


def _ask(pulled: Pulled, at: IssueCursor) -> QueryAnswer:
    variables = {**pulled.names, "after": at.after}
    if at.since is None:
        return pulled.client.query(queries.issues(pulled.features, "CREATED_AT"), variables, pulled.appetite)
    variables["since"] = (at.since - _OVERLAP).isoformat()
    return pulled.client.query(queries.issues(pulled.features, "UPDATED_AT"), variables, pulled.appetite)


def _next_walk(seen: IssueCursor) -> tuple[IssueCursor, bool]:
    """Where to go on after a finished walk, and whether the stream is complete."""
    if seen.since is None:
        since = seen.began or seen.latest
        return IssueCursor(since=since, round=1), since is None
    moved = seen.latest is not None and seen.latest > seen.since
    resting = IssueCursor(since=seen.latest if moved else seen.since)
    if not moved or seen.round >= _MOST_ROUNDS:
        return resting, True
    return restated(resting, round=seen.round + 1), False


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)
