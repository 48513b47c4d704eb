"""A complete connector on a tracker in memory: the shortest example of the contract."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import msgspec

from connectors.base import (
    Batch,
    Capabilities,
    CheckReport,
    Deletions,
    History,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import (
    AccessRefused,
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Stale,
    Unreachable,
)
from connectors.memory.faults import CHANGING, Call, Fault
from connectors.memory.form import Form
from connectors.memory.settings import MemorySource
from connectors.memory.tracker import MemoryTracker, Shelf
from connectors.writing import Candidate, Draft, Edit, Receipt
from model.fields import HISTORY
from model.values import Entity, Issue, Milestone, Sprint

__all__ = ["MemoryConnector", "shaped"]

_STREAMS: dict[str, frozenset[Entity]] = {
    "plan": frozenset({Entity.SPRINT, Entity.MILESTONE}),
    "issues": frozenset({Entity.ISSUE}),
}


class MemoryConnector:
    """Reads a `MemoryTracker` page by page, and writes to it.

    A cursor is the number of the last change that was read, followed in the middle of a walk by its name.
    For a tracker with a form of its own take the class that `shaped` gives.
    """

    kind: ClassVar[str] = "memory"
    capabilities: ClassVar[Capabilities] = Capabilities(
        history=History.FULL,
        history_fields=frozenset(HISTORY[Entity.ISSUE]),
        sprints=True,
        milestones=True,
        dependencies=True,
        worklogs=True,
        costs=False,
        deletions=Deletions.TOMBSTONE,
        deletions_note="told by the tracker",
        note="Lives in memory and ends with its process.",
        conditional_writes=True,
        writes=Form().fields,
    )
    form: ClassVar[Form] = Form()

    def __init__(self, tracker: MemoryTracker, token: str, page: int = 50) -> None:
        self._tracker = tracker
        self._token = token
        self._page = page
        self._asked = 0

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        self._sign_in()
        for source in sources:
            self._shelf(source)
        return CheckReport(account=self._tracker.account)

    def offers(self) -> Iterator[SourceOffer]:
        self._sign_in()
        for name in self._tracker.sources():
            yield SourceOffer(title=name, settings={"board": name})

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        self._sign_in()
        shelf = self._shelf(source)
        for stream, entities in _STREAMS.items():
            cursor, walk = _place(cursors.get(stream, ""), now)
            expected = len(shelf.since(cursor, entities))
            complete = False
            while not complete:
                self._ask(Call.PAGE)
                self._tracker.answer()
                entries = shelf.since(cursor, entities)
                page, complete = entries[: self._page], len(entries) <= self._page
                begin, cursor = cursor, page[-1][0] if page else cursor
                keys = [(entity, id_) for _, entity, id_ in page]
                said = replace(self._said(shelf, stream, keys), expected=expected, complete=complete)
                yield replace(
                    said,
                    cursor=f"{cursor}" if complete else f"{cursor} {walk}",
                    raw=(RawPage(stream, f"{begin}", msgspec.json.encode(said), walk),),
                )

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        for page in pages:
            yield msgspec.json.decode(page.body, type=Batch)

    def fetch(self, source: object, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        self._sign_in()
        shelf = self._shelf(source)
        self._ask(Call.FETCH)
        return self._told(shelf, sorted(set(ids)))

    def write(self, source: object, edit: Edit, now: datetime) -> Receipt:
        self._sign_in()
        shelf, board, id = self._shelf(source), _board(source), edit.base.ref.id
        fault = self._ask(Call.WRITE, id)
        current = shelf.records.get((Entity.ISSUE, id))
        if not isinstance(current, Issue):
            raise Stale(f"{edit.base.key} is not shown any more; read it again")
        if self._tracker.form.conditional and current.version != edit.base.version:
            raise Stale(f"{edit.base.key} was changed meanwhile; read it again")
        self._tracker.change(board, id, edit.fields, now, self._tracker.own)
        if fault is not None:
            raise fault.error(Call.WRITE)
        return self._receipt(shelf, id, edit.fields)

    def create(self, source: object, draft: Draft, now: datetime) -> Receipt:
        self._sign_in()
        shelf, tracker = self._shelf(source), self._tracker
        fault = self._ask(Call.CREATE)
        plain: dict[str, Any] = {**draft.fields, "type": draft.type, "bucket": draft.bucket}
        if draft.link is not None:
            plain["links"] = (draft.link,)
        id = tracker.make(_board(source), _connection(source), plain, now, tracker.own)
        if not tracker.form.marker_apart:
            shelf.marks[id] = draft.marker
        if fault is not None:
            raise fault.error(Call.CREATE)
        if tracker.form.marker_apart:
            self._mark(shelf, id, draft.marker)
        return self._receipt(shelf, id, draft.fields)

    def find(
        self, source: object, marker: str, title: str, since: datetime, now: datetime
    ) -> tuple[Candidate, ...]:
        self._sign_in()
        shelf = self._shelf(source)
        self._ask(Call.FIND)
        found = [
            Candidate(issue, shelf.marks.get(issue.ref.id), self._ours(shelf, issue))
            for issue in self._tracker.search(_board(source), since)
        ]
        title = str(self._tracker.form.rounded("title", title))
        bearing = [one for one in found if one.marker == marker]
        like = [one for one in found if one.marker is None and one.ours and one.issue.title == title]
        return tuple(bearing + like)

    @classmethod
    def rounded(cls, field: str, value: object) -> object:
        return cls.form.rounded(field, value)

    def spent(self) -> Spent:
        return Spent(self._asked)

    def close(self) -> None:
        """Nothing is held open."""

    def _ask(self, call: Call, issue: str = "") -> Fault | None:
        """One request: AFTER if it shall be carried out and its answer lost; any other fault is raised."""
        self._asked += 1
        fault = self._tracker.listening(call, issue)
        if fault is None or (fault is Fault.AFTER and call in CHANGING):
            return fault
        raise fault.error(call)

    def _mark(self, shelf: Shelf, id: str, marker: str) -> None:
        """The second request of a creation; whatever goes wrong, the issue is there."""
        try:
            fault = self._ask(Call.MARK, id)
        except ConnectorError as error:
            raise OutcomeUnknown(f"the new issue bears no marker ({error}); find it") from error
        shelf.marks[id] = marker
        if fault is not None:
            raise fault.error(Call.MARK)

    def _receipt(self, shelf: Shelf, id: str, fields: Mapping[str, object]) -> Receipt:
        try:
            self._ask(Call.RECEIPT, id)
        except ConnectorError as error:
            raise OutcomeUnknown(f"written, but not read again ({error}); look") from error
        dropped = {
            name: f"the memory tracker has no {name}; leave it to the others"
            for name in fields
            if name not in self._tracker.form.fields
        }
        return Receipt(id, self._told(shelf, [id]), dropped)

    def _told(self, shelf: Shelf, ids: list[str]) -> tuple[Batch, ...]:
        """One batch for each issue, with the sprints and the milestone that it names."""
        return tuple(self._told_one(shelf, id) for id in ids)

    def _told_one(self, shelf: Shelf, id: str) -> Batch:
        issue = shelf.records.get((Entity.ISSUE, id))
        if not isinstance(issue, Issue):
            one, none = frozenset({id}), frozenset[str]()
            gone, hidden = (one, none) if id in shelf.gone else (none, one)
            return Batch(stream="issues", cursor="", complete=False, gone=gone, hidden=hidden)
        keys = [(Entity.SPRINT, sprint) for sprint in sorted(issue.sprints)]
        keys += [(Entity.MILESTONE, issue.milestone)] if issue.milestone else []
        said = self._said(shelf, "issues", [*keys, (Entity.ISSUE, id)])
        return replace(said, raw=(RawPage("issues", id, msgspec.json.encode(said), "fetched"),))

    def _ours(self, shelf: Shelf, issue: Issue) -> bool:
        return shelf.creators.get(issue.ref.id) == self._tracker.own

    def _sign_in(self) -> None:
        if not self._tracker.reachable:
            raise Unreachable("the memory tracker does not answer; make it reachable and pull again")
        if self._token != self._tracker.token:
            raise AccessRefused("the memory tracker refused the token; give it the tracker's own")

    def _shelf(self, source: object) -> Shelf:
        if not isinstance(source, MemorySource):
            raise Misconfigured("a memory connection reads memory sources only; correct the source's kind")
        try:
            return self._tracker.shelf(source.board)
        except KeyError:
            known = ", ".join(self._tracker.sources())
            raise Misconfigured(f'no board "{source.board}"; choose one of: {known}') from None

    def _said(self, shelf: Shelf, stream: str, keys: list[tuple[Entity, str]]) -> Batch:
        records = [shelf.records[key] for key in keys if key in shelf.records]
        issues = frozenset(id_ for entity, id_ in keys if entity is Entity.ISSUE)
        return Batch(
            stream=stream,
            cursor="",
            complete=False,
            issues=tuple(r for r in records if isinstance(r, Issue)),
            sprints=tuple(r for r in records if isinstance(r, Sprint)),
            milestones=tuple(r for r in records if isinstance(r, Milestone)),
            dependencies=tuple(d for id_ in sorted(issues) for d in shelf.links.get(id_, ())),
            dependencies_of=issues,
            worklogs=tuple(w for w in shelf.worklogs.values() if w.issue.id in issues),
            worklogs_removed=frozenset(w for w, issue in shelf.unlogged.items() if issue in issues),
            accounts=tuple(self._tracker.accounts.values()) if stream == "issues" else (),
            events=tuple(event for key in keys for event in shelf.events.get(key, ())),
            gone=issues & shelf.gone,
            hidden=issues & shelf.hidden,
        )


@cache
def shaped(form: Form) -> type[MemoryConnector]:
    """The connector of trackers with this form; its capabilities and its rounding are theirs."""
    can = replace(MemoryConnector.capabilities, writes=form.fields, conditional_writes=form.conditional)
    return type("ShapedConnector", (MemoryConnector,), {"capabilities": can, "form": form})


def _connection(source: object) -> str:
    assert isinstance(source, MemorySource)
    return source.connection


def _board(source: object) -> str:
    assert isinstance(source, MemorySource)
    return source.board


def _place(cursor: str, now: datetime) -> tuple[int, str]:
    """Where to go on, and the walk this belongs to: one that was begun, or a new one."""
    seq, _, walk = cursor.partition(" ")
    return int(seq or "0"), walk or (f"since-{seq}" if seq else f"full-{now.isoformat()}")
