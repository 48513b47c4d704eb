"""The one place that sends a write to a tracker: every stop sign is read here, right before the call.

The signs are read in the very transaction that notes that the write is being sent, so a pause that was stored
before it is obeyed, and whoever lost the lease can neither note nor send anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from config.scalars import parse_days
from config.settings import ConnectionSettings, Project, SourceSettings
from connectors.writing import Draft, Edit, Receipt, WritingConnector
from model.leases import Lease
from model.outbox import Entry, State
from model.store import Store
from model.values import Issue
from model.writer import Writer

__all__ = ["PAUSED", "Forbidden", "Order", "Signs", "Stopped", "send"]

PAUSED = "paused"
"""The flag whose presence stops every write; `crosstie pause` sets it."""


class Stopped(Exception):
    """No write of the run may be sent now; the text says why and what would change that."""


class Forbidden(Exception):
    """This write may not be sent; the others may."""


@dataclass(frozen=True, slots=True)
class Order:
    """One call: the writes it carries out, as stored, and what is handed to the connector.

    `origin` is the issue whose value is carried over, None where a person gave the value; `target` the issue
    as just read, None for one that is to be created.
    """

    entries: tuple[Entry, ...]
    connection: str
    source: SourceSettings
    call: Edit | Draft
    target: Issue | None
    origins: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Signs:
    """What must allow a write. `seen` says why people of the target may not see the origin ("": they may).

    `lease` is the right to write for this project, None where only one process can reach the store.
    """

    name: str
    project: Project
    connections: Mapping[str, ConnectionSettings]
    zone: str
    seen: Callable[[Issue, Issue | None, SourceSettings], str]
    lease: Lease | None = None

    def stop(self, writer: Writer, now: datetime) -> str:
        """Why nothing may be written now; "": it may. LeaseLost: somebody else writes for this project."""
        if self.lease is not None:
            writer.leases.check(self.lease.name, self.lease.fence)
        paused = writer.leases.flag(PAUSED)
        if paused is not None:
            why = f": {paused.value}" if paused.value else ""
            return f"{paused.by} paused all writing{why}; run crosstie resume to go on"
        if not self.project.write:
            return f"nothing is written until [projects.{self.name}] says write = true"
        today = now.astimezone(ZoneInfo(self.zone)).date()
        for days in self.project.freeze:
            first, last = parse_days(days)
            if first <= today <= last:
                return f"[projects.{self.name}] freeze forbids writes until {last}; apply after that"
        return ""

    def forbid(self, order: Order) -> str:
        """Why this write may not be sent; "": it may."""
        settings = self.connections[order.connection]
        if settings.read_only:
            return f"[connections.{order.connection}] is read_only; take that out to write through it"
        return next(filter(None, (self.seen(each, order.target, order.source) for each in order.origins)), "")


def send(store: Store, signs: Signs, connector: WritingConnector, order: Order, now: datetime) -> Receipt:
    """Note the writes as sent, then carry out the call; what the tracker holds afterwards.

    Stopped, Forbidden: nothing was noted or sent. The connector's errors pass, with the writes noted as sent.
    """
    with store.transaction() as writer:
        if reason := signs.stop(writer, now):
            raise Stopped(reason)
        if reason := signs.forbid(order):
            raise Forbidden(reason)
        for entry in order.entries:
            writer.outbox.advance(entry, State.SENT, now, attempts=entry.attempts + 1)
    if isinstance(order.call, Draft):
        return connector.create(order.source, order.call, now)
    return connector.write(order.source, order.call, now)
