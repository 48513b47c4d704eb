"""Change: conflicts list, show, resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.cli.reading import Json, Project
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from datetime import datetime

    from model.decisions import Decision
    from service.changeset_page import Around
    from service.workspace import Workspace
    from sync.changeset import Changeset, Conflict
    from sync.charter import Charter

__all__ = ["conflicts_app"]

conflicts_app = typer.Typer(
    help="Fields on which two sides were changed and nobody has decided.", no_args_is_help=True
)

Tie = Annotated[str, typer.Argument(help="Any issue of the tie: its key, id, or connection:id.")]


@conflicts_app.command("list")
def conflicts_list(ctx: typer.Context, project: Project = None, as_json: Json = False) -> None:
    """List the open conflicts with what each side says, who said so and when.

    Example: crosstie conflicts list
    """
    session = session_of(ctx)
    key, charter, changeset = _computed(session, project)
    since = _since(session, key)
    if as_json:
        told = [_as_dict(conflict, since) for conflict in changeset.conflicts]
        session.answer("conflicts", {"project": key, "conflicts": told})
        return
    if not changeset.conflicts:
        session.screen.data("There is no conflict.")
    around = _around(session, charter, changeset)
    for conflict in changeset.conflicts:
        _tell(session, conflict, around, since)


@conflicts_app.command("show")
def conflicts_show(
    ctx: typer.Context,
    tie: Tie,
    field: Annotated[str | None, typer.Argument(help="Only this field, such as due.")] = None,
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Show the conflicts of one tie whole, and what was decided about it before.

    Example: crosstie conflicts show PAY-91 due
    """
    from service.verdicts import field_called

    session = session_of(ctx)
    key, charter, changeset = _computed(session, project)
    found = _found(session, changeset, tie, field_called(field) if field else None)
    since = _since(session, key)
    if as_json:
        told = [_as_dict(conflict, since) for conflict in found]
        session.answer("conflicts", {"project": key, "conflicts": told})
        return
    around = _around(session, charter, changeset)
    for conflict in found:
        _tell(session, conflict, around, since)
        _tell_decisions(session, key, conflict)


@conflicts_app.command("resolve")
def conflicts_resolve(
    ctx: typer.Context,
    tie: Tie,
    field: Annotated[str, typer.Argument(help="The field, such as due.")],
    take: Annotated[str | None, typer.Option("--take", help="The connection whose value counts.")] = None,
    value: Annotated[str | None, typer.Option("--value", help='Another value; "nothing" empties it.')] = None,
    rule: Annotated[
        bool, typer.Option("--rule", help="With --take: also say how the config decides so for every tie.")
    ] = False,
    project: Project = None,
) -> None:
    """Decide a conflict; the next apply or sync writes the decision. A later edit opens it again.

    Example: crosstie conflicts resolve PAY-91 due --take jira
    """
    from service.acting import person_here
    from service.verdicts import field_called, of_side, of_value, rule_line

    if (take is None) == (value is None) or (rule and take is None):
        raise Failure(Exit.USAGE, "Give --take CONNECTION or --value X, one of the two. Nothing was decided.")
    session = session_of(ctx)
    workspace = session.workspace()
    key, _, changeset = _computed(session, project)
    (conflict,) = _found(session, changeset, tie, field_called(field))
    by, now = person_here(workspace.environ), workspace.clock()
    if take is not None:
        decision = of_side(key, conflict, take, by, now)
    else:
        decision = of_value(key, conflict, value or "", list(workspace.config.people), by, now)
    _keep(workspace, decision, conflict)
    session.screen.say(
        f"Decided: {field} of {tie} is what {take or 'you say'}{' says' * (take is not None)}."
    )
    if rule and take is not None:
        session.screen.say(f"To decide every such conflict so, write in {workspace.path.name}:")
        session.screen.say(rule_line(key, conflict, take))
    session.screen.say("Nothing is written yet. Next: crosstie apply")


def _keep(workspace: Workspace, decision: Decision, conflict: Conflict) -> None:
    """Store a verdict, and in the audit log that it was given."""
    from service.acting import note_act

    with workspace.store.transaction() as writer:
        number = writer.decisions.add(decision)
        note_act(
            writer,
            workspace,
            "resolve",
            decision=number,
            project=decision.project,
            tie=str(conflict.tie),
            field=conflict.field,
            verdict=decision.verdict.value,
            value=decision.value,
        )


def _computed(session: Session, project: str | None) -> tuple[str, Charter, Changeset]:
    from service.writing import charter_for
    from sync.changes import compute

    workspace = session.workspace()
    key, _ = workspace.project(project)
    charter = charter_for(workspace, key)
    return key, charter, compute(workspace.store, charter, workspace.clock())


def _found(session: Session, changeset: Changeset, word: str, field: str | None) -> tuple[Conflict, ...]:
    from service.verdicts import conflict_called

    refs = session.workspace().store.find(word)
    return conflict_called(changeset.conflicts, refs, word, field)


def _since(session: Session, project: str) -> dict[tuple[str, str], datetime]:
    with session.workspace().store.reading() as books:
        return {(str(c.tie), c.field): c.since for c in books.decisions.conflicts(project)}


def _around(session: Session, charter: Charter, changeset: Changeset) -> Around:
    from service.bearings import bearings

    return bearings(session.workspace(), charter, changeset)


def _tell(
    session: Session, conflict: Conflict, around: Around, since: dict[tuple[str, str], datetime]
) -> None:
    from reports.text import cut, shown
    from service.changeset_page import label_of, said

    def line(text: str) -> None:
        session.screen.data(shown(session.workspace().redact(text)))

    started = since.get((str(conflict.tie), conflict.field))
    when = f", since {around.voice.day(started)}" if started else ""
    name = around.name(conflict.tie, conflict.title)
    title = cut(around.title(conflict.tie, conflict.title), 60)
    line(f"! {name} “{title}”: {label_of(conflict.field)}{when}")
    for side in conflict.sides:
        by = f" by {around.person(side.ref, side.actor)}" if side.actor else ""
        at = f" on {around.voice.day(side.at)}" if side.at else ""
        value = cut(said(conflict.field, side.shown, around.voice), 120)
        line(f"    {around.tracker(side.ref.connection)} {side.key}: {value}{by}{at}")
    agreed = cut(said(conflict.field, conflict.agreed or "", around.voice), 120)
    line(f"    {'agreed before: ' + agreed if conflict.proven else 'they never agreed'}")
    line(f"    crosstie conflicts resolve {name} {label_of(conflict.field)} --take CONNECTION")


def _tell_decisions(session: Session, project: str, conflict: Conflict) -> None:
    from reports.text import shown

    members = {side.ref for side in conflict.sides}
    with session.workspace().store.reading() as books:
        earlier = [d for d in books.decisions.all(project) if d.field == conflict.field]
    for decision in earlier:
        if members & set(decision.sides):
            what = f"{decision.verdict.value} {decision.value or 'nothing'}"
            session.screen.data(shown(f"    decided on {decision.at:%d %b %Y} by {decision.by}: {what}"))


def _as_dict(conflict: Conflict, since: dict[tuple[str, str], datetime]) -> dict[str, object]:
    from dataclasses import fields

    told = {field.name: getattr(conflict, field.name) for field in fields(conflict)}
    return told | {"since": since.get((str(conflict.tie), conflict.field))}
