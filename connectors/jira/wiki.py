"""Jira's wiki notation as plain text: what people read, with the addresses behind links; and back. Pure.

Every pattern is linear in the length of the text, which comes from anybody.
"""

from __future__ import annotations

import re

from connectors.jira.adf import tidy

__all__ = ["wiki_escaped", "wiki_text"]

_BLOCK = re.compile(
    r"(?<![{\\])\{(?:code|noformat|panel|quote|color|column|section|expand)(?::[^{}\n]{0,200})?\}(?!\})"
)
_HEADING = re.compile(r"^[ \t]{0,8}h[1-6]\.[ \t]+|^[ \t]{0,8}bq\.[ \t]+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]{0,8}[*#-]{1,8}[ \t]+", re.MULTILINE)
_RULE = re.compile(r"^[ \t]{0,8}-{4,5}[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"(?<!\\)\[(?:([^\[\]|\n]{1,1000})\|)?([^\[\]|\n]{1,2000})(?:\|[^\[\]|\n]{0,100})?\]")
_ADDRESS = re.compile(r"(?:https?|ftp)://|mailto:|#|\^|~|//", re.IGNORECASE)
_IMAGE = re.compile(r"(?<!\\)!([^!\s|][^!\n|]{0,500})(?:\|[^!\n]{0,200})?!")
_CELLS = re.compile(r"^[ \t]{0,8}\|{1,2}(.*?)\|{1,2}[ \t]*$", re.MULTILINE)
_MARKS = re.compile(
    r"(?<![^\s(\[\"'>,;:.!*_+^~{}|-])(?:\{\{(?P<mono>[^{}\n]{1,1000})\}\}"
    r"|(?P<mark>\*|_|\+|\^|~|\?\?|(?<!-)-)(?P<text>[^\s*_+^~?-](?:[^*_+^~?\n-]{0,1000}[^\s*_+^~?-])?)(?P=mark))(?![^\W_])"
)
_ESCAPED = re.compile(r"\\([\\*_+^~?!\[\]{}|#-])")
_MOST_NESTED = 3
_SPECIAL = re.compile(r"&(?=#\d+;)|[\\*_+^~?!\[\]{}|#]|(?<![^\W_])-|-(?![^\W_])")
_LINE_WORD = re.compile(r"^([ \t]*(?:h[1-6]|bq))\.", re.MULTILINE)
_ENTITIES = {"&#92;": "\\", "&#46;": ".", "&#38;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_WRITTEN = {text: entity for entity, text in _ENTITIES.items()}


def wiki_text(markup: str) -> str:
    """The text as it is read. Words that only look like markup (snake_case, 3*4, a-b) stay as they are."""
    text = markup.replace("\r\n", "\n").replace("\\\\\n", "\n")
    text = _BLOCK.sub("", text)
    text = _RULE.sub("---", text)
    text = _HEADING.sub("", text)
    text = _BULLET.sub("- ", text)
    text = _CELLS.sub(lambda row: _cells(row[1]), text)
    text = _LINK.sub(_link, text)
    text = _IMAGE.sub(lambda image: image[1], text)
    for _ in range(_MOST_NESTED):
        text = _MARKS.sub(lambda mark: mark["mono"] or mark["text"], text)
    text = _ESCAPED.sub(r"\1", text)
    return tidy(_ENTITY.sub(lambda entity: _ENTITIES[entity[0]], text))


def wiki_escaped(text: str) -> str:
    """Notation that is read as just this text: nothing in it becomes a mention, a link, an image or a macro.

    A backslash cannot be escaped by another one, which would be a line break: it is written as an entity.
    """
    text = _SPECIAL.sub(lambda sign: _WRITTEN.get(sign[0]) or f"\\{sign[0]}", tidy(text))
    return _LINE_WORD.sub(r"\1&#46;", text)


def _cells(row: str) -> str:
    return " | ".join(cell.strip() for cell in re.split(r"\|{1,2}", row)) + " |"


def _link(match: re.Match[str]) -> str:
    """[words|address] with both, [address] as it is, [~person] by name, anything else in its brackets."""
    words, target = match[1], match[2].strip()
    if target.startswith("~"):
        return f"@{target[1:]}"
    if words is None:
        return target.removeprefix("^") if _ADDRESS.match(target) else match[0]
    if target in (words, f"mailto:{words}"):
        return words
    return f"{words} ({target})"
