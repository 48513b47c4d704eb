"""A Microsoft Project file's tasks as issues, with their milestones, links and budgeted costs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.file.mapping import MappedIssue
from connectors.file.mspdi import ProjectFile, Task
from connectors.file.rows import BadRow
from connectors.file.settings import FileSource
from model.values import Cost, CostKind, Dependency, Issue, Milestone, Money, Ref, StatusCategory, Unit

__all__ = ["map_project"]

_WORDS = {
    StatusCategory.TODO: "Not started",
    StatusCategory.DOING: "In progress",
    StatusCategory.DONE: "Complete",
    StatusCategory.CANCELLED: "Inactive",
}
_NO_CURRENCY = 'Cost: is in no currency; expected one in the file, or currency = "EUR" in its source'


def map_project(
    plan: ProjectFile, source: FileSource, file: str, version: str
) -> tuple[list[MappedIssue], list[BadRow]]:
    """The tasks of a file named `file` with digest `version`; a row is a task, numbered by its UID."""
    mapper = _Mapper(plan, source, file, version)
    good, bad = [], []
    for task in plan.tasks:
        reasons = (*task.reasons, *((_NO_CURRENCY,) if mapper.priced(task) and not mapper.currency else ()))
        number = int(task.uid) if len(task.uid) < 11 and task.uid.isdecimal() else 0
        if reasons:
            bad.append(BadRow(number, task.name, reasons))
        else:
            good.append(mapper.mapped(task, number))
    return good, bad


class _Mapper:
    """What all tasks of one file share."""

    def __init__(self, plan: ProjectFile, source: FileSource, file: str, version: str) -> None:
        self.currency = plan.currency or source.currency
        self._source = source
        self._stem = file.rpartition("/")[2].rpartition(".")[0] or file
        self._version = version
        self._zone = ZoneInfo(source.timezone)

    def priced(self, task: Task) -> bool:
        """Whether it has a cost of its own; a summary's is the sum of those below it."""
        return bool(task.cost) and not task.summary and task.active

    def mapped(self, task: Task, number: int) -> MappedIssue:
        ref = self._ref(task.uid)
        return MappedIssue(
            number,
            self._issue(task, ref),
            costs=tuple(self._costs(task, ref)),
            goal=self._milestone(task, ref) if task.milestone else None,
            links=tuple(
                Dependency(self._ref(one.predecessor), ref, one.type, one.lag) for one in task.follows
            ),
        )

    def _issue(self, task: Task, ref: Ref) -> Issue:
        status = _status(task)
        return Issue(
            ref=ref,
            source=self._source.key,
            key=f"{self._stem}#{task.uid}",
            title=task.name,
            url="",
            status=status,
            status_original=_WORDS[status],
            type="Summary" if task.summary else "Milestone" if task.milestone else "Task",
            created=self._at(task.created),
            finished=self._at(task.ended) if status is StatusCategory.DONE else None,
            start=task.start.date() if task.start else None,
            due=task.finish.date() if task.finish else None,
            estimate=task.work if task.work and not task.summary else None,
            unit=Unit.HOURS,
            percent=task.percent,
            assignees=frozenset(task.people),
            milestone=ref.id if task.milestone else None,
            parent=self._ref(task.parent).id if task.parent else None,
            attributes=(("Deadline", task.deadline.isoformat()),) if task.deadline else (),
            body="\n".join([task.notes, *task.texts]).strip(),
            version=self._version,
        )

    def _milestone(self, task: Task, ref: Ref) -> Milestone:
        done = _status(task) is StatusCategory.DONE
        due = task.finish.date() if task.finish else None
        ended = task.ended.date() if task.ended and done else None
        return Milestone(ref, self._source.key, task.name, due, done, ended)

    def _costs(self, task: Task, ref: Ref) -> Iterable[Cost]:
        on = task.finish or task.start
        if self.priced(task) and on and self.currency:
            money = Money(task.cost or Decimal(0), self.currency)
            yield Cost(ref, self._source.key, CostKind.BUDGETED, on.date(), money, task.name, issue=ref.id)

    def _ref(self, uid: str) -> Ref:
        return Ref(self._source.connection, f"{self._source.key}:{uid}")

    def _at(self, wall: datetime | None) -> datetime | None:
        return wall.replace(tzinfo=self._zone).astimezone(UTC) if wall else None


def _status(task: Task) -> StatusCategory:
    if not task.active:
        return StatusCategory.CANCELLED
    if task.percent == 100:
        return StatusCategory.DONE
    return StatusCategory.DOING if task.percent or task.begun else StatusCategory.TODO
