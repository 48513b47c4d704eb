"""A Jira site being served, with a connector on it: what the Jira connector's tests work at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from config.secrets import Secret
from connectors.base import Batch
from connectors.jira.connector import Connector
from connectors.jira.settings import JiraConnection, JiraSource
from sandbox.clock import WorldClock
from sandbox.jira.app import JiraApp
from sandbox.jira.state import JiraSite
from sandbox.server import Stand
from tests.connectors.wire import Spoil, spoiling

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN, BOB = "5b10ac8d82e05b22cc7d4ef5", "712020:bob"
EMAIL, TOKEN = "ann@example.com", "ATATT-canary-of-ann"


class Desk:
    """One project "ED" with a board, two sprints and a version; every wait is written down, none is slept."""

    def __init__(self) -> None:
        self.clock = WorldClock(MONDAY)
        self.site = JiraSite(self.clock, "https://erp.example.com")
        self.site.add_user(ANN, "Ann Lee", EMAIL, zone="America/New_York")
        self.site.add_user(BOB, "Bob Öz", None)
        self.site.add_token(ANN, EMAIL, TOKEN)
        self.site.add_project("ED", "ERP Delivery")
        self.board = self.site.add_board("ED", "ED board")
        fortnight = timedelta(days=14)
        self.first = self.site.create_sprint(self.board, "Sprint 1, build", MONDAY, MONDAY + fortnight)
        self.second = self.site.create_sprint(
            self.board, "Sprint 2", MONDAY + fortnight, MONDAY + 2 * fortnight
        )
        self.version = self.site.create_version("ED", "Go-live", date(2026, 6, 1))
        self.waits: list[str] = []
        self.slept: list[float] = []
        self.spoil: Spoil = lambda path, body: body
        self.stand: Stand | None = None

    @contextmanager
    def served(self, **options: Any) -> Iterator[Stand]:
        app = JiraApp(self.site, **options)
        app.asgi = spoiling(app.asgi, lambda path, body: self.spoil(path, body))
        with Stand(app) as stand:
            self.stand = stand
            yield stand

    def story(self, summary: str = "a story", **fields: Any) -> str:
        return self.site.create_issue("ED", "Story", summary, ANN, **fields)

    def wait(self, **span: float) -> datetime:
        self.clock.advance(timedelta(**span))
        return self.clock.now()

    def connect(
        self,
        token: str = TOKEN,
        url: str | None = None,
        page: int = 100,
        clock: Callable[[], datetime] | None = None,
        **settings: Any,
    ) -> Connector:
        assert self.stand is not None
        connection = JiraConnection(
            name="jira",
            kind="jira",
            url=url or self.stand.url,
            **{"user": EMAIL, "token": "env:JIRA_TOKEN"} | settings,
        )
        return Connector(
            connection,
            lambda reference: Secret(token, reference),
            clock or self.clock.now,
            self.slept.append,
            self.waits.append,
            page=page,
        )

    def source(self, **settings: Any) -> JiraSource:
        return JiraSource(connection="jira", **{"project": "ED"} | settings)

    def pull(self, cursors: Mapping[str, str] | None = None, page: int = 100, **settings: Any) -> list[Batch]:
        connector = self.connect(page=page)
        try:
            return list(connector.pull(self.source(**settings), cursors or {}, self.clock.now()))
        finally:
            connector.close()

    def asked(self, path: str) -> int:
        """How many requests went to a path that ends so."""
        assert self.stand is not None
        return sum(request.path.endswith(path) for request in self.stand.requests)
