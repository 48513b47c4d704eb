"""Which GraphQL type a record is, and what each timeline entry is called there."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.github.records import (
    Account,
    Draft,
    FieldValue,
    Given,
    Issue,
    IssueField,
    IssueType,
    Item,
    Label,
    Milestone,
    Moment,
    Project,
    ProjectField,
    Repo,
)

__all__ = ["EVENTS", "EventName", "Shown", "kind_of"]


@dataclass(frozen=True, slots=True)
class EventName:
    """A timeline entry's object type and the name under which it is asked for."""

    type: str
    item: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A built-in field of an item: not a value of its own but what the card's issue holds."""

    type: str
    field: ProjectField
    content: Issue


_IRREGULAR = {
    "cross-referenced": EventName("CrossReferencedEvent", "CROSS_REFERENCED_EVENT"),
    "renamed": EventName("RenamedTitleEvent", "RENAMED_TITLE_EVENT"),
}
_REGULAR = (
    *("labeled", "unlabeled", "assigned", "unassigned", "milestoned", "demilestoned", "closed", "reopened"),
    *("transferred", "sub_issue_added", "sub_issue_removed", "parent_issue_added", "parent_issue_removed"),
    *("blocked_by_added", "blocked_by_removed", "blocking_added", "blocking_removed"),
    *("issue_field_added", "issue_field_changed", "issue_field_removed"),
    *("issue_type_added", "issue_type_changed", "issue_type_removed"),
    *("added_to_project_v2", "removed_from_project_v2", "project_v2_item_status_changed"),
)
EVENTS = _IRREGULAR | {
    name: EventName("".join(map(str.capitalize, name.split("_"))) + "Event", f"{name.upper()}_EVENT")
    for name in _REGULAR
}
_KINDS: dict[type, str] = {
    Draft: "DraftIssue",
    IssueType: "IssueType",
    Item: "ProjectV2Item",
    Label: "Label",
    Milestone: "Milestone",
    Project: "ProjectV2",
    Repo: "Repository",
}
_FIELD_KINDS = {"single_select": "ProjectV2SingleSelectField", "iteration": "ProjectV2IterationField"}
_VALUE_KINDS = {"single_select": "SingleSelect", "iteration": "Iteration", "number": "Number", "date": "Date"}


_PARTS = {"number": "Number", "date": "Date", "single_select": "SingleSelect", "text": "Text"}


def kind_of(value: object) -> str:
    """The name of the object type a record is written as."""
    if isinstance(value, Account):
        return "Organization" if value.organization else "User"
    if isinstance(value, Issue):
        return "PullRequest" if value.pull else "Issue"
    if isinstance(value, IssueField):
        return f"IssueField{_PARTS[value.type]}"
    if isinstance(value, Given):
        return f"IssueField{_PARTS[value.field.type]}Value"
    if isinstance(value, Moment):
        return EVENTS[value.event].type
    if isinstance(value, ProjectField):
        return _FIELD_KINDS.get(value.type, "ProjectV2Field")
    if isinstance(value, FieldValue):
        return f"ProjectV2ItemField{_VALUE_KINDS.get(value.field.type, 'Text')}Value"
    if isinstance(value, Shown):
        return value.type
    return _KINDS[type(value)]
