"""Reads a plan's tasks page by page and yields those that changed since the last reading."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import AccessRefused, ConnectorError, SkipIssue, SourceStopped
from connectors.payload import decode_record
from connectors.planner.changes import changed_since, first_link
from connectors.planner.client import Answer, BadRequest, PlannerClient, Reply
from connectors.planner.cursors import digest, name_walk, read_cursor, write_cursor
from connectors.planner.mapping import Board, account_of, completion, issue_of, people_of
from connectors.planner.pages import Listed, Page, Streams, id_of, plan_of, read_details, with_details
from connectors.planner.pipeline import Pipeline
from connectors.planner.records import Collection, DetailsRecord, TaskRecord
from model.values import Account

__all__ = ["Reading"]

_MOST_PAGES = 1000
_APART = timedelta(minutes=10)
_LISTED = timedelta(days=1)
_MOST_KEPT = 100
"""Pages with news that are kept beside a whole reading; one that is kept whole has all details in it, so it
comes less often where they have to be fetched one by one."""
_AT_EVERY_READING = 500
_AT_LEAST_EVERY = 8
"""Where details have to be fetched one by one, those of an unchanged task can change unseen: a description
that goes from one text to another may leave the task's own ETag alone. Of such tasks 500 are looked at with
every reading, or an eighth where that is more."""
_NAMELESS = "Names of people are not shown. If they are wanted, grant User.Read.All to the application."


class Reading:
    """One reading of one plan. `basis` stands for everything but the tasks that their mapping depends on.

    `siblings` are the plans of the same source; `follower` is the reading that comes after this one.
    """

    follower: Reading | None = None

    def __init__(
        self,
        client: PlannerClient,
        pipeline: Pipeline,
        board: Board,
        basis: str,
        cursor: str | None,
        now: datetime,
        streams: Streams,
        siblings: frozenset[str] = frozenset(),
    ) -> None:
        self._client = client
        self._pipeline = pipeline
        self.board = board
        self._now = now
        self.streams = streams
        self._siblings = siblings
        self._cursor = read_cursor(cursor, basis)
        self._first = f"/planner/plans/{board.plan}/tasks"
        self._links: set[str] = set()
        self._notes: list[str] = []
        self._people = set(self._cursor.people)
        self._ahead: Listed | None = None
        self._coming = ""
        self._parts = _parts(len(one) > len(digest("")) for one in self._cursor.known.values())
        client.plain = client.plain or self._cursor.plain
        if not self._cursor.next:
            name_walk(self._cursor, now, _MOST_PAGES if self._cursor.plain else _MOST_KEPT)

    @property
    def plan(self) -> str:
        return self.board.plan

    def batches(self) -> Iterator[Batch]:
        """The pages that are left of a reading under way, or all pages of a new one."""
        changes = self._by_delta()
        if changes is not None:
            yield changes
            return
        listed = self._resume() or self._begin()
        while True:
            self._coming = listed.link
            page = self._understand(listed)
            self._cursor.next = listed.link
            gone, hidden = (frozenset[str](), frozenset[str]()) if listed.link else self._finish(page)
            yield self._batch(page, gone, hidden)
            if not listed.link:
                return
            listed = self._next(listed.link)

    # Changes only

    def _by_delta(self) -> Batch | None:
        """What changed since the last reading as Graph's beta tells it; None: the list has to be compared.

        It has to be once a day, and whenever a task may be gone: a delta is no proof of that.
        """
        cursor, page = self._cursor, Page(notes=self._notes)
        if cursor.next or self._kept_whole or not self._client.may_beta:
            self._prepare()
            return None
        fresh = cursor.listed and self._now - datetime.fromisoformat(cursor.listed) < _LISTED
        if fresh and cursor.delta and cursor.known and not cursor.missing:
            found = changed_since(self._client, cursor.delta, self._notes)
            cursor.delta = found.link if found else ""
            if found and not found.removed and self._read_again(found.ids, page):
                cursor.known, cursor.met = {**cursor.known, **cursor.met}, {}
                return self._batch(page, frozenset(), frozenset())
        self._prepare()
        return None

    def _prepare(self) -> None:
        """Take a link before the list is read, so that no change falls between the two."""
        if self._client.may_beta and not (self._cursor.next or self._cursor.delta):
            self._cursor.delta = first_link(self._client, self.board.plan, self._notes)

    def _read_again(self, ids: Sequence[str], page: Page) -> bool:
        """Read tasks and their details by their ids; whether all are still there and in this plan."""
        parts = [f"/planner/tasks/{id}{part}" for id in ids for part in ("", "/details")]
        replies = {a: reply for some in self._client.each(parts) for a, reply in some.items()}
        if not all(reply.status == 200 for reply in replies.values()):
            return False
        tasks = [replies[f"/planner/tasks/{id}"] for id in ids]
        if any(plan_of(reply) != self.board.plan for reply in tasks):
            return False
        body = b'{"value":[' + b",".join(bytes(reply.body) for reply in tasks) + b"]}"
        listed = self._listed(Answer(body))
        more = {task.id for task in listed.tasks if task.says_more or not self._cursor.plain}
        details = {f"/planner/tasks/{id}/details": replies[f"/planner/tasks/{id}/details"] for id in more}
        self._take(listed, details, page)
        return True

    # The list

    def _resume(self) -> Listed | None:
        """The page where a reading was broken off; None: there is none, or its link is too old.

        A reading that begins anew yields only what the broken one didn't, since it knows what that one met.
        """
        if not self._cursor.next:
            return None
        self._links.add(self._cursor.next)
        try:
            return self._open(self._client.get(self._cursor.next))
        except BadRequest:
            self._cursor.known |= self._cursor.met
            self._cursor.met, self._cursor.next, self._links = {}, "", set()
            return None

    def _begin(self) -> Listed:
        """The first page; asking for details with it is not documented, so Planner may refuse."""
        if self._ahead is not None:
            listed, self._ahead = self._ahead, None
            return listed
        if not self._client.plain:
            try:
                return self._open(self._client.get(f"{self._first}?$expand=details"))
            except BadRequest:
                self._client.plain = True
        self._cursor.plain = True
        return self._open(self._client.opened(self._pipeline.take(self._first, lambda: None)))

    def _open(self, answer: Answer) -> Listed:
        """A page with its link checked, before anything of it is believed; its details are asked for."""
        listed = self._listed(answer)
        wanted = [task.id for task in listed.tasks if task.details is None and task.says_more]
        self._client.plain = self._client.plain or bool(wanted)
        if self._client.plain:
            self._look_ahead(listed.link)
        listed.asked = [
            f"/planner/tasks/{task.id}/details"
            for task in listed.tasks
            if task.details is None and task.says_more and self._due(task)
        ]
        self._pipeline.ask(listed.asked)
        return listed

    def _listed(self, answer: Answer) -> Listed:
        collection = answer.as_(Collection)
        listed = Listed(answer, link=self._following(collection))
        for raw in collection.value:
            try:
                listed.tasks.append(decode_record(raw, TaskRecord))
            except SkipIssue as odd:
                listed.odd.append((id_of(raw), odd, raw))
        return listed

    def _look_ahead(self, link: str) -> None:
        """Ask for the page that comes next, so that its details can fill up the batches of this one's."""
        if link:
            self._pipeline.ask([self._client.below(link)], first=True)
        elif self.follower is not None and self.follower.may_be_early:
            self._pipeline.ask([self.follower._first], first=True)

    @property
    def may_be_early(self) -> bool:
        """Whether the first page may be asked for before this reading's turn."""
        return self._client.plain and not self._client.may_beta and not self._cursor.next

    def _refill(self) -> None:
        """Open the next page if it's there already: what it needs goes into the batch about to be sent."""
        early = self if self._coming else self.follower
        if early is None or early._ahead is not None:
            return
        address = self._client.below(self._coming) if self._coming else early._first
        reply = self._pipeline.peek(address)
        if reply is None or reply.status != 200 or (early is not self and not early.may_be_early):
            return
        try:
            early._ahead = early._open(self._client.opened(reply))
        except ConnectorError:
            return  # it is met again in its turn, when the pages before it are stored
        self._pipeline.drop([address])

    def _next(self, link: str) -> Listed:
        if self._ahead is not None:
            listed, self._ahead = self._ahead, None
            return listed
        if not self._client.plain:
            return self._open(self._client.get(link))
        reply = self._pipeline.take(self._client.below(link), lambda: None)
        return self._open(self._client.opened(reply))

    def _following(self, collection: Collection) -> str:
        """The link to the next page; empty after the last one. SourceStopped: it leads elsewhere or back."""
        link = collection.next_link or ""
        if not link:
            return ""
        self._client.admit(link)
        if link in self._links or len(self._links) > _MOST_PAGES:
            raise SourceStopped(
                f"The list of tasks of plan {self.board.plan} leads round in a circle. Nothing of "
                "this page was stored; pull again later."
            )
        self._links.add(link)
        return link

    # Pages

    def _understand(self, listed: Listed) -> Page:
        page = Page(notes=[*self._notes, *listed.answer.notes])
        self._notes.clear()
        replies = {address: self._pipeline.take(address, self._refill) for address in listed.asked}
        self._take(listed, replies, page)
        return page

    def _take(self, listed: Listed, replies: dict[str, Reply], page: Page) -> None:
        """Understand the tasks of a page that are news, with the replies to what was asked of them."""
        place = f"{len(self._cursor.met):06}"
        for id, odd, raw in listed.odd:
            self._park(id, odd, page, raw)
        for task in listed.tasks:
            details = read_details(replies.get(f"/planner/tasks/{task.id}/details"), task)
            if isinstance(details, SkipIssue):
                self._park(task.id, details, page)
            elif self._is_news(task, details):
                self._map(task, details, page)
        self._keep(listed, replies, place, page)

    def _keep(self, listed: Listed, replies: dict[str, Reply], place: str, page: Page) -> None:
        """The page as received with its details, if it has news or the whole reading is being kept."""
        if not (page.issues or page.parked or self._kept_whole):
            return
        self._cursor.stored += 1
        details = [bytes(reply.body) for reply in replies.values() if reply.status == 200]
        body = with_details(listed.answer.body, details) if replies else listed.answer.body
        page.raw.append(RawPage(self.streams.tasks, place, body, self._cursor.walk))

    @property
    def _kept_whole(self) -> bool:
        return self._cursor.walk.startswith("full")

    def _map(self, task: TaskRecord, details: DetailsRecord | None, page: Page) -> None:
        try:
            issue = issue_of(task, details, self.board)
            events = completion(task, self.board)
        except SkipIssue as odd:
            self._park(task.id, odd, page)
            return
        page.issues.append(issue)
        page.events += events
        self._people |= people_of(task)

    def _park(self, id: str | None, odd: SkipIssue, page: Page, raw: msgspec.Raw | None = None) -> None:
        """Set one task aside; without a version it is tried again by the next reading.

        A record whose very id is odd is named by what it contains.
        """
        if id is None:
            name = f"odd-{digest(bytes(raw or b'').hex())}"
            page.parked.append(Parked(name, name, str(odd)))
            return
        page.parked.append(Parked(id, f"task-{id[:8]}", str(odd)))
        self._cursor.known.pop(id, None)
        self._cursor.missing.pop(id, None)
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

    def _due(self, task: TaskRecord) -> bool:
        """Whether a task's details are to be fetched: it's new, it changed, or it is its turn."""
        if self._kept_whole:
            return True
        before = self._cursor.known.get(task.id, "")
        changed = not before.startswith(digest(task.etag))
        return changed or (zlib.crc32(task.id.encode()) + self._cursor.round) % self._parts == 0

    # The end of a reading

    def _finish(self, page: Page) -> tuple[frozenset[str], frozenset[str]]:
        """Turn the page over to the next reading; the ids of tasks that are gone, and of those not shown.

        Gone is what two whole readings, some time apart, didn't find and Planner doesn't know by its id. What
        Planner knows but doesn't show us, or has put into a plan that isn't ours, is hidden.
        """
        cursor = self._cursor
        for id in cursor.known:
            cursor.missing.setdefault(id, self._now.isoformat())
        long = [id for id, at in cursor.missing.items() if self._now - datetime.fromisoformat(at) >= _APART]
        fates = dict(self._fates(long))
        for id in fates:
            del cursor.missing[id]
        still = len(cursor.missing)
        if still:
            page.notes.append(
                f"{still} tasks are not in the list; they stay until Planner says they're gone."
            )
        cursor.known, cursor.met, cursor.round = cursor.met, {}, cursor.round + 1
        cursor.lost, cursor.listed = "", self._now.isoformat()
        gone = frozenset(id for id, fate in fates.items() if fate == "gone")
        return gone, frozenset(id for id, fate in fates.items() if fate == "hidden")

    def _fates(self, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        """What became of tasks, as far as it's certain: "gone", "hidden", or "moved" to a plan of ours."""
        for replies in self._client.each([f"/planner/tasks/{id}" for id in ids]):
            for address, reply in replies.items():
                id = address.rpartition("/")[2]
                if reply.status in (403, 404):
                    yield id, "gone" if reply.status == 404 else "hidden"
                elif reply.status == 200:
                    plan = plan_of(reply)
                    if plan not in (None, self.board.plan):
                        yield id, "moved" if plan in self._siblings else "hidden"

    def _batch(self, page: Page, gone: frozenset[str], hidden: frozenset[str]) -> Batch:
        accounts = self._accounts(page) if not self._cursor.next else ()
        self._cursor.people = sorted(self._people)
        return Batch(
            stream=self.streams.tasks,
            cursor=write_cursor(self._cursor),
            complete=not self._cursor.next,
            issues=tuple(page.issues),
            events=tuple(page.events),
            accounts=accounts,
            gone=gone,
            hidden=hidden,
            parked=tuple(page.parked),
            raw=tuple(page.raw),
            notes=tuple(page.notes),
        )

    def _accounts(self, page: Page) -> tuple[Account, ...]:
        """The people that the reading met, asked for once at its end; a missing right is only a note."""
        new = sorted(self._people - self._client.named)
        self._people.clear()
        if not new or not self._client.may_name:
            return ()
        self._client.named.update(new)
        try:
            records = self._client.people(new)
        except AccessRefused:
            self._client.may_name = False
            page.notes.append(_NAMELESS)
            return ()
        accounts = [account_of(record, self.board.connection.name) for record in records]
        return tuple(account for account in accounts if account is not None)


def _parts(described: Iterator[bool]) -> int:
    """Over how many readings a look at the details of all unchanged tasks is spread."""
    return min(max(-(-sum(described) // _AT_EVERY_READING), 1), _AT_LEAST_EVERY)
