"""Stored pages through today's mapping, without a request: what was found out online is in the pages too.

Which fields the board has comes out of its stored page, what each issue was asked for out of the issue's.
Pages come in the order received, so an issue's milestones, its board and the rest of its history precede it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import ConnectorError, SkipIssue
from connectors.github.board import board_of, iterations_of
from connectors.github.census import some_issues
from connectors.github.client import Envelope
from connectors.github.context import without_board
from connectors.github.fetching import STREAM
from connectors.github.mapping import Reading, milestone_of, milestone_sprints, moved_event
from connectors.github.payloads import (
    BoardData,
    Connection,
    HistoryData,
    MilestoneNode,
    MovedData,
    RepositoryData,
    SomeData,
)
from connectors.github.reader import Found, IssueReader
from connectors.github.slips import FetchedData, FetchedNode
from connectors.payload import decode, decode_record

__all__ = ["replay"]


def replay(reading: Reading, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
    """What the pages say; one that can't be read any more is noted, and the others go on."""
    again = _Again(reading, now)
    for page in pages:
        read = again.readers.get(page.stream)
        if read is None:
            continue
        try:
            yield from read(page)
        except ConnectorError as problem:
            note = f"A stored page of {reading.source.repo} ({page.stream}) was left out: {problem}"
            yield Batch(page.stream, cursor="", complete=False, notes=(note,))


class _Again:
    """What was learned from the pages so far."""

    def __init__(self, reading: Reading, now: datetime) -> None:
        self._reading = reading
        self._now = now
        self._milestones: dict[str, MilestoneNode] = {}
        self._histories: dict[tuple[str, str], bytes] = {}
        self._met: set[str] = set()
        self.readers: dict[str, Callable[[RawPage], Iterator[Batch]]] = {
            "milestones": self._read_milestones,
            "fields": self._read_fields,
            "history": self._keep_history,
            "issues": self._read_issues,
            "some": self._read_some,
            STREAM: self._read_fetched,
            "census": self._read_census,
        }

    def _read_milestones(self, page: RawPage) -> Iterator[Batch]:
        repository = decode(_data(page), RepositoryData).repository
        nodes = repository.milestones.nodes if repository and repository.milestones else []
        self._milestones |= {one.id: one for one in nodes}
        known = [*self._milestones.values()]
        self._reading = self._reading.with_milestones(known)
        by_milestone = self._reading.source.sprints == "milestone"
        yield Batch(
            stream="milestones",
            cursor="",
            complete=False,
            milestones=tuple(milestone_of(one, self._reading) for one in nodes),
            sprints=milestone_sprints(known, self._reading, self._now) if by_milestone else (),
        )

    def _read_fields(self, page: RawPage) -> Iterator[Batch]:
        owner, source = decode(_data(page), BoardData).owner, self._reading.source
        if owner is None or owner.board is None or source.project is None:
            return
        board = board_of(owner.board, source)
        self._reading = replace(self._reading, board=board)
        sprints = iterations_of(owner.board, board, self._reading.connection, source, self._now)
        yield Batch("fields", cursor="", complete=False, sprints=sprints)

    def _keep_history(self, page: RawPage) -> Iterator[Batch]:
        self._histories[page.walk, page.position] = page.body
        yield from ()

    def _read_issues(self, page: RawPage) -> Iterator[Batch]:
        repository = decode(_data(page), RepositoryData).repository
        return self._say("issues", page, repository.issues.nodes if repository else [])

    def _read_some(self, page: RawPage) -> Iterator[Batch]:
        return self._say("items", page, some_issues(decode(_data(page), SomeData).repository or {}))

    def _read_fetched(self, page: RawPage) -> Iterator[Batch]:
        """Those of the page's issues that were in the repository, whose id stands in the page's place."""
        nodes, here = decode(_data(page), FetchedData).nodes, page.position.rpartition(" ")[2]
        return self._say(STREAM, page, [raw for raw in nodes if _place(raw) == here])

    def _say(self, stream: str, page: RawPage, raws: list[msgspec.Raw]) -> Iterator[Batch]:
        """Issues as one batch; those read while the board could not be read as two, as they came."""
        source = self._reading.source
        blind = source.project is not None and any(_without_cards(bytes(raw)) for raw in raws)
        found = Found()
        IssueReader(self._reading, self._more).read(raws, found, page.walk, page.position)
        if not blind:
            yield found.batch(stream, "", False, ())
        else:
            new, old = found.split(self._met)
            yield new.batch(stream, "", False, ())
            yield old.batch(stream, "", False, (), speaks_for=without_board(source))
        self._met |= {issue.ref.id for issue in found.issues}

    def _more(self, kept: RawPage, _id: str, _after: str) -> tuple[Connection[msgspec.Raw], bytes]:
        body = self._histories.get((kept.walk, kept.position))
        if body is None:
            raise SkipIssue("The rest of its history is no longer kept")
        node = decode(decode(body, Envelope).data, HistoryData).node
        if node is None:
            raise SkipIssue("The rest of its history came back empty")
        return node.history, body

    def _read_census(self, page: RawPage) -> Iterator[Batch]:
        word, id, *number = page.position.split(" ")
        found, ids = Found(), frozenset({id})
        if word == "moved" and number:
            node = decode(_data(page), MovedData).node
            if node is not None:
                found.events += moved_event(node, self._reading, self._reading.key(int(number[0])))
        gone = frozenset() if word == "hidden" else ids
        yield found.batch("census", "", False, (), gone=gone, hidden=ids - gone)


def _without_cards(raw: bytes) -> bool:
    return raw != b"null" and b'"cards":' not in raw


def _place(raw: msgspec.Raw) -> str:
    """The id of the repository in which an issue was found; empty where that can't be read."""
    try:
        return decode_record(raw, FetchedNode).place.id
    except SkipIssue:
        return ""


def _data(page: RawPage) -> msgspec.Raw:
    return decode(page.body, Envelope).data
