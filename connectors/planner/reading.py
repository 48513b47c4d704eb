"""Reads a plan's tasks page by page and yields those that changed since the last reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import AccessRefused, SkipIssue, SourceStopped
from connectors.payload import decode_record
from connectors.planner.client import Answer, BadRequest, PlannerClient, Reply
from connectors.planner.cursors import digest, read_cursor, write_cursor
from connectors.planner.mapping import Board, account_of, completion, issue_of, people_of
from connectors.planner.records import Collection, DetailsRecord, Named, TaskRecord
from model.values import Account, Event, Issue

__all__ = ["STREAM", "Reading"]

STREAM = "tasks"

_MOST_PAGES = 1000
_APART = timedelta(minutes=10)
_SWEEP = 8
"""Where details have to be fetched one by one, those of an unchanged task are looked at every eighth time: a
description that changes from one text to another may leave the task's own ETag alone."""
_NAMELESS = "Names of people are not shown. If they are wanted, grant User.Read.All to the application."


@dataclass(slots=True)
class _Page:
    """What one page of tasks came to."""

    issues: list[Issue] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    raw: list[RawPage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    people: set[str] = field(default_factory=set)


class Reading:
    """One reading of one plan. `basis` stands for everything but the tasks that their mapping depends on."""

    def __init__(
        self, client: PlannerClient, board: Board, basis: str, cursor: str | None, now: datetime
    ) -> None:
        self._client = client
        self._board = board
        self._now = now
        self._cursor = read_cursor(cursor, basis)
        self._first = f"/planner/plans/{board.source.plan}/tasks"
        self._named: set[str] = set()
        self._may_name = True

    def batches(self) -> Iterator[Batch]:
        """The pages that are left of a reading under way, or all pages of a new one."""
        answer = self._resume() or self._begin()
        links = {self._cursor.next}
        while True:
            collection = answer.as_(Collection)
            page = self._understand(answer, collection.value)
            self._cursor.next = self._following(collection, links)
            gone = frozenset[str]() if self._cursor.next else self._finish(page)
            yield self._batch(page, gone)
            if not self._cursor.next:
                return
            answer = self._client.get(self._cursor.next)

    def _resume(self) -> Answer | None:
        """The page where a reading was broken off; None: there is none, or its link is too old.

        A reading that begins anew yields only what the broken one didn't, since it knows what that one met.
        """
        if not self._cursor.next:
            return None
        try:
            return self._client.get(self._cursor.next)
        except BadRequest:
            self._cursor.known |= self._cursor.met
            self._cursor.met, self._cursor.next = {}, ""
            return None

    def _begin(self) -> Answer:
        """The first page; asking for details with it is not documented, so Planner may refuse."""
        if not self._cursor.plain:
            try:
                return self._client.get(f"{self._first}?$expand=details")
            except BadRequest:
                self._cursor.plain = True
        return self._client.get(self._first)

    def _following(self, collection: Collection, links: set[str]) -> str:
        """The link to the next page, checked before this page is believed; empty after the last one."""
        link = collection.next_link or ""
        if not link:
            return ""
        self._client.admit(link)
        if link in links or len(links) > _MOST_PAGES:
            raise SourceStopped(
                f"The list of tasks of plan {self._board.source.plan} leads round in a circle. Nothing of "
                "this page was stored; pull again later."
            )
        links.add(link)
        return link

    # Pages

    def _understand(self, answer: Answer, records: Sequence[msgspec.Raw]) -> _Page:
        page = _Page(raw=[RawPage(STREAM, f"{len(self._cursor.met)}", answer.body)])
        page.notes += answer.notes
        tasks = [task for raw in records if (task := self._task(raw, page)) is not None]
        fetched = self._details(tasks, page)
        for task in tasks:
            details = task.details or fetched.get(task.id)
            if isinstance(details, SkipIssue):
                self._park(task.id, details, page)
            elif self._is_news(task, details):
                self._map(task, details, page)
        return page

    def _task(self, raw: msgspec.Raw, page: _Page) -> TaskRecord | None:
        try:
            return decode_record(raw, TaskRecord)
        except SkipIssue as odd:
            self._park(_id_of(raw), odd, page, raw)
            return None

    def _map(self, task: TaskRecord, details: DetailsRecord | None, page: _Page) -> None:
        try:
            page.issues.append(issue_of(task, details, self._board))
            page.events += completion(task, self._board)
            page.people |= people_of(task)
        except SkipIssue as odd:
            self._park(task.id, odd, page)

    def _park(self, id: str | None, odd: SkipIssue, page: _Page, raw: msgspec.Raw | None = None) -> None:
        """Set one task aside; without a version it is tried again by the next reading.

        A record whose very id is odd is named by what it contains.
        """
        if id is None:
            name = f"odd-{digest(bytes(raw or b'').hex())}"
            page.parked.append(Parked(name, name, str(odd)))
            return
        page.parked.append(Parked(id, f"task-{id[:8]}", str(odd)))
        self._cursor.known.pop(id, None)
        self._cursor.met[id] = ""

    def _is_news(self, task: TaskRecord, details: DetailsRecord | None) -> bool:
        """Whether the task or its details differ from the last reading; notes their versions."""
        before = self._cursor.known.pop(task.id, self._cursor.met.get(task.id))
        self._cursor.missing.pop(task.id, None)
        version = digest(task.etag)
        if details is not None:
            version += digest(details.etag)
        elif task.says_more and before is not None and before.startswith(version):
            version = before
        self._cursor.met[task.id] = version
        return version != before

    # Details

    def _details(self, tasks: Sequence[TaskRecord], page: _Page) -> dict[str, DetailsRecord | SkipIssue]:
        """The details that the list didn't bring, of tasks that have some and may have changed."""
        wanted = [task.id for task in tasks if task.details is None and task.says_more and self._due(task)]
        found: dict[str, DetailsRecord | SkipIssue] = {}
        for answer, replies in self._client.each([f"/planner/tasks/{id}/details" for id in wanted]):
            page.raw.append(RawPage("details", f"{len(self._cursor.met)}.{len(page.raw)}", answer.body))
            for address, reply in replies.items():
                found[address.split("/")[3]] = _read_details(reply)
        return found

    def _due(self, task: TaskRecord) -> bool:
        before = self._cursor.known.get(task.id, "")
        changed = not before.startswith(digest(task.etag))
        return changed or (sum(task.id.encode()) + self._cursor.round) % _SWEEP == 0

    # The end of a reading

    def _finish(self, page: _Page) -> frozenset[str]:
        """Turn the page over to the next reading; the ids of tasks that Planner says are gone.

        Gone is what two whole readings, some time apart, didn't find and Planner doesn't know by its id.
        """
        cursor = self._cursor
        for id in cursor.known:
            cursor.missing.setdefault(id, self._now.isoformat())
        long = [id for id, at in cursor.missing.items() if self._now - datetime.fromisoformat(at) >= _APART]
        gone = frozenset(self._unknown(long))
        for id in gone:
            del cursor.missing[id]
        still = len(cursor.missing)
        if still:
            page.notes.append(
                f"{still} tasks are not in the list; they stay until Planner says they're gone."
            )
        cursor.known, cursor.met, cursor.round = cursor.met, {}, cursor.round + 1
        return gone

    def _unknown(self, ids: Sequence[str]) -> Iterator[str]:
        for _, replies in self._client.each([f"/planner/tasks/{id}" for id in ids]):
            for address, reply in replies.items():
                if reply.status == 404:
                    yield address.rpartition("/")[2]

    def _batch(self, page: _Page, gone: frozenset[str]) -> Batch:
        accounts = self._accounts(page)
        return Batch(
            stream=STREAM,
            cursor=write_cursor(self._cursor),
            complete=not self._cursor.next,
            issues=tuple(page.issues),
            events=tuple(page.events),
            accounts=accounts,
            gone=gone,
            parked=tuple(page.parked),
            raw=tuple(page.raw),
            notes=tuple(page.notes),
        )

    def _accounts(self, page: _Page) -> tuple[Account, ...]:
        """The people named on this page for the first time; a missing right is a note, not an end."""
        new = sorted(page.people - self._named)
        if not new or not self._may_name:
            return ()
        self._named |= page.people
        try:
            records = self._client.people(new)
        except AccessRefused:
            found: list[Account | None] = [None]
        else:
            found = [account_of(record, self._board.connection.name) for record in records]
        accounts = tuple(account for account in found if account is not None)
        if found and not accounts:
            self._may_name = False
            page.notes.append(_NAMELESS)
        return accounts


def _read_details(reply: Reply) -> DetailsRecord | SkipIssue:
    """A task's details, or why the task has to be set aside until the next reading."""
    if reply.status != 200:
        return SkipIssue(f"Its details cannot be read: Planner answered with status {reply.status}")
    try:
        return decode_record(reply.body, DetailsRecord)
    except SkipIssue as odd:
        return odd


def _id_of(raw: msgspec.Raw) -> str | None:
    """The id of a record that cannot be understood; None: not even that can."""
    try:
        return decode_record(raw, Named).id
    except SkipIssue:
        return None
