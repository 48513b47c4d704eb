"""What `crosstie health` says of writing, and when it calls for a person."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from model.outbox import RunKind, State
from model.values import Ref
from service.workspace import Workspace
from service.writing_health import examine_writing, writing_lines
from sync.intents import intent_of
from sync.send import PAUSED
from tests.service.changesets import CHANGESET
from tests.service.commandline import CommandLine
from tests.service.offices import NOW, issue, office, read


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return office(tmp_path)


def hold(workspace: Workspace, state: State, error: str) -> None:
    with workspace.store.transaction() as writer:
        run = writer.outbox.begin_run("erp", RunKind.SYNC, "cli:tester", "7f3a", NOW)
        writer.outbox.add(run, [intent_of(run, 0, CHANGESET.writes[0])], 0, NOW)
        (entry,) = writer.outbox.of_run(run)
        writer.outbox.advance(entry, state, NOW, error=error, next_try=NOW + timedelta(hours=2))


def told(workspace: Workspace) -> str:
    return " ".join(" ".join(writing_lines(examine_writing(workspace, ["erp"]))).split())


def test_a_project_that_writes_nothing_has_nothing_to_say(workspace):
    found = examine_writing(workspace, ["erp"])
    assert not found.needs
    assert list(writing_lines(found)) == []


def test_a_parked_write_names_its_issue_its_reason_and_calls_for_a_person(workspace):
    hold(workspace, State.PARKED, "nobody knows whether\nit was created")
    said = told(workspace)
    assert "▲ writing parked gh due of #412, run 1. nobody knows whether it was created." in said
    assert "Not before 02 Mar 2026 11:00 UTC" in said
    assert "1 write waits for a person" in said


def test_a_write_that_will_be_tried_again_is_shown_without_calling_for_anybody(workspace):
    hold(workspace, State.UNKNOWN, "the answer was lost")
    assert not examine_writing(workspace, ["erp"]).needs
    assert "✓ writing unknown gh due of #412, run 1. the answer was lost." in told(workspace)


def test_writes_of_another_project_are_not_shown(workspace):
    hold(workspace, State.PARKED, "x")
    assert examine_writing(workspace, ["other"]).held == ()


def test_a_pause_names_who_set_it_why_and_how_to_go_on(workspace):
    with workspace.store.transaction() as writer:
        writer.leases.set(PAUSED, "cut-over", "cli:ada", NOW)
    assert "All writing is paused by cli:ada: cut-over. Go on: crosstie resume" in told(workspace)


def test_open_conflicts_call_for_a_decision(workspace):
    read(workspace, issue("one", 1, "PAY-1"))
    with workspace.store.transaction() as writer:
        writer.decisions.note_conflicts("erp", {(Ref("one", "1"), "due")}, NOW)
    said = told(workspace)
    assert "conflict due of one:1, since 02 Mar 2026" in said
    assert "1 conflict waits for a decision: crosstie conflicts list" in said


def test_the_command_line_tells_it_and_fails_when_asked_to_be_strict(workspace, tmp_path):
    hold(workspace, State.PARKED, "x")
    line = CommandLine(tmp_path, {"CROSSTIE_NOW": NOW.isoformat()})
    done = line.run("health", "--strict")
    assert done.returncode == 6
    assert "Writing needs somebody." in done.stdout
    body = json.loads(line.run("health", "--json").stdout)
    assert body["complete"] is False
    assert [held["state"] for held in body["writing"]["held"]] == ["parked"]
