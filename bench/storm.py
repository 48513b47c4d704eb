"""Stand-ins of GitHub and Jira whose people edit without rest, and senders of their signed webhooks."""

from __future__ import annotations

import heapq
import http.client
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.clock import WorldClock
from sandbox.github.app import GitHubApp
from sandbox.github.budgets import Limits
from sandbox.github.hooks import Delivery as GitHubDelivery
from sandbox.github.hooks import Reply
from sandbox.github.state import GitHubSite
from sandbox.jira.app import JiraApp
from sandbox.jira.hooks import Delivery as JiraDelivery
from sandbox.jira.hooks import signature
from sandbox.jira.state import JiraSite
from sandbox.server import Stand

__all__ = ["SECRETS", "TOKEN", "GitHubOffice", "JiraOffice", "Office", "Post", "Senders"]

SECRETS = {name: f"a secret of {name} in the benchmark 0123456789" for name in ("github", "jira")}
TOKEN = "ghp_bench0of0ada"
_REPO, _ANN = "acme/erp", "5b10ac8d82e05b22cc7d4ef5"
_LATE = 2.0
_TWICE = 0.1
_LONGEST_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Post:
    """One delivery: to which connection, under which id, with what."""

    connection: str
    id: str
    headers: dict[str, str]
    body: bytes


class Office(ABC):
    """One tracker and those who edit in it; its answers and their edits take turns."""

    name = ""

    def __init__(self, app: Any, issues: list[Any]) -> None:
        self.lock = threading.Lock()
        self.issues = issues
        self.renamed: Counter[str] = Counter()
        self.app = app
        app.asgi = self._in_turn(app.asgi)
        self.stand = Stand(app)
        self._made = 0

    def edit(self, chance: random.Random) -> list[Post]:
        """Rename an issue, now and then close or reopen it; the deliveries that tell of it."""
        issue = chance.choice(self.issues)
        self._made += 1
        with self.lock:
            self.app.clock.set(max(self.app.clock.now(), datetime.now(UTC)))
            self.rename(issue, f"Work no. {self._made}")
            if chance.random() < 0.25:
                self.turn(issue)
            self.renamed[self.id_of(issue)] += 1
            return self.taken()

    def _in_turn(self, asgi: ASGIApp) -> ASGIApp:
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            with self.lock:  # nothing in there ever waits
                self.app.clock.set(max(self.app.clock.now(), datetime.now(UTC)))
                await asgi(scope, receive, send)

        return application

    @abstractmethod
    def rename(self, issue: Any, title: str) -> None:
        """Give an issue a new title."""

    @abstractmethod
    def turn(self, issue: Any) -> None:
        """Close an open issue, or open it again."""

    @abstractmethod
    def id_of(self, issue: Any) -> str:
        """The id by which connectors know an issue."""

    @abstractmethod
    def taken(self) -> list[Post]:
        """What waits to be sent, which is then ours to send."""

    @abstractmethod
    def state(self) -> dict[str, tuple[str, bool]]:
        """Issue id -> title, and whether it is done."""


class GitHubOffice(Office):
    """A repository. Its hourly allowance is lifted: what is used of it is told in the end."""

    name = "github"

    def __init__(self, issues: int) -> None:
        self._site = site = GitHubSite(WorldClock(datetime.now(UTC)))
        site.add_user("ada", "Ada Lovelace")
        site.add_org("acme", "Acme")
        site.add_token("ada", TOKEN, ("repo", "read:project"))
        site.add_repo(_REPO, private=True)
        app = GitHubApp(site, Limits(core=10**6, graphql=10**6))
        super().__init__(app, [site.create_issue(_REPO, f"Issue {n}", "ada") for n in range(issues)])
        repo = site.repo(_REPO)
        app.hooks.add(
            repo, "https://hooks", ["issues"], "https://api", secret=SECRETS[self.name], content_type="json"
        )
        app.hooks.send = self._take
        self._taken: list[Post] = []
        self.taken()  # the ping

    def rename(self, issue: Any, title: str) -> None:
        self._site.edit_issue(_REPO, issue, "ada", title=title)

    def turn(self, issue: Any) -> None:
        closed = self._site.issue(_REPO, issue).closed
        (self._site.reopen if closed else self._site.close)(_REPO, issue, "ada")

    def id_of(self, issue: Any) -> str:
        return self._site.node_of(_REPO, issue)

    def _take(self, delivery: GitHubDelivery) -> Reply:
        self._taken.append(Post(self.name, delivery.guid, delivery.headers, delivery.content))
        return Reply(202)

    def taken(self) -> list[Post]:
        self.app.hooks.pump()
        found, self._taken = self._taken, []
        return found

    def state(self) -> dict[str, tuple[str, bool]]:
        found = [self._site.issue(_REPO, number) for number in self.issues]
        return {issue.node_id: (issue.title, bool(issue.closed)) for issue in found}


class JiraOffice(Office):
    """A project with an administrator's webhook."""

    name = "jira"

    def __init__(self, issues: int) -> None:
        self._site = site = JiraSite(WorldClock(datetime.now(UTC)), "https://jira.example.com")
        site.add_user(_ANN, "Ann Lee", "ann@example.com")
        site.add_token(_ANN, "ann@example.com", TOKEN)
        site.add_project("ED", "ERP Delivery")
        ids = [site.create_issue("ED", "Story", f"Issue {n}", _ANN) for n in range(issues)]
        super().__init__(JiraApp(site), ids)
        self.app.hooks.add(
            "https://hooks", frozenset({"jira:issue_updated"}), _ANN, secret=SECRETS[self.name]
        )

    def rename(self, issue: Any, title: str) -> None:
        self._site.edit(issue, _ANN, summary=title)

    def turn(self, issue: Any) -> None:
        done = self._site.issues[issue].status.category == "done"
        self._site.transition(issue, _ANN, "In Progress" if done else "Done")

    def id_of(self, issue: Any) -> str:
        return str(issue)

    def taken(self) -> list[Post]:
        found: list[JiraDelivery] = []

        def take(delivery: JiraDelivery) -> bool:
            found.append(delivery)
            return True

        self.app.hooks.pump(drop=take)
        return [self._post(delivery) for delivery in found]

    def _post(self, delivery: JiraDelivery) -> Post:
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Atlassian-Webhook-Identifier": delivery.identifier,
            "X-Hub-Signature": signature(SECRETS[self.name], delivery.content),
        }
        return Post(self.name, delivery.identifier, headers, delivery.content)

    def state(self) -> dict[str, tuple[str, bool]]:
        found = [self._site.issues[id] for id in self.issues]
        return {issue.id: (issue.summary, issue.status.category == "done") for issue in found}


@dataclass
class Senders:
    """Send deliveries up to two seconds late and so out of order, a tenth of them twice, each until answered
    2xx. `answers` counts what came back by status (0: nothing did), `accepted` is what was answered 2xx.
    """

    port: int
    chance: random.Random
    answers: Counter[int] = field(default_factory=Counter)
    accepted: set[tuple[str, str]] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)
    _due: list[tuple[float, int, float, Post]] = field(default_factory=list)
    _free: threading.Condition = field(default_factory=threading.Condition)
    _count: int = 0
    _open: int = 0

    def start(self, senders: int = 32) -> None:
        for _ in range(senders):
            threading.Thread(target=self._run, daemon=True).start()

    def send(self, post: Post) -> None:
        """Let a delivery go its way."""
        for _ in range(2 if self.chance.random() < _TWICE else 1):
            with self._free:
                self._open += 1
            self._put(post, self.chance.uniform(0, _LATE), 0.5)

    @property
    def open(self) -> int:
        """How many are on their way."""
        return self._open

    def _put(self, post: Post, late: float, wait: float) -> None:
        with self._free:
            self._count += 1
            heapq.heappush(self._due, (time.monotonic() + late, self._count, wait, post))
            self._free.notify()

    def _next(self) -> tuple[float, Post]:
        with self._free:
            while not self._due or self._due[0][0] > time.monotonic():
                self._free.wait(self._due[0][0] - time.monotonic() if self._due else None)
            _, _, wait, post = heapq.heappop(self._due)
            return wait, post

    def _run(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while True:
            wait, post = self._next()
            begun = time.monotonic()
            try:
                line.request("POST", f"/hooks/{post.connection}", post.body, post.headers)
                answer = line.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                line.close()
                status = 0
            with self._free:
                self.answers[status] += 1
                if 200 <= status < 300:
                    self.accepted.add((post.connection, post.id))
                    self.waits.append(time.monotonic() - begun)
                    self._open -= 1
            if not 200 <= status < 300:
                self._put(post, wait, min(_LONGEST_WAIT, wait * 2))
