"""A changeset as people read it: what would be written where and why, grouped by tie, in at most 80 columns.

Every line begins with a symbol (+ create, ~ change, ! conflict, x refused, < seen outside); colour only helps
to find it. Texts from trackers are shown and never obeyed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from model.values import Ref, StatusCategory
from reports.text import cut
from reports.voice import STATUS_WORDS, Voice
from service.changeset_lines import Row, Sheet
from sync.changeset import Action, Changeset, Conflict, Refusal, Settled, Side, Why, Write, digest

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["Around", "Member", "from_rules", "label_of", "page", "said", "short", "summary"]

_LONGEST = 60
_NOTES = 10
_WIDEST = 24
"""Cells that a column of names takes at most."""
_CLOSED = frozenset({"done", "cancelled"})
_PLAIN = frozenset({"ask", "newest", "union", "deleted"})
"""Rules that need no word before the side whose value it is."""
_POLICIES = {"decision": "decided for", "mirror": "mirror of", "undo": ""}
_STATUSES = frozenset(category.value for category in StatusCategory)
_FIELDS = {"body": "description", "sprints": "sprint"}


@dataclass(frozen=True, slots=True)
class Member:
    """One issue of a tie as people know it."""

    tracker: str
    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Around:
    """What a reader must know besides the changeset.

    `trackers` maps a connection to what people call it, `ages` how long ago each was read (None: never),
    `members` a tie's smallest member to all of them in the order of the project's sources, `people` an
    account to a name. A run may write to `limit` ties, which is `share` of them.
    """

    voice: Voice
    trackers: Mapping[str, str]
    ages: Sequence[tuple[str, timedelta | None]]
    members: Mapping[Ref, Mapping[Ref, Member]]
    people: Mapping[Ref, str]
    limit: int
    share: Decimal

    def tracker(self, connection: str) -> str:
        return self.trackers.get(connection, connection)

    def name(self, tie: Ref, title: str) -> str:
        """What people call a tie: the key of its issue in the project's first source."""
        member = next(iter(self.members.get(tie, {}).values()), None)
        return member.key if member else title or str(tie)

    def title(self, tie: Ref, title: str) -> str:
        """The title of that issue."""
        member = next(iter(self.members.get(tie, {}).values()), None)
        return member.title if member else title

    def person(self, at: Ref, account: str) -> str:
        """The name behind an account of the connection of `at`."""
        return self.people.get(Ref(at.connection, account), account)


def short(changeset: Changeset) -> str:
    """The beginning of the digest, by which people call a changeset."""
    return digest(changeset)[:4]


def label_of(field: str) -> str:
    """What people call a field of an issue, as the rules in the config do."""
    return _FIELDS.get(field, field)


def said(field: str, text: str, voice: Voice) -> str:
    """A value in the reader's words: dates in their order, statuses by name; as it is otherwise."""
    if not text:
        return "nothing"
    if field == "status" and text in _STATUSES:
        return STATUS_WORDS[StatusCategory(text)]
    if field in ("due", "start"):
        with suppress(ValueError):
            return voice.short_date(date.fromisoformat(text))
    return text


def from_rules(changeset: Changeset, last: datetime | None) -> Changeset:
    """Only the writes that nobody's edit since the last run leads to: those of a changed config."""
    writes = changeset.writes if changeset.since_rules and last is not None else ()
    old = tuple(write for write in writes if write.why.at is None or (last and write.why.at < last))
    return replace(changeset, writes=old, conflicts=(), refusals=(), settled=())


def page(
    changeset: Changeset, around: Around, width: int = 80, *, unicode: bool = True, full: bool = False
) -> Iterator[Text]:
    """The changeset's lines, none wider than `width` cells; `full`: nothing is cut, what agrees is listed."""
    sheet = Sheet(width, unicode, full)
    for line in _opening(changeset, around):
        yield from sheet.wrapped(line)
    shortened = changeset.notes if full else changeset.notes[:_NOTES]
    for note in shortened:
        yield from sheet.wrapped(note, "", "  ")
    if len(shortened) < len(changeset.notes):
        yield from sheet.wrapped(f"… and {len(changeset.notes) - _NOTES:,} more notes: --full", "", "  ")
    yield from _Ties(changeset, around, sheet).lines()
    for line in summary(changeset, around).splitlines():
        yield from sheet.wrapped(line, "bold")


def summary(changeset: Changeset, around: Around) -> str:
    """The changeset in two lines: how much of what it would do, and how much of the project that is."""
    if not changeset.writes and not changeset.conflicts and not changeset.refusals:
        agree = "agrees" if changeset.ties == 1 else "agree"
        return f"Nothing to write: {_count(changeset.ties, 'tie')} {agree}, as far as the rules ask."
    writes = changeset.writes
    created = sum(write.action is Action.CREATE for write in writes)
    closed = sum(_closes(write) for write in writes)
    changed = len(writes) - created - closed
    share = around.voice.percent(changeset.touched / max(1, changeset.ties))
    limit = around.voice.percent(float(around.share))
    told = f"Changeset {short(changeset)}: {created:,} to create, {changed:,} to change, "
    told += f"{closed:,} to close; "
    told += f"{_count(len(changeset.conflicts), 'conflict')}, {len(changeset.refusals):,} refused.\n"
    told += f"{share} of {_count(changeset.ties, 'tie')} (limit {limit}: {_count(around.limit, 'tie')})."
    if changeset.since_rules:
        told += f" {_count(changeset.since_rules, 'tie')} because the config changed: --why mapping."
    return told


def _opening(changeset: Changeset, around: Around) -> Iterator[str]:
    ages = ", ".join(f"{name} {_age(age, around)}" for name, age in around.ages)
    yield f"Crosstie compared {_count(len(around.ages), 'tracker')} ({ages})."
    yield f"Changed outside since the last run: {_count(changeset.seen, 'value')}."


def _age(age: timedelta | None, around: Around) -> str:
    if age is None:
        return "never read"
    return "just read" if age < timedelta(minutes=1) else f"{around.voice.span(age)} old"


def _closes(write: Write) -> bool:
    return write.action is Action.EDIT and write.field == "status" and write.after in _CLOSED


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


class _Ties:
    """A changeset's rows, sorted to their ties."""

    def __init__(self, changeset: Changeset, around: Around, sheet: Sheet) -> None:
        self._changeset = changeset
        self._around = around
        self._sheet = sheet

    def lines(self) -> Iterator[Text]:
        """The ties with changes or conflicts, then what would be created, then what is only refused."""
        groups: dict[Ref, list[Row]] = defaultdict(list)
        titles: dict[Ref, str] = {}
        several: Iterator[Write | Conflict | Settled] = chain(
            self._edits(), self._changeset.conflicts, self._seen()
        )
        for each in several:
            groups[each.tie].append(self._row(each))
            titles.setdefault(each.tie, "" if isinstance(each, Settled) else each.title)
        alone = []
        for refusal in self._changeset.refusals:
            if refusal.tie in groups:
                groups[refusal.tie].append(self._row(refusal))
            else:
                alone.append(self._alone(refusal))
        for tie in sorted(groups, key=lambda tie: (self._around.name(tie, titles[tie]), tie)):
            yield from self._group(tie, titles[tie], groups[tie])
        for write in self._changeset.writes:
            if write.action is Action.CREATE:
                yield from self._sheet.row(self._created(write), 2)
        for row in alone:
            yield from self._sheet.row(row, 2)

    def _edits(self) -> tuple[Write, ...]:
        return tuple(write for write in self._changeset.writes if write.action is Action.EDIT)

    def _seen(self) -> tuple[Settled, ...]:
        return self._changeset.settled if self._sheet.full else ()

    def _group(self, tie: Ref, title: str, rows: Sequence[Row]) -> Iterator[Text]:
        members = self._around.members.get(tie, {})
        head = f"tie {self._around.name(tie, title)}  {_quoted(self._around.title(tie, title))}"
        named = " · ".join(f"{member.tracker} {member.key}" for member in members.values())
        yield from self._sheet.head(head, named)
        widths = tuple(
            min(_WIDEST, max(map(self._sheet.cells, column)))
            for column in ([row.where for row in rows], [row.field for row in rows])
        )
        for row in rows:
            yield from self._sheet.row(row, 4, (widths[0], widths[1]))

    def _row(self, each: Write | Conflict | Refusal | Settled) -> Row:
        if isinstance(each, Write):
            return self._changed(each)
        if isinstance(each, Conflict):
            return self._disputed(each)
        if isinstance(each, Refusal):
            where = self._where(each.tie, each.target, each.key)
            return Row("x", where, label_of(each.field), _refused(each))
        values = {value for value in each.values.values() if value is not None}
        said = ", ".join(sorted(self._short(each.field, value) for value in values)) or "nothing"
        return Row("<", "seen", label_of(each.field), f"all sides say {said}; nothing to write")

    def _changed(self, write: Write) -> Row:
        before = said(write.field, write.shown_before, self._around.voice)
        after = said(write.field, write.shown_after, self._around.voice)
        whole = (before, after) if max(len(before), len(after)) > _LONGEST else None
        what = f"{cut(before, _LONGEST)} -> {cut(after, _LONGEST)}"
        where = self._where(write.tie, write.target, write.key)
        return Row("~", where, label_of(write.field), what, self._why(write.why), whole)

    def _created(self, write: Write) -> Row:
        where = f"{self._around.tracker(write.target.connection)}  {write.source}"
        origin = f" from {write.why.key}" if write.why.key else ""
        return Row("+", where, "", f"new issue{origin} {_quoted(write.title)}", self._why(write.why))

    def _alone(self, refusal: Refusal) -> Row:
        where = f"{self._around.tracker(refusal.target.connection)} {_quoted(refusal.title)}"
        field = f"{label_of(refusal.field)}: " if refusal.field else ""
        return Row("x", where, "", f"{field}{_refused(refusal)}")

    def _disputed(self, conflict: Conflict) -> Row:
        sides = " · ".join(self._side(conflict, side) for side in conflict.sides)
        agreed = self._short(conflict.field, conflict.agreed)
        before = f"agreed value was {agreed}" if conflict.proven else "they never agreed"
        name = self._around.name(conflict.tie, conflict.title)
        step = f"crosstie conflicts resolve {name} {label_of(conflict.field)}"
        return Row("!", label_of(conflict.field), "", f"{sides} ({before})", step)

    def _side(self, conflict: Conflict, side: Side) -> str:
        where = self._where(conflict.tie, side.ref, side.key)
        told = f"{where} {cut(said(conflict.field, side.shown, self._around.voice), _LONGEST)}"
        by = f"by {self._around.person(side.ref, side.actor)}" if side.actor else ""
        at = f"on {self._around.voice.day(side.at)}" if side.at else ""
        who = " ".join(filter(None, (by, at)))
        return f"{told} ({who})" if who else told

    def _where(self, tie: Ref, ref: Ref, key: str) -> str:
        """The tracker's name; with the issue's key where the tie has several issues there."""
        tracker = self._around.tracker(ref.connection)
        members = self._around.members.get(tie, {}).values()
        return f"{tracker} {key}" if sum(member.tracker == tracker for member in members) > 1 else tracker

    def _why(self, why: Why) -> str:
        """Whose value it is, who set it when, and the rule that carries it on."""
        around, rule = self._around, why.rule
        policy, _, owner = rule.partition(" = ")
        side = around.tracker(why.source.connection) if why.source else ""
        if owner:
            side = (
                side if why.source and why.source.connection == owner else f"{around.tracker(owner)}, {side}"
            )
        told = side if policy in _PLAIN else f"{_POLICIES.get(policy, policy)} {side}"
        if policy == "decision" and not side:
            told = "decided"
        if why.source and why.at and policy != "mirror":
            who = f" by {around.person(why.source, why.actor)}" if why.actor else ""
            told += f": {'deleted' if policy == 'deleted' else 'changed'}{who} on {around.voice.day(why.at)}"
        detail = "; ".join(filter(None, (policy if policy in _PLAIN else "", why.detail)))
        return f"{told} ({detail})".strip() if detail and told.strip() else detail or told.strip()

    def _short(self, field: str, value: str | None) -> str:
        return cut(said(field, value or "", self._around.voice), _LONGEST)


def _refused(refusal: Refusal) -> str:
    return f"{' '.join(refusal.reason.split())}; not written"


def _quoted(title: str) -> str:
    return f"“{cut(title, _LONGEST)}”"
