"""What the command line writes, and what keeps it from writing: over HTTP, by the trackers' own state."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from model.outbox import State
from service.fenced import Hold
from service.writing import write_within_limits
from sync.outcome import Written
from tests.connectors.github_desk import TOKEN as GITHUB_TOKEN
from tests.connectors.jira_desk import ANN
from tests.connectors.planner_office import SECRET
from tests.service.commandline import CommandLine, Done
from tests.service.three_offices import SECRETS, WRITER_SECRET, WRITES_GITHUB, WRITES_JIRA, Offices, offices

BEFORE, AFTER = date(2026, 3, 20), date(2026, 4, 9)


class House(Offices):
    """One tie on whose due date all agree, until Ann moves it in Jira."""

    def settle(self) -> None:
        self.issue = self.jira.story("Firewall rules", due=BEFORE, description="Open port 443")
        self.number = self.github.issue("ED-1 Firewall rules", Target_date=BEFORE)
        self.task = self.planner.add("ED-1 Firewall rules", due=BEFORE)
        self.wait(minutes=5)
        assert self.crosstie("sync").returncode == 0

    def move(self, due: date = AFTER) -> None:
        self.jira.site.edit(self.issue, ANN, due=due)
        self.wait(minutes=5)

    def followed(self) -> set[date]:
        """The due dates of the two others, as the trackers hold them."""
        board = self.github.site.project("acme", self.github.board)
        column = board.named("Target date")
        card = board.cards[self.github.site.issue("acme/erp", self.number)]
        assert column is not None
        due = self.planner.tenant.task(self.task).due
        assert due is not None
        held: Any = card.values[column.id].value
        return {held, due.date()}

    def asked_at_a_terminal(self, *args: str, answer: str) -> Done:
        """Run the command line with somebody there, who types one answer."""
        import pty

        ours, theirs = pty.openpty()
        line = CommandLine(self.folder, SECRETS)
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            [sys.executable, "-m", "service.entry", *args],
            cwd=self.folder,
            env=line.surroundings(CROSSTIE_NOW=self.now.isoformat()),
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
        told = os.read(ours, 100_000).decode()
        os.close(ours)
        os.close(theirs)
        return Done(done.args, done.returncode, done.stdout, told)

    def digest(self) -> str:
        """Of every byte that the folder holds."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with offices(tmp_path_factory.mktemp("house"), House) as house:
        assert isinstance(house, House)
        house.settle()
        house.move()
        assert house.crosstie("pull").returncode == 0
        yield house


@pytest.fixture
def waiting(world: House) -> Iterator[House]:
    """A change waits; whatever a test stops, nothing of it may have reached a tracker."""
    yield world
    assert world.followed() == {BEFORE}


def test_changes_tell_scripts_by_their_exit_code_that_something_waits(waiting):
    assert waiting.crosstie("changes").returncode == 0
    assert waiting.crosstie("changes", "--exit-code").returncode == 10
    told = waiting.answer("changes")
    assert told["schema"] == "crosstie/changes/1"
    assert [(w["field"], w["before"], w["after"]) for w in told["data"]["writes"]] == [
        ("due", "2026-03-20", "2026-04-09")
    ] * 2
    assert told["data"]["touched"] == told["data"]["ties"] == 1


def test_a_look_changes_no_byte_and_asks_no_tracker(waiting):
    before = waiting.digest(), waiting.asked()
    assert waiting.crosstie("sync", "--dry-run").returncode == 0
    assert waiting.crosstie("changes", "--full", "--json").returncode == 0
    assert (waiting.digest(), waiting.asked()) == before


def test_only_what_a_changed_config_leads_to_is_shown_when_that_is_asked(waiting):
    assert waiting.answer("changes", "--why", "mapping")["data"]["writes"] == []
    assert waiting.crosstie("changes", "--why", "love").returncode == 2


def test_a_rule_that_was_added_shows_its_effect_before_it_has_any(waiting):
    waiting.write_config('rules = { description = { owner = "jira" } }')
    told = waiting.answer("changes", "--why", "mapping")["data"]
    assert {write["field"] for write in told["writes"]} == {"body"}
    assert told["since_rules"] == 1
    waiting.write_config()


def test_what_would_be_written_is_shown_before_a_project_allows_it(waiting):
    config = waiting.folder / "crosstie.toml"
    allowed = config.read_text("utf-8")
    config.write_text(allowed.replace("write = true", "write = false"), "utf-8")
    shown, refused = waiting.crosstie("changes"), waiting.crosstie("apply", "--yes")
    config.write_text(allowed, "utf-8")
    assert "20 Mar -> 9 Apr" in shown.stdout
    assert (
        "Nothing of this is written until crosstie.toml says so: write = true in [projects." in shown.stderr
    )
    assert refused.returncode == 7


def test_without_a_terminal_and_without_yes_nothing_is_written(waiting):
    done = waiting.crosstie("apply")
    assert done.returncode == 7
    assert "Write 2 changes to 2 trackers? Nobody can be asked here" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_somebody_at_a_terminal_is_asked_and_a_no_writes_nothing(waiting):
    done = waiting.asked_at_a_terminal("apply", answer="n")
    assert "Write 2 changes to 2 trackers? [y/N]" in done.stderr
    assert "Nothing was written" in done.stderr
    assert done.returncode == 7


def test_a_pause_stops_apply_and_sync_until_resume(waiting):
    waiting.crosstie("pause", "--reason", "cut-over")
    for command in (["apply", "--yes"], ["sync"]):
        done = waiting.crosstie(*command)
        assert done.returncode == 7
        assert "cli:pm paused all writing" in done.stderr
    waiting.crosstie("resume")


def test_a_run_beyond_its_share_is_held_back_with_the_flag_that_lets_it_pass(waiting):
    waiting.write_config("guard = { run = 0.01, free = 0 }")
    done = waiting.crosstie("sync")
    assert done.returncode == 7
    assert "1 of 1 ties would be written to, 0 are allowed ([projects.erp.guard] run)" in done.stderr
    refused = waiting.crosstie("apply", "--yes")
    assert refused.returncode == 7
    assert "Go on anyway: --allow-large 1" in refused.stderr
    waiting.write_config()


def test_a_freeze_is_named_with_its_last_day(waiting):
    waiting.write_config('freeze = ["2026-03-01/2026-03-31"]')
    done = waiting.crosstie("apply", "--yes")
    assert done.returncode == 7
    assert "freeze forbids writes" in done.stderr
    assert "2026-03-31" in done.stderr
    waiting.write_config()


def test_a_second_crosstie_that_writes_for_the_project_is_told_to_wait(waiting):
    workspace = waiting.workspace()
    hold = Hold(workspace.store, "write/erp", "another", workspace.clock)
    assert hold.take()
    done = waiting.crosstie("apply", "--yes")
    hold.give_back()
    workspace.close()
    assert done.returncode == 8
    assert "Another crosstie writes for erp, so nothing was written." in done.stderr


def test_a_saved_changeset_that_the_trackers_left_behind_is_refused(waiting):
    assert waiting.crosstie("changes", "-o", "old.json").returncode == 0
    waiting.move(date(2026, 4, 10))
    assert waiting.crosstie("pull").returncode == 0
    done = waiting.crosstie("apply", "old.json", "--yes")
    assert done.returncode == 7
    assert "the changeset is no longer what would be done" in done.stderr
    waiting.move()
    assert waiting.crosstie("pull").returncode == 0


def test_what_moved_between_the_look_and_the_write_is_left_alone(waiting):
    waiting.move(date(2026, 4, 10))
    done = waiting.crosstie("apply", "--yes")
    assert done.returncode == 6
    assert "moved: somebody changed them meanwhile and nothing was sent" in done.stderr
    waiting.move()
    assert waiting.crosstie("pull").returncode == 0


def test_a_saved_changeset_is_applied_as_it_was_saved_with_no_secret_on_the_screen(world):
    assert world.crosstie("changes", "-o", "now.json").returncode == 0
    done = world.crosstie("apply", "now.json", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert world.followed() == {AFTER}
    told = json.loads(done.stdout)["data"]
    assert told["counts"] == {"applied": 2}
    assert told["digest"] == json.loads((world.folder / "now.json").read_text())["digest"]
    for secret in (WRITES_JIRA, WRITES_GITHUB, WRITER_SECRET, SECRET):
        assert secret not in done.stdout + done.stderr


def test_a_secret_that_somebody_wrote_into_a_title_is_not_shown(world):
    world.jira.site.edit(world.issue, ANN, summary=f"Firewall {GITHUB_TOKEN} rules", due=BEFORE)
    world.wait(minutes=5)
    done = world.crosstie("sync")
    assert "tie ED-1  “Firewall " in done.stdout
    assert GITHUB_TOKEN not in done.stdout + done.stderr
    world.move()
    world.jira.site.edit(world.issue, ANN, summary="Firewall rules")


def test_the_daemon_writes_what_waits_by_the_same_door(world):
    before = world.followed()
    world.move(date(2026, 4, 16))
    assert world.crosstie("pull").returncode == 0
    workspace = world.workspace()
    steps = write_within_limits(workspace, "daemon")("erp")
    workspace.close()
    assert [step.state for step in steps if isinstance(step, Written)] == [State.APPLIED] * 2
    assert world.followed() == {date(2026, 4, 16)} != before


def test_a_label_that_the_plan_has_no_name_for_is_told_once_and_never_refused(world):
    world.jira.site.edit(world.issue, ANN, labels=("urgent",))
    world.wait(minutes=5)
    first = world.crosstie("sync")
    assert first.returncode == 0
    assert "has no place for 1 label (urgent)" in " ".join(first.stdout.split())
    labels = world.github.site.issue("acme/erp", world.number).labels
    assert [label.name for label in labels] == ["urgent"]
    world.wait(minutes=5)
    again = world.crosstie("sync")
    assert "urgent" not in first.stderr + again.stdout + again.stderr
    assert "Nothing to write" in again.stdout


def test_a_tracker_without_its_secret_is_named_and_the_other_one_is_written(world):
    before, later = world.followed(), date(2026, 4, 24)
    world.move(later)
    line = CommandLine(world.folder, {name: one for name, one in SECRETS.items() if name != "GITHUB_TOKEN"})
    done = line.run("sync", CROSSTIE_NOW=world.now.isoformat(), CROSSTIE_USER="pm")
    told = " ".join(done.stdout.split())
    assert "GITHUB_TOKEN: the variable GITHUB_TOKEN is not set" in told
    assert world.followed() == {*before, later}
    world.wait(minutes=5)
    assert world.crosstie("sync").returncode == 0
    assert world.followed() == {later}


def test_a_mirror_creates_a_twin_once_and_seals_it_with_a_key_of_our_own(world):
    mirror = '[[projects.erp.mirrors]]\nfrom = "jira"\nto = "planner"\ntypes = ["Story"]'
    world.write_config(mirror)
    world.jira.story("Vendor contract")
    world.wait(minutes=5)
    done = world.crosstie("sync")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ applied Planner" in done.stdout
    twins = [task for task in world.planner.tenant.tasks.values() if "Vendor contract" in task.title]
    assert len(twins) == 1
    assert "Nothing to write" in world.crosstie("sync").stdout
    assert len(world.planner.tenant.tasks) == 2
    key = world.folder / "crosstie.key"
    assert key.stat().st_mode & 0o077 == 0
    assert "Vendor contract" in world.crosstie("history", "ED-2").stdout
