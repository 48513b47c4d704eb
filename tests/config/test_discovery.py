"""The config file is looked for in stated places, in a stated order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.discovery import ConfigNotFound, find_config

HERE = Path("/home/pm/work/repo/docs/plans")
HOME = {"HOME": "/home/pm"}


def among(*paths: str) -> Callable[[Path], bool]:
    return lambda path: str(path) in paths


def looked_for(cwd: Path, environ: dict[str, str], *existing: str) -> list[str]:
    with pytest.raises(ConfigNotFound) as raised:
        find_config(cwd, environ, among(*existing))
    return [str(path) for path in raised.value.looked]


def test_a_file_named_on_the_command_line_comes_before_everything() -> None:
    exists = among(f"{HERE}/mine.toml", f"{HERE}/crosstie.toml", "/other.toml")
    environ = {"CROSSTIE_CONFIG": "/other.toml"}
    assert find_config(HERE, environ, exists, explicit=Path("mine.toml")) == HERE / "mine.toml"
    assert find_config(HERE, environ, exists) == Path("/other.toml")
    assert find_config(HERE, {}, exists) == HERE / "crosstie.toml"


@pytest.mark.parametrize(
    ("environ", "explicit", "by"),
    [({}, Path("/gone.toml"), "--config"), ({"CROSSTIE_CONFIG": "/gone.toml"}, None, "CROSSTIE_CONFIG")],
)
def test_a_named_file_that_is_missing_is_an_error_not_a_reason_to_take_another(
    environ: dict[str, str], explicit: Path | None, by: str
) -> None:
    with pytest.raises(ConfigNotFound, match=f"/gone.toml, named by {by}, does not exist"):
        find_config(HERE, environ, among(f"{HERE}/crosstie.toml"), explicit)


def test_the_nearest_folder_up_to_the_repositorys_root_wins() -> None:
    root = "/home/pm/work/repo"
    exists = among(f"{root}/.git", f"{root}/crosstie.toml", "/home/pm/work/crosstie.toml")
    assert find_config(HERE, HOME, exists) == Path(root) / "crosstie.toml"


def test_nothing_above_the_repositorys_root_is_taken() -> None:
    looked = looked_for(HERE, HOME, "/home/pm/work/repo/.git", "/home/pm/work/crosstie.toml")
    assert looked == [
        f"{HERE}/crosstie.toml",
        "/home/pm/work/repo/docs/crosstie.toml",
        "/home/pm/work/repo/crosstie.toml",
        "/home/pm/.config/crosstie/crosstie.toml",
        "/etc/crosstie/crosstie.toml",
    ]


def test_outside_a_repository_the_search_ends_at_the_home_folder() -> None:
    assert looked_for(HERE, HOME, "/home/crosstie.toml")[4] == "/home/pm/crosstie.toml"
    assert "/home/crosstie.toml" not in looked_for(HERE, HOME, "/home/crosstie.toml")


def test_a_file_planted_above_a_folder_outside_home_is_not_taken() -> None:
    looked = looked_for(Path("/shared/pm/today"), HOME, "/shared/crosstie.toml")
    assert looked[:2] == ["/shared/pm/today/crosstie.toml", "/home/pm/.config/crosstie/crosstie.toml"]


def test_a_persons_settings_come_before_the_machines() -> None:
    environ = HOME | {"XDG_CONFIG_HOME": "/home/pm/settings"}
    exists = among("/home/pm/settings/crosstie/crosstie.toml", "/etc/crosstie/crosstie.toml")
    assert find_config(HERE, environ, exists) == Path("/home/pm/settings/crosstie/crosstie.toml")
    assert find_config(HERE, {}, exists) == Path("/etc/crosstie/crosstie.toml")


def test_a_relative_settings_folder_is_ignored() -> None:
    assert looked_for(HERE, {"XDG_CONFIG_HOME": "settings"})[-1] == "/etc/crosstie/crosstie.toml"
    assert not any("settings" in path for path in looked_for(HERE, {"XDG_CONFIG_HOME": "settings"}))


def test_without_a_file_the_next_step_is_named() -> None:
    with pytest.raises(ConfigNotFound, match="crosstie init"):
        find_config(HERE, HOME, among())
