"""The store as the receiver's committer sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from model.inbox import Arrival, Delivery
from model.store import Store
from service.hooks.commit import Append

__all__ = ["append_to"]

_CAP = 64 * 1024 * 1024
"""The most bytes that a connection's unfinished deliveries may hold."""


def append_to(store: Store, clock: Callable[[], datetime]) -> Append:
    """Stores deliveries in one transaction, durable when it returns."""

    def append(deliveries: Sequence[Delivery]) -> Sequence[Arrival]:
        with store.transaction() as writer:
            return writer.inbox.append(deliveries, clock(), _CAP)

    return append
