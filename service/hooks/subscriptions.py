"""The standing orders at Microsoft Graph, as flags in the store: which address each is delivered to.

The slot in an address is random; what Graph repeats as clientState is made from it and the connection's
secret, so nothing that is stored here would let anybody speak for Graph.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from connectors.hooks import Subscription
from model.store import Store

__all__ = ["Order", "Orders", "forget", "keep", "orders_of"]

_PREFIX = "hooks/"
_FRESH = 2.0
_AGAIN = 0.05
_BY = "crosstie"


@dataclass(frozen=True, slots=True)
class Order:
    """One standing order. `pending`: until then the tracker may ask back; `ends`: when it must be renewed."""

    slot: str
    resource: str
    pending: datetime | None = None
    id: str = ""
    tenant: str = ""
    ends: datetime | None = None


_ORDER = msgspec.json.Decoder(Order)


def keep(store: Store, connection: str, order: Order, now: datetime) -> None:
    """Store an order in place of what was known of its slot."""
    with store.transaction() as writer:
        writer.leases.set(_name(connection, order.slot), msgspec.json.encode(order).decode(), _BY, now)


def forget(store: Store, connection: str, slot: str) -> None:
    with store.transaction() as writer:
        writer.leases.clear(_name(connection, slot))


def orders_of(store: Store, connection: str) -> tuple[Order, ...]:
    with store.reading() as books:
        flags = books.leases.flags(_name(connection, ""))
    return tuple(_ORDER.decode(flag.value) for flag in flags)


class Orders:
    """What the receiver needs to know of them; the store is asked again every two seconds, or for a new one.

    A stranger who tries slots makes the store be asked twenty times a second and no more.
    """

    def __init__(self, store: Store, connection: str, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._connection = connection
        self._elapsed = elapsed
        self._known: dict[str, Order] = {}
        self._read = float("-inf")

    def is_pending(self, slot: str, now: datetime) -> bool:
        order = self._order(slot, fresh=_AGAIN)
        return order is not None and order.pending is not None and now < order.pending

    def at(self, slot: str) -> Subscription | None:
        order = self._order(slot, fresh=_FRESH)
        if order is None:
            order = self._order(slot, fresh=_AGAIN)
        elif not order.id:  # it was just being asked for: whoever knows the slot may know more than we read
            order = self._order(slot, fresh=-1.0)
        return (
            Subscription(order.id, order.resource, order.tenant) if order is not None and order.id else None
        )

    def _order(self, slot: str, fresh: float) -> Order | None:
        now = self._elapsed()
        if now - self._read > fresh:
            self._known = {order.slot: order for order in orders_of(self._store, self._connection)}
            self._read = now
        return self._known.get(slot)


def _name(connection: str, slot: str) -> str:
    return f"{_PREFIX}{connection}/{slot}"
