"""What a request's body asks of an issue, checked whole before anything of it is applied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.github.errors import Refusal, invalid
from sandbox.github.gate import Call
from sandbox.github.issue_fields import field_values
from sandbox.github.records import IssueField, Repo, StateReason
from sandbox.github.registry import Registry

__all__ = ["Wish", "comment_in", "fields_in", "labels_in", "logins_in", "number_in", "wish_in"]

_LONGEST_TITLE, _LONGEST_BODY, _LONGEST_LABEL = 256, 65_536, 50
_MOST_ASSIGNEES = 10
_REASONS = ("completed", "not_planned", "duplicate", "reopened")


@dataclass(slots=True)
class Wish:
    """What an issue shall be; what isn't mentioned is kept. `state` None: as it is."""

    texts: dict[str, Any] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)
    values: Mapping[IssueField, str | float] = field(default_factory=dict)
    state: str | None = None
    reason: StateReason | None = None


def fields_in(call: Call) -> dict[str, Any]:
    """The body's object. Refusal: it is none."""
    try:
        given = json.loads(call.body or b"{}")
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    if not isinstance(given, dict):
        raise Refusal(400, "Body should be a JSON object")
    return given


def wish_in(given: Mapping[str, Any], repo: Repo, site: Registry, new: bool = False) -> Wish:
    """What the body wishes for an issue of the repository; a new one needs a title."""
    wish = Wish()
    if new or "title" in given:
        wish.texts["title"] = _title(given.get("title"))
    if "body" in given:
        wish.texts["body"] = _text(given["body"])
    if "labels" in given:
        wish.plans["labels"] = labels_in(given)
    if "assignees" in given or "assignee" in given:
        wish.plans["assignees"] = _assignees(given, site)
    if "milestone" in given:
        wish.plans["milestone"] = _milestone(given["milestone"], repo)
    if "type" in given:
        wish.plans["type"] = _type(given["type"], site)
    if given.get("issue_field_values"):
        wish.values = field_values(given["issue_field_values"], site)
    if not new:
        wish.state, wish.reason = _state(given)
    return wish


def _title(given: Any) -> str:
    text = str(given).strip() if isinstance(given, str | int) else ""
    if not text:
        raise invalid("Issue", "title", "missing_field")
    if len(text) > _LONGEST_TITLE:
        raise invalid("Issue", "title", "custom", message="title is too long (maximum is 256 characters)")
    return text


def _text(given: Any) -> str | None:
    if given is not None and not isinstance(given, str):
        raise invalid("Issue", "body", "invalid")
    if given is not None and len(given) > _LONGEST_BODY:
        raise invalid("Issue", "body", "custom", message="body is too long (maximum is 65536 characters)")
    return given or None


def comment_in(given: Mapping[str, Any]) -> str:
    text = given.get("body")
    if not isinstance(text, str) or not text.strip():
        raise invalid("IssueComment", "body", "missing_field")
    if len(text) > _LONGEST_BODY:
        message = "body is too long (maximum is 65536 characters)"
        raise invalid("IssueComment", "body", "custom", message=message)
    return text


def labels_in(given: Mapping[str, Any]) -> list[str]:
    """The names of labels, given as texts or as objects."""
    held = given.get("labels")
    if held is None:
        return []
    if not isinstance(held, list):
        raise invalid("Issue", "labels", "invalid")
    return [_label(one.get("name") if isinstance(one, dict) else one) for one in held]


def _label(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_LABEL:
        raise invalid("Label", "name", "invalid", value=name)
    return name


def logins_in(given: Mapping[str, Any]) -> list[str]:
    held = given.get("assignees") or []
    if not isinstance(held, list):
        raise invalid("Issue", "assignees", "invalid")
    return [one.get("login", "") if isinstance(one, dict) else str(one) for one in held]


def _assignees(given: Mapping[str, Any], site: Registry) -> list[str]:
    """The logins to assign; more than ten are cut off without a word."""
    wanted = logins_in(given)
    if "assignees" not in given:
        wanted = [given["assignee"]] if given["assignee"] else []
    for login in wanted:
        held = site.accounts.get(login.casefold())
        if held is None or held.organization:
            raise invalid("Issue", "assignees", "invalid", value=login)
    return wanted[:_MOST_ASSIGNEES]


def _milestone(given: Any, repo: Repo) -> int | None:
    """A milestone's number; null and the empty text both take it away."""
    if given in (None, ""):
        return None
    number = int(given) if str(given).isdecimal() else 0
    if number not in repo.milestones:
        raise invalid("Issue", "milestone", "invalid", value=given)
    return number


def _type(given: Any, site: Registry) -> str | None:
    name = given.get("value") if isinstance(given, dict) else given
    if name is not None and (not isinstance(name, str) or name.casefold() not in site.types):
        raise invalid("Issue", "type", "invalid", value=name)
    return name


def _state(given: Mapping[str, Any]) -> tuple[str | None, StateReason | None]:
    state, reason = given.get("state"), given.get("state_reason")
    if state not in (None, "open", "closed"):
        raise invalid("Issue", "state", "invalid", value=state)
    if reason not in (None, *_REASONS):
        raise invalid("Issue", "state_reason", "invalid", value=reason)
    return state, reason


def number_in(given: Mapping[str, Any], name: str) -> int:
    """A number that the body must have."""
    held = given.get(name)
    if not isinstance(held, int) or isinstance(held, bool):
        raise invalid("Issue", name, "missing_field")
    return held
