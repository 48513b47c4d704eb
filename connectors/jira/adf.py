"""An Atlassian Document as plain text: what people read, with the addresses behind links and cards; and back.

It is walked with a stack of its own and to a limited depth, because a document comes from anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["document_of", "plain_text", "tidy"]

_DEEPEST = 60
_NODES = 50_000
_BLOCKS = frozenset(
    {
        "paragraph",
        "heading",
        "blockquote",
        "codeBlock",
        "panel",
        "rule",
        "tableRow",
        "blockCard",
        "embedCard",
        "expand",
        "nestedExpand",
        "mediaSingle",
        "mediaGroup",
        "taskItem",
        "decisionItem",
    }
)
_BULLETS = {"listItem": "- ", "taskItem": "- ", "decisionItem": "- "}
_CELLS = frozenset({"tableCell", "tableHeader"})


def plain_text(document: object) -> str:
    """The text of a document; a text (as the v2 API answers) stays as it is; nothing gives an empty text."""
    if isinstance(document, str):
        return document
    pieces: list[str] = []
    stack: list[tuple[object, int]] = [(document, 0)]
    budget = _NODES
    while stack and budget:
        budget -= 1
        node, depth = stack.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif isinstance(node, Mapping):
            _open(node, depth, pieces, stack)
    return tidy("".join(pieces))


def document_of(text: str) -> dict[str, Any] | None:
    """A document that says just this text; None for an empty one.

    There is nothing in it but text and line breaks: no mention, no card and no link can come alive. One
    paragraph holds all of it, because Jira tells nothing of empty lines between several.
    """
    lines = tidy(text).split("\n")
    content: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        if number:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    if not content:
        return None
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]}


def _open(node: Mapping[str, Any], depth: int, pieces: list[str], stack: list[tuple[object, int]]) -> None:
    """Write what the node itself says and put its children, and what follows them, on the stack."""
    kind = str(node.get("type", ""))
    if kind == "text":
        pieces.append(_linked(node))
        return
    said = _ATOMS.get(kind)
    if said is not None:
        attributes = node.get("attrs")
        pieces.append(said(attributes if isinstance(attributes, Mapping) else {}))
    pieces.append(_BULLETS.get(kind, ""))
    if kind in _BLOCKS:
        stack.append(("\n", depth))
    elif kind in _CELLS:
        stack.append((" | ", depth))
    children = node.get("content")
    if isinstance(children, list) and depth < _DEEPEST:
        stack.extend((child, depth + 1) for child in reversed(children))


def _linked(node: Mapping[str, Any]) -> str:
    text = str(node.get("text", ""))
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else ():
        if isinstance(mark, Mapping) and mark.get("type") == "link":
            attributes = mark.get("attrs")
            address = attributes.get("href") if isinstance(attributes, Mapping) else None
            if isinstance(address, str) and address != text:
                return f"{text} ({address})"
    return text


def _day(attributes: Mapping[str, Any]) -> str:
    try:
        return datetime.fromtimestamp(int(str(attributes.get("timestamp"))) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _attribute(*names: str) -> Callable[[Mapping[str, Any]], str]:
    def read(attributes: Mapping[str, Any]) -> str:
        found = (attributes.get(name) for name in names)
        return next((value for value in found if isinstance(value, str) and value), "")

    return read


_ATOMS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "hardBreak": lambda _attributes: "\n",
    "rule": lambda _attributes: "---",
    "mention": _attribute("text", "id"),
    "emoji": _attribute("text", "shortName"),
    "inlineCard": _attribute("url"),
    "blockCard": _attribute("url"),
    "embedCard": _attribute("url"),
    "status": _attribute("text"),
    "media": _attribute("alt"),
    "date": _day,
}


def tidy(text: str) -> str:
    """Without spaces at line ends and without more than one empty line in a row."""
    lines = [line.rstrip() for line in text.split("\n")]
    kept = [line for n, line in enumerate(lines) if line or (n > 0 and lines[n - 1])]
    return "\n".join(kept).strip("\n")
