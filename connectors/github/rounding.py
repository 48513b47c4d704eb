"""What GitHub makes of a value that it is given, and which values a source can hold at all: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from connectors.github.prose import one_line, plain
from connectors.github.settings import GitHubSource
from model.values import StatusCategory

__all__ = ["WRITES", "holds", "latest", "rounded", "rounded_in"]

WRITES = frozenset(
    {"assignees", "body", "due", "estimate", "labels", "milestone", "parent", "priority", "sprints", "start"}
    | {"status", "title"}
)
_ALWAYS = frozenset({"assignees", "body", "labels", "milestone", "parent", "status", "title"})
_MOST_ASSIGNEES = 10


def rounded(field: str, value: object) -> object:
    """The value as GitHub would hand it back, where the source has a place for it."""
    if field == "title":
        return one_line(str(value))
    if field == "body":
        return plain(str(value or "").replace("\r\n", "\n")).rstrip()
    if field == "estimate" and isinstance(value, Decimal):
        return Decimal(repr(float(value)))  # a number on a board is a double
    if field == "labels" and isinstance(value, frozenset):
        return frozenset(label.strip() for label in value if label.strip())
    if field == "assignees" and isinstance(value, frozenset):
        return frozenset(sorted(value)[:_MOST_ASSIGNEES])
    return value


def rounded_in(source: GitHubSource, field: str, value: object) -> object:
    """The same in a source: without a column for it, an open issue is not begun."""
    if field == "status" and value is StatusCategory.DOING and not _has(source, "status"):
        return StatusCategory.TODO
    return rounded(field, value)


def latest(sprints: frozenset[str], begins: Mapping[str, date]) -> frozenset[str]:
    """The one sprint of several that GitHub can hold: the last to begin; all of them if none is known."""
    known = [id for id in sprints if id in begins]
    return frozenset({max(known, key=lambda id: (begins[id], id))}) if known else sprints


def holds(source: GitHubSource) -> frozenset[str]:
    """The fields that issues of this source can hold."""
    held = {role for role in ("start", "due", "estimate") if _has(source, role)}
    if source.issue_fields.priority:
        held.add("priority")
    if source.sprints == "milestone" or (source.sprints == "iteration" and _on_board(source, "sprint")):
        held.add("sprints")
    return _ALWAYS | held


def _has(source: GitHubSource, role: str) -> bool:
    return bool(source.issue_fields.named.get(role)) or _on_board(source, role)


def _on_board(source: GitHubSource, role: str) -> bool:
    return source.project is not None and getattr(source.fields, role) is not None
