"""The GitHub connector against a stand-in of github.com, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connectors.conformance import ConnectorContract, Trial
from connectors.github.connector import Connector
from tests.connectors.github_desk import OTHER, REPO, Desk


def furnish(desk: Desk) -> list[int]:
    """Ten issues with all the contract looks at: labels, people, milestones, links, states, board values."""
    site = desk.site
    numbers = [desk.issue(f"Issue {n}", Estimate=n) for n in range(8)]
    desk.wait(hours=1)
    site.create_pull(REPO, "Not an issue", "ben", "Closes #1")
    site.edit_issue(REPO, numbers[0], "ben", labels=("bug", "docs"), assignees=("ada", "ben"), type="Task")
    site.edit_issue(REPO, numbers[0], "ada", labels=("docs",), assignees=("ben",), title="Issue zero")
    site.edit_issue(REPO, numbers[1], "ada", milestone=desk.milestone)
    desk.put(numbers[0], "Sprint", "Sprint 1")
    desk.put(numbers[1], "Status", "In Progress")
    desk.put(numbers[2], "Target_date", date(2026, 4, 1))
    desk.put(numbers[2], "Start_date", date(2026, 3, 9))
    desk.wait(hours=1)
    site.close(REPO, numbers[3], "ben")
    site.close(REPO, numbers[4], "ben", "not_planned")
    site.reopen(REPO, numbers[4], "ada")
    desk.put(numbers[4], "Status", "Done")
    desk.put(numbers[0], "Sprint", "Sprint 2")
    site.edit_issue(REPO, numbers[1], "ada", milestone=None)
    site.block(REPO, numbers[5], numbers[6], "ada")
    child = site.create_issue(REPO, "A part", "ben", parent=numbers[7], labels=("docs",))
    stranger = site.create_issue(OTHER, "From elsewhere", "ben", labels=("docs",))
    site.add_item("acme", desk.board, OTHER, stranger, "ben")
    desk.wait(hours=1)
    moved = site.transfer(OTHER, stranger, REPO, "ada")
    desk.wait(hours=1)
    return [*numbers, child, moved]


def put_on_trial(desk: Desk, page: int = 3) -> Trial:
    """The served desk as a trial of the contract."""
    numbers = furnish(desk)

    def retitle(title: str) -> str:
        desk.wait(hours=1)
        desk.site.edit_issue(REPO, numbers[5], "ben", title=title)
        return desk.id(numbers[5])

    def create(title: str) -> str:
        desk.wait(hours=1)
        return desk.id(desk.issue(title))

    def ids() -> frozenset[str]:
        held = desk.site.repo(REPO).issues.values()
        return frozenset(issue.node_id for issue in held if not issue.pull)

    def dead() -> Connector:
        assert desk.stand is not None
        desk.stand.stop()
        return desk.connect()

    return Trial(
        connection="gh",
        connect=lambda: desk.connect(page=page),
        source=desk.source(),
        now=desk.clock.now,
        ids=ids,
        retitle=retitle,
        create=create,
        refused=lambda: desk.connect(token="ghp_canary0wrong"),
        unreachable=dead,
        elsewhere=desk.source(repo="acme/nope"),
        secret="ghp_canary0wrong",
    )


class TestGitHub(ConnectorContract):
    @pytest.fixture
    def trial(self) -> Iterator[Trial]:
        desk = Desk()
        with desk.served():
            yield put_on_trial(desk)
