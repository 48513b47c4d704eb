"""The JSON of GitHub's answers as typed structs: only the parts that are used, newer parts optional."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

__all__ = [
    "Actor",
    "BoardData",
    "BoardNode",
    "Connection",
    "FieldNode",
    "FieldValue",
    "HistoryData",
    "Identified",
    "IssueNode",
    "ItemNode",
    "IterationNode",
    "MilestoneNode",
    "Moment",
    "MovedData",
    "NumberedNode",
    "OpeningData",
    "Option",
    "RepositoryData",
    "RestIssue",
    "RestMeta",
    "RestPlace",
    "RestRepositories",
    "RestRepository",
    "RestUser",
    "SomeData",
    "Value",
]

T = TypeVar("T")


class _Camel(msgspec.Struct, rename="camel", frozen=True):
    """Names as GraphQL writes them."""


class PageInfo(_Camel, frozen=True):
    has_next_page: bool = False
    end_cursor: str | None = None


class Connection(_Camel, Generic[T], frozen=True):
    nodes: list[T] = []
    page_info: PageInfo = PageInfo()
    total_count: int | None = None


class Actor(_Camel, frozen=True):
    """A person or a program; `id` is empty where GitHub doesn't say it."""

    login: str = ""
    id: str = ""
    name: str | None = None


class _Named(_Camel, frozen=True):
    name: str


class Identified(_Camel, frozen=True):
    id: str


class _Titled(_Camel, frozen=True):
    id: str
    title: str


class _RepositoryName(_Camel, frozen=True):
    name_with_owner: str


class MilestoneNode(_Camel, frozen=True):
    id: str
    number: int
    title: str
    state: str
    created_at: datetime
    due_on: datetime | None = None
    closed_at: datetime | None = None


class Moment(_Camel, frozen=True):
    """One timeline event; which of the optional parts are set follows from `kind`, its type's name."""

    id: str
    created_at: datetime
    kind: str = msgspec.field(name="__typename")
    actor: Actor | None = None
    label: _Named | None = None
    milestone_title: str = ""
    assignee: Actor | None = None
    state_reason: str | None = None
    previous_title: str = ""
    current_title: str = ""
    from_repository: _RepositoryName | None = None
    parent: Identified | None = None
    issue_type: _Named | None = None
    prev_issue_type: _Named | None = None
    previous_status: str = ""
    status: str = ""
    project: Identified | None = None
    issue_field: _Named | None = None
    value: str | None = None
    previous_value: str | None = None
    new_value: str | None = None


class FieldValue(_Camel, frozen=True):
    """What an issue has in one of its organisation's fields; a newer kind of value has none of the parts."""

    field: _Named | None = None
    number: Decimal | None = None
    date: str | None = None
    name: str | None = None
    text: str | None = None

    @property
    def words(self) -> str:
        if self.number is not None:
            return format(self.number.normalize(), "f")
        return self.date or self.name or self.text or ""


class Value(_Camel, frozen=True):
    """A board field's value; one of the parts is set. Changing it moves `updated_at`, clearing it ends it."""

    id: str
    created_at: datetime
    updated_at: datetime
    creator: Actor | None = None
    iteration_id: str | None = None
    title: str | None = None
    number: Decimal | None = None
    date: date | None = None
    name: str | None = None
    text: str | None = None

    @property
    def words(self) -> str:
        """The value as a person reads it on the board."""
        if self.number is not None:
            return format(self.number.normalize(), "f")
        if self.date is not None:
            return self.date.isoformat()
        return self.name or self.text or self.title or ""


class _Pull(_Camel, frozen=True):
    number: int
    repository: _RepositoryName


class _Shown(_Camel, frozen=True):
    """Whether a repository is kept from the public; for internal ones GitHub says that they are."""

    is_private: bool | None = None


class IssueNode(_Camel, frozen=True):
    """An issue of the bulk query. `cards` are its board items, whose values stand under aliases; None: the
    board was not read. `pulls` are the pull requests that close it.
    """

    id: str
    number: int
    title: str
    state: str
    created_at: datetime
    updated_at: datetime
    history: Connection[msgspec.Raw]
    body: str | None = None
    state_reason: str | None = None
    closed_at: datetime | None = None
    author: Actor | None = None
    repository: _Shown | None = None
    milestone: _Titled | None = None
    labels: Connection[_Named] = Connection()
    assignees: Connection[Actor] = Connection()
    issue_type: _Named | None = None
    parent: Identified | None = None
    blocked_by: Connection[Identified] | None = None
    cards: Connection[dict[str, msgspec.Raw]] | None = None
    values: Connection[FieldValue] = Connection()
    pulls: Connection[_Pull] = Connection()


class _Content(_Camel, frozen=True):
    """What a card stands for; only issues have the parts that are used."""

    kind: str = msgspec.field(name="__typename")
    number: int = 0
    repository: _RepositoryName | None = None


class ItemNode(_Camel, frozen=True):
    """A card of the board; its content is None where the token may not see it."""

    content: _Content | None = None


class IterationNode(_Camel, frozen=True):
    id: str
    title: str
    start_date: date
    duration: int


class _Iterations(_Camel, frozen=True):
    iterations: list[IterationNode] = []
    completed_iterations: list[IterationNode] = []


class Option(_Camel, frozen=True):
    """A word of a single select; boards that were kept before have no ids."""

    name: str
    id: str = ""


class FieldNode(_Camel, frozen=True):
    """A board field; a type newer than this code comes as an object without a name."""

    id: str = ""
    name: str = ""
    data_type: str = ""
    options: list[Option] = []
    configuration: _Iterations = _Iterations()


class BoardNode(_Camel, frozen=True):
    id: str = ""
    title: str = ""
    number: int = 0
    closed: bool = False
    fields: Connection[FieldNode] = Connection()
    items: Connection[msgspec.Raw] = Connection()


class _Owner(_Camel, frozen=True):
    board: BoardNode | None = None
    projects_v2: Connection[BoardNode] = msgspec.field(name="projectsV2", default_factory=Connection)


class BoardData(_Camel, frozen=True):
    owner: _Owner | None = None


class _Repository(_Camel, frozen=True):
    """`all` counts every issue, `issues` are a page of those asked for."""

    id: str = ""
    name_with_owner: str = ""
    has_issues_enabled: bool = True
    is_private: bool | None = None
    all: Connection[msgspec.Raw] = Connection()
    issues: Connection[msgspec.Raw] = Connection()
    milestones: Connection[MilestoneNode] | None = None


class RepositoryData(_Camel, frozen=True):
    repository: _Repository | None = None


class SomeData(_Camel, frozen=True):
    """The repository's id, and issues under aliases made of their numbers."""

    repository: dict[str, msgspec.Raw] | None = None


class NumberedNode(_Camel, frozen=True):
    id: str
    number: int


class _Node(_Camel, frozen=True):
    history: Connection[msgspec.Raw] = Connection()


class HistoryData(_Camel, frozen=True):
    node: _Node | None = None


class MovedNode(_Camel, frozen=True):
    """An issue where it is since its transfer."""

    id: str
    number: int
    repository: _RepositoryName
    history: Connection[Moment] = Connection()


class MovedData(_Camel, frozen=True):
    node: MovedNode | None = None


class _Field(_Camel, frozen=True):
    name: str
    args: list[_Named] = []


class _Type(_Camel, frozen=True):
    fields: list[_Field] = []
    possible_types: list[_Named] = []


class OpeningData(_Camel, frozen=True):
    """The repository, and by the schema's own description what the site can be asked."""

    repository: _Repository | None = None
    issue: _Type | None = None
    timeline: _Type | None = None
    closing: _Type | None = None
    owner: _Type | None = None
    values: _Type | None = None


class RestUser(msgspec.Struct, frozen=True):
    login: str
    node_id: str = ""
    name: str | None = None


class _RestMilestone(msgspec.Struct, frozen=True):
    node_id: str
    title: str


class RestIssue(msgspec.Struct, frozen=True):
    """An issue as REST lists and webhooks write it; a pull request is one that has `pull_request`."""

    node_id: str
    number: int
    title: str
    state: str
    created_at: datetime
    updated_at: datetime
    body: str | None = None
    state_reason: str | None = None
    closed_at: datetime | None = None
    assignees: list[RestUser] = []
    labels: list[_Named] = []
    milestone: _RestMilestone | None = None
    type: _Named | None = None
    pull_request: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class RestRepository(msgspec.Struct, frozen=True):
    full_name: str
    private: bool = False
    has_issues: bool = True
    archived: bool = False
    open_issues_count: int = 0


class RestMeta(msgspec.Struct, frozen=True):
    """What a site says of itself; github.com has no version."""

    installed_version: str = ""


class RestPlace(msgspec.Struct, frozen=True):
    """Which record an address leads to."""

    node_id: str = ""


class RestRepositories(msgspec.Struct, frozen=True):
    """What an App's token opens."""

    repositories: list[RestRepository] = []
