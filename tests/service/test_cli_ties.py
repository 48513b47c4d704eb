"""People decide what is the same work: join, split and pin, each kept, audited and able to be taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.values import EvidenceKind, Ref
from service.tying import retie_projects
from service.workspace import Workspace
from tests.service.commandline import CommandLine, Done
from tests.service.offices import CONFIG, NOW, issue, office, read

A, B, C = Ref("one", "1"), Ref("two", "1"), Ref("three", "1")
LINKED = 'ties = { keys = ["PAY-\\\\d+"] }\n'


class Desk:
    """A folder with three trackers and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.workspace: Workspace = office(folder, CONFIG + LINKED)
        self.line = CommandLine(folder, {"CROSSTIE_NOW": NOW.isoformat(), "CROSSTIE_USER": "tester"})

    def ties(self) -> set[tuple[Ref, Ref, EvidenceKind]]:
        return {(edge.a, edge.b, edge.kind) for edge in self.workspace.store.view(NOW).ties()}

    def acts(self) -> list[dict[str, object]]:
        with self.workspace.store.reading() as books:
            return [json.loads(entry.what) | {"who": entry.who} for entry in books.audit.entries()]

    def crosstie(self, *args: str) -> Done:
        return self.line.run(*args)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    read(desk.workspace, issue("one", 1, "PAY-1"), issue("two", 1, "T-1", title="PAY-1 Title"))
    read(desk.workspace, issue("three", 1, "X-1"))
    retie_projects(desk.workspace)
    return desk


def test_a_split_holds_against_the_evidence_and_forgets_what_was_agreed(desk):
    with desk.workspace.store.transaction() as writer:
        writer.ties.agree_all({A: {"due": "2026-03-01"}, B: {"due": "2026-03-01"}}, NOW)
    done = desk.crosstie("ties", "split", "PAY-1", "T-1")
    assert done.returncode == 0, done.stderr
    assert "crosstie ties join PAY-1 T-1" in done.stderr
    assert desk.ties() == set()
    with desk.workspace.store.reading() as books:
        assert books.agreed() == {}
    assert desk.acts() == [{"act": "ties split", "issues": ["one:1", "two:1"], "who": "cli:tester"}]


def test_what_was_split_is_joined_again(desk):
    desk.crosstie("ties", "split", "PAY-1", "T-1")
    assert desk.crosstie("ties", "join", "PAY-1", "T-1").returncode == 0
    assert (A, B, EvidenceKind.MANUAL) in desk.ties()


def test_a_pin_outlives_the_link_that_led_to_the_tie(desk):
    assert desk.crosstie("ties", "pin", "T-1", "PAY-1").returncode == 0
    read(desk.workspace, issue("two", 1, "T-1"))
    retie_projects(desk.workspace)
    assert desk.ties() == {(A, B, EvidenceKind.MANUAL)}


@pytest.mark.parametrize("verb", ["split", "pin"])
def test_what_is_not_tied_can_neither_be_split_nor_pinned(desk, verb):
    done = desk.crosstie("ties", verb, "PAY-1", "X-1")
    assert done.returncode == 2
    assert "PAY-1 and X-1 are not tied" in done.stderr
    assert "crosstie ties" in done.stderr
    assert desk.acts() == []


def test_two_issues_that_stay_tied_through_a_third_are_said_to(desk):
    desk.crosstie("ties", "join", "T-1", "X-1")
    desk.crosstie("ties", "join", "PAY-1", "X-1")
    done = desk.crosstie("ties", "split", "PAY-1", "T-1")
    assert done.returncode == 6
    assert "through other issues" in done.stderr
