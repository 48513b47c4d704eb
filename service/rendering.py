"""Reports are rendered in a child process: what charts and spreadsheets load never burdens the daemon.

The child takes one order a line on its input and answers each with one line; it is ended when nothing was
ordered for a while, after many orders, or when one takes too long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from select import select

__all__ = ["Failed", "Order", "Renderer"]

_IDLE = 60.0
_MOST = 200
_PATIENCE = 120.0


class Failed(Exception):
    """A report was not written; the text says why. What stood in its file before is untouched."""


@dataclass(frozen=True, slots=True)
class Order:
    """One report to write into a file; the file is replaced whole or not at all."""

    config: str
    project: str
    kind: str
    layout: str
    file: str


class Renderer:
    """Hands orders to the child, one after the other."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._child: subprocess.Popen[str] | None = None
        self._done = 0
        self._used = 0.0
        self._turn = threading.Lock()

    def render(self, order: Order) -> None:
        """Failed: why not."""
        with self._turn:
            child = self._started()
            assert child.stdin is not None
            assert child.stdout is not None
            try:
                child.stdin.write(json.dumps(asdict(order)) + "\n")
                child.stdin.flush()
                ready, _, _ = select([child.stdout], [], [], _PATIENCE)
                answer = child.stdout.readline() if ready else ""
            except OSError:
                answer = ""
            self._done += 1
            self._used = time.monotonic()
            if not answer:
                self._end()
                raise Failed(
                    "its process ended or took too long; look at the log, then: crosstie report status"
                )
            said = json.loads(answer)
            if said["error"]:
                raise Failed(said["error"])
            if self._done >= _MOST:
                self._end()

    def rest(self) -> None:
        """End a child that nothing was asked of for a while; called now and then."""
        with self._turn:
            if self._child is not None and time.monotonic() - self._used > _IDLE:
                self._end()

    def close(self) -> None:
        with self._turn:
            self._end()

    def _started(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._done = 0
            self._child = subprocess.Popen(
                [sys.executable, "-m", "service.rendering"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # an interrupt at the terminal is for the daemon alone
                env={**self._environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(OSError):
            if child.stdin is not None:
                child.stdin.close()
        try:
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _obey() -> None:
    """The child: an order a line, an answer a line."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed must not be taken for an answer
    for line in sys.stdin:
        try:
            _write(Order(**json.loads(line)))
            error = ""
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
        out.write(json.dumps({"error": error}) + "\n")
        out.flush()


def _write(order: Order) -> None:
    from service.reporting import Question, answer
    from service.workspace import Workspace, clock_from

    workspace = Workspace(Path(order.config), os.environ, clock_from(os.environ))
    try:
        written = answer(workspace, Question(order.kind, order.project), order.layout)
        content = written.content()
    finally:
        workspace.close()
    target = Path(order.file)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    draft.write_bytes(content)
    draft.replace(target)


if __name__ == "__main__":
    _obey()
