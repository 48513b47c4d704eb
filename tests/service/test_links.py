"""Links of a report lead to the configured trackers and nowhere else."""

from __future__ import annotations

from pathlib import Path

from connectors.file.settings import FileConnection
from connectors.github.settings import GitHubConnection
from connectors.jira.settings import JiraConnection
from connectors.planner.settings import PlannerConnection
from reports.pages.desk import Desk
from reports.render.html import render
from reports.render.page import Span
from reports.wording import speaker_for
from service.reporting import look
from service.workspace import Workspace
from tests.service.test_keeping import CONFIG, NOW

JIRA = 'acme = { kind = "jira", url = "https://acme.example", token = "env:T" }'


def test_each_kind_says_where_its_pages_are() -> None:
    jira = JiraConnection(kind="jira", url="https://a.example/", token="env:T")
    api = JiraConnection(kind="jira", url="https://api.example", site="https://a.example", token="env:T")
    github = GitHubConnection(kind="github", token="env:T")
    planner = PlannerConnection(kind="planner", tenant="t.example", client="c", secret="env:T")
    assert [one.browse for one in (jira, api, github, planner)] == [
        "https://a.example",
        "https://a.example",
        "https://github.com",
        "https://planner.cloud.microsoft",
    ]
    assert planner.task_url("p", "t").startswith(planner.browse)
    assert FileConnection(kind="file", root=Path("/exports")).browse == ""


def test_an_address_outside_the_configured_trackers_is_shown_and_not_linked(tmp_path) -> None:
    path = tmp_path / "crosstie.toml"
    path.write_text(CONFIG.replace("[projects.erp]", f"{JIRA}\n[projects.erp]"))
    workspace = Workspace(path, {}, lambda: NOW)
    work = look(workspace, "erp", NOW)
    workspace.close()
    desk = Desk(work, speaker_for(work, {}), {})
    ours, theirs = "https://acme.example/browse/A-1", "https://acme.example.evil.example/browse/A-1"
    sentence = (Span("ours", foreign=True, url=ours), Span("theirs", foreign=True, url=theirs))
    html = render(desk.page("Title", "", None, sentence, ()))
    assert f'href="{ours}"' in html
    assert "evil" not in html
    assert "theirs" in html
