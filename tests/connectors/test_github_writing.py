"""Writing to GitHub against a stand-in of github.com, over HTTP: the contract of all that write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.conformance_writing import WritingContract, WritingTrial
from connectors.github.connector import Connector
from connectors.writing import Draft
from model.values import StatusCategory
from sandbox.github.mentions import logins, references
from tests.connectors.github_desk import OTHER, REPO, Desk

WRITER = "ghp_canary0of0bot"


class WritingDesk(Desk):
    """A desk at which an account of ours may write, with an issue of Ada's to write to."""

    visibility: str | None = None

    def __init__(self, **desk: Any) -> None:
        super().__init__(**desk)
        self.site.add_user("bot", "Crosstie")
        self.site.add_token("bot", WRITER, ("repo", "project"))
        self.site.add_issue_field("Urgency", "single_select", ("High", "Low"))
        self.second = self.site.create_milestone(REPO, "Hypercare", date(2026, 5, 1))
        self.parents = [self.site.create_issue(OTHER, f"Parent {n}", "ada") for n in (1, 2)]
        self.issue("Leave me alone", Estimate=2)
        self.number = self.issue("Write me", Estimate=1, Status="Todo")
        self.wait(hours=1)

    def write_as(self, token: str = WRITER, url: str | None = None) -> Connector:
        return self.connect(token, url=url)

    @property
    def ours(self) -> Any:
        return self.source(issue_fields={"priority": "Urgency"}, visibility=self.visibility)

    def sprint(self, name: str) -> str:
        held = self.site.project("acme", self.board).named("Sprint")
        assert held is not None
        return f"{held.node_id}/{next(one.id for one in held.iterations if one.title == name)}"

    def told(self, number: int) -> frozenset[str]:
        """What GitHub would act upon in the issue's texts."""
        issue = self.site.issue(REPO, number)
        text = "\n".join([issue.body or "", *(one.body for one in issue.comments)])
        return frozenset([*logins(text), *(f"{repo}#{n}" for repo, n in references(text))])

    def state(self) -> object:
        """Everything that the site holds of the repository and its board."""
        issues = self.site.repo(REPO).issues.values()
        board = self.site.project("acme", self.board)
        return [
            [(one.id, one.title, one.body, one.updated, one.closed, len(one.timeline)) for one in issues],
            [
                (one.id, one.updated, {k: v.value for k, v in one.values.items()})
                for one in board.items.values()
            ],
        ]

    def values(self) -> dict[str, tuple[object, ...]]:
        people = [self.site.account(login).node_id for login in ("ada", "ben")]
        milestones = [self.site.milestone(REPO, n).node_id for n in (self.milestone, self.second)]
        parents = [self.id(number, OTHER) for number in self.parents]
        return {
            "title": ("Another title", "  And\na third  ", "x" * 300),
            "body": ("A text for @ben", "Two lines\r\nof text\n", ""),
            "labels": (frozenset({"a", "b"}), frozenset({"b"}), frozenset()),
            "assignees": (frozenset(people), frozenset(people[:1]), frozenset()),
            "milestone": (*milestones, None),
            "start": (date(2026, 3, 9), None),
            "due": (date(2026, 4, 1), date(2026, 4, 2), None),
            "estimate": (Decimal(5), Decimal("2.5"), Decimal("0.1"), None),
            "sprints": (
                frozenset({self.sprint("Sprint 1")}),
                frozenset({self.sprint("Sprint 2")}),
                frozenset(),
            ),
            "priority": ("High", "Low", None),
            "parent": (*parents, None),
            "status": (
                StatusCategory.DOING,
                StatusCategory.DONE,
                StatusCategory.CANCELLED,
                StatusCategory.DONE,
                StatusCategory.TODO,
                StatusCategory.CANCELLED,
                StatusCategory.DOING,
            ),
        }

    def draft(self, marker: str) -> Draft:
        fields = {
            "title": "A new twin",
            "body": "What @ben said in #1",
            "labels": frozenset({"twin"}),
            "assignees": frozenset({self.site.account("ben").node_id}),
            "milestone": self.site.milestone(REPO, self.milestone).node_id,
            "due": date(2026, 4, 3),
            "estimate": Decimal(3),
            "sprints": frozenset({self.sprint("Sprint 1")}),
            "status": StatusCategory.DOING,
            "parent": self.id(self.parents[0], OTHER),
        }
        return Draft(marker, fields, link="https://jira.example/browse/ERP-1", link_title="ERP-1 for @ben")


class TestWritingGitHub(WritingContract):
    @pytest.fixture
    def trial(self) -> Iterator[WritingTrial]:
        desk = WritingDesk()
        numbers = {desk.id(desk.number): desk.number}

        def retitle(id: str, title: str) -> None:
            desk.wait(hours=1)
            desk.site.edit_issue(REPO, numbers[id], "ben", title=title)

        def lose_answer() -> None:
            assert desk.stand is not None
            desk.stand.faults.once("late_error", f"/repos/{REPO}/issues")

        def dead() -> Connector:
            assert desk.stand is not None
            desk.stand.stop()
            return desk.write_as()

        with desk.served():
            yield WritingTrial(
                connection="gh",
                connect=desk.write_as,
                source=desk.ours,
                now=desk.clock.now,
                issue=desk.id(desk.number),
                unknown="I_kwDOAAAAAAAAAAA",
                values=desk.values(),
                draft=desk.draft,
                state=desk.state,
                follows={"sprints": frozenset({"milestone"})},
                retitle=retitle,
                delete=lambda id: desk.site.delete(REPO, numbers[id], "ada"),
                lose_answer=lose_answer,
                alive=lambda id: desk.told(numbers[id]),
                refused=lambda: desk.write_as("ghp_canary0wrong"),
                unreachable=dead,
            )
