"""What a run would write, as data: computed first, printed, saved, applied later, undone.

A changeset is a value: the same store, config and people give the same one, byte for byte but for `made`.
Its digest covers everything else, so that exactly what was looked at is what is applied.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec

from model.values import Ref

__all__ = ["Action", "Changeset", "Conflict", "Refusal", "Settled", "Side", "Why", "Write", "digest"]


class Action(StrEnum):
    """Edit a field of an issue that exists, or create a twin; nothing is ever deleted in a tracker."""

    EDIT = "edit"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Why:
    """What led to a write: the rule, the side whose value it is, and who set that there when."""

    rule: str
    source: Ref | None = None
    key: str = ""
    actor: str | None = None
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """One field of one issue (EDIT), or one new issue (CREATE, whose values stand in `fields`).

    `tie` names the tie by its smallest member. `before` and `after` are encoded by model.fields in the
    target's own terms (its account and milestone ids); `shown_before` and `shown_after` say the same for
    people. `expected` is the target's version when this was decided. `destructive`: it closes, unassigns,
    clears a date or moves one by more than 30 days. For a CREATE `target.id` is the intent, since there is
    no issue yet, and `field` is "".
    """

    tie: Ref
    title: str
    action: Action
    target: Ref
    source: str
    key: str
    field: str
    before: str | None
    after: str | None
    shown_before: str
    shown_after: str
    why: Why
    expected: str = ""
    destructive: bool = False
    fields: Mapping[str, str | None] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a conflict says, and who set it when."""

    ref: Ref
    key: str
    value: str | None
    shown: str
    actor: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that is frozen: its sides cannot all stand and nobody has decided; nothing of it is written."""

    tie: Ref
    title: str
    field: str
    agreed: str | None
    proven: bool
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A write that a rule, a guard or a tracker's limits forbid, and the step that would change that."""

    tie: Ref
    title: str
    target: Ref
    key: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A field on which the sides agree without any write; kept as agreed when the changeset is applied.

    `values` maps each side to the encoded comparable value it holds. `behind` are sides that took no part
    (not shown to us, or not comparable just now): what they had agreed on is in doubt from now on.
    """

    tie: Ref
    field: str
    values: Mapping[str, str | None]
    behind: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True)
class Changeset:
    """Everything one run would do for a project, decided on the store at `made` under the config `rules`.

    `ties` counts the project's ties, against which the blast radius is measured; `seen` counts the values
    that people changed outside since the last run. `since_rules`: the ties whose writes come from a changed
    config, not from anybody's edit.
    """

    project: str
    made: datetime
    rules: str
    ties: int
    seen: int
    writes: tuple[Write, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    settled: tuple[Settled, ...] = ()
    since_rules: int = 0
    notes: tuple[str, ...] = ()

    @property
    def touched(self) -> int:
        """How many ties would be written to."""
        return len({write.tie for write in self.writes})


def digest(changeset: Changeset) -> str:
    """SHA-256 over what would be done; `made` leaves it as it is."""
    said = (
        changeset.project,
        changeset.rules,
        changeset.writes,
        changeset.conflicts,
        changeset.refusals,
        changeset.settled,
    )
    return sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()
