"""A GitHub site being served, with a connector on it: what the GitHub connector's tests work at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from config.secrets import Secret
from connectors.base import Batch
from connectors.github.connector import Connector
from connectors.github.settings import GitHubConnection, GitHubSource
from sandbox.clock import WorldClock
from sandbox.github.app import GitHubApp, Server
from sandbox.github.state import GitHubSite
from sandbox.server import LoggedRequest, Stand
from tests.connectors.wire import Spoil, spoiling

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = "ghp_canary0of0ada"
REPO = "acme/erp"
OTHER = "acme/ops"
SCOPES = ("repo", "read:project")


class Desk:
    """A repository with a milestone and a board with two sprints; waits are written down, none is slept."""

    def __init__(
        self, status_events: bool = False, scopes: tuple[str, ...] = ("repo", "read:project")
    ) -> None:
        self.clock = WorldClock(MONDAY)
        self.site = GitHubSite(self.clock, status_events=status_events)
        self.site.add_user("ada", "Ada Lovelace")
        self.site.add_user("ben", "Ben")
        self.site.add_org("acme", "Acme")
        self.site.add_token("ada", TOKEN, scopes)
        self.site.add_repo(REPO, private=True)
        self.site.add_repo(OTHER)
        self.milestone = self.site.create_milestone(REPO, "Go-live", date(2026, 4, 1))
        self.board = self.site.add_project("acme", "Rollout", actor="ada")
        for name, kind in (("Estimate", "number"), ("Start date", "date"), ("Target date", "date")):
            self.site.add_field("acme", self.board, name, kind)
        sprints = [("Sprint 1", date(2026, 3, 2), 14), ("Sprint 2", date(2026, 3, 16), 14)]
        self.site.add_field("acme", self.board, "Sprint", "iteration", iterations=sprints)
        self.cards: dict[int, str] = {}
        self.said: list[str] = []
        self.slept: list[float] = []
        self.stand: Stand | None = None
        self.server: Server | None = None

    def wait(self, **time: float) -> None:
        self.clock.advance(timedelta(**time))

    # Acts

    def issue(self, title: str, card: bool = True, **values: Any) -> int:
        """A new issue by Ada, with a card on the board; `values` are board fields."""
        number = self.site.create_issue(REPO, title, "ada")
        if card:
            self.cards[number] = self.site.add_item("acme", self.board, REPO, number, "ada")
        for name, value in values.items():
            self.put(number, name, value)
        return number

    def put(self, number: int, name: str, value: Any) -> None:
        """Set a board field, `Target_date` for "Target date"."""
        self.site.set_field("acme", self.board, self.cards[number], name.replace("_", " "), value, "ada")

    def id(self, number: int, repo: str = REPO) -> str:
        return self.site.node_of(repo, number)

    # The service

    @contextmanager
    def served(self, spoil: Spoil | None = None, **app: Any) -> Iterator[Stand]:
        made = GitHubApp(self.site, server=self.server, **app)
        if spoil is not None:
            made.asgi = spoiling(made.asgi, spoil)  # type: ignore[assignment]
        with Stand(made) as self.stand:
            yield self.stand

    @property
    def url(self) -> str:
        assert self.stand is not None
        return f"{self.stand.url}/api/v3" if self.server else self.stand.url

    def connect(
        self, token: str = TOKEN, page: int = 50, url: str | None = None, write_token: str | None = None
    ) -> Connector:
        own = {"write_token": "env:GITHUB_WRITE_TOKEN"} if write_token else {}
        settings = GitHubConnection(
            name="gh", kind="github", url=url or self.url, token="env:GITHUB_TOKEN", **own
        )
        known = {"env:GITHUB_TOKEN": token, "env:GITHUB_WRITE_TOKEN": write_token or ""}

        def secret(reference: str) -> Secret:
            return Secret(known[reference], reference)

        return Connector(settings, secret, self.clock.now, self.slept.append, self.said.append, page)

    def source(self, **settings: Any) -> GitHubSource:
        given = {"connection": "gh", "repo": REPO, "project": self.board, **settings}
        return GitHubSource(**given)

    def pull(
        self, cursors: Mapping[str, str] | None = None, page: int = 50, token: str = TOKEN, **settings: Any
    ) -> list[Batch]:
        connector = self.connect(token, page)
        try:
            return list(connector.pull(self.source(**settings), cursors or {}, self.clock.now()))
        finally:
            connector.close()

    def queries(self, name: str) -> list[LoggedRequest]:
        """The GraphQL requests of one operation, as the stand-in met them."""
        assert self.stand is not None
        posted = [one for one in self.stand.requests if one.method == "POST"]
        return [one for one in posted if json.loads(one.body)["query"].lstrip().startswith(f"query {name}(")]
