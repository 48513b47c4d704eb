"""How many sources are read at the same time, and what stops whom."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Batch
from connectors.errors import ConnectorError, Misconfigured, RetryLater, Unreachable
from connectors.memory.connector import MemoryConnector
from connectors.memory.tracker import MemoryTracker
from service.progress import Silent
from service.pulling import Pulled, pull_sources
from service.waiting import Pauses
from service.workspace import Workspace

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIG = """
version = 1
[general]
store = {{ url = "sqlite:///c.db" }}
[connections]
files = {{ kind = "file", root = ".", parallel = {parallel} }}
[projects.erp]
name = "ERP rollout"
sources = [{sources}]
"""


class Told(MemoryConnector):
    """A connector whose pulls do what the test says, in place of reading."""

    def __init__(self, act: Callable[[str], None]) -> None:
        super().__init__(MemoryTracker(), "open-sesame")
        self._act = act

    def pull(self, source: Any, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        self._act(source.key)
        yield Batch("issues", "1", True)


class Office(Workspace):
    """A workspace whose connectors are the test's own."""

    act: Callable[[str], None]
    made = 0

    def connector(self, settings: object, pauses: Pauses | None = None, *, signs_in: bool = True) -> Any:
        self.made += 1
        return Told(self.act)


def pulled(folder: Path, act: Callable[[str], None], sources: int, parallel: int) -> tuple[Pulled, Office]:
    named = ", ".join(f'{{ connection = "files", path = "{n}.csv" }}' for n in range(sources))
    (folder / "crosstie.toml").write_text(CONFIG.format(parallel=parallel, sources=named))
    office = Office(folder / "crosstie.toml", {}, lambda: NOW)
    office.act = act
    try:
        return pull_sources(office, office.sources(), Silent()), office
    finally:
        office.close()


def test_as_many_sources_are_read_at_a_time_as_the_config_allows(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=20)
    done, office = pulled(tmp_path, lambda _: (together.wait(), None)[1], sources=6, parallel=3)
    assert [step.source for step in sorted(done.finished, key=lambda step: step.source)] == [
        f"{n}.csv" for n in range(6)
    ]
    assert (done.failed, office.made) == ([], 3)


def test_one_at_a_time_means_one_at_a_time(tmp_path: Path) -> None:
    inside = threading.Semaphore(1)

    def act(_: str) -> None:
        assert inside.acquire(blocking=False), "two sources at once"
        inside.release()

    done, office = pulled(tmp_path, act, sources=5, parallel=1)
    assert (len(done.finished), office.made) == (5, 1)


@pytest.mark.parametrize("error", [Unreachable("no answer"), RetryLater("come back at noon", 3600)])
def test_a_tracker_that_is_lost_or_wants_a_long_pause_is_not_asked_for_its_other_sources(
    tmp_path: Path, error: ConnectorError
) -> None:
    asked: list[str] = []

    def act(source: str) -> None:
        asked.append(source)
        raise error

    done, _ = pulled(tmp_path, act, sources=3, parallel=1)
    assert asked == ["0.csv"]
    assert [(failed.source, failed.error) for failed in done.failed] == [
        (f"{n}.csv", error) for n in range(3)
    ]


def test_a_source_that_is_wrong_stops_none_of_the_others(tmp_path: Path) -> None:
    def act(source: str) -> None:
        if source == "0.csv":
            raise Misconfigured("there is no such file")

    done, _ = pulled(tmp_path, act, sources=3, parallel=1)
    assert ([f.source for f in done.failed], len(done.finished)) == (["0.csv"], 2)
