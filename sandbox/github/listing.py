"""Lists of issues in an order, cut into pages: sorted once per change of the repository, cut by cursor.

A cursor names the last row by its sort key, so a row that moves while somebody walks the list never makes
another one jump over the page's edge; `position` cursors are row numbers and have that flaw, as page numbers
have it on the real site.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from sandbox.github.records import Issue, Milestone, Repo

__all__ = ["BadCursor", "CursorKind", "IssueLists", "IssueQuery", "Page", "cut"]

CursorKind = Literal["key", "position"]
Row = TypeVar("Row")
Key = tuple[int, ...]


class BadCursor(ValueError):
    """A cursor that this site never gave out."""


@dataclass(frozen=True, slots=True)
class IssueQuery:
    """Which issues, in which order; texts are compared as GitHub does, without regard to case.

    `milestone`: a number, `*` for any, `none`; `assignee`: a login, `*` or `none`; `since` includes itself.
    """

    pulls: bool = False
    states: frozenset[str] = frozenset({"open", "closed"})
    since: datetime | None = None
    labels: frozenset[str] = frozenset()
    milestone: str | None = None
    assignee: str | None = None
    creator: str | None = None
    type: str | None = None
    sort: Literal["created", "updated"] = "created"
    descending: bool = False

    def selects(self, issue: Issue) -> bool:
        return (
            (self.pulls or not issue.pull)
            and issue.state in self.states
            and (self.since is None or issue.updated.replace(microsecond=0) >= self.since)
            and self.labels <= {label.name.casefold() for label in issue.labels}
            and _fits(self.milestone, {str(issue.milestone.number)} if issue.milestone else set())
            and _fits(self.assignee, {one.login.casefold() for one in issue.assignees})
            and _fits(self.creator, {issue.creator.login.casefold()} if issue.creator else set())
            and _fits(self.type, {issue.type.name.casefold()} if issue.type else set())
        )

    def key(self, issue: Issue) -> Key:
        at = issue.updated if self.sort == "updated" else issue.created
        sign = -1 if self.descending else 1
        return (sign * int(at.timestamp()), sign * issue.id)


def _fits(wanted: str | None, held: set[str]) -> bool:
    if wanted is None or (wanted == "*" and held) or (wanted == "none" and not held):
        return True
    return wanted.casefold() in held


class IssueLists:
    """Sorted lists and counts of each repository, kept until the repository changes."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, dict[IssueQuery, list[Issue]]]] = {}
        self._counted: dict[int, tuple[int, Counter[tuple[int, bool]]]] = {}

    def of(self, repo: Repo, query: IssueQuery) -> list[Issue]:
        version, lists = self._kept.get(repo.id, (-1, {}))
        if version != repo.version:
            lists = {}
            self._kept[repo.id] = (repo.version, lists)
        if query not in lists:
            lists[query] = sorted(filter(query.selects, repo.issues.values()), key=query.key)
        return lists[query]

    def of_milestone(self, milestone: Milestone) -> tuple[int, int]:
        """How many issues and pull requests of a milestone are open, and how many closed."""
        counts = self._counts(milestone.repo)
        return counts[milestone.number, True], counts[milestone.number, False]

    def open_issues(self, repo: Repo) -> int:
        return self._counts(repo)[0, True]

    def _counts(self, repo: Repo) -> Counter[tuple[int, bool]]:
        """(milestone's number, open?) -> issues; number 0 counts all of the repository."""
        version, counts = self._counted.get(repo.id, (-1, Counter()))
        if version != repo.version:
            counts = Counter()
            for issue in repo.issues.values():
                counts[0, issue.closed is None] += 1
                if issue.milestone is not None:
                    counts[issue.milestone.number, issue.closed is None] += 1
            self._counted[repo.id] = (repo.version, counts)
        return counts


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list and the cursors of its edges; `total` counts the whole list."""

    rows: Sequence[Row]
    total: int
    before: bool
    after: bool
    start: str | None
    end: str | None


def cut(
    rows: Sequence[Row],
    key: Callable[[Row], Key],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    cursors: CursorKind = "key",
) -> Page[Row]:
    """A page of rows that are sorted by `key`. BadCursor: `after` or `before` is no cursor of ours."""
    low, high = 0, len(rows)
    if after is not None:
        held = _read(after)
        low = held[1] if held[0] == "p" else bisect_right(rows, held[1:], key=key)
    if before is not None:
        held = _read(before)
        high = held[1] - 1 if held[0] == "p" else bisect_left(rows, held[1:], key=key)
    if first is not None:
        high = min(high, low + first)
    if last is not None:
        low = max(low, high - last)
    shown = rows[low:high]

    def cursor(index: int) -> str:
        numbers = (index + 1,) if cursors == "position" else key(rows[index])
        return _write("p" if cursors == "position" else "k", numbers)

    start, end = (cursor(low), cursor(low + len(shown) - 1)) if shown else (None, None)
    return Page(shown, len(rows), low > 0, low + len(shown) < len(rows), start, end)


def _write(kind: str, numbers: Key) -> str:
    return base64.urlsafe_b64encode(f"cursor:v2:{kind}:{','.join(map(str, numbers))}".encode()).decode()


def _read(cursor: str) -> tuple[Any, ...]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        prefix, version, kind, numbers = text.split(":")
        if (prefix, version) != ("cursor", "v2") or kind not in ("k", "p"):
            raise ValueError(text)
        return (kind, *map(int, numbers.split(",")))
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise BadCursor(f"`{cursor}` does not appear to be a valid cursor.") from error
