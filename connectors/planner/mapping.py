"""From Planner's words to the project's: pure, one task at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cached_property
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from config.patterns import compile_pattern
from connectors.errors import SkipIssue
from connectors.planner.records import DetailsRecord, IdentitySet, PersonRecord, TaskRecord
from connectors.planner.settings import PlannerConnection, PlannerSource, Window
from connectors.planner.texts import text_of, ticked_off
from model.fields import encode
from model.values import (
    Account,
    Entity,
    Event,
    Issue,
    Meaning,
    Milestone,
    Origin,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Unit,
)

__all__ = [
    "BANDS",
    "HISTORY_FIELDS",
    "WORDS",
    "Board",
    "account_of",
    "category_of",
    "completion",
    "estimate_of",
    "instant",
    "issue_of",
    "key_of",
    "labels_of",
    "milestones",
    "ours",
    "people_of",
    "person",
    "priority_of",
    "sprints",
    "status_of",
]

HISTORY_FIELDS = frozenset({"finished", "percent", "status", "status_original"})
"""What a completion says exactly; every other change is seen by comparing two readings."""

_CODE = re.compile(r"[A-Z][A-Z0-9]{1,9}-[0-9]{1,9}\b")
_SLOT = re.compile(r"category(\d{1,2})")
_DONE = 100
WORDS = {
    StatusCategory.TODO: "Not started",
    StatusCategory.DOING: "In progress",
    StatusCategory.DONE: "Completed",
}
_PRIORITIES = ((1, "Urgent"), (4, "Important"), (7, "Medium"), (10, "Low"))
BANDS = {"Urgent": 1, "Important": 3, "Medium": 5, "Low": 9}
"""Band of priority -> the number that Planner's own pages write."""
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True)
class Board:
    """What a plan's tasks refer to, and whose words they are to be read in.

    `plan` is its id. `buckets` maps ids to names, `categories` slot names ("category3") to what people call
    them. `title` is the plan's, where the source holds several.
    """

    connection: PlannerConnection
    source: PlannerSource
    plan: str
    buckets: Mapping[str, str]
    categories: Mapping[str, str]
    title: str = ""

    def ref(self, id: str) -> Ref:
        return Ref(self.connection.name, id)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.source.timezone)

    @cached_property
    def dated(self) -> dict[str, tuple[str, Window]]:
        """Bucket id -> its name and dates, for the buckets that the config gives dates to."""
        windows = self.source.windows
        return {id: (name, windows[name]) for id, name in self.buckets.items() if name in windows}

    @cached_property
    def words(self) -> Mapping[int, tuple[StatusCategory, str]]:
        """Percentage -> unified status and Planner's word."""
        return {percent: status_of(percent, self.source) for percent in range(_DONE + 1)}

    @cached_property
    def numbers(self) -> dict[str, Decimal | None]:
        """What the labels met so far hold of an estimate: there are few labels and many tasks.

        A label that holds one is no label otherwise.
        """
        return {}

    @property
    def nameless(self) -> list[str]:
        """The names in windows that no bucket has."""
        held = set(self.buckets.values())
        return [name for name in self.source.windows if name not in held]


# Plans


def sprints(board: Board, now: datetime) -> tuple[Sprint, ...]:
    """The dated buckets as time boxes, if the source says that they are; their state is a matter of `now`."""
    if board.source.sprints != "bucket":
        return ()
    return tuple(_sprint(board, id, name, window, now) for id, (name, window) in board.dated.items())


def _sprint(board: Board, id: str, name: str, window: Window, now: datetime) -> Sprint:
    start = datetime.combine(window.start, time(), board.zone).astimezone(UTC)
    end = datetime.combine(window.end, _LAST_SECOND, board.zone).astimezone(UTC)
    state = SprintState.FUTURE if now < start else SprintState.ACTIVE if now <= end else SprintState.CLOSED
    return Sprint(
        ref=board.ref(id),
        source=board.source.key,
        name=name,
        state=state,
        start=start,
        end=end,
        completed=end if state is SprintState.CLOSED else None,
    )


def milestones(board: Board) -> tuple[Milestone, ...]:
    """The dated buckets as goals, if they are no sprints: due on their last day."""
    if board.source.sprints == "bucket":
        return ()
    return tuple(
        Milestone(ref=board.ref(id), source=board.source.key, name=name, due=window.end)
        for id, (name, window) in board.dated.items()
    )


# Tasks


def issue_of(task: TaskRecord, details: DetailsRecord | None, board: Board) -> Issue:
    """A task and its details. SkipIssue: an instant in it cannot be read."""
    status, word = board.words[task.percent_complete]
    labels = labels_of(task, board)
    estimate = _estimate(labels, board)
    bucket = task.bucket_id or ""
    dated = bucket in board.dated
    sprinted = board.source.sprints == "bucket"
    return Issue(
        ref=board.ref(task.id),
        source=board.source.key,
        key=key_of(task.id, task.title),
        title=task.title,
        url=board.connection.task_url(board.plan, task.id),
        status=status,
        status_original=word,
        type="Task",
        created=instant(task.created_date_time),
        finished=instant(task.completed_date_time),
        start=_day(task.start_date_time, board.zone),
        due=_day(task.due_date_time, board.zone),
        estimate=estimate,
        unit=board.source.unit or Unit.POINTS,
        percent=task.percent_complete,
        assignees=frozenset(_held(task.assignments)),
        labels=frozenset(label for label in labels if board.numbers.get(label) is None),
        sprints=frozenset({bucket}) if dated and sprinted else frozenset(),
        milestone=bucket if dated and not sprinted else None,
        bucket=board.buckets.get(bucket),
        priority=priority_of(task.priority),
        attributes=_attributes(task, board),
        body=_body(task, details, board),
        links=_links(details),
        version=task.etag,
    )


def _attributes(task: TaskRecord, board: Board) -> tuple[tuple[str, str], ...]:
    """Ticked items of the checklist ("3/5"), who made the task, and its plan where there are several.

    An application that made it stands there by its own id, which is nobody's among people.
    """
    items = task.checklist_item_count
    ticked = max(items - task.active_checklist_item_count, 0)
    said = {
        "checklist": f"{ticked}/{items}" if items > 0 else "",
        "creator": person(task.created_by) or application(task.created_by) or "",
        "plan": board.title,
    }
    return tuple((name, value) for name, value in said.items() if value)


def _body(task: TaskRecord, details: DetailsRecord | None, board: Board) -> str:
    """The description and below it the checklist, a line for each item: both may name other issues.

    A marker of ours is no part of the text of a task that we made; a copy of it elsewhere is.
    """
    if details is None:
        return ""
    text = details.description or ""
    bare = text_of(text)
    if bare != text and ours(task, board):
        text = bare
    return "\n".join(filter(None, (text, *ticked_off(details))))


def ours(task: TaskRecord, board: Board) -> bool:
    """Whether the application that writes for us, and no person, made the task."""
    app = application(task.created_by)
    client = board.connection.writing_client.casefold()
    return person(task.created_by) is None and app is not None and app.casefold() == client


def category_of(percent: int) -> StatusCategory:
    """What a percentage means to Planner: begun is anything between nothing and all."""
    if percent <= 0:
        return StatusCategory.TODO
    return StatusCategory.DONE if percent >= _DONE else StatusCategory.DOING


def status_of(percent: int, source: PlannerSource) -> tuple[StatusCategory, str]:
    """The unified status and Planner's own word for a percentage; the config may map the word elsewhere."""
    category = category_of(percent)
    word = WORDS[category]
    return source.status.category(word) or category, word


def estimate_of(labels: list[str], source: PlannerSource) -> Decimal | None:
    """The number in the first label, by slot, that the source's pattern finds one in."""
    if source.estimate_label is None:
        return None
    pattern = compile_pattern(source.estimate_label)
    for label in labels:
        number = _number(pattern.first_group(label))
        if number is not None:
            return number
    return None


def _estimate(labels: list[str], board: Board) -> Decimal | None:
    """As estimate_of, which is asked once for each label."""
    if board.source.estimate_label is None:
        return None
    for label in labels:
        if label not in board.numbers:
            board.numbers[label] = estimate_of([label], board.source)
    found = (board.numbers[label] for label in labels)
    return next((number for number in found if number is not None), None)


def completion(task: TaskRecord, board: Board) -> tuple[Event, ...]:
    """The completion of a task as exact facts, one for each field that it sets; none for an open task.

    Planner says when and by whom, not what the task was before: not started, as every task begins, is all
    that is certain of it.
    """
    at = instant(task.completed_date_time)
    if at is None or task.percent_complete < _DONE:
        return ()
    (old, old_word), (new, new_word) = board.words[0], board.words[_DONE]
    meanings = (
        Meaning("status", encode(old.value), encode(new.value)),
        Meaning("status_original", old_word, new_word),
        Meaning("percent", encode(0), encode(_DONE)),
        Meaning("finished", None, encode(at)),
    )
    return tuple(
        Event(
            entity=Entity.ISSUE,
            ref=board.ref(task.id),
            id=f"{task.id}/completed/{at.isoformat()}/{meaning.field}",
            field="completedDateTime",
            before=None,
            after=task.completed_date_time,
            at=at,
            origin=Origin.RECORDED,
            actor=person(task.completed_by),
            meaning=meaning,
        )
        for meaning in meanings
    )


def people_of(task: TaskRecord) -> frozenset[str]:
    """Ids of the people that a task names; an application that made it is nobody."""
    named = {person(task.created_by), person(task.completed_by), *_held(task.assignments)}
    return frozenset(id for id in named if id)


def person(who: IdentitySet | None) -> str | None:
    return who.user.id if who and who.user else None


def application(who: IdentitySet | None) -> str | None:
    """The application that did something on its own; None: a person did, or nobody is named."""
    return who.application.id if who and who.application and person(who) is None else None


def account_of(record: PersonRecord, connection: str) -> Account | None:
    """A person of the directory; None when the directory does not tell us their name.

    A guest's principal name is no address: `#EXT#` marks it as a made-up one.
    """
    if not record.display_name:
        return None
    principal = record.user_principal_name or ""
    email = record.mail or (principal if "@" in principal and "#" not in principal else None)
    return Account(Ref(connection, record.id), record.display_name, email.lower() if email else None)


# Parts


def instant(text: str | None) -> datetime | None:
    """An instant with up to seven fractional digits. SkipIssue: it cannot be read."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SkipIssue(f"It has an instant that cannot be read: {text[:40]!r}") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def _day(text: str | None, zone: ZoneInfo) -> date | None:
    at = instant(text)
    return None if at is None else at.astimezone(zone).date()


def _held(values: Mapping[str, object] | None) -> Iterator[str]:
    """The keys of an open type that mean yes: Graph writes null or false for what was taken away."""
    return (key for key, value in (values or {}).items() if value not in (None, False))


def key_of(id_: str, title: str) -> str:
    """What people call the task: the code its title begins with, else the beginning of its id.

    Planner has no keys, so teams number their tasks themselves ("FW-114 Firewall rules").
    """
    code = _CODE.match(title)
    return code.group() if code else f"task-{id_[:8]}"


def labels_of(task: TaskRecord, board: Board) -> list[str]:
    """The labels by slot number; a slot that nobody named keeps Planner's own word."""
    return [board.categories.get(slot) or slot for slot in sorted(_held(task.applied_categories), key=_slot)]


def _slot(word: str) -> tuple[int, str]:
    found = _SLOT.fullmatch(word)
    return int(found.group(1)) if found else 0, word


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal((text or "").replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


def priority_of(value: int) -> str:
    """The band that Planner's own pages show; 2 and 4 both read as important."""
    return next((word for highest, word in _PRIORITIES if value <= highest), "Low")


def _links(details: DetailsRecord | None) -> tuple[str, ...]:
    """What somebody attached by address: keys of an open type, percent-encoded once."""
    held = _held(details.references) if details else ()
    return tuple(sorted({unquote(key) for key in held}))
