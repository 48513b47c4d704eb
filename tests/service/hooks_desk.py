"""Three connections' doors with real settings and secrets, and a way to knock at them without a socket."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from config.secrets import Secret
from connectors.github.hooks import Hooks as GitHubHooks
from connectors.github.settings import GitHubConnection, GitHubSource
from connectors.hooks import Hint, Keys, Subscription
from connectors.jira.hooks import Hooks as JiraHooks
from connectors.jira.settings import JiraConnection, JiraSource
from connectors.planner.hooks import Hooks as PlannerHooks
from connectors.planner.hooks import client_state
from connectors.planner.settings import PlannerConnection, PlannerSource
from model.inbox import Arrival, Delivery
from service.hooks.door import Door, networks
from service.hooks.letter import hints_in
from service.hooks.receiver import Hooks, Limits, Seen

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GITHUB_SECRET = "github-hook-secret-0123456789"
GITHUB_OLD = "github-hook-secret-of-last-year"
JIRA_SECRET = "jira-hook-secret-0123456789"
APP_SECRET = "jira-app-client-secret-0123456789"
PLANNER_SECRET = "planner-hook-secret-0123456789"
PATH_TOKEN = "pathtoken0123456789abcdefgh"
PLAN = "xqQg5FS2LkCp935s-FIFm2QAFkHM"
SLOT = "slot0123456789abcdefghij"
TENANT = "5f2d1f3e-0000-4000-8000-000000000001"
GROUP = "/groups/0d75b8d5-0000-4000-8000-000000000002"
PROXY = "10.9.8.7"


def keys(*secrets: str, path: str | None = None) -> Keys:
    made = tuple(Secret(one, f"env:HOOK{number}") for number, one in enumerate(secrets))
    return Keys(made, Secret(path, "env:PATH_TOKEN") if path else None)


GITHUB = GitHubConnection(name="acme-gh", kind="github", token="env:T", webhook_secret="env:S")
GITHUB_SOURCE = GitHubSource(connection="acme-gh", repo="acme/payroll", project=4)
JIRA = JiraConnection(
    name="acme-jira", kind="jira", url="https://acme.atlassian.net", token="env:T", webhook_secret="env:S"
)
JIRA_SOURCE = JiraSource(connection="acme-jira", project="PAY")
PLANNER = PlannerConnection(
    name="acme-planner", kind="planner", tenant="acme.example", client="c", secret="env:T"
)
PLANNER_SOURCE = PlannerSource(connection="acme-planner", plan=PLAN)


@dataclass
class Orders:
    """The standing orders that the store would know."""

    pending: dict[str, datetime] = field(default_factory=dict)
    known: dict[str, Subscription] = field(
        default_factory=lambda: {SLOT: Subscription("sub-1", GROUP, TENANT)}
    )

    def is_pending(self, slot: str, now: datetime) -> bool:
        return slot in self.pending and now < self.pending[slot]

    def at(self, slot: str) -> Subscription | None:
        return self.known.get(slot)


@dataclass
class Desk:
    """The application with what it stored and logged; the inbox here keeps everything it is given."""

    orders: Orders = field(default_factory=Orders)
    stored: list[Delivery] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    fails: Exception | None = None

    def __post_init__(self) -> None:
        jira_oauth = JIRA.model_copy(
            update={"name": "jira-app", "webhook_sign": "oauth", "hooks_path_token": "env:P"}
        )
        jira_old = JIRA.model_copy(update={"name": "jira-old", "webhook_sign": "none"})
        doors = [
            Door("acme-gh", GitHubHooks(GITHUB, [GITHUB_SOURCE], keys(GITHUB_SECRET, GITHUB_OLD))),
            Door("acme-jira", JiraHooks(JIRA, [JIRA_SOURCE], keys(JIRA_SECRET))),
            Door("jira-app", JiraHooks(jira_oauth, [JIRA_SOURCE], keys(APP_SECRET, path=PATH_TOKEN))),
            Door(
                "jira-old",
                JiraHooks(jira_old, [JIRA_SOURCE], keys(path=PATH_TOKEN)),
                networks(["192.0.2.0/24"]),
            ),
            Door(
                "acme-planner",
                PlannerHooks(
                    PLANNER, [PLANNER_SOURCE], replace(keys(PLANNER_SECRET), subscriptions=self.orders)
                ),
            ),
        ]
        self.app = Hooks(
            {door.connection: door for door in doors},
            self._store,
            lambda: NOW,
            self.seen.append,
            Limits(body_seconds=0.05),
            networks([PROXY]),
        )

    async def _store(self, delivery: Delivery) -> Arrival:
        if self.fails is not None:
            raise self.fails
        self.stored.append(delivery)
        return Arrival.NEW

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The hints in the one delivery that was stored."""
        (delivery,) = self.stored
        return hints_in(delivery)

    def knock(self, path: str, body: bytes = b"{}", *headers: tuple[str, str | bytes], **more: Any) -> Reply:
        return asyncio.run(knock(self.app, path, body, headers, **more))


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


async def knock(
    app: Hooks,
    path: str,
    body: bytes,
    headers: Iterable[tuple[str, str | bytes]] = (),
    *,
    method: str = "POST",
    peer: str = PROXY,
    query: bytes = b"",
    pieces: int = 1,
    endless: bool = False,
    hangs_up: bool = False,
) -> Reply:
    """One request as uvicorn would hand it over; `endless`: the body never ends, `pieces`: it comes in."""
    size = max(1, -(-len(body) // pieces))
    parts = [body[start : start + size] for start in range(0, max(1, len(body)), size)]

    async def receive() -> dict[str, Any]:
        if parts:
            piece = parts.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(parts) or endless or hangs_up}
        if hangs_up:
            return {"type": "http.disconnect"}
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits so long")

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(n.lower().encode(), v if isinstance(v, bytes) else v.encode()) for n, v in headers]
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": query,
        "headers": raw,
        "client": (peer, 4711),
    }
    await app(scope, receive, send)
    if not sent:
        return Reply(0, {}, b"")
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], told, b"".join(m.get("body", b"") for m in sent[1:]))


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github_headers(
    body: bytes, secret: str = GITHUB_SECRET, event: str = "issues", delivery: str = "d-1"
) -> list[tuple[str, str]]:
    return [
        ("X-GitHub-Event", event),
        ("X-GitHub-Delivery", delivery),
        ("X-Hub-Signature-256", sign(secret, body)),
        ("Content-Type", "application/json"),
    ]


def github_body(**more: Any) -> bytes:
    told = {
        "action": "edited",
        "issue": {"node_id": "I_kwDO1", "number": 12, "updated_at": "2026-06-01T11:59:58Z"},
        "repository": {"id": 7, "full_name": "acme/payroll"},
        "sender": {"login": "abena-o"},
    }
    return json.dumps({**told, **more}).encode()


def jira_headers(body: bytes, secret: str = JIRA_SECRET, delivery: str = "j-1") -> list[tuple[str, str]]:
    return [("X-Hub-Signature", sign(secret, body)), ("X-Atlassian-Webhook-Identifier", delivery)]


def jira_body(**more: Any) -> bytes:
    told = {
        "timestamp": 1780315198000,
        "webhookEvent": "jira:issue_updated",
        "issue": {
            "id": "10012",
            "key": "PAY-12",
            "self": "https://acme.atlassian.net/rest/api/2/issue/10012",
        },
    }
    return json.dumps({**told, **more}).encode()


def bearer(
    secret: str = APP_SECRET,
    head: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
    word: str = "Bearer",
) -> tuple[str, str]:
    """The Authorization header of an OAuth 2.0 app's webhook."""

    def packed(value: Mapping[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    lasting = {"iat": NOW.timestamp() - 5, "exp": (NOW + timedelta(minutes=3)).timestamp()}
    signed = (
        packed({"alg": "HS256", "typ": "JWT", **(head or {})}) + b"." + packed({**lasting, **(claims or {})})
    )
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    token = signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")
    return "Authorization", f"{word} {token.decode()}"


def notification(**more: Any) -> dict[str, Any]:
    return {
        "subscriptionId": "sub-1",
        "clientState": client_state(Secret(PLANNER_SECRET, "env:S"), SLOT),
        "changeType": "updated",
        "resource": GROUP,
        "tenantId": TENANT,
        **more,
    }


def graph_body(*items: dict[str, Any]) -> bytes:
    return json.dumps({"value": list(items or [notification()])}).encode()


def flow_body(**more: Any) -> bytes:
    told = {"source": "power-automate", "event": "created", "planId": PLAN, "taskId": "t" * 28}
    return json.dumps({**told, "deliveryId": "f-1", **more}).encode()
