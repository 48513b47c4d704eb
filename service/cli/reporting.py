"""Look: report status, slip, scope, cost."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Project
from service.failures import Exit, Failure

__all__ = ["Format", "report_app"]

report_app = typer.Typer(help="Print a report, or write it to a file.", no_args_is_help=True)


class Format(StrEnum):
    """How a report is laid out; the figures and the sentences are the same."""

    TERMINAL = "terminal"
    JSON = "json"
    MD = "md"
    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"


AsOf = Annotated[str | None, typer.Option("--as-of", help="As of that day's end, as known then.")]
Since = Annotated[
    str | None, typer.Option(help='Compare with that day, or "last" for the last issued report.')
]
Baseline = Annotated[str | None, typer.Option(help="Compare with this baseline.")]
By = Annotated[str | None, typer.Option(help="Cut the report by a dimension of the config.")]
Layout = Annotated[Format, typer.Option("--format", "-f", help="How to lay it out.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")]


KINDS = {
    "status": "The page a steering committee reads first: verdict, decisions, milestones, what changed.",
    "slip": "How many working days each issue, milestone and the project are later than planned.",
    "cost": "What was budgeted, ordered and spent, beside how much of the scope is done; csv and xlsx too.",
    "scope": "What was added, removed, re-estimated and carried over since the baseline and in each sprint.",
}


def _command(kind: str) -> Callable[..., None]:
    """The command for one kind of report; all kinds take the same options."""

    def report(
        ctx: typer.Context,
        project: Project = None,
        as_of: AsOf = None,
        since: Since = None,
        baseline: Baseline = None,
        by: By = None,
        layout: Layout = Format.TERMINAL,
        output: Output = None,
    ) -> None:
        _report(ctx, kind, project, (as_of, since, baseline, by), layout, output)

    return report


for _kind, _help in KINDS.items():
    report_app.command(_kind, help=_help)(_command(_kind))


def _report(
    ctx: typer.Context,
    kind: str,
    project: str | None,
    asked: tuple[str | None, str | None, str | None, str | None],
    layout: Format,
    output: Path | None,
) -> None:
    from service.reporting import Question, answer, issue

    session = session_of(ctx)
    workspace = session.workspace()
    key, _ = workspace.project(project)
    if output is not None and output.is_dir():
        raise Failure(Exit.USAGE, f"{output} is a folder. Name the file to write.")
    if output is None and layout is Format.XLSX:
        raise Failure(Exit.USAGE, "An XLSX file cannot be shown here. Name a file: --output cost.xlsx")
    written = answer(workspace, Question(kind, key, *asked), layout.value)
    if output is None:
        written.show(session.screen)
        return
    content = written.content()
    output.write_bytes(content)
    issue(workspace, key, written, content)
    session.screen.say(f"Wrote {output}. The next report compares with it.")
