"""Which addresses may become links: whole, plain web addresses, and only on the trackers' own hosts."""

from __future__ import annotations

import re
from collections.abc import Collection

__all__ = ["linkable"]

_ADDRESS = re.compile(
    r"(https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?)"
    r"(?:[/?#][A-Za-z0-9._~!$&'()*+,;=:@/?#%-]*)?"
)


def linkable(url: str, origins: Collection[str] | None) -> bool:
    """Whether `url` may be linked: http(s), ASCII, no user, and its scheme://host:port one of `origins`.

    What another reader could take for another host (a backslash, a tab, an escaped or foreign letter in the
    host) is no address here. Without `origins` any host will do: the connectors built the address.
    """
    found = _ADDRESS.fullmatch(url)
    return found is not None and (origins is None or found.group(1) in origins)
