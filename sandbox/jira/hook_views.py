"""The endpoints of webhooks: those of administrators, and those that apps register for thirty days."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox.jira.bodies import Json
from sandbox.jira.calls import INVALID_PAYLOAD, Call, Refusal, Reply
from sandbox.jira.hooks import LIFE, Hook, Hooks
from sandbox.jira.stamps import milliseconds

__all__ = ["HookViews"]

_ADMIN_BODY = ("name", "url", "events", "filters", "excludeBody", "secret", "description", "enabled")
_APPS_ONLY = "The user doesn't have permission to register webhooks; only Connect and OAuth 2.0 apps may."
_SECTION = "issue-related-events-section"
_DYNAMIC = frozenset(
    {
        *(f"jira:issue_{what}" for what in ("created", "updated", "deleted")),
        *(f"comment_{what}" for what in ("created", "updated", "deleted")),
        *("issue_property_set", "issue_property_deleted"),
        *(f"sprint_{what}" for what in ("created", "updated", "started", "closed", "deleted")),
        *(f"jira:version_{what}" for what in ("created", "updated", "released", "unreleased", "deleted")),
    }
)
_CLAUSE = re.compile(
    r"""([A-Za-z][\w.\[\]"]*)\s*(=|!=|~|<=|>=|<|>|\bnot\s+in\b|\bin\b|\bis\b)""", re.IGNORECASE
)
_FIELDS = frozenset({"issuekey", "project", "issuetype", "status", "assignee", "reporter"})
_OPERATORS = frozenset({"=", "!=", "in", "not in"})


class HookViews:
    """Lets administrators and apps see and change `hooks`."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @property
    def admin_routes(self) -> list[tuple[str, str, Callable[[Call], Any]]]:
        """Below /rest/webhooks/1.0."""
        return [
            ("GET", "/webhook", self.list_admin),
            ("POST", "/webhook", self.create_admin),
            ("GET", "/webhook/{hook}", self.show_admin),
            ("DELETE", "/webhook/{hook}", self.delete_admin),
        ]

    @property
    def dynamic_routes(self) -> list[tuple[str, str, Callable[[Call], Any]]]:
        """Below /rest/api/{version}, on Cloud alone."""
        return [
            ("GET", "/webhook", self.list_dynamic),
            ("POST", "/webhook", self.register),
            ("DELETE", "/webhook", self.unregister),
            ("PUT", "/webhook/refresh", self.refresh),
        ]

    def list_admin(self, call: Call) -> list[Json]:
        _administer(call)
        return [_shown(call, hook) for hook in self._hooks.admin.values()]

    def create_admin(self, call: Call) -> Reply:
        account = _administer(call)
        body = call.body(_ADMIN_BODY)
        events, url = body.get("events"), body.get("url")
        if not body.get("name") or not isinstance(events, list) or not _is_address(url):
            raise Refusal(400, INVALID_PAYLOAD)
        hook = self._hooks.add(
            str(url),
            frozenset(events),
            account,
            name=body["name"],
            secret=body.get("secret") or "",
            jql=(body.get("filters") or {}).get(_SECTION) or "",
            exclude_body=bool(body.get("excludeBody")),
        )
        return Reply(201, _shown(call, hook))

    def show_admin(self, call: Call) -> Json:
        _administer(call)
        return _shown(call, self._admin(call))

    def delete_admin(self, call: Call) -> Reply:
        _administer(call)
        del self._hooks.admin[self._admin(call).id]
        return Reply(204)

    def register(self, call: Call) -> Json:
        """What is wrong with one of them spoils only that one."""
        owner = _app(call)
        body = call.body(("url", "webhooks"))
        rows, url = body.get("webhooks"), body.get("url")
        if not isinstance(rows, list) or not _is_address(url):
            raise Refusal(400, INVALID_PAYLOAD)
        results: list[Json] = []
        for row in rows:
            errors = _complaints(row)
            if errors:
                results.append({"errors": errors})
                continue
            hook = self._hooks.add(
                str(url),
                frozenset(row["events"]),
                owner,
                jql=row["jqlFilter"],
                fields=frozenset(row.get("fieldIdsFilter") or ()),
                properties=frozenset(row.get("issuePropertyKeysFilter") or ()),
                expires=call.site.clock.now() + LIFE,
            )
            results.append({"createdWebhookId": hook.id})
        return {"webhookRegistrationResult": results}

    def list_dynamic(self, call: Call) -> Json:
        owner = _app(call)
        rows = [hook for hook in self._hooks.dynamic.values() if hook.owner == owner]
        return call.page(rows, _registered, 100) | {"self": call.address()}

    def refresh(self, call: Call) -> Json:
        """Unknown ids are passed over."""
        owner, until = _app(call), call.site.clock.now() + LIFE
        for hook in self._named(call, owner):
            hook.expires = until
        return {"expirationDate": milliseconds(until)}

    def unregister(self, call: Call) -> Reply:
        owner = _app(call)
        for hook in self._named(call, owner):
            del self._hooks.dynamic[hook.id]
        return Reply(202)

    def _named(self, call: Call, owner: str) -> list[Hook]:
        ids = call.body(("webhookIds",)).get("webhookIds")
        if not isinstance(ids, list):
            raise Refusal(400, "The list of webhook ids is missing.")
        found = (self._hooks.dynamic.get(id) for id in ids)
        return [hook for hook in found if hook is not None and hook.owner == owner]

    def _admin(self, call: Call) -> Hook:
        id = call.parameters["hook"]
        hook = self._hooks.admin.get(int(id)) if id.isdigit() else None
        if hook is None:
            raise Refusal(404, "The webhook does not exist.")
        return hook


def _administer(call: Call) -> str:
    if call.account is None or call.account not in call.site.administrators:
        raise Refusal(
            403, "You are not authorized to perform this operation. Administrator privileges are required."
        )
    return call.account


def _app(call: Call) -> str:
    if call.account is None or call.account not in call.site.apps:
        raise Refusal(403, _APPS_ONLY)
    return call.account


def _is_address(url: Any) -> bool:
    return isinstance(url, str) and urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).netloc)


def _complaints(row: Any) -> list[str]:
    """Why a webhook cannot be registered so."""
    if not isinstance(row, dict) or not row.get("events") or not row.get("jqlFilter"):
        return ["The events and the jqlFilter are required."]
    unknown = sorted(set(row["events"]) - _DYNAMIC)
    errors = [f"The event {event} is unsupported" for event in unknown]
    for field, operator in _CLAUSE.findall(row["jqlFilter"]):
        named = field.lower()
        if named not in _FIELDS and not named.startswith(("issue.property", "cf[")):
            errors.append(f"The clause {field} is unsupported")
        elif " ".join(operator.lower().split()) not in _OPERATORS:
            errors.append(f"The operator {operator} is unsupported")
    return errors


def _shown(call: Call, hook: Hook) -> Json:
    """An administrator's webhook; whether it is signed is told, the secret is not."""
    user = call.site.users[hook.owner]
    return {
        "name": hook.name,
        "url": hook.url,
        "events": sorted(hook.events),
        "filters": {_SECTION: hook.jql},
        "excludeBody": hook.exclude_body,
        "enabled": True,
        "isSigned": bool(hook.secret),
        "self": f"{call.base}/rest/webhooks/1.0/webhook/{hook.id}",
        "lastUpdatedUser": hook.owner,
        "lastUpdatedDisplayName": user.name,
        "lastUpdated": milliseconds(hook.updated) if hook.updated else None,
    }


def _registered(hook: Hook) -> Json:
    body: Json = {"id": hook.id, "url": hook.url, "events": sorted(hook.events), "jqlFilter": hook.jql}
    if hook.expires is not None:
        body["expirationDate"] = milliseconds(hook.expires)
    if hook.fields:
        body["fieldIdsFilter"] = sorted(hook.fields)
    if hook.properties:
        body["issuePropertyKeysFilter"] = sorted(hook.properties)
    return body
