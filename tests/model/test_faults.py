"""A disk that fills up, a process that is killed, a flush that fails: the store stays whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from model.store import open_store
from tests.sync.told import at, batch, content, issue, tell

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)

_ROOT = Path(__file__).parents[2]
_BEGIN = """
import os, resource, signal, sys
from model.errors import StoreFull
from model.store import open_store
from tests.sync.told import at, batch, issue, tell

store = open_store(sys.argv[1])
"""
_FULL = (
    _BEGIN
    + """
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    for number in range(2, 400):
        tell(store, at(20 + number), batch(issue(number, body="x" * 20_000), cursor=str(number)))
except StoreFull as full:
    print(full)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
tell(store, at(9000), batch(issue("after"), cursor="after"))
store.close()
"""
)
_KILLED = (
    _BEGIN
    + """
from sqlalchemy import event

left = int(sys.argv[2])

@event.listens_for(store.database.writer, "before_cursor_execute")
def _count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

tell(store, at(20), batch(issue(1, title="new"), issue(2), cursor="new"))
tell(store, at(30), batch(issue(3), cursor="newest"))
store.close()
"""
)


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_full_disk_is_said_so_and_costs_only_the_batch_at_hand(new_store_url: Callable[[], str]) -> None:
    url = new_store_url()
    with open_store(url) as store:
        tell(store, at(10), batch(issue(1)), first=True)
    done = run(_FULL, url, "1000000")
    assert done.returncode == 0, done.stderr
    assert "full or failing; nothing of this step was stored. Free some space" in done.stdout
    with open_store(url) as store:
        stored = {i.ref.id for i in store.view(at(9999)).issues()}
        assert {"1", "after"} < stored
        numbers = sorted(int(i) for i in stored - {"after"})
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) < 399
        with store.database.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@pytest.mark.parametrize("statements", [1, 9, 25])
def test_a_killed_process_leaves_whole_batches(new_store_url: Callable[[], str], statements: int) -> None:
    url = new_store_url()
    with open_store(url) as store:
        tell(store, at(10), batch(issue(1), cursor="old"), first=True)
        ends = {"old": content(store)}
    for cursor, known in _clean_ends(new_store_url).items():
        ends[cursor] = known
    done = run(_KILLED, url, str(statements))
    assert done.returncode == -signal.SIGKILL, done.stderr
    with open_store(url) as store:
        assert content(store) == ends[store.cursors("jira", "PAY")["issues"]]


def _clean_ends(new_store_url: Callable[[], str]) -> dict[str, object]:
    """The content after each batch of an undisturbed run, by its cursor."""
    ends: dict[str, object] = {}
    with open_store(new_store_url()) as store:
        tell(store, at(10), batch(issue(1), cursor="old"), first=True)
        tell(store, at(20), batch(issue(1, title="new"), issue(2), cursor="new"))
        ends["new"] = content(store)
        tell(store, at(30), batch(issue(3), cursor="newest"))
        ends["newest"] = content(store)
    return ends
