"""The memory tracker, shaken: pure data, and of the troubles of a wire those that it can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from connectors.base import Connector
from connectors.errors import ConnectorError, RetryLater, SourceStopped
from connectors.memory.connector import MemoryConnector
from connectors.memory.settings import MemorySource
from connectors.memory.tracker import MemoryTracker
from model.values import (
    Dependency,
    Entity,
    Issue,
    Ref,
    Sprint,
    SprintState,
    StatusCategory,
    Worklog,
)
from sandbox.clock import WorldClock
from tests.sync.shaken import Act, Pull
from tests.sync.told import START

__all__ = ["MemoryShaken"]

_BOARD = "board"
_FIELDS: tuple[dict[str, Any], ...] = (
    {"title": "Another"},
    {"title": "And another", "due": date(2026, 5, 1)},
    {"estimate": Decimal("2.5")},
    {"status": StatusCategory.DONE, "status_original": "Done", "finished": START},
    {"status": StatusCategory.DOING, "status_original": "At it", "finished": None},
    {"sprints": frozenset({"s1"})},
    {"sprints": frozenset({"s1", "s2"}), "labels": frozenset({"a"})},
    {"sprints": frozenset(), "due": None, "estimate": None},
)


class _Tracker(MemoryTracker):
    """Something may happen, or go wrong, whenever a page is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Callable[[], None] = lambda: None

    def answer(self) -> None:
        self.asked()
        super().answer()


class _Wire:
    """What the connectors over HTTP have in a rough stand-in."""

    def __init__(self, tracker: _Tracker) -> None:
        self._tracker = tracker

    def expect(self, pull: Pull, act: Callable[[Act], None]) -> None:
        count = iter(range(1 << 30))

        def asked() -> None:
            number = next(count)
            for _, each in [one for one in pull.meanwhile if one[0] == number]:
                act(each)
            for trouble in pull.troubles:
                if trouble.after % 6 == number:
                    self._tracker.fail(_error(trouble.kind))

        self._tracker.asked = asked

    def calm(self) -> None:
        self._tracker.asked = lambda: None


def _error(kind: str) -> ConnectorError:
    passing = kind in ("rate_limit", "server_error", "drop_reply")
    return RetryLater(kind) if passing else SourceStopped(kind)


class MemoryShaken:
    connection, forgets = "memory", False

    def __init__(self) -> None:
        self.clock = WorldClock(START)
        self.tracker = _Tracker()
        self.tracker.add_source(_BOARD)
        self.shelf = self.tracker.shelf(_BOARD)
        self.rough: Any = _Wire(self.tracker)
        self.source = MemorySource(connection=self.connection, board=_BOARD)
        self._made = 0
        self._acts: tuple[Callable[[str, int], Any], ...] = (
            self._edit,
            self._edit,
            self._edit,
            self._sprint,
            self._link,
            self._log,
            self._unlog,
            lambda id, n: self.tracker.delete(_BOARD, id),
        )

    def act(self, act: Act) -> None:
        self.clock.advance(timedelta(minutes=1 + act.value * 20))
        issues = sorted(self.ids())
        if not issues or act.what % 3 == 0:
            self._create(act.value)
        else:
            self._acts[act.what % len(self._acts)](issues[act.which % len(issues)], act.value)

    def connect(self) -> Connector:
        return cast("Connector", MemoryConnector(self.tracker, self.tracker.token, page=2))

    def ids(self) -> set[str]:
        return {id for entity, id in self.shelf.records if entity is Entity.ISSUE}

    def _create(self, n: int) -> None:
        self._made += 1
        now = self.clock.now()
        plain = Issue(
            self._ref(f"i{self._made}"), _BOARD, f"B-{self._made}", "New", "", StatusCategory.TODO, "Open"
        )
        self.tracker.put(replace(plain, created=now, **_FIELDS[n]), now)

    def _edit(self, id: str, n: int) -> None:
        self.tracker.edit(_BOARD, id, self.clock.now(), "ada", **_FIELDS[(n + len(id)) % len(_FIELDS)])

    def _sprint(self, id: str, n: int) -> None:
        state = (SprintState.FUTURE, SprintState.ACTIVE, SprintState.CLOSED)[n % 3]
        sprint = Sprint(self._ref(f"s{n % 2 + 1}"), _BOARD, f"Sprint {n}", state)
        self.tracker.put(sprint, self.clock.now())

    def _link(self, id: str, n: int) -> None:
        others = sorted(self.ids() - {id})
        if not others:
            return
        link = Dependency(self._ref(others[n % len(others)]), self._ref(id))
        if link in self.shelf.links.get(id, ()):
            self.tracker.unlink(_BOARD, link)
        else:
            self.tracker.link(_BOARD, link)

    def _log(self, id: str, n: int) -> None:
        log = Worklog(self._ref(f"w{n}"), self._ref(id), "ada", self.clock.now(), 60 * n + 60)
        if log.ref.id not in self.shelf.unlogged:
            self.tracker.log_work(_BOARD, log)

    def _unlog(self, id: str, n: int) -> None:
        if self.shelf.worklogs:
            self.tracker.remove_work(_BOARD, sorted(self.shelf.worklogs)[n % len(self.shelf.worklogs)])

    def _ref(self, id: str) -> Ref:
        return Ref(self.connection, id)
