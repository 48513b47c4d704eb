"""A small Jira site for the stand-in's tests, and a client that signs in to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from sandbox.clock import WorldClock
from sandbox.jira.app import JiraApp
from sandbox.jira.state import JiraSite
from sandbox.server import Stand

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN, BOB = "5b10ac8d82e05b22cc7d4ef5", "712020:bob"
EMAIL, TOKEN = "ann@example.com", "ATATT-canary"


class Site:
    """One project "ED" with a scrum board, two sprints, a version; Ann acts and signs in, Bob helps."""

    def __init__(self) -> None:
        self.clock = WorldClock(MONDAY)
        self.jira = JiraSite(self.clock, "https://erp.example.com")
        self.jira.add_user(ANN, "Ann Lee", EMAIL, zone="America/New_York")
        self.jira.add_user(BOB, "Bob Öz", None)
        self.jira.add_token(ANN, EMAIL, TOKEN)
        self.jira.add_project("ED", "ERP Delivery")
        self.board = self.jira.add_board("ED", "ED board")
        fortnight = timedelta(days=14)
        self.first = self.jira.create_sprint(self.board, "Sprint 1, build", MONDAY, MONDAY + fortnight)
        self.second = self.jira.create_sprint(
            self.board, "Sprint 2", MONDAY + fortnight, MONDAY + 2 * fortnight
        )
        self.version = self.jira.create_version("ED", "Go-live", date(2026, 6, 1))

    def story(self, summary: str = "a story", **fields: Any) -> str:
        return self.jira.create_issue("ED", "Story", summary, ANN, **fields)

    def wait(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))

    def items(self, id: str) -> list[tuple[str, str | None, str | None, str | None, str | None]]:
        """Every line of an issue's histories: field, from, fromString, to, toString."""
        return [
            (item.field, item.before, item.before_text, item.after, item.after_text)
            for history in self.jira.issues[id].history
            for item in history.items
        ]


class Visitor:
    """An HTTP client of a served site."""

    def __init__(self, stand: Stand, auth: tuple[str, str] | None = (EMAIL, TOKEN)) -> None:
        self.stand = stand
        self.http = httpx.Client(base_url=stand.url, auth=auth, trust_env=False, verify=False)

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def search(self, jql: str, **body: Any) -> list[list[dict[str, Any]]]:
        """The pages of a walk, to the end."""
        pages, token = [], None
        while True:
            page = self.post("/rest/api/3/search/jql", {"jql": jql, "nextPageToken": token} | body)
            pages.append(page["issues"])
            token = page.get("nextPageToken")
            if token is None:
                return pages

    def ids(self, jql: str, **body: Any) -> list[str]:
        return [issue["id"] for page in self.search(jql, **body) for issue in page]


def served(site: Site, **options: Any) -> Stand:
    return Stand(JiraApp(site.jira, **options))
