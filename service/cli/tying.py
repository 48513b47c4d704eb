"""Look and change: ties list, join, split, pin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Json, Project, the_issue
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from model.values import Ref, TieEdge
    from model.view import View
    from service.workspace import Workspace

__all__ = ["ties_app"]

ties_app = typer.Typer(help="See and decide which issues are the same work.", no_args_is_help=True)

One = Annotated[str, typer.Argument(help="An issue: its key, id, or connection:id.")]
Other = Annotated[str, typer.Argument(help="The issue in another tracker.")]


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
def ties_join(ctx: typer.Context, one: One, other: Other, project: Project = None) -> None:
    """Say that two issues are the same work; from now on they count once.

    Example: crosstie ties join PAY-88 acme/payroll#412
    """
    session = session_of(ctx)
    workspace = session.workspace()
    a, b = _two(workspace, one, other)
    _decide(workspace, project, "join", a, b)
    session.screen.say(f"{one} and {other} count as one piece of work from now on.")


@ties_app.command("split")
def ties_split(ctx: typer.Context, one: One, other: Other, project: Project = None) -> None:
    """Say that two issues are not the same work, whatever links them; both keep their history.

    Example: crosstie ties split PAY-88 acme/payroll#412
    """
    session = session_of(ctx)
    workspace = session.workspace()
    a, b = _two(workspace, one, other)
    if not _tied(workspace, a, b):
        raise Failure(Exit.USAGE, f"{one} and {other} are not tied: crosstie ties list. Nothing was changed.")
    _decide(workspace, project, "split", a, b)
    if _tied(workspace, a, b):
        session.screen.complain(
            f"{one} and {other} stay one piece of work through other issues. See which, and split them there "
            "too: crosstie ties list"
        )
        raise typer.Exit(Exit.PARTLY_DONE)
    session.screen.say(f"{one} and {other} count as two pieces of work from now on; neither is written to.")
    session.screen.say(f"To tie them again: crosstie ties join {one} {other}")


@ties_app.command("pin")
def ties_pin(ctx: typer.Context, one: One, other: Other, project: Project = None) -> None:
    """Confirm a tie, so that it holds even when the link or key that led to it goes away.

    Example: crosstie ties pin PAY-88 acme/payroll#412
    """
    session = session_of(ctx)
    workspace = session.workspace()
    a, b = _two(workspace, one, other)
    if not _tied(workspace, a, b):
        raise Failure(
            Exit.USAGE,
            f"{one} and {other} are not tied yet. Tie them: crosstie ties join {one} {other}",
        )
    _decide(workspace, project, "pin", a, b)
    session.screen.say(f"{one} and {other} stay tied, whatever becomes of their links.")


def _two(workspace: Workspace, one: str, other: str) -> tuple[Ref, Ref]:
    a, b = the_issue(workspace.store.find(one), one), the_issue(workspace.store.find(other), other)
    if a == b:
        raise Failure(Exit.USAGE, f"{one} and {other} are the same issue already. Nothing was changed.")
    return a, b


def _decide(workspace: Workspace, project: str | None, act: str, a: Ref, b: Ref) -> None:
    """Keep a person's verdict, find the ties again, and forget what a lone issue had agreed on."""
    from service.acting import note_act
    from service.tying import retie_projects

    now = workspace.clock()
    with workspace.store.transaction() as writer:
        if act == "split":
            writer.ties.split(a, b, "split by hand", now)
        else:
            writer.ties.join(a, b, "joined by hand" if act == "join" else "pinned by hand", now)
        note_act(writer, workspace, f"ties {act}", issues=[str(a), str(b)])
    retie_projects(workspace, project)
    if act == "split":
        tied = {ref for edge in workspace.store.view(now).ties() for ref in (edge.a, edge.b)}
        with workspace.store.transaction() as writer:
            writer.ties.forget_agreed({a, b} - tied, now)


def _tied(workspace: Workspace, a: Ref, b: Ref) -> bool:
    """Whether the two are one piece of work, if only through others."""
    from sync.match import components

    edges = workspace.store.view(workspace.clock()).ties()
    return any({a, b} <= group for group in components({ref for e in edges for ref in (e.a, e.b)}, edges))


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
