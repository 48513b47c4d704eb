"""What `crosstie demo` shows: the world lives on week by week, is read week by week, and is reported on."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from service.demo import Demo, demo, live
from service.failures import Exit, Failure
from service.keeping import keep_house
from service.progress import Silent
from service.pulling import pull_sources
from service.tying import retie_projects

if TYPE_CHECKING:
    from service.screen import Screen

__all__ = ["command_name", "show"]

PROJECT = "erp"
REPORTS = {"status": ("html", "md", "json"), "slip": ("html",), "scope": ("html",), "cost": ("html", "xlsx")}


def show(screen: Screen, folder: Path, seed: int, *, keep: bool) -> None:
    """Run the demo in `folder`; with `keep`, leave its trackers running until Ctrl-C."""
    began = time.monotonic()
    with demo(folder, os.environ, seed, screen.say) as running:
        screen.say("Three stand-in trackers are running. Reading them for the first time …")
        _read(running)
        keep_house(running.workspace)
        _baseline(running)
        screen.say("The plan is frozen as baseline B1. Half a year goes by, a week at a time:")
        live(running, _teller(running, screen))
        _read(running)
        _print(running, screen)
        paths = _write(running, folder)
        screen.say(f"\nDone in {time.monotonic() - began:.0f} s. To open in a browser:")
        for path in paths:
            screen.say(f"  {path}")
        if keep:
            _wait(running, screen)
        else:
            screen.say(f"\nTo play with it while the trackers run: {command_name()} demo --keep")


def _read(running: Demo, project: str | None = None) -> None:
    done = pull_sources(running.workspace, running.workspace.sources(project), Silent())
    if done.failed:
        failure = done.failed[0]
        raise Failure(
            Exit.UNEXPECTED, f"The demo could not read {failure.connection} {failure.source}: {failure.error}"
        )
    retie_projects(running.workspace, project)


def _baseline(running: Demo) -> None:
    from reports.baseline import freeze
    from service.reporting import look

    workspace = running.workspace
    now = workspace.clock()
    work = look(workspace, PROJECT, now)
    workspace.store.save_baseline(freeze(work, "B1", now, "Steering committee", "Plan at kick-off"))


def _teller(running: Demo, screen: Screen) -> Callable[[], None]:
    """Reads each week's changes and says so once a month, when the second project is read too."""
    months: list[int] = []

    def each_week() -> None:
        today = running.workspace.clock()
        if today.month in months:
            _read(running, PROJECT)
        else:
            _read(running)
            months.append(today.month)
            screen.say(f"  {today:%B %Y}")

    return each_week


def _print(running: Demo, screen: Screen) -> None:
    from service.reporting import Question, answer

    screen.data("")
    answer(running.workspace, Question("status", PROJECT), "terminal").show(screen)


def _write(running: Demo, folder: Path) -> list[Path]:
    from service.reporting import Question, answer

    written = []
    for kind, layouts in REPORTS.items():
        report = answer(running.workspace, Question(kind, PROJECT), layouts[0])
        for layout in layouts:
            path = folder / f"{kind}.{layout}"
            path.write_bytes(replace(report, layout=layout).content())
            if layout == "html":
                written.append(path.resolve())
    return written


def command_name() -> str:
    """How to start us again: by name where the shell finds it, else as we were started."""
    started = Path(sys.argv[0])
    if started.name != "crosstie" or shutil.which("crosstie"):
        return "crosstie"
    return shlex.quote(str(started))


def _wait(running: Demo, screen: Screen) -> None:
    """Say how to use the running trackers from another terminal, and serve them until Ctrl-C."""
    settings = {**running.sandbox.environ, "CROSSTIE_NOW": running.workspace.clock().isoformat()}
    screen.say("\nThe trackers go on running. In another terminal:")
    for name, value in settings.items():
        screen.say(f"  export {name}={shlex.quote(value)}")
    config = shlex.quote(str(running.workspace.path.resolve()))
    command = command_name()
    screen.say(f"  {command} -c {config} report slip")
    screen.say(
        f"  {command} -c {config} changes    # what would be written, once the config says write = true"
    )
    screen.say("Ctrl-C ends them.")
    threading.Event().wait()
