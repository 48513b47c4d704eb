"""What Crosstie wrote is part of an issue's history, told once and as its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.base import Batch
from model.outbox import RunKind, State
from service.workspace import Workspace
from sync.changeset import Action, Why
from sync.intents import intent_of
from sync.record import Place, record
from tests.service.changesets import CHANGESET
from tests.service.commandline import CommandLine
from tests.service.offices import NOW, issue, office, read

MINUTE = timedelta(minutes=1)
TARGET = issue("two", 7, "T-7", title="Train people", due=date(2026, 3, 20))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Somebody moved the due date by hand at 8:30; ours moved it again at 8:45 and cleared a label unseen."""
    workspace = office(tmp_path)
    read(workspace, TARGET)
    move(workspace, date(2026, 4, 2), NOW - 30 * MINUTE)
    source = issue("one", 1, "PAY-1").ref
    due = replace(CHANGESET.writes[0], target=TARGET.ref, key="T-7", why=Why("ask", source, "PAY-1", "ada"))
    made = replace(due, action=Action.CREATE, field="", fields={"title": "Train people"})
    with workspace.store.transaction() as writer:
        run = writer.outbox.begin_run("erp", RunKind.SYNC, "cli:tester", "7f3a", NOW - 20 * MINUTE)
        made = replace(made, target=replace(TARGET.ref, id="intent-1"))
        intents = [intent_of(run, 0, made), intent_of(run, 1, due)]
        writer.outbox.add(run, intents, 0, NOW - 16 * MINUTE)
    move(workspace, date(2026, 4, 9), NOW - 15 * MINUTE)
    with workspace.store.transaction() as writer:
        created, edited = writer.outbox.of_run(run)
        writer.outbox.advance(created, State.APPLIED, NOW - 14 * MINUTE, target="7")
        writer.outbox.advance(edited, State.APPLIED, NOW - 14 * MINUTE, receipt="2026-04-09")
    return workspace


def move(workspace: Workspace, due: date, at: object) -> None:
    with workspace.store.transaction() as writer:
        place = Place("two", "plan.csv", at, False)  # type: ignore[arg-type]
        record(writer, place, Batch("issues", "c", True, issues=(replace(TARGET, due=due),)))


def test_each_change_is_told_once_by_whoever_made_it(workspace, tmp_path):
    told = CommandLine(tmp_path, {"CROSSTIE_NOW": NOW.isoformat()}).run("history", "T-7").stdout
    lines = [line for line in told.splitlines() if line.startswith("2026-")]
    assert [("Crosstie" in line, line.split(": ", 1)[1].split(" (found")[0]) for line in lines] == [
        (False, "due 2026-03-20 -> 2026-04-02"),
        (True, "due 2026-04-02 -> 2026-04-09 by Crosstie (run 1, from PAY-1)"),
        (True, "created as “Move tables” by Crosstie (run 1, from PAY-1)"),
    ]


def test_its_json_has_every_write_with_its_rule_and_cause(workspace, tmp_path):
    done = CommandLine(tmp_path, {"CROSSTIE_NOW": NOW.isoformat()}).run("history", "T-7", "--json")
    writes = json.loads(done.stdout)["writes"]
    assert [(each["write"]["field"], each["write"]["why"]["key"]) for each in writes] == [
        ("", "PAY-1"),
        ("due", "PAY-1"),
    ]
