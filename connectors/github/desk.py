"""Where writes are made: the source as it was found, the client that writes, and what was looked up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.base import Batch
from connectors.errors import AccessRefused
from connectors.github import mutations
from connectors.github.client import GitHubClient
from connectors.github.fetching import Ground, Slip, fetch_issues
from connectors.github.prose import hosts_of
from connectors.github.settings import GitHubSource
from connectors.github.slips import PeopleData, RestField, ViewerData
from connectors.payload import decode
from model.values import Issue

__all__ = ["Desk"]


@dataclass(slots=True)
class Desk:
    """What one write works with. `reader` and `writer` may be the same client."""

    ground: Ground
    reader: GitHubClient
    writer: GitHubClient
    now: datetime
    fields: dict[str, RestField] | None = None
    me: str = field(default="")

    @property
    def source(self) -> GitHubSource:
        return self.ground.pulled.source

    @property
    def place(self) -> str:
        """The repository's present owner/name."""
        return self.ground.pulled.opening.place

    @property
    def hosts(self) -> Collection[str]:
        return hosts_of(self.ground.pulled.reading.site)

    def read(self, id: str) -> tuple[tuple[Batch, ...], Issue | None]:
        """The issue as it is now. Its place is known afterwards, if it is there."""
        batches = tuple(fetch_issues(self.ground, [id], self.now))
        issues = (issue for batch in batches for issue in batch.issues if issue.ref.id == id)
        return batches, next(issues, None)

    def slip(self, id: str) -> Slip | None:
        """The issue's place; None: GitHub doesn't show it here any more."""
        if id not in self.ground.slips:
            self.read(id)
        return self.ground.slips.get(id)

    def logins(self, ids: Collection[str]) -> Mapping[str, str]:
        known = self.ground.logins
        unknown = sorted(set(ids) - known.keys())
        for start in range(0, len(unknown), 100):
            answer = self.reader.query(mutations.PEOPLE, {"ids": unknown[start : start + 100]})
            people = decode(answer.data, PeopleData).nodes
            known |= {one.id: one.login for one in people if one is not None and one.login}
        return {id: known[id] for id in ids if id in known}

    def own_fields(self) -> Mapping[str, RestField]:
        """The organisation's issue fields; none where they are not to be seen."""
        if self.fields is None:
            owner = self.place.partition("/")[0]
            try:
                answer = self.reader.get(f"/orgs/{owner}/issue-fields", per_page=100)
                found = decode(answer.body, list[RestField]) if answer.status == 200 else []
            except AccessRefused:
                found = []
            self.fields = {one.name.casefold(): one for one in found}
        return self.fields

    def account(self) -> str:
        """The id of the account that writes."""
        if not self.me:
            owner, _, name = self.place.partition("/")
            answer = self.writer.query(mutations.VIEWER, {"owner": owner, "name": name})
            self.me = decode(answer.data, ViewerData).viewer.id
        return self.me
