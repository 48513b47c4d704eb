"""A loop over the plain `jira` library or PyGithub that reads the same issues with their histories."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from bench.ours import Cost, cpu, memory

__all__: list[str] = []


def _jira(where: dict[str, Any]) -> tuple[int, int]:
    """Issues and changes: pages of a hundred with `expand=changelog`, as the library's manual shows it."""
    import jira

    site: Any = jira.JIRA(where["url"], basic_auth=(where["settings"]["user"], "bench"))
    issues = changes = 0
    token: str | None = None
    while True:
        page = site.enhanced_search_issues(
            'project = "ED"', nextPageToken=token, maxResults=100, fields="*all", expand="changelog"
        )
        for issue in page:
            issues += bool(issue.fields.summary)
            changes += sum(len(history.items) for history in issue.changelog.histories)
        token = page.nextPageToken
        if not token:
            return issues, changes


def _github(where: dict[str, Any]) -> tuple[int, int]:
    """Issues and events: the list in pages of a hundred, and the timeline of each issue."""
    import github

    site = github.Github(
        auth=github.Auth.Token("bench"), base_url=where["url"], per_page=100, seconds_between_requests=None
    )
    issues = events = 0
    repo = site.get_repo("acme/erp")
    for issue in repo.get_issues(state="all", sort="created", direction="asc"):
        issues += bool(issue.title)
        events += sum(1 for event in issue.get_timeline() if event.event)
    return issues, events


def main(where: dict[str, Any]) -> Cost:
    resting, before, began = memory(), cpu(), time.perf_counter()
    issues, events = (_jira if where["kind"] == "jira" else _github)(where)
    return Cost(cpu() - before, time.perf_counter() - began, memory() - resting, issues, events)


if __name__ == "__main__":
    print(json.dumps(vars(main(json.loads(sys.argv[1])))))
