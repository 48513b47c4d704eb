"""An issue's life from its change histories: Jira's items as events with their unified meaning. Pure.

Jira writes a whole list on both sides for sprints and labels, one item per fix version and component, ids
for some fields and texts for others, and one new parent under up to three names. The walk goes from the
oldest save to the newest; single additions are undone from the present, which is certain.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import groupby

from connectors.errors import SkipIssue
from connectors.history import Step, walk_back
from connectors.jira.fields import FieldMap
from connectors.jira.mapping import Mapped, accounts, day, earliest, instant, number_of
from connectors.jira.records import HistoryRecord, ItemRecord, UserRecord
from connectors.jira.words import FINISHED, Words
from model.fields import encode
from model.values import Account, Entity, Event, Issue, Meaning, Origin

__all__ = ["HISTORY_FIELDS", "Life", "tell_life"]

HISTORY_FIELDS = frozenset(
    {
        "assignees",
        "components",
        "due",
        "estimate",
        "finished",
        "key",
        "labels",
        "milestone",
        "parent",
        "priority",
        "source",
        "sprints",
        "start",
        "status",
        "status_original",
        "title",
        "type",
    }
)

_NOISE = frozenset({"rank", "workflow", "timespent", "timeestimate", "worklogid", "worklogtimespent"})
_PARENT = frozenset({"parent", "issueparentassociation", "epic link"})
_NAMES = {"fix version": "fixVersions", "component": "components", "due date": "duedate"}
_MILLISECONDS = 10**11


@dataclass(frozen=True, slots=True)
class Life:
    """What happened to an issue, oldest first, and when its work was finished, if it is."""

    events: tuple[Event, ...]
    finished: datetime | None
    accounts: tuple[Account, ...]


@dataclass(slots=True)
class _Line:
    """One item of a save, with the meanings found for it; `suffix` keeps several meanings apart."""

    save: str
    at: datetime
    author: UserRecord | None
    position: int
    item: ItemRecord
    kind: str
    meanings: list[tuple[str, Meaning]] = field(default_factory=list)

    def mean(self, name: str, before: object, after: object, suffix: str = "") -> None:
        old, new = encode(before), encode(after)
        if old != new:
            self.meanings.append((suffix, Meaning(name, old, new)))


def tell_life(
    mapped: Mapped, histories: Iterable[HistoryRecord], words: Words, until: datetime | None = None
) -> Life:
    """The events of one issue, of its saves `until` an instant; SkipIssue: a save has no readable instant."""
    issue = mapped.issue
    lines = _lines(histories, words, until)
    finished = _read_status(mapped, lines, words)
    _read_values(mapped, lines, words)
    _read_sets(mapped, lines)
    events = [_created(mapped), *(event for line in lines for event in _events(line, issue))]
    events += _gaps(events, issue, finished)
    people = accounts((line.author for line in lines), words)
    return Life(tuple(events), finished, people)


def _lines(histories: Iterable[HistoryRecord], words: Words, until: datetime | None) -> list[_Line]:
    """Every item worth telling, oldest first; the same save may have come on two pages."""
    saves = {history.id: (_at(history.created), history) for history in histories}
    ordered = sorted(saves.values(), key=lambda save: (save[0], len(save[1].id), save[1].id))
    return [
        _Line(save.id, at, save.author, position, item, _kind(item, words))
        for at, save in ordered
        if until is None or at <= until
        for position, item in enumerate(save.items)
        if item.field.casefold() not in _NOISE
    ]


def _at(created: int | str) -> datetime:
    """Bulk answers count milliseconds, older ones seconds, single ones are texts."""
    if isinstance(created, str):
        return instant(created, "created")
    try:
        return datetime.fromtimestamp(created / 1000 if created > _MILLISECONDS else created, UTC)
    except (ValueError, OverflowError, OSError):
        raise SkipIssue(f"A change was made at {created}, which is no instant") from None


def _kind(item: ItemRecord, words: Words) -> str:
    """Which field an item is about: by its id, or where Jira leaves that out, by its name."""
    fields = words.fields
    custom = {fields.sprint: "sprint", fields.start: "start", fields.estimate: "estimate"}
    id, name = item.field_id, item.field.casefold()
    known = custom.get(id or item.field)
    if known is not None:
        return known
    if name in _PARENT:
        return "parent"
    if id is None:
        called = {"sprint": "sprint"}
        called |= {
            text.casefold(): kind for text, kind in zip(fields.names, ("estimate", "start"), strict=True)
        }
        if name and name in called:
            return called[name]
    return id or _NAMES.get(name, name)


def _read_status(mapped: Mapped, lines: Sequence[_Line], words: Words) -> datetime | None:
    """Give status and resolution items their meaning; when the issue became finished, if it is."""
    issue = mapped.issue
    told = [line for line in lines if line.kind in ("status", "resolution")]
    status = next(((t.item.before, t.item.before_text) for t in told if t.kind == "status"), None)
    status = status or (mapped.status_id, issue.status_original)
    resolutions = (line.item.before_text for line in told if line.kind == "resolution")
    resolution = next(resolutions, mapped.resolution)
    category = words.category(*status, resolution)
    finished = issue.created if category in FINISHED else None
    for _, save in groupby(told, key=lambda line: line.save):
        group = list(save)
        for line in group:
            item = line.item
            if line.kind == "resolution":
                resolution = item.after_text
                continue
            status = (item.after, item.after_text)
            was = words.status_name(item.before, item.before_text)
            line.mean("status_original", was, words.status_name(*status))
        before, category = category, words.category(*status, resolution)
        anchor = next((line for line in group if line.kind == "status"), group[0])
        anchor.mean("status", before, category, ".status")
        since = (finished or anchor.at) if category in FINISHED else None
        anchor.mean("finished", finished, since, ".finished")
        finished = since
    return _finished_now(mapped, finished, bool(told))


def _finished_now(mapped: Mapped, told: datetime | None, has_history: bool) -> datetime | None:
    """The history's word, or Jira's own stamps where the history is silent (imported issues)."""
    if mapped.issue.status not in FINISHED:
        return None
    stamps = (mapped.resolved, mapped.category_since, mapped.issue.created)
    return told if told and has_history else next(stamp for stamp in stamps if stamp)


def _read_values(mapped: Mapped, lines: Sequence[_Line], words: Words) -> None:
    """Give items that carry whole values their meaning; what repeats the value in force says nothing new."""
    readers = _readers(mapped, lines, words)
    in_force: dict[str, object] = {}
    for line in lines:
        if line.kind not in readers:
            continue
        name, read = readers[line.kind]
        try:
            before, after = read(line)
        except SkipIssue:
            continue
        if name not in in_force or in_force[name] != after:
            line.mean(name, before, after)
        in_force[name] = after


_Reader = Callable[[_Line], tuple[object, object]]


def _readers(mapped: Mapped, lines: Sequence[_Line], words: Words) -> dict[str, tuple[str, _Reader]]:
    """Kind of item -> unified field and how both of its sides are read."""
    keys = {line.save: line.item for line in lines if line.kind == "key"}
    return {
        "summary": ("title", _texts),
        "assignee": ("assignees", _members),
        "labels": ("labels", _labels),
        "sprint": ("sprints", _members),
        "duedate": ("due", _days),
        "start": ("start", _days),
        "estimate": ("estimate", partial(_numbers, fields=words.fields)),
        "parent": ("parent", _ids),
        "key": ("key", _texts),
        "project": ("source", partial(_homes, keys=keys, words=words)),
        "priority": ("priority", partial(_names, id=mapped.priority_id, name=mapped.issue.priority)),
        "issuetype": ("type", partial(_names, id=mapped.type_id, name=mapped.issue.type)),
    }


def _ids(line: _Line) -> tuple[object, object]:
    return line.item.before or None, line.item.after or None


def _texts(line: _Line) -> tuple[str, str]:
    return line.item.before_text or "", line.item.after_text or ""


def _days(line: _Line) -> tuple[object, object]:
    return day(line.item.before, line.kind), day(line.item.after, line.kind)


def _members(line: _Line) -> tuple[object, object]:
    """Lists of ids; their names would not do, since a sprint's name may hold a comma."""
    return _split(line.item.before), _split(line.item.after)


def _split(text: str | None) -> frozenset[str]:
    return frozenset(id.strip() for id in (text or "").split(",") if id.strip())


def _labels(line: _Line) -> tuple[object, object]:
    before, after = _texts(line)
    return frozenset(before.split()), frozenset(after.split())


def _numbers(line: _Line, *, fields: FieldMap) -> tuple[object, object]:
    """Points stand in the readable forms alone, seconds in both."""
    item = line.item
    before, after = item.before or item.before_text, item.after or item.after_text
    return number_of(before, fields.estimate, fields.unit), number_of(after, fields.estimate, fields.unit)


def _homes(line: _Line, *, keys: Mapping[str, ItemRecord], words: Words) -> tuple[object, object]:
    """A move tells projects by id and name; their keys stand in front of the issue's."""
    moved = keys.get(line.save)
    if moved is None:
        raise SkipIssue("a move without the issue's keys names no project")
    before, after = (side.rpartition("-")[0] for side in (moved.before_text or "", moved.after_text or ""))
    return words.home(before), words.home(after)


def _names(line: _Line, *, id: str | None, name: str | None) -> tuple[object, object]:
    """Names that may have been changed since: the present id gives its present name."""
    item = line.item
    return (
        name if item.before and item.before == id else item.before_text,
        name if item.after and item.after == id else item.after_text,
    )


def _read_sets(mapped: Mapped, lines: Sequence[_Line]) -> None:
    """Give fix versions and components, which come one by one, the whole sets before and after each save."""
    names = dict(mapped.components)
    for line in lines:
        if line.kind == "components":
            for id, text in _sides(line.item):
                names.setdefault(id, text or id)
    present = frozenset(id for id, _ in mapped.components)
    _read_set(lines, "fixVersions", mapped.versions, "milestone", earliest)
    _read_set(lines, "components", present, "components", lambda ids: frozenset(names[id] for id in ids))


def _read_set(
    lines: Sequence[_Line],
    kind: str,
    present: frozenset[str],
    name: str,
    whole: Callable[[frozenset[str]], object],
) -> None:
    saves = [
        list(group)
        for _, group in groupby((line for line in lines if line.kind == kind), key=lambda line: line.save)
    ]
    steps = [
        Step(
            added=frozenset(line.item.after for line in save if line.item.after),
            removed=frozenset(line.item.before for line in save if line.item.before),
        )
        for save in saves
    ]
    for save, (before, after) in zip(saves, walk_back(present, steps), strict=True):
        save[0].mean(name, whole(before), whole(after))


def _sides(item: ItemRecord) -> list[tuple[str, str | None]]:
    sides = ((item.before, item.before_text), (item.after, item.after_text))
    return [(id, text) for id, text in sides if id]


def _created(mapped: Mapped) -> Event:
    """Jira keeps no history entry for the creation; the record itself says when and by whom."""
    issue = mapped.issue
    assert issue.created is not None
    return Event(
        entity=Entity.ISSUE,
        ref=issue.ref,
        id="created",
        field="created",
        before=None,
        after=None,
        at=issue.created,
        origin=Origin.RECORDED,
        actor=mapped.creator,
    )


def _events(line: _Line, issue: Issue) -> list[Event]:
    """The item itself, with its meaning where that is simple, and one event for each further meaning."""
    plain = next((meaning for suffix, meaning in line.meanings if not suffix), None)
    item = line.item
    event = Event(
        entity=Entity.ISSUE,
        ref=issue.ref,
        id=f"{line.save}.{line.position}",
        field=item.field,
        before=item.before_text or item.before,
        after=item.after_text or item.after,
        at=line.at,
        origin=Origin.RECORDED,
        actor=line.author.id if line.author else None,
        meaning=plain,
    )
    further = [
        replace(event, id=event.id + suffix, meaning=meaning) for suffix, meaning in line.meanings if suffix
    ]
    return [event, *further]


def _gaps(events: Sequence[Event], issue: Issue, finished: datetime | None) -> list[Event]:
    """Where the present differs from the history's last word, something happened that Jira did not write.

    A deleted sprint or version leaves issues without a history entry.
    """
    last = {event.meaning.field: event for event in events if event.meaning is not None}
    noticed = max(*(event.at for event in events), issue.updated or events[0].at)
    found: list[Event] = []
    for name, event in sorted(last.items()):
        assert event.meaning is not None
        known, now = event.meaning.after, encode(finished if name == "finished" else getattr(issue, name))
        if known == now:
            continue
        found.append(
            replace(
                event,
                id=f"gap.{name}.{event.id}.{zlib.crc32((now or '').encode()):08x}",
                field=name,
                before=known,
                after=now,
                at=noticed,
                origin=Origin.RECONSTRUCTED,
                actor=None,
                meaning=Meaning(name, known, now),
            )
        )
    return found
