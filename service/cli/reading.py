"""Look at the trackers: pull, ties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.failures import Exit, Failure, explain

if TYPE_CHECKING:
    from model.values import Ref, TieEdge
    from model.view import View
    from service.pulling import Pulled

__all__ = ["pull", "ties_app"]

Project = Annotated[str | None, typer.Option("--project", "-p", help="Which project, if there are several.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]

ties_app = typer.Typer(help="See and decide which issues are the same work.", no_args_is_help=True)


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
        told = f"{step.connection} {name}: {step.seen:,} issues read, {step.added:,} new, "
        told += f"{step.changed:,} changed, {step.events:,} events"
        if step.requests:
            told += f", {step.requests:,} requests"
        if step.waited:
            told += f", {duration(step.waited)} waited"
        if step.parked:
            told += f"; {step.parked} could not be understood and wait: crosstie report status"
        session.screen.data(told)


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


@ties_app.command("list")
def ties_list(ctx: typer.Context, project: Project = None, as_json: Json = False) -> None:
    """List the issues that count as one piece of work, with the evidence, and the open suggestions."""
    session = session_of(ctx)
    workspace = session.workspace()
    _, settings = workspace.project(project)
    scope = {(source.connection, source.key) for source in settings.sources}
    view = workspace.store.view(workspace.clock(), sources=scope)
    if as_json:
        from reports.render.json import encode

        rows = {"ties": view.ties(), "suggestions": view.suggestions()}
        told = {name: [_edge_dict(view, edge) for edge in edges] for name, edges in rows.items()}
        session.screen.data(encode(told))
        return
    session.screen.data(f"{len(view.ties())} ties")
    for edge in view.ties():
        session.screen.data(f"  {_pair(view, edge)}\n      {edge.kind}: {_shown(edge.detail)}")
    if view.suggestions():
        session.screen.data(
            f"{len(view.suggestions())} suggestions; tie what is the same work: crosstie ties join A B"
        )
    for edge in view.suggestions():
        session.screen.data(f"  {_pair(view, edge)}\n      {_shown(edge.detail)}")


@ties_app.command("join")
def ties_join(
    ctx: typer.Context,
    one: Annotated[str, typer.Argument(help="An issue: its key, id, or connection:id.")],
    other: Annotated[str, typer.Argument(help="The issue in another tracker that is the same work.")],
    project: Project = None,
) -> None:
    """Say that two issues are the same work; from now on they count once."""
    session = session_of(ctx)
    workspace = session.workspace()
    a, b = the_issue(workspace.store.find(one), one), the_issue(workspace.store.find(other), other)
    if a == b:
        raise Failure(Exit.USAGE, f"{one} and {other} are the same issue already. Nothing was changed.")
    from service.tying import retie_projects

    with workspace.store.transaction() as writer:
        writer.ties.join(a, b, "joined by hand", workspace.clock())
    retie_projects(workspace, project)
    session.screen.say(f"{one} and {other} count as one piece of work from now on.")


def the_issue(found: tuple[Ref, ...], word: str) -> Ref:
    """The one issue somebody means, or a failure that says what to do."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(Exit.USAGE, f'No issue called "{word}" is stored. Give its key, id or connection:id.')
    several = ", ".join(map(str, found))
    raise Failure(Exit.USAGE, f'"{word}" may be {several}. Say which by its connection:id.')


def _pair(view: View, edge: TieEdge) -> str:
    return " = ".join(_name(view, ref) for ref in (edge.a, edge.b))


def _name(view: View, ref: Ref) -> str:
    from reports.text import cut

    issue = view.issue(ref)
    return (
        f"{ref.connection} {_shown(issue.key)} “{cut(_shown(issue.title), 40)}”"
        if issue
        else _shown(str(ref))
    )


def _shown(text: str) -> str:
    from reports.text import shown

    return shown(text)


def _edge_dict(view: View, edge: TieEdge) -> dict[str, object]:
    sides = [
        {"ref": str(ref), "key": issue.key if issue else None, "title": issue.title if issue else None}
        for ref in (edge.a, edge.b)
        for issue in (view.issue(ref),)
    ]
    return {"sides": sides, "kind": edge.kind, "detail": edge.detail, "confidence": edge.confidence}
