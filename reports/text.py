"""Tracker text made harmless: it is shown as what it is and never obeyed by a terminal or a parser.

Every value that came from a tracker passes `shown` before it reaches any output; Markdown output passes
`markdown`, which does both.
"""

from __future__ import annotations

import json
import re

__all__ = ["MARK", "cut", "markdown", "shown", "unseen_escaped"]

MARK = "\N{REPLACEMENT CHARACTER}"
"""What stands where a character was that could not be shown."""

_UNSHOWABLE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: terminal escapes begin here
    "\u00ad\u180e"  # soft hyphen, Mongolian vowel separator: no width
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidi controls, no width, separators
    "\ufffe\uffff"  # no characters: an XML parser stops at them, a chart renderer ends the process
    "\ud800-\udfff"  # half a character: cannot be written as UTF-8
    "\U000e0000-\U000e007f"  # tags: text that nobody sees
    "]"
)
_PUNCTUATION = re.compile(r"""([!-/:-@\[-`{-~])""")
_WORD_JOINER = "\N{WORD JOINER}"
_WWW = re.compile("www", re.IGNORECASE)


def shown(text: str) -> str:
    """`text` as one line in which every control, bidi control and invisible character is a visible mark.

    Letters of right-to-left scripts stay; what embeds them isolates the value where its format can.
    """
    return _UNSHOWABLE.sub(MARK, text)


def unseen_escaped(json_text: str) -> str:
    """A JSON text with the same values, in which every control or invisible character is a \\u escape.

    JSON itself asks for that only below U+0020; a terminal obeys others too.
    """
    return _UNSHOWABLE.sub(lambda found: _escape(found.group()), json_text)


def _escape(character: str) -> str:
    return character if character == "\n" else json.dumps(character)[1:-1]


def markdown(text: str) -> str:
    """`text` as Markdown that reads as the same plain text in every parser: no link, image, HTML or block.

    Escaping alone is not enough: e-mail addresses and bare addresses are linked after escapes are undone,
    so a word joiner, which has no width, breaks what a linker looks for.
    """
    folded = " ".join(re.sub(r"[\t\n\r\f\v\u2028\u2029]", " ", text).split())
    escaped = _PUNCTUATION.sub(r"\\\1", shown(folded))
    escaped = escaped.replace(r"\@", rf"\@{_WORD_JOINER}").replace(r"\:\/\/", rf"\:{_WORD_JOINER}\/\/")
    return _WWW.sub(lambda found: found.group() + _WORD_JOINER, escaped)


def cut(text: str, longest: int) -> str:
    """`text`, or its beginning with an ellipsis when it is longer than `longest` characters."""
    folded = " ".join(text.split())
    return folded if len(folded) <= longest else folded[: longest - 1].rstrip() + "…"
