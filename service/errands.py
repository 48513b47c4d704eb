"""What the daemon does by the clock besides reading: tidying up, backups, and looking after webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from service.hooks.doors import hooked
from service.hooks.upkeep import look_after
from service.keeping import keep_house
from service.timetable import Errand

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["errands_of"]

_UPKEEP = timedelta(hours=1)


def errands_of(workspace: Workspace) -> tuple[Errand, ...]:
    """The errands that this config asks for."""
    return tuple(_errands(workspace))


def _errands(workspace: Workspace) -> Iterator[Errand]:
    settings = workspace.config.daemon
    yield Errand("tidy", partial(_tidy, workspace), cron=settings.tidy)
    if any(hooked(workspace)):
        yield Errand("webhooks", partial(look_after, workspace), every=_UPKEEP)
    if settings.backups is not None and workspace.config.general.store.url.startswith("sqlite"):
        yield Errand("backup", partial(_back_up, workspace), cron=settings.backup)


def _tidy(workspace: Workspace) -> str:
    keep_house(workspace)
    workspace.store.room.hold()
    return "old pages, deliveries and writes were forgotten"


def _back_up(workspace: Workspace) -> str:
    """A proven backup first; only then the oldest ones go."""
    from model.backup import back_up

    settings, now = workspace.config.daemon, workspace.clock()
    folder = settings.backups
    assert folder is not None, "asked for only with a folder"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"crosstie-{now:%Y%m%d-%H%M%S}.tar"
    config = {workspace.path.name: workspace.path.read_bytes()}
    back_up(workspace.store, file, now, metadata.version("crosstie"), config)
    kept = sorted(folder.glob("crosstie-[0-9]*-[0-9]*.tar"))
    for old in kept[: -settings.keep_backups]:
        old.unlink()
    return f"{file.name} written and examined"
