"""The stream of worklogs: the site's feeds of changed and deleted ones, narrowed to the project's issues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from connectors.base import Batch, Parked, RawPage
from connectors.errors import SkipIssue, SourceStopped
from connectors.jira.client import Answer
from connectors.jira.context import Pulled, parked
from connectors.jira.cursors import WorklogCursor, read_cursor, write_cursor
from connectors.jira.mapping import accounts, map_worklog
from connectors.jira.records import MovedWorklogs, WorklogRecord
from connectors.payload import decode_record
from model.values import Account, Worklog

__all__ = ["read_worklogs"]

_MARGIN = timedelta(hours=1)
_FOUND_AT_ONCE = 100


def read_worklogs(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """First what was logged or edited, then what was deleted. The feeds leave out the last minute.

    At first contact nothing of ours can have been deleted before the pull began, so that feed starts then.
    """
    at = read_cursor(cursor, WorklogCursor)
    if at.deleted is None:
        at = msgspec.structs.replace(at, deleted=_stamp(pull.server_time - _MARGIN))
    done = False
    while not done:
        feed, since = ("deleted", at.deleted or 0) if at.deleting else ("updated", at.updated)
        answer, page = pull.client.worklog_feed(feed, since)
        if not page.last_page and page.until <= since:
            raise SourceStopped(f"Jira's list of {feed} worklogs does not move on. Pull again.")
        done = at.deleting and page.last_page
        at = _after(at, page)
        position = f"{feed}.{since}"
        raw = RawPage("worklogs", position, answer.body)
        if feed == "deleted":
            ids = frozenset(str(entry.worklog_id) for entry in page.values)
            yield Batch("worklogs", write_cursor(at), done, worklogs_removed=ids, raw=(raw,))
        else:
            yield _logged(pull, page, at, raw)


def _after(at: WorklogCursor, page: MovedWorklogs) -> WorklogCursor:
    if at.deleting:
        until = max(at.deleted or 0, page.until)
        return msgspec.structs.replace(at, deleted=until, deleting=not page.last_page)
    until = max(at.updated, page.until)
    return msgspec.structs.replace(at, updated=until, deleting=page.last_page)


def _stamp(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _logged(pull: Pulled, page: MovedWorklogs, after: WorklogCursor, feed: RawPage) -> Batch:
    """The worklogs behind a page of ids, without those of other projects."""
    ids = [entry.worklog_id for entry in page.values]
    answer, raws = pull.client.worklogs(ids) if ids else (Answer(b"[]"), [])
    worklogs: list[Worklog] = []
    people: dict[str, Account] = {}
    odd: list[Parked] = []
    for raw in raws:
        try:
            record = decode_record(raw, WorklogRecord)
            worklogs.append(map_worklog(record, pull.words))
        except SkipIssue as error:
            odd.append(parked(raw, error))
        else:
            people.update((person.ref.id, person) for person in accounts((record.author,), pull.words))
    ours = _ours(pull, {worklog.issue.id for worklog in worklogs})
    mine = tuple(worklog for worklog in worklogs if worklog.issue.id in ours)
    authors = {worklog.author for worklog in mine}
    return Batch(
        stream="worklogs",
        cursor=write_cursor(after),
        complete=False,
        worklogs=mine,
        accounts=tuple(person for id, person in people.items() if id in authors),
        parked=tuple(odd),
        raw=(feed, RawPage("worklogs", f"{feed.position}.list", answer.body)),
        notes=tuple(answer.notes),
    )


def _ours(pull: Pulled, issues: Iterable[str]) -> set[str]:
    """Which of these issues are the project's; the feeds are the whole site's and name no project."""
    unknown = iter(sorted(set(issues) - pull.members - pull.strangers))
    while ids := list(islice(unknown, _FOUND_AT_ONCE)):
        homes = pull.client.homes(ids)
        pull.members.update(id for id in ids if homes.get(id) == pull.project.key)
        pull.strangers.update(id for id in ids if homes.get(id) != pull.project.key)
    return pull.members & set(issues)
