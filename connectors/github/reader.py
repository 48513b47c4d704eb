"""From a page's raw issues to what a batch says: each by itself, so that an odd one is parked alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue, SourceStopped
from connectors.github import queries
from connectors.github.answers import GraphError
from connectors.github.board import Card
from connectors.github.client import GitHubClient
from connectors.github.mapping import Reading, account_of, card_of, issue_from_graphql
from connectors.github.payloads import Connection, HistoryData, IssueNode, Moment
from connectors.github.timeline import events_of
from connectors.payload import decode, decode_record
from model.values import Account, Dependency, Event, Issue, Ref

__all__ = ["Found", "IssueReader", "LongHistory", "digest"]

_LONGEST_HISTORY = 200
_NULL = b"null"


def digest(card: Card) -> str:
    """A short text that changes when any value on the card does."""
    shown = "\0".join(
        f"{role}\1{name}\1{value.iteration_id or value.words}" for role, name, value in card.cells
    )
    return hashlib.blake2s(shown.encode(), digest_size=4).hexdigest()


@dataclass(slots=True)
class Found:
    """What a page's issues say. `cards` is issue number -> (id, digest of its card's values), `raw` are the
    pages of long histories, which stand before the page itself.
    """

    issues: list[Issue] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    accounts: dict[Ref, Account] = field(default_factory=dict)
    dependencies: list[Dependency] = field(default_factory=list)
    dependencies_of: set[str] = field(default_factory=set)
    parked: list[Parked] = field(default_factory=list)
    cards: dict[int, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    raw: list[RawPage] = field(default_factory=list)

    def split(self, ids: Collection[str]) -> tuple[Found, Found]:
        """The issues whose id is not among these with all that is said of them, and the rest."""
        new = Found(
            issues=[one for one in self.issues if one.ref.id not in ids],
            events=[one for one in self.events if one.ref.id not in ids],
            accounts=self.accounts,
            dependencies=[one for one in self.dependencies if one.successor.id not in ids],
            dependencies_of={id for id in self.dependencies_of if id not in ids},
        )
        old = Found(
            issues=[one for one in self.issues if one.ref.id in ids],
            events=[one for one in self.events if one.ref.id in ids],
            dependencies=[one for one in self.dependencies if one.successor.id in ids],
            dependencies_of={id for id in self.dependencies_of if id in ids},
            parked=self.parked,
            notes=self.notes,
        )
        return new, old

    def batch(
        self,
        stream: str,
        cursor: str,
        complete: bool,
        raw: tuple[RawPage, ...],
        speaks_for: frozenset[str] | None = None,
        expected: int | None = None,
        gone: frozenset[str] = frozenset(),
        hidden: frozenset[str] = frozenset(),
    ) -> Batch:
        return Batch(
            stream=stream,
            cursor=cursor,
            complete=complete,
            issues=tuple(self.issues),
            dependencies=tuple(self.dependencies),
            dependencies_of=frozenset(self.dependencies_of),
            accounts=tuple(self.accounts.values()),
            events=tuple(self.events),
            gone=gone,
            hidden=hidden,
            parked=tuple(self.parked),
            raw=raw,
            speaks_for=speaks_for,
            expected=expected,
            notes=tuple(dict.fromkeys(self.notes)),
        )


More = Callable[[RawPage, str, str], tuple[Connection[msgspec.Raw], bytes]]
"""(the page's place, issue id, after) -> the next page of its history, and its body as received."""


def _place(id: str, page: str, after: str) -> str:
    """Where a page of a long history stands; GitHub's cursors can be too long for a place."""
    return f"{id} {hashlib.blake2s(f'{page} {after}'.encode(), digest_size=8).hexdigest()}"


class LongHistory:
    """Asks for what of a history did not fit on the issue's own page."""

    def __init__(self, client: GitHubClient, features: queries.Features) -> None:
        self._client = client
        self._document = queries.history(features)

    def more(self, _kept: RawPage, id: str, after: str) -> tuple[Connection[msgspec.Raw], bytes]:
        answer = self._client.query(self._document, {"id": id, "after": after})
        node = decode(answer.data, HistoryData).node
        if node is None:
            raise SourceStopped(
                f"GitHub broke off the history of issue {id}. Nothing of the page was stored; "
                "run the command again."
            )
        if node.history.page_info.has_next_page and node.history.page_info.end_cursor in (None, after):
            raise SourceStopped(
                f"The history of issue {id} leads round in a circle. Nothing of the page was stored; "
                "run the command again."
            )
        return node.history, answer.body


class _Identity(msgspec.Struct):
    """The least that names a record that can't be understood; any type, since any part may be the odd one."""

    id: object = None
    number: object = None


class IssueReader:
    """Reads raw issues; `more` gives (issue id, after) the next page of a history longer than a page."""

    def __init__(self, reading: Reading, more: More) -> None:
        self._reading = reading
        self._more = more

    def read(
        self,
        raws: Iterable[msgspec.Raw],
        found: Found,
        walk: str,
        place: str,
        errors: Sequence[GraphError] = (),
    ) -> None:
        """Add what the raw issues say to `found`; `errors` are the page's, to name why one came back null.

        `walk` is the reading that the page belongs to, `place` the page's own within it.
        """
        at = (walk, place)
        for raw in raws:
            if bytes(raw) == _NULL:
                reason = errors[0].message if errors else "GitHub gave no reason"
                found.parked.append(
                    Parked("unknown", self._reading.source.repo, f"It came back empty: {reason}")
                )
                continue
            try:
                self._read_one(decode_record(raw, IssueNode), found, at)
            except SkipIssue as odd:
                self._park(raw, str(odd), found)

    def _read_one(self, node: IssueNode, found: Found, at: tuple[str, str]) -> None:
        reading = self._reading
        issue = issue_from_graphql(node, reading)
        moments = self._moments(node, found, at)
        found.events += events_of(issue, node, moments, reading)
        found.issues.append(issue)
        found.cards[node.number] = (node.id, digest(card_of(node, reading)) if reading.board else "")
        people = [node.author, *node.assignees.nodes]
        people += [person for one in moments for person in (one.actor, one.assignee)]
        for person in people:
            account = account_of(person, reading) if person else None
            if account is not None:
                found.accounts[account.ref] = account
        self._read_blockers(node, found)

    def _read_blockers(self, node: IssueNode, found: Found) -> None:
        """What blocks the issue; nothing is claimed of one with more blockers than a page holds."""
        if node.blocked_by is None:
            return
        if node.blocked_by.page_info.has_next_page:
            found.notes.append(
                f"{self._reading.key(node.number)} has more blockers than are read at once; its dependencies "
                "keep their last known state. Split it, or plan the rest on its parent."
            )
            return
        ref = self._reading.ref(node.id)
        found.dependencies_of.add(node.id)
        found.dependencies += [Dependency(self._reading.ref(one.id), ref) for one in node.blocked_by.nodes]

    def _moments(self, node: IssueNode, found: Found, at: tuple[str, str]) -> list[Moment]:
        page, raws, pages = node.history, list(node.history.nodes), 1
        while page.page_info.has_next_page:
            if pages == _LONGEST_HISTORY:
                raise SkipIssue(f"Its history has more than {_LONGEST_HISTORY} pages")
            after = page.page_info.end_cursor or ""
            kept = RawPage("history", _place(node.id, at[1], after), b"", at[0])
            page, body = self._more(kept, node.id, after)
            found.raw.append(replace(kept, body=body))
            raws += page.nodes
            pages += 1
        return [decode_record(raw, Moment) for raw in raws if bytes(raw) not in (_NULL, b"{}")]

    def _park(self, raw: msgspec.Raw, reason: str, found: Found) -> None:
        """Name it as far as it can be named; it is there, so the census need not look for it."""
        try:
            identity = decode_record(raw, _Identity)
        except SkipIssue:
            identity = _Identity()
        number = identity.number if isinstance(identity.number, int) else None
        if number is not None and isinstance(identity.id, str):
            found.cards[number] = (identity.id, "")
        key = f"{self._reading.source.repo}#{number or '?'}"
        found.parked.append(Parked(str(identity.id or "unknown"), key, reason))
