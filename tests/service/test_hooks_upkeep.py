"""Webhooks at Jira and Microsoft Graph: registered, proven, renewed, changed; against the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import AccessRefused
from model.values import Ref
from sandbox.graph.app import GraphApp
from sandbox.jira.app import JiraApp
from sandbox.server import Stand
from service.hooks.subscriptions import orders_of
from service.hooks.upkeep import desk_of, look_after
from tests.connectors import jira_desk, planner_office
from tests.service.daemon_run import Run, eventually, free_port, running

CLIENT_SECRET = "client-secret-of-the-app-0123456789"
ENVIRON = {
    "TOKEN": jira_desk.TOKEN,
    "HOOK": "webhook-canary-secret-0123456789",
    "APP": CLIENT_SECRET,
    "PATH_TOKEN": "0123456789abcdefghijklmn",
    "PLANNER": planner_office.SECRET,
}
COMMON = """
version = 1
[projects.erp]
name = "ERP rollout"
sources = [ SOURCE ]
[web]
url = "http://127.0.0.1:PORT"
hooks = "127.0.0.1:PORT"
metrics = "127.0.0.1:METRICS"
[daemon]
poll = "1h"
[connections]
"""


def _write(folder: Path, source: str, connection: str) -> None:
    text = COMMON.replace("SOURCE", source).replace("METRICS", str(free_port()))
    (folder / "crosstie.toml").write_text(text.replace("PORT", str(free_port())) + connection + "\n")


class Jira:
    """A Jira site and a daemon that reads its project."""

    def __init__(self, desk: jira_desk.Desk, app: JiraApp, run: Run, first: str) -> None:
        self.desk, self.app, self.run, self.first = desk, app, run, first

    def title(self, key: str) -> str | None:
        workspace = self.run.daemon.workspace
        for ref in workspace.store.find(key):
            issue = workspace.store.view(self.desk.clock.now()).issue(Ref("jira", ref.id))
            return issue.title if issue else None
        return None

    def rename(self, title: str) -> None:
        self.desk.site.edit(self.first, jira_desk.ANN, summary=title)

    def registered(self) -> list[str]:
        with desk_of(self.run.daemon.workspace, "jira") as hooks:
            return [one.id for one in hooks.ours()]

    def install(self) -> None:
        with desk_of(self.run.daemon.workspace, "jira") as hooks:
            hooks.install()


@contextmanager
def _jira(folder: Path, more: str, administers: bool = True, app_secret: str = "") -> Iterator[Jira]:
    desk = jira_desk.Desk()
    if administers:
        desk.site.administrators.add(jira_desk.ANN)
    if app_secret:
        desk.site.apps[jira_desk.ANN] = app_secret
    first = desk.story("first")
    app = JiraApp(desk.site)
    with Stand(app) as stand:
        connection = f'jira = {{ kind = "jira", url = "{stand.url}", site = "{desk.site.url}", {more}, '
        connection += f'user = "{jira_desk.EMAIL}", token = "env:TOKEN" }}'
        _write(folder, '{ connection = "jira", project = "ED" }', connection)
        run = Run(folder, ENVIRON, desk.clock.now)
        with running(run):
            made = Jira(desk, app, run, first)
            eventually(lambda: made.title("ED-1") == "first")
            yield made


def test_an_administrator_s_webhook_brings_a_change_and_installing_again_leaves_one(tmp_path: Path) -> None:
    with _jira(tmp_path, 'webhook_secret = "env:HOOK"') as jira:
        jira.install()
        jira.install()
        assert len(jira.registered()) == 1
        jira.desk.wait(minutes=1)
        jira.rename("renamed")
        sent = jira.app.hooks.pump(duplicate=True)
        assert {one.status for one in sent} == {202}
        eventually(lambda: jira.title("ED-1") == "renamed")


def test_an_oauth_app_s_webhook_is_proven_by_its_token_and_renewed_before_thirty_days(tmp_path: Path) -> None:
    more = 'webhook_sign = "oauth", webhook_secret = "env:APP", hooks_path_token = "env:PATH_TOKEN"'
    with _jira(tmp_path, more, app_secret=CLIENT_SECRET) as jira:
        jira.install()
        jira.desk.wait(minutes=1)
        jira.rename("renamed")
        assert {one.status for one in jira.app.hooks.pump()} == {202}
        eventually(lambda: jira.title("ED-1") == "renamed")
        (hook,) = jira.app.hooks.dynamic.values()
        first = hook.expires
        assert look_after(jira.run.daemon.workspace).startswith("0 webhooks renewed")
        jira.desk.wait(days=16)
        assert look_after(jira.run.daemon.workspace).startswith("1 webhooks renewed")
        assert first is not None
        assert hook.expires == first + timedelta(days=16, minutes=1)


def test_who_may_not_register_webhooks_is_told_how_it_is_done_by_hand(tmp_path: Path) -> None:
    with (
        _jira(tmp_path, 'webhook_secret = "env:HOOK"', administers=False) as jira,
        pytest.raises(AccessRefused, match=r"by hand: docs/how-to/webhooks\.md"),
    ):
        jira.install()


@contextmanager
def _planner(folder: Path) -> Iterator[tuple[planner_office.Bureau, Run]]:
    roles = (*planner_office.ROLES, "Group.Read.All")
    with planner_office.bureau(folder, roles=roles) as office:
        office.add("Write the runbook")
        connection = f'planner = {{ kind = "planner", tenant = "{planner_office.TENANT}", '
        connection += (
            f'client = "{planner_office.CLIENT}", secret = "env:PLANNER", url = "{office.graph.url}/v1.0", '
        )
        connection += f'authority = "{office.entra.url}", ca_file = "ca.pem", webhook_secret = "env:HOOK" }}'
        _write(folder, f'{{ connection = "planner", plan = "{office.plan}" }}', connection)
        run = Run(folder, ENVIRON, office.clock.now)
        with running(run):
            held = run.daemon.workspace.store.held
            eventually(lambda: len(held("planner", office.plan)) == 1)
            yield office, run


def _subscriptions(office: planner_office.Bureau) -> GraphApp:
    assert isinstance(office.graph.app, GraphApp)
    return office.graph.app


def test_a_group_s_subscription_answers_the_handshake_and_asks_for_an_early_reading(tmp_path: Path) -> None:
    with _planner(tmp_path) as (office, run):
        workspace = run.daemon.workspace
        with desk_of(workspace, "planner") as hooks:
            (made,) = hooks.install()
        assert made.place == f"/groups/{planner_office.GROUP}"
        office.add("Told by nobody but the group")
        graph = _subscriptions(office)
        graph.subscriptions._hear(planner_office.GROUP, "updated")
        assert graph.subscriptions.pump() == 1
        eventually(lambda: len(workspace.store.held("planner", office.plan)) == 2)


def test_a_subscription_is_renewed_at_half_its_life_and_made_anew_when_it_ran_out(tmp_path: Path) -> None:
    with _planner(tmp_path) as (office, run):
        workspace = run.daemon.workspace
        with desk_of(workspace, "planner") as hooks:
            hooks.install()
            hooks.install()
        (order,) = orders_of(workspace.store, "planner")
        assert look_after(workspace).startswith("0 webhooks renewed")
        office.clock.advance(timedelta(days=16))
        assert look_after(workspace).startswith("1 webhooks renewed")
        (renewed,) = orders_of(workspace.store, "planner")
        assert (renewed.id, renewed.slot) == (order.id, order.slot)
        assert renewed.ends is not None
        assert order.ends is not None
        assert renewed.ends > order.ends
        office.clock.advance(timedelta(days=60))
        assert look_after(workspace).startswith("1 webhooks renewed")
        (anew,) = orders_of(workspace.store, "planner")
        assert anew.id != order.id
        assert anew.slot != order.slot
