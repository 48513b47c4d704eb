"""The sandbox serves its world, opens to its own credentials only, and brings the config that reads it."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from config.load import load
from sandbox.run import Sandbox
from sandbox.world.cast import CAST
from sandbox.world.world import World
from service.wiring import kinds


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(World(7), tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def test_jira_opens_to_the_reader_and_shows_the_board(sandbox: Sandbox):
    config = tomllib.loads(sandbox.config_text())
    known = config["connections"]["jira"]
    login = (known["user"], sandbox.environ["NORTHWIND_JIRA_TOKEN"])
    board = config["projects"]["erp"]["sources"][0]["board"]
    answer = httpx.get(f"{known['url']}/rest/agile/1.0/board/{board}/sprint", auth=login)
    assert [sprint["name"] for sprint in answer.json()["values"]] == [f"Sprint {n}" for n in range(1, 7)]
    assert httpx.get(f"{known['url']}/rest/api/3/myself", auth=(known["user"], "wrong")).status_code == 401


def test_github_opens_to_the_reader_and_shows_the_repository(sandbox: Sandbox):
    known = tomllib.loads(sandbox.config_text())["connections"]["github"]
    headers = {"Authorization": f"Bearer {sandbox.environ['NORTHWIND_GITHUB_TOKEN']}"}
    repo = sandbox.world.github.repo
    answer = httpx.get(f"{known['url']}/repos/{repo}/milestones", headers=headers)
    assert [one["title"] for one in answer.json()] == [
        "Interfaces built",
        "End-to-end tested",
        "Rehearsal passed",
    ]
    assert httpx.get(f"{known['url']}/repos/{repo}").status_code == 404


def test_planner_opens_to_a_token_that_the_sign_in_stand_in_gave_over_tls(sandbox: Sandbox):
    config = tomllib.loads(sandbox.config_text())
    known = config["connections"]["planner"]
    trusted = ssl.create_default_context(cafile=str(sandbox.folder / known["ca_file"]))
    form = {
        "grant_type": "client_credentials",
        "client_id": known["client"],
        "client_secret": sandbox.environ["NORTHWIND_PLANNER_SECRET"],
        "scope": f"{known['url'].removesuffix('/v1.0')}/.default",
    }
    door = f"{known['authority']}/{known['tenant']}/oauth2/v2.0/token"
    token = httpx.post(door, data=form, verify=trusted).json()["access_token"]
    plan = next(one["plan"] for one in config["projects"]["erp"]["sources"] if "plan" in one)
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(f"{known['url']}/planner/plans/{plan}/tasks", headers=headers)
    held = [task for task in sandbox.world.planner.site.tasks.values() if task.plan == plan]
    assert len(answer.json()["value"]) == len(held) > 90


def test_the_config_holds_no_credential(sandbox: Sandbox):
    text = sandbox.config_text()
    assert not [name for name, value in sandbox.environ.items() if value in text]
    assert all(f"env:{name}" in text for name in sandbox.environ)


def test_the_config_names_everybodys_accounts_as_the_trackers_do(sandbox: Sandbox):
    people = tomllib.loads(sandbox.config_text())["people"]
    world = sandbox.world
    assert len(people) == len(CAST) == 14
    nodes = {account.node_id for account in world.github.site.accounts.values()}
    for person in people.values():
        accounts = person["accounts"]
        assert accounts.get("jira", next(iter(world.jira.site.users))) in world.jira.site.users
        assert accounts.get("github", next(iter(nodes))) in nodes
        assert accounts.get("planner", next(iter(world.planner.site.users))) in world.planner.site.users


def test_a_large_worlds_config_reads_all_its_plans(tmp_path: Path):
    world = World(7, scale=25)
    with Sandbox(world, tmp_path) as sandbox:
        sources = tomllib.loads(sandbox.config_text())["projects"]["erp"]["sources"]
    assert [source["plan"] for source in sources if "plan" in source] == world.planner.plans


def test_the_store_is_the_one_asked_for(sandbox: Sandbox):
    config = tomllib.loads(sandbox.config_text(store="postgresql://db/erp"))
    assert config["general"]["store"]["url"] == "postgresql://db/erp"


def test_nothing_serves_any_more_after_the_sandbox_is_left(tmp_path: Path):
    with Sandbox(World(7, scale=0.1), tmp_path) as sandbox:
        urls = [stand.url for stand in sandbox.stands.values()]
    for url in urls:
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def test_crosstie_accepts_the_config_as_it_stands(sandbox: Sandbox):
    config = load(sandbox.config_text(), kinds(), "crosstie.toml", sandbox.folder)
    project = config.projects["erp"]
    assert project.finish
    assert (project.finish.milestone, project.finish.target) == ("Go-live", date(2026, 7, 6))
    assert [source.connection for source in project.sources] == [
        *("jira", "jira", "github", "planner"),
        *("finance", "finance", "finance"),
    ]


def test_the_files_of_finance_lie_where_the_config_reads_them(sandbox: Sandbox):
    config = load(sandbox.config_text(), kinds(), "crosstie.toml", sandbox.folder)
    sources = [source for project in config.projects.values() for source in project.sources]
    files = [source for source in sources if source.connection in ("finance", "facilities")]
    assert len(files) == 4
    for source in files:
        assert list(config.connections[source.connection].root.glob(source.path))


def test_the_rollout_is_the_first_project_and_the_other_shares_no_source_with_it(sandbox: Sandbox):
    projects = load(sandbox.config_text(), kinds(), "crosstie.toml", sandbox.folder).projects
    assert list(projects) == ["erp", "dcm"]
    one, other = (
        {(source.connection, source.key) for source in project.sources} for project in projects.values()
    )
    assert one.isdisjoint(other)
    assert {connection for connection, _ in one} & {connection for connection, _ in other} == {
        *("jira", "planner")
    }
