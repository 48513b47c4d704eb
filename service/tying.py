"""Ties after a read: every project whose sources were read is matched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.tie import retie

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["retie_projects"]


def retie_projects(workspace: Workspace, only: str | None = None) -> None:
    """Bring the ties of one project, or of all, up to date."""
    names = [only] if only else list(workspace.config.projects)
    for name in names:
        _, project = workspace.project(name)
        retie(workspace.store, project, workspace.clock())
