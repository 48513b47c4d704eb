"""Writing to Jira: what every writing connector promises, on Cloud and on Data Center, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import pytest

from connectors.conformance_writing import WritingContract, WritingTrial
from connectors.jira.connector import Connector
from connectors.writing import Draft
from model.values import StatusCategory
from sandbox.jira.datacenter import user_key
from tests.connectors.jira_desk import ANN, BOB, MONDAY, TOKEN, Desk


class TestWritingJira(WritingContract):
    """Jira Cloud, whose search learns of a write half a minute later."""

    options: ClassVar[dict[str, Any]] = {"index_lag": timedelta(seconds=30)}
    signed: ClassVar[dict[str, Any]] = {}

    def person(self, desk: Desk, account: str) -> str:
        return account

    @pytest.fixture
    def trial(self) -> Iterator[WritingTrial]:
        desk = Desk()
        epics = [desk.site.create_issue("ED", "Epic", f"Epic {n}", ANN) for n in range(2)]
        issue = desk.story("The one to edit", labels=("kept", "old"))
        desk.story("Another")
        desk.site.log_work(issue, BOB, MONDAY, 600)
        desk.wait(hours=1)
        with ExitStack() as running:
            stand = running.enter_context(desk.served(**self.options))

            def dead() -> Connector:
                stand.stop()
                return desk.connect(**self.signed)

            def after(act: Any) -> Any:
                def acted(*args: Any) -> None:
                    act(*args)
                    desk.wait(hours=1)

                return acted

            yield WritingTrial(
                connection="jira",
                connect=partial(desk.connect, **self.signed),
                source=desk.source(),
                now=desk.clock.now,
                issue=issue,
                unknown="99999",
                values=self.values(desk, epics),
                draft=partial(_draft, self.person(desk, BOB)),
                state=lambda: [
                    (i.id, i.summary, i.updated, len(i.history)) for i in desk.site.issues.values()
                ],
                follows={"status": frozenset({"attributes"})},
                retitle=after(lambda id, title: desk.site.edit(id, BOB, summary=title)),
                delete=after(desk.site.delete_issue),
                lose_answer=lambda: stand.faults.once("drop_reply", match="/issue", after=0),
                catch_up=lambda: desk.wait(minutes=2),
                alive=lambda id: frozenset(
                    f"{kind} {who}" for kind, of, who in desk.site.notices if of == id and kind == "mentioned"
                ),
                refused=lambda: desk.connect(token=f"{TOKEN}-wrong", **self.signed),
                unreachable=dead,
            )

    def values(self, desk: Desk, epics: list[str]) -> Mapping[str, tuple[object, ...]]:
        states = StatusCategory
        return {
            "title": ("  Two\nlines  ", "x" * 300),
            "body": ("Line one\n\n[~bob] {code} *b* a-b \\\r\nh1. x", ""),
            "due": (date(2026, 5, 1), None),
            "start": (date(2026, 4, 1), None),
            "estimate": (Decimal("0.5"), None),
            "labels": (frozenset({"kept", "two words"}), frozenset[str]()),
            "assignees": (frozenset({self.person(desk, BOB)}), frozenset[str]()),
            "sprints": (frozenset({str(desk.first)}), frozenset[str]()),
            "milestone": (desk.version, None),
            "parent": (epics[0], None),
            "priority": ("High",),
            "status": (states.DOING, states.DONE, states.TODO, states.CANCELLED),
        }


class TestWritingJiraDataCenter(TestWritingJira):
    """Data Center, with a personal access token."""

    options: ClassVar[dict[str, Any]] = {"data_center": True, "index_lag": timedelta(seconds=30)}
    signed: ClassVar[dict[str, Any]] = {"user": None}

    def person(self, desk: Desk, account: str) -> str:
        return user_key(desk.site, account)


def _draft(person: str, marker: str) -> Draft:
    return Draft(
        marker=marker,
        fields={
            "title": "A twin of something else",
            "due": date(2026, 6, 1),
            "labels": frozenset({"twin"}),
            "assignees": frozenset({person}),
            "estimate": Decimal(3),
            "body": "Mirrored.\n@bob [~bob]",
            "status": StatusCategory.DOING,
        },
        type="Story",
        link="https://plan.example/tasks/1",
        link_title="Its origin",
    )
