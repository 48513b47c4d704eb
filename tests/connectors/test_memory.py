"""The memory connector keeps every promise of the contract, and its tracker keeps an honest history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from connectors.base import Batch
from connectors.conformance import ConnectorContract, Trial
from connectors.errors import RetryLater
from connectors.memory.connector import MemoryConnector
from connectors.memory.settings import MemorySource
from connectors.memory.tracker import MemoryTracker
from model.values import (
    Account,
    Dependency,
    Issue,
    Milestone,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Worklog,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOURCE = MemorySource(connection="mem", board="alpha")


def issue(number: int, **fields: object) -> Issue:
    plain = Issue(
        ref=Ref("mem", f"{number}"),
        source="alpha",
        key=f"A-{number}",
        title=f"Issue {number}",
        url=f"https://mem.example/A-{number}",
        status=StatusCategory.TODO,
        status_original="Open",
        created=START,
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


class Desk:
    """A memory tracker with a clock that moves on with every act."""

    def __init__(self, issues: int) -> None:
        self.tracker = MemoryTracker(token="right")
        self.tracker.add_source("alpha")
        self.tracker.accounts["u1"] = Account(Ref("mem", "u1"), "Ada")
        self._ticks = count()
        for number in range(1, issues + 1):
            self.tracker.put(issue(number), self.tick())

    def tick(self) -> datetime:
        return START + timedelta(minutes=next(self._ticks))

    def connect(self, token: str = "right") -> MemoryConnector:
        return MemoryConnector(self.tracker, token, page=3)

    def ids(self) -> frozenset[str]:
        return frozenset(i for e, i in self.tracker.shelf("alpha").records if e.value == "issue")

    def retitle(self, title: str) -> str:
        return self.tracker.edit("alpha", "2", self.tick(), "u1", title=title).ref.id

    def create(self, title: str) -> str:
        self.tracker.put(issue(99, title=title), self.tick())
        return "99"

    def cut_off(self) -> MemoryConnector:
        self.tracker.reachable = False
        return self.connect()


class TestMemory(ConnectorContract):
    @pytest.fixture
    def trial(self) -> Trial:
        desk = Desk(issues=8)
        sprint = Sprint(Ref("mem", "s1"), "alpha", "Sprint 1", SprintState.ACTIVE, START)
        desk.tracker.put(sprint, desk.tick())
        desk.tracker.put(Milestone(Ref("mem", "m1"), "alpha", "Go-live"), desk.tick())
        desk.tracker.edit("alpha", "3", desk.tick(), "u1", sprints=frozenset({"s1"}), milestone="m1")
        desk.tracker.edit("alpha", "3", desk.tick(), "u1", due=START.date())
        desk.tracker.link("alpha", Dependency(Ref("mem", "1"), Ref("mem", "3")))
        desk.tracker.log_work("alpha", Worklog(Ref("mem", "w1"), Ref("mem", "3"), "u1", START, 600))
        return Trial(
            connection="mem",
            connect=desk.connect,
            source=SOURCE,
            now=desk.tick,
            ids=desk.ids,
            retitle=desk.retitle,
            create=desk.create,
            refused=lambda: desk.connect(token="wrong"),
            unreachable=desk.cut_off,
            elsewhere=MemorySource(connection="mem", board="nowhere"),
            secret="wrong",
        )


def test_a_deleted_issue_leaves_a_tombstone() -> None:
    desk = Desk(issues=4)
    desk.tracker.delete("alpha", "2")
    batches = list(desk.connect().pull(SOURCE, {}, desk.tick()))
    assert {i for batch in batches for i in batch.gone} == {"2"}
    assert {i.ref.id for batch in batches for i in batch.issues} == {"1", "3", "4"}


def test_a_fault_strikes_once_and_at_the_page_it_was_set_for() -> None:
    desk = Desk(issues=8)
    desk.tracker.fail(RetryLater("busy; pull again"), after=2)
    walk = _batches(desk)
    assert [next(walk).complete for _ in range(2)] == [True, False]
    with pytest.raises(RetryLater):
        next(walk)
    assert len(list(_batches(desk))) == 4


def _batches(desk: Desk) -> Iterator[Batch]:
    return desk.connect().pull(SOURCE, {}, desk.tick())


def test_an_edit_is_remembered_with_its_author_and_instant() -> None:
    desk = Desk(issues=1)
    at = desk.tick()
    desk.tracker.edit("alpha", "1", at, "u1", title="Changed")
    (event,) = (e for b in _batches(desk) for e in b.events)
    assert (event.at, event.actor, event.meaning.before, event.meaning.after) == (
        at,
        "u1",
        "Issue 1",
        "Changed",
    )
