"""Subscriptions at Microsoft Graph on the groups whose plans are read; there are none on plans or tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from config.secrets import Secret
from connectors.errors import Misconfigured
from connectors.payload import decode
from connectors.planner.client import BadRequest, Missing, PlannerClient
from connectors.planner.settings import PlannerConnection, PlannerSource
from connectors.registration import Missed, Registered
from connectors.retry import Retry

__all__ = ["Registrar"]

_LASTS = timedelta(minutes=41_000)
"""A little less than the longest that groups have."""
_PLACE = "/groups/"


class _Subscription(msgspec.Struct):
    id: str
    resource: str
    url: str = msgspec.field(name="notificationUrl")
    ends: datetime = msgspec.field(name="expirationDateTime")


class _Subscriptions(msgspec.Struct):
    value: list[_Subscription]


class _Container(msgspec.Struct):
    id: str = msgspec.field(default="", name="containerId")
    type: str = ""


class _Plan(msgspec.Struct):
    container: _Container = msgspec.field(default_factory=_Container)


class Registrar:
    """The subscriptions of one connection's groups. Errors are those of connectors.errors."""

    def __init__(
        self,
        settings: PlannerConnection,
        sources: Sequence[PlannerSource],
        secret: Callable[[str], Secret],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        on_wait: Callable[[str], None],
    ) -> None:
        retry = Retry(settings.who, sleep, clock, on_wait)
        self._client = PlannerClient(settings, secret, retry, clock, sleep, on_wait)
        self._sources = sources
        self._who = settings.who

    def close(self) -> None:
        self._client.close()

    def places(self) -> tuple[str, ...]:
        """The groups as resources; one named by its words in the config is not asked after here."""
        found = [self._group(source) for source in self._sources]
        return tuple(dict.fromkeys(place for place in found if place))

    def listed(self) -> tuple[Registered, ...]:
        found = [one for _, page in self._client.pages("/subscriptions") for one in page.value]
        return tuple(_told(decode(bytes(raw), _Subscription)) for raw in found)

    def install(self, place: str, url: str, secret: Secret, now: datetime) -> Registered:
        """`secret` is the clientState. While this call waits, Graph asks back at `url`."""
        wanted = {
            "changeType": "updated,deleted",
            "notificationUrl": url,
            "lifecycleNotificationUrl": url,
            "resource": place,
            "expirationDateTime": _stamp(now + _LASTS),
            "clientState": secret.reveal(),
            "latestSupportedTlsVersion": "v1_2",
        }
        made = self._client.change("POST", "/subscriptions", wanted)
        return _told(decode(made.body, _Subscription))

    def renew(self, registered: Registered, now: datetime) -> Registered:
        wanted = {"expirationDateTime": _stamp(now + _LASTS)}
        try:
            kept = self._client.change("PATCH", f"/subscriptions/{registered.id}", wanted)
        except (Missing, BadRequest):
            raise Misconfigured(
                f"{self._who}: the subscription on {registered.place} has run out. Make a new one: crosstie "
                "hooks install"
            ) from None
        return _told(decode(kept.body, _Subscription))

    def ping(self, registered: Registered) -> bool:
        return False

    def missed(self, registered: Sequence[Registered], since: datetime) -> tuple[Missed, ...]:
        return ()

    def redeliver(self, missed: Missed) -> None:
        raise Misconfigured("Microsoft Graph keeps no deliveries. Read what changed: crosstie pull")

    def _group(self, source: PlannerSource) -> str:
        if source.plan is None:
            return ""
        plan = self._client.get(f"/planner/plans/{source.plan}").as_(_Plan)
        return (
            f"{_PLACE}{plan.container.id}"
            if plan.container.type in ("group", "") and plan.container.id
            else ""
        )


def _told(one: _Subscription) -> Registered:
    return Registered(one.id, one.resource, one.url, "", one.ends)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
