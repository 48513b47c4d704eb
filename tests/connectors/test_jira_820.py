"""A whole pull and a report from a Jira Data Center stand-in that somebody else wrote, as its own process.

What it says of itself, asked for directly, is what the product must say. It knows no feeds of worklogs, no
histories in its search and no reading by id, so this also tries what the connector does without them. Its
worklogs are left out: their numbers begin anew with each issue, so no store can tell them apart.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from service.progress import Silent
from service.pulling import pull_sources
from service.reporting import look
from service.workspace import Workspace

ESTIMATE, SPRINT, EPIC = "customfield_10004", "customfield_10007", "customfield_10008"
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
_PATIENCE = 60.0

CONFIG = """\
version = 1

[connections.jira]
kind = "jira"
url = "{url}"
token = "env:JIRA_TOKEN"

[projects.proj]
name = "A project of somebody else's"
unit = "points"
sources = [{{ connection = "jira", project = "PROJ" }}]
"""


@dataclass
class Other:
    """The stand-in, asked directly."""

    url: str

    def get(self, path: str, **query: Any) -> Any:
        answer = httpx.get(f"{self.url}{path}", params=query, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def issues(self) -> list[dict[str, Any]]:
        first = self.get("/rest/api/2/search", jql="project = PROJ", maxResults=1000)
        assert len(first["issues"]) == first["total"]
        return list(first["issues"])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    port = _free_port()
    own = {
        "JIRA820_HOST": "127.0.0.1",
        "JIRA820_PORT": str(port),
        "JIRA820_SEED": "7",
        "JIRA820_DATE": "2026-11-20",
        "JIRA820_PROJECT_KEY": "PROJ",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "jira820"],
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found = Other(f"http://127.0.0.1:{port}")
        _wait_for(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(other: Other, process: subprocess.Popen[bytes]) -> None:
    """Until it answers; it says no word when it is up, so it is asked."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, "the stand-in ended by itself"
        try:
            other.get("/rest/api/2/serverInfo")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the stand-in gave no answer within {_PATIENCE:g} s")


@dataclass
class Pulled:
    """What the product knows after one pull."""

    workspace: Workspace

    def __post_init__(self) -> None:
        done = pull_sources(self.workspace, self.workspace.sources(), Silent())
        assert [str(failed.error) for failed in done.failed] == []
        (self.finished,) = done.finished
        self.view = self.workspace.store.view(NOW)
        self.issues = {issue.key: issue for issue in self.view.issues()}


@pytest.fixture(scope="module")
def pulled(other: Other, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    folder = tmp_path_factory.mktemp("other")
    (folder / "crosstie.toml").write_text(CONFIG.format(url=other.url), encoding="utf-8")
    workspace = Workspace(folder / "crosstie.toml", {"JIRA_TOKEN": "any-token-will-do"}, lambda: NOW)
    try:
        yield Pulled(workspace)
    finally:
        workspace.close()


def test_every_issue_is_there_with_its_title_status_and_points(other: Other, pulled: Pulled) -> None:
    theirs = other.issues()
    assert pulled.finished.seen == len(theirs) == len(pulled.issues) > 300
    for issue in theirs:
        fields, ours = issue["fields"], pulled.issues[issue["key"]]
        points = fields[ESTIMATE]
        assert ours.title == fields["summary"]
        assert ours.status_original == fields["status"]["name"]
        assert ours.estimate == (None if points is None else Decimal(str(points)))
        assert ours.assignees == ({fields["assignee"]["key"]} if fields["assignee"] else frozenset())
        assert ours.components == {component["name"] for component in fields["components"]}


def test_each_sprint_holds_as_many_issues_and_points_as_they_say(other: Other, pulled: Pulled) -> None:
    boards = [board for board in other.get("/rest/agile/1.0/board")["values"] if board["type"] == "scrum"]
    sprints = {
        sprint["id"]: sprint
        for board in boards
        for sprint in other.get(f"/rest/agile/1.0/board/{board['id']}/sprint")["values"]
    }
    named = {sprint.name: sprint for sprint in pulled.view.sprints()}
    assert len(sprints) == 5
    for id, theirs in sprints.items():
        page = other.get(f"/rest/agile/1.0/sprint/{id}/issue", maxResults=1000)
        ours = [issue for issue in pulled.issues.values() if named[theirs["name"]].ref.id in issue.sprints]
        assert {issue.key for issue in ours} == {issue["key"] for issue in page["issues"]}
        points = [issue["fields"].get(ESTIMATE) for issue in page["issues"]]
        assert sum(issue.estimate or 0 for issue in ours) == sum(Decimal(str(p)) for p in points if p)
        assert named[theirs["name"]].state == theirs["state"]


def test_epics_and_sub_tasks_are_where_they_say(other: Other, pulled: Pulled) -> None:
    theirs = other.issues()
    key_of = {issue.ref.id: issue.key for issue in pulled.issues.values()}
    for issue in theirs:
        fields = issue["fields"]
        parent = fields["parent"]["key"] if "parent" in fields else fields[EPIC]
        ours = pulled.issues[issue["key"]].parent
        assert (key_of[ours] if ours else None) == parent, issue["key"]
    assert Counter(fields is not None for fields in (i["fields"][EPIC] for i in theirs))[True] > 50


def test_the_history_of_an_issue_is_told_change_by_change(other: Other, pulled: Pulled) -> None:
    changed = 0
    for issue in other.issues()[::25]:
        log = other.get(f"/rest/api/2/issue/{issue['key']}", expand="changelog")["changelog"]
        moves = [
            (item["fromString"], item["toString"])
            for history in log["histories"]
            for item in history["items"]
            if item["field"] == "status"
        ]
        ref = pulled.issues[issue["key"]].ref
        told = [
            (change.before, change.after)
            for change in pulled.view.changes(fields=("status_original",))
            if change.ref == ref
        ]
        assert sorted(told) == sorted(moves), issue["key"]
        changed += len(moves)
    assert changed > 0


def test_the_scope_report_counts_what_they_count(other: Other, pulled: Pulled) -> None:
    work = look(pulled.workspace, "proj", NOW)
    theirs = other.issues()
    parents = {i["fields"]["parent"]["key"] for i in theirs if "parent" in i["fields"]}
    parents |= {i["fields"][EPIC] for i in theirs if i["fields"][EPIC]}
    leaves = {item.key for item in work.items.values() if item.leaf}
    assert leaves == {issue["key"] for issue in theirs} - parents
    points = sum(Decimal(str(i["fields"][ESTIMATE] or 0)) for i in theirs if i["key"] in leaves)
    assert sum(item.estimate or 0 for item in work.items.values() if item.leaf) == points > 0


def test_a_second_pull_changes_nothing(other: Other, pulled: Pulled) -> None:
    done = pull_sources(pulled.workspace, pulled.workspace.sources(), Silent())
    assert [str(failed.error) for failed in done.failed] == []
    assert [(step.added, step.changed, step.events) for step in done.finished] == [(0, 0, 0)]
