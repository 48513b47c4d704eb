"""What is for some reaches no others: levels set in Jira and a repository turned public, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.github_desk import REPO
from tests.connectors.jira_desk import ANN
from tests.service.three_offices import OURS, Offices, offices

RULES = """rules = { title = "ask" }
[[projects.erp.mirrors]]
from = "jira"
to = "github"
types = ["Story"]
"""
CANARY = "Numbat"


class House(Offices):
    """An issue in Jira and GitHub that agree, and the words that were sent to GitHub."""

    def settle(self) -> None:
        self.write_config(RULES)
        self.issue = self.jira.story("Firewall rules")
        self.github.issue("ED-1 Firewall rules")
        self.wait(minutes=5)
        assert self.crosstie("sync").returncode == 0

    def name_it(self, level: str | None = None) -> None:
        """The tied issue gets another title, and one comes that is to be mirrored."""
        self.jira.story(f"{CANARY} contract", level=level)
        self.jira.site.edit(self.issue, ANN, summary=f"{CANARY} rules", level=level)
        self.wait(minutes=5)

    def reached_github(self) -> bool:
        assert self.github.stand is not None
        return any(CANARY in f"{one.path} {one.body.decode()}" for one in self.github.stand.requests)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with offices(tmp_path, House) as made:
        assert isinstance(made, House)
        made.settle()
        yield made


def test_an_issue_behind_a_level_of_jira_is_not_written_to_github_until_the_config_knows_who_sees_it(
    house: House,
) -> None:
    house.name_it(level=house.jira.site.add_level("Board only", [ANN, OURS]))
    done = house.crosstie("sync")
    assert not house.reached_github()
    refused = [refusal["reason"] for refusal in house.answer("changes")["data"]["refusals"]]
    for key in ("ED-1", "ED-2"):
        assert any(f"nobody can say who may see {key}" in reason for reason in refused), done.stdout
    house.write_config(f'{RULES}[audiences.board]\nwithin = ["internal"]\nlevels = ["Board only"]\n')
    refused = [refusal["reason"] for refusal in house.answer("changes")["data"]["refusals"]]
    assert any("ED-2 is for board, and acme/erp of github is seen by internal" in one for one in refused)
    house.crosstie("sync")
    assert not house.reached_github()


def test_a_repository_that_turns_public_between_the_look_and_the_writing_receives_nothing(
    house: House,
) -> None:
    house.name_it()
    assert house.crosstie("pull").returncode == 0
    seen = house.answer("changes")["data"]["writes"]
    assert {(write["action"], write["key"]) for write in seen} >= {("create", "ED-2"), ("edit", "acme/erp#1")}
    house.github.site.set_visibility(REPO, "public")
    done = house.crosstie("apply", "--yes")
    assert not house.reached_github(), done.stdout
    assert "acme/erp#1 is in a place that is public" in done.stdout
    assert "acme/erp is public on GitHub" in done.stdout
