"""Webhooks at GitHub: one for each repository, their trials, and what was missed, for three days.

Only a credential that may administer a repository's webhooks sees them; without it they are made by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from config.secrets import Secret
from connectors.errors import AccessRefused, Misconfigured, Refused, Stale
from connectors.github.client import GitHubClient
from connectors.github.settings import GitHubConnection, GitHubSource
from connectors.payload import decode
from connectors.registration import Missed, Registered
from connectors.retry import Retry

__all__ = ["Registrar"]

KEPT = timedelta(days=3)
_EVENTS = ("issues", "issue_comment", "label", "milestone", "sub_issues", "issue_dependencies")
_OLDEST = _EVENTS[:4]
_PAGES = 20
_OURS = 403
"""What we answer to a delivery about something that is not read here: nothing was missed."""


class _Config(msgspec.Struct):
    url: str = ""
    content_type: str = ""
    secret: str = ""


class _Last(msgspec.Struct):
    code: int | None = None


class _Hook(msgspec.Struct):
    id: int
    active: bool
    events: list[str]
    config: _Config
    last_response: _Last | None = None


class _Delivery(msgspec.Struct):
    id: int
    guid: str
    delivered_at: datetime
    status: str
    status_code: int
    event: str


class Registrar:
    """The webhooks of one connection's repositories. Errors are those of connectors.errors."""

    def __init__(
        self,
        settings: GitHubConnection,
        sources: Sequence[GitHubSource],
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
    ) -> None:
        retry = Retry(f'GitHub "{settings.name}"', sleep, clock, on_wait)
        self._client = GitHubClient(settings, secret(settings.credential), retry, clock)
        self._repos = tuple(dict.fromkeys(source.repo for source in sources))

    def close(self) -> None:
        self._client.close()

    def places(self) -> tuple[str, ...]:
        return self._repos

    def listed(self) -> tuple[Registered, ...]:
        return tuple(_told(repo, hook) for repo in self._repos for hook in self._hooks(repo))

    def install(self, place: str, url: str, secret: Secret, now: datetime) -> Registered:
        mine = next((hook for hook in self._hooks(place) if hook.config.url == url), None)
        config = {"url": url, "content_type": "json", "secret": secret.reveal(), "insecure_ssl": "0"}
        wanted = {"active": True, "config": config}
        address = f"/repos/{place}/hooks" + (f"/{mine.id}" if mine else "")
        verb = "PATCH" if mine else "POST"
        try:
            made = self._client.write(verb, address, {"name": "web", "events": _EVENTS, **wanted})
        except Refused:  # an older Enterprise Server does not know every event
            made = self._client.write(verb, address, {"name": "web", "events": _OLDEST, **wanted})
        except Stale:
            raise self._hidden(place) from None
        return _told(place, decode(made.body, _Hook))

    def renew(self, registered: Registered, now: datetime) -> Registered:
        return registered

    def ping(self, registered: Registered) -> bool:
        self._client.enter(registered.place.partition("/")[0])
        self._client.write("POST", f"/repos/{registered.place}/hooks/{registered.id}/pings", {})
        return True

    def missed(self, registered: Sequence[Registered], since: datetime) -> tuple[Missed, ...]:
        """Deliveries of which no sending got through; those sent three times already are left alone."""
        return tuple(one for hook in registered for one in self._missed(hook, since))

    def redeliver(self, missed: Missed) -> None:
        self._client.enter(missed.place.partition("/")[0])
        self._client.write("POST", f"{missed.address}/attempts", {})

    def _missed(self, hook: Registered, since: datetime) -> Iterator[Missed]:
        sendings: dict[str, list[_Delivery]] = {}
        for one in self._deliveries(hook, since):
            sendings.setdefault(one.guid, []).append(one)
        for several in sendings.values():
            last = max(several, key=lambda one: one.delivered_at)
            through = any(one.status == "OK" or one.status_code == _OURS for one in several)
            if not through and len(several) < 3 and last.event != "ping":
                address = f"/repos/{hook.place}/hooks/{hook.id}/deliveries/{last.id}"
                yield Missed(hook.place, address, last.event, last.delivered_at, last.status)

    def _deliveries(self, hook: Registered, since: datetime) -> Iterator[_Delivery]:
        self._client.enter(hook.place.partition("/")[0])
        pages = self._client.pages(f"/repos/{hook.place}/hooks/{hook.id}/deliveries")
        for number, answer in enumerate(pages):
            rows = decode(answer.body, list[_Delivery])
            yield from (row for row in rows if row.delivered_at >= since)
            if number >= _PAGES or not rows or rows[-1].delivered_at < since:
                return

    def _hooks(self, repo: str) -> Iterator[_Hook]:
        self._client.enter(repo.partition("/")[0])
        try:
            for answer in self._client.pages(f"/repos/{repo}/hooks"):
                if answer.status != 200:
                    raise self._hidden(repo)
                yield from decode(answer.body, list[_Hook])
        except Misconfigured:
            raise self._hidden(repo) from None

    def _hidden(self, repo: str) -> AccessRefused:
        return AccessRefused(
            f"GitHub does not show the webhooks of {repo} to this credential. Give it Webhooks: read and "
            "write there (classic: admin:repo_hook), or make the webhook by hand: docs/how-to/webhooks.md"
        )


def _told(repo: str, hook: _Hook) -> Registered:
    return Registered(str(hook.id), repo, hook.config.url, "; ".join(_troubles(hook)))


def _troubles(hook: _Hook) -> Iterator[str]:
    if not hook.active:
        yield "it is switched off"
    if not hook.config.secret:
        yield "it has no secret"
    if hook.config.content_type != "json":
        yield f"it sends {hook.config.content_type or 'forms'} instead of JSON"
    if "*" not in hook.events and not set(_OLDEST) <= set(hook.events):
        yield f"it does not tell of {', '.join(sorted(set(_OLDEST) - set(hook.events)))}"
    code = hook.last_response.code if hook.last_response else None
    if code is not None and not 200 <= code < 300 and code != _OURS:
        yield f"its last delivery was answered {code}"
