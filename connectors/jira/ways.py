"""Ways between an issue's statuses, as far as Jira lets them be seen, and the shortest to a category. Pure.

Jira shows only the transitions that an issue has where it stands. What lies behind them is known from issues
that stand there; a status in which there is none can only be looked at by going there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from connectors.errors import SkipIssue
from connectors.jira.records import Named, Record, StatusRecord
from connectors.jira.words import FINISHED, Words
from connectors.payload import decode_record
from model.values import StatusCategory

__all__ = ["TransitionPage", "TransitionRecord", "Way", "find_path", "told", "ways_of"]

_RESOLUTION = "resolution"
_SETTLED = frozenset({"complete", "completed", "done", "fixed", "implemented", "resolved"})
_RANKS: Mapping[StatusCategory, int] = {
    StatusCategory.TODO: 0,
    StatusCategory.DOING: 1,
    StatusCategory.DONE: 2,
    StatusCategory.CANCELLED: 2,
}


class ScreenField(Record, frozen=True):
    """A field on a transition's screen."""

    name: str = ""
    required: bool = False
    has_default_value: bool = False
    allowed_values: tuple[msgspec.Raw, ...] = ()


class TransitionRecord(Record, frozen=True):
    """A way to the status `to`; `fields` by Jira's id."""

    id: str
    to: StatusRecord
    name: str = ""
    fields: dict[str, ScreenField] = msgspec.field(default_factory=dict)


class TransitionPage(Record, frozen=True):
    transitions: tuple[TransitionRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A transition with what it would come to.

    `resolution` is to be given with it, None: none. `lacking` are the names of fields that its screen insists
    on and that nobody but a person can fill in.
    """

    id: str
    name: str
    to: str
    status: str
    category: StatusCategory
    resolution: str | None = None
    lacking: tuple[str, ...] = ()


def ways_of(transitions: Iterable[TransitionRecord], words: Words, target: StatusCategory) -> list[Way]:
    return [_way(row, words, target) for row in transitions]


def _way(row: TransitionRecord, words: Words, target: StatusCategory) -> Way:
    words.learn(row.to)
    asked = {id: field for id, field in row.fields.items() if field.required and not field.has_default_value}
    plain = words.category(row.to.id, row.to.name, None)
    resolution: str | None = None
    screen = row.fields.get(_RESOLUTION)
    if screen is not None and target in FINISHED and plain in FINISHED:
        wanted = _RESOLUTION in asked or plain is not target
        resolution = _resolution(screen, words, target) if wanted else None
    lacking = [field.name or id for id, field in asked.items() if id != _RESOLUTION or resolution is None]
    category = words.category(row.to.id, row.to.name, resolution)
    return Way(row.id, row.name, row.to.id, row.to.name, category, resolution, tuple(sorted(lacking)))


def _resolution(screen: ScreenField, words: Words, target: StatusCategory) -> str | None:
    """One that says of the work just what its new status says; anything else is for a person to choose."""
    for raw in screen.allowed_values:
        try:
            name = decode_record(raw, Named).name
        except SkipIssue:
            continue
        off = words.called_off(name)
        settled = name.casefold() in _SETTLED or words.status.category(name) is StatusCategory.DONE
        if off if target is StatusCategory.CANCELLED else settled and not off:
            return name
    return None


def find_path(
    here: Sequence[Way],
    beyond: Callable[[str], Sequence[Way] | None],
    now: StatusCategory,
    target: StatusCategory,
) -> list[Way]:
    """The shortest way to a status of the category; empty: there is none.

    `beyond` gives the ways on from a status, None where nobody knows them. Where the end is in sight nowhere,
    the way leads to the unknown status that lies furthest towards the target. It never passes through
    a finished status.
    """
    seen: set[str] = set()
    unknown: list[list[Way]] = []
    queue = deque([[way] for way in here])
    while queue:
        path = queue.popleft()
        last = path[-1]
        if last.lacking or last.to in seen:
            continue
        if last.category is target:
            return path
        seen.add(last.to)
        if last.category in FINISHED:
            continue
        further = beyond(last.to)
        if further is not None:
            queue.extend([*path, way] for way in further)
        elif _is_between(last.category, now, target):
            unknown.append(path)
    unknown.sort(key=lambda path: (abs(_RANKS[target] - _RANKS[path[-1].category]), len(path)))
    return unknown[0] if unknown else []


def _is_between(category: StatusCategory, now: StatusCategory, target: StatusCategory) -> bool:
    ranks = [_RANKS.get(one) for one in (now, category, target)]
    if None in ranks:
        return False
    first, middle, last = (rank or 0 for rank in ranks)
    return min(first, last) <= middle <= max(first, last)


def told(ways: Iterable[Way]) -> str:
    """The ways for people: where each leads, and what it asks for."""
    asks = {way: f", which asks for {' and '.join(way.lacking)}" if way.lacking else "" for way in ways}
    return ", ".join(f"{way.name} (to {way.status}{text})" for way, text in asks.items()) or "nothing"
