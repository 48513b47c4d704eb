"""Timeline entries as the REST API writes them."""

from __future__ import annotations

from sandbox.github.payloads import Json, Payloads
from sandbox.github.records import Comment, Issue, IssueType, Moment, stamp

__all__ = ["event", "spoken"]


def event(moment: Moment, issue: Issue, payloads: Payloads) -> Json:
    """One entry of an issue's timeline; a cross-reference has no id, project events say nothing more."""
    if moment.event == "cross-referenced":
        return {
            "event": moment.event,
            "actor": payloads.maybe(moment.actor),
            "created_at": stamp(moment.at),
            "updated_at": stamp(moment.at),
            "source": {"type": "issue", "issue": payloads.issue(moment.detail["other"])},
        }
    return {
        "id": moment.id,
        "node_id": moment.node_id,
        "url": f"{payloads.repo_url(issue.repo)}/issues/events/{moment.id}",
        "actor": payloads.maybe(moment.actor),
        "event": moment.event,
        "commit_id": None,
        "commit_url": None,
        "created_at": stamp(moment.at),
        "performed_via_github_app": None,
        **_more(moment, payloads),
    }


def spoken(comment: Comment, payloads: Payloads) -> Json:
    """A comment as an entry of the timeline, where its author is the actor as well."""
    body = payloads.comment(comment)
    return {**body, "event": "commented", "actor": body["user"]}


def _more(moment: Moment, payloads: Payloads) -> Json:
    """What an entry says beyond the common keys; milestones by title only, as on the real site."""
    detail, subject = moment.detail, moment.event.removesuffix("_added").removesuffix("_removed")
    if subject in ("sub_issue", "parent_issue", "blocked_by", "blocking"):
        return {subject: _reference(detail["other"], payloads)}
    match moment.event:
        case "labeled" | "unlabeled":
            return {"label": {"name": detail["label"].name, "color": detail["label"].color}}
        case "milestoned" | "demilestoned":
            return {"milestone": {"title": detail["title"]}}
        case "assigned" | "unassigned":
            return {"assignee": payloads.account(detail["assignee"])}
        case "renamed":
            return {"rename": {"from": detail["before"], "to": detail["after"]}}
        case "closed" | "reopened":
            return {"state_reason": detail["reason"]}
        case "issue_type_added" | "issue_type_changed" | "issue_type_removed":
            named = {"issue_type": _type(detail["type"]), "prev_issue_type": _type(detail["previous"])}
            return {key: value for key, value in named.items() if value is not None}
        case _:
            return {}


def _type(kind: IssueType | None) -> Json | None:
    return None if kind is None else {"id": kind.id, "name": kind.name, "color": kind.color}


def _reference(issue: Issue, payloads: Payloads) -> Json:
    return {
        "number": issue.number,
        "title": issue.title,
        "state": issue.state,
        "state_reason": issue.reason,
        "repository": payloads.repo(issue.repo),
    }
