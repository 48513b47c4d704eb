"""The parts of the store that writing to trackers lives on, as one transaction sees them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from model.agreement import Agreement
from model.audit import Audit
from model.decisions import Decisions
from model.identity import Identities
from model.inbox import Inbox
from model.leases import Leases
from model.outbox import Outbox
from model.progress import newest_pages
from model.ties import AgreedValue, read_all_agreed
from model.values import Ref

__all__ = ["Books"]


class Books:
    """Made by Store.reading() to look at; a Writer has the same to write in.

    `touched`: when something was stored that a restored older copy of the store would not know.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ids = Identities(connection)
        self.touched: datetime | None = None
        self.outbox = Outbox(connection, self._touch)
        self.audit = Audit(connection)
        self.decisions = Decisions(connection, self._ids)
        self.inbox = Inbox(connection)
        self.leases = Leases(connection)

    def agreed(self, refs: Collection[Ref] | None = None) -> dict[Ref, dict[str, AgreedValue]]:
        """Issue -> field -> the value on which it settled, of these issues or of all that ever settled."""
        return read_all_agreed(self._connection, refs)

    def newest_pages(self, connection: str, source: str, stream: str) -> list[bytes]:
        """The newest page kept of a stream of a source, and of each "STREAM PART" that it comes in."""
        return newest_pages(self._connection, connection, source, stream)

    def agreement(self, sources: Collection[tuple[str, str]]) -> Agreement:
        """What the sync engine reads of a project with these sources, as (connection, source)."""
        return Agreement(self._connection, sources)

    def _touch(self, now: datetime) -> None:
        self.touched = now
