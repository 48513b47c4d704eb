"""The daemon carries a change over to the other trackers by itself, as the rules allow, unless paused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from service.carrying import carrier
from sync.send import PAUSED
from tests.connectors.jira_desk import ANN
from tests.service.daemon_run import Run, eventually, free_port, running
from tests.service.three_offices import SECRETS, Offices, offices

BEFORE, AFTER = date(2026, 3, 20), date(2026, 4, 9)


class House(Offices):
    """One tie on whose due date all agree, and a daemon that reads every second."""

    run: Run

    def settle(self) -> None:
        self.issue = self.jira.story("Firewall rules", due=BEFORE)
        self.number = self.github.issue("ED-1 Firewall rules", Target_date=BEFORE)
        self.task = self.planner.add("ED-1 Firewall rules", due=BEFORE)
        self.wait(minutes=5)
        assert self.crosstie("sync").returncode == 0

    def serve(self) -> Run:
        config = self.folder / "crosstie.toml"
        web = f'[web]\nhooks = "127.0.0.1:{free_port()}"\nmetrics = "127.0.0.1:{free_port()}"\n'
        config.write_text(f'{config.read_text()}{web}[daemon]\npoll = "1s"\n')
        self.run = Run(
            self.folder,
            SECRETS,
            lambda: self.now,
            cycle=lambda workspace: carrier(workspace, self.run.log, self.run.daemon.metrics),
        )
        self.run.daemon.again = 0.5
        return self.run

    def move(self, due: date) -> None:
        self.wait(minutes=6)
        self.jira.site.edit(self.issue, ANN, due=due)

    def was_read(self, since: datetime) -> bool:
        """Whether every source was read whole at that instant or later."""
        states = self.run.daemon.workspace.store.view(self.now).sources()
        return all(state.last_complete is not None and state.last_complete >= since for state in states)

    def followed(self) -> set[date]:
        """The due dates of the two others, as the trackers hold them."""
        board = self.github.site.project("acme", self.github.board)
        column = board.named("Target date")
        card = board.cards[self.github.site.issue("acme/erp", self.number)]
        due = self.planner.tenant.task(self.task).due
        assert column is not None
        assert due is not None
        held: Any = card.values[column.id].value
        return {held, due.date()}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with offices(tmp_path, House) as made:
        assert isinstance(made, House)
        made.settle()
        with running(made.serve()):
            yield made


def test_a_change_is_carried_over_counted_and_logged_and_its_echo_changes_nothing(house: House) -> None:
    house.move(AFTER)
    eventually(lambda: house.followed() == {AFTER}, 40)
    eventually(lambda: house.run.says("erp: 2 applied"), 20)
    assert b'crosstie_changes_applied_total{result="applied"} 2.0' in house.run.ask("/metrics")[1]
    house.wait(minutes=6)
    eventually(lambda: house.was_read(house.now), 30)
    assert len([line for line in house.run.lines() if "applied" in line["event"]]) == 1
    assert not [line for line in house.run.lines() if line["level"] == "error"]


def test_a_pause_holds_the_daemon_too(house: House) -> None:
    store = house.run.daemon.workspace.store
    with store.transaction() as writer:
        writer.leases.set(PAUSED, "cut-over", "cli:pm", house.now)
    house.move(AFTER)
    eventually(lambda: house.run.says("erp: held back: cli:pm paused all writing"), 40)
    assert house.followed() == {BEFORE}
    with store.transaction() as writer:
        writer.leases.clear(PAUSED)
    eventually(lambda: house.followed() == {AFTER}, 40)
