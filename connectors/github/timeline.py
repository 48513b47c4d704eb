"""From an issue's timeline and board card to events: GitHub's own words beside what they mean for a field.

A timeline tells of single steps (one label, one person), while reports need whole values before and after.
The present is certain, so sets are walked back from it, and the last step of any other field leads to it. The
board keeps no history, but each value on it says when it was first set and when it was last changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from connectors.github.board import Card, number_in
from connectors.github.mapping import Reading, card_of, day_in, own_values, status_of
from connectors.github.moments import COLUMN, is_column, name_of, role_of, words_of
from connectors.github.payloads import Identified, IssueNode, Moment, Value
from connectors.history import Step, walk_back
from model.fields import encode
from model.values import Entity, Event, Issue, Meaning, Origin

__all__ = ["HISTORY_FIELDS", "events_of"]

HISTORY_FIELDS = frozenset(
    {"assignees", "due", "estimate", "finished", "labels", "milestone", "parent", "source", "sprints"}
    | {"key", "priority", "start", "status", "status_original", "title", "type"}
)
"""What GitHub can tell of; of dates, estimates and iterations only when they were set, if set once."""

_Meanings = dict[str, list[Meaning]]


@dataclass(frozen=True, slots=True)
class _Value:
    """A step of a single-valued field, from and to (None: nothing); not `known` where no id can be told."""

    moment: Moment
    before: str | None
    after: str | None
    known: bool = True


def events_of(
    issue: Issue, node: IssueNode, moments: Sequence[Moment], reading: Reading
) -> tuple[Event, ...]:
    """Everything the tracker recorded about the issue, its opening first.

    A fact that changes several of our fields becomes several events, whose ids extend the tracker's.
    """
    card = card_of(node, reading)
    moments = sorted([*moments, *_column_set(card, moments, reading)], key=lambda one: one.created_at)
    meanings: _Meanings = defaultdict(list)
    own = frozenset(role_of(one, reading) for one in moments) | own_values(node, reading.source).keys()
    _read_sets(meanings, issue, moments)
    _read_milestones(meanings, issue, moments, reading)
    _read_values(meanings, issue, moments)
    _read_fields(meanings, issue, moments, reading)
    _read_status(meanings, issue, moments, reading)
    made = [_opening(issue, node), *_values_set(issue, card, own)]
    for moment in moments:
        read: list[Meaning | None] = [*meanings[moment.id]] or [None]
        for position, meaning in enumerate(read):
            id = moment.id if position == 0 or meaning is None else f"{moment.id}:{meaning.field}"
            made.append(_event(issue, moment, id, meaning, reading))
    return tuple(made)


def _opening(issue: Issue, node: IssueNode) -> Event:
    """Who opened it and when: not in the timeline, but the first fact of its life."""
    return Event(
        entity=Entity.ISSUE,
        ref=issue.ref,
        id=f"{node.id}:opened",
        field="opened",
        before=None,
        after=None,
        at=node.created_at,
        origin=Origin.RECORDED,
        actor=_actor(node.author.id, node.author.login) if node.author else None,
    )


def _event(issue: Issue, moment: Moment, id: str, meaning: Meaning | None, reading: Reading) -> Event:
    before, after = words_of(moment, reading)
    return Event(
        entity=Entity.ISSUE,
        ref=issue.ref,
        id=id,
        field=name_of(moment.kind),
        before=before,
        after=after,
        at=moment.created_at,
        origin=Origin.RECORDED,
        actor=_actor(moment.actor.id, moment.actor.login) if moment.actor else None,
        meaning=meaning,
    )


def _actor(id: str, login: str) -> str | None:
    return id or login or None


# Sets


def _read_sets(meanings: _Meanings, issue: Issue, moments: Sequence[Moment]) -> None:
    def label(moment: Moment) -> str:
        return moment.label.name if moment.label else ""

    def person(moment: Moment) -> str:
        return moment.assignee.id if moment.assignee else ""

    _read_set(meanings, "labels", issue.labels, moments, ("LabeledEvent", "UnlabeledEvent"), label)
    _read_set(meanings, "assignees", issue.assignees, moments, ("AssignedEvent", "UnassignedEvent"), person)


def _read_set(
    meanings: _Meanings,
    field: str,
    current: frozenset[str],
    moments: Sequence[Moment],
    kinds: tuple[str, str],
    element: Callable[[Moment], str],
) -> None:
    """Steps of a set, walked back from its present; `kinds` are what adds and what removes."""
    told = [moment for moment in moments if moment.kind in kinds and element(moment)]
    steps = [_step(one.kind == kinds[0], element(one)) for one in told]
    for moment, (before, after) in zip(told, walk_back(current, steps), strict=True):
        meanings[moment.id].append(Meaning(field, encode(before), encode(after)))


def _step(adds: bool, element: str) -> Step:
    one = frozenset({element})
    return Step(added=one) if adds else Step(removed=one)


# Single values


def _read_values(meanings: _Meanings, issue: Issue, moments: Sequence[Moment]) -> None:
    titles = [one for one in moments if one.kind == "RenamedTitleEvent"]
    renamed = [_Value(one, one.previous_title, one.current_title) for one in titles]
    _tell(meanings, "title", issue.title, renamed)
    _tell(meanings, "type", issue.type, [_type(one) for one in moments if one.kind.startswith("IssueType")])
    parents = [_parent(one) for one in moments if one.kind.startswith("ParentIssue")]
    _tell(meanings, "parent", issue.parent, _chained(parents))
    _tell(meanings, "source", issue.source, _moves(moments))


_TEXTS: dict[str, Callable[[str | None], object]] = {
    "estimate": number_in,
    "start": day_in,
    "due": day_in,
    "priority": lambda text: text or None,
}
"""Role of an organisation's issue field -> its value out of the text that its history has."""


def _read_fields(meanings: _Meanings, issue: Issue, moments: Sequence[Moment], reading: Reading) -> None:
    """Fields of the organisation, whose whole history GitHub keeps."""
    for role, value in _TEXTS.items():
        told = [one for one in moments if role_of(one, reading) == role]
        steps = [
            _Value(one, encode(value(one.previous_value)), encode(value(one.new_value or one.value)))
            for one in told
        ]
        removed = [one.kind == "IssueFieldRemovedEvent" for one in told]
        for position, gone in enumerate(removed):
            if gone and position:
                steps[position] = _Value(told[position], steps[position - 1].after, None)
        _tell(meanings, role, encode(getattr(issue, role)), _chained(steps))


def _type(moment: Moment) -> _Value:
    """An issue without a type has the empty one."""
    named = moment.issue_type.name if moment.issue_type else ""
    previous = moment.prev_issue_type.name if moment.prev_issue_type else ""
    return _Value(moment, named, "") if "Removed" in moment.kind else _Value(moment, previous, named)


def _parent(moment: Moment) -> _Value:
    id = moment.parent.id if moment.parent else None
    added = moment.kind == "ParentIssueAddedEvent"
    return _Value(moment, None if added else id, id if added else None, known=id is not None)


def _moves(moments: Sequence[Moment]) -> list[_Value]:
    """Transfers say where from; where to is where the next one starts, and for the last one, here."""
    found = [one for one in moments if one.kind == "TransferredEvent"]
    origins = [one.from_repository.name_with_owner if one.from_repository else None for one in found]
    return [
        _Value(one, origin, target, known=origin is not None)
        for one, origin, target in zip(found, origins, [*origins, None][1:], strict=True)
    ]


def _read_milestones(meanings: _Meanings, issue: Issue, moments: Sequence[Moment], reading: Reading) -> None:
    """Milestones are named by title; one renamed or deleted since is known only if it is the present one."""
    told = [one for one in moments if one.kind in ("MilestonedEvent", "DemilestonedEvent")]
    values = []
    for moment in told:
        id = reading.milestones.get(moment.milestone_title)
        added = moment.kind == "MilestonedEvent"
        values.append(_Value(moment, None if added else id, id if added else None, known=id is not None))
    chained = _chained(values)
    _tell(meanings, "milestone", issue.milestone, chained)
    if reading.source.sprints == "milestone":
        _tell(meanings, "sprints", issue.milestone, chained, as_set=True)


def _chained(values: list[_Value]) -> list[_Value]:
    """The same steps with an addition's `before` taken from the step before it."""
    made: list[_Value] = []
    for value in values:
        if value.before is None and made and made[-1].known:
            made.append(_Value(value.moment, made[-1].after, value.after, value.known))
        else:
            made.append(value)
    return made


def _tell(
    meanings: _Meanings, field: str, current: str | None, values: list[_Value], as_set: bool = False
) -> None:
    """Add the steps' meanings; the last one leads to the present, unknown ones before it say nothing."""

    def text(value: str | None) -> str | None:
        return encode(frozenset({value} if value else ())) if as_set else value

    for position, value in enumerate(values):
        last = position == len(values) - 1
        after = current if last else value.after
        if (value.known or last) and value.before != after:
            meanings[value.moment.id].append(Meaning(field, text(value.before), text(after)))


# The board


def _values_set(issue: Issue, card: Card, own: Collection[str | None]) -> list[Event]:
    """When estimate, dates and sprint were set, of those that were set once and are so still.

    Nothing is said of what the issue itself tells (`own`), which goes before the board.
    """
    now_set: dict[str, tuple[str, object, object]] = {
        "estimate": ("estimate", None, issue.estimate),
        "start": ("start", None, issue.start),
        "due": ("due", None, issue.due),
        "sprint": ("sprints", frozenset(), issue.sprints),
    }
    return [
        Event(
            entity=Entity.ISSUE,
            ref=issue.ref,
            id=_value_id(value),
            field=name,
            before=None,
            after=value.words,
            at=value.created_at,
            origin=Origin.RECORDED,
            actor=_actor(value.creator.id, value.creator.login) if value.creator else None,
            meaning=Meaning(field, encode(before), encode(after)),
        )
        for role, name, value in card.cells
        if role in now_set and role not in own and value.created_at == value.updated_at
        for field, before, after in [now_set[role]]
        if before != after
    ]


def _column_set(card: Card, moments: Sequence[Moment], reading: Reading) -> list[Moment]:
    """The status column's last change as an event, where GitHub wrote none: since 2026 it often doesn't.

    Nothing is said of a value that was changed before any event tells of it: what it was is unknown.
    """
    value, board = card.value("status"), reading.board
    if value is None or board is None:
        return []
    told = [one for one in moments if is_column(one, reading)]
    last = told[-1].status if told else ""
    if last == value.name or (not told and value.created_at != value.updated_at):
        return []
    return [
        Moment(
            id=_value_id(value),
            created_at=value.updated_at,
            kind=COLUMN,
            actor=value.creator if value.created_at == value.updated_at else None,
            previous_status=last,
            status=value.name or "",
            project=Identified(board.id),
        )
    ]


def _value_id(value: Value) -> str:
    """A value keeps its id when it changes, so the instant belongs to the fact's name."""
    return f"{value.id}:{value.updated_at.isoformat()}"


def _is_word(moment: Moment, reading: Reading, by_field: bool) -> bool:
    """Whether the moment gave the issue another status word: by the organisation's field, or the column."""
    return role_of(moment, reading) == "status" if by_field else is_column(moment, reading)


# Status


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that decides a status at a moment."""

    status: str
    original: str
    finished: str | None


def _read_status(meanings: _Meanings, issue: Issue, moments: Sequence[Moment], reading: Reading) -> None:
    """Closing, reopening and the board's column, played forward; the last one leads to the present."""
    closings = ("ClosedEvent", "ReopenedEvent")
    by_field = any(role_of(one, reading) == "status" for one in moments)
    told = [one for one in moments if one.kind in closings or _is_word(one, reading, by_field)]
    word = next((words_of(one, reading)[0] or "" for one in told if one.kind not in closings), "")
    state, reason, finished = "OPEN", None, None
    before = _state(state, reason, word, finished, reading)
    for position, moment in enumerate(told):
        if moment.kind == "ClosedEvent":
            state, reason, finished = "CLOSED", moment.state_reason, encode(moment.created_at)
        elif moment.kind == "ReopenedEvent":
            state, reason, finished = "OPEN", None, None
        else:
            word = words_of(moment, reading)[1] or ""
        after = _state(state, reason, word, finished, reading)
        if position == len(told) - 1:
            after = _State(issue.status.value, issue.status_original, encode(issue.finished))
        meanings[moment.id] += _differences(before, after)
        before = after


def _state(state: str, reason: str | None, word: str, finished: str | None, reading: Reading) -> _State:
    status, original = status_of(state, reason, word or None, reading.source)
    return _State(status.value, original, finished)


def _differences(before: _State, after: _State) -> Iterable[Meaning]:
    fields = (
        ("status", before.status, after.status),
        ("status_original", before.original, after.original),
        ("finished", before.finished, after.finished),
    )
    return [Meaning(field, old, new) for field, old, new in fields if old != new]
