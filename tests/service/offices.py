"""An office of two file trackers, read in-process: tied issues without any tracker's server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.base import Batch
from model.values import Issue, Ref, StatusCategory
from service.workspace import Workspace
from sync.record import Place, record

__all__ = ["CONFIG", "NOW", "issue", "office", "read"]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIG = """
version = 1
[general]
store = { url = "sqlite:///crosstie.db" }
[connections]
one = { kind = "file", root = "." }
two = { kind = "file", root = "." }
three = { kind = "file", root = "." }
[projects.erp]
name = "ERP rollout"
sources = [
    { connection = "one", path = "plan.csv" },
    { connection = "two", path = "plan.csv" },
    { connection = "three", path = "plan.csv" },
]
"""


def office(folder: Path, config: str = CONFIG) -> Workspace:
    """A workspace in a folder of its own at a fixed instant, run by "tester"."""
    path = folder / "crosstie.toml"
    path.write_text(config)
    return Workspace(path, {"CROSSTIE_USER": "tester"}, lambda: NOW)


def issue(connection: str, number: int, key: str, **fields: object) -> Issue:
    """An issue of a connection's only source."""
    plain = Issue(Ref(connection, str(number)), "plan.csv", key, "Title", "", StatusCategory.TODO, "Open")
    return replace(plain, **fields)  # type: ignore[arg-type]


def read(workspace: Workspace, *issues: Issue) -> None:
    """Record issues as a complete read of their sources an hour ago."""
    for connection in sorted({each.ref.connection for each in issues}):
        mine = tuple(each for each in issues if each.ref.connection == connection)
        with workspace.store.transaction() as writer:
            place = Place(connection, "plan.csv", NOW - timedelta(hours=1), True)
            record(writer, place, Batch("issues", "c", True, issues=mine))
