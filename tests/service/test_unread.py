"""A report over sources that were never read says so, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.reporting import Question, answer
from service.workspace import Workspace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIG = """
version = 1
[connections]
files = { kind = "file", root = "." }
[projects.erp]
name = "ERP rollout"
sources = [{ connection = "files", path = "plan.csv" }]
"""


@pytest.mark.parametrize("kind", ["status", "slip", "scope"])
def test_a_report_names_each_source_that_was_never_read_and_the_next_step(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "crosstie.toml"
    path.write_text(CONFIG)
    workspace = Workspace(path, {}, lambda: NOW)
    text = " ".join(answer(workspace, Question(kind, "erp"), "terminal").text().split())
    workspace.close()
    assert "plan.csv was never read completely" in text
    assert "Run: crosstie pull" in text
