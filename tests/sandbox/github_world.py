"""A small site for tests of the GitHub stand-in: an organization, two repositories, a board, two people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.clock import WorldClock
from sandbox.github.app import GitHubApp
from sandbox.github.state import GitHubSite

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLASSIC = "ghp_classic"
NARROW = "ghp_public_only"
FINE = "github_pat_fine"
ERP = "acme/erp"
SHOP = "acme/shop"
AGENT = {"user-agent": "tests"}


class Forge:
    """A site with an open milestone and a board with sprints; the repository `erp` is private."""

    def __init__(self, status_events: bool = False, **app: Any) -> None:
        self.clock = WorldClock(START)
        self.site = GitHubSite(self.clock, status_events=status_events)
        self.site.add_user("ada", "Ada", "ada@example.com")
        self.site.add_user("ben", "Ben")
        self.site.add_org("acme", "Acme")
        self.site.add_token("ada", CLASSIC, ("repo", "read:project"))
        self.site.add_token("ben", NARROW, ())
        self.site.add_token("ben", FINE, ("issues:read", "metadata:read"))
        self.site.add_repo(ERP, private=True)
        self.site.add_repo(SHOP)
        self.milestone = self.site.create_milestone(ERP, "Go-live", date(2026, 4, 1), actor="ada")
        self.board = self.site.add_project("acme", "Rollout", actor="ada")
        self.site.add_field("acme", self.board, "Estimate", "number")
        self.site.add_field("acme", self.board, "Target date", "date")
        self.site.add_field("acme", self.board, "Note", "text")
        self.site.add_field(
            *("acme", self.board, "Sprint", "iteration"),
            iterations=[("Sprint 1", date(2026, 3, 2), 14), ("Sprint 2", date(2026, 3, 16), 14)],
        )
        self.app = GitHubApp(self.site, **app)

    def full_issue(self) -> int:
        """An issue with something in every field and an entry of every kind in its timeline."""
        site = self.site
        parent = site.create_issue(ERP, "Cut over", "ada")
        blocker = site.create_issue(ERP, "Order hardware", "ben")
        number = site.create_issue(
            *(ERP, "Write the runbook", "ada", f"After {ERP}#{blocker}"),
            labels=("docs", "size/3"),
            assignees=("ben",),
            milestone=self.milestone,
            type="Task",
            parent=parent,
        )
        site.block(ERP, blocker, number)
        site.edit_issue(ERP, number, "ben", title="Write the run book", labels=("docs",), type="Feature")
        site.edit_issue(ERP, number, "ben", milestone=None, assignees=(), type=None)
        site.edit_issue(ERP, number, "ben", milestone=self.milestone, assignees=("ada",), type="Task")
        site.close(ERP, number, "ben", "not_planned")
        site.reopen(ERP, number, "ada")
        other = site.create_issue(ERP, "Plan the training", "ben", f"See #{number}")
        site.set_parent(ERP, other, number, "ben")
        site.set_parent(ERP, other, None, "ben")
        site.block(ERP, number, other)
        site.unblock(ERP, number, other, "ben")
        return number


def client(url: str, token: str | None = CLASSIC) -> httpx.Client:
    headers = AGENT | ({"authorization": f"Bearer {token}"} if token else {})
    return httpx.Client(base_url=url, headers=headers, timeout=30)


def ask(url: str, query: str, token: str | None = CLASSIC, **variables: Any) -> dict[str, Any]:
    """The whole body of a GraphQL answer, which is always 200."""
    with client(url, token) as http:
        answer = http.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@cache
def keys(name: str) -> tuple[str, str]:
    """(private, public) as PEM texts; made once, since making them takes a while."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = made.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
