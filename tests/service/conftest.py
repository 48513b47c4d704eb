"""The world's stand-ins, served once for each module that runs the command line against them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.run import Sandbox
from tests.service.commandline import CommandLine, laid_out, world_of


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(world_of(), tmp_path_factory.mktemp("sandbox")) as served:
        yield served


@pytest.fixture
def lay_out(sandbox: Sandbox, tmp_path: Path) -> Callable[..., CommandLine]:
    """Makes a command line in a fresh folder, on the sandbox's config or on another."""
    return lambda config=None, name="desk": laid_out(sandbox, tmp_path / name, config)


@pytest.fixture(scope="module")
def pulled_once(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A folder in which everything was pulled; to be looked at, not changed."""
    made = laid_out(sandbox, tmp_path_factory.mktemp("pulled"))
    done = made.run("pull")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def pulled(pulled_once: CommandLine, tmp_path: Path) -> CommandLine:
    """A copy of that folder of the test's own."""
    folder = Path(shutil.copytree(pulled_once.folder, tmp_path / "pulled"))
    return CommandLine(folder, dict(pulled_once.environ))
