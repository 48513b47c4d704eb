"""The stream of worklogs: the site's feeds of changed and deleted ones, narrowed to the project's issues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue, SourceStopped
from connectors.jira.client import Missing
from connectors.jira.context import Known, Pulled, parked
from connectors.jira.cursors import WorklogCursor, read_cursor, write_cursor
from connectors.jira.mapping import accounts, map_worklog
from connectors.jira.records import HomeRecord, MovedWorklogs, WorklogRecord
from connectors.payload import decode_record
from model.values import Account, Worklog

__all__ = ["ISSUE", "issue_worklogs", "read_worklogs", "tell_worklogs", "worklog_batch"]

ISSUE = "issue."
"""How the position of a page of one issue's worklogs begins; the issue's id follows."""

_MARGIN = timedelta(hours=1) // timedelta(milliseconds=1)
_FOUND_AT_ONCE = 100


def read_worklogs(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """First what was logged or edited, then what was deleted. The feeds leave out the last minute.

    At first contact nothing of ours can have been deleted before the pull began, so that feed starts then,
    and nothing can have been logged before the project's oldest issue was created. An issue that joined the
    project later brings its older worklogs, which the feed has long passed.
    """
    at = read_cursor(None if pull.reread else cursor, WorklogCursor)
    walk = at.walk or (f"full-{pull.walk}" if at.deleted is None else f"since-{pull.walk}")
    newest = _newest(pull)
    joined = {id for id in pull.joined if int(id) < newest} if at.updated else set()
    if at.deleted is None:
        updated = max(0, pull.oldest - 1) if pull.oldest is not None else at.updated
        at = WorklogCursor(updated=updated, deleted=max(0, pull.now - _MARGIN))
    at = msgspec.structs.replace(at, walk=walk)
    try:
        yield from _joined(pull, at, joined)
        yield from _follow(pull, at)
    except Missing:  # a site too old for the feeds
        yield from _each(pull, at, not cursor)


def _follow(pull: Pulled, at: WorklogCursor) -> Iterator[Batch]:
    walk, done = at.walk, False
    while not done:
        feed, since = ("deleted", at.deleted or 0) if at.deleting else ("updated", at.updated)
        answer, page = pull.client.worklog_feed(feed, since)
        if not page.last_page and page.until <= since:
            raise SourceStopped(f"Jira's list of {feed} worklogs does not move on. Pull again.")
        done = at.deleting and page.last_page
        at = _after(at, page)
        text = write_cursor(msgspec.structs.replace(at, walk="") if done else at)
        position = f"{feed}.{since:016d}"
        if feed == "deleted":
            ids = frozenset(str(entry.worklog_id) for entry in page.values)
            raw = (RawPage("worklogs", position, answer.body, walk),)
            yield Batch("worklogs", text, done, worklogs_removed=ids, raw=raw, notes=tuple(answer.notes))
        else:
            yield _logged(pull, page, text, f"{position}.list", walk)


def _after(at: WorklogCursor, page: MovedWorklogs) -> WorklogCursor:
    if at.deleting:
        until = max(at.deleted or 0, page.until)
        return msgspec.structs.replace(at, deleted=until, deleting=not page.last_page)
    until = max(at.updated, page.until)
    return msgspec.structs.replace(at, updated=until, deleting=page.last_page)


def _logged(pull: Pulled, page: MovedWorklogs, cursor: str, position: str, walk: str) -> Batch:
    """The worklogs behind a page of ids, without those of other projects."""
    ids = [entry.worklog_id for entry in page.values]
    notes: tuple[str, ...] = ()
    raws: Sequence[msgspec.Raw] = ()
    if ids:
        answer, raws = pull.client.worklogs(ids)
        notes = tuple(answer.notes)
    return worklog_batch(pull, raws, cursor, position, walk, notes)


def worklog_batch(
    pull: Pulled,
    records: Sequence[msgspec.Raw],
    cursor: str,
    position: str,
    walk: str,
    notes: tuple[str, ...] = (),
    issue: str = "",
) -> Batch:
    """The worklogs of the project's issues; those that are kept are kept without anybody else's."""
    ours = _ours(pull, records)
    mine = [raw for raw in records if _issue(raw) in ours]
    worklogs, people, odd = tell_worklogs(pull.known, mine, issue)
    page = RawPage("worklogs", position, msgspec.json.encode(mine), walk)
    return Batch(
        "worklogs", cursor, False, worklogs=worklogs, accounts=people, parked=odd, raw=(page,), notes=notes
    )


def tell_worklogs(
    known: Known, records: Iterable[msgspec.Raw], issue: str = ""
) -> tuple[tuple[Worklog, ...], tuple[Account, ...], tuple[Parked, ...]]:
    """Worklogs, their authors, and what cannot be understood; `issue` is theirs if they don't say."""
    worklogs: list[Worklog] = []
    people: dict[str, Account] = {}
    odd: list[Parked] = []
    for raw in records:
        try:
            record = decode_record(raw, WorklogRecord)
            if not (record.issue_id or issue):
                raise SkipIssue("It names no issue")
            worklogs.append(map_worklog(record, known.words, record.issue_id or issue))
        except SkipIssue as error:
            odd.append(parked(raw, error))
        else:
            people.update((person.ref.id, person) for person in accounts((record.author,), known.words))
    return tuple(worklogs), tuple(people.values()), tuple(odd)


class _Home(msgspec.Struct, frozen=True, rename="camel"):
    issue_id: str = ""


def _issue(raw: msgspec.Raw) -> str:
    """The id of a worklog's issue; empty where it cannot be read."""
    try:
        return decode_record(raw, _Home).issue_id
    except SkipIssue:
        return ""


def _ours(pull: Pulled, records: Iterable[msgspec.Raw]) -> set[str]:
    """Which issues are the project's; the feeds are the whole site's and name no project.

    Ids count up: one that is older than the newest known issue, and not among them, belongs elsewhere. What
    names no readable issue is taken for ours, so that it is seen to be odd.
    """
    issues = {_issue(raw) for raw in records}
    listed = pull.listed | pull.waiting | pull.known.members.keys()
    newest = max(map(int, listed), default=0)
    fresh = {id for id in issues - listed - pull.strangers if id.isdigit() and int(id) > newest}
    unknown = iter(sorted(fresh))
    while ids := list(islice(unknown, _FOUND_AT_ONCE)):
        found = [decode_record(raw, HomeRecord) for raw in pull.client.issues(ids, ("project",))]
        homes = {record.id: record.fields.project.id for record in found}
        pull.listed.update(id for id in ids if homes.get(id) == pull.project.id)
        pull.strangers.update(id for id in ids if homes.get(id) != pull.project.id)
    return {id for id in issues if id in listed or id in pull.listed or not id}


def _newest(pull: Pulled) -> int:
    """The number of the newest issue that was known before this pull."""
    return max(map(int, pull.listed - pull.joined), default=0)


def _joined(pull: Pulled, at: WorklogCursor, issues: Iterable[str]) -> Iterator[Batch]:
    """The worklogs of issues that joined the project since the last census, from before they did."""
    for id in sorted(issues, key=int):
        yield from issue_worklogs(pull, id, write_cursor(at), at.walk)


def issue_worklogs(pull: Pulled, id: str, cursor: str, walk: str) -> Iterator[Batch]:
    """All that was logged on one issue, page by page."""
    start = 0
    while True:
        try:
            answer, page = pull.client.issue_worklogs(pull.known.members.get(id, id), start)
        except Missing:  # deleted meanwhile, or time is not tracked
            return
        if page.worklogs:
            place = f"{ISSUE}{id}.{start}"
            yield worklog_batch(pull, page.worklogs, cursor, place, walk, tuple(answer.notes), id)
        start += len(page.worklogs)
        if not page.worklogs or start >= page.total:
            return


def _each(pull: Pulled, at: WorklogCursor, first: bool) -> Iterator[Batch]:
    """Without the feeds: the worklogs of the issues that were read, all of them at first contact."""
    read = pull.known.members.keys()
    issues = pull.listed | pull.waiting | read if first else read
    for id in sorted(issues, key=int):
        yield from issue_worklogs(pull, id, "", at.walk)
    note = (
        "This Jira has no feed of worklogs: they are read with their issues, and deleted ones are not "
        "noticed."
    )
    done = msgspec.structs.replace(at, updated=pull.now, deleting=False, walk="")
    yield Batch("worklogs", write_cursor(done), complete=True, notes=(note,))
