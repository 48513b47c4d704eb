"""What the store keeps besides what was read: what the config declares, and everything else for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.declared import Deliverable, Dimension, Person, Project

if TYPE_CHECKING:
    from model.retention import Forgotten
    from service.workspace import Workspace

__all__ = ["forget_old", "keep_house"]


def keep_house(workspace: Workspace) -> None:
    """Note what the config declares today, and forget raw pages that are older than it wants them."""
    config = workspace.config
    projects = [
        Project(
            name,
            project.name,
            tuple((source.connection, source.key) for source in project.sources),
            tuple(
                Deliverable(key, one.name, one.owner, one.due, one.acceptance)
                for key, one in project.deliverables.items()
            ),
            tuple(
                Dimension(key, axis.origin, axis.pattern, axis.field)
                for key, axis in project.dimensions.items()
            ),
        )
        for name, project in config.projects.items()
    ]
    people = [
        Person(name, person.name, person.role, tuple(sorted(person.accounts.items())))
        for name, person in config.people.items()
    ]
    with workspace.store.transaction() as writer:
        writer.declare(projects, people)
    forget_old(workspace)


def forget_old(workspace: Workspace) -> Forgotten:
    """Forget raw pages, finished deliveries and ended writes that are older than the config wants them."""
    from model.retention import forget

    now, kept = workspace.clock(), workspace.config.general.store
    return forget(
        workspace.store, now - kept.keep_raw, now - kept.keep_deliveries, now - kept.keep_writes, now
    )
