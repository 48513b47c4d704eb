"""The reference pages that the program writes about itself, so that they cannot say anything else.

`python -m service.reference` writes them to docs/reference; a test compares them with what stands there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from config.settings import Kind
from connectors.base import Capabilities, History
from service import wiring
from service.settings_page import settings_page, table

__all__ = ["FIELDS", "capabilities", "configuration", "pages"]

_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_GENERATED = (
    "<!-- Written by the program: `make docs`. Change the descriptions in the code, not this page. -->"
)
_TITLES = {
    "jira": "Jira",
    "github": "GitHub",
    "planner": "Microsoft Planner",
    "planner-premium": "Planner premium (not tried on a live tenant)",
    "file": "CSV files",
}

FIELDS = {
    "status": "status",
    "title": "title",
    "due": "due date",
    "start": "start date",
    "estimate": "estimate",
    "assignees": "owners",
    "sprints": "sprint",
    "milestone": "milestone",
    "finished": "day of completion",
    "percent": "percent complete",
    "labels": "labels",
    "components": "components",
    "bucket": "bucket",
    "parent": "parent",
    "type": "type",
    "priority": "priority",
    "key": "key",
    "source": "move to another project",
}
"""What people call the issue fields whose history matters to them."""

_CAPABILITIES = """\
# What each tracker can and cannot tell

A report can say only what a tracker tells. Where a tracker records no changes, Crosstie finds them by
comparing two pulls. It then knows that something changed in between, but neither when nor by whom. So pull
often.

- **recorded**: the tracker's own history tells every change, even from before the first pull.
- **in part**: the tracker tells some of the changes. The notes below the table say which.
- **not recorded**: the tracker has no history of it. If it holds the value at all, pulls are compared.
"""


def configuration(kinds: Mapping[str, Kind]) -> str:
    """The page on crosstie.toml: every key that it may hold, with what it means and what holds without it."""
    return f"{_GENERATED}\n\n{settings_page({kind: kinds[kind] for kind in _ordered(kinds)}, _TITLES)}"


def capabilities(kinds: Mapping[str, Capabilities]) -> str:
    """The page on what can be known through each kind of tracker, as one table."""
    several = [kinds[kind] for kind in _ordered(kinds)]
    names = [_TITLES.get(kind, kind) for kind in _ordered(kinds)]
    changes = [
        [f"changes: {words}", *(_history(each, name) for each in several)] for name, words in FIELDS.items()
    ]
    rows = [
        ["sprints", *(_yes(each.sprints) for each in several)],
        ["milestones", *(_yes(each.milestones) for each in several)],
        ["dependencies", *(_yes(each.dependencies) for each in several)],
        ["logged work", *(_yes(each.worklogs) for each in several)],
        ["costs", *(_yes(each.costs) for each in several)],
        *changes,
        ["deleted issues", *(each.deletions_note for each in several)],
    ]
    notes = [f"- **{name}**: {each.note}" for name, each in zip(names, several, strict=True)]
    return "\n".join([_GENERATED, "", _CAPABILITIES, table(["", *names], rows), "", "Notes:", "", *notes, ""])


def pages() -> dict[str, str]:
    """Each page's file name and its text, for the kinds that there are."""
    return {
        "configuration.md": configuration(wiring.kinds()),
        "capabilities.md": capabilities({kind: wiring.capabilities(kind) for kind in wiring.names()}),
    }


def write(folder: Path) -> None:
    """Write the pages into a folder."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"Wrote {folder / name}.\n")


def _ordered(kinds: Mapping[str, object]) -> list[str]:
    """The kinds in the order of their titles here; those without one follow by name."""
    places = {kind: place for place, kind in enumerate(_TITLES)}
    return sorted(kinds, key=lambda kind: (places.get(kind, len(places)), kind))


def _yes(can: bool) -> str:
    return "yes" if can else "no"


def _history(each: Capabilities, field: str) -> str:
    if field not in each.history_fields:
        return "not recorded"
    return "recorded" if each.history is History.FULL else "in part"


if __name__ == "__main__":
    write(_FOLDER)
