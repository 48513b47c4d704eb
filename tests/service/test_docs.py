"""The documentation is true: links lead somewhere, configs load, commands exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import typer.main

from config.load import load
from service.cli import commands
from service.cli.app import app
from service.wiring import kinds

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
)


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def known() -> dict[str, dict[str, object]]:
    """Every command with its own commands."""
    commands.register(app)
    root = typer.main.get_command(app)
    return {name: getattr(command, "commands", {}) for name, command in vars(root)["commands"].items()}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    missing = [
        link for link in links if "://" not in link and not (page.parent / link.partition("?")[0]).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_config_in_the_docs_loads(page: Path, tmp_path: Path) -> None:
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        if "version = 1" in block and 'kind = "notebook"' not in block:  # that one has a test of its own
            assert load(block, kinds(), page.name, tmp_path).projects


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_command_in_the_docs_exists(page: Path, known: dict[str, dict[str, object]]) -> None:
    text = page.read_text(encoding="utf-8")
    for name, sub in re.findall(r"crosstie ([a-z]+)(?: ([a-z]+))?", "\n".join(_code(text))):
        assert name in known, f"crosstie {name}"
        if known[name] and sub:
            assert sub in known[name], f"crosstie {name} {sub}"


def _code(text: str) -> list[str]:
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return [*fenced, *re.findall(r"`([^`\n]+)`", text)]
