"""What listeners of a site are told: one thing that happened, with the records it happened to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.jira.records import Comment, History, Issue, Sprint, Version, Worklog

__all__ = ["Happening", "Listener"]


@dataclass(frozen=True, slots=True)
class Happening:
    """`event` is Jira's name for it; `before` a sprint as it was, `property` the key of a property.

    `secondary`: it happened because something else did.
    """

    event: str
    issue: Issue | None = None
    actor: str | None = None
    history: History | None = None
    worklog: Worklog | None = None
    comment: Comment | None = None
    sprint: Sprint | None = None
    before: Sprint | None = None
    version: Version | None = None
    property: str | None = None
    secondary: bool = False


Listener = Callable[[Happening], None]
