"""The story of a project that is kept in agreement in both directions, lived over HTTP and told as a page.

`python -m tests.service.two_ways` writes docs/explanation/a-story-of-two-ways.md; a test lives it again and
compares. Every table is read from the trackers themselves, none from Crosstie's store.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sandbox.github.records import Issue as GitHubIssue
from tests.connectors.github_desk import REPO
from tests.connectors.jira_desk import ANN
from tests.connectors.planner_office import BEN
from tests.service.three_offices import Offices, offices

__all__ = ["PAGE", "Scene", "live", "page"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "a-story-of-two-ways.md"
TITLE = "Firewall rules"

State = Mapping[str, tuple[str, str]]
"""Tracker -> the due date and the status that it holds."""


@dataclass
class Scene:
    """What somebody does, what the trackers hold before and after, and what the command line says."""

    title: str
    told: str
    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    screens: list[tuple[str, int, str]] = field(default_factory=list)


class Cast:
    """The piece of work in the three trackers, and the people who change it."""

    def __init__(self, world: Offices) -> None:
        self.world = world
        due = date(2026, 3, 20)
        self.issue = world.jira.story(TITLE, due=due)
        self.key = world.jira.site.issues[self.issue].key
        self.number = world.github.issue(f"{self.key} {TITLE}", Target_date=due, Status="Todo")
        self.task = world.planner.add(f"{self.key} {TITLE}", due=due)
        world.wait(minutes=5)

    def held(self) -> State:
        """What the trackers hold, asked of themselves."""
        issue = self.world.jira.site.issues[self.issue]
        task = self.world.planner.tenant.task(self.task)
        percent = {0: "not started", 100: "completed"}.get(task.percent, "in progress")
        return {
            "Jira": (_day(issue.due), issue.status.name),
            "GitHub": (_day(self._card("Target date")), str(self._card("Status"))),
            "Planner": (_day(task.due.date() if task.due else None), percent),
        }

    def _card(self, name: str) -> object:
        site = self.world.github.site
        board = site.project("acme", self.world.github.board)
        column = board.named(name)
        content: GitHubIssue = site.issue(REPO, self.number)
        assert column is not None
        held = board.cards[content].values.get(column.id)
        if held is None:
            return None
        names = {option.id: option.name for option in column.options}
        return names.get(held.value, held.value) if isinstance(held.value, str) else held.value

    def ann_moves(self, due: date) -> None:
        self.world.jira.site.edit(self.issue, ANN, due=due)

    def bob_moves(self, due: date) -> None:
        self.world.planner.tenant.edit_task(self.task, BEN, due=due)

    def bob_begins(self) -> None:
        self.world.planner.tenant.edit_task(self.task, BEN, percent=50)


def _day(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else "none"


def live(folder: Path) -> list[Scene]:
    """Live the whole story in an empty folder."""
    with offices(folder) as world:
        cast = Cast(world)
        return [
            _scene(cast, *told)
            for told in (
                (
                    "All agree",
                    "One piece of work, the firewall rules, is in all three trackers, due on 20 March. The "
                    "first `sync` reads them and writes nothing, since all say the same. What they say is "
                    "kept as agreed.",
                    lambda: None,
                    [["sync"]],
                ),
                (
                    "A date moves in Jira, and the others follow",
                    "Ann moves the due date in Jira to 9 April. Nobody else touched it, so it is what all "
                    "mean: GitHub and Planner follow.",
                    lambda: cast.ann_moves(date(2026, 4, 9)),
                    [["pull"], ["changes"], ["apply", "--yes"]],
                ),
                (
                    "Two people edit different fields at once",
                    "Before Crosstie looks again, Ann moves the date to 16 April in Jira, and Bob begins the "
                    "task in Planner. Different fields never clash: both edits reach all three.",
                    lambda: (cast.ann_moves(date(2026, 4, 16)), cast.bob_begins()),
                    [["sync"]],
                ),
                (
                    "Two people edit the same field",
                    "Ann moves the date to 20 April in Jira, Bob to 24 April in Planner. Nobody can know who "
                    "is right, so nothing of it is written anywhere. Only this field of this work waits.",
                    lambda: (cast.ann_moves(date(2026, 4, 20)), cast.bob_moves(date(2026, 4, 24))),
                    [["sync"], ["conflicts", "list"]],
                ),
                (
                    "The conflict is decided",
                    "The project manager takes Jira's date. The decision is written once, and the field is "
                    "settled again.",
                    lambda: None,
                    [
                        ["conflicts", "resolve", "ED-1", "due", "--take", "jira"],
                        ["apply", "--yes"],
                        ["sync"],
                    ],
                ),
                (
                    "The run is taken back",
                    "It was the wrong decision. `undo` puts back what stood there before the run, and leaves "
                    "alone whatever somebody changed after it. What the sides say now is an open question "
                    "again, which Crosstie does not answer by itself.",
                    lambda: None,
                    [["runs", "list"], ["undo", "3", "--yes"], ["changes"]],
                ),
                (
                    "The record",
                    "Every change is told once, by whoever made it, and the audit log proves itself.",
                    lambda: None,
                    [["history", "ED-1"], ["audit", "verify"]],
                ),
            )
        ]


def _scene(cast: Cast, title: str, told: str, act: Callable[[], object], commands: list[list[str]]) -> Scene:
    scene = Scene(title, told)
    act()
    scene.before = cast.held()
    cast.world.wait(minutes=5)
    for command in commands:
        done = cast.world.crosstie(*command)
        scene.screens.append((" ".join(command), done.returncode, _steady(done.stdout + done.stderr)))
    scene.after = cast.held()
    return scene


def _steady(text: str) -> str:
    """A screen without what differs from one life to the next: ports, digests, what it cost."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", text)
    text = re.sub(r", [\d,]+ requests?", "", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "5f0c…", text)
    return re.sub(r"([Cc]hangeset[ -])[0-9a-f]{4}\b", r"\g<1>7f3a", text)


def page(scenes: list[Scene]) -> str:
    """The story as Markdown."""
    parts = [_HEAD]
    for number, scene in enumerate(scenes, 1):
        parts.append(f"## {number}. {scene.title}\n\n{_filled(scene.told)}\n")
        parts.append(_table(scene.before, scene.after))
        for command, code, screen in scene.screens:
            tail = f"(exit code {code})\n" if code else ""
            parts.append(f"```text\n$ crosstie {command}\n{screen.rstrip()}\n{tail}```\n")
    return "\n".join(parts)


def _table(before: State, after: State) -> str:
    rows = ["| | due before | due after | status before | status after |", "|---|---|---|---|---|"]
    for name in before:
        cells = (before[name][0], after[name][0], before[name][1], after[name][1])
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _filled(text: str) -> str:
    from textwrap import fill

    return fill(text, 120, break_long_words=False, break_on_hyphens=False)


_HEAD = """\
<!-- Written by `python -m tests.service.two_ways`, which lives this story. A test lives it again. -->

# A story of two ways

One piece of work in three trackers, changed by people in each of them, and kept in agreement. What stands
here happened, over HTTP, against stand-ins of the trackers that behave as the real services do. The tables
are read from the trackers themselves. To set this up for your own project, see
[keep trackers in agreement](../how-to/sync.md).
"""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(live(Path(folder))), encoding="utf-8")
    sys.stdout.write(f"Wrote {PAGE}.\n")
