"""The Jira stand-in tells of what happens by webhooks, when it is pumped, as Jira does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from sandbox.jira.app import JiraApp
from sandbox.jira.hooks import Delivery, signature
from sandbox.server import Stand
from tests.connectors.wire import Reply, Wire, answer, drop, wire
from tests.sandbox.jira_world import ANN, BOB, MONDAY, Site, Visitor

V3, ADMIN = "/rest/api/3", "/rest/webhooks/1.0/webhook"
SECRET = "It's a Secret to Everybody"
ISSUES = ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted"]


class Office:
    """A served site whose webhooks go to a wire."""

    def __init__(self, stand: Stand, app: JiraApp, wire: Wire) -> None:
        self.app, self.wire = app, wire
        self.ann = Visitor(stand)
        self.bot = Visitor(stand, auth=None)
        self.bot.http.headers["authorization"] = "Bearer app-token"

    def hook(self, **changed: Any) -> dict[str, Any]:
        body = {"name": "sync", "url": f"{self.wire.url}/in", "events": ISSUES, "secret": SECRET} | changed
        made = self.ann.http.post(ADMIN, json=body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    def register(self, *webhooks: dict[str, Any]) -> list[dict[str, Any]]:
        body = {"url": f"{self.wire.url}/app", "webhooks": list(webhooks)}
        results: list[dict[str, Any]] = self.bot.post(f"{V3}/webhook", body)["webhookRegistrationResult"]
        return results

    def got(self) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """Headers and body of everything that arrived."""
        found = []
        for request in self.wire.received:
            head, _, body = request.partition(b"\r\n\r\n")
            lines = (line.decode().partition(": ") for line in head.split(b"\r\n")[1:])
            found.append(({name.lower(): value for name, _, value in lines}, json.loads(body or b"{}")))
        return found

    def events(self) -> list[str]:
        return [body["webhookEvent"] for _, body in self.got()]


@pytest.fixture
def site() -> Site:
    site = Site()
    site.jira.administrators.add(ANN)
    site.jira.add_user("bot", "Sync app", None)
    site.jira.add_app("bot", "app-token", "client-secret")
    return site


@contextmanager
def opened(site: Site, *replies: Reply, **options: Any) -> Iterator[Office]:
    """`replies` are the receiver's first answers; then it takes everything."""

    def reply(number: int, request: bytes) -> Reply:
        return replies[number] if number < len(replies) else answer("200 OK")

    app = JiraApp(site.jira, **options)
    with wire(reply) as receiver, Stand(app) as stand:
        office = Office(stand, app, receiver)
        yield office
        office.ann.close()
        office.bot.close()


def test_the_signature_is_the_documented_one() -> None:
    documented = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    assert signature(SECRET, b"Hello World!") == f"sha256={documented}"


def test_an_administrators_webhook_is_signed_over_the_very_bytes(site: Site) -> None:
    with opened(site) as office:
        shown = office.hook()
        assert (shown["isSigned"], "secret" in shown) == (True, False)
        id = site.story("Überschrift")
        assert office.wire.received == []
        office.app.hooks.pump()
        ((headers, body),) = office.got()
        raw = office.wire.received[0].partition(b"\r\n\r\n")[2]
        digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature"] == f"sha256={digest}"
        assert headers["x-atlassian-webhook-flow"] == "Primary"
        assert "x-atlassian-webhook-retry" not in headers
        assert (body["webhookEvent"], body["issue"]["id"]) == ("jira:issue_created", id)
        assert body["timestamp"] == int(MONDAY.timestamp() * 1000)
        assert body["issue"]["self"] == f"https://erp.example.com/rest/api/2/issue/{id}"


def test_an_edit_tells_what_changed_in_the_words_of_version_2(site: Site) -> None:
    with opened(site) as office:
        id = site.story(description="See this")
        office.hook()
        site.jira.edit(id, BOB, summary="New", assignee=ANN)
        site.jira.edit(id, BOB, summary="New")
        office.app.hooks.pump()
        ((_, body),) = office.got()
        assert body["issue_event_type_name"] == "issue_assigned"
        assert body["user"]["accountId"] == BOB
        assert body["issue"]["fields"]["description"] == "See this"
        assert [item["field"] for item in body["changelog"]["items"]] == ["summary", "assignee"]
        assert body["changelog"]["items"][0]["toString"] == "New"


def test_a_deletion_brings_secondary_events_of_what_went_along(site: Site) -> None:
    with opened(site) as office:
        id = site.story()
        log = site.jira.log_work(id, BOB, MONDAY, 600)
        office.hook(events=[*ISSUES, "worklog_deleted"])
        site.jira.delete_issue(id)
        office.app.hooks.pump()
        (issue, deleted), (worklog, gone) = office.got()
        assert (deleted["webhookEvent"], deleted["issue"]["id"]) == ("jira:issue_deleted", id)
        assert [h["x-atlassian-webhook-flow"] for h in (issue, worklog)] == ["Primary", "Secondary"]
        assert (gone["worklog"]["id"], gone["worklog"]["issueId"]) == (log, id)
        assert "issue" not in gone


def test_work_sprints_and_versions_tell_of_themselves(site: Site) -> None:
    with opened(site) as office:
        office.hook(
            events=["worklog_created", "sprint_updated", "sprint_started", "sprint_closed",
                    "jira:version_updated", "jira:version_released"]
        )  # fmt: skip
        id = site.story()
        site.jira.log_work(id, BOB, MONDAY, 600)
        site.jira.edit_sprint(site.first, name="Renamed")
        site.jira.start_sprint(site.first)
        site.jira.close_sprint(site.first)
        site.jira.set_version(site.version, release_date=None)
        site.jira.set_version(site.version, released=True)
        office.app.hooks.pump()
        assert office.events() == [
            "worklog_created", "sprint_updated", "sprint_started", "sprint_closed",
            "jira:version_updated", "jira:version_released",
        ]  # fmt: skip
        bodies = [body for _, body in office.got()]
        assert bodies[1]["oldValue"]["name"] == "Sprint 1, build"
        assert (bodies[1]["sprint"]["name"], "user" in bodies[1]) == ("Renamed", False)
        assert bodies[5]["version"]["released"]


def test_only_issues_that_the_query_finds_are_told_of(site: Site) -> None:
    site.jira.add_project("OPS", "Operations")
    with opened(site) as office:
        office.hook(filters={"issue-related-events-section": "project = OPS"})
        office.hook(excludeBody=True, secret="")
        site.story()
        site.jira.create_issue("OPS", "Task", "x", ANN)
        office.app.hooks.pump()
        told = [body.get("issue", {}).get("key") for _, body in office.got()]
        assert told == [None, "OPS-1", None]
        assert "x-hub-signature" not in office.got()[0][0]


def test_a_passing_failure_is_sent_again_later_under_the_same_identifier(site: Site) -> None:
    with opened(site, answer("503 Busy"), drop) as office:
        office.hook()
        site.story()
        office.app.hooks.pump()
        assert office.app.hooks.pump() == []
        site.wait(minutes=5)
        office.app.hooks.pump()
        site.wait(minutes=15)
        (sent,) = office.app.hooks.pump()
        assert (sent.status, sent.tries) == (200, 3)
        headers = [headers for headers, _ in office.got()]
        assert len({one["x-atlassian-webhook-identifier"] for one in headers}) == 1
        assert [one.get("x-atlassian-webhook-retry") for one in headers] == [None, "1", "2"]
        assert office.app.hooks.waiting == ()


def test_a_refusal_is_final_and_so_is_the_sixth_failure(site: Site) -> None:
    with opened(site, answer("400 Bad"), *[answer("500 Broken")] * 6) as office:
        office.hook()
        site.story()
        office.app.hooks.pump()
        assert [one.status for one in office.app.hooks.failed] == [400]
        site.story()
        for _ in range(8):
            office.app.hooks.pump()
            site.wait(minutes=15)
        assert [one.tries for one in office.app.hooks.failed] == [1, 6]
        assert len(office.wire.received) == 7


def test_deliveries_may_come_twice_out_of_order_or_never(site: Site) -> None:
    with opened(site) as office:
        office.hook()
        ids = [site.story(f"Story {n}") for n in range(3)]

        def lost(delivery: Delivery) -> bool:
            return ids[1].encode() in delivery.content

        office.app.hooks.pump(duplicate=True, reorder=True, drop=lost)
        assert [body["issue"]["id"] for _, body in office.got()] == [ids[2], ids[2], ids[0], ids[0]]
        identifiers = [headers["x-atlassian-webhook-identifier"] for headers, _ in office.got()]
        assert len(set(identifiers)) == 2
        assert office.app.hooks.waiting == ()


def test_only_administrators_see_and_change_the_sites_webhooks(site: Site) -> None:
    with opened(site) as office:
        made = office.hook()
        path = made["self"].partition(office.ann.stand.url)[2]
        assert office.ann.get(path) == made
        assert office.bot.http.get(path).status_code == 403
        assert office.ann.http.delete(path).status_code == 204
        assert office.ann.get(ADMIN) == []
        site.story()
        assert office.app.hooks.waiting == ()


def test_an_app_registers_webhooks_and_each_is_judged_by_itself(site: Site) -> None:
    with opened(site) as office:
        fine = {"events": ["jira:issue_updated"], "jqlFilter": "project = ED and status != Done"}
        first, second, third = office.register(
            fine, fine | {"jqlFilter": "watchCount > 1"}, fine | {"events": ["worklog_created"]}
        )
        assert isinstance(first["createdWebhookId"], int)
        assert second == {"errors": ["The clause watchCount is unsupported"]}
        assert third == {"errors": ["The event worklog_created is unsupported"]}
        refused = office.ann.http.post(f"{V3}/webhook", json={"url": "https://x.example", "webhooks": []})
        assert refused.status_code == 403


def test_an_apps_webhook_is_proven_by_a_token_and_ends_after_thirty_days(site: Site) -> None:
    with opened(site) as office:
        (made,) = office.register(
            {"events": ISSUES, "jqlFilter": "project = ED", "fieldIdsFilter": ["summary"]}
        )
        id = site.story()
        site.jira.edit(id, BOB, due=None, priority="High")
        office.app.hooks.pump()
        ((headers, body),) = office.got()
        assert body["matchedWebhookIds"] == [made["createdWebhookId"]]
        text, _, proof = headers["authorization"].removeprefix("Bearer ").rpartition(".")
        digest = hmac.new(b"client-secret", text.encode(), hashlib.sha256).digest()
        assert base64.urlsafe_b64decode(proof + "=" * (-len(proof) % 4)) == digest
        (listed,) = office.bot.get(f"{V3}/webhook")["values"]
        assert listed["expirationDate"] == int((MONDAY + timedelta(days=30)).timestamp() * 1000)
        site.wait(days=29)
        ids = {"webhookIds": [made["createdWebhookId"], 77]}
        renewed = office.bot.http.put(f"{V3}/webhook/refresh", json=ids).json()
        assert renewed["expirationDate"] == int((MONDAY + timedelta(days=59)).timestamp() * 1000)
        site.wait(days=29)
        site.jira.edit(id, BOB, summary="Still told")
        site.wait(days=1)
        site.jira.edit(id, BOB, summary="No more")
        office.app.hooks.pump()
        assert office.events() == ["jira:issue_created", "jira:issue_updated"]
        assert office.bot.http.request("DELETE", f"{V3}/webhook", json=ids).status_code == 202
        assert office.bot.get(f"{V3}/webhook")["values"] == []


def test_data_center_has_administrators_webhooks_with_its_own_names(site: Site) -> None:
    with opened(site, data_center=True) as office:
        office.hook()
        id = site.story()
        site.jira.edit(id, BOB, summary="New")
        office.app.hooks.pump()
        bodies = [body for _, body in office.got()]
        assert bodies[1]["user"]["name"] == "bob.öz"
        assert "fieldId" not in bodies[1]["changelog"]["items"][0]
        assert office.bot.http.get("/rest/api/2/webhook").status_code == 404
