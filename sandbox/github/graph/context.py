"""What the resolvers of one GraphQL query share, and how they cut their connections into pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo

from sandbox.github.errors import GraphError
from sandbox.github.gate import Viewer
from sandbox.github.listing import BadCursor, CursorKind, IssueLists, Key, Page, cut
from sandbox.github.records import Account, Issue, Project, Repo
from sandbox.github.state import GitHubSite

__all__ = ["Connection", "Context", "Info"]

_LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Connection:
    """A page, and all the rows that it was cut from."""

    page: Page[Any]
    rows: Sequence[Any]


@dataclass(slots=True)
class Context:
    """One query's surroundings: `shorten` halves the pages of issues and items, `nodes_left` runs out.

    `create` counts something new, and refuses what is too much.
    """

    site: GitHubSite
    viewer: Viewer
    base: str
    lists: IssueLists
    cursors: CursorKind
    shorten: bool
    nodes_left: int | None
    rate: Mapping[str, Any]
    create: Callable[[], None]

    def connect(
        self,
        name: str,
        rows: Sequence[Any],
        key: Callable[[Any], Key] | None,
        arguments: Mapping[str, Any],
        outer: bool = False,
    ) -> Connection:
        """A page of rows sorted by `key`, or by their place without one.

        GraphError: no `first` or `last`, more than 100, a foreign cursor, or the answer grew too big.
        """
        first, last = arguments.get("first"), arguments.get("last")
        if first is None and last is None:
            message = (
                f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
            )
            raise GraphError("MISSING_PAGINATION_BOUNDARIES", message)
        for word, size in (("first", first), ("last", last)):
            if size is not None and not 0 <= size <= _LARGEST_PAGE:
                limit = f"exceeds the `{word}` limit of {_LARGEST_PAGE} records."
                message = f"Requesting {size} records on the `{name}` connection {limit}"
                raise GraphError("EXCESSIVE_PAGINATION", message)
        if outer and self.shorten and first:
            first = max(1, first // 2)
        if key is None:
            places = {id(row): place for place, row in enumerate(rows)}
            key = lambda row: (places[id(row)],)  # noqa: E731
        try:
            page = cut(
                rows, key, first, arguments.get("after"), last, arguments.get("before"), cursors=self.cursors
            )
        except BadCursor as error:
            raise GraphError("INVALID_CURSOR_ARGUMENTS", str(error)) from error
        self._spend(len(page.rows))
        return Connection(page, rows)

    def _spend(self, nodes: int) -> None:
        if self.nodes_left is None:
            return
        self.nodes_left -= nodes
        if self.nodes_left < 0:
            raise GraphError("RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.")

    # Addresses

    def account_url(self, account: Account) -> str:
        return f"{self.base}/{account.login}"

    def repo_url(self, repo: Repo) -> str:
        return f"{self.base}/{repo.full_name}"

    def issue_url(self, issue: Issue) -> str:
        return f"{self.repo_url(issue.repo)}/{'pull' if issue.pull else 'issues'}/{issue.number}"

    def project_url(self, project: Project) -> str:
        kind = "orgs" if project.owner.organization else "users"
        return f"{self.base}/{kind}/{project.owner.login}/projects/{project.number}"


Info: TypeAlias = "GraphQLResolveInfo[Context]"
