"""How Microsoft Graph v1.0 writes a tenant's records as JSON: key for key, nulls and annotations included."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sandbox.graph.records import Bucket, Group, Plan, Task, User, etag, stamp

__all__ = [
    "bucket_json",
    "group_json",
    "plan_details_json",
    "plan_json",
    "task_details_json",
    "task_json",
    "user_json",
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
        "orderHint": _order(bucket.ordinal),
        "id": bucket.id,
    }


def task_json(task: Task) -> Json:
    return {
        "@odata.etag": etag("Task", task.version),
        "planId": task.plan,
        "bucketId": task.bucket,
        "title": task.title,
        "orderHint": _order(task.ordinal),
        "assigneePriority": _order(task.ordinal) if task.assignees else "",
        "percentComplete": task.percent,
        "startDateTime": _picked(task.start),
        "createdDateTime": stamp(task.created),
        "dueDateTime": _picked(task.due),
        "hasDescription": bool(task.description),
        "previewType": "automatic",
        "completedDateTime": stamp(task.completed),
        "completedBy": {"user": _identity(task.completer)} if task.completer else None,
        "referenceCount": len(task.references),
        "checklistItemCount": len(task.checklist),
        "activeChecklistItemCount": sum(not item.checked for item in task.checklist),
        "conversationThreadId": None,
        "priority": task.priority,
        "id": task.id,
        "createdBy": {"user": _identity(task.creator), "application": _identity(None)},
        "appliedCategories": {f"category{slot}": True for slot in sorted(task.categories)},
        "assignments": {
            person: {
                "@odata.type": "#microsoft.graph.plannerAssignment",
                "assignedDateTime": stamp(at),
                "orderHint": _order(task.ordinal),
                "assignedBy": {"user": _identity(by), "application": _identity(None)},
            }
            for person, (by, at) in task.assignees.items()
        },
    }


def task_details_json(task: Task) -> Json:
    return {
        "@odata.etag": etag("TaskDetails", task.details_version),
        "description": task.description,
        "previewType": "automatic",
        "id": task.id,
        "references": {
            _reference_key(url): _reference(task, alias) for url, alias in task.references.items()
        },
        "checklist": {
            item.id: {
                "@odata.type": "#microsoft.graph.plannerChecklistItem",
                "isChecked": item.checked,
                "title": item.title,
                "orderHint": _order(position),
                "lastModifiedDateTime": stamp(item.at),
                "lastModifiedBy": {"user": _identity(item.actor)},
            }
            for position, item in enumerate(task.checklist)
        },
    }


def _reference(task: Task, alias: str) -> Json:
    person, at = task.referenced or (task.creator, task.created)
    return {
        "@odata.type": "#microsoft.graph.plannerExternalReference",
        "alias": alias,
        "type": "Other",
        "previewPriority": _order(0),
        "lastModifiedDateTime": stamp(at),
        "lastModifiedBy": {"user": _identity(person)},
    }


def _reference_key(url: str) -> str:
    """A URL as a property name: the characters OData can't take there are percent-encoded, `/` is not."""
    return "".join(f"%{ord(char):02X}" if char in "%.:@#" else char for char in url)


def _identity(id: str | None) -> Json:
    return {"displayName": None, "id": id}


def _picked(at: datetime | None) -> str | None:
    """A date that a person picked: written without a fraction, as the web client stores it."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _order(ordinal: int) -> str:
    return f"{8_587_000_000_000_000_000 - ordinal}P\\"
