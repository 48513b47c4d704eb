"""Finding one's way about a Jira site: which fields, statuses and boards a source is read by.

The answers are kept as pages, and what they come to is remembered for a day, so that a pull that finds
nothing changed asks for little else.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from connectors.base import Batch, RawPage
from connectors.errors import AccessRefused, Misconfigured
from connectors.jira.client import Answer, BadRequest, JiraClient, Missing
from connectors.jira.context import stamp
from connectors.jira.cursors import SiteCursor, write_cursor
from connectors.jira.fields import FieldMap, find_fields
from connectors.jira.records import (
    BoardConfiguration,
    BoardPage,
    BoardRecord,
    CategoryRecord,
    FieldRecord,
    ProjectRecord,
    ServerRecord,
    StatusRecord,
)
from connectors.jira.settings import JiraConnection, JiraSource
from connectors.jira.words import Words
from model.values import Unit

__all__ = [
    "STREAM",
    "Survey",
    "find_project",
    "is_fresh",
    "recall",
    "site_batch",
    "survey",
    "understand",
    "words_of",
]

STREAM = "site"
_FRESH = timedelta(hours=24)
_BOARD, _BOARDS, _ESTIMATES = "board", "boards.", "configuration."


@dataclass(frozen=True, slots=True)
class Survey:
    """What a source is read by, from the answers of the site or from memory."""

    project: ProjectRecord
    boards: tuple[int, ...]
    fields: FieldMap
    statuses: dict[str, StatusRecord]


def find_project(client: JiraClient, connection: str, source: JiraSource) -> Answer:
    try:
        return client.project(source.project)
    except Missing:
        raise Misconfigured(
            f'Jira "{connection}" has no project {source.project}, or this account may not '
            "browse it. Correct project in the source, or ask a Jira administrator for Browse Projects; "
            "crosstie init lists what the account can see."
        ) from None


def survey(
    client: JiraClient, connection: str, source: JiraSource, project: Answer, server: Answer
) -> dict[str, Answer]:
    """Every answer that tells how the source is to be read, by the name under which it is kept."""
    pages = {"serverInfo": server, "project": project, **_boards(client, connection, source)}
    for board in _scrum(pages):
        with suppress(AccessRefused, BadRequest, Missing):  # visible, but not to be looked into
            pages[f"{_ESTIMATES}{board.id}"] = client.board_configuration(board.id)
    pages["fields"] = client.fields()
    pages["statuses"] = client.statuses()
    return pages


def _boards(client: JiraClient, connection: str, source: JiraSource) -> dict[str, Answer]:
    """The configured board, else all boards of the project."""
    if source.board is not None:
        try:
            return {_BOARD: client.board(source.board)}
        except Missing:
            raise Misconfigured(
                f'Jira "{connection}" has no board {source.board}, or this account may not see '
                f"it. Correct board in the source of project {source.project}; crosstie init lists them."
            ) from None
    try:
        return {f"{_BOARDS}{start:06d}": answer for start, answer, _ in client.boards(source.project)}
    except (AccessRefused, Missing):  # a site without Jira Software has no boards
        return {}


def _scrum(pages: Mapping[str, Answer]) -> list[BoardRecord]:
    """The boards that may have sprints; the configured one, whatever it is."""
    if _BOARD in pages:
        return [pages[_BOARD].as_(BoardRecord)]
    listed = (pages[name].as_(BoardPage).values for name in sorted(pages) if name.startswith(_BOARDS))
    return [board for page in listed for board in page if board.type != "kanban"]


def understand(pages: Mapping[str, Answer], source: JiraSource) -> Survey:
    """What kept answers come to under today's settings. KeyError: some of them are missing."""
    project = pages["project"].as_(ProjectRecord)
    used = (
        answer.as_(BoardConfiguration).field
        for name, answer in sorted(pages.items())
        if name.startswith(_ESTIMATES)
    )
    fields = find_fields(
        pages["fields"].as_(list[FieldRecord]),
        source,
        project.id,
        [field for field in used if field],
        pages["serverInfo"].as_(ServerRecord).cloud,
    )
    statuses = pages["statuses"].as_(list[StatusRecord])
    boards = tuple(board.id for board in _scrum(pages))
    return Survey(project, boards, fields, {status.id: status for status in statuses})


def words_of(settings: JiraConnection, source: JiraSource, found: Survey) -> Words:
    return Words(
        connection=settings.name,
        source=source.key,
        browse=settings.browse,
        fields=found.fields,
        status=source.status,
        statuses=found.statuses,
        homes={found.project.key: source.key},
    )


def site_batch(pages: Mapping[str, Answer], found: Survey, source: JiraSource, client: JiraClient) -> Batch:
    """The answers, to be kept, and what to remember of them."""
    began = client.answered
    fields = found.fields
    cursor = SiteCursor(
        basis=_basis(source),
        read=stamp(began),
        cloud=client.cloud,
        zone=client.zone,
        unit=fields.unit.value,
        fields=(fields.estimate or "", fields.start or "", fields.sprint or "", fields.epic or ""),
        names=fields.names,
        boards=found.boards,
        statuses=tuple((s.id, s.name, s.status_category.key) for s in found.statuses.values()),
    )
    walk = f"site-{began:%Y-%m-%dT%H:%M:%S.%fZ}"
    raw = tuple(RawPage(STREAM, name, answer.body, walk) for name, answer in pages.items())
    return Batch(STREAM, write_cursor(cursor), complete=True, raw=raw)


def recall(at: SiteCursor, project: ProjectRecord) -> Survey:
    """The survey as it was remembered."""
    estimate, start, sprint, epic = (id or None for id in at.fields)
    return Survey(
        project=project,
        boards=at.boards,
        fields=FieldMap(estimate, Unit(at.unit), start, sprint, epic, at.names),
        statuses={id: StatusRecord(id, name, CategoryRecord(key)) for id, name, key in at.statuses},
    )


def is_fresh(at: SiteCursor, source: JiraSource, now: int) -> bool:
    """Whether what is remembered was found for these settings, less than a day ago."""
    age = timedelta(milliseconds=now - at.read)
    return at.basis == _basis(source) and at.unit in set(Unit) and timedelta(0) <= age < _FRESH


def _basis(source: JiraSource) -> str:
    unit = source.unit.value if source.unit else ""
    return f"{source.project}|{source.board}|{source.estimate}|{source.start}|{unit}"
