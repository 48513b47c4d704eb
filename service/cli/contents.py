"""What `crosstie --help` lists: every command under what it is for, with a sentence that fits its line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typer.core import TyperGroup

__all__ = ["CONTENTS", "Root"]

CONTENTS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "demo": "Show half a year of a rollout in three stand-in trackers.",
        "init": "Connect, look around, write a first crosstie.toml.",
        "check": "Is the file right, does each connection work, with which rights?",
    },
    "Look": {
        "pull": "Read what changed in the trackers; nothing is written to them.",
        "report": "Print a report: status, slip, scope or cost.",
        "baseline": "Freeze approved plans and look at them.",
        "history": "Show an issue's life across the trackers.",
        "ties": "See and decide which issues are the same work.",
    },
    "Change": {
        "changes": "Show what would be written where, field by field, and why.",
        "apply": "Write it: shows the changes, asks, writes exactly those.",
        "sync": "Pull, then write what waits, as far as the limits allow.",
        "conflicts": "Decide fields that two sides changed differently.",
        "undo": "Take a run back.",
    },
    "Run": {
        "serve": "Stay beside the trackers: webhooks, polling, writing, reports.",
        "hooks": "Look after the webhooks that trackers send.",
        "runs": "See what was written to the trackers, run by run.",
        "pause": "Stop every write at once.",
        "resume": "Allow writing again.",
    },
    "Care": {
        "health": "How Crosstie itself is doing, and what waits for somebody.",
        "people": "See which accounts are one person, and erase people.",
        "audit": "The log of every write and every act of a person.",
        "remap": "Read the stored pages anew through today's config.",
        "config": "Look at the configuration.",
        "db": "Look after the store: upgrade, back up, restore, verify.",
        "version": "Print the version of Crosstie and of what it stands on.",
    },
}


class Root(TyperGroup):
    """The root command, whose help shows its commands by sections."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for section, commands in CONTENTS.items():
            with formatter.section(section):
                width = max(map(len, self.commands))
                formatter.write_dl([(name.ljust(width), said) for name, said in commands.items()])
