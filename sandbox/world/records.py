"""The world's own books: what every record says at this moment, kept apart from what the trackers keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sandbox.world.work import Work

__all__ = ["Books", "Record"]


@dataclass(slots=True)
class Record:
    """One record as its people left it. `state` is todo, doing, done, cancelled, retired or gone."""

    work: Work
    tracker: str
    id: str
    key: str
    url: str
    title: str
    owner: str | None
    points: int | None
    start: date | None
    due: date | None
    sprint: int | None = None
    milestone: str | None = None
    state: str = "todo"
    logs: list[str] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return self.state in ("todo", "doing")


class Books:
    """Records by (work, tracker), and who is in which sprint and behind which milestone."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], Record] = {}
        self._in_sprint: dict[tuple[str, int], dict[str, Record]] = {}
        self._behind: dict[str, dict[str, Record]] = {}

    def add(self, record: Record, sprint: int | None, milestone: str | None) -> None:
        self._records[record.work.id, record.tracker] = record
        self.enter(record, sprint)
        self.aim(record, milestone)

    def find(self, work: str, tracker: str) -> Record:
        """KeyError: the script asks for a record that was never filed."""
        return self._records[work, tracker]

    def enter(self, record: Record, sprint: int | None) -> None:
        """Put the record into a sprint instead of the one it is in; None: into none."""
        if record.sprint:
            self._in_sprint.get((record.tracker, record.sprint), {}).pop(record.id, None)
        record.sprint = sprint
        if sprint:
            self._in_sprint.setdefault((record.tracker, sprint), {})[record.id] = record

    def aim(self, record: Record, milestone: str | None) -> None:
        """Put the record behind a milestone instead of the one it is behind."""
        if record.milestone:
            self._behind.get(record.milestone, {}).pop(record.id, None)
        record.milestone = milestone
        if milestone:
            self._behind.setdefault(milestone, {})[record.id] = record

    def unfinished(self, tracker: str, sprint: int) -> Iterator[Record]:
        """The open records in a sprint, in the order in which they came."""
        yield from [one for one in self._in_sprint.get((tracker, sprint), {}).values() if one.open]

    def unreached(self, milestone: str) -> Iterator[Record]:
        """The open records behind a milestone."""
        yield from [one for one in self._behind.get(milestone, {}).values() if one.open]
