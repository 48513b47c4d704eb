"""What administrators have set up: who may do what, which fields a screen shows, which it insists on."""

from __future__ import annotations

from sandbox.jira.workflow import WORKFLOW, Workflow

__all__ = ["Rules"]


class Rules:
    """Of one site; everything is allowed until somebody says otherwise.

    `conflicts` is how many of the next edits meet somebody else's at the same moment. `frozen` are statuses
    in which an issue's fields cannot be edited.
    """

    def __init__(self) -> None:
        self.workflows: dict[str, Workflow] = {}
        self.conflicts = 0
        self.frozen: set[str] = set()
        self._denied: set[tuple[str, str]] = set()
        self._hidden: set[tuple[str, str, str]] = set()
        self._required: set[tuple[str, str]] = set()

    def workflow(self, project: str) -> Workflow:
        return self.workflows.get(project, WORKFLOW)

    def deny(self, account: str, *permissions: str) -> None:
        self._denied.update((account, permission) for permission in permissions)

    def denies(self, account: str, permission: str) -> bool:
        return (account, permission) in self._denied

    def hide(self, project: str, field: str, *screens: str) -> None:
        """Take a field off the screens "create" and "edit", or off one of them."""
        self._hidden.update((project, field, screen) for screen in screens or ("create", "edit"))

    def hides(self, project: str, field: str, screen: str) -> bool:
        return (project, field, screen) in self._hidden

    def require(self, project: str, field: str) -> None:
        """Let nobody create an issue without this field, or clear it."""
        self._required.add((project, field))

    def required(self, project: str) -> frozenset[str]:
        return frozenset(field for of, field in self._required if of == project)

    def collide(self) -> bool:
        """Whether this edit meets another one."""
        self.conflicts, met = max(0, self.conflicts - 1), self.conflicts > 0
        return met
