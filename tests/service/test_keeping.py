"""What a pull keeps besides what it read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.keeping import keep_house
from service.workspace import Workspace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIG = """
version = 1
[general]
store = { url = "sqlite:///c.db", keep_raw = "10d" }
[connections]
files = { kind = "file", root = "." }
[projects.erp]
name = "ERP rollout"
sources = [{ connection = "files", path = "plan.csv" }]
deliverables = { ledger = { name = "New ledger", owner = "bo", acceptance = ["books close"] } }
dimensions = { wave = { from = "label", pattern = "wave:(.+)" } }
[people]
bo = { name = "Bo Lind", role = "developer", accounts = { files = "bo" } }
"""


def test_what_the_config_declares_is_in_the_store_and_replaces_what_it_declared_before(tmp_path) -> None:
    path = tmp_path / "crosstie.toml"
    for text in (CONFIG.replace("ERP rollout", "Old name").replace("wave", "phase"), CONFIG):
        path.write_text(text)
        workspace = Workspace(path, {}, lambda: NOW)
        keep_house(workspace)
        (project,) = workspace.store.projects()
        (person,) = workspace.store.people()
        workspace.close()
    assert (project.title, project.sources) == ("ERP rollout", (("files", "plan.csv"),))
    assert [axis.name for axis in project.dimensions] == ["wave"]
    assert [(one.title, one.owner, one.acceptance) for one in project.deliverables] == [
        ("New ledger", "bo", ("books close",))
    ]
    assert (person.title, person.accounts) == ("Bo Lind", (("files", "bo"),))


def test_raw_pages_are_kept_as_long_as_the_config_says_and_no_longer(tmp_path) -> None:
    path = tmp_path / "crosstie.toml"
    path.write_text(CONFIG)
    workspace = Workspace(path, {}, lambda: NOW)
    with workspace.store.transaction() as writer:
        for position, age in (("old", timedelta(days=11)), ("new", timedelta(days=9))):
            writer.progress.keep_page("files", "plan.csv", "issues", "", position, b"page", NOW - age)
    keep_house(workspace)
    assert workspace.store.info().rows["raw_page"] == 1
    workspace.close()
