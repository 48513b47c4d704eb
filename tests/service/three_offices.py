"""Three trackers served over HTTP, one project in them that may be written to, and the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from service.workspace import Workspace
from tests.connectors import github_desk, jira_desk, planner_office
from tests.connectors.github_desk import REPO
from tests.connectors.jira_desk import ANN, BOB, EMAIL
from tests.connectors.planner_office import ADA, BEN, CLIENT, SECRET, TENANT, Bureau
from tests.service.commandline import CommandLine, Done

__all__ = ["Offices", "offices"]

WRITES_JIRA, WRITES_GITHUB = "ATATT-canary-of-our-writer", "ghp_canary0of0our0writer"
WRITER, WRITER_SECRET = "cccc2222-0000-1111-2222-333344445555", "Writer~Secret"
WRITING = ("Tasks.ReadWrite.All", "GroupMember.Read.All", "User.Read.All")
OURS = "712020:crosstie"
SECRETS = {
    "JIRA_TOKEN": jira_desk.TOKEN,
    "JIRA_WRITE_TOKEN": WRITES_JIRA,
    "GITHUB_TOKEN": github_desk.TOKEN,
    "GITHUB_WRITE_TOKEN": WRITES_GITHUB,
    "PLANNER_SECRET": SECRET,
    "PLANNER_WRITE_SECRET": WRITER_SECRET,
}
_CONFIG = """\
version = 1
[connections.jira]
kind = "jira"
url = "{jira}"
user = "{email}"
token = "env:JIRA_TOKEN"
write_user = "crosstie@example.com"
write_token = "env:JIRA_WRITE_TOKEN"
[connections.github]
kind = "github"
url = "{github}"
token = "env:GITHUB_TOKEN"
write_token = "env:GITHUB_WRITE_TOKEN"
[connections.planner]
kind = "planner"
url = "{graph}/v1.0"
authority = "{entra}"
tenant = "{tenant}"
client = "{client}"
secret = "env:PLANNER_SECRET"
write_client = "{writer}"
write_secret = "env:PLANNER_WRITE_SECRET"
ca_file = "ca.pem"
[projects.erp]
name = "ERP rollout"
write = true
sources = [
  {{ connection = "jira", project = "ED" }},
  {{ connection = "github", repo = "{repo}", project = {board} }},
  {{ connection = "planner", plan = "{plan}", timezone = "UTC" }},
]
ties = {{ keys = ["ED-\\\\d+"] }}
{project}
[people.ann]
name = "Ann Lee"
accounts = {{ jira = "{ann}", github = "{ann_github}", planner = "{ann_planner}" }}
[people.bob]
name = "Bob Öz"
accounts = {{ jira = "{bob}", github = "{bob_github}", planner = "{bob_planner}" }}
"""


class Offices:
    """The desks of the three trackers, whose clocks go together, and the folder with the config."""

    def __init__(self, folder: Path, planner: Bureau) -> None:
        self.folder = folder
        self.planner = planner
        self.jira = jira_desk.Desk()
        self.github = github_desk.Desk()
        self.jira.site.add_user(OURS, "Crosstie", "crosstie@example.com")
        self.jira.site.add_token(OURS, "crosstie@example.com", WRITES_JIRA)
        self.github.site.add_user("crosstie", "Crosstie")
        self.github.site.add_token("crosstie", WRITES_GITHUB, ("repo", "project"))
        planner.tenant.add_app(WRITER, WRITER_SECRET, WRITING)
        self.wait(minutes=0)

    @property
    def now(self) -> datetime:
        return self.jira.clock.now()

    def wait(self, **span: float) -> None:
        """Let all clocks go on, and stand at the same instant."""
        clocks = [self.jira.clock, self.github.clock, self.planner.clock]
        then = max(clock.now() for clock in clocks) + timedelta(**span)
        for clock in clocks:
            clock.advance(then - clock.now())

    def config(self, project: str = "") -> str:
        accounts = self.github.site.account
        return _CONFIG.format(
            jira=self.jira.stand.url if self.jira.stand else "",
            email=EMAIL,
            github=self.github.url,
            graph=self.planner.graph.url,
            entra=self.planner.entra.url,
            tenant=TENANT,
            client=CLIENT,
            writer=WRITER,
            repo=REPO,
            board=self.github.board,
            plan=self.planner.plan,
            project=project,
            ann=ANN,
            ann_github=accounts("ada").node_id,
            ann_planner=ADA,
            bob=BOB,
            bob_github=accounts("ben").node_id,
            bob_planner=BEN,
        )

    def write_config(self, project: str = "") -> None:
        """Put the config into the folder; `project` are further keys of the project."""
        (self.folder / "crosstie.toml").write_text(self.config(project), encoding="utf-8")

    def crosstie(self, *args: str) -> Done:
        """Run the command line at the trackers' own time; a minute goes by."""
        line = CommandLine(self.folder, SECRETS)
        done = line.run(*args, CROSSTIE_NOW=self.now.isoformat(), CROSSTIE_USER="pm")
        self.wait(minutes=1)
        return done

    def workspace(self) -> Workspace:
        """The same, without a process of its own; waits pass in no time."""
        path = self.folder / "crosstie.toml"
        return Workspace(path, SECRETS, lambda: self.now, sleep=lambda seconds: self.wait(seconds=seconds))

    def asked(self) -> int:
        """How many requests the trackers have met."""
        stands = [self.jira.stand, self.github.stand, self.planner.graph]
        return sum(len(stand.requests) for stand in stands if stand is not None)

    def answer(self, *args: str) -> dict[str, Any]:
        """What a command tells as JSON."""
        done = self.crosstie(*args, "--json")
        assert done.stdout, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@contextmanager
def offices(folder: Path, kind: type[Offices] = Offices) -> Iterator[Offices]:
    """The trackers being served, and a config that leads to them."""
    with planner_office.bureau(folder) as planner:
        made = kind(folder, planner)
        with made.jira.served(), made.github.served():
            made.write_config()
            yield made
