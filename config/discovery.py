"""Where the configuration is found: the first place that has it wins whole, nothing is merged.

Above the current folder the search ends at a repository's root or at the home folder: what lies further up
may belong to somebody else on the machine, who must not be able to choose our trackers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from config.problems import ConfigError

__all__ = ["FILE_NAME", "ConfigNotFound", "find_config"]

FILE_NAME = "crosstie.toml"
_VARIABLE = "CROSSTIE_CONFIG"


class ConfigNotFound(ConfigError):
    """There is no config file; `looked` is where it could have been, `named_by` who named a single place."""

    def __init__(self, looked: tuple[Path, ...], named_by: str = "") -> None:
        self.looked = looked
        self.named_by = named_by
        super().__init__(())

    def __str__(self) -> str:
        if self.named_by:
            path = self.looked[0]
            return f"{path}, named by {self.named_by}, does not exist. Correct the path, or: crosstie init"
        places = "".join(f"\n  {path}" for path in self.looked)
        return (
            f"There is no {FILE_NAME}. Looked for:{places}\nWrite one: crosstie init (or try crosstie demo)"
        )


def find_config(
    cwd: Path,
    environ: Mapping[str, str],
    exists: Callable[[Path], bool],
    explicit: Path | None = None,
) -> Path:
    """The config file for a command run in `cwd` (absolute). ConfigNotFound if there is none.

    A file named by `--config` (`explicit`) or CROSSTIE_CONFIG is the only place looked at: if it is missing,
    that is for a person to see, not a reason to take another one.
    """
    named, named_by = (explicit, "--config") if explicit else (environ.get(_VARIABLE), _VARIABLE)
    if named:
        if exists(cwd / named):
            return cwd / named
        raise ConfigNotFound((cwd / named,), named_by)
    looked = tuple(_places(cwd, environ, exists))
    for path in looked:
        if exists(path):
            return path
    raise ConfigNotFound(looked)


def _places(cwd: Path, environ: Mapping[str, str], exists: Callable[[Path], bool]) -> Iterator[Path]:
    home = _folder(environ.get("HOME"))
    for folder in _upwards(cwd, home, exists):
        yield folder / FILE_NAME
    settings = _folder(environ.get("XDG_CONFIG_HOME")) or (home / ".config" if home else None)
    if settings is not None:
        yield settings / "crosstie" / FILE_NAME
    yield Path("/etc/crosstie") / FILE_NAME


def _upwards(cwd: Path, home: Path | None, exists: Callable[[Path], bool]) -> tuple[Path, ...]:
    """`cwd` and the folders above it up to the repository's root or the home folder; else `cwd` alone."""
    folders = (cwd, *cwd.parents)
    for position, folder in enumerate(folders):
        if folder == home or exists(folder / ".git"):
            return folders[: position + 1]
    return folders[:1]


def _folder(value: str | None) -> Path | None:
    """A folder from the environment; relative ones are ignored, as the XDG rules ask."""
    return Path(value) if value and Path(value).is_absolute() else None
