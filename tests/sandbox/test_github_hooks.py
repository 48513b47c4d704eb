"""Webhooks tell what github.com tells, signed as it signs, and nothing is sent twice unless asked for."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from sandbox.github.hooks import Delivery, Hook, Reply, signed
from sandbox.server import Stand
from tests.connectors.wire import answer, wire
from tests.sandbox.github_world import ERP, SHOP, Forge, client, keys

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
BASE = "https://api.github.example"
SECRET = "It's a Secret to Everybody"
ALL = ("issues", "issue_comment", "milestone", "label", "sub_issues", "issue_dependencies")
ADMIN = "ghp_admin"


class Heard:
    """A forge whose hooks are answered in process; `told` is what was sent, as (event, action)."""

    def __init__(self, status: int = 202) -> None:
        self.forge = Forge()
        self.site, self.hooks = self.forge.site, self.forge.app.hooks
        self.status = status
        self.sent: list[Delivery] = []
        self.hooks.send = self._take

    def _take(self, delivery: Delivery) -> Reply:
        self.sent.append(delivery)
        return Reply(self.status)

    def on(self, target: Any = None, *events: str, **config: Any) -> Hook:
        hook = self.hooks.add(
            target or self.site.repo(ERP), "https://receiver/", events or ALL, BASE, **config
        )
        self.hooks.pump()
        self.sent.clear()
        return hook

    @property
    def told(self) -> list[tuple[str, str | None]]:
        self.hooks.pump()
        return [(one.event, one.action) for one in self.sent]


# What is told


def test_an_opened_issue_is_told_first_with_everything_it_came_with():
    heard = Heard()
    heard.on()
    heard.site.create_issue(ERP, "One", "ada", "Text", labels=("x",), assignees=("ben",))
    assert heard.told == [("issues", "opened"), ("issues", "labeled"), ("issues", "assigned")]
    assert [label["name"] for label in heard.sent[0].payload["issue"]["labels"]] == ["x"]
    assert heard.sent[0].payload["sender"]["login"] == "ada"


def test_an_edit_tells_what_the_title_and_the_body_were():
    heard = Heard()
    number = heard.site.create_issue(ERP, "One", "ada", "Text")
    heard.on()
    heard.site.edit_issue(ERP, number, "ben", title="Two", body="More")
    assert heard.told == [("issues", "edited"), ("issues", "edited")]
    changes = [one.payload["changes"] for one in heard.sent]
    assert changes == [{"title": {"from": "One"}}, {"body": {"from": "Text"}}]


def test_a_part_and_a_blocker_are_told_from_both_ends():
    heard = Heard()
    one, two = (heard.site.create_issue(ERP, title, "ada") for title in ("One", "Two"))
    heard.on()
    heard.site.set_parent(ERP, two, one, "ben")
    heard.site.block(ERP, one, two, "ben")
    assert heard.told == [
        ("sub_issues", "sub_issue_added"),
        ("sub_issues", "parent_issue_added"),
        ("issue_dependencies", "blocked_by_added"),
        ("issue_dependencies", "blocking_added"),
    ]
    first, second = heard.sent[0].payload, heard.sent[1].payload
    assert first["parent_issue_id"] == second["parent_issue_id"] == heard.site.issue(ERP, one).id


def test_a_milestones_new_date_is_told_with_the_old_one():
    heard = Heard()
    heard.on()
    heard.site.edit_milestone(ERP, heard.forge.milestone, due_on=date(2026, 5, 1))
    heard.site.edit_milestone(ERP, heard.forge.milestone, closed=True)
    assert heard.told == [("milestone", "edited"), ("milestone", "closed")]
    assert heard.sent[0].payload["changes"] == {"due_on": {"from": "2026-04-01T07:00:00Z"}}


def test_a_transfer_is_told_at_both_places():
    heard = Heard()
    number = heard.site.create_issue(ERP, "One", "ada")
    heard.on(heard.site.account("acme"))
    heard.site.transfer(ERP, number, SHOP, "ben")
    assert heard.told == [("issues", "transferred"), ("issues", "opened")]
    gone, come = (one.payload for one in heard.sent)
    assert gone["issue"]["repository_url"].endswith(ERP)
    assert gone["changes"]["new_issue"]["id"] == come["issue"]["id"] != gone["issue"]["id"]
    assert come["changes"]["old_issue"]["number"] == number


def test_boards_are_told_to_hooks_of_the_organization_alone():
    heard = Heard()
    number = heard.site.create_issue(ERP, "One", "ada")
    heard.on(heard.site.repo(ERP), "*")
    heard.on(heard.site.account("acme"), "projects_v2_item")
    card = heard.site.add_item("acme", heard.forge.board, ERP, number, "ada")
    heard.site.set_field("acme", heard.forge.board, card, "Estimate", 5, "ada")
    heard.site.set_field("acme", heard.forge.board, card, "Sprint", "Sprint 1", "ada")
    heard.site.set_field("acme", heard.forge.board, card, "Estimate", None, "ada")
    assert heard.told == [("projects_v2_item", word) for word in ("created", "edited", "edited", "edited")]
    values = [one.payload["changes"]["field_value"] for one in heard.sent[1:]]
    assert [(one["field_name"], one["from"]) for one in values] == [
        ("Estimate", None),
        ("Sprint", None),
        ("Estimate", 5),
    ]
    assert values[1]["to"]["title"] == "Sprint 1"
    assert "repository" not in heard.sent[0].payload


def test_an_app_hears_of_the_repositories_it_is_installed_on():
    heard = Heard()
    app = heard.site.add_app("ours", keys("ours")[1])
    held = heard.site.install_app(app, "acme", {"issues": "read"}, [ERP])
    heard.on(app)
    heard.site.create_issue(SHOP, "Not ours", "ada")
    heard.site.create_issue(ERP, "Ours", "ada")
    assert heard.told == [("issues", "opened")]
    assert heard.sent[0].payload["installation"]["id"] == held.id
    assert heard.sent[0].headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"


# How it is sent


def test_the_published_vector_is_signed_as_published():
    headers = signed(SECRET, b"Hello, World!")
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"


@pytest.mark.parametrize("content_type", ["json", "form"])
def test_a_delivery_is_signed_over_the_very_bytes_that_arrive(content_type):
    forge = Forge()
    with wire(lambda _number, _request: answer("202 Accepted")) as receiver:
        forge.app.hooks.add(
            forge.site.repo(ERP), receiver.url, ALL, BASE, secret=SECRET, content_type=content_type
        )
        (sent,) = forge.app.hooks.pump()
    head, _, body = receiver.received[0].partition(b"\r\n\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.decode().splitlines()[1:])
    }
    assert headers["x-hub-signature-256"] == f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"
    assert headers["x-hub-signature"] == f"sha1={hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}"
    assert (headers["x-github-event"], headers["x-github-delivery"]) == ("ping", sent.guid)
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert body.startswith(b"payload=" if content_type == "form" else b'{"zen":')
    assert sent.reply.status == 202


def test_deliveries_are_doubled_turned_round_and_lost_on_demand_and_never_by_themselves():
    heard = Heard()
    heard.on()
    for title in ("One", "Two"):
        heard.site.create_issue(ERP, title, "ada")
    heard.hooks.pump(duplicate=True, reorder=True)
    guids = [one.guid for one in heard.sent]
    assert [one.payload["issue"]["title"] for one in heard.sent] == ["Two", "Two", "One", "One"]
    assert guids[0] == guids[1] != guids[2] == guids[3]
    heard.sent.clear()
    heard.site.create_issue(ERP, "Lost", "ada")
    (lost,) = heard.hooks.pump(drop=lambda _delivery: True)
    assert lost.reply.status == 0
    assert heard.told == []


def test_a_body_larger_than_25_megabytes_is_never_sent():
    heard = Heard()
    heard.on()
    heard.site.create_issue(ERP, "Large", "ada", "x" * (26 * 1024 * 1024))
    assert heard.told == []


# Over REST


@pytest.fixture
def administered() -> Iterator[tuple[Heard, httpx.Client]]:
    heard = Heard()
    heard.site.add_token("ada", ADMIN, ("repo", "admin:org_hook"))
    for place in (ERP, "acme"):
        heard.site.set_role(place, "ada", "admin")
    with Stand(heard.forge.app) as stand, client(stand.url, ADMIN) as http:
        yield heard, http


CONFIG = {"url": "https://receiver/", "content_type": "json", "secret": "hush", "insecure_ssl": "0"}


@pytest.mark.parametrize("start", [f"/repos/{ERP}/hooks", "/orgs/acme/hooks"])
def test_a_hook_is_made_listed_edited_and_removed_and_never_tells_its_secret(administered, start):
    heard, http = administered
    made = http.post(start, json={"config": CONFIG, "events": ["issues"]})
    assert made.status_code == 201
    assert heard.told == [("ping", None)]
    assert heard.sent[0].payload["hook"]["config"]["secret"] == "********"
    assert "hush" not in made.text + http.get(start).text
    assert http.post(start, json={"config": CONFIG}).status_code == 422
    place = f"{start}/{made.json()['id']}"
    edited = http.patch(place, json={"add_events": ["label"], "active": False})
    assert (edited.json()["events"], edited.json()["active"]) == (["issues", "label"], False)
    assert http.patch(f"{place}/config", json={"url": "https://other/"}).json()["url"] == "https://other/"
    assert http.delete(place).status_code == 204
    assert http.get(place).status_code == 404


def test_hooks_are_hidden_from_those_who_do_not_administer_the_place(administered):
    heard, http = administered
    http.post(f"/repos/{ERP}/hooks", json={"config": CONFIG})
    heard.site.set_role(ERP, "ada", "write")
    assert http.get(f"/repos/{ERP}/hooks").status_code == 404
    boards = http.post("/orgs/acme/hooks", json={"config": CONFIG, "events": ["projects_v2_item"]})
    assert boards.status_code == 201
    heard.site.set_role(ERP, "ada", "admin")
    wrong = {"config": CONFIG, "events": ["projects_v2_item"]}
    assert http.post(f"/repos/{ERP}/hooks", json=wrong).status_code == 422


def test_a_failed_delivery_is_listed_shown_and_sent_again_within_three_days(administered):
    heard, http = administered
    place = f"/repos/{ERP}/hooks/{http.post(f'/repos/{ERP}/hooks', json={'config': CONFIG}).json()['id']}"
    heard.status = 500
    heard.hooks.pump()
    (failed,) = http.get(f"{place}/deliveries?status=failure").json()
    assert (failed["status"], failed["status_code"]) == ("Invalid HTTP Response: 500", 500)
    shown = http.get(f"{place}/deliveries/{failed['id']}").json()
    assert shown["request"]["headers"]["X-GitHub-Delivery"] == failed["guid"]
    heard.status = 202
    heard.forge.clock.advance(timedelta(days=2))
    assert http.post(f"{place}/deliveries/{failed['id']}/attempts").status_code == 202
    heard.hooks.pump()
    newest, oldest = http.get(f"{place}/deliveries").json()
    assert (newest["guid"], newest["redelivery"], newest["status"]) == (oldest["guid"], True, "OK")
    assert newest["id"] > oldest["id"]
    assert heard.sent[0].content == heard.sent[1].content
    heard.forge.clock.advance(timedelta(days=1, seconds=1))
    assert [one["id"] for one in http.get(f"{place}/deliveries").json()] == [newest["id"]]
    assert http.post(f"{place}/deliveries/{oldest['id']}/attempts").status_code == 404


# As described


def act(heard: Heard) -> None:
    """Something of every kind that webhooks tell of."""
    site, board = heard.site, heard.forge.board
    number = heard.forge.full_issue()
    site.add_comment(ERP, number, "ben", "Said")
    comment = site.issue(ERP, number).comments[0].id
    site.edit_comment(ERP, comment, "ben", "Said better")
    site.delete_comment(ERP, comment, "ben")
    site.edit_issue(ERP, number, "ben", body="Else", title="Else")
    site.create_label(ERP, "new", actor="ada")
    site.edit_label(ERP, "new", new_name="newer", actor="ada")
    site.delete_label(ERP, "newer", "ada")
    milestone = site.create_milestone(ERP, "Next", date(2026, 6, 1), "ada")
    site.edit_milestone(ERP, milestone, title="Later", closed=True)
    site.edit_milestone(ERP, milestone, closed=False)
    site.delete_milestone(ERP, milestone, "ada")
    card = site.add_item("acme", board, ERP, number, "ada")
    for name, value in (("Estimate", 3), ("Status", "Done"), ("Sprint", "Sprint 1"), ("Note", "x")):
        site.set_field("acme", board, card, name, value, "ada")
    site.set_field("acme", board, card, "Target date", date(2026, 4, 1), "ada")
    site.remove_item("acme", board, card, "ada")
    site.transfer(ERP, site.create_issue(ERP, "Moves", "ada"), SHOP, "ada")
    site.delete(ERP, site.create_issue(ERP, "Goes", "ada"), "ada")


def without_nothing(payload: Any) -> Any:
    """The payload less a board value that is null, which the description both allows and forbids."""
    value = payload.get("changes", {}).get("field_value") if "projects_v2_item" in payload else None
    if value is None:
        return payload
    kept = {name: one for name, one in value.items() if one is not None}
    return {**payload, "changes": {"field_value": kept}}


@pytest.mark.shared
def test_every_delivery_is_as_githubs_description_says():
    path = SHARED / "openapi" / "github-webhooks.trimmed.json"
    if not path.exists():
        pytest.skip(f"the shared material is absent: {path}")
    described = json.loads(path.read_text())
    heard = Heard()
    heard.on(heard.site.account("acme"), "*")
    act(heard)
    assert len({*heard.told}) >= 30
    problems = []
    for sent in heard.sent:
        name = f"{sent.event}-{sent.action}".replace("_", "-")
        operation = described["webhooks"][name]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**schema, "components": described["components"]})
        body = without_nothing(sent.payload)
        problems += [f"{name}: {one.message[:160]}" for one in validator.iter_errors(body)]
    assert not problems
