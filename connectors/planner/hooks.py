"""What tells us of changes in Planner: Microsoft Graph about groups, and flows of Power Automate about tasks.

Graph has no notifications of plans or tasks, so those of the group only ask for an early reading. Each
subscription has an address of its own, /hooks/CONNECTION/graph/SLOT, and a clientState made from the slot and
the connection's secret: nothing secret has to be stored, and no two subscriptions share one.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qs

import msgspec

from config.secrets import Secret
from connectors.hooks import (
    NOT_FOUND,
    UNPROVEN,
    Accepted,
    Delivery,
    Handshake,
    Hint,
    Keys,
    Refused,
    Subscription,
    Verdict,
    is_one_of,
    sole,
)
from connectors.planner.settings import PlannerConnection, PlannerSource

__all__ = ["Hooks", "client_state"]

_SECRET = b"x-hook-secret"
_GRAPH = "graph"
_LONGEST_TOKEN = 2048
_MOST_ITEMS = 1000


class _Item(msgspec.Struct):
    """One notification, of a change or of the subscription's own life."""

    subscription: str = msgspec.field(default="", name="subscriptionId")
    state: str = msgspec.field(default="", name="clientState")
    tenant: str = msgspec.field(default="", name="tenantId")
    resource: str = ""
    change: str = msgspec.field(default="", name="changeType")
    life: str = msgspec.field(default="", name="lifecycleEvent")


class _Notifications(msgspec.Struct):
    value: list[_Item] = []


class _Flow(msgspec.Struct):
    """What the flows described in docs/how-to post; nothing else in them is looked at."""

    event: str = ""
    plan: str = msgspec.field(default="", name="planId")
    task: str = msgspec.field(default="", name="taskId")
    delivery: str = msgspec.field(default="", name="deliveryId")


_NOTIFICATIONS = msgspec.json.Decoder(_Notifications)
_FLOW = msgspec.json.Decoder(_Flow)


def client_state(secret: Secret, slot: str) -> str:
    """What Graph repeats in each notification of the subscription at this slot: 43 letters and digits."""
    mac = hmac.digest(secret.reveal().encode(), b"graph subscription " + slot.encode(), "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


class Hooks:
    """Judges what comes to one Planner connection."""

    def __init__(self, settings: PlannerConnection, sources: Sequence[PlannerSource], keys: Keys) -> None:
        self._keys = keys
        self._plans = {source.plan: source.key for source in sources if source.plan is not None}
        self._of_groups = any(source.group is not None for source in sources)
        self._subscriptions = keys.subscriptions

    def judge(self, delivery: Delivery) -> Verdict:
        if not self._keys.secrets:
            return UNPROVEN
        rest = delivery.rest
        if self._keys.path is not None:
            if not rest or not is_one_of(rest[-1].encode(), (self._keys.path,)):
                return NOT_FOUND
            rest = rest[:-1]
        if not rest:
            return self._from_a_flow(delivery)
        if len(rest) == 2 and rest[0] == _GRAPH:
            return self._from_graph(delivery, rest[1])
        return NOT_FOUND

    def _from_graph(self, delivery: Delivery, slot: str) -> Verdict:
        if b"validationToken" in delivery.query:
            return self._handshake(delivery, slot)
        known = self._subscriptions.at(slot)
        if known is None:
            return NOT_FOUND
        try:
            items = _NOTIFICATIONS.decode(delivery.body).value[:_MOST_ITEMS]
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return UNPROVEN  # what cannot be read proves nothing
        good = [item for item in items if self._is_proven(item, slot, known)]
        event = ",".join(sorted({item.life or item.change for item in good}))
        hints = (Hint(),) if good else ()
        return Accepted("", f"graph.{event}"[:100], hints, dropped=len(items) - len(good), repeats=True)

    def _handshake(self, delivery: Delivery, slot: str) -> Verdict:
        """Only while we ask Graph to send to this very address: else it would be a way to reflect text."""
        if not self._subscriptions.is_pending(slot, delivery.now) or delivery.body.strip():
            return NOT_FOUND
        try:
            given = parse_qs(delivery.query.decode("ascii"), strict_parsing=True, max_num_fields=10)
        except ValueError:
            return NOT_FOUND
        tokens = given.get("validationToken", [])
        if len(tokens) != 1 or not 0 < len(tokens[0]) <= _LONGEST_TOKEN or not tokens[0].isprintable():
            return NOT_FOUND
        return Handshake(tokens[0])

    def _is_proven(self, item: _Item, slot: str, known: Subscription) -> bool:
        """Each item by itself: one request may carry several subscriptions' notifications."""
        states = [client_state(secret, slot).encode() for secret in self._keys.secrets]
        fits = [hmac.compare_digest(item.state.encode("utf-8", "replace"), state) for state in states]
        return (
            any(fits)
            and item.subscription == known.id
            and (not known.tenant or item.tenant == known.tenant)
            and (bool(item.life) or _plain(item.resource) == _plain(known.resource))
        )

    def _from_a_flow(self, delivery: Delivery) -> Verdict:
        given = sole(delivery, _SECRET)
        if given is None or not is_one_of(given, self._keys.secrets):
            return UNPROVEN
        if not delivery.secure:
            return Refused(403, "not-tls")
        try:
            flow = _FLOW.decode(delivery.body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return Accepted("", "flow", readable=False)
        if flow.plan not in self._plans and not self._of_groups:
            return Refused(403, "foreign")
        id = flow.delivery if flow.delivery.isascii() and flow.delivery.isprintable() else ""
        hint = Hint(self._plans.get(flow.plan), flow.task)
        return Accepted(id[:200], f"flow.{flow.event}"[:100], (hint,), repeats=not id)


def _plain(resource: str) -> str:
    return resource.strip("/").casefold()
