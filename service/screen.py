"""Where output goes: data to stdout, everything else to stderr, both free of what a terminal would obey."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Screen"]


class Screen:
    """Two streams and the rules for colour: off for NO_COLOR, dumb terminals and pipes, or by choice."""

    def __init__(self, color: str = "auto", *, quiet: bool = False) -> None:
        self._color = color
        self.quiet = quiet
        self.redact: Callable[[str], str] = lambda text: text

    def data(self, text: str) -> None:
        """Print a command's result as it stands."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Tell the person something that is not the result."""
        if not self.quiet:
            self.complain(text)

    def complain(self, text: str) -> None:
        """Say something that even --quiet does not silence."""
        from reports.text import shown

        lines = (shown(line) for line in self.redact(text).split("\n"))
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()

    def console(self, stream: TextIO | None = None) -> Console:
        """A rich console on stdout, or on the stream given; markup and highlighting are off."""
        from rich.console import Console

        target = stream or sys.stdout
        forced = {"always": True, "never": False}.get(self._color)
        if forced is None and (os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"):
            forced = False
        return Console(
            file=target,
            markup=False,
            highlight=False,
            emoji=False,
            force_terminal=True if forced else None,
            no_color=True if forced is False else None,
            width=self._width(target),
        )

    def _width(self, stream: TextIO) -> int | None:
        """Pages are 80 columns on a pipe and at most 120 on a terminal."""
        if not stream.isatty():
            return 80
        try:
            return max(40, min(120, os.get_terminal_size(stream.fileno()).columns))
        except OSError:
            return 80
