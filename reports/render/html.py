"""A page as one self-contained HTML file: no script, nothing fetched, every figure opens to its issues."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reports.charts import svg
from reports.render.page import SYMBOLS, WORDS, Bullets, Page, Paragraph, Picture, Section, Span, spans_of
from reports.text import shown

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["environment", "render"]

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The issues behind one figure, as the annex lists them."""

    id: str
    label: str
    items: tuple[str, ...]


def render(page: Page) -> str:
    """The page as HTML text."""
    from markupsafe import Markup

    known = {entry.id for entry in page.entries}
    evidence: dict[tuple[str, ...], _Evidence] = {}
    for span in spans_of(page):
        items = tuple(item for item in span.items if item in known)
        if items and items not in evidence:
            label = span.label or span.text
            evidence[items] = _Evidence(f"f{len(evidence) + 1}", label, items)
    style = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment().get_template("page.html.j2")
    return template.render(
        page=page,
        rows=_rows(page.sections),
        figures=list(evidence.values()),
        evidence=lambda span: evidence[_listed(span, known)].id if _listed(span, known) else "report",
        anchors={entry.id: f"w{number}" for number, entry in enumerate(page.entries, 1)},
        names={entry.id: entry.records[0][1] if entry.records else entry.title for entry in page.entries},
        style=Markup(style),  # noqa: S704 our own file, hashed in the policy
        style_digest=Markup(digest),  # noqa: S704 base64
        states=WORDS,
        symbols=SYMBOLS,
        drawing=_drawing,
    )


def environment() -> Environment:
    """The one template factory: everything is escaped, every string is shown, what is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_finalized
    )
    made.tests["link"] = _is_link
    made.tests["paragraph"] = lambda block: isinstance(block, Paragraph)
    made.tests["bullets"] = lambda block: isinstance(block, Bullets)
    made.tests["picture"] = lambda block: isinstance(block, Picture)
    return made


def _finalized(value: Any) -> Any:
    """Plain strings lose what would act on a reader's screen; markup made by the template stays."""
    return shown(value) if type(value) is str else value


def _drawing(picture: Picture) -> Markup:
    from markupsafe import Markup

    drawn = svg(picture.spec, name=picture.name, title=picture.title, description=picture.subtitle)
    return Markup(drawn)  # noqa: S704 rendered from a checked specification, text escaped by the renderer


def _listed(span: Span, known: set[str]) -> tuple[str, ...]:
    return tuple(item for item in span.items if item in known)


def _is_link(url: str) -> bool:
    """Whether an address may be linked: http(s), with a host, and without a user's name in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _rows(sections: Sequence[Section]) -> list[list[Section]]:
    """Sections in rows: two half sections that follow each other stand side by side."""
    rows: list[list[Section]] = []
    for section in sections:
        if section.half and rows and len(rows[-1]) == 1 and rows[-1][0].half:
            rows[-1].append(section)
        else:
            rows.append([section])
    return rows
