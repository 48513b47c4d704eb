"""Our own texts on GitHub: nothing in them comes alive there, and what we put below them is told apart.

GitHub tells a person who is named after an @, and an issue that a text refers to, at once and for good. A
word joiner, which nobody sees, between the sign and the name prevents both; a backslash does not. It is
taken out again when a text is read, so that what we wrote is no edit.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

__all__ = [
    "LONGEST_BODY",
    "LONGEST_TITLE",
    "Parted",
    "hosts_of",
    "inert",
    "marker_in",
    "one_line",
    "parted",
    "plain",
    "signed",
]

LONGEST_TITLE = 256
LONGEST_BODY = 65_536
_JOINER = "\u2060"
_HOSTS = ("github.com", "www.github.com", "api.github.com", "gist.github.com")
_SIGNS = re.compile(r"@(?=[^\s\u2060])|#(?=\d)|\bGH-(?=\d)|<(?=!--)", re.IGNORECASE)
_JOINED = re.compile(
    r"(?<=[@#<])\u2060+|(?<=\bGH-)\u2060+|(?<=https:)\u2060+|(?<=http:)\u2060+|(?<=www)\u2060+",
    re.IGNORECASE,
)
_MARK = r"<!-- crosstie:(ct1\.[0-9a-z-]{4,40}\.[0-9a-f]{16}) -->"
_BELOW = re.compile(
    r"(?:(?:\A|[\r\n]{1,8})Mirrors (?P<link>https?:\u2060*//\S+)(?: \(`[^`\n]*`\))?)?(?:\A|[\r\n]{1,8})"
    + _MARK
    + r"\s{0,8}\Z"
)
_MARKS = re.compile(_MARK)


@dataclass(frozen=True, slots=True)
class Parted:
    """A body as people know it, and what we put below it: the address it mirrors, our marker, all of it."""

    text: str
    link: str | None = None
    below: str = ""


def hosts_of(site: str) -> tuple[str, ...]:
    """The hosts whose addresses GitHub takes for references: its own, and where people browse this one."""
    return (*_HOSTS, site.partition("://")[2].partition("/")[0])


def inert(text: str, hosts: Collection[str] = _HOSTS) -> str:
    """The text with a joiner after every sign that GitHub acts upon; doing it twice adds nothing."""
    named = "|".join(re.escape(host) for host in sorted(set(hosts), key=len, reverse=True) if host)
    address = re.compile(
        rf"https?:(?=//(?:[^\s/@]*@)?(?:{named})(?:[:/]|\b))|www(?=\.github\.com)", re.IGNORECASE
    )
    joined = address.sub(lambda found: found.group() + _JOINER, text)
    return _SIGNS.sub(lambda found: found.group() + _JOINER, joined)


def plain(text: str) -> str:
    """The text without our joiners."""
    return _JOINED.sub("", text) if _JOINER in text else text


def one_line(text: str) -> str:
    """A title: one line, no longer than GitHub takes."""
    return " ".join(text.split())[:LONGEST_TITLE].rstrip()


def signed(text: str, marker: str, link: str | None, title: str, hosts: Collection[str]) -> str:
    """A new issue's body: the text, the way back and, where nobody sees it, our marker."""
    named = " ".join(title.replace("`", "'").split())
    back = (
        []
        if link is None
        else [f"Mirrors {inert(link, hosts)}" + (f" (`{inert(named, hosts)}`)" if named else "")]
    )
    return "\n\n".join([*filter(None, [inert(text.rstrip(), hosts)]), *back, f"<!-- crosstie:{marker} -->"])


def parted(body: str | None) -> Parted:
    """A body told apart from what stands below it, which only our own form of it is."""
    found = _BELOW.search(body or "") if body and "crosstie:ct1." in body else None
    if body is None or found is None:
        return Parted(plain(body or ""))
    link = found["link"]
    return Parted(plain(body[: found.start()]), plain(link) if link else None, body[found.start() :])


def marker_in(body: str | None) -> str | None:
    """The last marker in a body: ours stands below whatever a text brought along."""
    found = _MARKS.findall(body or "")
    return found[-1] if found else None
