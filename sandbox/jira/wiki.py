"""Who a text in wiki notation calls: [~name], unless its bracket is escaped."""

from __future__ import annotations

import re

__all__ = ["called"]

_CALL = re.compile(r"(?<!\\)\[~([^\[\]|\n\\]+)\]")


def called(text: str) -> list[str]:
    return _CALL.findall(text)
