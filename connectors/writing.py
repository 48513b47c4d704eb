"""The writing half of the connector contract: reading issues by id, editing them, creating twins of them.

A connector that writes offers these methods beside those of `connectors.base.Connector`; which fields it can
write stands in `Capabilities.writes`. Values are those of `model.values.Issue` in the target's own terms:
account ids, sprint and milestone ids, the connection's own unit. Whether something may be written at all, and
what, is decided above (`sync.send` is the one caller of `write` and `create`).

Three ways in which a write does not succeed matter to the engine, each an error of connectors.errors:
`RetryLater`/`Unreachable`/`AccessRefused`: nothing was written; `Refused`: nothing was written and nothing
will be (not reachable by transitions, a required field, not on the screen, no such milestone there);
`OutcomeUnknown`: the request was sent and no answer tells whether it was carried out. `Stale`: the target is
no longer what the write was decided on, and nothing was written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable

from connectors.base import Batch, Capabilities
from model.values import Issue

__all__ = ["Candidate", "Draft", "Edit", "Receipt", "WritingConnector"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Fields of one issue to set. `base` is the issue as just read by `fetch`, which the edit was decided on.

    `fields` maps a name of `Capabilities.writes` to the value the issue shall hold afterwards; a set is given
    whole, and the connector sends only what it adds to and removes from `base`. `status` is a
    `StatusCategory`. `body` is plain text, in which no mention or reference may come alive.
    """

    base: Issue
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue to create in a source, with what makes it recognisable and leads back to its origin.

    `marker` is our text (sync.markers) that the created issue carries from the first possible moment;
    `link` is the URL of the record it mirrors, None where its audience may not see that, and `link_title`
    what to call it. `bucket`, `type` are the target's own words. `fields` are as in `Edit`, with "title".
    """

    marker: str
    fields: Mapping[str, object]
    type: str = ""
    bucket: str | None = None
    link: str | None = None
    link_title: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the tracker holds after a write, by a strong read, and the fields it did not take, with why.

    `batches` are as those of `fetch`. `id` is the issue's immutable id. `notes` say what else happened there.
    """

    id: str
    batches: tuple[Batch, ...]
    dropped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An issue that may be the one whose creation nobody answered for.

    `marker` is ours if it bears one; `ours`: our own account or application created it.
    """

    issue: Issue
    marker: str | None
    ours: bool


@runtime_checkable
class WritingConnector(Protocol):
    """What the engine asks of a connector of a connection that may be written to."""

    capabilities: ClassVar[Capabilities]

    def fetch(self, source: object, ids: Collection[str], now: datetime) -> tuple[Batch, ...]:
        """These issues by the tracker's strongest read, in few requests, with what changed in their history.

        The batches of `fetch` have no cursor ("") and are never `complete`; recorded one after the other they
        leave the store as a pull would for these issues. An id that is not shown any more is named in `gone`
        only where the tracker itself says that it exists no longer, otherwise in `hidden`.
        """
        ...

    def write(self, source: object, edit: Edit, now: datetime) -> Receipt:
        """Set the fields with as few requests as the tracker allows, quietly where it allows that.

        `Stale`: where the tracker has conditional writes, it refused this one; elsewhere the caller has
        just compared. The receipt is read after the write, and its values may be rounded by the tracker.
        """
        ...

    def create(self, source: object, draft: Draft, now: datetime) -> Receipt:
        """Create one issue. `OutcomeUnknown`: nobody knows whether it exists now; never sent again here."""
        ...

    def find(
        self, source: object, marker: str, title: str, since: datetime, now: datetime
    ) -> tuple[Candidate, ...]:
        """Issues created since `since` that may be the one with this marker, by the strongest read there is.

        Those that bear the marker come first. Empty: the tracker shows none (it may lag behind).
        """
        ...

    def rounded(self, field: str, value: object) -> object:
        """`value` as this tracker would store and hand it back; idempotent, for names of `writes`.

        What was read of a source meanwhile may decide, such as which of two sprints is the later one.
        """
        ...
