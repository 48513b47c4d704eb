"""The command line's edges: help without heavy libraries, clear failures, documented exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from connectors.errors import AccessRefused, Misconfigured, RetryLater, Unreachable
from service.failures import Exit, Failure, explain
from service.workspace import clock_from

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "altair",
    "github",
    "graphql",
    "holidays",
    "jira",
    "msal",
    "numpy",
    "sqlalchemy",
    "starlette",
    "vl_convert",
)


def crosstie(*args: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.entry", *args]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(cwd), **environ}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['crosstie', '--help']\n"
        "from service.entry import main\n"
        "try: main()\n"
        "except SystemExit as left: assert left.code == 0, left.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_help_lists_every_command_once_in_a_line_of_its_own(tmp_path: Path) -> None:
    from service.cli import commands
    from service.cli.app import app
    from service.cli.contents import CONTENTS

    listed = [name for section in CONTENTS.values() for name in section]
    app.registered_commands.clear()
    app.registered_groups.clear()
    commands.register(app)
    registered = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert sorted(listed) == sorted(registered)
    told = crosstie("--help", cwd=tmp_path, COLUMNS="80").stdout.splitlines()
    for section in CONTENTS.values():
        for name, said in section.items():
            assert f"  {name:<11}{said}" in told


def test_without_a_config_the_places_looked_at_and_the_next_step_are_named(tmp_path: Path) -> None:
    done = crosstie("check", cwd=tmp_path)
    assert done.returncode == Exit.CONFIGURATION
    assert str(tmp_path / "crosstie.toml") in done.stderr
    assert "crosstie init" in done.stderr


@pytest.mark.parametrize(
    "args", [["--color", "red", "version"], ["nosuch"], ["config", "no"], ["check", "--no"]]
)
def test_wrong_usage_is_exit_2(args: list[str], tmp_path: Path) -> None:
    done = crosstie(*args, cwd=tmp_path)
    assert done.returncode == Exit.USAGE
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pretended_time_must_have_a_zone() -> None:
    assert (
        clock_from({"CROSSTIE_NOW": "2026-03-02T10:00:00+01:00"})().isoformat() == "2026-03-02T09:00:00+00:00"
    )
    for wrong in ("yesterday", "2026-03-02T10:00:00"):
        with pytest.raises(Failure, match="instant with a zone"):
            clock_from({"CROSSTIE_NOW": wrong})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AccessRefused("x"), Exit.REFUSED_BY_TRACKER),
        (Misconfigured("x"), Exit.CONFIGURATION),
        (Unreachable("x"), Exit.TRY_LATER),
        (RetryLater("x", 3), Exit.TRY_LATER),
        (PermissionError(13, "Permission denied", "crosstie.toml"), Exit.CONFIGURATION),
    ],
)
def test_each_expected_failure_has_its_exit_code(error: Exception, code: Exit) -> None:
    failure = explain(error)
    assert failure is not None
    assert failure.exit is code


def test_a_fault_of_our_own_is_not_explained_away() -> None:
    assert explain(ZeroDivisionError()) is None


def test_every_exit_code_is_documented() -> None:
    page = (ROOT / "docs/reference/exit-codes.md").read_text()
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert documented == {int(code) for code in Exit}
