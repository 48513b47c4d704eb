"""What GitHub lists but never announces: values changed on a board, cards removed, issues deleted or moved.

None of them touches an issue's own `updated`. Board values are compared by digest, removals by what an
unbroken walk did not meet, deletions by a count and, when it differs, a list of all numbers. Whatever is
found is then read by itself: only GitHub's own word for a deletion or a move makes an issue gone, and one
that two censuses miss without such a word is merely no longer shown to us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import Misconfigured, SkipIssue, SourceStopped
from connectors.github import cursors, queries
from connectors.github.answers import Answer, TooMany
from connectors.github.board import Card, card_values
from connectors.github.client import QueryAnswer
from connectors.github.context import Pulled, next_page
from connectors.github.cursors import BoardCursor, CensusCursor
from connectors.github.mapping import moved_event
from connectors.github.payloads import (
    BoardData,
    Connection,
    ItemNode,
    MovedData,
    NumberedNode,
    RepositoryData,
    RestPlace,
    SomeData,
)
from connectors.github.reader import Found, digest
from connectors.github.roll import Numbers, Roll
from connectors.github.site import missing_repository
from connectors.payload import decode, decode_record

__all__ = ["read_census", "read_items", "recall", "some_issues"]

_AT_ONCE = 25
_CENSUS_PAGE = 100
_MOST_LOOKUPS = 200
_BLANK = digest(Card())


def recall(pulled: Pulled, text: str | None, held: str | None = None) -> None:
    """Know what the last complete pull left behind, and what a broken one stored, before anything is read.

    Misconfigured: the name means another repository than then.
    """
    at = cursors.read(text, CensusCursor)
    pulled.known, pulled.missing = Roll.read(at.roll), frozenset(at.missing)
    if at.repository not in ("", pulled.opening.id):
        raise Misconfigured(
            f"{pulled.source.repo} is another repository than the one that was read before: that one was "
            "renamed or deleted, and its name given away. Write the old one's new name as repo in the "
            "config; if the new one is meant, read everything again with --full."
        )
    for id, key in cursors.read(held, dict[str, str]).items():
        number = key.rpartition("#")[2]
        if number.isdecimal() and int(number) not in pulled.known:
            pulled.known.put(int(number), id, "")


def read_items(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """The cards of the board: issues whose values differ from what was last read are read again, whole."""
    board, at = pulled.reading.board, cursors.read(text, BoardCursor)
    if board is None or (at.after is None and not pulled.board_due):
        return
    unbroken = at.after is None
    met = Numbers()
    while True:
        page, answer = _board_page(pulled, at.after)
        found = Found(notes=[*answer.notes])
        cards = dict(_cards(pulled, page.nodes, found))
        for number in cards:
            met.add(number)
        _read_numbers(
            pulled, [number for number, seen in cards.items() if _differs(pulled, number, seen)], found
        )
        following = next_page(page, at.after)
        at = BoardCursor(following)
        yield found.batch("items", cursors.write(at), following is None, tuple(found.raw))
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
            if content.repository.name_with_owner.casefold() == pulled.opening.place.casefold():
                aliased = decode_record(raw, dict[str, msgspec.Raw])
                yield content.number, digest(card_values(board, aliased))
        except SkipIssue as odd:
            found.notes.append(f"A card of the board was left out: {odd}")


def _differs(pulled: Pulled, number: int, seen: str) -> bool:
    return (pulled.known.mark(number) or _BLANK) != seen


@dataclass(slots=True)
class _Lost:
    """What became of issues that are no longer listed, by id; `missing` are numbers without a word so far."""

    gone: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)


def read_census(pulled: Pulled, text: str | None) -> Iterator[Batch]:
    """Cards that left the board, and issues that left the repository or our sight, or came back."""
    found, lost = Found(), _Lost()
    _read_numbers(pulled, _left_the_board(pulled), found)
    there = _numbers(pulled, found)
    if there is not None:
        absent = [number for number in pulled.known if number not in there.met]
        for number in absent[:_MOST_LOOKUPS]:
            _look_up(pulled, number, found, lost)
        new = sorted(there.new)[:_MOST_LOOKUPS]
        _read_numbers(pulled, new, found)
        for number in new:
            if number not in pulled.known:
                pulled.known.put(number, there.new[number], "")
        if len(absent) > _MOST_LOOKUPS:
            found.notes.append(
                f"{len(absent)} issues are no longer listed in {pulled.source.repo}; {_MOST_LOOKUPS} of them "
                "were looked up, the next pulls go on with the rest."
            )
    at = CensusCursor(pulled.known.write(), tuple(sorted(lost.missing)), pulled.opening.id)
    gone, hidden = frozenset(lost.gone), frozenset(lost.hidden)
    yield found.batch("census", cursors.write(at), True, tuple(found.raw), gone=gone, hidden=hidden)


def _left_the_board(pulled: Pulled) -> list[int]:
    """Issues whose card had values and was not met on an unbroken walk."""
    if pulled.on_board is None:
        return []
    return [
        number for number, seen in pulled.known.marked() if seen != _BLANK and number not in pulled.on_board
    ]


def _look_up(pulled: Pulled, number: int, found: Found, lost: _Lost) -> None:
    """Read a number that is no longer listed by itself, under the repository's own name of the moment."""
    id = pulled.known.id(number)
    path = f"/repos/{pulled.opening.place}/issues/{number}"
    answer = pulled.client.get(path)
    if answer.status == 301 and not _elsewhere(pulled, answer):
        raise SourceStopped(
            f"The repository {pulled.opening.place} was renamed while it was read. Nothing was taken for "
            "moved or deleted; pull again."
        )
    if answer.status == 301:
        _follow(pulled, number, answer, found)
        lost.gone.add(id)
    elif answer.status == 410:
        found.raw.append(RawPage("census", f"gone {id}", answer.body, pulled.walk))
        lost.gone.add(id)
    elif answer.status == 404 and number in pulled.missing:
        found.raw.append(RawPage("census", f"hidden {id}", answer.body, pulled.walk))
        found.notes.append(
            f"{pulled.reading.key(number)} is no longer shown to this credential, and GitHub does not say "
            "why. It stands as it last was; check the credential's access if it should be seen."
        )
        lost.hidden.add(id)
    elif answer.status == 404:
        lost.missing.add(number)
        return
    else:
        return
    pulled.known.drop(number)


def _elsewhere(pulled: Pulled, answer: Answer) -> bool:
    """Whether a redirect leads out of the repository; a renamed one leads to itself, by its number."""
    location = answer.headers.get("location", "")
    start = location.partition("/issues/")[0]
    pulled.client.guard.admit(location)
    there = pulled.client.get(start)
    return there.status != 200 or decode(there.body, RestPlace).node_id != pulled.opening.id


def _follow(pulled: Pulled, number: int, answer: Answer, found: Found) -> None:
    """Where an issue was moved to, if we may see it there: its former key is kept with it."""
    id = pulled.known.id(number)
    place, told = "another repository", b"{}"
    there = pulled.client.get(answer.headers.get("location", ""))
    if there.status == 200:
        moved = pulled.client.query(queries.MOVED, {"id": decode(there.body, RestPlace).node_id})
        node, told = decode(moved.data, MovedData).node, moved.body
        if node is not None:
            place = f"{node.repository.name_with_owner}#{node.number}"
            found.events += moved_event(node, pulled.reading, pulled.reading.key(number))
    found.raw.append(RawPage("census", f"moved {id} {number}", told, pulled.walk))
    found.notes.append(
        f"{pulled.reading.key(number)} was moved to {place}. Add that repository as a source, if its issues "
        "belong to the project."
    )


def _read_numbers(pulled: Pulled, numbers: Iterable[int], found: Found) -> None:
    """Read these issues whole; one that is gone comes back empty, which is the census's to judge."""
    waiting = iter(numbers)
    at_once = max(1, min(_AT_ONCE, pulled.appetite.size // 2))
    while portion := list(islice(waiting, at_once)):
        _read_some(pulled, portion, found)
    pulled.known.update(found.cards)


def _read_some(pulled: Pulled, numbers: list[int], found: Found) -> None:
    """Read these issues in one query, or by halves where that is too heavy."""
    document = queries.issues_by_number(pulled.features, numbers)
    half = len(numbers) // 2
    try:
        answer = pulled.client.query(document, pulled.names, divisible=half > 0)
    except TooMany:
        _read_some(pulled, numbers[:half], found)
        _read_some(pulled, numbers[half:], found)
        return
    repository = decode(answer.data, SomeData).repository
    if repository is None:
        raise missing_repository(pulled.source.repo)
    place = f"#{numbers[0]}"
    pulled.reader.read(some_issues(repository), found, pulled.walk, place)
    found.raw.append(RawPage("some", place, answer.body, pulled.walk))


def some_issues(repository: dict[str, msgspec.Raw]) -> list[msgspec.Raw]:
    """The issues among what was asked for by number."""
    return [raw for name, raw in repository.items() if name != "id" and bytes(raw) != b"null"]


@dataclass(slots=True)
class _Listed:
    """What the repository lists: the known numbers that were met, and new ones with their ids."""

    met: Numbers = field(default_factory=Numbers)
    new: dict[int, str] = field(default_factory=dict)

    def add(self, one: NumberedNode, known: Roll) -> None:
        self.met.add(one.number)
        if one.number not in known:
            self.new[one.number] = one.id


def _numbers(pulled: Pulled, found: Found) -> _Listed | None:
    """The numbers that the repository lists; None, without a request, if there are as many as are known."""
    if pulled.count == len(pulled.known):
        return None
    there = _Listed()
    after: str | None = None
    while True:
        page = _list(pulled, after, _CENSUS_PAGE)
        for raw in page.nodes:
            try:
                there.add(decode_record(raw, NumberedNode), pulled.known)
            except SkipIssue as odd:
                found.notes.append(f"The list of issues has one without a number, so none is missed: {odd}")
                return None
        after = next_page(page, after)
        if after is None:
            return there


def _list(pulled: Pulled, after: str | None, first: int) -> Connection[msgspec.Raw]:
    variables = {**pulled.names, "after": after, "first": first}
    answer = pulled.client.query(queries.CENSUS, {key: variables[key] for key in _LISTING})
    repository = decode(answer.data, RepositoryData).repository
    if repository is None:
        raise missing_repository(pulled.source.repo)
    pulled.recognise(repository.id)
    return repository.issues


_LISTING = ("owner", "name", "after", "first")
