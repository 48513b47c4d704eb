"""What became of a write, as the issue and its history tell afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.memory.connector import MemoryConnector
from connectors.memory.tracker import MemoryTracker
from model.history import Fact
from model.values import Issue, Ref, StatusCategory
from sync.changeset import Action, Why, Write
from sync.settle import judge

REF = Ref("memory", "1")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
US, SOMEBODY = "us", "somebody"

WRITE = Write(
    tie=REF,
    title="Title",
    action=Action.EDIT,
    target=REF,
    source="board",
    key="A-1",
    field="status",
    before="done",
    after="cancelled",
    shown_before="done",
    shown_after="cancelled",
    why=Why("owner"),
)


def steps(*said: tuple[str, str, str | None]) -> list[Fact]:
    """(before, after, who) in order of time."""
    return [
        Fact(n, 1, "status", before, after, NOON + timedelta(seconds=n), NOON, "recorded", who)
        for n, (before, after, who) in enumerate(said)
    ]


@pytest.fixture
def connector() -> MemoryConnector:
    tracker = MemoryTracker()
    return MemoryConnector(tracker, tracker.token)


CANCELLED = Issue(REF, "board", "A-1", "Title", "", StatusCategory.CANCELLED, "Cancelled")


def test_our_own_steps_on_the_way_are_nobodys_edit(connector: MemoryConnector) -> None:
    verdict = judge(connector, WRITE, CANCELLED, steps(("done", "todo", US), ("todo", "cancelled", US)))
    assert verdict.stands
    assert not verdict.trampled


def test_what_somebody_set_in_between_was_trampled_and_is_named(connector: MemoryConnector) -> None:
    told = steps(("done", "doing", SOMEBODY), ("doing", "todo", US), ("todo", "cancelled", US))
    verdict = judge(connector, WRITE, CANCELLED, told)
    assert verdict.trampled
    assert verdict.found == "doing"


def test_without_names_a_step_in_between_counts_as_somebodys(connector: MemoryConnector) -> None:
    verdict = judge(connector, WRITE, CANCELLED, steps(("done", "todo", None), ("todo", "cancelled", None)))
    assert verdict.trampled
