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
from connectors.github.reader import IssueReader, LongHistory
from connectors.github.roll import Numbers, Roll
from connectors.github.settings import GitHubSource
from connectors.github.site import Opening
from model.values import Issue

__all__ = ["Pulled", "next_page", "without_board"]

_EVERY_FIELD = frozenset(one.name for one in fields(Issue)) - {"ref"}


@dataclass(slots=True)
class Pulled:
    """One pull of one source.

    `opening` is what the pull began with, `features` what it may ask for since the board is known.
    `owner_kind` is how GitHub names the board's owner. `known` is issue number -> (id, digest of its card) of
    everything the repository is known to hold, `missing` what the last census did not find. `on_board` are
    the numbers met on the board in an unbroken walk, None until there was one. `count` is GitHub's latest
    count of the repository's issues, `board_due` says whether its time has come to walk the board.
    """

    client: GitHubClient
    source: GitHubSource
    reading: Reading
    opening: Opening
    now: datetime
    page: int
    features: Features = field(init=False)
    owner_kind: str = "organization"
    count: int | None = None
    board_due: bool = True
    known: Roll = field(default_factory=Roll)
    missing: frozenset[int] = frozenset()
    on_board: Numbers | None = None
    appetite: Appetite = field(init=False)
    card_appetite: Appetite = field(default_factory=lambda: Appetite(ITEM_PAGE))

    def __post_init__(self) -> None:
        self.appetite = Appetite(self.page)
        self.features = self.opening.features

    @property
    def names(self) -> dict[str, Any]:
        """The variables that every query about the repository has, board fields included."""
        owner, _, name = self.opening.place.partition("/")
        return {"owner": owner, "name": name, **self.field_names}

    @property
    def field_names(self) -> Mapping[str, str]:
        return self.features.fields or {}

    @property
    def walk(self) -> str:
        """The name of what is read in this pull alone."""
        return f"at-{self.now.isoformat()}"

    def recognise(self, id: str) -> None:
        """SourceStopped: since the pull began, the name has come to mean another repository."""
        if id and id != self.opening.id:
            raise SourceStopped(
                f"While it was read, {self.opening.place} became another repository: the one before was "
                "renamed or deleted. What came is stored; check repo in the config, then pull again."
            )

    @property
    def reader(self) -> IssueReader:
        return IssueReader(self.reading, LongHistory(self.client, self.features).more)

    @property
    def speaks_for(self) -> frozenset[str] | None:
        """Everything; but where the board can't be read, not what only it can say: that stays as stored."""
        if self.source.project is None or self.reading.board is not None:
            return None
        return without_board(self.source)


def without_board(source: GitHubSource) -> frozenset[str]:
    """The issue fields that are known where the board can't be read."""
    return _EVERY_FIELD - board_role_fields(role for role, _ in wanted_fields(source))


def next_page(page: Connection[Any], after: str | None) -> str | None:
    """GitHub's cursor of the next page, None at the end. SourceStopped: it leads round in a circle."""
    if not page.page_info.has_next_page:
        return None
    following = page.page_info.end_cursor
    if following is None or following == after:
        raise SourceStopped("GitHub's pages lead round in a circle. Run the command again later.")
    return following
