"""What a Microsoft Project file in XML says (namespace http://schemas.microsoft.com/project). Pure.

Facts of the format: money is in hundredths, lags in tenths of a minute or, by their format, in percent of the
predecessor; times have no zone; baseline 0 is the one in force, 1 to 10 are those that people kept.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from config.problems import shown
from connectors.file.sheet import BadSheet
from model.text import clean
from model.values import LinkType

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Follows", "Kept", "ProjectFile", "Task", "is_project", "read_project"]

_SPACE: Final = "{http://schemas.microsoft.com/project}"
_RECORDS: Final = frozenset({"Task", "Resource", "Assignment"})
_DEEPEST: Final = 200
_MOST_TASKS: Final = 100_000
_DURATION: Final = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_LONGEST: Final = 10**10
_TYPES: Final = {"0": LinkType.FF, "1": LinkType.FS, "2": LinkType.SF, "3": LinkType.SS}
_PERCENT: Final = frozenset({"19", "20", "51", "52"})
_ELAPSED: Final = frozenset({"4", "6", "8", "10", "12", "36", "38", "40", "42", "44"})
_MINUTES_OF_A_WEEK: Final = 7 * 24 * 60
_YEARS: Final = range(1970, 2200)
_NOBODY: Final = "-65535"
_ASKED: Final = frozenset(
    [
        *("UID", "Name", "OutlineLevel", "Summary", "Milestone", "Active", "PercentComplete", "CreateDate"),
        *("Start", "Finish", "ActualStart", "ActualFinish", "Deadline", "Duration", "Work", "Cost", "Notes"),
    ]
)
_CENTS: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Follows:
    """A link to a task before this one; `lag` in working minutes."""

    predecessor: str
    type: LinkType
    lag: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What one baseline holds of a task; work in hours, cost in the file's currency."""

    start: date | None
    finish: date | None
    work: Decimal | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `uid` never changes; `reasons` say what of it cannot be read. Times are by the wall clock.

    `work` is in hours, `duration` in working minutes, `cost` in the file's currency; `texts` are the custom
    fields, `baselines` by number.
    """

    uid: str
    name: str
    parent: str | None
    summary: bool
    milestone: bool
    active: bool
    percent: int | None
    created: datetime | None
    start: datetime | None
    finish: datetime | None
    ended: datetime | None
    begun: bool
    deadline: date | None
    duration: int
    work: Decimal | None
    cost: Decimal | None
    notes: str
    texts: tuple[str, ...]
    people: tuple[str, ...]
    follows: tuple[Follows, ...]
    baselines: Mapping[int, Kept]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A whole file. `people` maps a name to an address; `notes` say what was left out and why."""

    name: str
    currency: str | None
    tasks: tuple[Task, ...]
    people: Mapping[str, str | None]
    notes: tuple[str, ...] = ()


def is_project(data: bytes) -> bool:
    """Whether the bytes look like XML rather than a table."""
    return data[:100].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<")


def read_project(data: bytes) -> ProjectFile:
    """BadSheet: it is no such file, it is damaged, or it holds what no such file has."""
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException

    raw = _Raw()
    try:
        for tag, element in _records(data):
            raw.take(tag, element)
    except DefusedXmlException:
        raise BadSheet("it has a DOCTYPE, as no Project file has; it was not opened") from None
    except (ParseError, ValueError, LookupError) as error:
        raise BadSheet(f"it is no XML that can be read ({error}); save it anew from Project") from None
    return raw.project()


def _records(data: bytes) -> Iterator[tuple[str, Element]]:
    """The tasks, resources and assignments, and the project's own simple fields, in the file's order."""
    from defusedxml.ElementTree import iterparse

    stack: list[Element] = []
    for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
        if event == "start":
            stack.append(element)
            if len(stack) > _DEEPEST:
                raise BadSheet(f"it is nested more than {_DEEPEST} deep; it was not read")
            if len(stack) == 1 and element.tag != f"{_SPACE}Project":
                raise BadSheet("it is no Microsoft Project file; save the plan from Project as XML")
            continue
        stack.pop()
        tag = element.tag.removeprefix(_SPACE)
        if (len(stack) == 1 and not len(element)) or (len(stack) == 2 and tag in _RECORDS):
            yield tag, element
        if len(stack) in (1, 2):
            stack[-1].remove(element)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a task's element says, without the hundred fields that nobody asks for."""

    said: Mapping[str, str]
    links: Sequence[Mapping[str, str]]
    baselines: Sequence[Mapping[str, str]]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, element: Element) -> _Found:
        said = {name: text for name, text in _said(element).items() if name in _ASKED}
        values = (one.get("Value", "") for one in _all(element, "ExtendedAttribute"))
        links, baselines = _all(element, "PredecessorLink"), _all(element, "Baseline")
        return cls(said, links, baselines, tuple(value for value in values if value))

    @property
    def length(self) -> int:
        return _minutes(self.said.get("Duration", "")) or 0


class _Raw:
    """The file's records as they come; tasks are made when all of them are known."""

    def __init__(self) -> None:
        self._facts: dict[str, str] = {}
        self._tasks: list[_Found] = []
        self._people: dict[str, tuple[str, str | None]] = {}
        self._at: dict[str, list[str]] = {}
        self._notes: list[str] = []

    def take(self, tag: str, element: Element) -> None:
        said = _said(element)
        if tag == "Task":
            if said.get("IsNull") != "1" and said.get("UID") != "0":
                self._tasks.append(_Found.of(element))
            if len(self._tasks) > _MOST_TASKS:
                raise BadSheet(f"it has more than {_MOST_TASKS:,} tasks; split it")
        elif tag == "Resource":
            if said.get("Name") and said.get("Type", "1") == "1":
                self._people[said.get("UID", "")] = said["Name"], said.get("EmailAddress") or None
        elif tag == "Assignment":
            if said.get("ResourceUID", _NOBODY) != _NOBODY:
                self._at.setdefault(said.get("TaskUID", ""), []).append(said["ResourceUID"])
        elif element.text:
            self._facts[tag] = clean(element.text).strip()

    def project(self) -> ProjectFile:
        tasks = []
        seen: set[str] = set()
        above: dict[int, str] = {}
        lengths = {task.said["UID"]: task.length for task in self._tasks if task.said.get("UID")}
        for found in self._tasks:
            said = found.said
            reader = _Fields(said)
            told = said.get("OutlineLevel", "")
            level = min(int(told), _DEEPEST) if _is_count(told) else 1
            uid = said.get("UID", "")
            if not _is_count(uid) or uid in seen:
                reader.refuse("UID", uid, "a number that no other task has")
            seen.add(uid)
            parent = next((above[one] for one in range(level - 1, 0, -1) if one in above), None)
            above = {one: above[one] for one in above if one < level} | {level: uid}
            tasks.append(self._task(found, reader, uid, parent, lengths))
        named = {name: address for name, address in self._people.values()}
        facts = self._facts
        return ProjectFile(
            name=facts.get("Title") or facts.get("Name", ""),
            currency=facts.get("CurrencyCode") or None,
            tasks=tuple(tasks),
            people=named,
            notes=tuple(self._notes),
        )

    def _task(
        self, found: _Found, reader: _Fields, uid: str, parent: str | None, lengths: Mapping[str, int]
    ) -> Task:
        said = reader.said
        names = (self._people[one][0] for one in self._at.get(uid, ()) if one in self._people)
        if not said.get("Name"):
            reader.refuse("Name", "", "a name for every task")
        return Task(
            uid=uid,
            name=said.get("Name", ""),
            parent=parent,
            summary=said.get("Summary") == "1",
            milestone=said.get("Milestone") == "1",
            active=said.get("Active", "1") == "1",
            percent=reader.percent("PercentComplete"),
            created=reader.moment("CreateDate"),
            start=reader.moment("Start"),
            finish=reader.moment("Finish"),
            ended=reader.moment("ActualFinish"),
            begun=reader.moment("ActualStart") is not None,
            deadline=_day(reader.moment("Deadline")),
            duration=lengths.get(uid, 0),
            work=reader.hours("Work"),
            cost=reader.money("Cost"),
            notes=said.get("Notes", ""),
            texts=found.texts,
            people=tuple(dict.fromkeys(names)),
            follows=tuple(self._links(found, lengths)),
            baselines=dict(_baselines(found, reader)),
            reasons=tuple(reader.reasons),
        )

    def _links(self, found: _Found, lengths: Mapping[str, int]) -> Iterator[Follows]:
        name = found.said.get("Name", "")
        for link in found.links:
            before, kind = link.get("PredecessorUID", ""), _TYPES.get(link.get("Type", "1"))
            if link.get("CrossProject") == "1" or before not in lengths or kind is None:
                self._notes.append(f"a link of {shown(name)} leads to no task of this file and was left out")
                continue
            yield Follows(before, kind, self._lag(link, lengths[before]))

    def _lag(self, link: Mapping[str, str], length: int) -> int:
        """In working minutes; elapsed time is taken at the file's own working share of a week."""
        said = _number(link.get("LinkLag", "0"))
        if said is None:
            self._notes.append(f"a lag of {shown(link.get('LinkLag', ''))} is no number and was read as none")
            return 0
        format = link.get("LagFormat", "7")
        if format in _PERCENT:
            return int(said * length / 100)
        minutes = said / 10
        if format in _ELAPSED:
            week = self._facts.get("MinutesPerWeek", "")
            minutes = minutes * (int(week) if _is_count(week) else 2_400) / _MINUTES_OF_A_WEEK
        return int(minutes.to_integral_value())


@dataclass
class _Fields:
    """One task's simple fields; what cannot be read is collected."""

    said: Mapping[str, str]
    reasons: list[str] = field(default_factory=list)

    def refuse(self, name: str, text: str, expected: str) -> None:
        self.reasons.append(f"{name}: {shown(text)} is not readable; expected {expected}")

    def moment(self, name: str) -> datetime | None:
        text = self.said.get(name, "")
        if not text or text == "NA":
            return None
        try:
            found = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            found = None
        if found is None or found.year not in _YEARS:
            self.refuse(name, text, "a time such as 2026-03-31T17:00:00")
            return None
        return found

    def hours(self, name: str) -> Decimal | None:
        text = self.said.get(name, "")
        minutes = _minutes(text)
        if text and minutes is None:
            self.refuse(name, text, "a length of time such as PT16H30M0S")
        return None if minutes is None else (Decimal(minutes) / 60).quantize(_CENTS).normalize() + 0

    def money(self, name: str) -> Decimal | None:
        text = self.said.get(name, "")
        found = _number(text)
        if text and found is None:
            self.refuse(name, text, "an amount in hundredths, such as 125000")
        return None if found is None else (found / 100).quantize(_CENTS)

    def percent(self, name: str) -> int | None:
        text = self.said.get(name, "")
        if not text:
            return None
        if not _is_count(text) or int(text) > 100:
            self.refuse(name, text, "a whole number from 0 to 100")
            return None
        return int(text)


def _baselines(found: _Found, reader: _Fields) -> Iterator[tuple[int, Kept]]:
    for said in found.baselines:
        number = said.get("Number", "")
        inner = _Fields(said)
        kept = Kept(
            _day(inner.moment("Start")),
            _day(inner.moment("Finish")),
            inner.hours("Work"),
            inner.money("Cost"),
        )
        reader.reasons += [f"Baseline {number}: {reason}" for reason in inner.reasons]
        if _is_count(number) and int(number) <= 10:
            yield int(number), kept


def _minutes(text: str) -> int | None:
    found = _DURATION.fullmatch(text)
    if found is None or len(text) < 3 or len(text) > 40:
        return None
    sign = -1 if found[1] else 1
    days, hours, minutes = (int(part or 0) for part in found.group(2, 3, 4))
    total = sign * (days * 1_440 + hours * 60 + minutes)
    return total if abs(total) < _LONGEST else None


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _is_count(text: str) -> bool:
    """Whether it is a whole number that a file of this kind can hold."""
    return text.isascii() and text.isdecimal() and len(text) < 11


def _day(at: datetime | None) -> date | None:
    return at.date() if at else None


def _said(element: Element) -> dict[str, str]:
    """The texts of an element's simple children by their names."""
    return {
        child.tag.removeprefix(_SPACE): clean(child.text or "").strip() for child in element if not len(child)
    }


def _all(element: Element, tag: str) -> list[dict[str, str]]:
    return [_said(child) for child in element.findall(f"{_SPACE}{tag}")]
