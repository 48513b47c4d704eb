"""What is shipped to run the daemon with: the systemd unit and the container's recipe."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNIT = DEPLOY / "crosstie.service"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


@needs_systemd
def test_the_unit_is_exposed_as_little_as_promised() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    score = re.search(r"Overall exposure level for crosstie\.service: ([\d.]+)", done.stdout)
    assert score is not None, done.stderr
    assert float(score.group(1)) <= 1.5


@needs_systemd
def test_the_unit_is_understood_but_for_the_program_that_is_not_installed_here() -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", str(UNIT)], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if "crosstie.service" in line]
    assert all("/opt/crosstie/bin/crosstie is not executable" in line for line in complaints)


def test_the_unit_tells_the_manager_of_its_life_and_leaves_time_to_stop() -> None:
    told = settings()
    assert told["Type"] == ["notify"]
    assert int(told["WatchdogSec"][0]) == 120
    assert int(told["TimeoutStopSec"][0]) > 10, "a graceful stop may take ten seconds"
    assert "MemoryDenyWriteExecute" not in told, "the chart engine compiles at run time"
    assert told["ExecStart"][0].endswith(" serve")


def test_the_image_runs_as_nobody_in_particular_and_installs_by_hash() -> None:
    recipe = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    user = re.search(r"^USER (\d+):(\d+)$", recipe, re.MULTILINE)
    assert user is not None
    assert int(user.group(1)) >= 10000
    assert "--require-hashes -r requirements.lock" in recipe
    assert "ADD " not in recipe
    assert not re.search(r"^(ENV|ARG) .*(TOKEN|SECRET|PASSWORD)", recipe, re.MULTILINE)
