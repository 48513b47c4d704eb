"""Change notifications: who is told of which group until when, and what waits to be delivered.

Planner's own resources have none, and the service refuses them. Nothing is sent by itself: `pump` delivers
what waits, in order, so that every run of a world is the same run.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from sandbox.graph.calls import Call, GraphError, Written
from sandbox.graph.records import stamp
from sandbox.graph.state import GraphTenant

__all__ = ["Subscriptions"]

_LONGEST = timedelta(minutes=41_760)
_SHORTEST = timedelta(minutes=45)
_TRIED_FOR = timedelta(hours=4)
_HANDSHAKE_S = 10.0
_DELIVERY_S = 3.0
_MOST = 100
_LONGEST_STATE = 128
_ROLES = frozenset({"Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"})
_RESOURCE = re.compile(r"/?groups/([0-9a-zA-Z-]+)")
_CHANGES = frozenset({"updated", "deleted"})
_EVENTS = ("reauthorizationRequired", "subscriptionRemoved", "missed")


@dataclass(slots=True)
class _Subscription:
    id: str
    app: str
    group: str
    resource: str
    changes: str
    url: str
    lifecycle: str | None
    state: str | None
    expires: datetime


@dataclass(slots=True)
class _Waiting:
    """Items for one address, and since when their delivery is being tried."""

    url: str
    since: datetime
    items: list[dict[str, Any]] = field(default_factory=list)


class Subscriptions:
    """The subscriptions of a tenant. `most` is how many an application may have."""

    def __init__(self, tenant: GraphTenant) -> None:
        self.most = _MOST
        self._tenant = tenant
        self._held: dict[str, _Subscription] = {}
        self._waiting: list[_Waiting] = []
        self._made = 0
        tenant.told = self._hear

    # The resource

    async def answer(self, call: Call) -> Written:
        """What a call to /subscriptions comes to. GraphError: it was refused."""
        id, _, action = call.path.removeprefix("/subscriptions").strip("/").partition("/")
        if _ROLES.isdisjoint(call.roles):
            text = "Insufficient privileges to complete the operation."
            raise GraphError(403, "Authorization_RequestDenied", text)
        if not id:
            return await self._create(call) if call.method == "POST" else self._list(call)
        held = self._own(call, id)
        if call.method == "POST" and action == "reauthorize":
            return Written(200)
        if call.method == "PATCH":
            held.expires = self._expiry(call.body)
            return Written(200, _shown(call, held))
        if call.method == "DELETE":
            del self._held[id]
            return Written(204)
        return Written(200, _shown(call, held))

    async def _create(self, call: Call) -> Written:
        body = call.body if isinstance(call.body, dict) else {}
        found = _RESOURCE.fullmatch(str(body.get("resource", "")))
        changes = set(str(body.get("changeType", "")).split(","))
        if found is None or found[1] not in self._tenant.groups:
            raise _refused("[Status Code: BadRequest; Reason: Invalid resource specified in payload]")
        if not changes or not changes <= _CHANGES:
            raise _refused("[Status Code: BadRequest; Reason: Invalid changeType for the resource]")
        if sum(one.app == call.app for one in self._live()) >= self.most:
            raise GraphError(
                403, "ExtensionError", "The number of subscriptions of the application is used up."
            )
        state = body.get("clientState")
        if state is not None and (not isinstance(state, str) or len(state) > _LONGEST_STATE):
            raise GraphError(400, "InvalidRequest", "clientState must be a text of at most 128 characters.")
        expires = self._expiry(body)
        lifecycle = body.get("lifecycleNotificationUrl")
        for url in (body.get("notificationUrl"), *([lifecycle] if lifecycle else [])):
            await self._shake(url)
        self._made += 1
        id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._tenant.id}/subscription/{self._made}"))
        held = _Subscription(
            *(id, call.app, found[1], str(body["resource"]), str(body["changeType"])),
            *(str(body["notificationUrl"]), lifecycle, state, expires),
        )
        self._held[id] = held
        return Written(201, _shown(call, held))

    def _list(self, call: Call) -> Written:
        rows = [_shown(call, one, context=False) for one in self._live() if one.app == call.app]
        return Written(200, {"@odata.context": f"{call.root}/$metadata#subscriptions", "value": rows})

    def _own(self, call: Call, id: str) -> _Subscription:
        held = next((one for one in self._live() if one.id == id and one.app == call.app), None)
        if held is None:
            raise GraphError(404, "ResourceNotFound", "The object was not found.")
        return held

    def _live(self) -> list[_Subscription]:
        """Those that have not run out."""
        now = self._tenant.clock.now()
        self._held = {id: one for id, one in self._held.items() if one.expires > now}
        return list(self._held.values())

    def _expiry(self, body: Any) -> datetime:
        """When it runs out: raised to 45 minutes from now, refused beyond what groups have."""
        now = self._tenant.clock.now()
        try:
            wanted = datetime.fromisoformat(str(body["expirationDateTime"]))
            late = wanted > now + _LONGEST
        except (TypeError, KeyError, ValueError):
            raise GraphError(400, "InvalidRequest", "expirationDateTime is not an instant.") from None
        if late or wanted <= now:
            raise GraphError(
                400, "ExtensionError", "Subscription expiration can only be 41760 minutes in the future."
            )
        return max(wanted, now + _SHORTEST)

    async def _shake(self, url: object) -> None:
        """Ask an address whether it wants to be told: it must hand the token back as plain text in time."""
        failure = GraphError(400, "InvalidRequest", "Subscription validation request failed.")
        if not isinstance(url, str) or not _may_be_called(url):
            raise failure
        token = f"Validation: Testing client application reachability for subscription {self._made + 1} é+&"
        address = f"{url}{'&' if urlsplit(url).query else '?'}validationToken={quote(token, safe='')}"
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=_HANDSHAKE_S, verify=False) as client:  # noqa: S501
                said = await client.post(address, headers={"Content-Type": "text/plain; charset=utf-8"})
        except httpx.HTTPError:
            raise failure from None
        plain = said.headers.get("content-type", "").startswith("text/plain")
        if said.status_code != 200 or not plain or said.content != token.encode():
            raise failure

    # Notifications

    def _hear(self, group: str, change: str) -> None:
        """Something happened to a group: everybody who asked to be told gets an item."""
        for one in self._live():
            if one.group == group and change in one.changes.split(","):
                self._wait(one.url, self._item(one, change))

    def repeat(self) -> None:
        """Let what waits be delivered twice, as the service may do."""
        for one in self._waiting:
            one.items += one.items

    def lifecycle(self, id: str, event: str) -> None:
        """Let a subscription's lifecycle address hear of an event. KeyError: no such subscription."""
        held = self._held[id]
        if event not in _EVENTS or held.lifecycle is None:
            raise ValueError(f"no lifecycle event {event!r} for this subscription")
        item = {
            "subscriptionId": held.id,
            "subscriptionExpirationDateTime": stamp(held.expires),
            "tenantId": self._tenant.id,
            "clientState": held.state,
            "lifecycleEvent": event,
        }
        self._wait(held.lifecycle, item)
        if event == "subscriptionRemoved":
            del self._held[id]

    def _item(self, held: _Subscription, change: str) -> dict[str, Any]:
        self._made += 1
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._tenant.id}/notification/{self._made}")),
            "subscriptionId": held.id,
            "subscriptionExpirationDateTime": stamp(held.expires),
            "clientState": held.state,
            "changeType": change,
            "resource": f"Groups/{held.group}",
            "tenantId": self._tenant.id,
            "resourceData": {
                "@odata.type": "#Microsoft.Graph.Group",
                "@odata.id": f"Groups/{held.group}",
                "id": held.group,
                "organizationId": self._tenant.id,
            },
        }

    def _wait(self, url: str, item: dict[str, Any]) -> None:
        """Items for one address go out together."""
        for one in self._waiting:
            if one.url == url:
                one.items.append(item)
                return
        self._waiting.append(_Waiting(url, self._tenant.clock.now(), [item]))

    @property
    def waiting(self) -> int:
        return sum(len(one.items) for one in self._waiting)

    def pump(self) -> int:
        """Deliver what waits; how many items were taken. Others wait on, for four of the world's hours."""
        taken, left = 0, []
        for one in self._waiting:
            if _delivered(one):
                taken += len(one.items)
            elif self._tenant.clock.now() - one.since < _TRIED_FOR:
                left.append(one)
        self._waiting = left
        return taken


def _delivered(one: _Waiting) -> bool:
    try:
        answer = httpx.post(
            one.url,
            content=json.dumps({"value": one.items}).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
            timeout=_DELIVERY_S,
            trust_env=False,
            verify=False,  # noqa: S501 - what it is checked against in a test is the receiver's own
        )
    except httpx.HTTPError:
        return False
    return 200 <= answer.status_code < 300


def _may_be_called(url: str) -> bool:
    """The service calls https only; a receiver on this machine may go without."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    )


def _refused(reason: str) -> GraphError:
    return GraphError(400, "ExtensionError", f"Operation: Create; Exception: {reason}")


def _shown(call: Call, held: _Subscription, *, context: bool = True) -> dict[str, Any]:
    head: Mapping[str, Any] = (
        {"@odata.context": f"{call.root}/$metadata#subscriptions/$entity"} if context else {}
    )
    return {
        **head,
        "id": held.id,
        "resource": held.resource,
        "applicationId": held.app,
        "changeType": held.changes,
        "clientState": None,
        "notificationUrl": held.url,
        "notificationQueryOptions": None,
        "lifecycleNotificationUrl": held.lifecycle,
        "expirationDateTime": stamp(held.expires),
        "creatorId": held.app,
        "includeResourceData": None,
        "latestSupportedTlsVersion": "v1_2",
        "encryptionCertificate": None,
        "encryptionCertificateId": None,
        "notificationUrlAppId": None,
    }
