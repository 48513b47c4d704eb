"""What the sides of a tie say, as values that compare, and back into each tracker's own terms: pure.

Two comparable values are equal exactly when both sides say the same: people by person, sprints and milestones
by folded name, parents by their tie, priorities by rank, estimates in one unit. A side that cannot be
compared in a field takes no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from config.rules import PriorityMap
from model.fields import decode, encode
from model.values import Entity, Issue, Milestone, Ref, Sprint, StatusCategory, Unit
from sync.express import PLACES, SCALE, Cannot, express, fold, in_time
from sync.merge import Ruling, Value
from sync.titles import bare

__all__ = ["NOTHING", "Cannot", "Group", "Missing", "Names", "Terms", "fold", "parse", "text"]

SETS = frozenset({"assignees", "labels"})


class Missing:
    """The side takes no part in the field."""


NOTHING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a project's fields mean now.

    `rules`: field -> ruling, without those that are off. `holds`: source -> the fields it can hold; a source
    that is not named is only read, and takes part with what it says. `rounded`: source -> what its tracker
    makes of a field's value there. `locked`: connection -> why nothing is written through it. `lost`:
    connection -> why nothing can be read through it either: nobody knows whether what it said still stands.
    """

    rules: Mapping[str, Ruling]
    holds: Mapping[tuple[str, str], Collection[str]]
    rounded: Mapping[tuple[str, str], Callable[[str, object], object]] = field(default_factory=dict)
    priorities: PriorityMap = field(default_factory=PriorityMap)
    hours_per_day: Decimal = Decimal(8)
    locked: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
    """What the trackers' ids mean.

    `people`: account -> person; `accounts`: (person, connection) -> account id; `called`: person -> name;
    `roots`: issue -> the smallest member of its tie; `twins`: (such a member, connection) -> an issue there;
    `words`: source -> the priority words that are in use there.
    """

    people: Mapping[Ref, str] = field(default_factory=dict)
    accounts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    sprints: Mapping[Ref, Sprint] = field(default_factory=dict)
    milestones: Mapping[Ref, Milestone] = field(default_factory=dict)
    roots: Mapping[Ref, Ref] = field(default_factory=dict)
    twins: Mapping[tuple[Ref, str], Ref] = field(default_factory=dict)
    keys: Mapping[Ref, str] = field(default_factory=dict)
    words: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)


class Group:
    """The sides of one tie."""

    def __init__(self, members: Sequence[Issue], terms: Terms, names: Names) -> None:
        self.members = tuple(sorted(members, key=lambda issue: issue.ref))
        self.issues = {issue.ref: issue for issue in self.members}
        self.root = self.members[0].ref
        self.terms = terms
        self.names = names
        self._rounded: dict[tuple[Ref, str, Value], Value] = {}
        self._scales = {SCALE[issue.unit] for issue in self.members if issue.estimate is not None}

    def now(self, issue: Issue) -> dict[str, Value]:
        """What a side says: field -> comparable value, of the fields that it takes part in."""
        held = self.terms.holds.get((issue.ref.connection, issue.source))
        said: dict[str, Value] = {}
        for name in self.terms.rules:
            if held is not None and name not in held:
                continue
            value = self.comparable(issue, name)
            if not isinstance(value, Missing) and (held is not None or value):
                said[name] = value
        return said

    def comparable(self, issue: Issue, name: str) -> Value | Missing:
        """One field of a side."""
        return _READ[name](self, issue)

    def rounded(self, ref: Ref, name: str, value: Value) -> Value:
        """The value as the side's tracker would hold it; as it is where the side cannot express it at all."""
        tracker = self.terms.rounded.get((ref.connection, self.issues[ref].source))
        if tracker is None:
            return value
        key = (ref, name, value)
        if key not in self._rounded:
            self._rounded[key] = self._as_held(tracker, self.issues[ref], name, value)
        return self._rounded[key]

    def expressed(self, ref: Ref, name: str, value: Value) -> object:
        """The value of model.values.Issue that says this on a side, after its rounding. Cannot: none does."""
        issue = self.issues[ref]
        own = express(self, issue, name, value)
        tracker = self.terms.rounded.get((ref.connection, issue.source))
        return own if tracker is None else tracker(name, own)

    def shown(self, name: str, value: Value) -> str:
        """A comparable value in words."""
        if value is None or value == frozenset():
            return "nothing"
        if name == "assignees" and isinstance(value, frozenset):
            return ", ".join(sorted(self.names.called.get(person, person) for person in value))
        if name == "parent" and isinstance(value, str):
            connection, _, id_ = value.partition(":")
            return self.names.keys.get(Ref(connection, id_), value)
        if name in ("milestone", "sprints") and isinstance(value, str):
            return self.named(name, value)
        if name == "estimate" and isinstance(value, str):
            scale, _, amount = value.partition(" ")
            return f"{amount} {scale}"
        return ", ".join(sorted(value)) if isinstance(value, frozenset) else value

    def named(self, name: str, folded: str) -> str:
        """A sprint's or milestone's name as a tracker writes it."""
        known = self.names.milestones if name == "milestone" else self.names.sprints
        return min((one.name for one in known.values() if fold(one.name) == folded), default=folded)

    def _as_held(
        self, tracker: Callable[[str, object], object], issue: Issue, name: str, value: Value
    ) -> Value:
        try:
            own = express(self, issue, name, value)
        except Cannot:
            return value
        held = tracker(name, own)
        if held == own:
            return value
        changed: Any = {name: held}
        read = self.comparable(_with(issue, changed), name)
        return value if isinstance(read, Missing) else read

    def scale(self, issue: Issue) -> str | None:
        """What the tie's estimates count; None where its sides do not count the same."""
        own = SCALE[issue.unit]
        return own if self._scales <= {own} else None

    def keys_beside(self, issue: Issue) -> frozenset[str]:
        """The keys of the other sides, which may stand in its title."""
        return frozenset(other.key for other in self.members if other.ref != issue.ref and other.key)

    def spelled(self, issue: Issue, label: str) -> str:
        """A folded label as the side writes it already, else as the first other one does."""
        for each in (issue, *self.members):
            for own in sorted(each.labels):
                if own.casefold() == label:
                    return own
        return label


def text(value: Value) -> str | None:
    """A comparable value as it is stored."""
    return encode(value)


def parse(name: str, stored: str | None) -> Value:
    """The comparable value behind a stored text of a field."""
    if name not in SETS:
        return stored
    value = decode(Entity.ISSUE, name, stored)
    return value if isinstance(value, frozenset) else frozenset()


def _with(issue: Issue, changed: Mapping[str, Any]) -> Issue:
    return replace(issue, **changed)


def _title(group: Group, issue: Issue) -> Value | Missing:
    return bare(issue.title, group.keys_beside(issue))


def _body(group: Group, issue: Issue) -> Value | Missing:
    return issue.body.replace("\r\n", "\n").strip()


def _status(group: Group, issue: Issue) -> Value | Missing:
    return NOTHING if issue.status is StatusCategory.UNKNOWN else issue.status.value


def _day(name: str) -> Callable[[Group, Issue], Value | Missing]:
    def read(group: Group, issue: Issue) -> Value | Missing:
        value: date | None = getattr(issue, name)
        return None if value is None else value.isoformat()

    return read


def _estimate(group: Group, issue: Issue) -> Value | Missing:
    scale = group.scale(issue)
    if scale is None:
        return NOTHING
    if issue.estimate is None:
        return None
    amount = issue.estimate * group.terms.hours_per_day if issue.unit is Unit.DAYS else issue.estimate
    return f"{scale} {encode(amount.quantize(PLACES))}"


def _percent(group: Group, issue: Issue) -> Value | Missing:
    return None if issue.percent is None else str(issue.percent)


def _assignees(group: Group, issue: Issue) -> Value | Missing:
    people = group.names.people
    found = frozenset(people.get(Ref(issue.ref.connection, account), "") for account in issue.assignees)
    return NOTHING if "" in found else found


def _labels(group: Group, issue: Issue) -> Value | Missing:
    return frozenset(label.casefold() for label in issue.labels)


def _sprints(group: Group, issue: Issue) -> Value | Missing:
    """The latest sprint's name: that a sprint ended is nobody's edit of its issues."""
    sprints = [group.names.sprints.get(Ref(issue.ref.connection, id_)) for id_ in issue.sprints]
    known = [sprint for sprint in sprints if sprint is not None]
    if len(known) < len(sprints):
        return NOTHING
    return fold(max(known, key=in_time).name) if known else None


def _milestone(group: Group, issue: Issue) -> Value | Missing:
    if issue.milestone is None:
        return None
    found = group.names.milestones.get(Ref(issue.ref.connection, issue.milestone))
    return NOTHING if found is None else fold(found.name)


def _parent(group: Group, issue: Issue) -> Value | Missing:
    if issue.parent is None:
        return None
    root = group.names.roots.get(Ref(issue.ref.connection, issue.parent))
    return NOTHING if root is None else str(root)


def _priority(group: Group, issue: Issue) -> Value | Missing:
    if issue.priority is None:
        return None
    return group.terms.priorities.rank(issue.priority) or NOTHING


_READ: Mapping[str, Callable[[Group, Issue], Value | Missing]] = {
    "title": _title,
    "body": _body,
    "status": _status,
    "start": _day("start"),
    "due": _day("due"),
    "estimate": _estimate,
    "percent": _percent,
    "assignees": _assignees,
    "labels": _labels,
    "sprints": _sprints,
    "milestone": _milestone,
    "parent": _parent,
    "priority": _priority,
}
