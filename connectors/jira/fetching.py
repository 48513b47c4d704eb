"""Issues read by their ids, past the search and its lag: with their histories, links and logged work."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import SkipIssue
from connectors.jira.census import elsewhere
from connectors.jira.content import Content, gathered, logs_of
from connectors.jira.context import Pulled
from connectors.jira.issues import histories, know_epics
from connectors.jira.links import read_links
from connectors.jira.records import HomeRecord, InlineHistories, IssueWorklogs
from connectors.jira.worklogs import ISSUE, issue_worklogs, worklog_batch
from connectors.payload import decode_record

__all__ = ["fetch_issues"]

_AT_ONCE = 100


def fetch_issues(pull: Pulled, ids: Sequence[str]) -> Iterator[Batch]:
    """What a pull would tell of these issues; `hidden` are those that are not shown, for whatever reason."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        records, told = _read(pull, some)
        homes = [(raw, _home(raw)) for raw in records]
        ours = [raw for raw, home in homes if home is None or pull.is_home(home.fields.project)]
        left = [raw for raw, home in homes if home is not None and not pull.is_home(home.fields.project)]
        place = f"{zlib.crc32(','.join(some).encode()):08x}"
        batch = _tell(pull, ours, told, place)
        shown = {*(home.id for _, home in homes if home), *(odd.id for odd in batch.parked)}
        yield replace(batch, hidden=frozenset(some) - shown)
        if left:
            yield from _tell_moves(pull, left, told, place)
        for raw in ours:
            yield from _logged(pull, raw)


def _read(pull: Pulled, ids: Sequence[str]) -> tuple[list[msgspec.Raw], dict[str, list[msgspec.Raw]]]:
    """The records, and their histories where those are not inside them. One issue takes one request."""
    fields = (*pull.fields, "worklog")
    if pull.client.cloud and len(ids) == 1:
        raw = pull.client.issue(ids[0], fields)
        if raw is None:
            return [], {}
        if _is_whole(raw):
            return [raw], {}
    records = pull.client.issues(ids, fields)
    known = [home.id for home in map(_home, records) if home]
    return records, histories(pull, known) if pull.client.cloud and known else {}


class _Log(msgspec.Struct, frozen=True):
    changelog: InlineHistories | None = None


def _is_whole(raw: msgspec.Raw) -> bool:
    try:
        log = decode_record(raw, _Log).changelog
    except SkipIssue:
        return False
    return log is not None and len(log.histories) >= log.total


def _home(raw: msgspec.Raw) -> HomeRecord | None:
    """None: it cannot be read; it is taken for ours, so that it is seen to be odd."""
    try:
        return decode_record(raw, HomeRecord)
    except SkipIssue:
        return None


def _tell(pull: Pulled, records: list[msgspec.Raw], told: dict[str, list[msgspec.Raw]], place: str) -> Batch:
    epics = know_epics(pull, records)
    content = Content(pull.known, pull.words)
    content.add_page(records)
    links = read_links(pull.client, content, told)
    content.add_histories(told)
    raw = [RawPage("issues", place, gathered(records), _walk(pull))] if records else []
    if epics is not None:
        raw.insert(0, RawPage("issues", f"{place}.epics", epics, _walk(pull)))
    if links is not None:
        raw.insert(0, RawPage("issues", f"{place}.links", links, _walk(pull)))
    if told and content.ids:
        raw.append(RawPage("issues", f"{place}.history", logs_of(told, content.ids), _walk(pull)))
    return content.batch("issues", tuple(raw))


def _tell_moves(
    pull: Pulled, records: list[msgspec.Raw], told: dict[str, list[msgspec.Raw]], place: str
) -> Iterator[Batch]:
    """Where issues that have left the project are now."""
    pages = (
        RawPage("census", f"moved.{place}", gathered(records), _walk(pull)),
        RawPage("census", f"moved.{place}.history", logs_of(told, told), _walk(pull)),
    )
    for number, content in enumerate(elsewhere(pull.known, records)):
        content.add_histories(told)
        yield replace(content.moves(), raw=pages if number == 0 else ())


class _Fields(msgspec.Struct, frozen=True):
    worklog: IssueWorklogs | None = None


class _Worked(msgspec.Struct, frozen=True):
    id: str
    fields: _Fields = _Fields()


def _logged(pull: Pulled, raw: msgspec.Raw) -> Iterator[Batch]:
    """Logged work; an issue brings the first entries along and is asked for the rest."""
    try:
        record = decode_record(raw, _Worked)
    except SkipIssue:  # its mapping has said so
        return
    page = record.fields.worklog
    if page is None or not page.total:
        return
    pull.listed.add(record.id)
    if len(page.worklogs) >= page.total:
        yield worklog_batch(pull, page.worklogs, "", f"{ISSUE}{record.id}.0", _walk(pull), issue=record.id)
    else:
        yield from issue_worklogs(pull, record.id, "", _walk(pull))


def _walk(pull: Pulled) -> str:
    return f"fetch-{pull.walk}"
