"""What a memory tracker can hold, and what it makes of a value that it cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.errors import Refused
from model.values import Issue, StatusCategory

__all__ = ["WRITABLE", "Form"]

WRITABLE = frozenset(
    {
        "assignees",
        "body",
        "due",
        "estimate",
        "labels",
        "milestone",
        "parent",
        "percent",
        "priority",
        "sprints",
        "start",
        "status",
        "title",
    }
)

_WORDS = {
    StatusCategory.TODO: "Open",
    StatusCategory.DOING: "At it",
    StatusCategory.DONE: "Done",
    StatusCategory.CANCELLED: "Dropped",
}
_ENDED = (StatusCategory.DONE, StatusCategory.CANCELLED)
_NEXT_BEST = {
    StatusCategory.TODO: (StatusCategory.DOING,),
    StatusCategory.DOING: (StatusCategory.TODO,),
    StatusCategory.DONE: (StatusCategory.CANCELLED,),
    StatusCategory.CANCELLED: (StatusCategory.DONE,),
}


@dataclass(frozen=True, slots=True)
class Form:
    """The shape of one tracker.

    `percents` are the steps it knows, None: all of them. `coupled`: percent and status are one fact, as in
    Planner. `conditional`: it refuses a write decided on an older version. `marker_apart`: the marker of a
    new issue takes a request of its own. `title_limit` counts characters.
    """

    fields: frozenset[str] = WRITABLE
    statuses: frozenset[StatusCategory] = frozenset(_WORDS)
    percents: tuple[int, ...] | None = None
    title_limit: int | None = None
    coupled: bool = False
    conditional: bool = True
    marker_apart: bool = False

    def rounded(self, field: str, value: object) -> object:
        """The value as this tracker keeps it."""
        if isinstance(value, StatusCategory):
            return self._status(value)
        if field == "percent" and (isinstance(value, int) or self.coupled):
            return self._percent(value if isinstance(value, int) else 0)
        if field == "title" and isinstance(value, str):
            return value.strip()[: self.title_limit].strip()
        if field == "body" and isinstance(value, str):
            return value.replace("\r\n", "\n").strip()
        return value

    def filled(self, issue: Issue, fields: Mapping[str, object], at: datetime) -> Issue:
        """The issue with these fields set at `at` and with what follows from them; as it was if none differs.

        Raises Refused for an empty title; fields that the tracker does not have are left out.
        """
        values: dict[str, Any] = {
            name: self.rounded(name, value) for name, value in fields.items() if name in self.fields
        }
        if values.get("title") == "":
            raise Refused("the memory tracker takes no empty title; give the issue one")
        if self.coupled:
            self._couple(values)
        if values.get("status", issue.status) != issue.status:
            values["status_original"] = _WORDS.get(values["status"], "?")
            values["finished"] = at if values["status"] in _ENDED else None
        after = replace(issue, **values)
        return issue if after == issue else replace(after, updated=at)

    def _status(self, value: StatusCategory) -> StatusCategory:
        if value in self.statuses or value not in _NEXT_BEST:
            return value
        return next((near for near in _NEXT_BEST[value] if near in self.statuses), StatusCategory.TODO)

    def _percent(self, value: int) -> int:
        """The nearest step; what was begun and is not done stays so where there is a step for it."""
        value = min(max(value, 0), 100)
        if self.percents is None:
            return value
        between = [step for step in self.percents if 0 < step < 100]
        steps = between if 0 < value < 100 and between else self.percents
        return min(steps, key=lambda step: (abs(step - value), step))

    def _couple(self, values: dict[str, Any]) -> None:
        if "status" in values:
            percent = values.get("percent")
            if percent is None or _meant(percent) is not values["status"]:
                values["percent"] = {StatusCategory.TODO: 0, StatusCategory.DOING: 50}.get(
                    values["status"], 100
                )
        elif "percent" in values:
            values["percent"] = values["percent"] or 0
            values["status"] = _meant(values["percent"])


def _meant(percent: int) -> StatusCategory:
    if percent <= 0:
        return StatusCategory.TODO
    return StatusCategory.DONE if percent >= 100 else StatusCategory.DOING
