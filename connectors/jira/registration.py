"""Webhooks at Jira: an administrator's, or those of an OAuth 2.0 app, which run out after thirty days.

Registering one needs an administrator or an app; who is neither is told how it is done by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from config.secrets import Secret
from connectors.errors import AccessRefused, Misconfigured
from connectors.jira.client import BadRequest, JiraClient, Missing
from connectors.jira.settings import JiraConnection, JiraSource
from connectors.registration import Missed, Registered
from connectors.retry import Retry

__all__ = ["Registrar"]

_ISSUES = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted")
_COMMENTS = ("comment_created", "comment_updated", "comment_deleted")
_WORKLOGS = ("worklog_created", "worklog_updated", "worklog_deleted")
_SPRINTS = ("sprint_created", "sprint_updated", "sprint_started", "sprint_closed", "sprint_deleted")
_VERSIONS = ("jira:version_created", "jira:version_updated", "jira:version_released", "jira:version_deleted")
_OF_APPS = (*_ISSUES, *_COMMENTS, *_SPRINTS, *_VERSIONS)
_OF_ADMINISTRATORS = (*_OF_APPS, *_WORKLOGS)


class _Admin(msgspec.Struct):
    self: str
    url: str
    enabled: bool = True
    signed: bool = msgspec.field(default=True, name="isSigned")
    events: list[str] = []
    exclude: bool = msgspec.field(default=False, name="excludeBody")


class _Dynamic(msgspec.Struct):
    id: int
    jql: str = msgspec.field(default="", name="jqlFilter")
    url: str = ""
    ends: int | str | None = msgspec.field(default=None, name="expirationDate")


class _DynamicPage(msgspec.Struct):
    values: list[_Dynamic]
    last: bool = msgspec.field(default=True, name="isLast")


class _Result(msgspec.Struct):
    id: int = msgspec.field(default=0, name="createdWebhookId")
    errors: list[str] = []


class _Results(msgspec.Struct):
    results: list[_Result] = msgspec.field(name="webhookRegistrationResult")


class _Refreshed(msgspec.Struct):
    ends: int | str | None = msgspec.field(default=None, name="expirationDate")


class Registrar:
    """The webhooks of one site. Errors are those of connectors.errors."""

    def __init__(
        self,
        settings: JiraConnection,
        sources: Sequence[JiraSource],
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
    ) -> None:
        self._client = JiraClient(
            settings, secret, Retry(f'Jira "{settings.name}"', sleep, clock, on_wait), clock
        )
        self._of_app = settings.webhook_sign == "oauth"
        self._name = settings.name
        self._jql = f"project in ({', '.join(dict.fromkeys(source.project for source in sources))})"

    def close(self) -> None:
        self._client.close()

    def places(self) -> tuple[str, ...]:
        """One webhook tells of all projects: its filter."""
        return (self._jql,)

    def listed(self) -> tuple[Registered, ...]:
        try:
            return tuple(self._dynamic() if self._of_app else self._admin())
        except (AccessRefused, Missing):
            raise self._by_hand() from None

    def install(self, place: str, url: str, secret: Secret, now: datetime) -> Registered:
        mine = next((one for one in self.listed() if one.url == url and one.place == place), None)
        try:
            return (
                self._install_dynamic(place, url, mine)
                if self._of_app
                else self._install_admin(place, url, secret, mine)
            )
        except (AccessRefused, Missing, BadRequest) as refused:
            raise self._by_hand(str(refused)) from None

    def renew(self, registered: Registered, now: datetime) -> Registered:
        if not self._of_app:
            return registered
        answer = self._client.write(
            "PUT", "webhook/refresh", {"webhookIds": [int(registered.id)]}, again=True
        )
        ends = _instant(answer.as_(_Refreshed).ends)
        if ends is None:
            raise Misconfigured(
                f'Jira "{self._name}" has no such webhook any more. Next: crosstie hooks install'
            )
        return Registered(registered.id, registered.place, registered.url, "", ends)

    def ping(self, registered: Registered) -> bool:
        return False

    def missed(self, registered: Sequence[Registered], since: datetime) -> tuple[Missed, ...]:
        return ()

    def redeliver(self, missed: Missed) -> None:
        raise Misconfigured(
            "Jira sends again by itself and keeps no account. Read what changed: crosstie pull"
        )

    def _admin(self) -> Iterator[Registered]:
        for one in self._client.read("webhook", api="webhooks").as_(list[_Admin]):
            yield Registered(one.self.rpartition("/")[2], self._jql, one.url, "; ".join(_troubles(one)))

    def _dynamic(self) -> Iterator[Registered]:
        start, last = 0, False
        while not last:
            page = self._client.read("webhook", {"startAt": start, "maxResults": 100}).as_(_DynamicPage)
            for one in page.values:
                yield Registered(str(one.id), one.jql, one.url, "", _instant(one.ends))
            start, last = start + len(page.values), page.last or not page.values

    def _install_admin(self, place: str, url: str, secret: Secret, mine: Registered | None) -> Registered:
        wanted: dict[str, Any] = {
            "name": f"Crosstie {self._name}",
            "url": url,
            "events": list(_OF_ADMINISTRATORS),
            "filters": {"issue-related-events-section": place},
            "excludeBody": False,
            "secret": secret.reveal(),
        }
        made = self._client.write("POST", "webhook", wanted, api="webhooks").as_(_Admin)
        if mine is not None:  # the new one is there before the old one goes, so nothing is missed
            self._client.write("DELETE", f"webhook/{mine.id}", {}, api="webhooks")
        return Registered(made.self.rpartition("/")[2], place, made.url, "; ".join(_troubles(made)))

    def _install_dynamic(self, place: str, url: str, mine: Registered | None) -> Registered:
        if mine is not None:
            return self.renew(mine, datetime.min.replace(tzinfo=UTC))
        body = {"url": url, "webhooks": [{"events": list(_OF_APPS), "jqlFilter": place}]}
        (result,) = self._client.write("POST", "webhook", body).as_(_Results).results
        if result.errors:
            raise Misconfigured(
                f'Jira "{self._name}" does not register the webhook: {"; ".join(result.errors)}'
            )
        return next(
            (one for one in self._dynamic() if one.id == str(result.id)),
            Registered(str(result.id), place, url),
        )

    def _by_hand(self, why: str = "") -> AccessRefused:
        return AccessRefused(
            f'Jira "{self._name}" lets only an administrator or an OAuth 2.0 app see and register webhooks'
            f"{f' ({why})' if why else ''}. Have one make it by hand: docs/how-to/webhooks.md"
        )


def _troubles(one: _Admin) -> Iterator[str]:
    if not one.enabled:
        yield "it is switched off"
    if not one.signed:
        yield "it is not signed: set its secret"
    if one.exclude:
        yield "it sends no bodies"
    if one.events and not set(_ISSUES) <= set(one.events):
        yield f"it does not tell of {', '.join(sorted(set(_ISSUES) - set(one.events)))}"


def _instant(value: int | str | None) -> datetime | None:
    """Jira tells when a webhook runs out in milliseconds or as a text."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC)
    try:
        return datetime.strptime(value or "", "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
    except ValueError:
        return None
