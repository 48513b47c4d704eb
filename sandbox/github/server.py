"""Enterprise Servers: github.com as of some time ago, on a machine of one's own, without rate limits."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BEFORE_BOARDS", "BEFORE_TYPES", "Server"]

_FIELDS = (
    *("IssueFieldCommon", "IssueFieldDate", "IssueFieldNumber", "IssueFieldSingleSelect", "IssueFieldText"),
    *("IssueFields", "IssueFieldDateValue", "IssueFieldNumberValue", "IssueFieldSingleSelectValue"),
    *("IssueFieldTextValue", "IssueFieldValue", "IssueFieldValueConnection", "IssueFieldAddedEvent"),
    *("IssueFieldChangedEvent", "IssueFieldRemovedEvent"),
)
_TYPES = ("IssueType", "IssueTypeAddedEvent", "IssueTypeChangedEvent", "IssueTypeRemovedEvent")
_DEPENDENCIES = (
    *("Issue.blockedBy", "Issue.blocking", "IssueDependenciesSummary", "IssueDependencyOrder"),
    *("IssueDependencyOrderField", "BlockedByAddedEvent", "BlockedByRemovedEvent"),
    *("BlockingAddedEvent", "BlockingRemovedEvent"),
)
_SUB_ISSUES = (
    *("Issue.parent", "Issue.subIssues", "SubIssuesSummary", "ParentIssueAddedEvent"),
    *("ParentIssueRemovedEvent", "SubIssueAddedEvent", "SubIssueRemovedEvent"),
    *("AddSubIssuePayload", "AddSubIssueInput", "RemoveSubIssuePayload", "RemoveSubIssueInput"),
)
_BOARD_EVENTS = (
    *("ProjectV2Event", "AddedToProjectV2Event", "RemovedFromProjectV2Event"),
    "ProjectV2ItemStatusChangedEvent",
)

BEFORE_TYPES = frozenset(
    {*_FIELDS, *_TYPES, *_DEPENDENCIES, *_SUB_ISSUES, *_BOARD_EVENTS, "Issue.stateReason.enableDuplicate"}
    | {"Issue.closedByPullRequestsReferences.includeClosedPrs"}
)
"""What a server of about 2023 lacks: issue types and fields, sub-issues, dependencies, events of boards."""

BEFORE_BOARDS = BEFORE_TYPES | {
    *("Issue.projectItems", "Organization.projectV2", "Organization.projectsV2", "User.projectV2"),
    *("User.projectsV2", "Repository.projectV2", "Issue.stateReason", "ClosedEvent.stateReason"),
    *("ReopenedEvent.stateReason", "Issue.closedByPullRequestsReferences", "AddProjectV2ItemByIdPayload"),
    *("ClearProjectV2ItemFieldValuePayload", "UpdateProjectV2ItemFieldValuePayload"),
}
"""What one of about 2021 lacks besides: Projects boards, and why an issue was closed."""


@dataclass(frozen=True, slots=True)
class Server:
    """An Enterprise Server: its version, and what its GraphQL schema lacks."""

    version: str
    absent: frozenset[str] = BEFORE_TYPES
