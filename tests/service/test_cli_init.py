"""The way to a first report: init writes a config that works, check says what it found."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from sandbox.run import Sandbox
from service.failures import Exit
from tests.service.commandline import CommandLine, only

LayOut = Callable[..., CommandLine]


def connections(sandbox: Sandbox) -> list[str]:
    """The flags that connect the three trackers."""
    planner = sandbox.world.planner
    told = {
        "jira": f"url={sandbox.jira.url},user={sandbox.world.jira.reader},token=env:NORTHWIND_JIRA_TOKEN",
        "github": f"url={sandbox.github.url},token=env:NORTHWIND_GITHUB_TOKEN",
        "planner": f"url={sandbox.graph.url}/v1.0,authority={sandbox.entra.url},tenant={planner.site.id},"
        f"client={planner.reader},secret=env:NORTHWIND_PLANNER_SECRET,ca_file=sandbox-ca.pem",
    }
    return [
        word for kind, rest in told.items() for word in ("--connection", f"name={kind},kind={kind},{rest}")
    ]


def sources(sandbox: Sandbox) -> list[str]:
    """The flags that choose what to read of each."""
    (plan, *_) = sandbox.world.planner.titles
    told = (
        f"connection=jira,project=ERP,board={sandbox.world.jira.board}",
        f"connection=github,repo={sandbox.world.github.repo},project={sandbox.world.github.project}",
        f"connection=planner,plan={plan}",
    )
    return [word for source in told for word in ("--source", source)]


@pytest.fixture
def line(lay_out: LayOut) -> CommandLine:
    """A folder without a config."""
    made = lay_out()
    made.config.unlink()
    return made


def test_init_writes_a_config_that_check_and_pull_accept(line: CommandLine, sandbox: Sandbox) -> None:
    flags = [*connections(sandbox), *sources(sandbox), "--project", "ERP rollout"]
    made = line.run("init", *flags)
    assert made.returncode == Exit.DONE, made.stderr
    assert "ERP-1" in made.stdout
    assert "Next: crosstie check, then crosstie pull" in made.stderr
    assert not line.database.exists()
    text = line.config.read_text()
    assert not any(secret in text for secret in sandbox.environ.values())
    checked = line.run("check")
    assert checked.returncode == Exit.DONE, checked.stdout
    pulled = line.run("pull")
    assert pulled.returncode == Exit.DONE, pulled.stderr
    assert {issue.ref.connection for issue in line.view().issues()} == {"jira", "github", "planner"}
    again = line.run("init", *flags)
    assert again.returncode == Exit.CONFIGURATION
    assert "crosstie init -o OTHER.toml" in again.stderr
    assert line.config.read_text() == text


def test_without_a_source_init_lists_what_can_be_seen_and_each_line_can_be_given_back(
    line: CommandLine, sandbox: Sandbox
) -> None:
    before = line.files()
    looked = line.run("init", *connections(sandbox))
    assert looked.returncode == Exit.DONE, looked.stderr
    (plan, *_) = sandbox.world.planner.titles
    for offer in (
        '--source "connection=jira,project=ERP"',
        '--source "connection=jira,project=ERPX"',
        f'--source "connection=github,repo={sandbox.world.github.repo}"',
        f'--source "connection=planner,plan={plan}"',
    ):
        assert offer in looked.stdout
    assert "Nothing was written. Choose with --source" in looked.stderr
    assert line.files() == before


def test_init_with_a_wrong_token_is_exit_4_and_writes_nothing(line: CommandLine, sandbox: Sandbox) -> None:
    before = line.files()
    wrong = {"NORTHWIND_JIRA_TOKEN": "a-credential-of-somebody-else"}
    refused = line.run("init", *connections(sandbox), *sources(sandbox), **wrong)
    assert refused.returncode == Exit.REFUSED_BY_TRACKER
    assert "env:NORTHWIND_JIRA_TOKEN" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert line.files() == before


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "crosstie init --connection"),
        (["--connection", "kind=trello,url=https://x.example"], "Known: file, github, jira, planner"),
        (["--connection", "jira"], '"jira" is not key=value'),
    ],
)
def test_init_without_what_it_needs_says_what_to_give(flags: list[str], said: str, line: CommandLine) -> None:
    before = line.files()
    done = line.run("init", *flags)
    assert done.returncode == Exit.USAGE
    assert said in done.stderr
    assert line.files() == before


def test_init_with_a_setting_that_does_not_exist_names_it(line: CommandLine, sandbox: Sandbox) -> None:
    before = line.files()
    flags = ["--connection", f"name=j,kind=jira,ulr={sandbox.jira.url},token=env:NORTHWIND_JIRA_TOKEN"]
    done = line.run("init", *flags)
    assert done.returncode == Exit.CONFIGURATION
    assert "ulr" in done.stderr
    assert 'Did you mean "url"?' in done.stderr
    assert line.files() == before


def test_check_names_accounts_fields_and_what_deserves_a_look(lay_out: LayOut, sandbox: Sandbox) -> None:
    done = lay_out().run("check")
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    for said in (
        "crosstie.toml is valid (version 1): 5 connections, 2 projects",
        f"jira: reached, signed in as Crosstie <{sandbox.world.jira.reader}>",
        "github: reached, signed in as northwind-crosstie",
        "planner: reached, signed in as application ",
        f"{sandbox.world.planner.reader} of tenant {sandbox.world.planner.site.id}",
        "jira: ERP: estimate is read from",
        "due is read from Target date",
        "estimate is read from labels",
        "▲ github: A classic token",
        "Reading works. 2 to look at.",
    ):
        assert said in done.stdout


def test_check_in_json_tells_the_same_and_strict_fails_on_what_deserves_a_look(
    lay_out: LayOut, sandbox: Sandbox
) -> None:
    line = lay_out(only(sandbox.config_text(), "github"))
    done = line.run("check", "github", "--json", "--strict")
    assert done.returncode == Exit.CONFIGURATION
    findings = json.loads(done.stdout)
    assert {finding["level"] for finding in findings} == {"good", "warning"}
    assert any("northwind-crosstie" in finding["fact"] for finding in findings)


def test_the_schema_accepts_the_demo_config_and_names_what_it_does_not_accept(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    done = CommandLine(tmp_path).run("config", "schema")
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    schema = json.loads(done.stdout)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    config = plain(tomllib.loads(sandbox.config_text()))
    assert list(validator(schema).iter_errors(config)) == []
    config["general"]["tmezone"] = "UTC"
    (wrong,) = validator(schema).iter_errors(config)
    assert list(wrong.absolute_path) == ["general"]
    assert "tmezone" in wrong.message


def plain(value: object) -> object:
    """TOML's dates as the texts that JSON Schema knows."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
