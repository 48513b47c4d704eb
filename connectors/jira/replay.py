"""Pages kept from earlier pulls, read again through today's mapping and settings, without any request.

What was found out about the site stands in pages of its own. Issues that come before any of these wait for
the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import msgspec

from connectors.base import Batch, RawPage
from connectors.errors import ConnectorError
from connectors.jira.census import Verdict, elsewhere
from connectors.jira.client import Answer
from connectors.jira.content import Content, histories_of, records_of
from connectors.jira.context import Known
from connectors.jira.links import learn_links
from connectors.jira.plans import tell_sprints, tell_versions
from connectors.jira.records import IssueRecord, MovedWorklogs, SprintPage, VersionPage
from connectors.jira.settings import JiraConnection, JiraSource
from connectors.jira.site import STREAM, understand, words_of
from connectors.jira.worklogs import ISSUE, tell_worklogs
from connectors.payload import decode, decode_record

__all__ = ["replay"]

_HISTORY, _EPICS, _LINKS = ".history", ".epics", ".links"
_LAST_OF_SITE = "statuses"


def replay(settings: JiraConnection, source: JiraSource, pages: Iterable[RawPage]) -> Iterator[Batch]:
    """What the pages say, in the order given. A page that cannot be read is left out with a note."""
    reader = _Reader(settings, source)
    for page in pages:
        try:
            yield from reader.read(page)
        except (ConnectorError, KeyError) as error:
            yield _left_out(page, error)
    yield from reader.finish()


def _left_out(page: RawPage, error: Exception) -> Batch:
    note = f"The kept page {page.stream} {page.walk} {page.position} can no longer be read: {error}"
    return Batch(page.stream, "", complete=False, notes=(note,))


@dataclass(slots=True)
class _Reader:
    """`held` is a page of issues whose histories may follow, `links` are the addresses of issues on it or on
    the next; `early` came before the site was known.
    """

    settings: JiraConnection
    source: JiraSource
    known: Known | None = None
    site: dict[str, Answer] = field(default_factory=dict)
    walk: str = ""
    held: RawPage | None = None
    links: dict[str, tuple[str, ...]] = field(default_factory=dict)
    early: list[RawPage] = field(default_factory=list)

    def read(self, page: RawPage) -> Iterator[Batch]:
        if page.stream == STREAM:
            yield from self._release({})
            yield from self._learn(page)
        elif self.known is None:
            self.early.append(page)
        else:
            yield from self._tell(page, self.known)

    def finish(self) -> Iterator[Batch]:
        yield from self._release({})
        if self.early:
            note = (
                f"{len(self.early)} kept pages cannot be read, because none tells of the site's fields. "
                "Run crosstie pull --full to read the source again."
            )
            yield Batch("issues", "", complete=False, notes=(note,))

    def _learn(self, page: RawPage) -> Iterator[Batch]:
        """Gather a survey; its last page makes it the one in force."""
        if page.walk != self.walk:
            self.walk, self.site = page.walk, {}
        self.site[page.position] = Answer(page.body)
        if page.position != _LAST_OF_SITE:
            return
        words = words_of(self.settings, self.source, understand(self.site, self.source))
        if self.known is None:
            self.known = Known(words)
        else:
            words.epics.update(self.known.words.epics)
            self.known.words = words
        early, self.early = self.early, []
        for one in early:
            yield from self.read(one)

    def _tell(self, page: RawPage, known: Known) -> Iterator[Batch]:
        if page.position.endswith(_HISTORY):
            yield from self._release(histories_of(page.body))
            return
        yield from self._release({})
        if page.position.endswith(_LINKS):
            self.links = learn_links(page.body)
        elif page.position.endswith(_EPICS):
            for raw in records_of(page.body):
                epic = decode_record(raw, IssueRecord)
                known.words.epics[epic.key] = epic.id
        elif page.stream == "issues" or page.position.startswith(("found.", "moved")):
            self.held = page
        else:
            yield _plain(page, known)

    def _release(self, histories: dict[str, list[msgspec.Raw]]) -> Iterator[Batch]:
        """The page that was held, with its histories."""
        page, self.held = self.held, None
        if page is None or self.known is None:
            return
        notes: list[str] = []
        try:
            records = records_of(page.body, notes)
            contents = [Content(self.known, self.known.words)]
            if page.position.startswith("moved"):
                contents = elsewhere(self.known, records)
            else:
                contents[0].add_page(records)
            for content in contents:
                content.links.update(self.links)
                content.add_histories(histories)
                moved = page.position.startswith("moved")
                yield content.moves() if moved else content.batch(page.stream, (), notes)
        except ConnectorError as error:
            yield _left_out(page, error)


def _plain(page: RawPage, known: Known) -> Batch:
    """A page of anything but issues."""
    empty = Batch(page.stream, "", complete=False)
    if page.stream == "sprints":
        sprints, odd = tell_sprints(known, decode(page.body, SprintPage).values)
        return replace(empty, sprints=sprints, parked=odd)
    if page.stream == "versions":
        milestones, odd = tell_versions(known, VersionPage.read(page.body).values)
        return replace(empty, milestones=milestones, parked=odd)
    if page.stream == "census":
        verdict = decode(page.body, Verdict)
        return replace(empty, gone=frozenset(verdict.gone), hidden=frozenset(verdict.hidden))
    if page.position.startswith("deleted."):
        removed = decode(page.body, MovedWorklogs).values
        return replace(empty, worklogs_removed=frozenset(str(entry.worklog_id) for entry in removed))
    issue = page.position.split(".")[1] if page.position.startswith(ISSUE) else ""
    worklogs, people, odd = tell_worklogs(known, decode(page.body, list[msgspec.Raw]), issue)
    return replace(empty, worklogs=worklogs, accounts=people, parked=odd)
