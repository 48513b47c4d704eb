"""The stream of issues: pages of the search, each recorded together with the histories of its issues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import ConnectorError, SkipIssue, SourceStopped
from connectors.jira.client import BadRequest
from connectors.jira.content import Content, epics_of, gathered, logs_of
from connectors.jira.context import Pulled, stamp
from connectors.jira.cursors import IssueCursor, pack, read_cursor, unpack, write_cursor
from connectors.jira.links import read_links
from connectors.jira.pages import Found, Pages, find
from connectors.jira.records import IssueRecord
from connectors.payload import decode_record

__all__ = ["OVERLAP", "basis_of", "histories", "know_epics", "read_issues"]

OVERLAP = timedelta(minutes=10)
"""How far an incremental read goes back before its watermark: the search index lags behind the issues."""

_MOST_RECENT = 2000
_AT_ONCE = 1000
"""How many issues are asked for their histories in one request."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that was found, where the walk stood before it and where it stands after."""

    at: IssueCursor
    after: IssueCursor
    found: Found
    content: Content
    epics: bytes | None


def read_issues(pull: Pulled, cursor: str | None) -> Iterator[Batch]:
    """The project's issues that changed since the last finished walk, all of them at first contact.

    An unfinished walk goes on with its next page; when Jira takes that page's token no longer, the same walk
    starts again. SourceStopped: a token comes twice.
    """
    at = _begin(pull, read_cursor(cursor, IssueCursor))
    walk = _Walk(pull, at)
    while walk.at.jql:
        failure: ConnectorError | None = None
        pages: list[_Page] = []
        try:
            walk.gather(pages)
        except ConnectorError as error:  # what came before it is kept
            failure = error
        ids = [id for page in pages for id in page.content.ids]
        told = histories(pull, ids) if pull.client.cloud else {}
        for page in pages:
            yield _batch(pull, page, told)
        if failure is not None:
            raise failure


def basis_of(pull: Pulled) -> str:
    """What a change of which means that everything is to be read again."""
    return f"{pull.project.id}:{pull.project.key}:{','.join(pull.fields)}"


def _begin(pull: Pulled, at: IssueCursor) -> IssueCursor:
    """The walk under way, or a new one; another project or other fields mean to read everything again."""
    if at.basis != basis_of(pull) or pull.reread:
        at = IssueCursor(basis=basis_of(pull), oldest=at.oldest)
    pull.joined |= unpack(at.fresh) - pull.listed
    if at.jql:
        return at
    if at.watermark is None:
        if pull.count is None:
            pull.count = pull.client.count(pull.jql)
        jql, walk, expected = pull.jql, f"full-{pull.walk}", pull.count
    else:
        since = at.watermark - OVERLAP // timedelta(milliseconds=1)
        jql, walk, expected = (
            f"{pull.jql} AND updated >= {pull.client.instant(since)}",
            f"since-{pull.walk}",
            None,
        )
    return msgspec.structs.replace(at, jql=jql, walk=walk, expected=expected, began=pull.now)


class _Walk:
    """Asks for page after page; `at` is where it stands."""

    def __init__(self, pull: Pulled, at: IssueCursor) -> None:
        self._pull = pull
        self._pages = Pages()
        self._resumed = self._continued = bool(at.token)
        self.at = at

    def gather(self, pages: list[_Page]) -> None:
        """Add pages until their issues fill a request for histories, or the walk ends.

        What stands in the list when an error is raised is good.
        """
        most = _AT_ONCE if self._pull.client.cloud else 1
        while self.at.jql and sum(len(page.content.ids) for page in pages) < most:
            page = self._next()
            if page is not None:
                pages.append(page)
                if not page.content.ids:
                    break

    def _next(self) -> _Page | None:
        """The next page; None: the token is refused and the walk starts again."""
        pull, at = self._pull, self.at
        try:
            found = find(
                pull.client, at.jql, pull.fields, at.token, pull.page, histories=not pull.client.cloud
            )
        except BadRequest:
            if not self._resumed:
                raise
            self._resumed = self._continued = False
            self.at = msgspec.structs.replace(at, token="", page=0, met=0)
            return None
        self._resumed = False
        self._pages.admit(found)
        found, again = _without_known(found, {} if at.watermark is None else at.recent)
        epics = know_epics(pull, found.issues)
        content = Content(pull.known, pull.words)
        content.add_page(found.issues)
        found = _unless_ahead(pull, at, found, content)
        pull.read |= again
        brought = {*content.ids, *(odd.id for odd in content.odd if odd.id.isdecimal())}
        pull.read |= brought
        pull.joined |= brought - pull.listed
        self.at = _after(pull, at, found, content, self._continued)
        self.at = _remember(self.at, at, content)
        return _Page(at, self.at, found, content, epics)


def _without_known(found: Found, recent: Mapping[str, int]) -> tuple[Found, set[str]]:
    """The page without issues that were read as they are now, and the ids of those."""
    if not recent:
        return found, set()
    kept: list[msgspec.Raw] = []
    again: set[str] = set()
    for raw in found.issues:
        id, updated = _dated(raw)
        if updated is not None and recent.get(id) == updated:
            again.add(id)
        else:
            kept.append(raw)
    if not again:
        return found, again
    return replace(found, issues=tuple(kept), body=gathered(kept)), again


class _Dated(msgspec.Struct, frozen=True):
    updated: str = ""


class _Stub(msgspec.Struct, frozen=True):
    id: str = ""
    fields: _Dated = _Dated()


def _dated(raw: msgspec.Raw) -> tuple[str, int | None]:
    """An issue's id and when it was changed, if that can be read."""
    try:
        stub = decode_record(raw, _Stub)
        return stub.id, stamp(datetime.fromisoformat(stub.fields.updated))
    except (SkipIssue, ValueError):
        return "", None


def _remember(after: IssueCursor, at: IssueCursor, content: Content) -> IssueCursor:
    """Keep which issues the next walk's overlap will bring again; too many of them are not kept."""
    read = {
        id: stamp(mapped.issue.updated) for id, (mapped, _) in content.mapped.items() if mapped.issue.updated
    }
    known = {**at.recent, **read}
    since = max((at.watermark or 0, at.high or 0, *read.values())) - OVERLAP // timedelta(milliseconds=1)
    recent = {id: updated for id, updated in known.items() if updated >= since}
    return msgspec.structs.replace(after, recent=recent if len(recent) <= _MOST_RECENT else {})


def _unless_ahead(pull: Pulled, at: IssueCursor, found: Found, content: Content) -> Found:
    """The page as the last one, if all of it changed after the walk began: the oldest change comes first.

    An issue that is edited all the time would keep the walk going for ever; the next pull reads on from
    the walk's beginning.
    """
    first = _stamped(content.earliest)
    if pull.client.cloud and first is not None and at.began is not None and first > at.began:
        return replace(found, token="")
    return found


def _after(pull: Pulled, at: IssueCursor, found: Found, content: Content, resumed: bool) -> IssueCursor:
    """Where the walk stands after a page.

    The watermark moves only when the walk has ended, and never beyond the walk's beginning: what changed
    behind its back is read by the next one.
    """
    high = max((one for one in (_stamped(content.latest), at.high) if one is not None), default=None)
    oldest = min((one for one in (_stamped(content.oldest), at.oldest) if one is not None), default=None)
    pull.oldest, fresh = oldest, pack(pull.joined)
    met = at.met + len(content.ids) + len(content.odd)
    if found.token:
        return msgspec.structs.replace(
            at, token=found.token, high=high, oldest=oldest, page=at.page + 1, met=met, fresh=fresh
        )
    reached = high if high is None or at.began is None else min(high, at.began)
    watermark = max((one for one in (at.watermark, reached) if one is not None), default=None)
    unmet = pack(_unmet(pull, met, resumed)) if at.watermark is None else ""
    return IssueCursor(basis=at.basis, watermark=watermark, oldest=oldest, fresh=fresh, unmet=unmet)


def _stamped(at: datetime | None) -> int | None:
    return None if at is None else stamp(at)


def _unmet(pull: Pulled, met: int, resumed: bool) -> set[str]:
    """What the census lists and the full reading did not bring: the index may flicker, rows may shift.

    Of a reading that was resumed only the number of issues is known.
    """
    if resumed:
        return pull.listed if met < len(pull.listed) else set()
    return pull.listed - pull.read


def know_epics(pull: Pulled, records: Sequence[msgspec.Raw]) -> bytes | None:
    """Learn the ids of epics that are named by their keys alone; the page that told them."""
    unknown = sorted(epics_of(records, pull.words))
    if not unknown:
        return None
    told = pull.client.named(unknown)
    for raw in told:
        epic = decode_record(raw, IssueRecord)
        pull.words.epics[epic.key] = epic.id
    return gathered(told)


def histories(pull: Pulled, ids: Sequence[str]) -> dict[str, list[msgspec.Raw]]:
    """Issue id -> its histories, gathered from all pages; one issue's may be spread over several."""
    found: dict[str, list[msgspec.Raw]] = {id: [] for id in ids}
    for start in range(0, len(ids), _AT_ONCE):
        token: str | None = None
        seen: set[str] = set()
        while True:
            _, page = pull.client.changelog_page(ids[start : start + _AT_ONCE], token)
            for log in page.issue_change_logs:
                found.setdefault(log.issue_id, []).extend(log.change_histories)
            token = page.next_page_token
            if not token:
                break
            if token in seen:
                raise SourceStopped(
                    "Jira sent the same history token twice, so its list has no end. Pull again."
                )
            seen.add(token)
    return found


def _batch(pull: Pulled, page: _Page, told: dict[str, list[msgspec.Raw]]) -> Batch:
    at, content = page.at, page.content
    links = read_links(pull.client, content, told)
    content.add_histories(told)
    place = f"{at.page:06d}"
    raw = [RawPage("issues", place, page.found.body, at.walk)]
    if page.epics is not None:
        raw.insert(0, RawPage("issues", f"{place}.epics", page.epics, at.walk))
    if links is not None:
        raw.insert(0, RawPage("issues", f"{place}.links", links, at.walk))
    if told and content.ids:
        raw.append(RawPage("issues", f"{place}.history", logs_of(told, content.ids), at.walk))
    batch = content.batch("issues", tuple(raw), page.found.notes)
    pull.spoilt.update(odd.id for odd in content.odd)
    recent = {id: updated for id, updated in page.after.recent.items() if id not in pull.spoilt}
    cursor = write_cursor(msgspec.structs.replace(page.after, recent=recent))
    return replace(batch, cursor=cursor, complete=not page.after.jql, expected=at.expected)
