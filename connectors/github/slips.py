"""What a write needs to know besides what is read of issues: parts of GitHub's answers around writes."""

from __future__ import annotations

import msgspec

from connectors.github.payloads import Actor, Connection, Identified

__all__ = [
    "BoardRightData",
    "FetchedData",
    "FetchedNode",
    "PeopleData",
    "RestCreated",
    "RestField",
    "ViewerData",
    "Word",
]


class FetchedNode(msgspec.Struct, frozen=True, rename="camel"):
    """What a write needs to know of an issue besides what is read of it: its place, and its cards' ids."""

    id: str
    number: int
    place: _Place
    body: str | None = None
    assignees: Connection[Actor] = Connection()
    cards: Connection[_CardId] | None = None


class _Place(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name_with_owner: str


class _CardId(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    project: Identified


class FetchedData(msgspec.Struct, frozen=True, rename="camel"):
    """Issues in the order in which they were asked for by their ids."""

    nodes: list[msgspec.Raw] = []


class PeopleData(msgspec.Struct, frozen=True, rename="camel"):
    """Accounts in the order in which they were asked for by their ids."""

    nodes: list[Actor | None] = []


class ViewerData(msgspec.Struct, frozen=True, rename="camel"):
    """Whose credential it is, and what that account is in the repository; an App is nothing there."""

    viewer: Actor
    repository: _Role | None = None


class _Role(msgspec.Struct, frozen=True, rename="camel"):
    viewer_permission: str | None = None


class BoardRightData(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the board may be written to."""

    node: _Writable | None = None


class _Writable(msgspec.Struct, frozen=True, rename="camel"):
    viewer_can_update: bool = False


class RestCreated(msgspec.Struct, frozen=True):
    """The issue that was made."""

    node_id: str
    number: int


class Word(msgspec.Struct, frozen=True):
    """An option of an issue field; it is chosen by its name."""

    name: str


class RestField(msgspec.Struct, frozen=True):
    """One of an organisation's issue fields."""

    id: int
    name: str
    data_type: str = ""
    options: list[Word] = []
