"""The Graph stand-in tells of changes to groups as the service does, and of nothing in Planner."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.graph.app import GraphApp
from sandbox.graph.entra import Tokens
from sandbox.server import Stand
from tests.sandbox.graph_world import CLIENT, GROUP, Office

ROLES = ("Tasks.Read.All", "Group.Read.All")


class Receiver:
    """A web server that shakes hands and keeps what it is told; `status` is its answer to notifications."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.shaken, self.status, self.echo = 0, 202, True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                token = parse_qs(urlsplit(self.path).query).get("validationToken")
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if token is None:
                    outer.told += json.loads(sent)["value"] if outer.status < 300 else []
                    return self.say(outer.status, b"")
                outer.shaken += 1
                return self.say(200, token[0].encode() if outer.echo else b"hello")

            def say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Be quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks?of=planner"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


class Desk:
    def __init__(self, office: Office, stand: Stand, app: GraphApp, receiver: Receiver) -> None:
        self.office, self.tenant, self.subscriptions = office, office.tenant, app.subscriptions
        self.receiver = receiver
        token = Tokens(office.tenant).issue(office.tenant.apps[CLIENT], stand.url)
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=f"{stand.url}/v1.0", headers=headers, trust_env=False)

    def ask(self, minutes: float = 60, **given: object) -> httpx.Response:
        until = self.office.clock.now() + timedelta(minutes=minutes)
        body = {
            "changeType": "updated,deleted",
            "notificationUrl": self.receiver.url,
            "lifecycleNotificationUrl": self.receiver.url,
            "resource": f"/groups/{GROUP}",
            "expirationDateTime": until.isoformat(),
            "clientState": "a secret of ours",
        }
        return self.client.post("/subscriptions", json=body | given)


@pytest.fixture
def desk() -> Iterator[Desk]:
    office, receiver = Office(roles=ROLES), Receiver()
    app = GraphApp(office.tenant)
    with Stand(app) as stand:
        made = Desk(office, stand, app, receiver)
        with made.client:
            yield made
    receiver.server.shutdown()
    receiver.server.server_close()


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_both_addresses_hand_back_a_token_before_anything_is_promised(desk: Desk) -> None:
    made = desk.ask()
    assert (made.status_code, desk.receiver.shaken) == (201, 2)
    assert made.json()["applicationId"] == CLIENT
    assert made.json()["clientState"] is None
    desk.receiver.echo = False
    assert desk.ask().status_code == 400
    assert desk.ask(notificationUrl="http://127.0.0.1:9/hooks").status_code == 400
    assert desk.ask(notificationUrl="http://receiver.example/hooks").status_code == 400
    assert len(desk.client.get("/subscriptions").json()["value"]) == 1


def test_there_are_no_notifications_of_planner(desk: Desk) -> None:
    plan = f"/planner/plans/{desk.office.plan}"
    for resource in (plan, f"{plan}/tasks", "/planner/tasks", "/groups/none"):
        answer = desk.ask(resource=resource)
        assert problem(answer) == (400, "ExtensionError")
        assert "Invalid resource specified in payload" in answer.json()["error"]["message"]


def test_a_change_of_a_group_is_told_with_the_secret_and_one_of_a_task_is_not(desk: Desk) -> None:
    id = desk.ask().json()["id"]
    desk.office.full_task()
    desk.tenant.rename_group(GROUP, "ERP roll-out")
    assert desk.receiver.told == []
    assert desk.subscriptions.pump() == 1
    (told,) = desk.receiver.told
    assert (told["subscriptionId"], told["clientState"], told["changeType"]) == (
        id,
        "a secret of ours",
        "updated",
    )
    assert told["resourceData"]["id"] == GROUP
    assert desk.subscriptions.pump() == 0


def test_what_nobody_takes_is_tried_for_four_hours_and_may_come_twice(desk: Desk) -> None:
    desk.ask()
    desk.receiver.status = 503
    desk.tenant.rename_group(GROUP, "One")
    desk.tenant.rename_group(GROUP, "Two")
    desk.subscriptions.repeat()
    assert desk.subscriptions.pump() == 0
    desk.receiver.status = 202
    assert desk.subscriptions.pump() == 4
    assert len({one["id"] for one in desk.receiver.told}) == 2
    desk.receiver.status = 503
    desk.tenant.rename_group(GROUP, "Three")
    desk.office.clock.advance(timedelta(hours=4))
    assert desk.subscriptions.pump() == 0
    desk.receiver.status = 202
    assert (desk.subscriptions.waiting, desk.subscriptions.pump()) == (0, 0)


def test_a_subscription_lasts_45_minutes_at_least_29_days_at_most_and_can_be_renewed(desk: Desk) -> None:
    short = desk.ask(minutes=1).json()
    assert short["expirationDateTime"].startswith("2026-03-02T09:45:00")
    assert problem(desk.ask(minutes=41_761))[0] == 400
    assert problem(desk.ask(minutes=-1))[0] == 400
    path = f"/subscriptions/{short['id']}"
    until = (desk.office.clock.now() + timedelta(days=20)).isoformat()
    assert desk.client.patch(path, json={"expirationDateTime": until}).status_code == 200
    assert desk.client.post(f"{path}/reauthorize").status_code == 200
    desk.office.clock.advance(timedelta(days=21))
    assert problem(desk.client.get(path))[0] == 404
    desk.tenant.rename_group(GROUP, "Unheard")
    assert desk.subscriptions.waiting == 0


def test_lifecycle_events_go_to_the_address_for_them(desk: Desk) -> None:
    id = desk.ask().json()["id"]
    desk.subscriptions.lifecycle(id, "reauthorizationRequired")
    desk.subscriptions.lifecycle(id, "subscriptionRemoved")
    desk.subscriptions.pump()
    assert [one["lifecycleEvent"] for one in desk.receiver.told] == [
        "reauthorizationRequired",
        "subscriptionRemoved",
    ]
    assert problem(desk.client.get(f"/subscriptions/{id}"))[0] == 404


def test_a_quota_and_a_missing_right_are_refused(desk: Desk) -> None:
    desk.subscriptions.most = 1
    id = desk.ask().json()["id"]
    assert problem(desk.ask())[0] == 403
    assert desk.client.delete(f"/subscriptions/{id}").status_code == 204
    assert desk.ask().status_code == 201
    desk.tenant.apps[CLIENT].roles = ("Tasks.Read.All",)
    token = Tokens(desk.tenant).issue(
        desk.tenant.apps[CLIENT], str(desk.client.base_url).removesuffix("/v1.0/")
    )
    desk.client.headers["Authorization"] = f"Bearer {token}"
    assert problem(desk.ask()) == (403, "Authorization_RequestDenied")
