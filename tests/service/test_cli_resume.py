"""A pull may be ended at any moment: the next one goes on with the very page that was not stored yet."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from model.values import Entity
from model.view import View
from sandbox.faults import FaultKind, Faults
from sandbox.run import Sandbox
from sandbox.server import LoggedRequest, Stand
from service.failures import Exit
from tests.service.commandline import CommandLine, laid_out, only

PATHS = {"jira": "/search/jql", "github": "/graphql", "planner": "/tasks"}
"""Where each tracker is asked for a page of issues; Jira first for the list of their ids."""

Asked = tuple[str, str, bytes]
PATIENCE = 180


class Gate(Faults):
    """Holds back the answer to one request, so that a process can be ended while it waits for it."""

    def __init__(self, path: str, after: int) -> None:
        super().__init__()
        self.reached, self.opened = threading.Event(), threading.Event()
        self._path, self._left = path, after

    def take(self, kind: FaultKind, path: str) -> bool:
        if kind == "rate_limit" and self._path in path:
            if self._left == 0:
                self.reached.set()
                assert self.opened.wait(PATIENCE)
            self._left -= 1
        return super().take(kind, path)


@contextmanager
def held(stand: Stand, path: str, after: int) -> Iterator[Gate]:
    """While the block runs, the stand-in holds back its answer to the request after the next `after`."""
    gate, usual = Gate(path, after), stand.app.faults
    stand.app.faults = gate
    try:
        yield gate
    finally:
        gate.opened.set()
        stand.app.faults = usual


def pages(log: list[LoggedRequest]) -> list[Asked]:
    """The pages of issues among the requests, in the order in which they were asked for."""
    return [
        (request.path, request.query, request.body)
        for request in log
        if request.path.endswith("/tasks")
        or b"query Issues(" in request.body
        or (request.path.endswith("/search/jql") and b'"summary"' in request.body)
    ]


def contents(view: View) -> tuple[object, ...]:
    """All that a view of the store tells, apart from when it was read."""
    return (
        view.all_issues(),
        view.sprints(),
        view.milestones(),
        set(view.dependencies()),
        set(view.worklogs()),
        view.accounts(),
        view.ties(),
        view.suggestions(),
        [sorted(map(repr, view.changes(entity))) for entity in Entity],
        [(s.connection, s.source, s.parked, s.error) for s in view.sources()],
    )


@pytest.fixture(scope="module")
def small_pages(sandbox: Sandbox) -> Sandbox:
    """The stand-ins with a plan that needs several pages, as the other two trackers do anyway."""
    sandbox.world.planner.site.page = 40
    return sandbox


@pytest.fixture(scope="module")
def undisturbed(
    small_pages: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[list[Asked], tuple[object, ...]]]:
    """For each tracker, the pages that an undisturbed pull asks for, and what is stored in the end."""
    found = {}
    for tracker in PATHS:
        line = _line(small_pages, tmp_path_factory.mktemp(tracker), tracker)
        log = small_pages.stands[tracker].requests
        before = len(log)
        done = line.run("pull")
        assert done.returncode == Exit.DONE, done.stderr
        found[tracker] = pages(log[before:]), contents(line.view())
    return found


def _line(sandbox: Sandbox, folder: Path, tracker: str) -> CommandLine:
    """One source after the other: pages that are read side by side have no order."""
    alone = sandbox.config_text().replace('kind = "jira"\n', 'kind = "jira"\nparallel = 1\n')
    return laid_out(sandbox, folder, only(alone, tracker))


@pytest.mark.parametrize(
    ("tracker", "answered"),
    [("jira", 1), ("jira", 2), ("github", 2), ("github", 3), ("github", 4), ("planner", 1), ("planner", 2)],
)
def test_a_killed_pull_goes_on_with_the_page_it_waited_for_or_the_one_it_was_recording(
    tracker: str,
    answered: int,
    small_pages: Sandbox,
    undisturbed: dict[str, tuple[list[Asked], tuple[object, ...]]],
    tmp_path: Path,
) -> None:
    line = _line(small_pages, tmp_path / "desk", tracker)
    stand, (whole, content) = small_pages.stands[tracker], undisturbed[tracker]
    before = len(stand.requests)
    with held(stand, PATHS[tracker], answered) as gate, line.start("pull") as process:
        assert gate.reached.wait(PATIENCE)
        known = len(pages(stand.requests[before:]))
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    _until(lambda: len(pages(stand.requests[before:])) > known)
    resumed = len(stand.requests)
    done = line.run("pull")
    assert done.returncode == Exit.DONE, done.stderr
    again = pages(stand.requests[resumed:])
    begun = whole.index(again[0])
    assert begun in (known - 1, known)
    assert again[: len(whole) - begun] == whole[begun:]
    assert contents(line.view()) == content


def test_ctrl_c_ends_with_130_and_a_sentence_and_the_next_pull_goes_on(
    small_pages: Sandbox,
    undisturbed: dict[str, tuple[list[Asked], tuple[object, ...]]],
    tmp_path: Path,
) -> None:
    line = _line(small_pages, tmp_path / "desk", "github")
    with held(small_pages.github, "/graphql", 4) as gate, line.start("pull") as process:
        assert gate.reached.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        gate.opened.set()
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == Exit.INTERRUPTED
    assert (out, err.strip()) == ("", "Stopped. What was read is saved; the same command goes on there.")
    done = line.run("pull")
    assert done.returncode == Exit.DONE, done.stderr
    assert contents(line.view()) == undisturbed["github"][1]


def _until(true: Callable[[], bool]) -> None:
    """Wait until the stand-in's own thread has written its log."""
    pause = threading.Event()
    for _ in range(PATIENCE * 100):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("the stand-in never logged the request it held back")
