"""Webhooks over REST: hooks of repositories and organizations, an App's own one, and their deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.faults import Faults
from sandbox.github.budgets import Budgets
from sandbox.github.errors import Refusal, invalid
from sandbox.github.gate import Answer, Call
from sandbox.github.hooks import Delivery, Hook, Hooks
from sandbox.github.inputs import fields_in
from sandbox.github.listing import BadCursor, IssueLists, cut
from sandbox.github.places import Places, per_page
from sandbox.github.records import Account, Repo, stamp
from sandbox.github.state import GitHubSite

__all__ = ["HookViews"]

_ORG_ONLY = frozenset({"projects_v2", "projects_v2_item", "projects_v2_status_update"})


class HookViews(Places):
    """Hooks are there for those who may administer what they listen to; for others they are not."""

    def __init__(
        self, site: GitHubSite, lists: IssueLists, budgets: Budgets, faults: Faults, hooks: Hooks
    ) -> None:
        super().__init__(site, lists, budgets, faults)
        self._hooks = hooks

    # Hooks

    def list(self, call: Call) -> Answer:
        target = self._target(call)
        held = [one for one in self._hooks.hooks.values() if one.target is target]
        return self._numbered(call, held, self._hooks.shown)

    def create(self, call: Call) -> Answer:
        target, given = self._target(call), fields_in(call)
        config = _config(given.get("config") or {})
        events = _events(given.get("events", ["push"]), target)
        for one in self._hooks.hooks.values():
            if one.target is target and one.url == config["url"]:
                message = f"Hook already exists on this {one.target_type}"
                raise Refusal(422, "Validation Failed", errors=[{"resource": "Hook", "message": message}])
        active = bool(given.get("active", True))
        made = self._hooks.add(target, events=events, base=call.base, active=active, **config)
        return Answer(self._hooks.shown(made), status=201)

    def show(self, call: Call) -> Answer:
        return Answer(self._hooks.shown(self._hook(call)))

    def edit(self, call: Call) -> Answer:
        """Change a hook; a config without a secret takes the secret away."""
        hook, given = self._hook(call), fields_in(call)
        if "config" in given:
            for name, value in ({"secret": ""} | _config({"url": hook.url} | given["config"])).items():
                setattr(hook, name, value)
        if "events" in given:
            hook.events = _events(given["events"], hook.target)
        hook.events |= frozenset(given.get("add_events", ()))
        hook.events -= frozenset(given.get("remove_events", ()))
        hook.active = bool(given.get("active", hook.active))
        hook.updated = self._site.clock.now()
        return Answer(self._hooks.shown(hook))

    def delete(self, call: Call) -> Answer:
        self._hooks.remove(self._hook(call))
        return Answer(None, status=204)

    def ping(self, call: Call) -> Answer:
        self._hooks.ping(self._hook(call))
        return Answer(None, status=204)

    def config(self, call: Call) -> Answer:
        return Answer(self._hooks.shown(self._hook(call))["config"])

    def edit_config(self, call: Call) -> Answer:
        """Change some of a hook's config and keep the rest."""
        hook = self._hook(call)
        for name, value in _config({"url": hook.url} | fields_in(call)).items():
            setattr(hook, name, value)
        hook.updated = self._site.clock.now()
        return self.config(call)

    # Deliveries

    def deliveries(self, call: Call) -> Answer:
        """The log, newest first, by cursor; what never connected is neither a success nor a failure."""
        kept = self._hooks.kept(self._hook(call))
        wanted = call.query.get("status")
        if wanted in ("success", "failure"):
            kept = [one for one in kept if _outcome(one) == wanted]
        try:
            page = cut(kept, lambda one: (-one.id,), per_page(call), call.query.get("cursor"))
        except BadCursor as error:
            raise Refusal(422, str(error)) from error
        headers = {}
        if page.after:
            following = {**call.query, "cursor": page.end or ""}
            headers["link"] = f'<{call.url.partition("?")[0]}?{urlencode(following)}>; rel="next"'
        return Answer([_item(one) for one in page.rows], headers=headers)

    def delivery(self, call: Call) -> Answer:
        held = self._delivery(call)
        reply = held.reply
        assert reply is not None
        request = {"headers": held.headers, "payload": dict(held.payload)}
        response = {"headers": dict(reply.headers), "payload": reply.body}
        return Answer({**_item(held), "url": held.hook.url, "request": request, "response": response})

    def attempt(self, call: Call) -> Answer:
        self._hooks.redeliver(self._delivery(call))
        return Answer({}, status=202)

    # Who may

    def _target(self, call: Call) -> Repo | Account:
        if "repo" in call.path or "repo_id" in call.path:
            repo = self._repo(call)
            self._administers(call, repo)
            return repo
        org = self._organization(call)
        self._administers(call, org)
        return org

    def _administers(self, call: Call, place: Repo | Account) -> None:
        """Refusal 404: the viewer doesn't administer it, or the token may not touch webhooks."""
        token = call.viewer.token
        if token is None or not token.keeps_hooks(isinstance(place, Account)):
            raise Refusal(404, "Not Found")
        owner = place if isinstance(place, Account) else place.owner
        administers = owner is token.owner if token.of_app else self._is_admin(place, token.account)
        if not administers:
            raise Refusal(404, "Not Found")

    def _is_admin(self, place: Repo | Account, account: Account) -> bool:
        return self._site.role(place, account) == "admin"

    def _hook(self, call: Call) -> Hook:
        if "id" not in call.path:
            app = self._app(call)
            held = next((one for one in self._hooks.hooks.values() if one.target is app), None)
        else:
            target, held = self._target(call), self._hooks.hooks.get(call.path["id"])
            held = held if held is not None and held.target is target else None
        if held is None:
            raise Refusal(404, "Not Found")
        return held

    def _delivery(self, call: Call) -> Delivery:
        id = call.path["delivery"]
        for one in self._hooks.kept(self._hook(call)):
            if one.id == id:
                return one
        raise Refusal(404, "Not Found")


def _config(given: Mapping[str, Any]) -> dict[str, Any]:
    """Address and secret as a hook keeps them. Refusal: no address that can be sent to."""
    url = given.get("url")
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise invalid("Hook", "url", "missing_field")
    config: dict[str, Any] = {"url": url}
    if "content_type" in given:
        config["content_type"] = given["content_type"]
    if "secret" in given:
        config["secret"] = given["secret"] or ""
    if "insecure_ssl" in given:
        config["insecure"] = str(given["insecure_ssl"]) == "1"
    return config


def _events(given: Any, target: object) -> frozenset[str]:
    """Refusal: what only organizations hear of."""
    wanted = frozenset(given)
    if isinstance(target, Repo) and wanted & _ORG_ONLY:
        raise invalid("Hook", "events", "invalid", value=sorted(wanted & _ORG_ONLY))
    return wanted


def _outcome(delivery: Delivery) -> str:
    status = delivery.reply.status if delivery.reply else 0
    return "unconnected" if status == 0 else "success" if 200 <= status < 400 else "failure"


def _item(delivery: Delivery) -> dict[str, Any]:
    reply = delivery.reply
    assert reply is not None
    fine = 200 <= reply.status < 400
    repository = delivery.payload.get("repository") or {}
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": stamp(delivery.at),
        "redelivery": delivery.redelivery,
        "duration": 0.05,
        "status": "OK" if fine else reply.problem or f"Invalid HTTP Response: {reply.status}",
        "status_code": reply.status,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": (delivery.payload.get("installation") or {}).get("id"),
        "repository_id": repository.get("id"),
        "throttled_at": None,
    }
