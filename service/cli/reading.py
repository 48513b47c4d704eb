"""Look at the trackers: pull."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.failures import Exit, Failure, explain

if TYPE_CHECKING:
    from model.values import Ref
    from service.pulling import Pulled

__all__ = ["Json", "Project", "pull", "the_issue"]

Project = Annotated[str | None, typer.Option("--project", "-p", help="Which project, if there are several.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def pull(
    ctx: typer.Context,
    project: Project = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything once more, not only what changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read what changed in the trackers; nothing is written to them.

    It can be interrupted at any time and goes on where it stopped.
    """
    from service.keeping import keep_house
    from service.progress import watching
    from service.pulling import pull_sources
    from service.tying import retie_projects

    session = session_of(ctx)
    workspace = session.workspace()
    sources = workspace.sources(project)
    if not sources:
        raise Failure(Exit.CONFIGURATION, f"{workspace.path.name} has no project to read for.")
    with watching(session.screen) as watcher:
        done = pull_sources(workspace, sources, watcher, full=full)
    retie_projects(workspace, project)
    keep_house(workspace)
    if as_json:
        from reports.render.json import encode

        session.screen.data(encode(_as_dict(done)))
    else:
        _tell(session, done, {(s.connection, s.key): s.name or s.key for s in sources})
    for failed in done.failed:
        session.screen.complain(f"{failed.connection} {failed.source}: {failed.error}")
    raise typer.Exit(_verdict(done))


def _tell(session: Session, done: Pulled, names: Mapping[tuple[str, str], str]) -> None:
    from service.waiting import duration

    for step in sorted(done.finished, key=lambda step: (step.connection, step.source)):
        name = names.get((step.connection, step.source), step.source)
        told = f"{step.connection} {name}: {_counted(step.seen, 'issue')} read, {step.added:,} new, "
        told += f"{step.changed:,} changed, {_counted(step.events, 'event')}"
        if step.requests:
            told += f", {_counted(step.requests, 'request')}"
        if step.waited:
            told += f", {duration(step.waited)} waited"
        if step.parked:
            told += f"; {step.parked} could not be understood and wait: crosstie report status"
        session.screen.data(told)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _verdict(done: Pulled) -> int:
    """The exit code: what the failure was where nothing could be read, else whether anything is missing."""
    if not done.failed:
        return Exit.DONE
    failure = explain(done.failed[0].error)
    return Exit.PARTLY_DONE if done.finished or failure is None else failure.exit


def _as_dict(done: Pulled) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "complete": not done.failed,
        "sources": [asdict(step) for step in done.finished],
        "failed": [
            {"connection": f.connection, "source": f.source, "error": str(f.error)} for f in done.failed
        ],
    }


def the_issue(found: tuple[Ref, ...], word: str) -> Ref:
    """The one issue somebody means, or a failure that says what to do."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(Exit.USAGE, f'No issue called "{word}" is stored. Give its key, id or connection:id.')
    several = ", ".join(map(str, found))
    raise Failure(Exit.USAGE, f'"{word}" may be {several}. Say which by its connection:id.')
