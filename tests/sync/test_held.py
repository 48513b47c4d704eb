"""What a connector is told of the store after a pull that did not end well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors.base import HELD, Batch
from connectors.errors import SourceStopped
from connectors.memory.connector import MemoryConnector
from model.store import Store
from sync.pull import pull
from tests.sync.shaken import Act
from tests.sync.shaken_memory import MemoryShaken


class Listening(MemoryConnector):
    """Keeps the cursors that it was handed."""

    def pull(self, source: object, cursors: Mapping[str, str], now: datetime) -> Iterator[Batch]:
        self.handed = dict(cursors)
        return super().pull(source, cursors, now)


def handed(store: Store, shaken: MemoryShaken, full: bool = False) -> dict[str, str]:
    listening = Listening(shaken.tracker, shaken.tracker.token, page=2)
    now = shaken.clock.now
    list(pull(store, listening, shaken.connection, shaken.source, now(), now, full=full))
    return listening.handed


def test_after_a_broken_pull_it_is_told_which_issues_the_store_holds(store: Store) -> None:
    shaken = MemoryShaken()
    for number in range(3):
        shaken.act(Act(0, 0, number))
    shaken.tracker.fail(SourceStopped("gone away"), after=2)
    assert HELD not in handed(store, shaken)
    assert json.loads(handed(store, shaken)[HELD]) == {"i1": "B-1", "i2": "B-2"}


def test_after_a_whole_pull_only_a_full_reading_is_told(store: Store) -> None:
    shaken = MemoryShaken()
    shaken.act(Act(0, 0, 0))
    handed(store, shaken)
    assert HELD not in handed(store, shaken)
    shaken.tracker.delete("board", "i1")
    assert json.loads(handed(store, shaken, full=True)[HELD]) == {"i1": "B-1"}
