"""A GitHub site whose webhooks lead to a daemon in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.values import Ref
from sandbox.github.app import GitHubApp
from sandbox.server import Stand
from service.hooks.upkeep import desk_of
from service.workspace import Workspace
from tests.connectors.github_desk import REPO, TOKEN, Desk
from tests.service.daemon_run import Run, eventually, free_port, running

__all__ = ["CONFIG", "ENVIRON", "SECRET", "Site", "site"]

SECRET = "webhook-canary-secret-0123456789"
ENVIRON = {"TOKEN": TOKEN, "HOOK": SECRET, "HOOK_NEXT": "next-canary-secret-0123456789"}

CONFIG = """
version = 1
[connections]
gh = { kind = "github", url = "URL", token = "env:TOKEN", webhook_secret = "env:HOOK" }
[projects.erp]
name = "ERP rollout"
sources = [ { connection = "gh", repo = "REPO" } ]
[web]
url = "http://127.0.0.1:PORT"
hooks = "127.0.0.1:PORT"
metrics = "127.0.0.1:METRICS"
[daemon]
poll = "1h"
"""


class Site:
    """A GitHub site, and a daemon that reads its repository."""

    def __init__(self, folder: Path, stand: Stand, desk: Desk, app: GitHubApp) -> None:
        self.desk = desk
        self.app = app
        self.folder = folder
        text = CONFIG.replace("URL", stand.url, 1).replace("REPO", REPO).replace("METRICS", str(free_port()))
        (folder / "crosstie.toml").write_text(text.replace("PORT", str(free_port())))
        self.run = Run(folder, ENVIRON, desk.clock.now)

    @property
    def workspace(self) -> Workspace:
        return self.run.daemon.workspace

    def title(self, number: int) -> str | None:
        issue = self.workspace.store.view(self.desk.clock.now()).issue(Ref("gh", self.desk.id(number)))
        return issue.title if issue else None

    def settled(self) -> bool:
        with self.workspace.store.reading() as books:
            return not any(each.waiting for each in books.inbox.backlog())

    def install(self) -> None:
        with desk_of(self.workspace, "gh") as hooks:
            hooks.install()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    desk = Desk(scopes=("repo", "read:project", "admin:repo_hook"))
    desk.issue("First", card=False)
    desk.site.set_role(REPO, "ada", "admin")
    app = GitHubApp(desk.site)
    with Stand(app) as stand:
        made = Site(tmp_path, stand, desk, app)
        with running(made.run):
            eventually(lambda: made.title(1) == "First")
            made.install()
            yield made
