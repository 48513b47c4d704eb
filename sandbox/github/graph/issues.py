"""Issues, pull requests, milestones and labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.github.graph.columns import CONNECTION, DATED, Table, always, connected, read
from sandbox.github.graph.context import Connection, Info
from sandbox.github.graph.kinds import EVENTS
from sandbox.github.graph.roots import instant
from sandbox.github.records import Issue, stamp

__all__ = ["ISSUE_FIELDS"]


def _timeline(issue: Issue, info: Info, **arguments: Any) -> Connection:
    types, since = arguments.get("itemTypes"), instant(arguments.get("since"))
    rows = [
        moment
        for moment in issue.timeline
        if (types is None or EVENTS[moment.event].item in types)
        and (since is None or moment.at.replace(microsecond=0) >= since)
    ]
    skipped = rows[arguments.get("skip") or 0 :]
    return info.context.connect("timelineItems", skipped, lambda moment: (moment.id,), arguments)


def _cards(issue: Issue, info: Info, **arguments: Any) -> Connection:
    context = info.context
    held = [project.cards[issue] for project in context.site.projects.values() if issue in project.cards]
    return context.connect("projectItems", held, lambda item: (item.id,), arguments)


def _sub_issues(issue: Issue, _info: Info) -> Mapping[str, int]:
    total, done = len(issue.children), sum(child.closed is not None for child in issue.children)
    return {"total": total, "completed": done, "percentCompleted": done * 100 // total if total else 0}


def _dependencies(issue: Issue, _info: Info) -> Mapping[str, int]:
    """Counts of open neighbours, and of all of them."""
    return {
        "blockedBy": sum(one.closed is None for one in issue.blocked_by),
        "blocking": sum(one.closed is None for one in issue.blocking),
        "totalBlockedBy": len(issue.blocked_by),
        "totalBlocking": len(issue.blocking),
    }


def _reason(
    issue: Issue,
    _info: Info,
    enableDuplicate: bool = False,
) -> str | None:
    """Older clients never asked for duplicates and see them as not planned."""
    if issue.reason == "duplicate" and not enableDuplicate:
        return "NOT_PLANNED"
    return issue.reason.upper() if issue.reason else None


def _closers(issue: Issue, info: Info, includeClosedPrs: bool = False, **arguments: Any) -> Connection:
    """The pull requests that close the issue, open ones only unless asked for all."""
    held = [one for one in issue.pulls if includeClosedPrs or one.closed is None]
    return info.context.connect("closedByPullRequestsReferences", held, None, arguments)


def _given(issue: Issue, info: Info, **arguments: Any) -> Connection:
    held = list(issue.fields.values())
    return info.context.connect("issueFieldValues", held, lambda one: (one.field.id,), arguments)


_ISSUE_FIELD: Table = {"id": read("node_id"), "name": read("name")}
_GIVEN: Table = {"field": read("field"), "value": read("value")}
_SHARED: Table = {
    **DATED,
    "author": read("creator"),
    "body": lambda held, _: held.body or "",
    "closedAt": lambda held, _: stamp(held.closed),
    "number": read("number"),
    "repository": read("repo"),
    "state": lambda held, _: held.state.upper(),
    "title": read("title"),
    "url": lambda held, info: info.context.issue_url(held),
}

ISSUE_FIELDS: dict[str, Table] = {
    "Issue": {
        **_SHARED,
        "assignees": connected("assignees"),
        "blockedBy": connected("blocked_by"),
        "blocking": connected("blocking"),
        "closed": lambda held, _: held.closed is not None,
        "closedByPullRequestsReferences": _closers,
        "fullDatabaseId": lambda held, _: str(held.id),
        "issueDependenciesSummary": _dependencies,
        "issueFieldValues": _given,
        "issueType": read("type"),
        "labels": connected("labels"),
        "locked": always(False),
        "milestone": read("milestone"),
        "parent": read("parent"),
        "projectItems": _cards,
        "stateReason": _reason,
        "subIssues": connected("children"),
        "subIssuesSummary": _sub_issues,
        "timelineItems": _timeline,
    },
    "PullRequest": _SHARED,
    "SubIssuesSummary": {
        name: lambda held, info: held[info.field_name] for name in ("completed", "percentCompleted", "total")
    },
    "IssueDependenciesSummary": {
        name: lambda held, info: held[info.field_name]
        for name in ("blockedBy", "blocking", "totalBlockedBy", "totalBlocking")
    },
    "IssueType": {
        "description": always(None),
        "id": read("node_id"),
        "isEnabled": always(True),
        "name": read("name"),
    },
    **{f"IssueField{kind}": _ISSUE_FIELD for kind in ("Date", "Number", "SingleSelect", "Text")},
    **{f"IssueField{kind}Value": _GIVEN for kind in ("Date", "Number", "Text")},
    "IssueFieldSingleSelectValue": {**_GIVEN, "name": read("value")},
    "IssueFieldValueConnection": CONNECTION,
    "PullRequestConnection": CONNECTION,
    "Label": {
        "color": read("color"),
        "description": always(None),
        "id": read("node_id"),
        "name": read("name"),
    },
    "Milestone": {
        **DATED,
        "closed": lambda held, _: held.closed is not None,
        "closedAt": lambda held, _: stamp(held.closed),
        "creator": read("creator"),
        "description": read("description"),
        "dueOn": lambda held, _: stamp(held.due_on),
        "number": read("number"),
        "repository": read("repo"),
        "state": lambda held, _: held.state.upper(),
        "title": read("title"),
        "url": lambda held, info: f"{info.context.repo_url(held.repo)}/milestone/{held.number}",
    },
    "IssueConnection": CONNECTION,
    "LabelConnection": CONNECTION,
    "MilestoneConnection": CONNECTION,
}
