"""What the Jira stand-in sends by webhooks, as the connector's judge takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from config.secrets import Secret
from connectors.hooks import Accepted, Delivery, Hint, Keys, Refused
from connectors.jira.hooks import Hooks
from connectors.jira.settings import JiraConnection, JiraSource
from sandbox.jira.app import JiraApp
from sandbox.server import Stand
from tests.connectors.jira_desk import ANN, BOB, EMAIL, MONDAY, TOKEN, Desk
from tests.connectors.wire import answer, wire

SECRET = "It's a Secret to Everybody"
EVENTS = ["jira:issue_created", "jira:issue_updated", "worklog_created", "sprint_updated"]


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.site.administrators.add(ANN)
    desk.site.add_user("bot", "Sync app", None)
    desk.site.add_app("bot", "app-token", SECRET)
    return desk


Received = Callable[[], list[Delivery]]


@contextmanager
def hooked(desk: Desk, app: JiraApp, by_app: bool = False) -> Iterator[Received]:
    """A registered webhook; what it is told arrives when it is called."""
    with wire(lambda number, request: answer("200 OK")) as receiver, Stand(app) as stand:
        url = f"{receiver.url}/hooks/jira"
        if by_app:
            wish = {"events": EVENTS[:2], "jqlFilter": "project = ED"}
            body: dict[str, object] = {"url": url, "webhooks": [wish]}
            bearer = {"authorization": "Bearer app-token"}
            made = httpx.post(f"{stand.url}/rest/api/3/webhook", json=body, headers=bearer)
        else:
            body = {"name": "sync", "url": url, "events": EVENTS, "secret": SECRET}
            path = f"{stand.url}/rest/webhooks/1.0/webhook"
            made = httpx.post(path, json=body, auth=(EMAIL, TOKEN))
        assert made.is_success, made.text

        def received() -> list[Delivery]:
            app.hooks.pump()
            taken, receiver.received[:] = list(receiver.received), []
            return [_delivery(desk, request, ("path-token",) if by_app else ()) for request in taken]

        yield received


def _delivery(desk: Desk, request: bytes, rest: tuple[str, ...]) -> Delivery:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    headers = tuple((name.lower(), value) for name, _, value in lines)
    return Delivery(rest, b"", headers, body, True, desk.clock.now())


def judge(sign: str = "signature", secret: str = SECRET) -> Hooks:
    path = "env:HOOKS_PATH" if sign == "oauth" else None
    settings = JiraConnection(
        name="jira", kind="jira", url="https://erp.example.com", token="env:T", webhook_sign=sign,
        webhook_secret="env:S", hooks_path_token=path,
    )  # fmt: skip
    keys = Keys((Secret(secret, "env:S"),), Secret("path-token", "env:HOOKS_PATH") if path else None)
    return Hooks(settings, (JiraSource(connection="jira", project="ED"),), keys)


@pytest.mark.parametrize("data_center", [False, True], ids=["cloud", "data center"])
def test_signed_webhooks_become_hints_of_the_issues_they_are_about(desk: Desk, data_center: bool) -> None:
    with hooked(desk, JiraApp(desk.site, data_center=data_center)) as received:
        id = desk.story("Ünïcode")
        desk.site.edit(id, BOB, summary="New")
        desk.site.log_work(id, BOB, MONDAY, 60)
        desk.site.edit_sprint(desk.first, name="Renamed")
        verdicts = [judge().judge(delivery) for delivery in received()]
    told = [(verdict.event, verdict.hints) for verdict in verdicts if isinstance(verdict, Accepted)]
    assert told == [
        ("jira:issue_created", (Hint("ED", id, "ED-1"),)),
        ("jira:issue_updated", (Hint("ED", id, "ED-1"),)),
        ("jira:issue_updated", (Hint("ED", id, "ED-1"),)),
        ("worklog_created", (Hint(None, id, ""),)),
        ("sprint_updated", (Hint(),)),
    ]
    assert len({verdict.delivery for verdict in verdicts if isinstance(verdict, Accepted)}) == 5


def test_a_webhook_signed_with_another_secret_is_not_believed(desk: Desk) -> None:
    with hooked(desk, JiraApp(desk.site)) as received:
        desk.story()
        (delivery,) = received()
    assert isinstance(judge(secret="another secret of theirs").judge(delivery), Refused)


def test_an_apps_webhook_is_believed_by_its_token(desk: Desk) -> None:
    with hooked(desk, JiraApp(desk.site), by_app=True) as received:
        id = desk.story()
        (delivery,) = received()
    verdict = judge("oauth").judge(delivery)
    assert isinstance(verdict, Accepted)
    assert verdict.hints == (Hint("ED", id, "ED-1"),)
