"""The hash chains over baselines and audit, pure: each carries the one before, so any alteration shows.

A row's digest covers its content, a baseline's hash covers its own words, its rows' digests and the hash
before it. The newest baselines can only be proven against an anchor: the head that issued reports print.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from model.baselines import Baseline, BaselineItem, BaselineMilestone
from model.fields import encode

__all__ = ["GENESIS", "Fault", "Sealed", "digest", "hashed", "lost_heads", "seal", "verify"]

GENESIS = "0" * 64
"""What the first of a chain carries as the hash before it."""

Row = BaselineItem | BaselineMilestone


@dataclass(frozen=True, slots=True)
class Sealed:
    """A baseline as read from the store, with the digest that stands beside each row."""

    baseline: Baseline
    digests: tuple[tuple[Row, str], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something altered: what (a baseline, an audit entry), its row (None: the whole), and what is wrong."""

    subject: str
    row: str | None
    reason: str


def digest(row: Row) -> str:
    """SHA-256 over one row's content."""
    if isinstance(row, BaselineMilestone):
        return hashed("milestone", str(row.ref), row.name, encode(row.due))
    plan = (encode(row.start), encode(row.due), encode(row.estimate), row.unit.value)
    return hashed("item", str(row.ref), row.key, row.title, *plan, encode(row.sprints), row.milestone)


def seal(baseline: Baseline, previous: str) -> Baseline:
    """The baseline with its rows in order and its place in the chain."""
    placed = replace(
        baseline,
        items=tuple(sorted(baseline.items, key=lambda item: item.ref)),
        milestones=tuple(sorted(baseline.milestones, key=lambda milestone: milestone.ref)),
        previous_hash=previous,
    )
    rows: list[Row] = [*placed.items, *placed.milestones]
    return replace(placed, hash=_seal(placed, [digest(row) for row in rows]))


def verify(chain: Sequence[Sealed], anchors: Collection[str] = ()) -> tuple[Fault, ...]:
    """Every alteration of a chain in order of taking; `anchors` are heads printed on issued reports."""
    return (*_broken(chain), *lost_heads({GENESIS, *(s.baseline.hash for s in chain)}, anchors))


def _broken(chain: Sequence[Sealed]) -> Iterator[Fault]:
    previous = GENESIS
    for sealed in chain:
        name = f"{sealed.baseline.project}/{sealed.baseline.name}"
        for row, written in sealed.digests:
            if digest(row) != written:
                yield Fault(name, str(row.ref), "this row was altered")
        if _seal(sealed.baseline, [written for _, written in sealed.digests]) != sealed.baseline.hash:
            yield Fault(name, None, "its words were altered, or rows were added or removed")
        if sealed.baseline.previous_hash != previous:
            yield Fault(name, None, "the baseline before it was altered, removed or reordered")
        previous = sealed.baseline.hash


def lost_heads(known: Collection[str], anchors: Iterable[str]) -> Iterator[Fault]:
    """A fault for each anchor that no link of the chain bears any more."""
    for head in dict.fromkeys(anchors):
        if head not in known:
            reason = f"an issued report or backup names the head {head[:12]}…, which no longer exists"
            yield Fault("", None, reason)


def _seal(baseline: Baseline, digests: Sequence[str]) -> str:
    words = (baseline.name, baseline.project, baseline.approved_by, baseline.reason, baseline.origin.value)
    stamps = (encode(baseline.taken), encode(baseline.as_of), encode(baseline.coverage))
    return hashed("baseline", baseline.previous_hash, *words, *stamps, *digests)


def hashed(*texts: str | None) -> str:
    """SHA-256, in hexadecimal digits, over texts in their order."""
    return sha256(json.dumps(texts, ensure_ascii=True).encode("ascii")).hexdigest()
