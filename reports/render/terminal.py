"""A page as text for a terminal or the plain part of a mail: words carry every state, colour only helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    Span,
    Table,
)
from reports.text import shown

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["render"]

_STYLES = {State.GREEN: "green", State.AMBER: "yellow", State.RED: "red", State.GREY: "bright_black"}
_GAP = 2


def render(page: Page, width: int = 80, *, unicode: bool = True, annex: bool = False) -> Iterator[Text]:
    """The page's lines, none wider than `width` cells; `annex` adds what stands behind the first page."""
    sheet = _Sheet(width, unicode)
    yield from sheet.head(page)
    for section in page.sections:
        if annex or not section.annex:
            yield from sheet.section(section)
    yield sheet.text("")
    for line in page.footer:
        yield from sheet.wrapped(line, style="bright_black")


class _Sheet:
    """The width and the characters there are."""

    def __init__(self, width: int, unicode: bool) -> None:
        self._width = width
        self._unicode = unicode

    def head(self, page: Page) -> Iterator[Text]:
        title, subtitle = shown(page.title), shown(page.subtitle)
        room = self._width - len(subtitle) - _GAP
        if len(title) <= room:
            head = self.text(title, "bold")
            head.append(" " * (self._width - len(title) - len(subtitle)) + subtitle)
            yield head
        else:
            yield from self.wrapped((Span(title, strong=True),))
            yield from self.wrapped((Span(subtitle),))
        if page.state is not None:
            mark = f"{self._symbol(page.state)} {WORDS[page.state].upper()}  "
            yield from self._hung(self.text(mark, f"bold {_STYLES[page.state]}"), page.sentence)
            for note in page.notes:
                yield from self._hung(self.text(" " * len(mark)), note)
        else:
            yield from self.wrapped(page.sentence)
            for note in page.notes:
                yield from self.wrapped(note)

    def section(self, section: Section) -> Iterator[Text]:
        yield self.text("")
        yield self.text(shown(section.title).upper(), "bold")
        for block in section.blocks:
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[Text]:
        if isinstance(block, Paragraph):
            yield from self.wrapped(block.line, style="bright_black" if block.quiet else "")
        elif isinstance(block, Bullets):
            for number, line in enumerate(block.lines, 1):
                mark = f" {number} " if block.ordered else " - "
                yield from self._hung(self.text(mark), line)
        elif isinstance(block, Picture):
            yield self.text(shown(block.title))
        else:
            yield from self._table(block)

    def _table(self, table: Table) -> Iterator[Text]:
        heads = [self.text(column.title, "bright_black") for column in table.columns]
        rows = [[self.line(cell) for cell in row] for row in table.rows]
        widths = self._widths(table, [heads, *rows])
        for row in [heads, *rows]:
            columns = [self._cell(text, width) for text, width in zip(row, widths, strict=True)]
            for lines in zip_longest(*columns):
                yield self._joined(table, widths, lines)

    def _joined(self, table: Table, widths: Sequence[int], lines: Sequence[Text | None]) -> Text:
        joined = self.text("")
        for column, width, line in zip(table.columns, widths, lines, strict=True):
            cell = line.copy() if line is not None else self.text("")
            space = " " * max(0, width - cell.cell_len)
            joined.append_text(self.text(space).append_text(cell) if column.numeric else cell.append(space))
            joined.append(" " * _GAP)
        joined.rstrip()
        return joined

    def _widths(self, table: Table, rows: Sequence[Sequence[Text]]) -> list[int]:
        """Each column as wide as its longest text; what is too much is taken from the growing columns."""
        widths = [max(row[i].cell_len for row in rows) for i in range(len(table.columns))]
        growing = [i for i, column in enumerate(table.columns) if column.grows] or [len(widths) - 1]
        over = sum(widths) + _GAP * (len(widths) - 1) - self._width
        while over > 0:
            widest = max(growing, key=lambda i: widths[i])
            if widths[widest] <= 12:
                growing = list(range(len(widths)))
                widest = max(growing, key=lambda i: widths[i])
            widths[widest] -= 1
            over -= 1
        return widths

    def _cell(self, text: Text, width: int) -> list[Text]:
        return self._wrap(text, width) or [self.text("")]

    def _hung(self, mark: Text, line: Line) -> Iterator[Text]:
        """A line behind a mark, its further lines indented under its beginning."""
        for number, part in enumerate(self._wrap(self.line(line), self._width - mark.cell_len)):
            yield (mark.copy() if number == 0 else self.text(" " * mark.cell_len)).append_text(part)

    def wrapped(self, line: Line, style: str = "") -> Iterator[Text]:
        text = self.line(line)
        if style:
            text.stylize(style)
        yield from self._wrap(text, self._width)

    def _wrap(self, text: Text, width: int) -> list[Text]:
        from rich.console import Console

        console = Console(width=width, markup=False, highlight=False, emoji=False)
        lines = list(text.wrap(console, width))
        for wrapped in lines:
            wrapped.rstrip()
        return lines

    def line(self, line: Line) -> Text:
        text = self.text("")
        for span in line:
            words = shown(span.text)
            if span.state is not None:
                words = f"{self._symbol(span.state)} {words}"
            style = _STYLES[span.state] if span.state is not None else "bold" if span.strong else ""
            text.append(words if self._unicode else words.encode("ascii", "replace").decode(), style or None)
        return text

    def text(self, words: str, style: str = "") -> Text:
        from rich.text import Text

        return Text(words, style)

    def _symbol(self, state: State) -> str:
        return SYMBOLS[state][0 if self._unicode else 1]
