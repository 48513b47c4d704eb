"""A daemon in this process with its log at hand, and the least that it needs to run."""

from __future__ import annotations

import io
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.daemon import Daemon
from service.logs import logger_to
from service.workspace import Workspace

__all__ = ["Run", "config_of", "eventually", "running", "write_plan"]

CONFIG = """
version = 1
[connections]
files = { kind = "file", root = "." }
[projects.erp]
name = "ERP rollout"
sources = [ { connection = "files", path = "plan.csv" } ]
[web]
hooks = "127.0.0.1:HOOKS"
metrics = "127.0.0.1:METRICS"
[daemon]
poll = "1s"
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def config_of(extra: str = "") -> str:
    return CONFIG.replace("HOOKS", str(free_port())).replace("METRICS", str(free_port())) + extra


def write_plan(folder: Path, *keys: str) -> None:
    lines = ["Key,Title,Status", *(f"{key},Work {key},Open" for key in keys)]
    (folder / "plan.csv").write_text("\n".join(lines) + "\n")


def eventually(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until something holds; the time is only the longest that is waited."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.02)


class Run:
    """A daemon with its log at hand."""

    def __init__(
        self,
        folder: Path,
        environ: dict[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **more: Any,
    ) -> None:
        self.told = io.StringIO()

        def fresh() -> Workspace:
            return Workspace(folder / "crosstie.toml", environ or {}, clock)

        self.log = logger_to(self.told, lambda text: self.daemon.workspace.redact(text))
        self.daemon = Daemon(fresh(), fresh, self.log, **more)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.told.getvalue().splitlines()]

    def says(self, words: str) -> bool:
        return any(words in line["event"] for line in self.lines())

    def held(self) -> set[str]:
        return set(self.daemon.workspace.store.held("files", "plan.csv").values())

    def ask(self, path: str) -> tuple[int, bytes]:
        assert self.daemon.operations is not None
        host, port = self.daemon.operations.address
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()


@contextmanager
def running(run: Run) -> Iterator[Run]:
    run.daemon.start()
    try:
        yield run
    finally:
        run.daemon.stop()
