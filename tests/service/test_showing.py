"""What the demo says of itself at its end."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from service.showing import command_name


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment's command, in a folder where no shell looks."""
    command = tmp_path / "bin" / "crosstie"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(command), "demo"])
    return command


def test_a_command_that_no_shell_finds_is_named_by_its_place(elsewhere: Path) -> None:
    assert command_name() == str(elsewhere)


def test_a_command_on_the_path_is_called_by_its_name(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(elsewhere.parent))
    assert command_name() == "crosstie"
