"""Runs, the audit log and the switch that stops all writing, as the command line shows them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from model.outbox import RunKind, State
from model.values import Ref
from service.workspace import Workspace
from sync.intents import intent_of
from sync.send import PAUSED
from tests.service.changesets import CHANGESET
from tests.service.commandline import CommandLine, Done
from tests.service.offices import NOW, issue, office, read


class Desk:
    """A folder with a store, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.workspace: Workspace = office(folder)
        self.line = CommandLine(folder, {"CROSSTIE_NOW": NOW.isoformat(), "CROSSTIE_USER": "tester"})

    def run(self, *states: State, error: str | None = None) -> int:
        """A run whose writes ended so."""
        with self.workspace.store.transaction() as writer:
            run = writer.outbox.begin_run("erp", RunKind.APPLY, "cli:tester", "7f3a", NOW)
            write = replace(CHANGESET.writes[0], title="Mo\x1b[31mve")
            intents = [intent_of(run, place, write) for place in range(len(states))]
            writer.outbox.add(run, intents, 0, NOW)
            for entry, state in zip(writer.outbox.of_run(run), states, strict=True):
                writer.outbox.advance(entry, state, NOW, error=error)
                writer.audit.append("cli:tester", {"action": "edit", "outcome": state.value}, NOW, run)
            counts = {state.value: states.count(state) for state in dict.fromkeys(states)}
            writer.outbox.end_run(run, "done", json.dumps(counts), NOW + timedelta(seconds=3))
        return run

    def crosstie(self, *args: str) -> Done:
        return self.line.run(*args)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_pausing_says_who_and_why_until_somebody_resumes(desk):
    assert desk.crosstie("pause", "--reason", "cut-over weekend").returncode == 0
    with desk.workspace.store.reading() as books:
        flag = books.leases.flag(PAUSED)
    assert flag is not None
    assert (flag.value, flag.by, flag.at) == ("cut-over weekend", "cli:tester", NOW)
    resumed = desk.crosstie("resume")
    assert "cli:tester had paused it: cut-over weekend" in resumed.stderr
    with desk.workspace.store.reading() as books:
        assert books.leases.flag(PAUSED) is None
        assert [json.loads(entry.what)["act"] for entry in books.audit.entries()] == ["pause", "resume"]


def test_resuming_what_was_not_paused_changes_nothing(desk):
    assert "was not paused" in desk.crosstie("resume").stderr
    with desk.workspace.store.reading() as books:
        assert not list(books.audit.entries())


def test_runs_are_listed_newest_first_with_their_outcomes(desk):
    desk.run(State.APPLIED, State.REFUSED)
    desk.run(State.APPLIED)
    lines = desk.crosstie("runs", "list").stdout.splitlines()
    assert lines == [
        "    2  2026-03-02 09:00  erp apply by cli:tester: done, 1 applied",
        "    1  2026-03-02 09:00  erp apply by cli:tester: done, 1 applied, 1 refused",
    ]
    told = json.loads(desk.crosstie("runs", "list", "--json").stdout)
    assert told["schema"] == "crosstie/runs/1"
    assert [run["counts"] for run in told["data"]["runs"]] == [{"applied": 1}, {"applied": 1, "refused": 1}]


def test_a_run_is_shown_write_by_write_with_the_reason_of_each_refusal(desk):
    number = desk.run(State.REFUSED, error="the due date is\nnot on the screen\x1b[2J")
    done = desk.crosstie("runs", "show", str(number))
    assert "  refused   gh #412 due 2026-03-20 -> 2026-04-09" in done.stdout
    assert "the due date is not on the screen\N{REPLACEMENT CHARACTER}[2J" in done.stdout
    assert "\x1b" not in done.stdout
    told = json.loads(desk.crosstie("runs", "show", str(number), "--json").stdout)
    (write,) = told["data"]["writes"]
    assert (write["state"], write["write"]["after"]) == ("refused", "2026-04-09")


def test_a_run_that_never_was_is_refused_with_the_next_step(desk):
    done = desk.crosstie("runs", "show", "9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no run 9. Those there are: crosstie runs list" in done.stderr


def test_the_audit_log_is_listed_verified_and_exported(desk, tmp_path):
    desk.run(State.APPLIED)
    assert "cli:tester run 1: edit  outcome applied" in desk.crosstie("audit", "list").stdout
    verified = desk.crosstie("audit", "verify")
    assert verified.returncode == 0
    head = verified.stdout.split()[-1]
    assert desk.crosstie("audit", "export", "-o", "audit.jsonl").returncode == 0
    (line,) = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["hash"] == head
    assert desk.crosstie("audit", "verify", "--anchor", head).returncode == 0


def test_a_log_that_somebody_altered_or_cut_short_is_found_out(desk, tmp_path):
    desk.run(State.APPLIED, State.REFUSED)
    head = desk.crosstie("audit", "verify").stdout.split()[-1]
    desk.workspace.close()
    with closing(sqlite3.connect(tmp_path / "crosstie.db")) as database, database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE audit SET who = 'cli:somebody' WHERE pk = 1")
        database.execute("DELETE FROM audit WHERE pk = 2")
    done = desk.crosstie("audit", "verify", "--anchor", head)
    assert done.returncode == 9
    assert "audit entry 1: this entry was altered" in done.stdout
    assert f"names the head {head[:12]}" in done.stdout
    assert "crosstie db restore" in done.stderr


def parked_creation(desk: Desk) -> str:
    read(desk.workspace, issue("one", 1, "PAY-1"), issue("two", 9, "T-9"))
    create = replace(
        CHANGESET.writes[2],
        target=Ref("two", "m-4f1e0a"),
        why=replace(CHANGESET.writes[2].why, source=Ref("one", "1")),
    )
    with desk.workspace.store.transaction() as writer:
        run = writer.outbox.begin_run("erp", RunKind.SYNC, "cli:tester", "7f3a", NOW)
        writer.outbox.add(run, [intent_of(run, 0, create)], 0, NOW)
        (entry,) = writer.outbox.of_run(run)
        writer.outbox.advance(entry, State.PARKED, NOW, error="nobody knows")
    return "m-4f1e0a"


def state(desk: Desk, intent: str) -> tuple[State, str | None]:
    with desk.workspace.store.reading() as books:
        entry = books.outbox.by_intent([intent])[intent]
    return entry.state, entry.target


def test_a_person_who_found_what_a_parked_creation_made_ties_it(desk):
    intent = parked_creation(desk)
    assert desk.crosstie("runs", "settle", intent, "--found", "T-9").returncode == 0
    assert state(desk, intent) == (State.APPLIED, "9")
    (tie,) = desk.workspace.store.view(NOW).ties()
    assert {tie.a, tie.b} == {Ref("one", "1"), Ref("two", "9")}


def test_a_person_who_found_nothing_lets_it_be_made_again(desk):
    intent = parked_creation(desk)
    assert desk.crosstie("runs", "settle", intent, "--none").returncode == 0
    assert state(desk, intent)[0] is State.MOVED


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("m-4f1e0a",), "one of the two"),
        (("m-4f1e0a", "--found", "PAY-1"), "one:1 is not in two"),
        (("m-other", "--none"), "No parked creation is called m-other"),
    ],
)
def test_what_cannot_be_settled_is_left_as_it_is(desk, args, told):
    intent = parked_creation(desk)
    done = desk.crosstie("runs", "settle", *args)
    assert done.returncode == 2
    assert told in done.stderr
    assert state(desk, intent)[0] is State.PARKED
