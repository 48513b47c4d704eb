"""A page as one self-contained HTML file: no script, nothing fetched, every figure opens to its issues."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.charts import svg
from reports.render.links import linkable
from reports.render.page import (
    SYMBOLS,
    WORDS,
    Bullets,
    Page,
    Paragraph,
    Picture,
    Section,
    Span,
    Table,
    spans_of,
)
from reports.text import shown

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["environment", "render"]

_BRIEF, _LONG = 16, 12
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure made from several issues: opening it leaves only their rows of the list of issues."""

    id: str
    label: str
    items: tuple[str, ...]


def render(page: Page) -> str:
    """The page as HTML text."""
    from markupsafe import Markup

    anchors = {entry.id: f"w{number}" for number, entry in enumerate(page.entries, 1)}
    figures = _figures(page, anchors)
    style = _style(figures.values())
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment().get_template("page.html.j2")
    return template.render(
        page=page,
        front=_rows([section for section in page.sections if not section.annex]),
        back=_rows([section for section in page.sections if section.annex]),
        figures=figures.values(),
        behind=lambda span: _behind(_listed(span, anchors), anchors, figures),
        anchors=anchors,
        counted=_counted(figures.values()),
        style=Markup(style),  # noqa: S704 our own file and rules of our own ids, hashed in the policy
        style_digest=Markup(digest),  # noqa: S704 base64
        states=WORDS,
        symbols=SYMBOLS,
        drawing=_drawing,
        linkable=lambda url: linkable(url, page.origins),
    )


def _figures(page: Page, anchors: Mapping[str, str]) -> dict[tuple[str, ...], _Figure]:
    """The figures made from several issues, by those issues, each set once."""
    found: dict[tuple[str, ...], _Figure] = {}
    for span in spans_of(page):
        items = _listed(span, anchors)
        if len(items) > 1 and items not in found:
            found[items] = _Figure(f"f{len(found) + 1}", span.label or span.text, items)
    return found


def _counted(figures: Iterable[_Figure]) -> dict[str, str]:
    """Item -> the ids of the figures that it is part of, as the classes of its row."""
    found: dict[str, list[str]] = defaultdict(list)
    for figure in figures:
        for item in figure.items:
            found[item].append(figure.id)
    return {item: " ".join(ids) for item, ids in found.items()}


def _style(figures: Iterable[_Figure]) -> str:
    """The style sheet, with a rule for each figure that hides other rows while the figure is open."""
    sheet = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    rules = [f"#{figure.id}:target~.wide tbody tr:not(.{figure.id}){{display:none}}\n" for figure in figures]
    return sheet + "".join(rules)


def _behind(
    items: tuple[str, ...], anchors: Mapping[str, str], figures: Mapping[tuple[str, ...], _Figure]
) -> str:
    """Where a figure opens: at its only issue, at the rows of its issues, or nowhere ("")."""
    if len(items) > 1:
        return figures[items].id
    return anchors[items[0]] if items else ""


@cache
def environment() -> Environment:
    """The one template factory: everything is escaped, every string is shown, what is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_finalized
    )
    made.filters["aligned"] = _aligned
    made.filters["bound"] = _bound
    made.tests["paragraph"] = lambda block: isinstance(block, Paragraph)
    made.tests["bullets"] = lambda block: isinstance(block, Bullets)
    made.tests["picture"] = lambda block: isinstance(block, Picture)
    return made


def _finalized(value: Any) -> Any:
    """Plain strings lose what would act on a reader's screen; markup made by the template stays."""
    return shown(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _bound(text: str) -> str:
    """Our own words with each per cent sign kept on the line of its number."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _aligned(table: Table) -> str:
    """The table's classes: nN where column N holds numbers, kN where it is kept on one line, `long`."""
    found = ["long"] if len(table.rows) > _LONG else []
    for place, column in enumerate(table.columns):
        longest = max((sum(len(span.text) for span in row[place]) for row in table.rows), default=0)
        if column.numeric:
            found.append(f"n{place + 1}")
        elif not column.grows and longest <= _BRIEF:
            found.append(f"k{place + 1}")
    return " ".join(found)


def _drawing(picture: Picture) -> Markup:
    from markupsafe import Markup

    drawn = svg(picture.spec, name=picture.name, title=picture.title, description=picture.subtitle)
    return Markup(drawn)  # noqa: S704 rendered from a checked specification, text escaped by the renderer


def _listed(span: Span, known: Mapping[str, str]) -> tuple[str, ...]:
    """The items of a span that the page has entries for, each once."""
    return tuple(item for item in dict.fromkeys(span.items) if item in known)


def _rows(sections: Sequence[Section]) -> list[list[Section]]:
    """Sections in rows: two half sections that follow each other stand side by side."""
    rows: list[list[Section]] = []
    for section in sections:
        if section.half and rows and len(rows[-1]) == 1 and rows[-1][0].half:
            rows[-1].append(section)
        else:
            rows.append([section])
    return rows
