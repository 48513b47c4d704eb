"""The GitHub connector: signs in, says what the token may do, and reads a repository and its board."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from config.secrets import Secret
from connectors.base import (
    HELD,
    Batch,
    Capabilities,
    CheckReport,
    Deletions,
    History,
    RawPage,
    SourceOffer,
    Spent,
)
from connectors.errors import Misconfigured
from connectors.github import queries
from connectors.github.census import read_census, read_items, recall
from connectors.github.checkup import check_sources, find_offers
from connectors.github.client import GitHubClient
from connectors.github.context import Pulled
from connectors.github.cursors import MilestoneCursor, read
from connectors.github.mapping import Reading
from connectors.github.replay import replay
from connectors.github.settings import GitHubConnection, GitHubSource
from connectors.github.site import open_repository
from connectors.github.streams import MILESTONE_PAGE, read_fields, read_issues, read_milestones
from connectors.github.timeline import HISTORY_FIELDS
from connectors.retry import Retry

__all__ = ["Connector"]

_STREAMS = {
    "milestones": read_milestones,
    "fields": read_fields,
    "issues": read_issues,
    "items": read_items,
    "census": read_census,
}


class Connector:
    """One GitHub connection for the length of one run. `page` is how many issues to ask for at once."""

    kind: ClassVar[str] = "github"
    capabilities: ClassVar[Capabilities] = Capabilities(
        history=History.PARTIAL,
        history_fields=HISTORY_FIELDS,
        sprints=True,
        milestones=True,
        dependencies=True,
        worklogs=False,
        costs=False,
        deletions=Deletions.CENSUS,
        deletions_note="found by a count with every pull; confirmed by GitHub's own word for each issue",
        webhooks=True,
        page_limit=100,
        note="Estimates, dates, iterations and columns of a board have no history: of a value that was set "
        "once GitHub tells when, other changes are seen from the first pull on. So are dates of milestones. "
        "Issue fields of an organisation have their whole history.",
    )

    def __init__(
        self,
        settings: GitHubConnection,
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
        page: int = queries.ISSUE_PAGE,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._page = page
        self._retry = Retry(f'GitHub "{settings.name}"', sleep, clock, on_wait)
        self._secret = secret
        self._made: GitHubClient | None = None

    @property
    def _client(self) -> GitHubClient:
        """The client, made when first used: the secret is read then, and not before."""
        if self._made is None:
            credential = self._secret(self._settings.credential)
            self._made = GitHubClient(self._settings, credential, self._retry, self._clock)
        return self._made

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        return check_sources(self._client, tuple(map(_own, sources)), self._clock())

    def offers(self) -> Iterator[SourceOffer]:
        return find_offers(self._client)

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        mine = _own(source)
        self._client.enter(mine.repo.partition("/")[0])
        begun = read(cursors.get("milestones"), MilestoneCursor)
        opening = open_repository(self._client, mine, MILESTONE_PAGE, begun.after)
        pulled = Pulled(self._client, mine, self._reading(mine), opening, now, self._page)
        recall(pulled, cursors.get("census"), cursors.get(HELD))
        renamed = opening.renamed(mine.repo)
        for stream, read_on in _STREAMS.items():
            for batch in read_on(pulled, cursors.get(stream)):
                yield replace(batch, notes=(renamed, *batch.notes)) if renamed else batch
                renamed = None

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        return replay(self._reading(_own(source)), pages, now)

    def spent(self) -> Spent:
        return self._made.spent() if self._made is not None else Spent()

    def _reading(self, source: GitHubSource) -> Reading:
        return Reading(self._settings.name, self._settings.browse, source)


def _own(source: object) -> GitHubSource:
    if not isinstance(source, GitHubSource):
        raise Misconfigured("A GitHub connection reads repositories only; correct the source's connection.")
    return source
