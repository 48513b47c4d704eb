"""Entries of issue timelines."""

from __future__ import annotations

from datetime import datetime

from sandbox.github.graph.columns import CONNECTION, Resolver, Table, always, read
from sandbox.github.graph.context import Connection, Info
from sandbox.github.records import Moment, stamp

__all__ = ["EVENT_FIELDS"]


def _event(**more: Resolver) -> Table:
    return {
        "actor": read("actor"),
        "createdAt": lambda held, _: stamp(held.at),
        "id": read("node_id"),
        **more,
    }


def _detail(name: str) -> Resolver:
    return lambda held, _info: held.detail[name]


def _reason(moment: Moment, _info: Info) -> str | None:
    reason = moment.detail["reason"]
    return reason.upper() if reason else None


def _crosses(moment: Moment, _info: Info) -> bool:
    return moment.detail["other"].repo is not moment.detail["target"].repo


def _latest(held: Connection, info: Info) -> str | None:
    times: list[datetime] = [moment.at for moment in held.rows]
    return stamp(max(times, default=info.context.site.clock.now()))


_PROJECT_EVENT = _event(project=_detail("project"), wasAutomated=always(False))

EVENT_FIELDS: dict[str, Table] = {
    "IssueTimelineItemsConnection": {
        **CONNECTION,
        "filteredCount": lambda held, _: held.page.total,
        "pageCount": lambda held, _: len(held.page.rows),
        "updatedAt": _latest,
    },
    "AssignedEvent": _event(assignee=_detail("assignee")),
    "UnassignedEvent": _event(assignee=_detail("assignee")),
    "ClosedEvent": _event(stateReason=_reason),
    "ReopenedEvent": _event(stateReason=_reason),
    "CrossReferencedEvent": _event(
        isCrossRepository=_crosses,
        referencedAt=lambda held, _: stamp(held.at),
        source=_detail("other"),
        target=_detail("target"),
        willCloseTarget=lambda held, _: held.detail["other"] in held.detail["target"].pulls,
    ),
    "MilestonedEvent": _event(milestoneTitle=_detail("title")),
    "DemilestonedEvent": _event(milestoneTitle=_detail("title")),
    "LabeledEvent": _event(label=_detail("label")),
    "UnlabeledEvent": _event(label=_detail("label")),
    "RenamedTitleEvent": _event(previousTitle=_detail("before"), currentTitle=_detail("after")),
    "ParentIssueAddedEvent": _event(parent=_detail("other")),
    "ParentIssueRemovedEvent": _event(parent=_detail("other")),
    "SubIssueAddedEvent": _event(subIssue=_detail("other")),
    "SubIssueRemovedEvent": _event(subIssue=_detail("other")),
    "TransferredEvent": _event(fromRepository=_detail("repo")),
    "BlockedByAddedEvent": _event(blockingIssue=_detail("other")),
    "BlockedByRemovedEvent": _event(blockingIssue=_detail("other")),
    "BlockingAddedEvent": _event(blockedIssue=_detail("other")),
    "BlockingRemovedEvent": _event(blockedIssue=_detail("other")),
    "IssueFieldAddedEvent": _event(issueField=_detail("field"), value=_detail("after")),
    "IssueFieldChangedEvent": _event(
        issueField=_detail("field"), newValue=_detail("after"), previousValue=_detail("before")
    ),
    "IssueFieldRemovedEvent": _event(issueField=_detail("field")),
    "IssueTypeAddedEvent": _event(issueType=_detail("type")),
    "IssueTypeChangedEvent": _event(issueType=_detail("type"), prevIssueType=_detail("previous")),
    "IssueTypeRemovedEvent": _event(issueType=_detail("previous")),
    "AddedToProjectV2Event": _PROJECT_EVENT,
    "RemovedFromProjectV2Event": _PROJECT_EVENT,
    "ProjectV2ItemStatusChangedEvent": {
        **_PROJECT_EVENT,
        "previousStatus": _detail("before"),
        "status": _detail("after"),
    },
}
