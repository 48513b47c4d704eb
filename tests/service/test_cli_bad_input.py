"""Whatever is wrong around the command line: a clear message with a next step, an exit code, nothing lost."""

from __future__ import annotations

import os
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from sandbox.run import Sandbox
from service.failures import Exit
from tests.service.commandline import CommandLine, Done, laid_out, only

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs limits of the operating system")

SECRETS = {
    "jira": "NORTHWIND_JIRA_TOKEN",
    "github": "NORTHWIND_GITHUB_TOKEN",
    "planner": "NORTHWIND_PLANNER_SECRET",
}
NOWHERE = "http://127.0.0.1:9"
ROWS = "id,title,due\n" + "".join(f"{n},Task {n},2026-03-{n:02}\n" for n in range(1, 29))
FILES = """\
version = 1
[connections.files]
kind = "file"
root = "exports"
[projects.erp]
name = "ERP rollout"
sources = [ { connection = "files", path = "good.csv" }, { connection = "files", path = "plan.csv" } ]
"""
LayOut = Callable[..., CommandLine]


def refused(done: Done, code: Exit, *said: str) -> str:
    """What a command said that failed with `code`: all that was asked for, and nothing of its insides."""
    assert done.returncode == code, done.stdout + done.stderr
    for words in said:
        assert words in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert 'File "' not in done.stderr
    return done.stderr


def nothing_stored(line: CommandLine) -> bool:
    return not line.database.exists() or not line.view().all_issues()


@pytest.fixture(scope="module", autouse=True)
def unanswered(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[CommandLine, subprocess.Popen[str]]]:
    """A pull from three hosts that nobody answers for; its patience lasts as long as the other tests."""
    config = re.sub(r".*\"ERPX\", .*\n", "", only(sandbox.config_text(), "jira", "github", "planner"))
    for stand in (sandbox.jira, sandbox.github, sandbox.graph):
        config = config.replace(stand.url, NOWHERE)
    line = laid_out(sandbox, tmp_path_factory.mktemp("unanswered"), config)
    with line.start("pull") as process:
        yield line, process
        process.kill()


@pytest.mark.parametrize(
    ("tracker", "step"),
    [
        ("jira", "Make a new one in the account's security settings, then: crosstie check"),
        ("github", "create a new one and put it where the connection's token points"),
        ("planner", "Check client and its secret or certificate in the app registration"),
    ],
)
def test_a_wrong_token_is_exit_4_and_says_where_to_make_a_new_one(
    tracker: str, step: str, sandbox: Sandbox, lay_out: LayOut
) -> None:
    line = lay_out(only(sandbox.config_text(), tracker))
    wrong = "a-credential-of-somebody-else"
    said = refused(line.run("pull", **{SECRETS[tracker]: wrong}), Exit.REFUSED_BY_TRACKER, step)
    assert wrong not in said
    assert nothing_stored(line)


@pytest.mark.parametrize(
    ("tracker", "right", "wrong", "step"),
    [
        ("jira", "ERPX", "ERPQ", "Correct project in the source"),
        ("github", "northwind/erp-integration", "northwind/nosuch", "Check repo in the config"),
        ("planner", "plan", "another", "Correct plan in the source"),
    ],
)
def test_a_place_that_the_tracker_does_not_have_is_exit_3(
    tracker: str, right: str, wrong: str, step: str, sandbox: Sandbox, lay_out: LayOut
) -> None:
    config = re.sub(r".*board = .*\n", "", only(sandbox.config_text(), tracker))
    if tracker == "planner":
        (right, *_) = sandbox.world.planner.titles
        wrong = right[::-1]
    line = lay_out(config.replace(right, wrong))
    said = refused(line.run("pull"), Exit.CONFIGURATION, wrong)
    assert said.count(step) == 1
    assert nothing_stored(line)


def test_all_that_is_wrong_in_the_config_is_said_at_once(sandbox: Sandbox, lay_out: LayOut) -> None:
    config = sandbox.config_text()
    for right, wrong in {
        'timezone = "Europe/London"   ': 'tmezone = "Europe/London"   ',
        'kind = "github"': 'kind = "gihub"',
        "start = 2026-01-05": 'start = "soon"',
    }.items():
        assert right in config
        config = config.replace(right, wrong, 1)
    line = lay_out(config)
    said = refused(line.run("pull"), Exit.CONFIGURATION)
    for words, meant in {
        'tmezone = "': "timezone",
        'kind = "gihub"': "github",
        'start = "soon"': "2026",
    }.items():
        number = config[: config.index(words)].count("\n") + 1
        (about,) = [told for told in said.split("\n") if re.search(rf"crosstie\.toml:{number}\b", told)]
        assert words.split(" = ")[0] in about
        assert meant in about
    assert not line.database.exists()


def test_broken_toml_names_its_line_and_does_not_hide_what_else_is_wrong(
    sandbox: Sandbox, lay_out: LayOut
) -> None:
    config = sandbox.config_text().replace("[general]", "[general", 1).replace("board = 1", "bord = 1")
    line = lay_out(config)
    said = refused(line.run("pull"), Exit.CONFIGURATION, '"board"')
    for words in ("[general", "bord = 1"):
        number = config[: config.index(words)].count("\n") + 1
        assert re.search(rf"crosstie\.toml:{number}\b", said)
    assert not line.database.exists()


def test_a_bad_date_names_file_row_and_column_and_leaves_the_file_out_whole(lay_out: LayOut) -> None:
    line = lay_out(FILES)
    (line.folder / "exports").mkdir()
    (line.folder / "exports" / "good.csv").write_text(ROWS)
    bad = ROWS.replace("2026-03-16", "the sixteenth")
    assert bad.split("\n")[16].startswith("16,")
    (line.folder / "exports" / "plan.csv").write_text(bad)
    refused(line.run("pull"), Exit.PARTLY_DONE, "plan.csv", "row 17", '"due"', "the sixteenth")
    assert {issue.source for issue in line.view().all_issues()} == {"good.csv"}
    (line.folder / "exports" / "plan.csv").write_text(ROWS)
    assert line.run("pull").returncode == Exit.DONE
    assert {issue.source for issue in line.view().all_issues()} == {"good.csv", "plan.csv"}


def test_a_store_of_a_newer_version_is_exit_9_and_not_a_byte_of_it_changes(pulled: CommandLine) -> None:
    with closing(sqlite3.connect(pulled.database)) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        file.commit()
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = pulled.files()
    for command in (["pull"], ["report", "status"], ["db", "upgrade"]):
        refused(pulled.run(*command), Exit.STORE, "newer", "9999", "nothing was changed", "Install the newer")
    assert {name: pulled.files()[name] for name in before} == before


def test_a_file_that_is_no_store_is_exit_9_and_left_alone(lay_out: LayOut) -> None:
    line = lay_out()
    line.database.write_text("Minutes of the steering committee\n" * 200)
    before = line.database.read_bytes()
    refused(line.run("pull"), Exit.STORE, "crosstie.db")
    assert line.database.read_bytes() == before
    line.database.unlink()
    with closing(sqlite3.connect(line.database)) as file:
        file.execute("CREATE TABLE minutes (text)")
    before = line.database.read_bytes()
    refused(line.run("pull"), Exit.STORE, "another program", "Name another file")
    assert line.database.read_bytes() == before


@posix
def test_a_full_disk_is_exit_9_and_the_next_pull_goes_on(lay_out: LayOut, pulled_once: CommandLine) -> None:
    line = lay_out()
    room = pulled_once.database.stat().st_size // 2

    def run_out() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    refused(line.run("pull", before=run_out), Exit.STORE, "crosstie.db")
    with closing(sqlite3.connect(line.database)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    done = line.run("pull")
    assert done.returncode == Exit.DONE, done.stderr
    assert line.view().issues() == pulled_once.view().issues()


def test_one_failing_source_is_exit_6_and_the_others_are_stored(lay_out: LayOut) -> None:
    line = lay_out()
    wrong = {"NORTHWIND_GITHUB_TOKEN": "a-credential-of-somebody-else", "NORTHWIND_PLANNER_SECRET": ""}
    done = line.run("pull", **wrong)
    refused(done, Exit.PARTLY_DONE, "github northwind/erp-integration: GitHub refuses the token")
    assert "env:NORTHWIND_PLANNER_SECRET" in done.stderr
    assert "jira ERP: " in done.stdout
    assert {issue.ref.connection for issue in line.view().issues()} == {"jira", "facilities"}


def test_a_report_on_an_empty_store_says_to_pull(lay_out: LayOut) -> None:
    done = lay_out().run("report", "status", "--project", "erp")
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert "Run: crosstie pull" in " ".join(done.stdout.split())


def test_a_report_without_a_baseline_names_a_command_that_sets_one_as_it_stands(pulled: CommandLine) -> None:
    done = pulled.run("report", "status", "--project", "erp")
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    told = re.search(r"Set one with: crosstie (baseline set [^.]+)\.", " ".join(done.stdout.split()))
    assert told is not None
    taken = pulled.run(*told.group(1).split())
    assert taken.returncode == Exit.DONE, taken.stderr
    assert 'Baseline "B1" is set' in taken.stderr


def test_the_first_project_is_meant_where_none_is_named_and_that_is_said(pulled: CommandLine) -> None:
    meant, named = pulled.run("report", "status"), pulled.run("report", "status", "--project", "erp")
    assert meant.stderr == "About erp, the first project of crosstie.toml. --project: dcm\n"
    assert (meant.stdout, named.stderr) == (named.stdout, "")
    other = pulled.run("report", "status", "--project", "dcm")
    assert other.stdout.lstrip().startswith("Data-centre move")
    assert "ERP-" not in other.stdout


QUESTIONS = {
    "report status --since 2030-01-01": ("2030-01-01 has not come yet", "Name an earlier day"),
    "report status --since soon": ('"soon" is not a date', "2026-03-25"),
    "report slip --by colour": ('"colour" is not a dimension', "department, module, wave"),
    "report slip --baseline B9": ('no baseline "B9"', "crosstie baseline set"),
    "report slip --project erq": ('no project "erq"', "erp"),
    "ties join NOPE-1 ERP-1": ('"NOPE-1"', "Give its key, id or connection:id"),
    "history NOPE-1": ('"NOPE-1"', "Give its key, id or connection:id"),
}


def test_a_question_about_what_is_not_there_is_wrong_usage_and_names_what_is(
    pulled_once: CommandLine,
) -> None:
    before = pulled_once.view()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(lambda asked: pulled_once.run(*asked.split()), QUESTIONS))
    for done, said in zip(answers, QUESTIONS.values(), strict=True):
        refused(done, Exit.USAGE, *said)
        assert done.stdout == ""
    after = pulled_once.view()
    assert (after.ties(), after.issues()) == (before.ties(), before.issues())


def test_hosts_that_do_not_answer_are_exit_5_after_some_patience(
    unanswered: tuple[CommandLine, subprocess.Popen[str]],
) -> None:
    line, process = unanswered
    out, err = process.communicate(timeout=120)
    done = subprocess.CompletedProcess[str](process.args, process.returncode, out, err)
    refused(done, Exit.TRY_LATER, "waiting 1 s, http://127.0.0.1:9 refused the connection")
    for source in ("jira ERP", "github northwind/erp-integration", "planner "):
        (told,) = [text for text in err.split("\n") if text.startswith(source)]
        assert told.endswith("Check the address, the network and the proxy, then run the command again.")
    assert nothing_stored(line)
