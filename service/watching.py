"""A page that renews itself on a terminal; elsewhere it is printed again whenever it reads differently."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from service.screen import Screen

__all__ = ["watch"]


def watch(
    page: Callable[[], Sequence[str]], screen: Screen, seconds: float, sleep: Callable[[float], None]
) -> None:
    """Show the page again and again until interrupted."""
    before: Sequence[str] = ()
    while True:
        lines = page()
        if sys.stdout.isatty():
            screen.data("\x1b[H\x1b[2J" + "\n".join(lines))
        elif lines != before:
            screen.data("\n".join(lines))
        before = lines
        sleep(seconds)
