"""What well-known credentials look like, so that one in the wrong place is seen without being known.

Lengths are never assumed beyond a minimum: trackers change them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["TokenShape", "find_tokens", "hide_tokens"]

_BORDER = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"


@dataclass(frozen=True, slots=True)
class TokenShape:
    """A kind of credential and how it is recognised; group `secret`, where there is one, is what to hide."""

    name: str
    pattern: re.Pattern[str]


def _shape(name: str, pattern: str, flags: int = 0) -> TokenShape:
    return TokenShape(name, re.compile(pattern, flags))


_TOKENS = (
    _shape("a GitHub token", r"(?:gh[pousr]|github_pat)_[A-Za-z0-9_.-]{6,}"),
    _shape("an Atlassian token", r"(?:AT(?:AT|CT|ST)T|ATBB)[A-Za-z0-9_=-]{6,}"),
    _shape("a Slack token", r"(?:xox[a-z]|xapp)-[A-Za-z0-9-]{6,}"),
    _shape("a Slack webhook address", r"hooks\.slack\.com/[a-z]+/[A-Za-z0-9/_-]{6,}"),
    _shape("a GitLab token", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{16,}"),
    _shape("an Entra client secret", r"[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{20,}"),
    _shape("an AWS key", r"A(?:KI|SI)A[A-Z0-9]{16,}"),
    _shape("a webhook secret", r"whsec_[A-Za-z0-9+/=_-]{6,}"),
    _shape("a signed token (JWT)", _BORDER + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    _shape(
        "a private key (PEM)",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
        r"(?:.{0,20000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|[A-Za-z0-9+/=\s\\]*)",
        re.DOTALL,
    ),
    _shape("a password in an address", r"[A-Za-z]://(?P<secret>[^/\s:@\"']*:[^/\s@\"']+)@"),
)
_IN_OUTPUT = (
    _shape("a header", r"(?i:authorization[\"']?\s*[:=,]\s*b?[\"']?\s*\w+\s+)(?P<secret>[^\s\"',;\[]+)"),
    _shape(
        "a parameter",
        r"(?i:\b(?:access_token|refresh_token|client_secret|client_assertion|api_key|password|token|sig))="
        r"(?P<secret>[^&\s\"'<>\\\[\]]+)",
    ),
)


def find_tokens(text: str) -> Iterator[tuple[str, int, str]]:
    """Each credential in `text`: what it looks like, where it starts, and itself."""
    for shape in _TOKENS:
        for match in shape.pattern.finditer(text):
            group = "secret" if "secret" in shape.pattern.groupindex else 0
            yield shape.name, match.start(group), match.group(group)


def hide_tokens(text: str, sign: str = "[secret]") -> str:
    """`text` with everything that looks like a credential replaced by `sign`."""
    for shape in (*_TOKENS, *_IN_OUTPUT):
        text = shape.pattern.sub(lambda match: _hidden(match, sign), text)
    return text


def _hidden(match: re.Match[str], sign: str) -> str:
    if "secret" not in match.re.groupindex:
        return sign
    whole, start = match.group(0), match.start(0)
    return whole[: match.start("secret") - start] + sign + whole[match.end("secret") - start :]
