"""Ties after a read: every project whose sources were read is matched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.wiring import kinds
from sync.audience import audiences_of
from sync.authority import Watch
from sync.tie import retie

if TYPE_CHECKING:
    from config.settings import Config
    from service.workspace import Workspace

__all__ = ["retie_projects", "watch_of"]


def watch_of(config: Config) -> Watch:
    """By what the config tells outsiders from people."""
    known = kinds(faulty=True)
    verified = {name for name, one in config.connections.items() if known[one.kind].verified}
    return Watch(audiences_of(config), config.people, verified)


def retie_projects(workspace: Workspace, only: str | None = None) -> None:
    """Bring the ties of one project, or of all, up to date."""
    names = [only] if only else list(workspace.config.projects)
    for name in names:
        _, project = workspace.project(name)
        retie(workspace.store, project, workspace.clock(), watch_of(workspace.config))
