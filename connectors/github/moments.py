"""A timeline entry by itself: GitHub's name for it, its own words, and which of our fields it may concern."""

from __future__ import annotations

from connectors.github.mapping import Reading
from connectors.github.payloads import Moment

__all__ = ["COLUMN", "is_column", "name_of", "role_of", "words_of"]

COLUMN = "ProjectV2ItemStatusChangedEvent"


def name_of(kind: str) -> str:
    """GitHub's name of the event as REST writes it: ParentIssueAddedEvent -> parent_issue_added."""
    spelled = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)
    name = spelled.strip("_").removesuffix("_event")
    return "renamed" if name == "renamed_title" else name


def words_of(moment: Moment, reading: Reading) -> tuple[str | None, str | None]:
    """The event's own words, as (before, after)."""
    kind = moment.kind
    label = moment.label.name if moment.label else None
    person = moment.assignee.login or moment.assignee.id if moment.assignee else None
    parent = moment.parent.id if moment.parent else None
    type = moment.issue_type.name if moment.issue_type else None
    previous = moment.prev_issue_type.name if moment.prev_issue_type else None
    origin = moment.from_repository.name_with_owner if moment.from_repository else None
    words: dict[str, tuple[str | None, str | None]] = {
        "LabeledEvent": (None, label),
        "UnlabeledEvent": (label, None),
        "AssignedEvent": (None, person),
        "UnassignedEvent": (person, None),
        "MilestonedEvent": (None, moment.milestone_title),
        "DemilestonedEvent": (moment.milestone_title, None),
        "ClosedEvent": ("open", (moment.state_reason or "closed").lower()),
        "ReopenedEvent": ("closed", "open"),
        "RenamedTitleEvent": (moment.previous_title, moment.current_title),
        "TransferredEvent": (origin, reading.source.repo),
        "ParentIssueAddedEvent": (None, parent),
        "ParentIssueRemovedEvent": (parent, None),
        "IssueTypeAddedEvent": (None, type),
        "IssueTypeChangedEvent": (previous, type),
        "IssueTypeRemovedEvent": (type, None),
        COLUMN: (moment.previous_status or None, moment.status or None),
        "IssueFieldAddedEvent": (None, moment.value),
        "IssueFieldChangedEvent": (moment.previous_value, moment.new_value),
    }
    return words.get(kind, (None, None))


def role_of(moment: Moment, reading: Reading) -> str | None:
    """What the organisation's field means that the moment changed; None: nothing, or it changed none."""
    if moment.issue_field is None:
        return None
    name = moment.issue_field.name.casefold()
    named = reading.source.issue_fields.named.items()
    return next((role for role, known in named if known.casefold() == name), None)


def is_column(moment: Moment, reading: Reading) -> bool:
    board = reading.board
    return (
        moment.kind == COLUMN
        and board is not None
        and moment.project is not None
        and moment.project.id == board.id
    )
