"""Webhooks: who wants to hear of what, and what waits to be sent.

Nothing is sent by itself: `Hooks.pump` sends what is due, in its caller's thread, one delivery after another.
A body is written when the thing happens. What fails in passing waits for a later pump, by the world's clock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from sandbox.jira.bodies import Bodies, Json
from sandbox.jira.happenings import Happening
from sandbox.jira.hook_bodies import body_of
from sandbox.jira.issues import IssueBodies
from sandbox.jira.jql import BadQuery, Reader, parse
from sandbox.jira.state import JiraSite

__all__ = ["LIFE", "Delivery", "Hook", "Hooks", "signature"]

LIFE = timedelta(days=30)
"""How long an app's webhook is told of anything unless it is refreshed."""

_AGAIN = frozenset({408, 409, 425, 429})
_MOST_TRIES = 6
_SPACING = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(minutes=15)
_TIMEOUT_S = 20.0
_TOKEN_LIFE_S = 180

Shape = Callable[[], tuple[Bodies, IssueBodies]]


@dataclass(slots=True)
class Hook:
    """An administrator's webhook, or that of the app `owner`, which then has an end.

    `jql` narrows what is told of issues, `fields` and `properties` the changes worth telling.
    """

    id: int
    url: str
    events: frozenset[str]
    owner: str
    name: str = ""
    secret: str = ""
    jql: str = ""
    exclude_body: bool = False
    expires: datetime | None = None
    fields: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset()
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One body on its way to one hook. `identifier` stays the same however often it is sent.

    `tries` counts how often it was sent, `due` is when it is sent next; `status` is the last answer, 0: none.
    """

    identifier: str
    hook: Hook
    event: str
    content: bytes
    due: datetime
    secondary: bool = False
    tries: int = 0
    status: int | None = None


def signature(secret: str, content: bytes) -> str:
    """What proves the bytes: the method and the digest."""
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


class Hooks:
    """A site's webhooks. `shape` gives the bodies they are written with; `failed` are those given up."""

    def __init__(self, site: JiraSite, shape: Shape) -> None:
        self.admin: dict[int, Hook] = {}
        self.dynamic: dict[int, Hook] = {}
        self.failed: list[Delivery] = []
        self._site = site
        self._shape = shape
        self._waiting: list[Delivery] = []
        self._lock = threading.Lock()
        self._made = self._told = 0
        site.listeners.append(self._hear)

    def add(self, url: str, events: frozenset[str], owner: str, **details: Any) -> Hook:
        """A new webhook; with `expires` among the details it is an app's."""
        self._made += 1
        hook = Hook(999 + self._made, url, events, owner, updated=self._site.clock.now(), **details)
        (self.admin if hook.expires is None else self.dynamic)[hook.id] = hook
        return hook

    @property
    def waiting(self) -> tuple[Delivery, ...]:
        return tuple(self._waiting)

    def pump(
        self,
        duplicate: bool = False,
        reorder: bool = False,
        drop: Callable[[Delivery], bool] = lambda _delivery: False,
    ) -> list[Delivery]:
        """Send what is due; each with its answer, in the order sent.

        `duplicate`: each is sent twice; `reorder`: the last comes first; `drop`: those for which it says so
        are lost for good, as sends sometimes are. What failed in passing waits up to fifteen minutes.
        """
        now = self._site.clock.now()
        with self._lock:
            due = [one for one in self._waiting if one.due <= now]
            self._waiting = [one for one in self._waiting if one.due > now]
        sent: list[Delivery] = []
        for delivery in reversed(due) if reorder else due:
            if drop(delivery):
                continue
            for _ in range(2 if duplicate else 1):
                sent.append(self._send(delivery))
            self._keep(sent[-1])
        return sent

    def _send(self, delivery: Delivery) -> Delivery:
        try:
            answer = httpx.post(
                delivery.hook.url,
                content=delivery.content,
                headers=self._headers(delivery),
                timeout=_TIMEOUT_S,
                trust_env=False,
                verify=False,  # noqa: S501 - a receiver in a test has a certificate of its own
            )
        except httpx.HTTPError:
            return replace(delivery, tries=delivery.tries + 1, status=0)
        return replace(delivery, tries=delivery.tries + 1, status=answer.status_code)

    def _keep(self, sent: Delivery) -> None:
        """Let what failed in passing wait for its next turn; other refusals are final."""
        status = sent.status or 0
        if 200 <= status < 300:
            return
        passing = status == 0 or status in _AGAIN or status >= 500
        if not passing or sent.tries >= _MOST_TRIES:
            self.failed.append(sent)
            return
        wait = min(_SPACING * sent.tries, _LONGEST_WAIT)
        with self._lock:
            self._waiting.append(replace(sent, due=self._site.clock.now() + wait))

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        hook = delivery.hook
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "Atlassian Webhook HTTP Client",
            "X-Atlassian-Webhook-Identifier": delivery.identifier,
            "X-Atlassian-Webhook-Flow": "Secondary" if delivery.secondary else "Primary",
        }
        if delivery.tries:
            headers["X-Atlassian-Webhook-Retry"] = str(delivery.tries)
        if hook.expires is not None:
            headers["Authorization"] = f"Bearer {self._token(hook)}"
        elif hook.secret:
            headers["X-Hub-Signature"] = signature(hook.secret, delivery.content)
        return headers

    def _token(self, hook: Hook) -> str:
        """Proves that the site sends it, by the app's client secret; it says nothing of the body."""
        issued = int(self._site.clock.now().timestamp())
        head = {"alg": "HS256", "typ": "JWT"}
        claims = {"iss": hook.owner, "iat": issued, "exp": issued + _TOKEN_LIFE_S}
        text = ".".join(_sealed(json.dumps(part).encode()) for part in (head, claims))
        secret = self._site.apps[hook.owner].encode()
        return f"{text}.{_sealed(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    def _hear(self, told: Happening) -> None:
        now = self._site.clock.now()
        hooks = [*self.admin.values(), *self.dynamic.values()]
        interested = [hook for hook in hooks if self._wants(hook, told, now)]
        if not interested:
            return
        self._told += 1
        identifier = str(UUID(bytes=hashlib.sha256(f"{self._site.url}/{self._told}".encode()).digest()[:16]))
        body = body_of(told, *self._shape())
        with self._lock:
            self._waiting.extend(
                Delivery(identifier, hook, told.event, _content(hook, body), now, told.secondary)
                for hook in interested
            )

    def _wants(self, hook: Hook, told: Happening, now: datetime) -> bool:
        if told.event not in hook.events or (hook.expires is not None and hook.expires <= now):
            return False
        changed = {item.field_id or item.field for item in told.history.items} if told.history else None
        if hook.fields and changed is not None and not hook.fields & changed:
            return False
        if hook.properties and told.property is not None and told.property not in hook.properties:
            return False
        return not hook.jql or told.issue is None or self._finds(hook, told)

    def _finds(self, hook: Hook, told: Happening) -> bool:
        """Whether the hook's query finds what it happened to, as its owner would search."""
        site = self._site
        reader = Reader(site, hook.owner, site.zone, site.clock.now(), lambda issue: issue.updated, True)
        try:
            return told.issue is not None and parse(hook.jql, reader).matches(told.issue)
        except BadQuery:
            return False


def _content(hook: Hook, body: Json) -> bytes:
    if hook.exclude_body:
        return b""
    told = body | ({"matchedWebhookIds": [hook.id]} if hook.expires is not None else {})
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _sealed(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
