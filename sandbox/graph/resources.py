"""How Microsoft Graph v1.0 writes a tenant's records as JSON: key for key, nulls and annotations included."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sandbox.graph.records import Bucket, Group, Plan, Task, User, application, etag, key_of, stamp

__all__ = [
    "bucket_json",
    "group_json",
    "plan_details_json",
    "plan_json",
    "task_details_json",
    "task_json",
    "user_json",
    "who_json",
]

Json = dict[str, Any]
_USER_DEFAULTS = ("displayName", "givenName", "jobTitle", "mail", "surname", "userPrincipalName", "id")


def group_json(group: Group, select: Collection[str] = ()) -> Json:
    nick = "".join(letter for letter in group.name.lower() if letter.isalnum())
    everything: Json = {
        "id": group.id,
        "description": None,
        "displayName": group.name,
        "groupTypes": ["Unified"],
        "mail": f"{nick}@tenant.example",
        "mailEnabled": True,
        "mailNickname": nick,
        "securityEnabled": False,
        "visibility": "Private",
    }
    return {key: value for key, value in everything.items() if not select or key in select}


def user_json(user: User, select: Collection[str] = ()) -> Json:
    """A person; without `$select` only the default properties, which do not say whether they are enabled."""
    everything: Json = {
        "displayName": user.name,
        "givenName": None,
        "jobTitle": None,
        "mail": user.mail,
        "surname": None,
        "userPrincipalName": user.principal,
        "id": user.id,
        "accountEnabled": user.enabled,
    }
    return {key: value for key, value in everything.items() if key in (select or _USER_DEFAULTS)}


def plan_json(plan: Plan, root: str) -> Json:
    container = {"containerId": plan.group, "type": "group", "url": f"{root}/groups/{plan.group}"}
    return {
        "@odata.etag": etag("Plan", plan.version),
        "createdDateTime": stamp(plan.created),
        "owner": plan.group,
        "title": plan.title,
        "id": plan.id,
        "createdBy": {"user": _identity(None), "application": _identity(None)},
        "container": container,
    }


def plan_details_json(plan: Plan) -> Json:
    return {
        "@odata.etag": etag("PlanDetails", plan.details_version),
        "id": plan.id,
        "sharedWith": {},
        "categoryDescriptions": {f"category{slot}": plan.categories.get(slot) for slot in range(1, 26)},
    }


def bucket_json(bucket: Bucket) -> Json:
    return {
        "@odata.etag": etag("Bucket", bucket.version),
        "name": bucket.name,
        "planId": bucket.plan,
        "orderHint": bucket.hint or _order(bucket.ordinal),
        "id": bucket.id,
    }


def task_json(task: Task) -> Json:
    return {
        "@odata.etag": etag("Task", task.version),
        "planId": task.plan,
        "bucketId": task.bucket,
        "title": task.title,
        "orderHint": task.hint or _order(task.ordinal),
        "assigneePriority": _order(task.ordinal) if task.assignees else "",
        "percentComplete": task.percent,
        "startDateTime": _picked(task.start),
        "createdDateTime": stamp(task.created),
        "dueDateTime": _picked(task.due),
        "hasDescription": bool(task.description),
        "previewType": task.preview,
        "completedDateTime": stamp(task.completed),
        "completedBy": who_json(task.completer) if task.completer else None,
        "referenceCount": len(task.references),
        "checklistItemCount": len(task.checklist),
        "activeChecklistItemCount": sum(not item.checked for item in task.checklist),
        "conversationThreadId": task.thread,
        "priority": task.priority,
        "id": task.id,
        "createdBy": {"application": _identity(None), **who_json(task.creator)},
        "appliedCategories": {f"category{slot}": True for slot in sorted(task.categories)},
        "assignments": {
            person: {
                "@odata.type": "#microsoft.graph.plannerAssignment",
                "assignedDateTime": stamp(at),
                "orderHint": _order(task.ordinal),
                "assignedBy": {"application": _identity(None), **who_json(by)},
            }
            for person, (by, at) in task.assignees.items()
        },
    }


def task_details_json(task: Task) -> Json:
    return {
        "@odata.etag": etag("TaskDetails", task.details_version),
        "description": task.description,
        "previewType": task.preview,
        "id": task.id,
        "references": {
            key_of(url): _reference(task, alias, task.kinds.get(url, "Other"))
            for url, alias in task.references.items()
        },
        "checklist": {
            item.id: {
                "@odata.type": "#microsoft.graph.plannerChecklistItem",
                "isChecked": item.checked,
                "title": item.title,
                "orderHint": item.hint or _order(position),
                "lastModifiedDateTime": stamp(item.at),
                "lastModifiedBy": who_json(item.actor),
            }
            for position, item in enumerate(task.checklist)
        },
    }


def who_json(actor: str | None) -> Json:
    """Who did something: a person, or an application alone, which the service shows with an empty person."""
    prefix = application("")
    if actor is not None and actor.startswith(prefix):
        return {"user": _identity(None), "application": _identity(actor.removeprefix(prefix))}
    return {"user": _identity(actor)}


def _reference(task: Task, alias: str, kind: str) -> Json:
    person, at = task.referenced or (task.creator, task.created)
    return {
        "@odata.type": "#microsoft.graph.plannerExternalReference",
        "alias": alias,
        "type": kind,
        "previewPriority": _order(0),
        "lastModifiedDateTime": stamp(at),
        "lastModifiedBy": who_json(person),
    }


def _identity(id: str | None) -> Json:
    return {"displayName": None, "id": id}


def _picked(at: datetime | None) -> str | None:
    """A date that a person picked: written without a fraction, as the web client stores it."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _order(ordinal: int) -> str:
    return f"{8_587_000_000_000_000_000 - ordinal}P\\"
