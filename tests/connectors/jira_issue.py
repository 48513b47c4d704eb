"""Issues and histories as Jira writes them, for tests of the mapping alone."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from config.settings import StatusMap
from connectors.jira.changes import Life, tell_life
from connectors.jira.fields import FieldMap
from connectors.jira.mapping import Mapped, map_issue
from connectors.jira.records import HistoryRecord, IssueRecord, StatusRecord
from connectors.jira.words import Words
from connectors.payload import decode_record
from model.values import Unit

STATUSES = msgspec.convert(
    [
        {"id": "1", "name": "Open", "statusCategory": {"key": "new"}},
        {"id": "3", "name": "In Progress", "statusCategory": {"key": "indeterminate"}},
        {"id": "4", "name": "In Review", "statusCategory": {"key": "indeterminate"}},
        {"id": "5", "name": "Done", "statusCategory": {"key": "done"}},
        {"id": "6", "name": "Cancelled", "statusCategory": {"key": "done"}},
        {"id": "7", "name": "Wartend", "statusCategory": {"key": "undefined"}},
    ],
    list[StatusRecord],
)
FIELDS = FieldMap(estimate="customfield_1", unit=Unit.POINTS, start="customfield_2", sprint="customfield_3")


def words(status: StatusMap | None = None, fields: FieldMap = FIELDS) -> Words:
    return Words(
        connection="jira",
        source="ED",
        browse="https://erp.example.com",
        fields=fields,
        status=status or StatusMap(),
        statuses={row.id: row for row in STATUSES},
    )


def status(id: str) -> dict[str, Any]:
    row = next(row for row in STATUSES if row.id == id)
    return {"id": id, "name": row.name, "statusCategory": {"key": row.status_category.key}}


def issue(**fields: Any) -> dict[str, Any]:
    plain = {
        "summary": "A story",
        "status": status("1"),
        "created": "2026-03-02T01:00:00.000-0800",
        "updated": "2026-03-20T01:00:00.000-0800",
    }
    return {"id": "10001", "key": "ED-1", "fields": plain | fields}


def mapped(vocabulary: Words | None = None, **fields: Any) -> Mapped:
    record = decode_record(json.dumps(issue(**fields)).encode(), IssueRecord)
    return map_issue(record, vocabulary or words())


def item(
    field: str,
    before: Any = None,
    after: Any = None,
    texts: tuple[Any, Any] | None = None,
    id: str | None = "",
) -> dict[str, Any]:
    """One changed field; the texts are those of the ids unless they are given."""
    was, now = texts or (before, after)
    row = {"field": field, "from": before, "fromString": was, "to": after, "toString": now}
    return row if id is None else row | {"fieldId": id or field}


def save(number: int, *items: dict[str, Any], day: int = 0, author: str = "ann") -> dict[str, Any]:
    """A history on a day of March 2026, its number's own unless another is given, at noon UTC."""
    at = f"2026-03-{day or number:02d}T12:00:00.000+0000"
    return {"id": str(number), "created": at, "author": {"accountId": author}, "items": list(items)}


def life(*saves: dict[str, Any], vocabulary: Words | None = None, **fields: Any) -> Life:
    """The life of an issue that has these fields now and these histories."""
    records = [decode_record(json.dumps(row).encode(), HistoryRecord) for row in saves]
    chosen = vocabulary or words()
    return tell_life(mapped(chosen, **fields), records, chosen)


def told(story: Life, field: str) -> list[tuple[str, str | None, str | None]]:
    """Day of the month, before and after of every event that means a change of this unified field."""
    return [
        (f"{event.at:%d}", event.meaning.before, event.meaning.after)
        for event in story.events
        if event.meaning is not None and event.meaning.field == field
    ]
