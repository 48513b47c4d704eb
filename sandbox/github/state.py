"""A github.com that is only state: people act on it, the HTTP view reads it."""

from __future__ import annotations

from sandbox.github.projects import ProjectActs
from sandbox.github.registry import KEEP, Keep, UnknownRecord

__all__ = ["KEEP", "GitHubSite", "Keep", "UnknownRecord"]


class GitHubSite(ProjectActs):
    """The whole site: accounts and repositories, issues and milestones, Projects.

    The acts stand in `registry`, `issues` and `projects`; every one is stamped by the world's clock.
    """
