"""What is to be sent for which field of ours: pure, but for what has to be looked up first.

Words, people, labels, the milestone, the state and the organisation's issue fields go with the issue itself;
dates, estimates, iterations and columns are cells of its card.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.github.board import number_in
from connectors.github.desk import Desk
from connectors.github.mapping import status_of
from connectors.github.payloads import FieldNode, Option
from connectors.github.prose import LONGEST_BODY, inert
from connectors.github.rounding import latest, rounded, rounded_in
from connectors.github.slips import Word
from model.values import Issue, StatusCategory

__all__ = ["Form", "compose"]

_CLOSINGS = ("completed", "not_planned")
_LONGEST_LABEL = 50


@dataclass(slots=True)
class Form:
    """`issue` is what goes with the issue, by GitHub's name; `named` tells which field of ours that is.

    `cells` are (board field's id, value; None clears it) by field of ours; `cleared` the ids of issue fields
    to take away. `parent` is () if it stays, else the one to have. `reopen`: it is opened before it is closed
    for another reason. `wanted` is what each field is aimed to hold, `short` why that is less than was asked
    for, `dropped` why it can't be set at all.
    """

    issue: dict[str, Any] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    cells: dict[str, tuple[str, Mapping[str, Any] | None]] = field(default_factory=dict)
    cleared: dict[str, int] = field(default_factory=dict)
    parent: tuple[str | None, ...] = ()
    reopen: bool = False
    wanted: dict[str, object] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, key: str, value: Any) -> None:
        self.issue[key] = value
        self.named[key] = name

    def without(self, key: str, why: str) -> bool:
        """Leave out what goes by this name of GitHub's; whether there was such a thing."""
        key = {"name": "labels", "state_reason": "state"}.get(key, key)
        if key not in self.issue:
            return False
        del self.issue[key]
        names = [name for other, name in self.named.items() if other == key or other.startswith(f"{key} ")]
        self.dropped |= dict.fromkeys(names, why)
        if key == "state":
            self.issue.pop("state_reason", None)
            self.cells.pop("status", None)
        return True


def compose(desk: Desk, fields: Mapping[str, object], base: Issue | None, below: str = "") -> Form:
    """The form for these fields; what the issue holds already is left out.

    `base` None: the issue is yet to be made. `below` is what stands below its text and stays there.
    """
    form = Form()
    for name, given in fields.items():
        value = rounded_in(desk.source, name, given)
        form.wanted[name] = value
        if value != rounded(name, given):
            form.short[name] = f"{desk.source.repo} has no column that could say {given}, so it says {value}"
        if base is None or name == "status" or getattr(base, name) != value:
            _WAYS[name](_Entry(form, desk, name, value, base, below))
    return form


@dataclass(frozen=True, slots=True)
class _Entry:
    """One field on its way into the form."""

    form: Form
    desk: Desk
    name: str
    value: Any
    base: Issue | None
    below: str

    def drop(self, why: str) -> None:
        self.form.dropped[self.name] = why


def _title(entry: _Entry) -> None:
    if entry.value:
        entry.form.put("title", "title", entry.value)
    else:
        entry.drop("GitHub wants a title of at least one character; give it one")


def _body(entry: _Entry) -> None:
    text = inert(entry.value, entry.desk.hosts) + entry.below
    if len(text) > LONGEST_BODY:
        entry.drop(f"GitHub takes at most {LONGEST_BODY:,} characters; shorten the text")
    else:
        entry.form.put("body", "body", text)


def _labels(entry: _Entry) -> None:
    long = [label for label in entry.value if len(label) > _LONGEST_LABEL]
    if long:
        entry.drop(f"GitHub takes labels of at most {_LONGEST_LABEL} characters; shorten {min(long)!r}")
    else:
        entry.form.put("labels", "labels", sorted(entry.value))


def _assignees(entry: _Entry) -> None:
    logins = entry.desk.logins(entry.value)
    unknown = sorted(set(entry.value) - logins.keys())
    if unknown:
        entry.drop(f"GitHub knows no account {unknown[0]}; correct it under [people]")
    else:
        entry.form.put("assignees", "assignees", sorted(logins[id] for id in entry.value))


def _milestone(entry: _Entry) -> None:
    if entry.value is None:
        entry.form.put(entry.name, "milestone", None)
        return
    numbers = {one.id: one.number for one in entry.desk.ground.milestones}
    if entry.value in numbers:
        entry.form.put(entry.name, "milestone", numbers[entry.value])
    else:
        entry.drop(f"{entry.desk.source.repo} has no such milestone; make one there")


def _sprints(entry: _Entry) -> None:
    """The one sprint that an issue can be in."""
    value = latest(entry.value, entry.desk.ground.begins) if len(entry.value) > 1 else entry.value
    entry.form.wanted["sprints"] = value
    chosen = min(value, default=None)
    if entry.base is not None and entry.base.sprints == value:
        return
    if entry.desk.source.sprints == "milestone":
        _milestone(_Entry(entry.form, entry.desk, "sprints", chosen, entry.base, ""))
        return
    board = entry.desk.ground.pulled.reading.board
    column = _column(entry, "sprint")
    if column is None or board is None:
        return
    field_id, _, iteration = (chosen or "").rpartition("/")
    if chosen is not None and (field_id != board.sprint_field or not _is_iteration(column, iteration)):
        entry.drop(f"the board's field {column.name} has no such iteration; add it there")
        return
    entry.form.cells["sprints"] = (column.id, {"iterationId": iteration} if chosen else None)


def _is_iteration(column: FieldNode, id: str) -> bool:
    known = column.configuration
    return any(one.id == id for one in (*known.iterations, *known.completed_iterations))


def _role(entry: _Entry) -> None:
    """A value of the organisation's own field where the source names one, else of the board's."""
    name = entry.desk.source.issue_fields.named.get(entry.name)
    if name:
        _own(entry, name)
        return
    column = _column(entry, entry.name)
    if column is None:
        return
    value = None if entry.value is None else _cell(column, entry.value)
    if entry.value is not None and value is None:
        entry.drop(f"the board's field {column.name} cannot hold {entry.value}; {_choices(column.options)}")
    else:
        entry.form.cells[entry.name] = (column.id, value)


def _column(entry: _Entry, role: str) -> FieldNode | None:
    """The board's field of a role; without one the entry is dropped with the reason."""
    source, node = entry.desk.source, entry.desk.ground.board
    name = getattr(source.fields, role, None)
    if source.project is None or not name:
        entry.drop(f"{source.repo} has no place for it; name a board and its field in the source")
        return None
    if node is None:
        entry.drop(f"the board {source.project} cannot be read; give the token the right to it")
        return None
    found = _find(entry, name)
    if found is None:
        entry.drop(f"the board {source.project} has no field {name}; add it there, or correct fields.{role}")
    return found


def _find(entry: _Entry, name: str | None) -> FieldNode | None:
    """The board's field of this name, whatever its case."""
    fields = entry.desk.ground.board.fields.nodes if entry.desk.ground.board and name else ()
    return next((one for one in fields if one.name.casefold() == (name or "").casefold()), None)


def _cell(column: FieldNode, value: Any) -> dict[str, Any] | None:
    """A value in a board field's own form; None: it does not fit there."""
    if column.data_type == "DATE" and isinstance(value, date):
        return {"date": value.isoformat()}
    if column.data_type == "NUMBER" and isinstance(value, Decimal):
        return {"number": float(value)}
    if column.data_type == "TEXT":
        return {"text": format(value, "f") if isinstance(value, Decimal) else str(value)}
    option = next((one for one in column.options if _is_same(one.name, value)), None)
    return {"singleSelectOptionId": option.id} if option else None


def _is_same(word: str, value: Any) -> bool:
    if isinstance(value, Decimal):
        return number_in(word) == value
    return word.casefold() == str(value).casefold()


def _own(entry: _Entry, name: str) -> None:
    """A value of one of the organisation's issue fields."""
    held = entry.desk.own_fields().get(name.casefold())
    if held is None:
        entry.drop(f"no issue field {name} is to be seen; correct issue_fields.{entry.name}")
        return
    if entry.value is None or entry.value == "":
        entry.form.cleared[entry.name] = held.id
        behind = _find(entry, getattr(entry.desk.source.fields, entry.name, None))
        if behind is not None:  # what the board says would show through
            entry.form.cells[entry.name] = (behind.id, None)
        return
    value: Any = entry.value
    if held.data_type == "single_select":
        value = next((one.name for one in held.options if _is_same(one.name, entry.value)), None)
        if value is None:
            entry.drop(f"the issue field {name} cannot hold {entry.value}; {_choices(held.options)}")
            return
    elif isinstance(value, Decimal):
        value = float(value)
    elif isinstance(value, date):
        value = value.isoformat()
    values = entry.form.issue.setdefault("issue_field_values", [])
    values.append({"field_id": held.id, "value": value})
    entry.form.named[f"issue_field_values {entry.name}"] = entry.name


def _choices(options: Collection[Option | Word]) -> str:
    names = ", ".join(one.name for one in options)
    return f"it has {names}" if names else "it is of another type"


def _status(entry: _Entry) -> None:
    target, base = entry.value, entry.base
    closed = base is not None and base.finished is not None
    if base is not None and base.status is target:
        return
    if target in (StatusCategory.DONE, StatusCategory.CANCELLED):
        _close(entry, closed)
        return
    _move(entry)
    if closed and "status" not in entry.form.dropped:
        entry.form.put("status", "state", "open")


def _close(entry: _Entry, closed: bool) -> None:
    """Closed for the reason that means the status; the reason changes only with the state."""
    source = entry.desk.source
    reasons = (one for one in _CLOSINGS if status_of("CLOSED", one, None, source)[0] is entry.value)
    reason = next(reasons, None)
    if reason is None:
        entry.drop(f"no closed issue of {source.repo} counts as {entry.value}; correct [mapping.status]")
        return
    entry.form.reopen = closed
    entry.form.put("status", "state", "closed")
    entry.form.issue["state_reason"] = reason


def _move(entry: _Entry) -> None:
    """An open issue stands where its column says; without one, GitHub calls it open."""
    source, target = entry.desk.source, entry.value
    plain = status_of("OPEN", None, None, source)[0] is target
    own = source.issue_fields.status
    if not own and (source.project is None or not source.fields.status):
        if not plain:
            entry.drop(f"{source.repo} has no column that could say {target}; name a board in the source")
        return
    column = None if own else _column(entry, "status")
    if not own and column is None:
        return
    word = next(
        (one for one in _words(entry, column) if status_of("OPEN", None, one, source)[0] is target), None
    )
    if word is None and not plain:
        entry.drop(f"no column says {target}; add one, or say in [mapping.status] which one does")
    elif column is not None:
        entry.form.cells["status"] = (column.id, _cell(column, word) if word else None)
    elif own:
        _own(_Entry(entry.form, entry.desk, "status", word, entry.base, ""), own)


def _words(entry: _Entry, column: FieldNode | None) -> list[str]:
    """The columns there are, or the words that the organisation's field for the status has."""
    if column is not None:
        return [one.name for one in column.options]
    held = entry.desk.own_fields().get((entry.desk.source.issue_fields.status or "").casefold())
    return [one.name for one in held.options] if held else []


def _parent(entry: _Entry) -> None:
    if entry.desk.ground.pulled.features.has("parent"):
        entry.form.parent = (entry.value,)
    else:
        entry.drop("this GitHub has no sub-issues yet; have the server brought up to date")


_WAYS: dict[str, Callable[[_Entry], None]] = {
    "assignees": _assignees,
    "body": _body,
    "due": _role,
    "estimate": _role,
    "labels": _labels,
    "milestone": _milestone,
    "parent": _parent,
    "priority": _role,
    "sprints": _sprints,
    "start": _role,
    "status": _status,
    "title": _title,
}
