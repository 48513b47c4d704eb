"""The GitHub connector: signs in, says what the token may do, and reads a repository and its board."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
from connectors.errors import Misconfigured, Stale
from connectors.github import queries
from connectors.github.census import read_census, read_items, recall
from connectors.github.checkup import check_sources, find_offers
from connectors.github.client import GitHubClient
from connectors.github.context import Pulled
from connectors.github.cursors import MilestoneCursor, read
from connectors.github.desk import Desk
from connectors.github.fetching import fetch_issues, open_ground
from connectors.github.mapping import Reading
from connectors.github.refusals import TurnedPublic
from connectors.github.replay import replay
from connectors.github.rounding import WRITES, holds, latest, rounded, rounded_in
from connectors.github.settings import GitHubConnection, GitHubSource
from connectors.github.site import open_repository
from connectors.github.streams import MILESTONE_PAGE, read_fields, read_issues, read_milestones
from connectors.github.timeline import HISTORY_FIELDS
from connectors.github.writing import create_issue, find_issues, write_issue
from connectors.retry import Retry
from connectors.writing import Candidate, Draft, Edit, Receipt

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
        writes=WRITES,
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
        self._written: GitHubClient | None = None
        self._desks: dict[str, Desk] = {}

    @property
    def _client(self) -> GitHubClient:
        """The client, made when first used: the secret is read then, and not before."""
        if self._made is None:
            credential = self._secret(self._settings.credential)
            self._made = GitHubClient(self._settings, credential, self._retry, self._clock)
        return self._made

    @property
    def _writer(self) -> GitHubClient:
        """The client that writes: the same one, unless the right to write is a credential of its own."""
        own = self._settings.write_token is not None or self._settings.app is not None
        if self._written is None and own:
            credential = self._secret(self._settings.write_credential)
            self._written = GitHubClient(self._settings, credential, self._retry, self._clock, writes=True)
        return self._written or self._client

    def close(self) -> None:
        for client in (self._made, self._written):
            if client is not None:
                client.close()

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        writer = None if self._settings.read_only else self._writer
        asked = self._settings.write_token is not None
        return check_sources(self._client, tuple(map(_own, sources)), self._clock(), writer, asked)

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
        told = [client.spent() for client in (self._made, self._written) if client is not None]
        allowances = next((one.allowances for one in told if one.allowances), ())
        return Spent(sum(one.requests for one in told), allowances)

    def fetch(self, source: object, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        return tuple(fetch_issues(self._desk(_own(source), now).ground, ids, now)) if ids else ()

    def write(self, source: object, edit: Edit, now: datetime) -> Receipt:
        return self._at_desk(source, now, lambda desk: write_issue(desk, edit))

    def create(self, source: object, draft: Draft, now: datetime) -> Receipt:
        return self._at_desk(source, now, lambda desk: create_issue(desk, draft))

    def find(
        self, source: object, marker: str, title: str, since: datetime, now: datetime
    ) -> tuple[Candidate, ...]:
        return find_issues(self._desk(_own(source), now), marker, title, since)

    def rounded(self, field: str, value: object) -> object:
        """As the contract says; an issue is in one sprint, so of several the latest that is known counts."""
        if field == "sprints" and isinstance(value, frozenset) and len(value) > 1:
            begins = {id: at for desk in self._desks.values() for id, at in desk.ground.begins.items()}
            return latest(value, begins)
        return rounded(field, value)

    @staticmethod
    def rounded_in(source: object, field: str, value: object) -> object:
        """As `rounded`, where the source's own settings matter as well."""
        return rounded_in(_own(source), field, value)

    @staticmethod
    def holds(source: object) -> frozenset[str]:
        """The names of `writes` that issues of this source can hold."""
        return holds(_own(source))

    def _at_desk(self, source: object, now: datetime, act: Callable[[Desk], Receipt]) -> Receipt:
        """What a write did. Where things are is looked up anew after one that met another place."""
        mine = _own(source)
        try:
            desk = self._desk(mine, now)
            self._see_that_it_is_closed(desk)
            return act(desk)
        except (Stale, TurnedPublic):
            self._desks.pop(mine.key, None)
            raise

    def _see_that_it_is_closed(self, desk: Desk) -> None:
        """TurnedPublic: the repository is public, and the config has it for something else."""
        said = desk.source.visibility or self._settings.visibility
        if desk.ground.pulled.opening.public and said != "public":
            raise TurnedPublic(
                f'{desk.place} is public on GitHub, and the config says visibility = "{said}". Make it '
                f'private again, or set visibility = "public" under [connections.{self._settings.name}]'
            )

    def _desk(self, source: GitHubSource, now: datetime) -> Desk:
        """Where the source is written to, as it was found within the last minutes."""
        owner = source.repo.partition("/")[0]
        desk = self._desks.get(source.key)
        if desk is None or not desk.ground.fresh(now) or desk.source != source:
            ground = open_ground(self._client, source, self._reading(source), now)
            desk = self._desks[source.key] = Desk(ground, self._client, self._writer, now)
        desk.now = now
        self._client.enter(owner)
        self._writer.enter(owner)
        return desk

    def _reading(self, source: GitHubSource) -> Reading:
        return Reading(self._settings.name, self._settings.browse, source)


def _own(source: object) -> GitHubSource:
    if not isinstance(source, GitHubSource):
        raise Misconfigured("A GitHub connection reads repositories only; correct the source's connection.")
    return source
