"""Plain text to an Atlassian Document, as the v3 API answers descriptions and comments.

A blank line parts paragraphs, a line break is a hard break, lines that begin with "- " are a list. An address
alone in its paragraph becomes a smart link (an inline card), any other one a text with a link mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["document", "kept", "mentions", "text_of"]

_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


def document(text: str) -> dict[str, Any] | None:
    """The document of a text; None for an empty one, as Jira answers it."""
    if not text:
        return None
    blocks = [_block(block) for block in re.split(r"\n{2,}", text.strip("\n"))]
    return {"type": "doc", "version": 1, "content": blocks}


def _block(text: str) -> dict[str, Any]:
    lines = text.split("\n")
    if all(line.startswith("- ") for line in lines):
        items = [{"type": "listItem", "content": [_paragraph([line[2:]])]} for line in lines]
        return {"type": "bulletList", "content": items}
    return _paragraph(lines)


def _paragraph(lines: list[str]) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if len(lines) == 1 and _ADDRESS.fullmatch(lines[0]):
        content = [{"type": "inlineCard", "attrs": {"url": lines[0]}}, {"type": "text", "text": " "}]
    else:
        for position, line in enumerate(lines):
            if position:
                content.append({"type": "hardBreak"})
            content.extend(_inline(line))
    return {"type": "paragraph", "content": content}


def _inline(line: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    end = 0
    for match in _ADDRESS.finditer(line):
        if match.start() > end:
            nodes.append({"type": "text", "text": line[end : match.start()]})
        mark = {"type": "link", "attrs": {"href": match.group()}}
        nodes.append({"type": "text", "text": match.group(), "marks": [mark]})
        end = match.end()
    if end < len(line):
        nodes.append({"type": "text", "text": line[end:]})
    return nodes


def text_of(value: Any) -> str:
    """The words of a document, as the older API and the history write them."""
    if not isinstance(value, dict):
        return ""
    kind = value.get("type")
    if kind == "text":
        return str(value.get("text", ""))
    if kind == "hardBreak":
        return "\n"
    if kind in ("mention", "inlineCard"):
        attributes = value.get("attrs", {})
        return str(attributes.get("text") or attributes.get("url") or "")
    inner = [text_of(node) for node in value.get("content", ())]
    return ("\n\n" if kind == "doc" else "").join(inner)


def kept(value: dict[str, Any]) -> dict[str, Any]:
    """A document as Jira hands it back: every paragraph has got an id of its own."""
    body = dict(value)
    if value.get("type") == "paragraph":
        body["attrs"] = {**value.get("attrs", {}), "localId": "a1b2c3"}
    if "content" in value:
        body["content"] = [kept(node) for node in value["content"]]
    return body


def mentions(value: Any) -> Iterator[str]:
    """The accounts that a document calls; they get a message."""
    if isinstance(value, dict):
        if value.get("type") == "mention":
            yield str(value.get("attrs", {}).get("id", ""))
        for node in value.get("content", ()):
            yield from mentions(node)
