"""How a view finds what its path names, what the viewer may do there, and how lists are cut into pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from sandbox.faults import Faults
from sandbox.github.apps import App, Installation
from sandbox.github.budgets import Budgets
from sandbox.github.errors import Moved, Refusal
from sandbox.github.gate import Answer, Call
from sandbox.github.listing import IssueLists
from sandbox.github.payloads import Payloads, Rights
from sandbox.github.records import Account, Issue, Milestone, Repo
from sandbox.github.registry import UnknownRecord
from sandbox.github.state import GitHubSite
from sandbox.github.tokens import Role

__all__ = ["Places", "page_number", "per_page"]

Row = TypeVar("Row")


class Places:
    """What all views share: the site, its lists, its budgets and the faults."""

    def __init__(self, site: GitHubSite, lists: IssueLists, budgets: Budgets, faults: Faults) -> None:
        self._site = site
        self._lists = lists
        self._budgets = budgets
        self._faults = faults

    def _payloads(self, call: Call) -> Payloads:
        return Payloads(call.base, call.version, self._lists, self._rights(call))

    def _rights(self, call: Call) -> Rights:
        """What the viewer is in a repository: strangers read, an App's robot is what it was granted."""

        def rights(repo: Repo) -> Role:
            token = call.viewer.token
            if token is None or not token.writes_issues(repo):
                return "read"
            return "write" if token.of_app else self._site.role(repo, token.account)

        return rights

    def _app(self, call: Call) -> App:
        if call.viewer.app is None:
            raise Refusal(401, "A JSON web token could not be decoded")
        return call.viewer.app

    def _installation(self, call: Call) -> Installation:
        app, found = self._app(call), self._site.apps.installations.get(call.path["id"])
        if found is None or found.app is not app:
            raise Refusal(404, "Not Found")
        return found

    def _for_people(self, call: Call) -> None:
        if call.viewer.token is not None and call.viewer.token.of_app:
            raise Refusal(403, "Resource not accessible by integration")

    def _issue_repo(self, call: Call) -> Repo:
        """The repository of the path, for a token that may read issues."""
        repo, token = self._repo(call), call.viewer.token
        if call.viewer.refuses(token is not None and token.reads_issues):
            needed = {"x-accepted-github-permissions": "issues=read"}
            raise Refusal(403, "Resource not accessible by integration", headers=needed)
        return repo

    def _writable(self, call: Call) -> tuple[Repo, Account]:
        """The repository of the path and who writes there. Refusal: the token may not."""
        repo, token = self._repo(call), call.viewer.token
        if token is None:
            raise Refusal(401, "Requires authentication")
        if token.writes_issues(repo):
            return repo, token.account
        if token.classic:
            raise Refusal(404, "Not Found")
        kind = "integration" if token.of_app else "personal access token"
        needed = {"x-accepted-github-permissions": "issues=write"}
        raise Refusal(403, f"Resource not accessible by {kind}", headers=needed)

    def _pushes(self, call: Call, repo: Repo) -> bool:
        """Whether the viewer may plan there: label, assign, put into milestones."""
        return self._rights(call)(repo) != "read"

    def _planner(self, call: Call) -> tuple[Issue, Account]:
        """The issue of the path and who plans it. Refusal: the viewer may not."""
        repo, who = self._writable(call)
        issue = self._issue(call)
        if not self._pushes(call, repo):
            raise Refusal(403, "Must have admin rights to Repository.")
        return issue, who

    def _creating(self, call: Call) -> None:
        """Refusal: too much was created in the last minute or hour."""
        problem = self._budgets.create(call.viewer.login)
        if problem is not None:
            raise problem

    def _organization(self, call: Call) -> Account:
        account = self._site.accounts.get(call.path["owner"].casefold())
        if account is None or not account.organization:
            raise Refusal(404, "Not Found")
        return account

    def _repo(self, call: Call) -> Repo:
        """The repository of the path: by number, by name, or moved; what may not be read is not there."""
        if "repo_id" in call.path:
            repo = self._site.repos.get(call.path["repo_id"])
        else:
            name = f"{call.path['owner']}/{call.path['repo']}"
            repo = self._by_name(call, name)
        if repo is None or not call.viewer.sees(repo):
            raise Refusal(404, "Not Found")
        return repo

    def _by_name(self, call: Call, name: str) -> Repo | None:
        try:
            return self._site.repo(name)
        except UnknownRecord:
            moved = self._site.renamed(name)
            if moved is None or not call.viewer.sees(moved):
                return None
            path = call.url.partition("?")[0].removeprefix(call.base)
            rest = path.split("/", 4)[4:]
            place = "/".join((f"{call.base}/repositories/{moved.id}", *rest))
            raise Moved(place, 301 if call.method == "GET" else 307) from None

    def _issue(self, call: Call) -> Issue:
        repo, number = self._issue_repo(call), call.path["number"]
        if number in repo.issues:
            return repo.issues[number]
        target = repo.moved.get(number)
        if target is not None and call.viewer.sees(target.repo) and target.number in target.repo.issues:
            raise Moved(f"{call.base}/repositories/{target.repo.id}/issues/{target.number}")
        if number in repo.deleted:
            raise Refusal(410, "This issue was deleted")
        raise Refusal(404, "Not Found")

    def _milestone(self, call: Call) -> Milestone:
        milestone = self._repo(call).milestones.get(call.path["number"])
        if milestone is None:
            raise Refusal(404, "Not Found")
        return milestone

    def _shortened(self, call: Call, size: int) -> int:
        path = call.url.partition("?")[0].removeprefix(call.base)
        return max(1, size // 2) if self._faults.take("short_page", path) else size

    def _numbered(self, call: Call, rows: Sequence[Row], write: Callable[[Row], Any]) -> Answer:
        """A page by its number, with links to its neighbours where there is more than one page."""
        size, number = per_page(call), page_number(call)
        last = max(1, -(-len(rows) // size))
        url = call.url.partition("?")[0]
        pages = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        if number == 1:
            del pages["prev"], pages["first"]
        if number >= last:
            del pages["next"], pages["last"]
        links = [
            f'<{url}?{urlencode({**call.query, "page": str(page)})}>; rel="{name}"'
            for name, page in pages.items()
            if last > 1
        ]
        shown = rows[(number - 1) * size : number * size]
        return Answer([write(row) for row in shown], headers={"link": ", ".join(links)} if links else {})


def per_page(call: Call) -> int:
    """30 unless told, never more than 100; nonsense counts as untold."""
    text = call.query.get("per_page", "")
    return min(100, max(1, int(text))) if text.isdecimal() and int(text) else 30


def page_number(call: Call) -> int:
    text = call.query.get("page", "")
    return max(1, int(text)) if text.isdecimal() else 1
