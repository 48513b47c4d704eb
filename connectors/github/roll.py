"""The issues a repository is known to hold, in a few bytes each: 100,000 of them fit into four megabytes."""

from __future__ import annotations

import base64
import binascii
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping

import msgspec

__all__ = ["Numbers", "Roll"]

_HIGHEST = 100_000_000
"""No repository has numbered so many; a higher number in an answer is not believed."""


class Numbers:
    """A set of issue numbers, a bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        if not 0 <= number < _HIGHEST:
            return
        place, bit = divmod(number, 8)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._bits[place] |= 1 << bit

    def __contains__(self, number: int) -> bool:
        place, bit = divmod(number, 8)
        return 0 <= place < len(self._bits) and bool(self._bits[place] & 1 << bit)


class Roll:
    """Issue number -> (id, mark): the mark is eight hexadecimal digits, or empty where there is none."""

    def __init__(self, known: Mapping[int, tuple[str, str]] | None = None) -> None:
        self._numbers = array("I")
        self._marks = array("I")
        self._starts = array("I")
        self._ids = bytearray()
        for number, (id, mark) in sorted((known or {}).items()):
            self.put(number, id, mark)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __contains__(self, number: int) -> bool:
        return self._place(number)[1]

    def id(self, number: int) -> str:
        """The issue's id, empty for one that is not known."""
        place, there = self._place(number)
        if not there:
            return ""
        start = self._starts[place]
        return self._ids[start : self._ids.index(b"\n", start)].decode()

    def mark(self, number: int) -> str:
        place, there = self._place(number)
        return f"{self._marks[place]:08x}" if there and self._marks[place] else ""

    def marked(self) -> Iterator[tuple[int, str]]:
        """(number, mark) of those that have one."""
        for number, mark in zip(self._numbers, self._marks, strict=True):
            if mark:
                yield number, f"{mark:08x}"

    def ids(self) -> Iterator[str]:
        return (self.id(number) for number in self._numbers)

    def put(self, number: int, id: str, mark: str) -> None:
        """Know an issue, or know it with another id or mark."""
        if not 0 <= number < _HIGHEST:
            return
        place, there = self._place(number)
        if not there:
            self._numbers.insert(place, number)
            self._marks.insert(place, 0)
            self._starts.insert(place, 0)
        if not there or self.id(number) != id:
            self._starts[place] = len(self._ids)
            self._ids += f"{id}\n".encode()
        self._marks[place] = (int(mark, 16) or 1) if mark else 0

    def update(self, cards: Mapping[int, tuple[str, str]]) -> None:
        for number, (id, mark) in cards.items():
            self.put(number, id, mark)

    def drop(self, number: int) -> None:
        """Know an issue no longer."""
        place, there = self._place(number)
        if there:
            for column in (self._numbers, self._marks, self._starts):
                del column[place]

    def write(self) -> str:
        """The roll as a text."""
        columns = [array("I", self._numbers), array("I", self._marks)]
        if sys.byteorder == "big":
            for column in columns:
                column.byteswap()
        ids = "\n".join(self.ids()).encode()
        packed = msgspec.msgpack.encode((*(column.tobytes() for column in columns), ids))
        return base64.b85encode(zlib.compress(packed, 1)).decode()

    @classmethod
    def read(cls, text: str) -> Roll:
        """The roll in a text; one that can't be read, as of another version, knows nothing."""
        made = cls()
        try:
            packed = zlib.decompress(base64.b85decode(text))
            numbers, marks, ids = msgspec.msgpack.decode(packed, type=tuple[bytes, bytes, bytes])
            columns = array("I", numbers), array("I", marks)
        except (ValueError, binascii.Error, zlib.error, msgspec.DecodeError):
            return made
        if sys.byteorder == "big":
            for column in columns:
                column.byteswap()
        made._numbers, made._marks = columns
        made._ids = bytearray(ids + b"\n")
        start = 0
        for _ in made._numbers:
            made._starts.append(start)
            start = made._ids.find(b"\n", start) + 1
        return made

    def _place(self, number: int) -> tuple[int, bool]:
        place = bisect_left(self._numbers, number)
        return place, place < len(self._numbers) and self._numbers[place] == number
