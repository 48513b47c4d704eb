"""The Jira Cloud connector: signs in, finds its way about the site, and reads a project stream by stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
    SourceOffer,
)
from connectors.errors import AccessRefused, Misconfigured
from connectors.jira.changes import HISTORY_FIELDS
from connectors.jira.client import BadRequest, JiraClient, Missing
from connectors.jira.context import Pulled
from connectors.jira.fields import FieldMap, find_fields
from connectors.jira.issues import read_issues
from connectors.jira.mapping import optional_instant
from connectors.jira.plans import read_sprints, read_versions
from connectors.jira.records import BoardRecord, ProjectRecord, ServerRecord
from connectors.jira.settings import JiraConnection, JiraSource
from connectors.jira.words import Words
from connectors.jira.worklogs import read_worklogs
from connectors.retry import Retry

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
        deletions=Deletions.NONE,
        deletions_note="not told and not looked for yet: a deleted issue stays as it last was; cancel it "
        "instead",
        note="Dates of sprints and versions have no history in Jira; those are seen from the first pull on.",
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
        retry = Retry(f'Jira "{settings.name}"', sleep, clock, on_wait)
        self._client = JiraClient(settings, secret, retry, clock)

    def close(self) -> None:
        self._client.close()

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        server = self._sign_in()
        me = self._client.myself()
        permissions: list[Permission] = []
        fields: list[FieldFinding] = []
        for source in map(_own, sources):
            readable = self._may_browse(source)
            permissions.append(
                Permission(
                    f"Browse Projects in {source.project}", readable, "reading issues and their history"
                )
            )
            if readable:
                found = self._fields(source, self._project(source), self._boards(source))
                fields += [_of(source, finding) for finding in found.findings]
        email = f" <{me.email_address}>" if me.email_address else ""
        return CheckReport(
            account=f"{me.display_name or me.id}{email}",
            permissions=tuple(permissions),
            fields=tuple(fields),
            warnings=tuple(self._warnings(server)),
        )

    def offers(self) -> Iterator[SourceOffer]:
        self._sign_in()
        for project in self._client.projects():
            yield SourceOffer(f"{project.name} ({project.key})", {"project": project.key}, "project")
        try:
            boards = list(self._client.boards())
        except AccessRefused:  # a site without Jira Software has no boards
            return
        for board in boards:
            if board.type != "kanban" and board.location and board.location.project_key:
                settings = {"project": board.location.project_key, "board": str(board.id)}
                yield SourceOffer(board.name, settings, f"{board.type} board")

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        pulled = self._look_around(_own(source), now)
        for stream, read in _STREAMS.items():
            yield from read(pulled, cursors.get(stream))

    def _sign_in(self) -> ServerRecord:
        """Jira answers strangers with empty lists, so it is asked who we are before anything else."""
        server = self._client.server()
        if server.deployment_type != "Cloud":
            raise Misconfigured(
                f'Jira "{self._settings.name}" is a Data Center site; this version of crosstie reads Jira '
                "Cloud only. Export the project as CSV and read it through a connection of kind file."
            )
        self._client.myself()
        return server

    def _look_around(self, source: JiraSource, now: datetime) -> Pulled:
        server = self._sign_in()
        project = self._project(source)
        boards = self._boards(source)
        words = Words(
            connection=self._settings.name,
            source=source.key,
            browse=self._settings.browse,
            fields=self._fields(source, project, boards),
            status=source.status,
            statuses={status.id: status for status in self._client.statuses()},
        )
        return Pulled(
            client=self._client,
            words=words,
            project=project,
            boards=[board.id for board in boards],
            page=self._page,
            server_time=optional_instant(server.server_time, "serverTime") or now,
        )

    def _project(self, source: JiraSource) -> ProjectRecord:
        try:
            return self._client.project(source.project)
        except Missing:
            raise Misconfigured(
                f'Jira "{self._settings.name}" has no project {source.project}, or this account may not '
                "browse it. Correct project in the source, or ask a Jira administrator for Browse Projects; "
                "crosstie init lists what the account can see."
            ) from None

    def _boards(self, source: JiraSource) -> list[BoardRecord]:
        """The configured board, else all boards of the project that may have sprints."""
        if source.board is not None:
            try:
                return [self._client.board(source.board)]
            except Missing:
                raise Misconfigured(
                    f'Jira "{self._settings.name}" has no board {source.board}, or this account may not see '
                    f"it. Correct board in the source of project {source.project}; crosstie init lists them."
                ) from None
        try:
            return [board for board in self._client.boards(source.project) if board.type != "kanban"]
        except AccessRefused:  # a site without Jira Software has no boards
            return []

    def _fields(self, source: JiraSource, project: ProjectRecord, boards: list[BoardRecord]) -> FieldMap:
        used = (self._board_field(board) for board in boards)
        return find_fields(self._client.fields(), source, project.id, [field for field in used if field])

    def _board_field(self, board: BoardRecord) -> str | None:
        try:
            return self._client.board_estimates_in(board.id)
        except (AccessRefused, BadRequest, Missing):  # visible, but not to be looked into
            return None

    def _may_browse(self, source: JiraSource) -> bool:
        try:
            return self._client.permissions(("BROWSE_PROJECTS",), source.project)["BROWSE_PROJECTS"]
        except Missing:
            return False

    def _warnings(self, server: ServerRecord) -> Iterator[str]:
        theirs = optional_instant(server.server_time, "serverTime")
        skew = abs(theirs - self._clock()) if theirs else timedelta(0)
        if skew > _SKEW:
            minutes = int(skew.total_seconds() // 60)
            yield f"This machine's clock and Jira's differ by {minutes} minutes; set this machine's clock."
        if self._client.permissions(("ADMINISTER",), None)["ADMINISTER"]:
            yield "The account administers Jira, far more than reading needs; use one that only browses."


def _own(source: object) -> JiraSource:
    if not isinstance(source, JiraSource):
        raise Misconfigured("A Jira connection reads Jira projects only; correct the source's connection.")
    return source


def _of(source: JiraSource, finding: FieldFinding) -> FieldFinding:
    return FieldFinding(
        f"{source.project}: {finding.field}", finding.candidates, finding.chosen, finding.hint
    )
