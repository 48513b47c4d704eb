"""The addresses that people linked an issue to.

Jira gives them for one issue at a time. It writes in an issue's history that a link was added, so only issues
whose history says so are asked for theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from connectors.errors import AccessRefused, SkipIssue
from connectors.jira.client import JiraClient, Missing
from connectors.jira.content import Content
from connectors.jira.records import RemoteLink
from connectors.payload import decode, decode_record

__all__ = ["learn_links", "read_links"]

_SAID = b'"RemoteIssueLink"'
_LONGEST = 2000


def read_links(
    client: JiraClient, content: Content, histories: Mapping[str, Sequence[msgspec.Raw]]
) -> bytes | None:
    """Learn the addresses of a page's issues; what Jira told of them, to be kept, if it was asked."""
    told: dict[str, list[msgspec.Raw]] = {}
    for id in content.ids:
        found = histories.get(id) or content.inline.get(id, ())
        if any(_SAID in bytes(history) for history in found):
            try:
                told[id] = client.remote_links(content.mapped[id][0].issue.key)
            except (AccessRefused, Missing):  # linking is switched off, or the issue has gone meanwhile
                told[id] = []
    if not told:
        return None
    body = msgspec.json.encode(told)
    content.links.update(learn_links(body))
    return body


def learn_links(body: bytes) -> dict[str, tuple[str, ...]]:
    """Issue id -> addresses, of a kept page."""
    told = decode(body, dict[str, list[msgspec.Raw]])
    return {id: tuple(filter(None, map(_address, raws))) for id, raws in told.items()}


def _address(raw: msgspec.Raw) -> str:
    """Where a link leads, if that is an address of the web."""
    try:
        address = decode_record(raw, RemoteLink).object.url
        usable = urlsplit(address).scheme in ("http", "https") and len(address) <= _LONGEST
    except (SkipIssue, ValueError):
        return ""
    return address if usable else ""
