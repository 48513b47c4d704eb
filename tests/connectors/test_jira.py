"""The Jira connector against a stand-in of Jira Cloud and of Data Center, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any, ClassVar

import pytest

from connectors.conformance import ConnectorContract, Trial
from connectors.jira.connector import Connector
from tests.connectors.jira_desk import ANN, BOB, MONDAY, Desk


def furnish(desk: Desk) -> list[str]:
    """Ten issues with all the contract looks at: moves, sprints, links, worklogs, another project."""
    site = desk.site
    site.add_project("OPS", "Operations")
    ids = [desk.story(f"Story {n}", points=n, version=desk.version) for n in range(9)]
    epic = site.create_issue("ED", "Epic", "An epic", ANN)
    sub_task = site.create_issue("ED", "Sub-task", "Part of a story", BOB, parent=ids[7])
    desk.wait(hours=1)
    site.edit(ids[0], BOB, sprint=desk.first, points=5, due=date(2026, 4, 1), start=date(2026, 3, 9))
    site.edit(ids[1], BOB, sprint=desk.first, assignee=BOB, labels=("a", "b"), components=("Web",))
    desk.wait(hours=1)
    site.start_sprint(desk.first)
    site.transition(ids[0], BOB, "In Progress")
    desk.wait(hours=1)
    site.transition(ids[0], BOB, "Done")
    site.transition(ids[2], BOB, "Cancelled")
    site.block(ids[3], ids[4], ANN)
    site.edit(ids[5], ANN, due=date(2026, 4, 2), version=None, parent=epic, priority="High")
    site.edit(ids[5], ANN, due=None, labels=("late",), components=("Web", "Mobile"))
    site.log_work(ids[1], BOB, MONDAY, 5400)
    stranger = site.create_issue("OPS", "Task", "Not ours", ANN)
    site.log_work(stranger, BOB, MONDAY, 60)
    site.link_remote(ids[8], "https://plan.example/8", "Its plan", ANN)
    moved = site.create_issue("OPS", "Task", "Moved in", ANN)
    desk.wait(hours=1)
    site.move(moved, "ED", ANN)
    site.close_sprint(desk.first, carry_to=desk.second, actor=ANN)
    site.set_version(desk.version, date(2026, 7, 1))
    desk.wait(hours=1)
    return [*ids, epic, sub_task, moved]


class TestJira(ConnectorContract):
    """Jira Cloud."""

    options: ClassVar[dict[str, Any]] = {"page_cap": 4, "worklog_page": 1}
    signed: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def trial(self) -> Iterator[Trial]:
        desk = Desk()
        connect = partial(desk.connect, page=4, **self.signed)
        ids = furnish(desk)

        def retitle(title: str) -> str:
            desk.wait(hours=1)
            desk.site.edit(ids[3], ANN, summary=title)
            return ids[3]

        def create(title: str) -> str:
            desk.wait(hours=1)
            return desk.story(title)

        def dead() -> Connector:
            assert desk.stand is not None
            desk.stand.stop()
            return connect()

        with desk.served(**self.options):
            yield Trial(
                connection="jira",
                connect=connect,
                source=desk.source(),
                now=desk.clock.now,
                ids=lambda: frozenset(i for i, issue in desk.site.issues.items() if issue.project == "ED"),
                retitle=retitle,
                create=create,
                refused=lambda: connect(token="ATATT-canary-wrong"),
                unreachable=dead,
                elsewhere=desk.source(project="NOPE"),
                secret="ATATT-canary-wrong",
            )


class TestJiraDataCenter(TestJira):
    """Data Center, with a personal access token."""

    options: ClassVar[dict[str, Any]] = {"data_center": True, "page_cap": 4, "worklog_page": 1}
    signed: ClassVar[dict[str, Any]] = {"user": None}
