"""What one pull knows: the streams read it, and add what later streams need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from connectors.errors import SourceStopped
from connectors.github.board import board_role_fields, wanted_fields
from connectors.github.client import Appetite, GitHubClient
from connectors.github.mapping import Reading
from connectors.github.payloads import Connection
from connectors.github.queries import ITEM_PAGE, Features
from connectors.github.reader import IssueReader
from connectors.github.settings import GitHubSource
from model.values import Issue

__all__ = ["Pulled", "next_page"]

_EVERY_FIELD = frozenset(one.name for one in fields(Issue)) - {"ref"}


@dataclass(slots=True)
class Pulled:
    """One pull of one source.

    `scopes` are a classic token's; None: the token is of another kind. `owner_kind` is how GitHub names the
    board's owner. `known` is issue number -> (id, digest of its card) of everything the repository is known
    to hold, `missing` what the last census did not find. `on_board` are the numbers met on the board in an
    unbroken walk, None until there was one.
    """

    client: GitHubClient
    source: GitHubSource
    reading: Reading
    features: Features
    scopes: frozenset[str] | None
    now: datetime
    page: int
    owner_kind: str = "organization"
    known: dict[int, tuple[str, str]] = field(default_factory=dict)
    missing: frozenset[int] = frozenset()
    on_board: set[int] | None = None
    appetite: Appetite = field(init=False)
    card_appetite: Appetite = field(default_factory=lambda: Appetite(ITEM_PAGE))

    def __post_init__(self) -> None:
        self.appetite = Appetite(self.page)

    @property
    def names(self) -> dict[str, Any]:
        """The variables that every query about the repository has, board fields included."""
        owner, _, name = self.source.repo.partition("/")
        return {"owner": owner, "name": name, **self.field_names}

    @property
    def field_names(self) -> Mapping[str, str]:
        return {f"f{position}": name for position, name in enumerate(self.features.fields or ())}

    @property
    def reader(self) -> IssueReader:
        return IssueReader(self.client, self.reading, self.features)

    @property
    def speaks_for(self) -> frozenset[str] | None:
        """Everything; but where the board can't be read, not what only it can say: that stays as stored."""
        if self.source.project is None or self.reading.board is not None:
            return None
        return _EVERY_FIELD - board_role_fields(role for role, _ in wanted_fields(self.source))


def next_page(page: Connection[Any], after: str | None) -> str | None:
    """GitHub's cursor of the next page, None at the end. SourceStopped: it leads round in a circle."""
    if not page.page_info.has_next_page:
        return None
    following = page.page_info.end_cursor
    if following is None or following == after:
        raise SourceStopped("GitHub's pages lead round in a circle. Run the command again later.")
    return following
