"""Look: baseline set, import, list, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Json, Project
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from model.baselines import Baseline

__all__ = ["baseline_app"]

baseline_app = typer.Typer(help="Freeze approved plans and look at them.", no_args_is_help=True)


PlanFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        exists=True,
        dir_okay=False,
        help="Take the plan from a CSV file: key, title, start, due, estimate. "
        "With --as-of: in force since that day.",
    ),
]
Partial = Annotated[
    bool, typer.Option("--accept-partial", help="Leave out rows of the file that mean no stored issue.")
]


@baseline_app.command("set")
def baseline_set(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help='What to call it, such as "B1".')],
    approved_by: Annotated[str, typer.Option("--approved-by", help="Who approved the plan.")],
    reason: Annotated[str, typer.Option(help="Why it is set.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Rebuild the plan of that day from history.")
    ] = None,
    file: PlanFile = None,
    accept_partial: Partial = False,
    project: Project = None,
) -> None:
    """Freeze the plan as it stands, stood or is in a file. A baseline can never be changed."""
    from service.plans import Terms, propose

    session = session_of(ctx)
    workspace = session.workspace()
    key, _ = workspace.project(project)
    made = propose(workspace, key, Terms(name, approved_by, reason), as_of, file, accept_partial)
    for line in made.left_out:
        session.screen.complain(f"Left out: {line}")
    saved = workspace.store.save_baseline(made.baseline)
    dated = sum(item.due is not None for item in saved.items)
    told = f'Baseline "{name}" is set: {len(saved.items)} issues, {dated} with a due date, '
    told += f"{len(saved.milestones)} milestones."
    if saved.coverage is not None:
        told += f" Rebuilt from history, which reaches back that far for {saved.coverage:.0%} of the issues."
    session.screen.say(told)


@baseline_app.command("import")
def baseline_import(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A plan saved as XML.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="Who approved the plan.")],
    reason: Annotated[str, typer.Option(help="Why it was set.")],
    number: Annotated[
        list[int] | None, typer.Option("--number", min=0, max=10, help="Which baseline of the file; again.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All baselines of the file.")] = False,
    name: Annotated[str, typer.Option(help="What to call it; default: as in the file.")] = "",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Since which day it is in force; default: today.")
    ] = None,
    accept_partial: Annotated[
        bool, typer.Option("--accept-partial", help="Leave out tasks that mean no stored issue.")
    ] = False,
    project: Project = None,
) -> None:
    """Take over the baselines that Microsoft Project kept in a plan saved as XML.

    A task means an issue by its UID where the plan itself is read, else by a key in its title or in a text
    field, else by its title.
    """
    from service.imports import import_baselines
    from service.plans import Terms

    session = session_of(ctx)
    workspace = session.workspace()
    key, _ = workspace.project(project)
    if everything and number:
        raise Failure(Exit.USAGE, "Give --number or --all, not both.")
    terms = Terms(name, approved_by, reason)
    wanted = None if everything else number or []
    made = import_baselines(workspace, key, file, terms, wanted, as_of=as_of, partial=accept_partial)
    for proposal in made:
        for line in proposal.left_out:
            session.screen.complain(f"Left out: {line}")
    for saved in workspace.store.save_baselines([proposal.baseline for proposal in made]):
        told = f"{len(saved.items)} issues, {len(saved.milestones)} milestones."
        session.screen.say(f'Baseline "{saved.name}" is imported: {told}')


@baseline_app.command("list")
def baseline_list(ctx: typer.Context, project: Project = None, as_json: Json = False) -> None:
    """List the baselines, oldest first."""
    session = session_of(ctx)
    workspace = session.workspace()
    key, _ = workspace.project(project)
    baselines = workspace.store.baselines(key)
    if as_json:
        from reports.render.json import encode

        session.screen.data(encode([_summary(baseline) for baseline in baselines]))
        return
    if not baselines:
        session.screen.data(
            "There is no baseline. Set one: crosstie baseline set B1 --approved-by NAME --reason WHY"
        )
    for baseline in baselines:
        session.screen.data(_line(baseline))


@baseline_app.command("show")
def baseline_show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The baseline's name.")],
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Show what a baseline holds."""
    from reports.text import cut, shown

    session = session_of(ctx)
    workspace = session.workspace()
    key, _ = workspace.project(project)
    found = [b for b in workspace.store.baselines(key) if b.name == name]
    if not found:
        known = ", ".join(b.name for b in workspace.store.baselines(key)) or "none"
        raise Failure(Exit.USAGE, f'There is no baseline "{name}" for {key}. There are: {known}.')
    baseline = found[0]
    if as_json:
        from reports.render.json import encode

        session.screen.data(encode(baseline))
        return
    session.screen.data(_line(baseline))
    session.screen.data(
        f"  hash {baseline.hash}\n  after {baseline.previous_hash or 'nothing: it is the first'}"
    )
    for goal in baseline.milestones:
        session.screen.data(f"  milestone  {goal.due or 'no date':<12}{shown(goal.name)}")
    for item in baseline.items:
        size = "" if item.estimate is None else f"{item.estimate.normalize():f} {item.unit}"
        due = item.due.isoformat() if item.due else "no date"
        session.screen.data(f"  {shown(item.key):<30} due {due:<11}{size:>12}  {cut(shown(item.title), 50)}")


def _line(baseline: Baseline) -> str:
    from reports.text import shown

    rebuilt = "" if baseline.coverage is None else f", rebuilt ({baseline.coverage:.0%} covered)"
    told = f"{shown(baseline.name)}: plan of {baseline.as_of:%Y-%m-%d}, {len(baseline.items)} issues, "
    return f"{told}approved by {shown(baseline.approved_by)}: {shown(baseline.reason)}{rebuilt}"


def _summary(baseline: Baseline) -> dict[str, object]:
    return {
        "name": baseline.name,
        "as_of": baseline.as_of.isoformat(),
        "taken": baseline.taken.isoformat(),
        "approved_by": baseline.approved_by,
        "reason": baseline.reason,
        "origin": baseline.origin,
        "coverage": None if baseline.coverage is None else float(baseline.coverage),
        "issues": len(baseline.items),
        "hash": baseline.hash,
        "previous_hash": baseline.previous_hash,
    }
