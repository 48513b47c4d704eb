"""News as webhooks write them: the common keys, and what each event adds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sandbox.github.issue_fields import field_value
from sandbox.github.news import News
from sandbox.github.payloads import Json, Payloads
from sandbox.github.records import Account, Draft, FieldValue, Issue, Item, stamp

__all__ = ["body_of", "common"]

_REACTIONS = ("+1", "-1", "confused", "eyes", "heart", "hooray", "laugh", "rocket")


def body_of(news: News, payloads: Payloads, base: str) -> Json:
    """A delivery's body, without the installation."""
    return {
        "action": news.action,
        **_PARTS[news.event](news, payloads, base),
        **common(news, payloads, base),
    }


def common(news: News, payloads: Payloads, base: str) -> Json:
    """Where it happened and who did it; what nobody did is said to be the owner's."""
    repo = news.repo
    owner = repo.owner if repo else news.org
    body: Json = {"repository": payloads.repo(repo)} if repo else {}
    body.get("repository", {}).pop("permissions", None)
    if owner is not None and owner.organization:
        body["organization"] = _organization(owner, base)
    sender = news.actor or owner
    assert sender is not None
    return body | {"sender": payloads.account(sender)}


def _organization(org: Account, base: str) -> Json:
    url = f"{base}/orgs/{org.login}"
    return {
        "login": org.login,
        "id": org.id,
        "node_id": org.node_id,
        "url": url,
        **{f"{word}_url": f"{url}/{word}" for word in ("repos", "events", "hooks", "issues")},
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{base}/avatars/u/{org.id}?v=4",
        "description": None,
    }


def _issue(issue: Issue, payloads: Payloads, base: str) -> Json:
    """An issue in a delivery also counts its reactions."""
    url = f"{payloads.issue_url(issue)}/reactions"
    counts = {"url": url, "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}
    return {**payloads.issue(issue), "reactions": counts}


def _issues(news: News, payloads: Payloads, base: str) -> Json:
    detail, told = news.detail or {}, {"issue": _issue(news.subject, payloads, base)}
    match news.action:
        case "labeled" | "unlabeled":
            return told | {"label": payloads.label(news.subject.repo, detail["label"])}
        case "milestoned" | "demilestoned":
            return told | {"milestone": payloads.milestone(detail["milestone"])}
        case "assigned" | "unassigned":
            return told | {"assignee": payloads.account(detail["assignee"])}
        case "typed" | "untyped":
            return told | {"type": payloads.type(detail["type"] or detail["previous"])}
        case "edited":
            field = "body" if "body" in detail else "title"
            return told | {"changes": {field: {"from": detail.get("body", detail.get("before"))}}}
        case "field_added" | "field_removed":
            return told | _field(news.subject, detail)
        case "transferred" | "opened":
            return told | _moved(detail, payloads, base)
        case _:
            return told


def _field(issue: Issue, detail: Any) -> Json:
    """A value of an organization's field: given, changed or taken away."""
    field = detail["field"]
    told: Json = {"issue_field": {"id": field.id, "name": field.name, "field_type": field.type}}
    given = issue.fields.get(field.id)
    if given is not None:
        value = field_value(given)
        told["issue_field_value"] = {"id": field.id, "value": value["value"]}
        if "single_select_option" in value:
            told["issue_field_value"]["option"] = value["single_select_option"]
        if detail["before"] is not None:
            told["changes"] = {"issue_field_value": {"from": detail["before"]}}
    return told


def _moved(detail: Any, payloads: Payloads, base: str) -> Json:
    """Where an issue came from or went to, if it was transferred."""
    for word in ("new", "old"):
        if word in detail:
            issue = detail[word]
            place = payloads.repo(issue.repo)
            del place["permissions"]
            moved = {f"{word}_issue": _issue(issue, payloads, base), f"{word}_repository": place}
            return {"changes": moved}
    return {}


def _comment(news: News, payloads: Payloads, base: str) -> Json:
    issue = news.subject.issue
    told = {"issue": _issue(issue, payloads, base), "comment": payloads.comment(news.subject)}
    url = f"{told['comment']['url']}/reactions"
    told["comment"]["reactions"] = {"url": url, "total_count": 0, **dict.fromkeys(_REACTIONS, 0)}
    if news.action == "edited":
        told["changes"] = {"body": {"from": (news.detail or {})["body"]}}
    return told


def _milestone(news: News, payloads: Payloads, base: str) -> Json:
    return {"milestone": payloads.milestone(news.subject), **_changes(news)}


def _label(news: News, payloads: Payloads, base: str) -> Json:
    assert news.repo is not None
    return {"label": payloads.label(news.repo, news.subject), **_changes(news)}


def _changes(news: News) -> Json:
    """What an edit changed, by field, with the value before."""
    held = (news.detail or {}).get("changes")
    if held is None:
        return {}
    shown = {
        name: {"from": stamp(old) if isinstance(old, datetime) else old or ""} for name, old in held.items()
    }
    return {"changes": shown}


def _part(news: News, payloads: Payloads, base: str) -> Json:
    """One of the two deliveries about a part and its parent; each names the other's repository."""
    issue, other = news.subject, (news.detail or {})["other"]
    up = news.action.startswith("parent_issue")
    part, parent = (issue, other) if up else (other, issue)
    place = payloads.repo(other.repo)
    return {
        "sub_issue_id": part.id,
        "sub_issue": _issue(part, payloads, base),
        "parent_issue_id": parent.id,
        "parent_issue": _issue(parent, payloads, base),
        ("parent_issue_repo" if up else "sub_issue_repo"): place,
    }


def _dependency(news: News, payloads: Payloads, base: str) -> Json:
    issue, other = news.subject, (news.detail or {})["other"]
    blocked_here = news.action.startswith("blocked_by")
    blocked, blocking = (issue, other) if blocked_here else (other, issue)
    return {
        "blocked_issue_id": blocked.id,
        "blocked_issue": _issue(blocked, payloads, base),
        "blocking_issue_id": blocking.id,
        "blocking_issue": _issue(blocking, payloads, base),
        ("blocking_issue_repo" if blocked_here else "blocked_issue_repo"): payloads.repo(other.repo),
    }


def _item(news: News, payloads: Payloads, base: str) -> Json:
    item: Item = news.subject
    pull = isinstance(item.content, Issue) and item.content.pull
    kind = "DraftIssue" if isinstance(item.content, Draft) else "PullRequest" if pull else "Issue"
    told: Json = {
        "projects_v2_item": {
            "id": item.id,
            "node_id": item.node_id,
            "project_node_id": item.project.node_id,
            "content_node_id": item.content.node_id,
            "content_type": kind,
            "creator": payloads.account(item.creator or item.project.owner),
            "created_at": stamp(item.created),
            "updated_at": stamp(item.updated),
            "archived_at": None,
        }
    }
    return told | (_value(item, news.detail) if news.action == "edited" else {})


def _value(item: Item, detail: Any) -> Json:
    field = detail["field"]
    changed = {
        "field_node_id": field.node_id,
        "field_type": field.type,
        "field_name": field.name,
        "project_number": item.project.number,
        "from": _shown(detail["before"]),
        "to": _shown(detail["after"]),
    }
    return {"changes": {"field_value": changed}}


def _shown(value: FieldValue | None) -> Any:
    """A value as an edit tells it: options and iterations as objects, whole numbers without a point."""
    if value is None:
        return None
    for option in value.field.options:
        if option.id == value.value:
            return {"id": option.id, "name": option.name, "color": "GRAY", "description": ""}
    for one in value.field.iterations:
        if one.id == value.value:
            told: Json = {"id": one.id, "title": one.title, "duration": one.days}
            return told | {"start_date": one.start.isoformat(), "completed": False}
    if isinstance(value.value, date):
        return f"{value.value.isoformat()}T00:00:00+00:00"
    if isinstance(value.value, float) and value.value.is_integer():
        return int(value.value)
    return value.value


_PARTS: dict[str, Callable[[News, Payloads, str], Json]] = {
    "issues": _issues,
    "issue_comment": _comment,
    "milestone": _milestone,
    "label": _label,
    "sub_issues": _part,
    "issue_dependencies": _dependency,
    "projects_v2_item": _item,
}
