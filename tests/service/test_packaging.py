"""The wheel works from a fresh environment, whatever folders of our names lie about."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

import pytest

from service.entry import FOLDERS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the built wheel in it; dependencies are found where this run has them."""
    place = tmp_path_factory.mktemp("fresh")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = place.glob("crosstie-*.whl")
    venv.create(place / "env", with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(place / "env")}))
    pip = [sys.executable, "-m", "pip", "--python", str(place / "env/bin/python"), "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "env/bin/crosstie"


@pytest.fixture
def rival(tmp_path: Path) -> Path:
    """A folder that holds somebody else's `config` package."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/__init__.py").write_text("raise SystemExit('the rival was run')\n")
    return tmp_path


def run(command: Path, *args: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COVERAGE_PROCESS_START")}
    return subprocess.run(
        [str(command), *args], cwd=cwd, env={**clean, **environ}, capture_output=True, text=True, check=False
    )


def test_the_command_runs_from_a_folder_with_a_rival_package(fresh: Path, rival: Path) -> None:
    done = run(fresh, "version", cwd=rival)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("crosstie ")


def test_a_rival_on_the_python_path_is_named_and_nothing_runs(fresh: Path, rival: Path) -> None:
    done = run(fresh, "version", cwd=rival, PYTHONPATH=str(rival))
    assert done.returncode == 3
    assert f'"config" in {rival}' in done.stderr
    assert "unset PYTHONPATH" in done.stderr
    assert "the rival was run" not in done.stdout + done.stderr


def test_the_wheel_carries_the_folders_and_their_data_but_no_tests(fresh: Path) -> None:
    (wheel,) = fresh.parents[2].glob("crosstie-*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True, check=True
    ).stdout
    tops = {line.split("/")[0] for line in listed.splitlines()[1:] if "/" in line}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(FOLDERS)
    tracked = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    missing = [name for name in tracked if name and f"{name} " not in listed]
    assert missing == []


def test_no_dependency_ships_one_of_our_names() -> None:
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    clashes = []
    for name in locked:
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue  # a part for other platforms
        tops = {path.parts[0].removesuffix(".py") for path in files}
        clashes += [(name, top) for top in tops & set(FOLDERS)]
    assert clashes == []
    assert len(locked) > 20
