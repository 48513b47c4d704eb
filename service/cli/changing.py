"""Change: changes, apply, sync, undo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.cli.reading import Json, Project
from service.cli.running import Number, run_called
from service.failures import Exit, Failure, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import SourceSettings
    from service.cli.applying import Telling
    from service.writing import Desk
    from sync.changeset import Changeset
    from sync.guards import Reason, Verdict

__all__ = ["apply", "changes", "sync", "undo"]

Full = Annotated[bool, typer.Option("--full", help="Cut nothing; list what agrees, too.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; limits still hold.")]
Large = Annotated[
    int | None,
    typer.Option("--allow-large", min=1, help="Write to up to so many ties although a limit says no."),
]
Insist = Annotated[
    bool, typer.Option("--insist", help="Try again what a tracker refused in the last 24 hours.")
]


def changes(
    ctx: typer.Context,
    project: Project = None,
    why: Annotated[
        str | None, typer.Option("--why", help='"mapping": only what a changed config leads to.')
    ] = None,
    full: Full = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Save it in this file, to apply exactly that.")
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 10 when changes wait, 11 with conflicts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what would be written where, field by field, and why; nothing is read and nothing is written.

    Example: crosstie changes -o changeset.json
    """
    from service.bearings import bearings
    from service.changeset_file import save_changeset
    from service.cli.applying import because, changeset_dict, next_step, show
    from service.writing import charter_for
    from sync.changes import compute

    session = session_of(ctx)
    workspace = session.workspace()
    key, _ = workspace.project(project)
    charter = charter_for(workspace, key)
    changeset = compute(workspace.store, charter, workspace.clock())
    chosen = because(session, changeset, why)
    if output is not None:
        save_changeset(output, changeset)
    if as_json:
        session.answer("changes", changeset_dict(chosen), changeset.notes)
    else:
        show(session, chosen, bearings(workspace, charter, chosen), full)
        next_step(session, changeset, output)
    if exit_code and (changeset.conflicts or changeset.writes):
        raise typer.Exit(Exit.CONFLICTS_WAIT if changeset.conflicts else Exit.CHANGES_WAIT)


def apply(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A changeset saved by changes -o.")
    ] = None,
    project: Project = None,
    yes: Yes = False,
    allow_large: Large = None,
    insist: Insist = False,
    full: Full = False,
    as_json: Json = False,
) -> None:
    """Write the changes to the trackers: those of FILE, or those that wait now. Shows them first and asks.

    What somebody changed meanwhile is left alone. Example: crosstie apply changeset.json --yes
    """
    from service.acting import person_here
    from service.changeset_file import load_changeset
    from service.cli.applying import Telling, agree, consent, finish
    from service.writing import writing_desk
    from sync.apply import apply as carry_out
    from sync.changes import compute

    session = session_of(ctx)
    workspace = session.workspace()
    saved = load_changeset(file) if file else None
    key, _ = workspace.project(saved.project if saved else project)
    given = consent(session, yes, allow_large)
    with writing_desk(workspace, key, person_here(workspace.environ), insist=insist) as desk:

        def again() -> Changeset:
            return compute(workspace.store, desk.charter, workspace.clock())

        telling = Telling(session, desk, silent=as_json)
        telling.propose(saved or again())
        telling.show(full)
        if telling.changeset.writes:
            agree(desk, telling.changeset, given)
        telling.follow(carry_out(desk.means, telling.changeset, again))
    finish(session, telling, as_json)


def sync(
    ctx: typer.Context,
    project: Project = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what is known to wait; read and store nothing.")
    ] = False,
    allow_large: Large = None,
    insist: Insist = False,
    as_json: Json = False,
) -> None:
    """Read the trackers, then write what waits, as far as the limits allow; it never asks.

    Example: crosstie sync --project payroll
    """
    from service.acting import person_here
    from service.cli.applying import finish
    from service.writing import writing_desk

    session = session_of(ctx)
    workspace = session.workspace()
    key, settings = workspace.project(project)
    if dry_run:
        session.screen.say("Nothing is read: this is what waits as of the last pull.")
        changes(ctx, project=key, as_json=as_json)
        return
    failed = _read(session, key, settings.sources)
    with writing_desk(workspace, key, person_here(workspace.environ), insist=insist) as desk:
        telling, stopped = _write(session, desk, allow_large, silent=as_json)
    finish(session, telling, as_json, stopped, failed)


def _read(session: Session, project: str, sources: Sequence[SourceSettings]) -> tuple[str, ...]:
    """Pull the project's sources; what could not be read, where it was not all of them."""
    from service.keeping import keep_house
    from service.progress import watching
    from service.pulling import pull_sources
    from service.tying import retie_projects

    workspace = session.workspace()
    with watching(session.screen) as watcher:
        done = pull_sources(workspace, sources, watcher)
    retie_projects(workspace, project)
    keep_house(workspace)
    told = tuple(f"{one.connection} {one.source}: {one.error}" for one in done.failed)
    for line in told:
        session.screen.complain(line)
    if done.failed and not done.finished:
        failure = explain(done.failed[0].error)
        code = failure.exit if failure else Exit.TRY_LATER
        raise Failure(code, "Nothing could be read, so nothing was written. Run crosstie sync again later.")
    return told


def _write(
    session: Session, desk: Desk, allow_large: int | None, *, silent: bool
) -> tuple[Telling, Sequence[Verdict]]:
    """Carry out one round without reading; the guards hold back what they must and the rest is written."""
    from service.cli.applying import Telling
    from service.consent import Consent
    from sync.cycle import Guarded, Proposed, cycle
    from sync.outcome import Begun, Differs, Ended, Halted, Written

    given = Consent(True, allow_large)
    telling = Telling(session, desk, silent=silent)
    stopped: Sequence[Verdict] = ()

    def accepted(_reason: Reason) -> bool:
        return given.allows(telling.changeset)

    for step in cycle(desk.means, desk.charter, None, accepted):
        if isinstance(step, Proposed):
            telling.propose(step.changeset)
            telling.show()
        elif isinstance(step, Guarded):
            stopped = [each for each in step.verdicts if not (each.asks and accepted(each.reason))]
        elif isinstance(step, Begun | Differs | Ended | Halted | Written):
            telling.add(step)
    return telling, stopped


def undo(
    ctx: typer.Context,
    run: Number,
    yes: Yes = False,
    allow_large: Large = None,
    as_json: Json = False,
) -> None:
    """Take a run back: shows what would be restored, asks, and writes it.

    What somebody changed after the run is shown as a conflict and left alone. Example: crosstie undo 12
    """
    from service.acting import person_here
    from service.cli.applying import Telling, agree, consent, finish
    from service.writing import writing_desk
    from sync.undo import CannotUndo, apply_undo
    from sync.undo import undo as take_back

    session = session_of(ctx)
    workspace = session.workspace()
    key, settings = workspace.project(run_called(session, run).project)
    given = consent(session, yes, allow_large)
    with writing_desk(workspace, key, person_here(workspace.environ)) as desk:

        def again() -> Changeset:
            return take_back(workspace.store, settings, run, workspace.clock())

        telling = Telling(session, desk, silent=as_json)
        try:
            telling.propose(again())
        except CannotUndo as error:
            raise Failure(Exit.USAGE, f"{error}. Nothing was written.") from None
        telling.show()
        if telling.changeset.writes:
            agree(desk, telling.changeset, given)
        telling.follow(apply_undo(desk.means, telling.changeset, run, again))
    finish(session, telling, as_json)
