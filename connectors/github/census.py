"""What GitHub lists but never announces: values changed on a board, cards removed, issues deleted or moved.

None of them touches an issue's own `updated`. Board values are compared by digest, removals by what an
unbroken walk did not meet, deletions by a count and, when it differs, a list of all numbers. Whatever is
found is then read by itself, and only GitHub's own word for a deletion or a move makes an issue gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import SkipIssue, SourceStopped
from connectors.github import cursors, queries
from connectors.github.board import Card, card_values
from connectors.github.client import QueryAnswer
from connectors.github.context import Pulled, next_page
from connectors.github.cursors import BoardCursor, CensusCursor
from connectors.github.payloads import BoardData, Connection, ItemNode, NumberedNode, RepositoryData, SomeData
from connectors.github.reader import Found, digest
from connectors.github.site import missing_repository
from connectors.payload import decode, decode_record

__all__ = ["read_census", "read_items", "recall"]

_AT_ONCE = 25
_CENSUS_PAGE = 100
_MOST_LOOKUPS = 200
_TOMBSTONES = (301, 410)  # moved to another repository, deleted
_BLANK = digest(Card())


def recall(pulled: Pulled, text: str | None) -> None:
    """Know what the last complete pull left behind, before anything is read."""
    at = cursors.read(text, CensusCursor)
    pulled.known, pulled.missing = dict(at.known), frozenset(at.missing)


def read_items(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """The cards of the board: issues whose values differ from what was last read are read again, whole."""
    board = pulled.reading.board
    if board is None:
        return
    at = cursors.read(text, BoardCursor)
    unbroken = at.after is None
    met: set[int] = set()
    while True:
        page, answer = _board_page(pulled, at.after)
        found = Found(notes=[*answer.notes])
        cards = dict(_cards(pulled, page.nodes, found))
        met |= cards.keys()
        changed = [number for number, seen in cards.items() if _differs(pulled, number, seen)]
        raws = (RawPage("items", at.after or "", answer.body), *_read_numbers(pulled, changed, found))
        following = next_page(page, at.after)
        at = BoardCursor(following)
        yield found.batch("items", cursors.write(at), following is None, raws)
        if following is None:
            break
    pulled.on_board = met if unbroken else None


def _board_page(pulled: Pulled, after: str | None) -> tuple[Connection[msgspec.Raw], QueryAnswer]:
    variables = {
        "owner": pulled.source.board_owner,
        "number": pulled.source.project,
        "after": after,
        **pulled.field_names,
    }
    document = queries.items(pulled.features, pulled.owner_kind)
    answer = pulled.client.query(document, variables, pulled.card_appetite)
    owner = decode(answer.data, BoardData).owner
    if owner is None or owner.board is None:
        raise SourceStopped(
            f"The board {pulled.source.project} of {pulled.source.board_owner} vanished while it was read. "
            "What came is stored; run the command again."
        )
    return owner.board.items, answer


def _cards(pulled: Pulled, raws: Iterable[msgspec.Raw], found: Found) -> Iterator[tuple[int, str]]:
    """(number, digest) of the cards that are issues of this repository; an odd card is noted."""
    board = pulled.reading.board
    for raw in raws:
        try:
            content = decode_record(raw, ItemNode).content
            if board is None or content is None or content.kind != "Issue" or content.repository is None:
                continue
            if content.repository.name_with_owner.casefold() == pulled.source.repo.casefold():
                aliased = decode_record(raw, dict[str, msgspec.Raw])
                yield content.number, digest(card_values(board, aliased))
        except SkipIssue as odd:
            found.notes.append(f"A card of the board was left out: {odd}")


def _differs(pulled: Pulled, number: int, seen: str) -> bool:
    known = pulled.known.get(number, ("", ""))[1]
    return (known or _BLANK) != seen


def read_census(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """Cards that left the board, and issues that left the repository."""
    found = Found()
    raws = _read_numbers(pulled, _left_the_board(pulled), found)
    there, pages = _numbers(pulled)
    gone: set[str] = set()
    missing: set[int] = set()
    absent = sorted(pulled.known.keys() - there) if there is not None else []
    for number in absent[:_MOST_LOOKUPS]:
        status = pulled.client.get(f"/repos/{pulled.source.repo}/issues/{number}").status
        if status in _TOMBSTONES or (status == 404 and number in pulled.missing):
            gone.add(pulled.known.pop(number)[0])
        elif status == 404:
            missing.add(number)
    if len(absent) > _MOST_LOOKUPS:
        found.notes.append(
            f"{len(absent)} issues are no longer listed in {pulled.source.repo}; {_MOST_LOOKUPS} of them "
            "were looked up, the next pulls go on with the rest."
        )
    at = CensusCursor(pulled.known, tuple(sorted(missing)))
    yield found.batch("census", cursors.write(at), True, (*raws, *pages), gone=frozenset(gone))


def _left_the_board(pulled: Pulled) -> list[int]:
    """Issues whose card had values and was not met on an unbroken walk."""
    if pulled.on_board is None:
        return []
    return [
        number
        for number, (_, seen) in pulled.known.items()
        if seen not in ("", _BLANK) and number not in pulled.on_board
    ]


def _read_numbers(pulled: Pulled, numbers: Iterable[int], found: Found) -> list[RawPage]:
    """Read these issues whole; one that is gone comes back empty, which is the census's to judge."""
    raws = []
    waiting = iter(numbers)
    at_once = max(1, min(_AT_ONCE, pulled.appetite.size // 2))
    while portion := list(islice(waiting, at_once)):
        document = queries.issues_by_number(pulled.features, portion)
        answer = pulled.client.query(document, pulled.names)
        repository = decode(answer.data, SomeData).repository
        if repository is None:
            raise missing_repository(pulled.source.repo)
        pulled.reader.read([raw for raw in repository.values() if bytes(raw) != b"null"], found)
        raws.append(RawPage("items", f"#{portion[0]}", answer.body))
    pulled.known |= found.cards
    return raws


def _numbers(pulled: Pulled) -> tuple[set[int] | None, list[RawPage]]:
    """The numbers the repository lists; None, for one small request, if their count is the known one."""
    first = _list(pulled, None, 1)
    if first[0].total_count == len(pulled.known):
        return None, []
    there: dict[int, str] = {}
    raws: list[RawPage] = []
    after: str | None = None
    while True:
        page, body = _list(pulled, after, _CENSUS_PAGE)
        there |= {one.number: one.id for one in (decode_record(raw, NumberedNode) for raw in page.nodes)}
        raws.append(RawPage("census", after or "", body))
        after = next_page(page, after)
        if after is None:
            break
    for number, id in there.items():
        pulled.known.setdefault(number, (id, ""))
    return set(there), raws


def _list(pulled: Pulled, after: str | None, first: int) -> tuple[Connection[msgspec.Raw], bytes]:
    owner, _, name = pulled.source.repo.partition("/")
    variables = {"owner": owner, "name": name, "after": after, "first": first}
    answer = pulled.client.query(queries.CENSUS, variables)
    repository = decode(answer.data, RepositoryData).repository
    if repository is None:
        raise missing_repository(pulled.source.repo)
    return repository.issues, answer.body
