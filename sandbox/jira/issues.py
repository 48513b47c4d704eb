"""The JSON of an issue: the asked-for fields only, its worklogs and its change histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.jira.adf import document, kept
from sandbox.jira.bodies import Bodies, Json
from sandbox.jira.catalog import EPIC_LINK, RANK, SPRINT, START, IssueType
from sandbox.jira.records import Comment, History, Issue, Item, Worklog
from sandbox.jira.stamps import duration, milliseconds, stamp

__all__ = ["NOT_FIELDS", "IssueBodies"]

_EXPAND = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
_BLOCKS = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
_INLINE_WORKLOGS = 20
NOT_FIELDS = ("id", "key")


class IssueBodies:
    """Shapes issues for one API version: v3 answers long texts as documents, v2 as they were typed."""

    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies
        self.site = bodies.site
        self._makers = self._system_fields() | self._custom_fields()

    def issue(self, issue: Issue, asked: Iterable[str], properties: Iterable[str] = ()) -> Json:
        """An issue with these fields and properties. Search asked for nothing answers the id alone."""
        asked, properties = list(asked), list(properties)
        if (not asked or asked == ["id"]) and not properties:
            return {"id": issue.id}
        body: Json = {
            "expand": _EXPAND,
            "id": issue.id,
            "self": f"{self.bodies.root}/issue/{issue.id}",
            "key": issue.key,
        }
        if any(name not in NOT_FIELDS for name in asked):
            body["fields"] = {name: self._makers[name](issue) for name in self._wanted(issue, asked)}
        if properties:
            body["properties"] = {key: issue.properties[key] for key in properties if key in issue.properties}
        return body

    def with_histories(
        self, issue: Issue, asked: Iterable[str], most: int, properties: Iterable[str]
    ) -> Json:
        """The issue with its histories inside, newest first; of too many only the newest."""
        newest = list(reversed(issue.history[-most:]))
        log = {
            "startAt": 0,
            "maxResults": len(newest),
            "total": len(issue.history),
            "histories": [self.history(history) for history in newest],
        }
        return self.issue(issue, asked, properties) | {"changelog": log}

    def _wanted(self, issue: Issue, asked: list[str]) -> list[str]:
        """Names, `*all`, `*navigable`, and names taken back with a minus; unknown names are ignored.

        An issue without a parent has no such field at all.
        """
        everything = "*all" in asked or "*navigable" in asked
        return [
            name
            for name in self._makers
            if (everything or name in asked)
            and f"-{name}" not in asked
            and (name != "parent" or issue.parent is not None)
        ]

    def history(self, history: History, epoch: bool = False) -> Json:
        """A history; the bulk endpoint writes `created` as epoch milliseconds."""
        body: Json = {"id": str(history.id)}
        if history.author is not None:
            body["author"] = self.bodies.user(history.author)
        body["created"] = milliseconds(history.at) if epoch else self._stamp(history.at)
        return body | {"items": [_item(item) for item in history.items]}

    def worklog(self, worklog: Worklog) -> Json:
        root = f"{self.bodies.root}/issue/{worklog.issue}/worklog"
        return {
            "self": f"{root}/{worklog.id}",
            "author": self.bodies.user(worklog.author),
            "updateAuthor": self.bodies.user(worklog.author),
            "created": self._stamp(worklog.created),
            "updated": self._stamp(worklog.created),
            "started": self._stamp(worklog.started),
            "timeSpent": duration(worklog.seconds),
            "timeSpentSeconds": worklog.seconds,
            "id": str(worklog.id),
            "issueId": worklog.issue,
        }

    def _stamp(self, at: datetime | None) -> str | None:
        return None if at is None else stamp(at, self.site.zone)

    def _system_fields(self) -> dict[str, Callable[[Issue], Any]]:
        return {
            "statuscategorychangedate": lambda issue: self._stamp(issue.category_changed),
            "issuetype": lambda issue: self._type(issue.type),
            "parent": self._parent,
            "timespent": lambda issue: issue.time_spent,
            "project": lambda issue: self.bodies.project(self.site.projects[issue.project]),
            "fixVersions": lambda issue: [
                self.bodies.release(self.site.versions[version]) for version in issue.versions
            ],
            "resolution": lambda issue: (
                self.bodies.named("resolution", issue.resolution) if issue.resolution else None
            ),
            "security": lambda issue: self.bodies.level(issue.level) if issue.level else None,
            "resolutiondate": lambda issue: self._stamp(issue.resolved),
            "created": lambda issue: self._stamp(issue.created),
            "updated": lambda issue: self._stamp(issue.updated),
            "priority": lambda issue: self.bodies.named("priority", issue.priority),
            "labels": lambda issue: list(issue.labels),
            "timeestimate": lambda issue: issue.remaining_estimate,
            "timeoriginalestimate": lambda issue: issue.original_estimate,
            "assignee": lambda issue: self.bodies.user(issue.assignee) if issue.assignee else None,
            "reporter": lambda issue: self.bodies.user(issue.creator),
            "creator": lambda issue: self.bodies.user(issue.creator),
            "status": lambda issue: self.bodies.status(issue.status),
            "components": lambda issue: [self.bodies.named("component", row) for row in issue.components],
            "issuelinks": self._links,
            "description": self._description,
            "summary": lambda issue: issue.summary,
            "duedate": lambda issue: issue.due.isoformat() if issue.due else None,
            "timetracking": _time_tracking,
            "worklog": self._worklogs,
            "comment": self._comments,
        }

    def _custom_fields(self) -> dict[str, Callable[[Issue], Any]]:
        """Every custom field of the site; those of other projects are there, and empty."""
        points = {row.id: partial(self._points, field=row.id) for row in self.site.fields if row.custom}
        return points | {
            EPIC_LINK: self._epic_link,
            START: lambda issue: issue.start.isoformat() if issue.start else None,
            RANK: lambda issue: f"0|i{int(issue.id):05d}:",
            SPRINT: self._sprints,
        }

    def _type(self, type: IssueType) -> Json:
        return {
            "self": f"{self.bodies.root}/issuetype/{type.id}",
            "id": type.id,
            "description": "",
            "iconUrl": f"{self.bodies.base}/issuetype.svg",
            "name": type.name,
            "subtask": type.level < 0,
            "hierarchyLevel": type.level,
        }

    def _points(self, issue: Issue, *, field: str) -> float | None:
        return issue.points if field == self.site.points_field(issue.project) else None

    def _epic_link(self, issue: Issue) -> str | None:
        parent = self.site.issues[issue.parent] if issue.parent else None
        return parent.key if parent and parent.type.level == 1 else None

    def _sprints(self, issue: Issue) -> list[Json] | None:
        """Past sprints and the open one; null for an issue that never was in one."""
        return [self.bodies.sprint_value(self.site.sprints[id]) for id in issue.sprints] or None

    def _description(self, issue: Issue) -> object:
        if self.bodies.version == "3":
            return kept(issue.document) if issue.document else document(issue.description)
        return issue.description or None

    def _parent(self, issue: Issue) -> Json | None:
        return self._brief(self.site.issues[issue.parent]) if issue.parent else None

    def _brief(self, issue: Issue) -> Json:
        return {
            "id": issue.id,
            "key": issue.key,
            "self": f"{self.bodies.root}/issue/{issue.id}",
            "fields": {
                "summary": issue.summary,
                "status": self.bodies.status(issue.status),
                "priority": self.bodies.named("priority", issue.priority),
                "issuetype": self._type(issue.type),
            },
        }

    def _links(self, issue: Issue) -> list[Json]:
        """On the issue that blocks, the other one is the outward issue."""
        sides = (("outwardIssue", issue.blocks), ("inwardIssue", issue.blocked_by))
        return [
            {
                "id": link,
                "self": f"{self.bodies.root}/issueLink/{link}",
                "type": _BLOCKS | {"self": f"{self.bodies.root}/issueLinkType/{_BLOCKS['id']}"},
                side: self._brief(self.site.issues[other]),
            }
            for side, links in sides
            for link, other in links.items()
        ]

    def _worklogs(self, issue: Issue) -> Json:
        """Only the first twenty; `total` tells that there are more."""
        first = [self.worklog(self.site.worklogs[id]) for id in issue.worklogs[:_INLINE_WORKLOGS]]
        total = len(issue.worklogs)
        return {"startAt": 0, "maxResults": _INLINE_WORKLOGS, "total": total, "worklogs": first}

    def comment(self, comment: Comment) -> Json:
        """Its text as a document in version 3, as it was typed in version 2."""
        body: object = comment.text
        if self.bodies.version == "3":
            body = kept(comment.document) if comment.document else document(comment.text)
        return {
            "self": f"{self.bodies.root}/issue/{comment.issue}/comment/{comment.id}",
            "id": str(comment.id),
            "author": self.bodies.user(comment.author),
            "body": body,
            "updateAuthor": self.bodies.user(comment.author),
            "created": self._stamp(comment.created),
            "updated": self._stamp(comment.created),
            "jsdPublic": True,
        }

    def _comments(self, issue: Issue) -> Json:
        address = f"{self.bodies.root}/issue/{issue.id}/comment"
        rows, total = [self.comment(row) for row in issue.comments], len(issue.comments)
        return {"comments": rows, "self": address, "maxResults": total, "total": total, "startAt": 0}


def _item(item: Item) -> Json:
    body: Json = {"field": item.field, "fieldtype": "custom" if item.custom else "jira"}
    if item.field_id:
        body["fieldId"] = item.field_id
    return body | {
        "from": item.before,
        "fromString": item.before_text,
        "to": item.after,
        "toString": item.after_text,
    }


def _time_tracking(issue: Issue) -> Json:
    amounts = {
        "originalEstimate": issue.original_estimate,
        "remainingEstimate": issue.remaining_estimate,
        "timeSpent": issue.time_spent,
    }
    known = {name: seconds for name, seconds in amounts.items() if seconds is not None}
    printed: Json = {name: duration(seconds) for name, seconds in known.items()}
    return printed | {f"{name}Seconds": seconds for name, seconds in known.items()}
