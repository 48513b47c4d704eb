"""A Projects board as a source uses it: its fields' roles, its iterations as sprints, its cards' values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

import msgspec

from connectors.github.payloads import BoardNode, FieldNode, IterationNode, Value
from connectors.github.settings import GitHubSource
from connectors.payload import decode_record
from model.values import Ref, Sprint, SprintState

__all__ = [
    "LAST_SECOND",
    "ROLES",
    "Board",
    "Card",
    "board_of",
    "board_role_fields",
    "card_on",
    "card_values",
    "iterations_of",
    "number_in",
    "wanted_fields",
]

LAST_SECOND = time(23, 59, 59, tzinfo=UTC)
_MIDNIGHT = time(tzinfo=UTC)
_NOTHING = (b"null", b"{}")

ROLES = {
    "sprint": "ITERATION",
    "estimate": "NUMBER",
    "start": "DATE",
    "due": "DATE",
    "status": "SINGLE_SELECT",
}
"""What a board field can mean -> the type a field of that meaning has."""


@dataclass(frozen=True, slots=True)
class Board:
    """A board's identity and those of its fields that the source reads.

    `columns` are (role, name, alias): the role is a key of ROLES or "attribute", the alias names the field in
    queries and is made of its id, so that a stored page can be read whatever the config said then.
    `sprint_field` is the id of the sprint's field.
    """

    id: str
    title: str
    columns: tuple[tuple[str, str, str], ...]
    sprint_field: str | None = None

    @property
    def aliases(self) -> dict[str, str]:
        """Alias -> the field's name."""
        return {alias: name for _, name, alias in self.columns}

    def sprint_id(self, iteration: str) -> str:
        """An iteration's own id is short and unique within its field only."""
        return f"{self.sprint_field}/{iteration}"


@dataclass(frozen=True, slots=True)
class Card:
    """The values one issue has on the board: (role, field name, value) of those that are set."""

    cells: tuple[tuple[str, str, Value], ...] = ()

    def value(self, role: str) -> Value | None:
        return next((value for its, _, value in self.cells if its == role), None)

    @property
    def word(self) -> str | None:
        value = self.value("status")
        return value.name if value else None

    @property
    def iteration(self) -> str | None:
        value = self.value("sprint")
        return value.iteration_id if value else None

    @property
    def estimate(self) -> Decimal | None:
        """A number field's number; of a select or text field the number it reads as, if it does."""
        value = self.value("estimate")
        if value is None:
            return None
        return value.number if value.number is not None else number_in(value.name or value.text)

    def day(self, role: str) -> date | None:
        value = self.value(role)
        return value.date if value else None

    @property
    def attributes(self) -> tuple[tuple[str, str], ...]:
        texts = ((name, value.words) for role, name, value in self.cells if role == "attribute")
        return tuple((name, text) for name, text in texts if text)


def wanted_fields(source: GitHubSource) -> list[tuple[str, str]]:
    """(role, field name) of everything the source reads from its board."""
    chosen = source.fields
    named = {
        "sprint": chosen.sprint if source.sprints == "iteration" else None,
        "estimate": chosen.estimate,
        "start": chosen.start,
        "due": chosen.due,
        "status": chosen.status,
    }
    return [
        *((role, name) for role, name in named.items() if name),
        *(("attribute", name) for name in source.attributes),
    ]


def board_role_fields(roles: Iterable[str]) -> frozenset[str]:
    """The issue fields that the board decides, alone or with the issue's state, if it has these roles."""
    spoken = {"sprint": {"sprints"}, "status": {"status", "status_original"}, "attribute": {"attributes"}}
    return frozenset(name for role in roles for name in spoken.get(role, {role}))


def board_of(node: BoardNode, source: GitHubSource) -> Board:
    """The board with those of the wanted fields that it has; names are compared without case."""
    there: dict[str, FieldNode] = {one.name.casefold(): one for one in node.fields.nodes if one.name}
    wanted = [(role, name.casefold()) for role, name in wanted_fields(source)]
    found = [(role, there[name]) for role, name in wanted if name in there]
    return Board(
        id=node.id,
        title=node.title,
        columns=tuple((role, one.name, _alias(one.id)) for role, one in found),
        sprint_field=next((one.id for role, one in found if role == "sprint"), None),
    )


def _alias(field: str) -> str:
    return f"f{hashlib.blake2s(field.encode(), digest_size=5).hexdigest()}"


class _Project(msgspec.Struct):
    id: str


def card_on(board: Board, cards: list[dict[str, msgspec.Raw]]) -> Card:
    """The issue's card on this board, among its cards on all boards; an empty one if it has none there."""
    for card in cards:
        if decode_record(card["project"], _Project).id == board.id:
            return card_values(board, card)
    return Card()


def card_values(board: Board, aliased: Mapping[str, msgspec.Raw]) -> Card:
    """The values that the card has in the board's columns; those of built-in fields say nothing here."""
    cells = []
    for role, name, alias in board.columns:
        raw = aliased.get(alias)
        if raw is not None and bytes(raw) not in _NOTHING:
            cells.append((role, name, decode_record(raw, Value)))
    return Card(tuple(cells))


def iterations_of(
    node: BoardNode, board: Board, connection: str, source: GitHubSource, now: datetime
) -> tuple[Sprint, ...]:
    """The iterations of the board's sprint field, past ones included."""
    held = next((one for one in node.fields.nodes if one.id and one.id == board.sprint_field), None)
    if held is None:
        return ()

    def sprint(iteration: IterationNode, over: bool) -> Sprint:
        start = datetime.combine(iteration.start_date, _MIDNIGHT)
        last_day = iteration.start_date + timedelta(days=iteration.duration - 1)
        end = datetime.combine(last_day, LAST_SECOND)
        running = SprintState.ACTIVE if start <= now else SprintState.FUTURE
        return Sprint(
            ref=Ref(connection, board.sprint_id(iteration.id)),
            source=source.key,
            name=iteration.title,
            state=SprintState.CLOSED if over else running,
            start=start,
            end=end,
            completed=end if over else None,
        )

    past = [sprint(one, over=True) for one in held.configuration.completed_iterations]
    return (*past, *(sprint(one, over=False) for one in held.configuration.iterations))


def number_in(text: str | None) -> Decimal | None:
    """The number that a text is, if it is one."""
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
