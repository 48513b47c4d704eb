"""Our own writes as part of an issue's history: which run made them, and whose value they carried."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reports.story import Chapter, Story
from sync.intents import read_write

if TYPE_CHECKING:
    from model.store import Store
    from model.values import Ref

__all__ = ["OwnWrite", "own_writes", "strange"]

_NEAR = timedelta(minutes=5)
"""How far a tracker's clock may be from ours."""


@dataclass(frozen=True, slots=True)
class OwnWrite:
    """A write of ours that landed; `cause` is the key of the issue whose value it carried, if any."""

    at: datetime
    tracker: str
    key: str
    field: str
    before: str
    after: str
    run: int
    rule: str
    cause: str
    actor: str | None


def own_writes(store: Store, refs: Collection[Ref], trackers: Mapping[str, str]) -> tuple[OwnWrite, ...]:
    """What was written to these issues, oldest first; `trackers`: connection -> what people call it."""
    with store.reading() as books:
        entries = books.outbox.of_targets(refs)
    found = []
    for entry in entries:
        write = read_write(entry)
        created = not write.field
        found.append(
            OwnWrite(
                entry.settled or entry.created,
                trackers.get(entry.connection, entry.connection),
                write.key,
                write.field or "issue",
                write.shown_before or "nothing",
                f"created as “{write.title}”" if created else write.shown_after or "nothing",
                entry.run,
                write.why.rule,
                write.why.key,
                write.why.actor,
            )
        )
    return tuple(sorted(found, key=lambda each: each.at))


def strange(told: Story, ours: Iterable[OwnWrite]) -> tuple[Chapter, ...]:
    """The chapters that are not the echo of a write of ours."""
    left = list(ours)
    kept = []
    for chapter in told.chapters:
        echo = next((each for each in left if _is_echo(chapter, each)), None)
        if echo is None:
            kept.append(chapter)
        else:
            left.remove(echo)
    return tuple(kept)


def _is_echo(chapter: Chapter, ours: OwnWrite) -> bool:
    """Whether a change in a tracker's history is our own write: the same field, at the moment we wrote it."""
    same = (chapter.tracker, chapter.key, chapter.field) == (ours.tracker, ours.key, ours.field)
    when = chapter.at if chapter.origin == "recorded" else chapter.learned
    return same and abs(when - ours.at) <= _NEAR
