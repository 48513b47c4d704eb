"""Who is who, as the command line shows it; and a person who is erased."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.base import Batch
from model.values import Account, Ref
from service.workspace import Workspace
from sync.record import Place, record
from tests.service.commandline import CommandLine
from tests.service.offices import CONFIG, NOW, office

ANN = Account(Ref("one", "a1"), "Ann \x1b[2JLee", "ann@example.com")
DOUBLE = Account(Ref("two", "a2"), "Ann Lee", "ann@example.com")
PEOPLE = '[people.ann]\nname = "Ann Lee"\naccounts = { one = "a1" }\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = office(tmp_path, CONFIG + PEOPLE)
    with workspace.store.transaction() as writer:
        for account in (ANN, DOUBLE):
            place = Place(account.ref.connection, "plan.csv", NOW, True)
            record(writer, place, Batch("issues", "c", True, accounts=(account,)))
    return workspace


@pytest.fixture
def line(workspace: Workspace, tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, {"CROSSTIE_NOW": NOW.isoformat(), "CROSSTIE_USER": "tester"})


def test_people_are_listed_with_their_accounts_and_strangers_with_suggestions(line):
    listed = line.run("people", "list")
    assert "ann: Ann Lee\n    one:a1  Ann \N{REPLACEMENT CHARACTER}[2JLee  (by the config)" in listed.stdout
    assert "1 accounts are nobody's: crosstie people unmatched" in listed.stderr
    unmatched = line.run("people", "unmatched")
    assert "two:a2  Ann Lee  perhaps Ann Lee (ann): the same name" in unmatched.stdout
    (told,) = json.loads(line.run("people", "unmatched", "--json").stdout)["data"]["accounts"]
    assert (told["ref"], list(told["suggestions"])) == ("two:a2", ["ann"])


def test_a_person_is_erased_only_when_somebody_says_so(line, workspace):
    refused = line.run("people", "erase", "ann")
    assert refused.returncode == 7
    assert "nothing was erased. Give --yes" in refused.stderr
    done = line.run("people", "erase", "ann", "--yes")
    assert done.returncode == 0
    assert "take [people.ann] out by hand" in done.stderr
    names = {account.ref: account.name for account in workspace.store.view(NOW).accounts()}
    assert names[ANN.ref].startswith("Person ")
    assert names[DOUBLE.ref] == "Ann Lee"
    with workspace.store.reading() as books:
        assert [json.loads(entry.what) for entry in books.audit.entries()] == [
            {"act": "erase person", "accounts": ["one:a1"]}
        ]


def test_nobody_is_erased_by_a_name_that_nobody_has(line):
    done = line.run("people", "erase", "eve", "--yes")
    assert done.returncode == 2
    assert "See: crosstie people list" in done.stderr
