"""What a process does to a store in bench.durability: it stores, and writes down what it was promised."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from connectors.base import Batch
from model import engine
from model.backup import back_up
from model.baselines import Baseline, BaselineItem, BaselineMilestone
from model.errors import StoreFull
from model.inbox import Delivery
from model.outbox import Intent, RunKind
from model.store import Store, open_store
from model.values import Entity, Event, Issue, Meaning, Origin, Ref, StatusCategory
from sync.record import Place, record

__all__ = ["fill", "furnish", "work"]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CAP = 1 << 40


def work(folder: str, commits: int, synchronous: str, backups: bool) -> None:
    """Store in turn deliveries, batches, writes and agreed values; what fails is tried again later."""
    if synchronous == "normal":
        engine._PRAGMAS["synchronous"] = 1
    with open_store(f"sqlite:///{folder}/crosstie.db") as store, _promises(folder) as promises:
        with store.database.writing() as connection:
            connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 60")
        state = State(store, promises)
        for number in range(1, commits + 1):
            try:
                state.step(number)
            except StoreFull:
                continue
            if backups and number % 5 == 0:
                back_up(store, Path(folder) / "backup.tar", NOW, "1.0", {})
                os.write(promises, b"k%d " % state.issues)


class State:
    """How far the workload has come."""

    def __init__(self, store: Store, promises: int) -> None:
        self.store = store
        self.promises = promises
        self.issues = 0
        self.marks = 0
        with store.transaction() as writer:
            self.run = writer.outbox.begin_run("pay", RunKind.SYNC, "rig", "", NOW)

    def step(self, number: int) -> None:
        """One commit, and the promise that follows from it."""
        (self.deliver, self.record, self.intend, self.agree)[number % 4](number)

    def deliver(self, number: int) -> None:
        several = [_delivery(f"{number}-{each}", 700 * each) for each in range(1, 4)]
        with self.store.transaction() as writer:
            writer.inbox.append(several, NOW, CAP)
        os.write(self.promises, "".join(f"d{each.id} " for each in several).encode())

    def record(self, number: int) -> None:
        wanted = self.issues + 1
        batch = Batch(stream="issues", cursor=str(wanted), complete=True, issues=(_issue(wanted),))
        with self.store.transaction() as writer:
            record(writer, Place("jira", "PAY", NOW, True), batch)
        self.issues = wanted
        os.write(self.promises, b"b%d " % wanted)

    def intend(self, number: int) -> None:
        intent = Intent(f"{number}", number, "edit", "jira:1", "jira", "PAY", "1", "due", None, False, "{}")
        with self.store.transaction() as writer:
            writer.outbox.add(self.run, [intent], 1, NOW)
            writer.audit.append("rig", {"intent": number}, NOW, self.run)
        self.marks += 1
        os.write(self.promises, f"i{number} m{self.marks} ".encode())

    def agree(self, number: int) -> None:
        with self.store.transaction() as writer:
            writer.ties.agree(Ref("jira", "1"), {"title": str(number)}, NOW)
        self.marks += 1
        os.write(self.promises, f"m{self.marks} ".encode())


def fill(folder: str, limit: int) -> None:
    """Store until no file may grow any more, then be given room and go on with the same connections.

    `limit` is the most bytes of a file; 0: the folder is a small file system of its own, which is enlarged.
    """
    with open_store(f"sqlite:///{folder}/crosstie.db") as store, _promises(folder) as promises:
        state = State(store, promises)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit or resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        refused = 0
        for number in range(1, 2_000):
            try:
                state.step(number)
            except StoreFull:
                refused += 1
            if refused == 5:
                break
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if not limit:
            subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
        for number in range(3_000, 3_008):
            state.step(number)
    print(f"full {refused} times")


def furnish(folder: str) -> None:
    """Something in every table whose rows are protected, and room to spare around it."""
    with open_store(f"sqlite:///{folder}/crosstie.db") as store:
        for number in range(1, 41):
            events = tuple(_event(number, each) for each in range(12))
            batch = Batch("issues", str(number), True, issues=(_issue(number),), events=events)
            with store.transaction() as writer:
                record(writer, Place("jira", "PAY", NOW, True), batch)
                writer.audit.append("ada", {"number": number, "title": "Crane 🏗" * 4}, NOW)
                writer.inbox.append([_delivery(f"{number}", 40 * number)], NOW, CAP)
        items = tuple(BaselineItem(Ref("jira", f"{n}"), f"PAY-{n}", "Title", NOW.date()) for n in range(1, 9))
        goal = BaselineMilestone(Ref("jira", "m"), "Go-live", date(2026, 6, 1))
        for name in ("first", "second"):
            store.save_baseline(Baseline(name, "pay", NOW, NOW, "Ada", "go", items=items, milestones=(goal,)))


@contextmanager
def _promises(folder: str) -> Iterator[int]:
    handle = os.open(f"{folder}/promised", os.O_WRONLY | os.O_APPEND)
    try:
        yield handle
    finally:
        os.close(handle)


def _delivery(name: str, size: int) -> Delivery:
    return Delivery("jira", name, name.encode() * (size // len(name)), NOW, "updated", name, {"X": "é"})


def _issue(number: int) -> Issue:
    ref = Ref("jira", f"{number}")
    return Issue(ref, "PAY", f"PAY-{number}", "Title", "", StatusCategory.TODO, "Open", body="x" * 900)


def _event(number: int, each: int) -> Event:
    said = (f"before {each}", f"after {each} ü")
    when = NOW - timedelta(days=30 - each)
    meaning = Meaning("title", *said) if each % 2 else None
    ref = Ref("jira", f"{number}")
    return Event(Entity.ISSUE, ref, f"{each}", "summary", *said, when, Origin.RECORDED, "ada", meaning)
