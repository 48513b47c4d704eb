"""What every test folder shares: stores, Hypothesis' pace, and tests that need something from outside."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("connectors.conformance", "connectors.conformance_writing")

pytest_plugins = ["tests.stores"]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

NEEDS: Mapping[str, tuple[str, Callable[[], bool]]] = {
    "shared": ("the shared material in ../shared/data", SHARED.is_dir),
    "browser": ("Chromium", lambda: shutil.which("chromium") is not None),
}
"""Marker -> what its tests need from outside the checkout, and whether it is there."""

settings.register_profile(
    "steady", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("steady"), max_examples=1000)
settings.load_profile("steady")


LONGEST = ("test_equal_end", "test_write_a", "test_cli_", "test_reports_against", "test_day_in")
"""Files that take long by themselves: they begin first, so that no worker ends alone with one of them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here and say so in one line; under CI its absence is an error."""
    items.sort(key=lambda item: not item.path.name.startswith(LONGEST))
    for marker, (what, is_there) in NEEDS.items():
        wanting = [item for item in items if item.get_closest_marker(marker)]
        if not wanting or is_there():
            continue
        if os.environ.get("CI"):
            raise pytest.UsageError(f"{len(wanting)} tests need {what}, which is not here")
        config.hook.pytest_deselected(items=wanting)
        items[:] = [item for item in items if item not in wanting]
        config.stash.setdefault(_LEFT_OUT, []).append(f"{len(wanting)} tests left out: no {what}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    for line in config.stash.get(_LEFT_OUT, []):
        terminalreporter.write_line(line)


_LEFT_OUT = pytest.StashKey[list[str]]()
