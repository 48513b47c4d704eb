"""Run: serve."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from service.cli.app import session_of

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["serve"]

_TURN = 0.0005
"""How long a thread may keep the interpreter while others wait, in seconds: a tenth of Python's own, since
the receiver answers only after a commit in another thread."""


def serve(ctx: typer.Context) -> None:
    """Stay beside the trackers: take webhooks, poll, write what the rules allow, render reports.

    It ends within ten seconds of SIGTERM and goes on there when it is started again. SIGHUP, or a change of
    the config file, makes it read the config anew; one with a mistake is refused and the old one holds.
    """
    from service.carrying import carrier
    from service.daemon import Daemon
    from service.logs import logger_to
    from service.workspace import Workspace, clock_from

    sys.setswitchinterval(_TURN)
    session = session_of(ctx)
    workspace = session.workspace()
    path = workspace.path

    def fresh() -> Workspace:
        return Workspace(path, os.environ, clock_from(os.environ))

    log = logger_to(None, lambda text: daemon.workspace.redact(text))
    daemon = Daemon(workspace, fresh, log, lambda current: carrier(current, log, daemon.metrics))
    daemon.obey_signals()
    try:
        daemon.start()
        daemon.run()
    finally:
        daemon.stop()
