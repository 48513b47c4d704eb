"""Issues by their ids, as a pull would read them, and what a write to them needs to know besides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import RetryLater, SkipIssue
from connectors.github import queries
from connectors.github.answers import GraphError, Refusal, TooMany
from connectors.github.board import board_of
from connectors.github.client import GitHubClient, QueryAnswer
from connectors.github.context import Pulled, next_page
from connectors.github.mapping import Reading
from connectors.github.payloads import BoardNode, MilestoneNode, RepositoryData
from connectors.github.prose import parted
from connectors.github.reader import Found
from connectors.github.settings import GitHubSource
from connectors.github.site import find_board, missing_repository, open_repository
from connectors.github.slips import FetchedData, FetchedNode
from connectors.payload import decode, decode_record

__all__ = ["STREAM", "Ground", "Slip", "fetch_issues", "open_ground"]

STREAM = "fetched"
_AT_ONCE = 25
_LIFE = timedelta(minutes=5)
_MILESTONES = 100
_GONE_KINDS = frozenset({"NOT_FOUND", "FORBIDDEN"})


@dataclass(frozen=True, slots=True)
class Slip:
    """An issue's place: its number, its card on the source's board, and what we put below its text."""

    number: int
    card: str | None
    below: str


@dataclass(slots=True)
class Ground:
    """A source as it was found: how it is read, its board's fields, its milestones, and people's logins.

    `notes` say what of it could not be read.
    """

    pulled: Pulled
    made: datetime
    board: BoardNode | None
    milestones: tuple[MilestoneNode, ...]
    raw: tuple[RawPage, ...] = ()
    notes: tuple[str, ...] = ()
    slips: dict[str, Slip] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)

    @property
    def begins(self) -> Mapping[str, date]:
        """When each sprint begins, milestones by the day they end on."""
        board, mapped = self.board, self.pulled.reading.board
        if self.pulled.source.sprints == "milestone":
            return {one.id: one.due_on.date() for one in self.milestones if one.due_on}
        if board is None or mapped is None:
            return {}
        columns = [one for one in board.fields.nodes if one.id == mapped.sprint_field]
        return {
            mapped.sprint_id(one.id): one.start_date
            for column in columns
            for one in (*column.configuration.iterations, *column.configuration.completed_iterations)
        }

    def fresh(self, now: datetime) -> bool:
        """Whether it can be worked on: boards and milestones change."""
        return self.made <= now < self.made + _LIFE


def open_ground(client: GitHubClient, source: GitHubSource, reading: Reading, now: datetime) -> Ground:
    """Find the repository, its milestones and its board: two requests. Raises why it can't be read."""
    client.enter(source.repo.partition("/")[0])
    opening = open_repository(client, source, _MILESTONES, None)
    pulled = Pulled(client, source, reading, opening, now, queries.ISSUE_PAGE)
    milestones = tuple(_milestones(pulled))
    pulled.reading = reading.with_milestones(milestones)
    ground = Ground(pulled, now, None, milestones)
    if source.project is None or not pulled.features.boards:
        return ground
    board = find_board(client, source, opening.scopes)
    if isinstance(board, str):
        ground.notes = (board,)
        return ground
    mapped = board_of(board.node, source)
    pulled.owner_kind = board.owner_kind
    pulled.features = pulled.features.with_board(mapped.aliases)
    pulled.reading = replace(pulled.reading, board=mapped)
    ground.board, ground.raw = board.node, (RawPage("fields", STREAM, board.body),)
    return ground


def _milestones(pulled: Pulled) -> Iterator[MilestoneNode]:
    page, after = pulled.opening.milestones, None
    while True:
        yield from page.nodes
        after = next_page(page, after)
        if after is None:
            return
        variables = {**pulled.names, "first": _MILESTONES, "after": after}
        answer = pulled.client.query(queries.MILESTONES, variables)
        repository = decode(answer.data, RepositoryData).repository
        if repository is None or repository.milestones is None:
            raise missing_repository(pulled.source.repo)
        page = repository.milestones


def fetch_issues(ground: Ground, ids: Collection[str], now: datetime) -> Iterator[Batch]:
    """These issues whole, with their history; those that GitHub doesn't show are hidden, moved ones gone."""
    pulled, wanted = ground.pulled, list(dict.fromkeys(ids))
    pulled.now = now
    raw, ground.raw = ground.raw, ()
    for start in range(0, len(wanted), _AT_ONCE):
        for portion, answer in _asked(pulled, wanted[start : start + _AT_ONCE]):
            yield _batch(ground, portion, answer, raw)
            raw = ()


def _asked(pulled: Pulled, ids: list[str]) -> Iterator[tuple[list[str], QueryAnswer]]:
    """The ids with the answer about them, in halves where they are too many for one query."""
    half = len(ids) // 2
    try:
        answer = _ask(pulled, ids, half > 0)
    except TooMany:
        yield from _asked(pulled, ids[:half])
        yield from _asked(pulled, ids[half:])
        return
    yield ids, answer


def _ask(pulled: Pulled, ids: Sequence[str], divisible: bool) -> QueryAnswer:
    """Without the board, where the right to it was lost since its fields were read."""
    variables = {"ids": ids, **pulled.field_names}
    try:
        return pulled.client.query(queries.issues_by_id(pulled.features), variables, divisible=divisible)
    except Refusal as refusal:
        if pulled.reading.board is None:
            raise
        pulled.features = pulled.features.with_board(None)
        pulled.reading = replace(pulled.reading, board=None)
        answer = pulled.client.query(queries.issues_by_id(pulled.features), {"ids": ids})
        return replace(answer, notes=(*answer.notes, f"The board was left out. {refusal}"))


def _batch(ground: Ground, ids: list[str], answer: QueryAnswer, raw: tuple[RawPage, ...]) -> Batch:
    pulled, found = ground.pulled, Found(notes=[*ground.notes, *answer.notes])
    nodes = decode(answer.data, FetchedData).nodes
    if len(nodes) != len(ids):
        raise RetryLater("GitHub answered about other issues than it was asked for")
    why = {str(error.path[1]): error for error in answer.errors if len(error.path) > 1}
    gone: set[str] = set()
    hidden: set[str] = set()
    mine: list[msgspec.Raw] = []
    for position, (id, node) in enumerate(zip(ids, nodes, strict=True)):
        try:
            placed = _placed(node, why.get(str(position)))
        except SkipIssue:
            mine.append(node)  # the reader parks it under what it can be called
            continue
        if placed is None:
            hidden.add(id)
        elif placed.id != id or placed.place.id != pulled.opening.id:
            gone.add(id)
            found.notes.append(_elsewhere(pulled, placed))
        else:
            mine.append(node)
            _remember(ground, placed)
    place = f"{ids[0]} {pulled.opening.id}"
    pulled.reader.read(mine, found, pulled.walk, place)
    pages = (*raw, *found.raw, RawPage(STREAM, place, answer.body, pulled.walk))
    pages += tuple(RawPage("census", f"hidden {id}", b"{}", pulled.walk) for id in sorted(hidden))
    return found.batch(
        STREAM, "", False, pages, pulled.speaks_for, gone=frozenset(gone), hidden=frozenset(hidden)
    )


def _placed(node: msgspec.Raw, error: GraphError | None) -> FetchedNode | None:
    """Where an issue is; None: GitHub doesn't show it. RetryLater: it broke off before it came to it."""
    if bytes(node) == b"{}":
        return None
    if bytes(node) != b"null":
        return decode_record(node, FetchedNode)
    if error is not None and error.type not in _GONE_KINDS:
        raise RetryLater(f"GitHub broke off reading issues ({' '.join(error.message.split())[:200]})")
    return None


def _elsewhere(pulled: Pulled, placed: FetchedNode) -> str:
    return (
        f"An issue of {pulled.source.repo} is {placed.place.name_with_owner}#{placed.number} now. Add that "
        "repository as a source, if its issues belong to the project."
    )


def _remember(ground: Ground, placed: FetchedNode) -> None:
    board = ground.pulled.reading.board
    cards = placed.cards.nodes if placed.cards else []
    card = next((one.id for one in cards if board is not None and one.project.id == board.id), None)
    ground.slips[placed.id] = Slip(placed.number, card, parted(placed.body).below)
    ground.logins |= {one.id: one.login for one in placed.assignees.nodes if one.id and one.login}
