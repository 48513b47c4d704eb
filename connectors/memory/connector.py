"""A complete connector on a tracker in memory: the shortest example of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

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
from connectors.errors import AccessRefused, Misconfigured, Unreachable
from connectors.memory.settings import MemorySource
from connectors.memory.tracker import MemoryTracker, Shelf
from model.fields import HISTORY
from model.values import Entity, Issue, Milestone, Sprint

__all__ = ["MemoryConnector"]

_STREAMS: dict[str, frozenset[Entity]] = {
    "plan": frozenset({Entity.SPRINT, Entity.MILESTONE}),
    "issues": frozenset({Entity.ISSUE}),
}


class MemoryConnector:
    """Reads a `MemoryTracker` page by page.

    A cursor is the number of the last change that was read, followed in the middle of a walk by its name.
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
    )

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
                self._asked += 1
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

    def spent(self) -> Spent:
        return Spent(self._asked)

    def close(self) -> None:
        """Nothing is held open."""

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
        )


def _place(cursor: str, now: datetime) -> tuple[int, str]:
    """Where to go on, and the walk this belongs to: one that was begun, or a new one."""
    seq, _, walk = cursor.partition(" ")
    return int(seq or "0"), walk or (f"since-{seq}" if seq else f"full-{now.isoformat()}")
