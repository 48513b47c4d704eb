"""The root of the command line: options that every command shares, and the way failures leave it."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from service.cli.contents import Root
from service.failures import Exit, Failure, explain
from service.screen import Screen
from service.workspace import Workspace, clock_from

__all__ = ["Session", "app", "run", "session_of"]

EPILOG = "Start here: crosstie demo. Then, with your own trackers: crosstie init."


@dataclass
class Session:
    """What the shared options said; the workspace is opened by the first command that needs it."""

    config: Path | None = None
    screen: Screen = field(default_factory=Screen)
    no_input: bool = False
    debug: bool = False
    _workspace: Workspace | None = None

    def workspace(self) -> Workspace:
        """The config that was found, ready to use."""
        if self._workspace is None:
            self._workspace = Workspace(self.find(), os.environ, clock_from(os.environ))
            self._workspace.on_wait = self.screen.say
            self.screen.redact = self._workspace.redact
        return self._workspace

    def find(self) -> Path:
        """The config file's path, or a failure that lists where it was looked for."""
        from config.discovery import find_config

        return find_config(Path.cwd(), os.environ, Path.exists, explicit=self.config)

    def answer(self, kind: str, data: object, warnings: tuple[str, ...] = ()) -> None:
        """Print what a command found as JSON, free of secrets."""
        from reports.render.json import answer

        workspace = self.workspace()
        self.screen.data(workspace.redact(answer(kind, data, at=workspace.clock(), warnings=warnings)))

    def interactive(self) -> bool:
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    def close(self) -> None:
        if self._workspace:
            self._workspace.close()


app = typer.Typer(
    name="crosstie",
    cls=Root,
    help="One truthful status over Jira, GitHub and Microsoft Planner.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

_current: list[Session] = []


def session_of(ctx: typer.Context) -> Session:
    session = ctx.find_object(Session)
    assert session is not None, "the root callback made it"
    return session


@app.callback()
def shared(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The config file. Default: crosstie.toml, here or above."),
    ] = None,
    color: Annotated[str, typer.Option(help="auto, always or never.")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but results and errors.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask a question.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="On an error, print where it happened.")] = False,
) -> None:
    if color not in ("auto", "always", "never"):
        raise typer.BadParameter("choose auto, always or never", param_hint="--color")
    session = Session(config, Screen(color, quiet=quiet), no_input, debug)
    _current.append(session)
    ctx.obj = session


def run() -> None:
    """Run the command line and leave with the exit code that says what happened."""
    from service.cli import commands

    commands.register(app)
    code = _guarded()
    for session in _current:
        session.close()
    sys.exit(code)


def _guarded() -> int:
    """The exit code of one run; Typer returns it for an exit or interrupt and raises wrong usage."""
    try:
        result = app(standalone_mode=False)
    except TyperException as wrong:
        show = getattr(wrong, "show", None)
        show() if show else _screen().complain(str(wrong))
        return Exit.USAGE
    except typer.Abort:
        result = Exit.INTERRUPTED
    except Exception as error:
        return _report(error)
    if result == Exit.INTERRUPTED:
        _screen().complain("Stopped. What was read is saved; the same command goes on there.")
    return result if isinstance(result, int) else Exit.DONE


def _report(error: Exception) -> int:
    failure = explain(error)
    if failure is None or (_current and _current[-1].debug):
        trace = "".join(traceback.format_exception(error))
        if failure is None and not (_current and _current[-1].debug):
            trace = f"{type(error).__name__}: {error}"
        _screen().complain(trace.rstrip())
    if failure is None:
        failure = Failure(
            Exit.UNEXPECTED,
            "That was not expected. What was stored before is unharmed. Run the command again with "
            "crosstie --debug … and report what it prints.",
        )
    _screen().complain(failure.message)
    return failure.exit


def _screen() -> Screen:
    return _current[-1].screen if _current else Screen()
