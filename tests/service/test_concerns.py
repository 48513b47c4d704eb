"""Nothing fails silently: whatever waits for somebody stands in one list, with its age and a command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from model.inbox import Delivery
from model.leases import Job
from service.concerns import HEARD, Concern, find_concerns, told
from service.workspace import Workspace
from sync.send import PAUSED
from tests.service.offices import NOW, issue, office, read

CONFIG = """
version = 1
[general]
store = { url = "sqlite:///crosstie.db" }
[connections]
one = { kind = "file", root = "." }
gh = { kind = "github", token = "env:TOKEN", webhook_secret = "env:NEW", webhook_secret_old = "env:OLD" }
[projects.erp]
name = "ERP rollout"
sources = [{ connection = "one", path = "plan.csv" }]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = office(tmp_path, CONFIG)
    read(made, issue("one", 1, "A-1"))
    yield made
    made.close()


def _kinds(workspace: Workspace) -> dict[str, Concern]:
    return {concern.kind: concern for concern in find_concerns(workspace)}


def test_each_thing_that_waits_is_listed_with_its_command(workspace: Workspace) -> None:
    with workspace.store.transaction() as writer:
        writer.leases.set(PAUSED, "cut-over", "cli:ada", NOW - timedelta(hours=3))
        writer.leases.set(f"{HEARD}gh", "", "crosstie", NOW - timedelta(days=3))
        writer.leases.note_job(Job("backup", NOW - timedelta(hours=1), NOW, "failed: no room"))
        writer.inbox.append([Delivery("gh", "d-1", b"?", NOW - timedelta(days=1))], NOW, 1000)
        number = writer.inbox.waiting()[0].deliveries[0].number
        writer.inbox.failed([number], "it cannot be understood", NOW, park=True)
    found = _kinds(workspace)
    commands = {kind: concern.command for kind, concern in found.items() if kind != "source"}
    assert commands == {
        "paused": "crosstie resume",
        "silence": "crosstie hooks verify gh",
        "job": "crosstie health",
        "webhook": "crosstie hooks replay gh",
        "rotation": "crosstie hooks verify gh",
    }
    assert found["paused"].since == NOW - timedelta(hours=3)
    assert "cut-over" in found["paused"].what
    assert found["silence"].since == NOW - timedelta(days=3)
    assert "no room" in found["job"].what


def test_the_oldest_comes_first_and_what_has_no_age_last(workspace: Workspace) -> None:
    with workspace.store.transaction() as writer:
        writer.leases.set(PAUSED, "", "cli:ada", NOW - timedelta(hours=3))
        writer.leases.set(f"{HEARD}gh", "", "crosstie", NOW - timedelta(days=3))
    ages = [concern.since for concern in find_concerns(workspace)]
    known = [age for age in ages if age is not None]
    assert known == sorted(known)
    assert ages[-1] is None, "the rotation has no date"


def test_a_connection_that_never_heard_anything_is_not_said_to_be_silent(workspace: Workspace) -> None:
    assert "silence" not in _kinds(workspace)


def test_people_read_what_for_how_long_and_the_command() -> None:
    concern = Concern(
        "paused", "writing", "cli:ada paused all writing", NOW - timedelta(hours=2), "crosstie resume"
    )
    assert list(told([concern], NOW)) == [
        "Waits for somebody (1)",
        "    ▲ writing, for 2 h: cli:ada paused all writing",
        "      crosstie resume",
    ]
    assert list(told([], NOW)) == []
