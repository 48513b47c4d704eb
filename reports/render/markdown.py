"""A page as Markdown that reads the same in every parser; tracker text can neither link nor format."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from reports.render.links import linkable
from reports.render.page import (
    SYMBOLS,
    WORDS,
    Block,
    Bullets,
    Line,
    Page,
    Paragraph,
    Picture,
    Span,
    Table,
)
from reports.text import markdown

__all__ = ["render"]

_WORD_JOINER = "\N{WORD JOINER}"
_ENDS = re.compile("[();]")
"""What in an address could end the link or an entity; percent-encoded it is the same address."""


def render(page: Page) -> str:
    """The whole page, annex included."""
    return "\n".join(_page(page)) + "\n"


def _page(page: Page) -> Iterator[str]:
    sheet = _Sheet(page.origins)
    yield f"# {markdown(page.title)}"
    yield f"\n{markdown(page.subtitle)}\n"
    state = f"**{SYMBOLS[page.state][0]} {WORDS[page.state]}.** " if page.state is not None else ""
    yield f"{state}{sheet.line(page.sentence)}\n"
    for note in page.notes:
        yield f"{sheet.line(note)}\n"
    for section in page.sections:
        yield f"## {markdown(section.title)}\n"
        for block in section.blocks:
            yield from sheet.block(block)
            yield ""
    if page.entries:
        yield f"## {page.listed.capitalize()}\n"
        for entry in page.entries:
            records = ", ".join(sheet.link(f"{tracker} {key}", url) for tracker, key, url in entry.records)
            where = f" ({records})" if records else ""
            yield f"- {markdown(entry.title)}{where}: {markdown(entry.facts)}"
        yield ""
    yield "---\n"
    for line in page.footer:
        yield f"{sheet.line(line)}\n"


class _Sheet:
    """Where links may lead."""

    def __init__(self, origins: Collection[str] | None) -> None:
        self._origins = origins

    def block(self, block: Block) -> Iterator[str]:
        if isinstance(block, Paragraph):
            yield self.line(block.line)
        elif isinstance(block, Bullets):
            for number, line in enumerate(block.lines, 1):
                yield f"{number}. {self.line(line)}" if block.ordered else f"- {self.line(line)}"
        elif isinstance(block, Picture):
            yield f"{_strong(markdown(block.title))} ({markdown(block.subtitle)})\n"
            yield from self._table(block.table)
        else:
            yield from self._table(block)

    def _table(self, table: Table) -> Iterator[str]:
        if table.caption:
            yield f"{markdown(table.caption)}\n"
        yield "| " + " | ".join(markdown(column.title) or " " for column in table.columns) + " |"
        yield "|" + "|".join("---:" if column.numeric else "---" for column in table.columns) + "|"
        for row in table.rows:
            yield "| " + " | ".join(self.line(cell) or " " for cell in row) + " |"

    def line(self, line: Line) -> str:
        """The spans on one line, without the spaces at its ends that could make it a block of its own."""
        return "".join(self._span(span) for span in line).strip()

    def _span(self, span: Span) -> str:
        words = self.link(span.text, span.url)
        if span.state is not None:
            words = f"{SYMBOLS[span.state][0]} {words}"
        if span.strong:
            words = _strong(words)
        before = " " if span.text[:1].isspace() else ""
        after = " " if span.text.strip() and span.text[-1:].isspace() else ""
        return before + words + after

    def link(self, text: str, url: str) -> str:
        """A link to an address of the trackers; any other is left out."""
        words = markdown(text)
        if not words or not linkable(url, self._origins):
            return words
        return f"[{words}]({_ENDS.sub(lambda found: f'%{ord(found.group()):02X}', url)})"


def _strong(words: str) -> str:
    """`words` in bold; beside punctuation the stars would stay stars, so a word joiner stands between."""
    if not words:
        return ""
    before = "" if words[0].isalnum() else _WORD_JOINER
    after = "" if words[-1].isalnum() else _WORD_JOINER
    return f"**{before}{words}{after}**"
