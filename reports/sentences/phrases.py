"""Pieces of sentences that know where their words come from and which items they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from model.values import Ref, StatusCategory
from reports.labels import Label
from reports.text import cut
from reports.voice import Voice

__all__ = ["Part", "Sentence", "Speaker", "enumerated", "join", "plain", "words"]

_TITLE = 40
_LISTED = 3


@dataclass(frozen=True, slots=True)
class Part:
    """`foreign`: the words are a tracker's, to be shown and never obeyed. `items` open behind it."""

    text: str
    foreign: bool = False
    items: tuple[str, ...] = ()


Sentence = tuple[Part, ...]


def words(text: str, items: tuple[str, ...] = ()) -> Sentence:
    """Words of our own."""
    return (Part(text, items=items),) if text else ()


def plain(sentence: Sentence) -> str:
    """The sentence as text; a tracker's words in it are as they came."""
    return "".join(part.text for part in sentence)


def join(*pieces: Sentence | str) -> Sentence:
    """Pieces one after the other."""
    found: list[Part] = []
    for piece in pieces:
        found.extend(words(piece) if isinstance(piece, str) else piece)
    return tuple(found)


class Speaker:
    """What a sentence needs: how values are said, and what items are called."""

    def __init__(self, voice: Voice, labels: Mapping[str, Label], project: str, unit: str) -> None:
        """`project` is the project's key in the config, for the commands that sentences end with."""
        self.voice = voice
        self.project = project
        self.unit = unit
        self._labels = labels

    def key(self, item: str) -> Sentence:
        """An item by its key alone."""
        label = self._labels.get(item)
        return (Part(label.key if label else item, foreign=True, items=(item,)),)

    def item(self, item: str, tracker: bool = False) -> Sentence:
        """An item by key and title, and where it lives."""
        label = self._labels.get(item)
        if label is None:
            return self.key(item)
        named = join(self.key(item), " “", (Part(cut(label.title, _TITLE), foreign=True),), "”")
        return join(named, f" in {label.tracker}") if tracker else named

    def record(self, item: str, ref: Ref | None) -> Sentence:
        """One record of an item, by its own key and title, and where it lives; the item if there is none."""
        label = self._labels.get(item)
        records = label.records if label is not None and ref is not None else ()
        for one in records:
            if ref is not None and (one.connection, one.id) == (ref.connection, ref.id):
                key, title = Part(one.key, foreign=True, items=(item,)), Part(cut(one.title, _TITLE), True)
                return join((key,), " “", (title,), f"” in {one.tracker}")
        return self.item(item, tracker=True)

    def due(self, item: str) -> date | None:
        """An item's due date as it stands."""
        label = self._labels.get(item)
        return label.due if label else None

    def is_open(self, item: str) -> bool:
        """Whether an item still has to be done."""
        label = self._labels.get(item)
        return label is not None and label.status not in (StatusCategory.DONE, StatusCategory.CANCELLED)

    def items(self, items: Sequence[str]) -> Sentence:
        """The first items by their keys, and how many more there are."""
        listed = [self.key(item) for item in items[:_LISTED]]
        more = tuple(items[_LISTED:])
        if more:
            listed.append(words(f"{self.voice.number(len(more))} more", more))
        return enumerated(listed)


def enumerated(pieces: Iterable[Sentence]) -> Sentence:
    """ "a", "a and b", "a, b and c"."""
    listed = list(pieces)
    found: Sentence = ()
    for place, piece in enumerate(listed):
        comma = "" if place == 0 else " and " if place == len(listed) - 1 else ", "
        found = join(found, comma, piece)
    return found
