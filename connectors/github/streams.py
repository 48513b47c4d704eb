"""The streams of a pull that come page by page: milestones, the board's fields, issues.

Everything is read once by creation, which edits cannot disturb; then by change, from the instant at which
the walk began on GitHub's own clock. An edit in mid-walk moves an issue to the end of a walk by change, so
one more walk from the newest change seen is made until it brings nothing new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace as restated

from connectors.base import Batch, RawPage
from connectors.github import cursors, queries
from connectors.github.answers import Refusal
from connectors.github.board import Board, board_of, iterations_of
from connectors.github.client import QueryAnswer
from connectors.github.context import Pulled, next_page
from connectors.github.cursors import FieldsCursor, IssueCursor, MilestoneCursor
from connectors.github.mapping import milestone_of, milestone_sprints
from connectors.github.payloads import BoardNode, Connection, MilestoneNode, RepositoryData
from connectors.github.reader import Found
from connectors.github.site import FoundBoard, find_board, missing_repository, no_boards
from connectors.payload import decode

__all__ = ["MILESTONE_PAGE", "read_fields", "read_issues", "read_milestones"]

_OVERLAP = timedelta(minutes=2)
_MOST_ROUNDS = 5
_STALE = "INVALID_CURSOR_ARGUMENTS"
MILESTONE_PAGE = 100


def read_milestones(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """All milestones: GitHub can't list those that changed, and their edits don't show in their issues.

    The first page came with the opening of the pull.
    """
    at = cursors.read(text, MilestoneCursor)
    seen, kept, titles = [*at.seen], dict(at.kept), dict(at.titles)
    page, answer = pulled.opening.milestones, pulled.opening.answer
    while True:
        seen += page.nodes
        following = next_page(page, at.after)
        place, mark = _short(at.after), _mark(page)
        raw = (RawPage("milestones", place, answer.body, pulled.walk),) if kept.get(place) != mark else ()
        kept[place] = mark
        titles |= {one.title: one.id for one in page.nodes}
        at = MilestoneCursor(following, tuple(seen) if following else (), kept, titles)
        by_milestone = pulled.source.sprints == "milestone" and following is None
        yield Batch(
            stream="milestones",
            cursor=cursors.write(at),
            complete=following is None,
            milestones=tuple(milestone_of(one, pulled.reading) for one in page.nodes),
            sprints=milestone_sprints(seen, pulled.reading, pulled.now) if by_milestone else (),
            raw=raw,
            expected=page.total_count,
            notes=answer.notes,
        )
        if following is None:
            break
        page, answer = _milestones(pulled, following)
    pulled.reading = replace(pulled.reading, milestones=titles)


def _mark(page: Connection[MilestoneNode]) -> str:
    """A short text that changes when anything on the page does."""
    return hashlib.blake2s(msgspec.json.encode(page), digest_size=8).hexdigest()


def _milestones(pulled: Pulled, after: str) -> tuple[Connection[MilestoneNode], QueryAnswer]:
    variables = {**pulled.names, "first": MILESTONE_PAGE, "after": after}
    answer = pulled.client.query(queries.MILESTONES, variables)
    repository = decode(answer.data, RepositoryData).repository
    if repository is None or repository.milestones is None:
        raise missing_repository(pulled.source.repo)
    return repository.milestones, answer


def read_fields(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """The board's fields and iterations. A board that may not be read is noted, and the rest goes on.

    Between two walks of the board, its fields are those of the last one.
    """
    source = pulled.source
    if source.project is None:
        return
    at, place = cursors.read(text, FieldsCursor), f"{source.board_owner}#{source.project}"
    pulled.board_due = at.board is None or at.source != place or _due(pulled, at.read)
    if at.board is not None and not pulled.board_due:
        _adopt(pulled, at.board, at.owner_kind)
        return
    board = _find_board(pulled)
    if isinstance(board, str):
        yield Batch("fields", cursor="{}", complete=True, notes=(board,))
        return
    mapped = _adopt(pulled, board.node, board.owner_kind)
    raw = RawPage("fields", "", board.body, pulled.walk)
    yield Batch(
        stream="fields",
        cursor=cursors.write(FieldsCursor(pulled.now, board.owner_kind, board.node, place)),
        complete=True,
        sprints=iterations_of(board.node, mapped, pulled.reading.connection, source, pulled.now),
        raw=(raw,) if board.node != at.board else (),
        notes=board.notes,
    )


def _due(pulled: Pulled, last: datetime | None) -> bool:
    return last is None or not last <= pulled.now < last + pulled.source.board_every


def _find_board(pulled: Pulled) -> FoundBoard | str:
    if pulled.features.boards:
        return find_board(pulled.client, pulled.source, pulled.opening.scopes)
    return no_boards(pulled.source)


def _adopt(pulled: Pulled, node: BoardNode, owner_kind: str) -> Board:
    mapped = board_of(node, pulled.source)
    pulled.owner_kind = owner_kind
    pulled.features = pulled.features.with_board(mapped.aliases)
    pulled.reading = replace(pulled.reading, board=mapped)
    return mapped


def read_issues(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """Issues with their history, links and board values; see the module for the order of the walks.

    A walk that goes on from a cursor which GitHub does not know any more begins anew.
    """
    at = cursors.read(text, IssueCursor)
    if at.after is None and at.round == 0:
        at = restated(at, walk="")
    resumed = at.after is not None
    while True:
        answer = _ask(pulled, at)
        repository = decode(answer.data, RepositoryData).repository
        if repository is None and resumed and any(one.type == _STALE for one in answer.errors):
            at, resumed = restated(at, after=None), False
            continue
        if repository is None:
            raise missing_repository(pulled.source.repo, answer.errors)
        pulled.recognise(repository.id)
        page, pulled.count = repository.issues, repository.all.total_count
        began = at.began or answer.at or pulled.now
        seen = restated(at, began=began, walk=at.walk or _walk(at.since, began))
        place = f"{at.round} {_short(at.after)}"
        found = Found(notes=[*answer.notes])
        pulled.reader.read(page.nodes, found, seen.walk, place, answer.errors)
        following = next_page(page, at.after)
        newest = max((one.updated for one in found.issues if one.updated), default=None)
        found.raw.append(RawPage("issues", place, answer.body, seen.walk))
        seen = restated(seen, latest=_later(at.latest, newest))
        after = (restated(seen, after=following), False) if following else _next_walk(seen)
        expected = page.total_count if at.round == 0 else None
        yield from _batches(pulled, found, at, after, expected)
        pulled.known.update(found.cards)
        at, complete = after
        if complete:
            return


def _short(after: str | None) -> str:
    """A cursor of GitHub's as part of a page's place, for which it can be too long."""
    return hashlib.blake2s(after.encode(), digest_size=8).hexdigest() if after else "start"


def _walk(since: datetime | None, began: datetime) -> str:
    """The name of a reading: of everything, with the walks that follow at once, or of what changed since."""
    return f"full-{began.isoformat()}" if since is None else f"since-{since.isoformat()}"


def _batches(
    pulled: Pulled,
    found: Found,
    at: IssueCursor,
    after: tuple[IssueCursor, bool],
    expected: int | None,
) -> Iterator[Batch]:
    """The page as one batch; where the board can't be read, as two.

    Issues not met before come whole, since only whole ones can be new; the others keep their board values.
    """
    raw = tuple(found.raw)
    if pulled.speaks_for is None:
        yield found.batch("issues", cursors.write(after[0]), after[1], raw, expected=expected)
        return
    new, old = found.split({pulled.known.id(number) for number in found.cards})
    yield new.batch("issues", cursors.write(at), False, (), expected=expected)
    yield old.batch("issues", cursors.write(after[0]), after[1], raw, speaks_for=pulled.speaks_for)


def _ask(pulled: Pulled, at: IssueCursor) -> QueryAnswer:
    """A page of the walk; without the board, where the right to it was lost since its fields were read."""
    try:
        return _page(pulled, at)
    except Refusal as refusal:
        if pulled.reading.board is None:
            raise
        pulled.features = pulled.features.with_board(None)
        pulled.reading = replace(pulled.reading, board=None)
        answer = _page(pulled, at)
        return replace(answer, notes=(*answer.notes, f"The board was left out. {refusal}"))


def _page(pulled: Pulled, at: IssueCursor) -> QueryAnswer:
    variables = {**pulled.names, "after": at.after}
    if at.since is None:
        return pulled.client.query(queries.issues(pulled.features, "CREATED_AT"), variables, pulled.appetite)
    variables["since"] = (at.since - _OVERLAP).isoformat()
    return pulled.client.query(queries.issues(pulled.features, "UPDATED_AT"), variables, pulled.appetite)


def _next_walk(seen: IssueCursor) -> tuple[IssueCursor, bool]:
    """Where to go on after a finished walk, and whether the stream is complete."""
    if seen.since is None:
        since = seen.began or seen.latest
        return IssueCursor(since=since, round=1, walk=seen.walk), since is None
    moved = seen.latest is not None and seen.latest > seen.since
    resting = IssueCursor(since=seen.latest if moved else seen.since)
    if not moved or seen.round >= _MOST_ROUNDS:
        return resting, True
    return restated(resting, round=seen.round + 1, walk=seen.walk), False


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)
