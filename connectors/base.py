"""The connector contract: what every tracker's folder offers, and nothing else is known above it.

A *stream* is one cursor's worth of reading within a source ("issues", "sprints", "items" ...). A *batch* is
what one page of a stream said. A *cursor* is a text only its connector understands: it is stored in the
same transaction as its batch, so a killed pull goes on with the first page that was not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from model.values import (
    Account,
    Cost,
    Dependency,
    Event,
    Issue,
    Milestone,
    Sprint,
    Worklog,
)

__all__ = [
    "FULL",
    "HELD",
    "Allowance",
    "Batch",
    "Capabilities",
    "CheckReport",
    "Connector",
    "Deletions",
    "FieldFinding",
    "History",
    "Parked",
    "Permission",
    "RawPage",
    "SourceOffer",
    "Spent",
]


FULL = "full"
"""How the name of the walk of a full reading begins; those of others do not."""


HELD = "held"
"""Among the cursors handed to `pull`: a JSON object id -> key of the issues that the store holds as present.

It is there when the pull before did not end well and for a full reading: what a killed pull stored stands in
no cursor of a census, and would never be missed."""


class History(StrEnum):
    """How much of an issue's past the tracker itself can tell."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class Deletions(StrEnum):
    """How a deleted issue becomes known: told by the tracker, found by listing all ids, or not at all."""

    TOMBSTONE = "tombstone"
    CENSUS = "census"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a tracker can and cannot say, as data: reports and the docs' table read it.

    `webhooks`: it can announce changes. `conditional_writes`: it refuses a write decided on an older
    version. `page_limit`: the most issues that one request may ask for; None: no such limit. `parallel`: how
    many of its sources the tracker lets one credential read at the same time without minding. `writes`: the
    issue fields that can be written; empty: the tracker is only read.
    """

    history: History
    history_fields: frozenset[str]
    sprints: bool
    milestones: bool
    dependencies: bool
    worklogs: bool
    costs: bool
    deletions: Deletions
    deletions_note: str
    note: str
    webhooks: bool = False
    conditional_writes: bool = False
    page_limit: int | None = None
    parallel: int = 1
    writes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as received, kept so that a mapping can be replayed without asking again.

    `position` names its place within its walk; `walk` names the reading it belongs to ("": the only one),
    so that a page of today's changes does not take the place of a page of the first full reading. The walk
    of a full reading begins with "full" and stays the same when the reading is resumed: once it is complete,
    older pages of its stream are forgotten.
    """

    stream: str
    position: str
    body: bytes
    walk: str = ""


@dataclass(frozen=True, slots=True)
class Parked:
    """A record that could not be understood; the rest of its page went on."""

    id: str
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one page said.

    `speaks_for` names the issue fields this stream knows (None: all of them); the recorder leaves the others
    as stored. `cursor` is where to go on; `complete` is set on the stream's last page of a clean walk.
    `expected` is the tracker's own count for the walk, where it gives one. `dependencies_of` lists the issue
    ids whose complete set of incoming links stands in `dependencies`. `all_costs` are the ids of every cost
    that the source holds now, on this page or not: stored ones that are not among them have ended (None:
    not told). `gone` lists ids for which the tracker itself gave a tombstone, or which two censuses apart in
    time missed and a reading by id called gone; absence alone never means gone. `hidden` lists ids that are
    no longer shown to us without a word of deletion: access lost, not work removed.
    """

    stream: str
    cursor: str
    complete: bool
    issues: tuple[Issue, ...] = ()
    sprints: tuple[Sprint, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    dependencies_of: frozenset[str] = frozenset()
    worklogs: tuple[Worklog, ...] = ()
    worklogs_removed: frozenset[str] = frozenset()
    costs: tuple[Cost, ...] = ()
    all_costs: frozenset[str] | None = None
    accounts: tuple[Account, ...] = ()
    events: tuple[Event, ...] = ()
    gone: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    parked: tuple[Parked, ...] = ()
    raw: tuple[RawPage, ...] = ()
    speaks_for: frozenset[str] | None = None
    expected: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    name: str
    granted: bool
    needed_for: str


@dataclass(frozen=True, slots=True)
class FieldFinding:
    """A field we looked for: the candidates found; more than one means the config must choose."""

    field: str
    candidates: tuple[str, ...]
    chosen: str | None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `crosstie check` says of one connection."""

    account: str
    permissions: tuple[Permission, ...] = ()
    fields: tuple[FieldFinding, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceOffer:
    """Something the token can see that a project could read; `settings` are the config keys that name it."""

    title: str
    settings: Mapping[str, str]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a tracker still lets the credential ask, in its own words and units, until it `resets` (UTC)."""

    name: str
    limit: int
    remaining: int
    resets: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a connector has asked of its tracker since it was made, and what that says is left."""

    requests: int = 0
    allowances: tuple[Allowance, ...] = ()


class Connector(Protocol):
    """One connection on one tracker. Blocking, used by one thread at a time, made afresh for each run.

    Errors are those of connectors.errors. Nothing is written to the tracker by any method here; what a
    connector offers for writing is in connectors.writing.
    """

    kind: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    def check(self, sources: tuple[object, ...]) -> CheckReport:
        """Sign in with the least possible requests and say as whom and with which rights."""
        ...

    def offers(self) -> Iterator[SourceOffer]:
        """Everything the credential can see that could be a source."""
        ...

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        """Read what changed since `cursors` (stream -> cursor; empty: everything), page by page.

        `source` is this kind's source settings. Streams come one after the other; each ends with a batch that
        is `complete`. An exception ends the pull; what was yielded before it stands. A connector that takes a
        census counts the issues of `cursors[HELD]`, where given, among those it knows.
        """
        ...

    def replay(self, source: object, pages: Iterable[RawPage], now: datetime) -> Iterator[Batch]:
        """What `pages` say through today's mapping and settings: stored pages, in the order received.

        The same content as the pulls that brought them, without any request and without signing in; the
        batches' cursors mean nothing and `raw` is empty. A page that can no longer be read is parked or left
        out with a note, never an error that stops the others.
        """
        ...

    def spent(self) -> Spent:
        """How many requests were sent so far, and the allowance left where the tracker tells it."""
        ...

    def close(self) -> None: ...
