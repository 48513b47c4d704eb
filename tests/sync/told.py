"""Batches told in a few words, and a store's whole content as comparable values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from connectors.base import Batch
from model.store import Store
from model.tables import METADATA, table
from model.values import Entity, Event, Issue, Meaning, Origin, Ref, Sprint, SprintState, StatusCategory
from sync.record import Place, Recorded, record

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """An instant, in minutes from the start of the story."""
    return START + timedelta(minutes=minutes)


def issue(number: int | str, **fields: Any) -> Issue:
    plain = Issue(
        ref=Ref("jira", f"{number}"),
        source="PAY",
        key=f"PAY-{number}",
        title="Title",
        url=f"https://jira.example/PAY-{number}",
        status=StatusCategory.TODO,
        status_original="Open",
        created=START,
    )
    return replace(plain, **fields)


def sprint(number: int | str, **fields: Any) -> Sprint:
    plain = Sprint(Ref("jira", f"{number}"), "PAY", f"Sprint {number}", SprintState.FUTURE)
    return replace(plain, **fields)


def event(
    number: int | str,
    field: str,
    before: str | None,
    after: str | None,
    when: datetime,
    id: str | None = None,
    **fields: Any,
) -> Event:
    """A recorded change of an issue's field, in encoded texts."""
    plain = Event(
        entity=Entity.ISSUE,
        ref=Ref("jira", f"{number}"),
        id=id or f"{field}-{when.timestamp()}",
        field=field,
        before=before,
        after=after,
        at=when,
        origin=Origin.RECORDED,
        actor="ada",
        meaning=Meaning(field, before, after),
    )
    return replace(plain, **fields)


def batch(*issues: Issue, stream: str = "issues", cursor: str = "c", **fields: Any) -> Batch:
    return Batch(stream=stream, cursor=cursor, complete=True, issues=issues, **fields)


def tell(store: Store, when: datetime, *batches: Batch, first: bool = False) -> Recorded:
    """Record batches of source PAY of connection jira, each in a transaction of its own."""
    place = Place("jira", "PAY", when, first)
    total = Recorded()
    for each in batches:
        with store.transaction() as writer:
            total += record(writer, place, each)
    return total


_NUMBERS = {"record", "issue", "sprint", "predecessor", "successor", "a", "b"}
_LEFT_OUT = {"run", "cursor", "raw_page"}


def content(store: Store, leave_out: Iterable[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but the account of reading, with records by name instead of by number."""
    with store.database.reading() as connection:
        names = {
            row["pk"]: f"{row['entity']} {row['id']}"
            for row in connection.execute(select(table("record"))).mappings()
        }
        return {
            name: sorted(
                (_named(dict(row), names) for row in connection.execute(select(rows)).mappings()), key=repr
            )
            for name, rows in METADATA.tables.items()
            if name not in _LEFT_OUT and name not in leave_out
        }


def _named(row: dict[str, Any], names: dict[int, str]) -> tuple[Any, ...]:
    return tuple(
        (column, names.get(value, "") if column in _NUMBERS and isinstance(value, int) else value)
        for column, value in row.items()
        if column not in ("pk", "event")
    )


def pages(issues: Sequence[Issue], events: Sequence[Event], size: int) -> list[Batch]:
    """The issues in pages, each with all events of its issues."""
    cut = [issues[i : i + size] for i in range(0, len(issues), size)]
    return [
        batch(*page, cursor=f"{number}", events=tuple(e for e in events if e.ref in {i.ref for i in page}))
        for number, page in enumerate(cut)
    ]
