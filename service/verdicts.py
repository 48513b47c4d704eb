"""What a person says about a conflict, as the engine keeps it: a side's word, or a value typed in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from config.rules import FIELDS
from model.decisions import Decision, Verdict
from model.fields import encode
from model.values import Ref, StatusCategory
from reports.voice import STATUS_WORDS
from service.changeset_page import label_of
from service.failures import Exit, Failure
from sync.sides import fold

if TYPE_CHECKING:
    from datetime import datetime

    from sync.changeset import Conflict, Side

__all__ = ["conflict_called", "field_called", "of_side", "of_value", "rule_line"]

_NOTHING = ("", "nothing", "none")
_RANKS = ("urgent", "high", "medium", "low")


def field_called(word: str) -> str:
    """The issue's field behind a rule's name. Failure: no rule has that name."""
    if word in FIELDS:
        return FIELDS[word]
    if word in FIELDS.values():
        return word
    raise Failure(
        Exit.USAGE, f'"{word}" is no field that is kept in agreement. Those are: {", ".join(FIELDS)}.'
    )


def conflict_called(
    conflicts: Collection[Conflict], refs: Collection[Ref], word: str, field: str | None
) -> tuple[Conflict, ...]:
    """The conflicts of the tie that some issue belongs to, of one field or of all. Failure: there is none."""
    found = tuple(
        conflict
        for conflict in conflicts
        if any(side.ref in refs for side in conflict.sides) and field in (None, conflict.field)
    )
    ties = {conflict.tie for conflict in found}
    if len(ties) > 1:
        named = ", ".join(sorted(map(str, ties)))
        raise Failure(Exit.USAGE, f'"{word}" may be any of {named}. Say which by its connection:id.')
    if not found:
        what = f"no conflict over {label_of(field)}" if field else "no conflict"
        raise Failure(Exit.USAGE, f"{word} has {what}. Those there are: crosstie conflicts list")
    return found


def of_side(project: str, conflict: Conflict, word: str, by: str, at: datetime) -> Decision:
    """What one side says counts; `word` is its connection, key or connection:id. Failure: not one side."""
    sides = [side for side in conflict.sides if word in (side.ref.connection, side.key, str(side.ref))]
    if len(sides) != 1:
        known = ", ".join(_called(side, conflict.sides) for side in conflict.sides)
        what = "several sides" if sides else "no side"
        raise Failure(Exit.USAGE, f'"{word}" is {what} of the conflict. The sides are: {known}.')
    return _decision(project, conflict, Verdict.SIDE, str(sides[0].ref), by, at)


def of_value(
    project: str, conflict: Conflict, typed: str, people: Collection[str], by: str, at: datetime
) -> Decision:
    """A value of the person's own counts. Failure: it is none for this field; the text says what would be."""
    reader = _READERS.get(conflict.field, _text)
    empty = typed.strip().casefold() in _NOTHING
    sets = conflict.field in ("labels", "assignees")
    value = ("[]" if sets else None) if empty else reader(conflict, typed.strip(), people)
    return _decision(project, conflict, Verdict.VALUE, value, by, at)


def _decision(
    project: str, conflict: Conflict, verdict: Verdict, value: str | None, by: str, at: datetime
) -> Decision:
    held = {side.ref: side.value for side in conflict.sides}
    return Decision(project, conflict.field, held, verdict, value, by, at)


def rule_line(project: str, conflict: Conflict, connection: str) -> str:
    """The lines of the config that would decide every such conflict so."""
    return f'[projects.{project}.rules]\n{label_of(conflict.field)} = {{ owner = "{connection}" }}'


def _called(side: Side, sides: Sequence[Side]) -> str:
    alone = sum(other.ref.connection == side.ref.connection for other in sides) == 1
    return side.ref.connection if alone else str(side.ref)


def _refuse(typed: str, field: str, wanted: str) -> Failure:
    return Failure(Exit.USAGE, f'"{typed}" is no {label_of(field)}. Give {wanted}. Nothing was decided.')


def _day(conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    try:
        return date.fromisoformat(typed).isoformat()
    except ValueError:
        raise _refuse(typed, conflict.field, "a day such as 2026-04-09, or nothing") from None


def _status(conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    words = {category.value: category.value for category in StatusCategory}
    words |= {word: category.value for category, word in STATUS_WORDS.items()}
    found = words.get(typed.casefold())
    if found is None or found == StatusCategory.UNKNOWN.value:
        raise _refuse(typed, conflict.field, "todo, doing, done or cancelled")
    return found


def _percent(conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    number = typed.removesuffix("%").strip()
    if not (number.isascii() and number.isdigit() and int(number) <= 100):
        raise _refuse(typed, conflict.field, "a number from 0 to 100")
    return str(int(number))


def _estimate(conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    scale = next((side.value.partition(" ")[0] for side in conflict.sides if side.value), "points")
    try:
        amount = Decimal(typed.removesuffix(scale).strip())
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise _refuse(typed, conflict.field, f"a number of {scale}")
    return f"{scale} {encode(amount)}"


def _labels(_conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    return encode(frozenset(word.strip().casefold() for word in typed.split(",") if word.strip())) or "[]"


def _assignees(conflict: Conflict, typed: str, people: Collection[str]) -> str:
    named = frozenset(word.strip() for word in typed.split(",") if word.strip())
    if strangers := named - set(people):
        raise _refuse(
            ", ".join(sorted(strangers)),
            conflict.field,
            "keys of [people], such as crosstie people list shows",
        )
    return encode(named) or "[]"


def _priority(conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    if typed.casefold() not in _RANKS:
        raise _refuse(typed, conflict.field, ", ".join(_RANKS))
    return typed.casefold()


def _text(_conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    return typed


def _name(_conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    return fold(typed)


def _parent(conflict: Conflict, typed: str, _people: Collection[str]) -> str:
    raise _refuse(typed, conflict.field, "a side instead: --take CONNECTION")


_READERS: Mapping[str, Callable[[Conflict, str, Collection[str]], str]] = {
    "start": _day,
    "due": _day,
    "status": _status,
    "percent": _percent,
    "estimate": _estimate,
    "labels": _labels,
    "assignees": _assignees,
    "priority": _priority,
    "sprints": _name,
    "milestone": _name,
    "parent": _parent,
}
