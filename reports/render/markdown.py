"""A page as Markdown that reads the same in every parser; tracker text can neither link nor format."""

from __future__ import annotations

from collections.abc import Iterator

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


def render(page: Page) -> str:
    """The whole page, annex included."""
    return "\n".join(_page(page)) + "\n"


def _page(page: Page) -> Iterator[str]:
    yield f"# {markdown(page.title)}"
    yield f"\n{markdown(page.subtitle)}\n"
    if page.state is not None:
        yield f"**{SYMBOLS[page.state][0]} {WORDS[page.state]}.** {_line(page.sentence)}\n"
    else:
        yield f"{_line(page.sentence)}\n"
    for note in page.notes:
        yield f"{_line(note)}\n"
    for section in page.sections:
        yield f"## {markdown(section.title)}\n"
        for block in section.blocks:
            yield from _block(block)
            yield ""
    if page.entries:
        yield "## Issues\n"
        for entry in page.entries:
            records = ", ".join(_link(f"{tracker} {key}", url) for tracker, key, url in entry.records)
            yield f"- {markdown(entry.title)} ({records}): {markdown(entry.facts)}"
        yield ""
    yield "---\n"
    for line in page.footer:
        yield f"{_line(line)}\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _line(block.line)
    elif isinstance(block, Bullets):
        for number, line in enumerate(block.lines, 1):
            yield f"{number}. {_line(line)}" if block.ordered else f"- {_line(line)}"
    elif isinstance(block, Picture):
        yield f"**{markdown(block.title)}** ({markdown(block.subtitle)})\n"
        yield from _table(block.table)
    else:
        yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"{markdown(table.caption)}\n"
    yield "| " + " | ".join(markdown(column.title) or " " for column in table.columns) + " |"
    yield "|" + "|".join("---:" if column.numeric else "---" for column in table.columns) + "|"
    for row in table.rows:
        yield "| " + " | ".join(_line(cell) or " " for cell in row) + " |"


def _line(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    inner = span.text.strip()
    before = span.text[: len(span.text) - len(span.text.lstrip())]
    after = span.text[len(span.text.rstrip()) :] if inner else ""
    words = _link(inner, span.url)
    if span.state is not None:
        words = f"{SYMBOLS[span.state][0]} {words}"
    return f"{before}**{words}**{after}" if span.strong and words else f"{before}{words}{after}"


def _link(text: str, url: str) -> str:
    """A link to an address we built; one with characters that could end the link is only shown."""
    words = markdown(text)
    safe = url.startswith(("http://", "https://")) and not any(c in url for c in "<>()[]\\ \n\t\"'`")
    return f"[{words}]({url})" if safe else words
