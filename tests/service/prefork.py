"""Runs `crosstie` in processes of their own that are forked from one which has everything loaded already.

A fork saves the second that loading takes, and is as alone as any process: its own folder, environment,
output and exit code. The console script itself is run where a start is what is tested.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

__all__ = ["run"]

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 300.0


@cache
def _parent() -> socket.socket:
    """The way to the process that forks; it ends with this one."""
    ours, theirs = socket.socketpair()
    server = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    theirs.close()
    atexit.register(_end, ours, server)
    return ours


def _end(orders: socket.socket, server: subprocess.Popen[bytes]) -> None:
    orders.close()
    server.wait(timeout=30)


def run(args: list[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. TimeoutExpired after five minutes."""
    order = json.dumps({"args": args, "folder": str(folder), "environ": dict(environ)}).encode(
        errors="surrogateescape"
    )
    with tempfile.TemporaryFile() as letter, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        letter.write(order)
        letter.flush()
        ended, tells = os.pipe()
        try:
            handles = [letter.fileno(), out.fileno(), err.fileno(), tells]
            socket.send_fds(_parent(), [b"."], handles)
        finally:
            os.close(tells)
        with os.fdopen(ended, "rb") as told:
            code = told.read()
        if not code:
            raise subprocess.TimeoutExpired(args, LONGEST)
        out.seek(0)
        err.seek(0)
        texts = (each.read().decode("utf-8", "surrogateescape") for each in (out, err))
        return subprocess.CompletedProcess(args, int(code), *texts)


def _serve(orders: socket.socket) -> None:
    """Fork a process for each order, until nobody is left who could give one."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, handles, _, _ = socket.recv_fds(orders, 1, 4)
        if not message:
            return
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _keep(*handles)
        for handle in handles:
            os.close(handle)


def _keep(letter: int, out: int, err: int, tells: int) -> NoReturn:
    """Run the command in a process of its own, and tell how it ended."""
    pid = os.fork()
    if pid == 0:
        os.close(tells)
        os.setsid()
        signal.alarm(int(LONGEST))
        _become(letter, out, err)
    with contextlib.suppress(OSError):
        os.write(tells, str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
    os._exit(0)


def _become(letter: int, out: int, err: int) -> NoReturn:
    """Be the command: its folder, its environment, its output."""
    code = 70
    try:
        order = json.loads(os.pread(letter, os.fstat(letter).st_size, 0).decode(errors="surrogateescape"))
        os.close(letter)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environ"])
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
        sys.argv = ["crosstie", *order["args"]]
        from service.entry import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _load() -> None:
    import importlib

    for name in (
        *("service.entry", "service.cli.app", "service.cli.commands", "service.wiring", "model.store"),
        *("service.reporting", "service.pulling", "reports.render.html", "reports.render.json"),
        *("connectors.jira.connector", "connectors.github.connector", "connectors.planner.connector"),
        *("connectors.file.connector", "config.load", "config.places"),
        *("service.cli.applying", "service.cli.changing", "service.cli.deciding", "service.cli.running"),
        *(
            "service.cli.auditing",
            "service.cli.tying",
            "service.writing",
            "service.bearings",
            "service.consent",
        ),
        *("service.changeset_page", "service.changeset_file", "service.outcomes", "sync.cycle", "sync.undo"),
        *("service.writing_health", "service.keeping", "service.tying", "service.progress", "rich.console"),
    ):
        importlib.import_module(name)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
