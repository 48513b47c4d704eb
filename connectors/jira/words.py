"""What the words of one Jira source mean: statuses and resolutions as unified status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.settings import StatusMap
from connectors.jira.fields import FieldMap
from connectors.jira.records import StatusRecord
from model.values import Ref, StatusCategory

__all__ = ["FINISHED", "Words"]

FINISHED = frozenset({StatusCategory.DONE, StatusCategory.CANCELLED})
_CATEGORIES = {
    "new": StatusCategory.TODO,
    "indeterminate": StatusCategory.DOING,
    "done": StatusCategory.DONE,
}
_CALLED_OFF = frozenset(
    {
        "abandoned",
        "canceled",
        "cancelled",
        "cannot reproduce",
        "declined",
        "duplicate",
        "invalid",
        "not a bug",
        "obsolete",
        "rejected",
        "withdrawn",
        "won't do",
        "won't fix",
        "won’t do",
        "won’t fix",
    }
)


@dataclass(frozen=True, slots=True)
class Words:
    """One source's vocabulary: where its records belong, its fields, its status map, its site's statuses.

    `homes` maps a project's key of today to the source that the config calls otherwise. `statuses` and
    `epics` (key -> id, where epics are linked by key) grow while pages are read; `found` are the categories
    told before.
    """

    connection: str
    source: str
    browse: str
    fields: FieldMap
    status: StatusMap
    statuses: dict[str, StatusRecord]
    homes: Mapping[str, str] = field(default_factory=dict)
    epics: dict[str, str] = field(default_factory=dict)
    found: dict[tuple[str | None, str | None, str | None], StatusCategory] = field(default_factory=dict)

    def home(self, key: str | None) -> str | None:
        """The source of issues whose keys begin so."""
        return self.homes.get(key, key) if key else None

    def learn(self, status: StatusRecord) -> None:
        """What a record says of its own status is newer than the site's list."""
        if self.statuses.get(status.id) != status:
            self.statuses[status.id] = status
            self.found.clear()

    def ref(self, id: str) -> Ref:
        return Ref(self.connection, id)

    def status_name(self, id: str | None, name: str | None) -> str:
        """What a status is called today; one that was deleted keeps the name its record gives."""
        known = self.statuses.get(id or "")
        return known.name if known else (name or "")

    def category(self, id: str | None, name: str | None, resolution: str | None) -> StatusCategory:
        """The unified status: the config's words first, then Jira's own category.

        Jira calls everything settled "done", so a status or a resolution that says the work was called off
        makes it cancelled.
        """
        asked = (id, name, resolution)
        if asked not in self.found:
            self.found[asked] = self._category(id, name, resolution)
        return self.found[asked]

    def _category(self, id: str | None, name: str | None, resolution: str | None) -> StatusCategory:
        called = self.status_name(id, name)
        category = self.status.category(called) or self._by_jira(id, called)
        if category is StatusCategory.DONE and resolution and self.called_off(resolution):
            return StatusCategory.CANCELLED
        return category

    def _by_jira(self, id: str | None, name: str) -> StatusCategory:
        known = self.statuses.get(id or "") or self._namesake(name)
        category = _CATEGORIES.get(known.status_category.key) if known else None
        if category is StatusCategory.DONE and name.casefold() in _CALLED_OFF:
            return StatusCategory.CANCELLED
        return category or StatusCategory.UNKNOWN

    def _namesake(self, name: str) -> StatusRecord | None:
        """A status of the same name: all that is left of one that was deleted and made again."""
        folded = name.casefold()
        return next((row for row in self.statuses.values() if row.name.casefold() == folded), None)

    def called_off(self, resolution: str) -> bool:
        """Whether a resolution says that the work will not be done."""
        configured = self.status.category(resolution)
        if configured is not None:
            return configured is StatusCategory.CANCELLED
        return resolution.casefold() in _CALLED_OFF
