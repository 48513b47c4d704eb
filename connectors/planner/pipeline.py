"""Small reads that go out together: every batch is filled before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from connectors.planner.client import AT_ONCE, PlannerClient, Reply

__all__ = ["Pipeline"]


class Pipeline:
    """The reads of one pull that wait to be sent, and the replies that wait to be used.

    A reply is asked for by its address; until it's there, batches are sent, oldest reads first. A batch that
    would go out part empty is offered to `refill` first, which may ask for what will be needed next.
    """

    def __init__(self, client: PlannerClient) -> None:
        self._client = client
        self._waiting: dict[str, None] = {}
        self._here: dict[str, Reply] = {}

    def ask(self, addresses: Iterable[str], *, first: bool = False) -> None:
        """Let reads wait for the next batches, before all others if `first`."""
        new = {address: None for address in addresses if address not in self._here}
        self._waiting = {**new, **self._waiting} if first else {**self._waiting, **new}

    def peek(self, address: str) -> Reply | None:
        """The reply, if it is there already; it stays."""
        return self._here.get(address)

    def take(self, address: str, refill: Callable[[], None]) -> Reply:
        """The reply to a read, good or refused for good."""
        self.ask([address])
        while address not in self._here:
            if len(self._waiting) < AT_ONCE:
                refill()
            some = list(self._waiting)[:AT_ONCE]
            replies = self._client.together(some)
            self._here.update(replies)
            for sent in some:
                del self._waiting[sent]
        return self._here.pop(address)

    def drop(self, addresses: Iterable[str]) -> None:
        """Forget reads that nobody will ask for: their reading ended early."""
        for address in addresses:
            self._waiting.pop(address, None)
            self._here.pop(address, None)
