"""What comes alive in a text: people it names, who are told at once, and issues it refers to.

GitHub reads the rendered text, so what stands in code or in a comment is dead. A word joiner between the sign
and the name makes both dead as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["logins", "references"]

_DEAD = re.compile(r"<!--.*?-->|```.*?```|~~~.*?~~~|`[^`\n]*`", re.DOTALL)
_LOGIN = re.compile(r"(?<![\w/@.+-])@([A-Za-z\d][A-Za-z\d-]{0,38})(?![\w/])")
_NUMBER = re.compile(r"(?<![\w/])([\w.-]+/[\w.-]+)?#(\d+)\b")
_SHORT = re.compile(r"(?<![\w/-])GH-(\d+)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s/]+/([\w.-]+/[\w.-]+)/(?:issues|pull)/(\d+)\b")


def logins(text: str | None) -> list[str]:
    """The names after an @, each once."""
    return list(dict.fromkeys(_LOGIN.findall(_live(text))))


def references(text: str | None) -> Iterator[tuple[str, int]]:
    """(owner/name, number) of the issues named; the repository is empty for the text's own."""
    live = _live(text)
    for repo, number in (*_NUMBER.findall(live), *_ADDRESS.findall(live)):
        yield repo, int(number)
    for number in _SHORT.findall(live):
        yield "", int(number)


def _live(text: str | None) -> str:
    return _DEAD.sub(" ", text or "")
