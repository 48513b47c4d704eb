"""Rows of a changeset as lines of a terminal: in columns, wrapped, and with nothing that a terminal obeys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from io import StringIO
from typing import TYPE_CHECKING

from reports.render.terminal import ascii_words
from reports.text import shown

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["QUIET", "Row", "Sheet"]

_STYLES = {"+": "green", "~": "yellow", "!": "bold red", "x": "magenta", "<": "cyan"}
QUIET = "bright_black"
"""The style of what matters less."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a tie: the symbol, where, which field, what becomes of it, and why."""

    mark: str
    where: str
    field: str
    what: str
    why: str = ""
    whole: tuple[str, str] | None = None


class Sheet:
    """The width, the characters there are, and whether texts are cut."""

    def __init__(self, width: int, unicode: bool, full: bool) -> None:
        from rich.console import Console

        self.full = full
        self._width = max(width, 40)
        self._unicode = unicode
        self._console = Console(file=StringIO(), width=self._width)

    def cells(self, words: str) -> int:
        return self._text(words).cell_len

    def wrapped(self, words: str, style: str = "", indent: str = "") -> Iterator[Text]:
        yield from self._hung(self._text(indent), self._text(words, style))

    def head(self, name: str, members: str) -> Iterator[Text]:
        """A tie's first line, with its issues at its end or, where they have no room, below."""
        left, right = self._text(f"  {name}", "bold"), self._text(members, QUIET)
        space = self._width - left.cell_len - right.cell_len
        if space >= 3:
            yield self._text("").append_text(left).append(" " * space).append_text(right)
            return
        yield from self._hung(self._text("  "), self._text(name, "bold"))
        if members:
            yield from self._hung(self._text("      "), right)

    def row(self, row: Row, indent: int, widths: tuple[int, int] = (0, 0)) -> Iterator[Text]:
        """A row in columns; why it is done stands behind, where there is room, or below."""
        start = self._text(" " * indent).append(row.mark, _STYLES[row.mark]).append(" ")
        for words, width in zip((row.where, row.field), widths, strict=True):
            if words or width:
                cell = self._text(words)
                start.append_text(cell).append(" " * (max(0, width - cell.cell_len) + 1))
        below = self._text(" " * (start.cell_len if any(widths) else indent + 4))
        what, why = self._text(row.what), self._text(row.why, QUIET)
        if self.full and row.whole:
            start.rstrip()
            yield start
            yield from self._difference(*row.whole, " " * (indent + 4))
        elif start.cell_len + what.cell_len + 3 + why.cell_len <= self._width:
            line = start.append_text(what)
            yield line.append("   ").append_text(why) if why else line
            return
        else:
            yield from self._hung(start, what, below)
        if why:
            yield from self._hung(self._text(" " * (indent + 4)), why)

    def _difference(self, before: str, after: str, indent: str) -> Iterator[Text]:
        """Two long texts, line by line: what goes and what comes."""
        lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1))[2:]
        for line in lines:
            if not line.startswith("@@"):
                yield from self._hung(self._text(f"{indent}{line[:1]} "), self._text(line[1:]))

    def _hung(self, mark: Text, text: Text, below: Text | None = None) -> Iterator[Text]:
        """A text behind a mark, its further lines behind `below`, or else under its beginning."""
        room = self._width - mark.cell_len
        if room < self._width // 3:
            mark.rstrip()
            yield mark
            mark = below = self._text(" " * 8)
            room = self._width - 8
        first, *rest = text.wrap(self._console, room) or [text]
        yield self._joined(mark, first)
        if rest:
            below = below or self._text(" " * mark.cell_len)
            left = self._text(" ").join(rest)
            for line in left.wrap(self._console, self._width - below.cell_len):
                yield self._joined(below, line)

    def _joined(self, mark: Text, line: Text) -> Text:
        line.rstrip()
        return self._text("").append_text(mark).append_text(line)

    def _text(self, words: str, style: str = "") -> Text:
        from rich.text import Text

        safe = shown(words)
        return Text(safe if self._unicode else ascii_words(safe), style)
