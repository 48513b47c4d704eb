"""A record's own ids in the project's terms: which sprints, milestones, parent and unit they mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from model.values import Issue, Ref, StatusCategory
from reports.lives import Facts
from reports.units import in_unit
from reports.work import Work

__all__ = ["Translation"]


class Translation:
    """Reads the fields of one project's records; it is made once and asked for every change."""

    def __init__(self, work: Work, homes: Mapping[tuple[str, str], int]) -> None:
        """`homes` are the (connection, source key) pairs that the project reads."""
        self._homes = homes
        self._item_of = work.item_of
        self._unit = work.project.unit
        self._hours_per_day = work.calendar.hours_per_day
        self._box_of = {part.ref: box.key for box in work.time_boxes for part in box.parts}
        self._goal_of = {ref: goal.key for goal in work.goals for ref in goal.refs}
        self._labelled = {goal.label: goal.key for goal in work.goals if goal.label is not None}
        self._names = {goal.key: goal.name for goal in work.goals}
        self._boxes_seen: dict[tuple[str, object], frozenset[str]] = {}

    def facts(self, issue: Issue, said: Mapping[str, object]) -> Facts:
        """The facts of `issue` when its fields said `said` (types per model.fields)."""
        connection = issue.ref.connection
        amount = said["estimate"] if isinstance(said["estimate"], Decimal) else None
        estimate = in_unit(amount, issue.unit, self._unit, self._hours_per_day)
        status = said["status"]
        return Facts(
            exists=not said["gone"] and (connection, said["source"]) in self._homes,
            status=status if isinstance(status, StatusCategory) else StatusCategory.UNKNOWN,
            start=_date(said["start"]),
            due=_date(said["due"]),
            finished=said["finished"] if isinstance(said["finished"], datetime) else None,
            estimate=estimate,
            foreign=estimate is None and amount is not None,
            sprints=self._boxes(connection, said["sprints"]),
            milestones=self._goals(connection, said),
            parent=self._parent(issue.ref, said["parent"]),
        )

    def milestone_name(self, issue: Issue) -> str | None:
        """The name of the milestone that the record itself carries."""
        if issue.milestone is None:
            return None
        key = self._goal_of.get(Ref(issue.ref.connection, issue.milestone))
        return None if key is None else self._names[key]

    def _boxes(self, connection: str, sprints: object) -> frozenset[str]:
        """The keys of a record's sprints; the same few sets come again and again."""
        place = connection, sprints
        if place not in self._boxes_seen:
            self._boxes_seen[place] = frozenset(self._box(connection, sprint) for sprint in _ids(sprints))
        return self._boxes_seen[place]

    def _box(self, connection: str, sprint: str) -> str:
        ref = Ref(connection, sprint)
        return self._box_of.get(ref, str(ref))

    def _goals(self, connection: str, said: Mapping[str, object]) -> frozenset[str]:
        milestone = said["milestone"]
        own = frozenset[str]()
        if isinstance(milestone, str):
            ref = Ref(connection, milestone)
            own = frozenset({self._goal_of.get(ref, str(ref))})
        if not self._labelled:
            return own
        return own | {self._labelled[label] for label in _ids(said["labels"]) if label in self._labelled}

    def _parent(self, ref: Ref, parent: object) -> str | None:
        if not isinstance(parent, str):
            return None
        item = self._item_of.get(Ref(ref.connection, parent))
        return None if item == self._item_of[ref] else item


def _date(value: object) -> date | None:
    return value if isinstance(value, date) else None


def _ids(value: object) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()
