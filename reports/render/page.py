"""A report as a page of blocks, composed once; the terminal, Markdown and HTML renderers only lay it out.

A span knows whether its text came from a tracker (then it is shown, never obeyed) and which items stand
behind it (then it can be opened), so no renderer has to decide either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reports.figures import State

__all__ = [
    "SYMBOLS",
    "WORDS",
    "Block",
    "Bullets",
    "Column",
    "Entry",
    "Line",
    "Page",
    "Paragraph",
    "Picture",
    "Section",
    "Span",
    "Table",
    "foreign",
    "plain",
    "spans_of",
]

WORDS: Mapping[State, str] = {
    State.GREEN: "On track",
    State.AMBER: "At risk",
    State.RED: "Off track",
    State.GREY: "Unknown",
}
SYMBOLS: Mapping[State, tuple[str, str]] = {
    State.GREEN: ("●", "[G]"),
    State.AMBER: ("▲", "[A]"),
    State.RED: ("■", "[R]"),
    State.GREY: ("○", "[?]"),
}
"""State -> its shape, and what stands for it where only ASCII can be written."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. `foreign`: the text is a tracker's. `items`: what the figure was made from.

    `label` names the figure where its items are listed; `url` was built by us.
    """

    text: str
    foreign: bool = False
    state: State | None = None
    items: tuple[str, ...] = ()
    label: str = ""
    url: str = ""
    strong: bool = False


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`grows`: takes the width that the other columns leave."""

    title: str
    numeric: bool = False
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    lines: tuple[Line, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    line: Line
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with the sentence it shows; `table` says the same in numbers."""

    name: str
    title: str
    subtitle: str
    spec: Mapping[str, object]
    table: Table


Block = Table | Bullets | Paragraph | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """`half`: stands beside the next half section where there is room; `annex`: behind the first page."""

    title: str
    blocks: tuple[Block, ...]
    half: bool = False
    annex: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as the annex lists it: each of its records with the address it is found at."""

    id: str
    title: str
    records: tuple[tuple[str, str, str], ...]
    facts: str


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. `sections` stand in the order in which they are read.

    `origins` (scheme://host:port) are where links may lead; None: wherever the connectors' addresses lead.
    `listed` is what the entries are, in the plural.
    """

    title: str
    subtitle: str
    state: State | None
    sentence: Line
    notes: tuple[Line, ...]
    sections: tuple[Section, ...]
    footer: tuple[Line, ...]
    entries: tuple[Entry, ...]
    language: str = "en"
    origins: frozenset[str] | None = None
    listed: str = "issues"


def plain(text: str) -> Line:
    """Words of our own as a line."""
    return (Span(text),)


def foreign(text: str) -> Line:
    """A tracker's words as a line."""
    return (Span(text, foreign=True),)


def spans_of(page: Page) -> Iterator[Span]:
    """Every span of a page in reading order."""
    yield from page.sentence
    for note in page.notes:
        yield from note
    for section in page.sections:
        for block in section.blocks:
            for line in _lines(block):
                yield from line
    for line in page.footer:
        yield from line


def _lines(block: Block) -> Iterator[Line]:
    if isinstance(block, Paragraph):
        yield block.line
    elif isinstance(block, Bullets):
        yield from block.lines
    elif isinstance(block, Picture):
        yield from _lines(block.table)
    else:
        for row in block.rows:
            yield from row
