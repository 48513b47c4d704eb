"""The Jira connector, for Cloud and Data Center: signs in and reads a project stream by stream."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from config.secrets import Secret
from connectors.base import (
    Batch,
    Capabilities,
    CheckReport,
    Deletions,
    FieldFinding,
    History,
    Permission,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import AccessRefused, Misconfigured
from connectors.jira.census import lose_project, read_census
from connectors.jira.changes import HISTORY_FIELDS
from connectors.jira.checkup import rights
from connectors.jira.client import Answer, JiraClient, Missing
from connectors.jira.context import Known, Pulled, stamp
from connectors.jira.cursors import SiteCursor, read_cursor
from connectors.jira.fetching import fetch_issues
from connectors.jira.finding import find_created
from connectors.jira.issues import read_issues
from connectors.jira.mapping import optional_instant
from connectors.jira.plans import read_sprints, read_versions
from connectors.jira.records import ProjectRecord, ServerRecord
from connectors.jira.replay import replay
from connectors.jira.rounding import WRITES, rounded
from connectors.jira.settings import JiraConnection, JiraSource
from connectors.jira.site import (
    Survey,
    find_project,
    is_fresh,
    recall,
    site_batch,
    survey,
    understand,
    words_of,
)
from connectors.jira.worklogs import read_worklogs
from connectors.jira.writing import Desk, Habits, create_issue, write_issue
from connectors.retry import Retry
from connectors.writing import Candidate, Draft, Edit, Receipt

__all__ = ["Connector"]

_SKEW = timedelta(minutes=2)
_STREAMS = {
    "sprints": read_sprints,
    "versions": read_versions,
    "issues": read_issues,
    "worklogs": read_worklogs,
}


class Connector:
    """One Jira connection for the length of one run. `page` is how many issues to ask for at once."""

    kind: ClassVar[str] = "jira"
    capabilities: ClassVar[Capabilities] = Capabilities(
        history=History.FULL,
        history_fields=HISTORY_FIELDS,
        sprints=True,
        milestones=True,
        dependencies=True,
        worklogs=True,
        costs=False,
        deletions=Deletions.CENSUS,
        deletions_note="found by a count with every pull and a list of all ids once a day; an issue is gone "
        "when Jira twice does not know it, an hour or more apart. Where rights changed or security levels "
        "are in use it counts as hidden and stands as it last was",
        note="Dates of sprints and versions have no history in Jira; those are seen from the first pull on. "
        "Data Center: wiki texts, epics by their link, users by key.",
        webhooks=True,
        conditional_writes=False,
        page_limit=100,
        parallel=4,
        writes=WRITES,
    )

    def __init__(
        self,
        settings: JiraConnection,
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
        page: int = 100,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._page = page
        self._retry = Retry(f'Jira "{settings.name}"', sleep, clock, on_wait)
        self._secret = secret
        self._client = JiraClient(settings, secret, self._retry, clock)
        self._writer: JiraClient | None = None
        self._surveys: dict[JiraSource, Survey] = {}
        self._habits = Habits()

    def close(self) -> None:
        self._client.close()
        if self._writer is not None and self._writer is not self._client:
            self._writer.close()

    def spent(self) -> Spent:
        spent = self._client.spent()
        if self._writer is None or self._writer is self._client:
            return spent
        theirs = self._writer.spent()
        return Spent(spent.requests + theirs.requests, spent.allowances + theirs.allowances)

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        server = self._client.server()
        me = self._client.myself()
        writer = self._writing()
        permissions: list[Permission] = []
        fields: list[FieldFinding] = []
        warnings: list[str] = []
        for source in map(_own, sources):
            held, more = rights(self._settings, self._client, writer, source)
            permissions += held
            warnings += more
            if held[0].granted:
                project = find_project(self._client, self._settings.name, source)
                pages = survey(self._client, self._settings.name, source, project, server)
                fields += [_of(source, finding) for finding in understand(pages, source).fields.findings]
        email = f" <{me.email_address}>" if me.email_address else ""
        return CheckReport(
            account=f"{me.display_name or me.id}{email}",
            permissions=tuple(permissions),
            fields=tuple(fields),
            warnings=(*warnings, *self._warnings(server.as_(ServerRecord))),
        )

    def offers(self) -> Iterator[SourceOffer]:
        self._client.server()
        self._client.myself()
        for project in self._client.projects():
            yield SourceOffer(f"{project.name} ({project.key})", {"project": project.key}, "project")
        try:
            boards = [board for _, _, page in self._client.boards() for board in page.values]
        except (AccessRefused, Missing):  # a site without Jira Software has no boards
            return
        for board in boards:
            if board.type != "kanban" and board.location and board.location.project_key:
                settings = {"project": board.location.project_key, "board": str(board.id)}
                yield SourceOffer(board.name, settings, f"{board.type} board")

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        mine = _own(source)
        found, batch = yield from self._look_around(mine, cursors)
        self._surveys[mine] = found
        pulled = self._pulled(mine, found)
        if batch is not None:
            yield batch
        yield from read_census(pulled, cursors)
        for stream, read in _STREAMS.items():
            yield from read(pulled, cursors.get(stream))

    def fetch(self, source: object, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        if not ids:
            return ()
        pulled, site = self._at_hand(_own(source))
        return (*site, *fetch_issues(pulled, sorted(ids, key=lambda id: (len(id), id))))

    def write(self, source: object, edit: Edit, now: datetime) -> Receipt:
        desk, site = self._desk(_own(source))
        receipt = write_issue(desk, edit)
        return replace(receipt, batches=(*site, *receipt.batches))

    def create(self, source: object, draft: Draft, now: datetime) -> Receipt:
        desk, site = self._desk(_own(source))
        receipt = create_issue(desk, draft)
        return replace(receipt, batches=(*site, *receipt.batches))

    def find(
        self, source: object, marker: str, title: str, since: datetime, now: datetime
    ) -> tuple[Candidate, ...]:
        desk, _ = self._desk(_own(source))
        return find_created(desk.pull, desk.writer.myself().id or "", marker, title, since)

    @staticmethod
    def rounded(field: str, value: object) -> object:
        return rounded(field, value)

    def _desk(self, source: JiraSource) -> tuple[Desk, tuple[Batch, ...]]:
        """All that a write needs. Nothing is sent by the client that writes until there is something to."""
        pulled, site = self._at_hand(source)
        return Desk(pulled, self._writing(), self._habits), site

    def _writing(self) -> JiraClient:
        """The client that writes: another one where there is a token for that."""
        if self._writer is None:
            own = self._settings.writing
            same = own is self._settings
            self._writer = self._client if same else JiraClient(own, self._secret, self._retry, self._clock)
        self._writer.cloud = self._client.cloud
        return self._writer

    def _at_hand(self, source: JiraSource) -> tuple[Pulled, tuple[Batch, ...]]:
        """The source as it is read, looked around in at most once a run; the answers, if that was now."""
        site: tuple[Batch, ...] = ()
        if source not in self._surveys:
            server = self._client.server()
            self._client.myself()
            project = find_project(self._client, self._settings.name, source)
            pages = survey(self._client, self._settings.name, source, project, server)
            found = self._surveys[source] = understand(pages, source)
            site = (replace(site_batch(pages, found, source, self._client), cursor="", complete=False),)
        return self._pulled(source, self._surveys[source]), site

    def _pulled(self, source: JiraSource, found: Survey) -> Pulled:
        return Pulled(
            client=self._client,
            known=Known(words_of(self._settings, source, found)),
            project=found.project,
            boards=found.boards,
            page=self._page,
            began=self._client.answered,
        )

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        return replay(self._settings, _own(source), pages)

    def _look_around(
        self, source: JiraSource, cursors: Mapping[str, str]
    ) -> Generator[Batch, None, tuple[Survey, Batch | None]]:
        """What the source is read by: as remembered if that is fresh, else asked for and to be kept.

        Jira answers strangers with empty lists, so it is asked who we are before anything is believed.
        """
        at = read_cursor(cursors.get("site"), SiteCursor)
        if is_fresh(at, source, stamp(self._clock())):
            self._client.cloud, self._client.zone = at.cloud, at.zone
            project = yield from self._project(source, cursors)
            return recall(at, project.as_(ProjectRecord)), None
        server = self._client.server()
        self._client.myself()
        project = yield from self._project(source, cursors)
        pages = survey(self._client, self._settings.name, source, project, server)
        found = understand(pages, source)
        return found, site_batch(pages, found, source, self._client)

    def _project(self, source: JiraSource, cursors: Mapping[str, str]) -> Generator[Batch, None, Answer]:
        """The project's record, which also tells that we may still see it."""
        try:
            return find_project(self._client, self._settings.name, source)
        except Misconfigured:
            now = self._client.answered
            yield from lose_project(stamp(now), f"{now:%Y-%m-%dT%H:%M:%S.%fZ}", cursors.get("census"))
            raise

    def _warnings(self, server: ServerRecord) -> Iterator[str]:
        theirs = optional_instant(server.server_time, "serverTime")
        skew = abs(theirs - self._clock()) if theirs else timedelta(0)
        if skew > _SKEW:
            minutes = int(skew.total_seconds() // 60)
            yield f"This machine's clock and Jira's differ by {minutes} minutes; set this machine's clock."
        with suppress(Missing):
            if not self._client.permissions(("ADMINISTER",), None)["ADMINISTER"]:
                return
            yield "The account administers Jira, far more than reading needs; use one that only browses."


def _own(source: object) -> JiraSource:
    if not isinstance(source, JiraSource):
        raise Misconfigured("A Jira connection reads Jira projects only; correct the source's connection.")
    return source


def _of(source: JiraSource, finding: FieldFinding) -> FieldFinding:
    return FieldFinding(
        f"{source.project}: {finding.field}", finding.candidates, finding.chosen, finding.hint
    )
