"""A page as text for a terminal or the plain part of a mail: words carry every state, colour only helps."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import zip_longest
from typing import TYPE_CHECKING

from reports.figures import State
from reports.render.page import (
    SYMBOLS,
    WORDS,
    Block,
    Bullets,
    Line,
    Page,
    Paragraph,
    Picture,
    Section,
    Table,
)
from reports.text import shown

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["ascii_words", "render"]

_STYLES = {State.GREEN: "green", State.AMBER: "yellow", State.RED: "red", State.GREY: "bright_black"}
_QUIET = "bright_black"
_GAP = 2
_NARROW = 12
"""Cells that a text needs to be read in; a column whose words are shorter may be as narrow as they."""
_PLAIN = str.maketrans("–—−·×≈’‘“”", "----x~''\"\"") | str.maketrans(
    {"→": "->", "←": "<-", "≤": "<=", "≥": ">=", "…": "...", "€": "EUR ", "£": "GBP ", "✓": "[done]"}
)


def render(page: Page, width: int = 80, *, unicode: bool = True, annex: bool = False) -> Iterator[Text]:
    """The page's lines, none wider than `width` cells; `annex` adds what stands behind the first page."""
    sheet = _Sheet(width, unicode)
    yield from sheet.head(page)
    for section in page.sections:
        if annex or not section.annex:
            yield from sheet.section(section)
    yield sheet.text("")
    for line in page.footer:
        yield from sheet.wrap(sheet.line(line, _QUIET))


class _Sheet:
    """The width and the characters there are."""

    def __init__(self, width: int, unicode: bool) -> None:
        from rich.console import Console

        self._width = max(width, 2)
        self._unicode = unicode
        self._console = Console(file=StringIO(), width=self._width)

    def head(self, page: Page) -> Iterator[Text]:
        title, subtitle = self.text(page.title, "bold"), self.text(page.subtitle)
        space = self._width - title.cell_len - subtitle.cell_len
        if space >= _GAP:
            yield self.text("").append_text(title).append(" " * space).append_text(subtitle)
        else:
            yield from self.wrap(title)
            yield from self.wrap(subtitle)
        mark = self.text("")
        if page.state is not None:
            words = f"{self._symbol(page.state)} {WORDS[page.state].upper()}  "
            mark = self.text(words, f"bold {_STYLES[page.state]}")
        yield from self._hung(mark, self.line(page.sentence))
        for note in page.notes:
            yield from self._hung(self.text(" " * mark.cell_len), self.line(note))

    def section(self, section: Section) -> Iterator[Text]:
        yield self.text("")
        yield from self.wrap(self.text(section.title.upper(), "bold"))
        for block in section.blocks:
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[Text]:
        if isinstance(block, Paragraph):
            yield from self.wrap(self.line(block.line, _QUIET if block.quiet else ""))
        elif isinstance(block, Bullets):
            for number, line in enumerate(block.lines, 1):
                mark = f"{number:>2} " if block.ordered else " - "
                yield from self._hung(self.text(mark), self.line(line))
        elif isinstance(block, Picture):
            yield from self.wrap(self.text(block.title))
        else:
            yield from self._table(block)

    def _table(self, table: Table) -> Iterator[Text]:
        if table.caption:
            yield from self.wrap(self.text(table.caption, _QUIET))
        heads = [self.text(column.title, _QUIET) for column in table.columns]
        rows = [[self.line(cell) for cell in row] for row in table.rows]
        widths = self._widths(table, [heads, *rows])
        if widths is None:
            yield from self._stacked(heads, rows)
            return
        for row in [heads, *rows] if any(heads) else rows:
            columns = [self.wrap(text, width) for text, width in zip(row, widths, strict=True)]
            for lines in zip_longest(*columns):
                yield self._joined(table, widths, lines)

    def _stacked(self, heads: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Iterator[Text]:
        """A table too wide for columns: each row as a list of its cells, each behind its heading."""
        for row in rows:
            for number, (head, cell) in enumerate(zip(heads, row, strict=True)):
                if cell:
                    mark = self.text("   " if number else " - ")
                    named = self.text("").append_text(head).append(": ", _QUIET) if head else self.text("")
                    yield from self._hung(mark, named.append_text(cell))

    def _joined(self, table: Table, widths: Sequence[int], lines: Sequence[Text | None]) -> Text:
        joined = self.text("")
        for column, width, line in zip(table.columns, widths, lines, strict=True):
            cell = line if line is not None else self.text("")
            space = " " * max(0, width - cell.cell_len)
            joined.append(space if column.numeric else "").append_text(cell)
            joined.append(" " * _GAP if column.numeric else space + " " * _GAP)
        joined.rstrip()
        return joined

    def _widths(self, table: Table, rows: Sequence[Sequence[Text]]) -> list[int] | None:
        """Each column as wide as its longest text; what is too much is taken from the growing columns first.

        None: the columns cannot stand side by side.
        """
        room = self._width - _GAP * (len(table.columns) - 1)
        widths = [min(max(row[i].cell_len for row in rows), self._width) for i in range(len(table.columns))]
        words = [max(_longest_word(row[i]) for row in rows) for i in range(len(widths))]
        growing = [_NARROW if column.grows else w for column, w in zip(table.columns, widths, strict=True)]
        for floors in (growing, [min(word, _NARROW) for word in words]):
            while sum(widths) > room and (wide := [i for i, w in enumerate(widths) if w > floors[i]]):
                widths[max(wide, key=lambda i: widths[i])] -= 1
        return widths if sum(widths) <= room else None

    def _hung(self, mark: Text, text: Text) -> Iterator[Text]:
        """A text behind a mark, its further lines under its beginning; all below it where room is short."""
        room = self._width - mark.cell_len
        if room < _NARROW:
            yield from self.wrap(mark)
            yield from self.wrap(text)
            return
        for number, part in enumerate(self.wrap(text, room)):
            start = mark if number == 0 else self.text(" " * mark.cell_len)
            yield self.text("").append_text(start).append_text(part)

    def wrap(self, text: Text, width: int | None = None) -> list[Text]:
        """The text in lines of at most `width` cells; an empty text is one empty line."""
        lines = list(text.wrap(self._console, width or self._width)) or [text]
        for line in lines:
            line.rstrip()
        return lines

    def line(self, line: Line, style: str = "") -> Text:
        text = self.text("", style)
        for span in line:
            words = span.text if span.state is None else f"{self._symbol(span.state)} {span.text}"
            own = _STYLES[span.state] if span.state is not None else "bold" if span.strong else ""
            text.append_text(self.text(words, own))
        return text

    def text(self, words: str, style: str = "") -> Text:
        """Words that a terminal only shows, in the characters that there are."""
        from rich.text import Text

        return Text(shown(words) if self._unicode else ascii_words(shown(words)), style)

    def _symbol(self, state: State) -> str:
        return SYMBOLS[state][0 if self._unicode else 1]


def _longest_word(text: Text) -> int:
    return max((word.cell_len for word in text.split(" ")), default=0)


def ascii_words(words: str) -> str:
    """The nearest ASCII text: signs spelled out, accents dropped, a question mark for the rest."""
    plain = unicodedata.normalize("NFKD", words.translate(_PLAIN))
    return "".join(c for c in plain if not unicodedata.combining(c)).encode("ascii", "replace").decode()
