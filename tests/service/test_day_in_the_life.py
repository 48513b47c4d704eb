"""150 edits in three trackers arrive by incremental pulls, each of which asks little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.work_day import EDITS, Day, day
from service.progress import Silent
from service.pulling import pull_sources
from service.workspace import Workspace
from tests.sync.told import content


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with day(tmp_path_factory.mktemp("day")) as made:
        yield made


def issues(workspace: Workspace) -> dict[str, dict[str, Any]]:
    rows = [dict(row) for row in content(workspace.store)["issue"]]
    left_out = ("record", "source", "known", "stored")
    return {
        row["record"]: {name: each for name, each in row.items() if name not in left_out}
        for row in rows
        if not (row["gone"] or row["hidden"])
    }


def test_the_edits_have_arrived_as_a_fresh_reading_shows_them(lived: Day, tmp_path: Path) -> None:
    assert lived.edits >= EDITS
    running = lived.running
    old = running.workspace
    text = old.path.read_text(encoding="utf-8").replace("crosstie.db", "fresh.db")
    config = old.path.with_name("fresh.toml")
    config.write_text(text, encoding="utf-8")
    fresh = Workspace(config, old.environ, old.clock)
    assert not pull_sources(fresh, fresh.sources(), Silent()).failed
    there, seen = issues(fresh), issues(old)
    fresh.close()
    assert {name: seen.get(name) for name in there} == there


def test_a_pull_of_a_few_edits_asks_little(lived: Day) -> None:
    for edits, asked in lived.rounds:
        print(f"{edits} edits: {asked}")
        assert sum(asked.values()) < sum(lived.first.values())
    print(f"{lived.edits} edits arrived with {lived.requests} requests in {len(lived.rounds)} pulls")
