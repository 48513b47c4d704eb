"""Webhooks: who wants to hear of what, what waits to be sent, and a log of what was.

Nothing is sent by itself: `Hooks.pump` sends what waits, in its caller's thread, one delivery after another,
so that a test knows when. A delivery's body is written when the thing happens. Nothing is sent again unless
somebody asks for it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx

from sandbox.github.apps import App
from sandbox.github.hook_bodies import body_of
from sandbox.github.listing import IssueLists
from sandbox.github.news import News
from sandbox.github.payloads import Payloads
from sandbox.github.records import Account, Repo
from sandbox.github.state import GitHubSite

__all__ = ["KEPT", "Delivery", "Hook", "Hooks", "Reply", "signed"]

KEPT = timedelta(days=3)
_LARGEST = 25 * 1024 * 1024
_TIMEOUT = 10.0
_KINDS = {"repository": "Repository", "organization": "Organization", "integration": "App"}


@dataclass(slots=True)
class Hook:
    """`target` is what it listens to: a repository, an organization, or an App's installations."""

    id: int
    target: Repo | Account | App
    url: str
    secret: str
    events: frozenset[str]
    base: str
    created: datetime
    updated: datetime
    content_type: str = "form"
    insecure: bool = False
    active: bool = True
    last: int | None = None

    @property
    def target_type(self) -> str:
        if isinstance(self.target, Repo):
            return "repository"
        return "organization" if isinstance(self.target, Account) else "integration"

    @property
    def kind(self) -> str:
        return _KINDS[self.target_type]

    def hears(self, news: News) -> bool:
        """Whether it is told. Boards belong to organizations, whose own hooks alone hear of them."""
        if not self.active or not {"*", news.event} & self.events:
            return False
        owner = news.repo.owner if news.repo else news.org
        if isinstance(self.target, Account):
            return owner is self.target and owner.organization
        return news.repo is not None and (isinstance(self.target, App) or news.repo is self.target)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered; status 0: nothing."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One sending of one body. A redelivery has the same `guid` and another `id`."""

    id: int
    guid: str
    hook: Hook
    event: str
    action: str | None
    payload: Mapping[str, Any]
    at: datetime
    redelivery: bool = False
    reply: Reply | None = None

    @property
    def content(self) -> bytes:
        """The bytes that are sent and signed."""
        text = json.dumps(self.payload, ensure_ascii=False, separators=(",", ":"))
        return text.encode() if self.hook.content_type == "json" else urlencode({"payload": text}).encode()

    @property
    def headers(self) -> dict[str, str]:
        hook, content = self.hook, self.content
        form = hook.content_type != "json"
        return {
            "Accept": "*/*",
            "Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
            "User-Agent": "GitHub-Hookshot/5ab1e0f",
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": str(hook.id),
            "X-GitHub-Hook-Installation-Target-ID": str(hook.target.id),
            "X-GitHub-Hook-Installation-Target-Type": hook.target_type,
            **(signed(hook.secret, content) if hook.secret else {}),
        }


def signed(secret: str, content: bytes) -> dict[str, str]:
    """The signatures over exactly these bytes: today's, and the older one that is still sent."""
    digests = {"X-Hub-Signature": "sha1", "X-Hub-Signature-256": "sha256"}
    return {
        header: f"{name}={hmac.new(secret.encode(), content, getattr(hashlib, name)).hexdigest()}"
        for header, name in digests.items()
    }


Send = Callable[[Delivery], Reply]


class Hooks:
    """The site's webhooks. What `duplicate` doubles, `reorder` turns round and `drop` loses is said per pump.

    `send` carries a delivery out; by default over HTTP, trusting what `verify` says.
    """

    def __init__(self, site: GitHubSite, lists: IssueLists) -> None:
        self.hooks: dict[int, Hook] = {}
        self.log: list[Delivery] = []
        self.verify: ssl.SSLContext | bool = True
        self.send: Send = self._post
        self._site = site
        self._lists = lists
        self._waiting: list[Delivery] = []
        self._lock = threading.Lock()
        self._hooks_made = self._deliveries_made = 0

    # Hooks

    def add(
        self,
        target: Repo | Account | App,
        url: str,
        events: Iterable[str],
        base: str,
        secret: str = "",
        content_type: str = "form",
        insecure: bool = False,
        active: bool = True,
    ) -> Hook:
        """Make a hook, whose ping waits at once; `base` is the address its payloads point to."""
        if not self.hooks:
            self._site.listeners.append(self._hear)
        self._hooks_made += 1
        now = self._site.clock.now()
        hook = Hook(
            *(self._hooks_made + 400_000_000, target, url, secret, frozenset(events), base, now, now),
            *(content_type, insecure, active),
        )
        self.hooks[hook.id] = hook
        self.ping(hook)
        return hook

    def remove(self, hook: Hook) -> None:
        """Forget a hook and its log."""
        del self.hooks[hook.id]
        with self._lock:
            self._waiting = [one for one in self._waiting if one.hook is not hook]
        self.log = [one for one in self.log if one.hook is not hook]
        if not self.hooks:
            self._site.listeners.remove(self._hear)

    def ping(self, hook: Hook) -> None:
        payloads, target = self._payloads(hook), hook.target
        body: dict[str, Any] = {"zen": "Keep it logically awesome.", "hook_id": hook.id}
        body["hook"] = self.shown(hook)
        if isinstance(target, Repo):
            body["repository"] = payloads.repo(target)
        sender = target.account if isinstance(target, App) else target
        sender = sender.owner if isinstance(sender, Repo) else sender
        self._queue(hook, "ping", None, body | {"sender": payloads.account(sender)})

    def shown(self, hook: Hook) -> dict[str, Any]:
        """A hook as the REST API writes it; its secret is never told."""
        config = {"url": hook.url, "content_type": hook.content_type}
        config["insecure_ssl"] = "1" if hook.insecure else "0"
        if hook.secret:
            config["secret"] = "*" * 8
        url = self.address(hook)
        body = {
            "type": hook.kind,
            "id": hook.id,
            "name": "web",
            "active": hook.active,
            "events": sorted(hook.events),
            "config": config,
            "updated_at": _stamp(hook.updated),
            "created_at": _stamp(hook.created),
            "url": url,
            "ping_url": f"{url}/pings",
            "deliveries_url": f"{url}/deliveries",
        }
        if isinstance(hook.target, Repo):
            status = "unused" if hook.last is None else "active" if 200 <= hook.last < 300 else "failed"
            body["test_url"] = f"{url}/test"
            body["last_response"] = {"code": hook.last, "status": status, "message": None}
        return body

    def address(self, hook: Hook) -> str:
        if isinstance(hook.target, App):
            return f"{hook.base}/app/hook"
        target = hook.target
        start = f"repos/{target.full_name}" if isinstance(target, Repo) else f"orgs/{target.login}"
        return f"{hook.base}/{start}/hooks/{hook.id}"

    # Deliveries

    def pump(
        self,
        duplicate: bool = False,
        reorder: bool = False,
        drop: Callable[[Delivery], bool] = lambda _delivery: False,
    ) -> list[Delivery]:
        """Send everything that waits and give back the log's new entries, in the order sent.

        `duplicate`: each is sent twice; `reorder`: the last comes first; `drop`: those for which it says so
        never reach the receiver, and are logged as such.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, []
        sent = []
        for delivery in reversed(waiting) if reorder else waiting:
            lost = Reply(0, problem="failed to connect to host")
            for _ in range(2 if duplicate else 1):
                reply = lost if drop(delivery) else self.send(delivery)
                done = replace(delivery, reply=reply, at=self._site.clock.now())
            delivery.hook.last = reply.status or None
            self.log.append(done)
            sent.append(done)
        return sent

    @property
    def waiting(self) -> tuple[Delivery, ...]:
        return tuple(self._waiting)

    def kept(self, hook: Hook) -> list[Delivery]:
        """The hook's log, newest first; after three days an entry is gone."""
        since = self._site.clock.now() - KEPT
        return [one for one in reversed(self.log) if one.hook is hook and one.at > since]

    def redeliver(self, delivery: Delivery) -> None:
        """Let a delivery wait once more, under its own guid and a new id."""
        again = replace(delivery, id=self._next_id(), redelivery=True, reply=None)
        with self._lock:
            self._waiting.append(again)

    def _hear(self, news: News) -> None:
        for hook in list(self.hooks.values()):
            if not hook.hears(news):
                continue
            body = body_of(news, self._payloads(hook), hook.base)
            if isinstance(hook.target, App):
                installed = self._installed(hook.target, news)
                if installed is None:
                    continue
                body["installation"] = {"id": installed, "node_id": f"MDIzOkludGVncmF0aW9u{installed}"}
            self._queue(hook, news.event, news.action, body)

    def _installed(self, app: App, news: News) -> int | None:
        """The App's installation that may hear of it."""
        repo = news.repo
        for one in self._site.apps.installations.values():
            here = one.app is app and repo is not None and one.account is repo.owner
            if here and (one.repos is None or (repo is not None and repo.id in one.repos)):
                return one.id
        return None

    def _queue(self, hook: Hook, event: str, action: str | None, body: Mapping[str, Any]) -> None:
        """Let a body wait; one that is too large is never sent."""
        id = self._next_id()
        guid = str(UUID(bytes=hashlib.sha256(f"{hook.id}/{id}".encode()).digest()[:16], version=1))
        delivery = Delivery(id, guid, hook, event, action, body, self._site.clock.now())
        if len(delivery.content) <= _LARGEST:
            with self._lock:
                self._waiting.append(delivery)

    def _next_id(self) -> int:
        self._deliveries_made += 1
        return 30_000_000_000 + self._deliveries_made

    def _payloads(self, hook: Hook) -> Payloads:
        return Payloads(hook.base, "2022-11-28", self._lists)

    def _post(self, delivery: Delivery) -> Reply:
        verify = False if delivery.hook.insecure else self.verify
        try:
            answer = httpx.post(
                delivery.hook.url,
                content=delivery.content,
                headers=delivery.headers,
                timeout=_TIMEOUT,
                trust_env=False,
                verify=verify,
            )
        except httpx.TimeoutException:
            return Reply(0, problem="timed out")
        except httpx.HTTPError:
            return Reply(0, problem="failed to connect to host")
        return Reply(answer.status_code, dict(answer.headers), answer.text)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
