"""Run: pause, resume; runs list, show, settle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.cli.reading import Json, Project, the_issue
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from datetime import datetime

    from model.outbox import Entry, SyncRun

__all__ = ["Number", "pause", "resume", "run_called", "runs_app", "when"]

runs_app = typer.Typer(help="See what was written to the trackers, run by run.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(min=1, help="The run's number, as crosstie runs list shows it.")]


def pause(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever runs crosstie next is told.")] = "",
) -> None:
    """Stop every write to every tracker, at once and until crosstie resume. Reading goes on.

    Example: crosstie pause --reason "cut-over weekend"
    """
    from service.acting import note_act, person_here
    from sync.send import PAUSED

    session = session_of(ctx)
    workspace = session.workspace()
    with workspace.store.transaction() as writer:
        writer.leases.set(PAUSED, reason, person_here(workspace.environ), workspace.clock())
        note_act(writer, workspace, "pause", reason=reason or None)
    session.screen.say("All writing is paused; a write that was already sent is not taken back.")
    session.screen.say("To go on: crosstie resume")


def resume(ctx: typer.Context) -> None:
    """Allow writing again after crosstie pause.

    Example: crosstie resume
    """
    from service.acting import note_act
    from sync.send import PAUSED

    session = session_of(ctx)
    workspace = session.workspace()
    with workspace.store.transaction() as writer:
        paused = writer.leases.flag(PAUSED)
        if paused is not None:
            writer.leases.clear(PAUSED)
            note_act(writer, workspace, "resume")
    if paused is None:
        session.screen.say("Writing was not paused. Nothing was changed.")
        return
    why = f": {paused.value}" if paused.value else ""
    session.screen.say(f"Writing may go on. {paused.by} had paused it{why}.")
    session.screen.say("See first what waits: crosstie changes")


@runs_app.command("list")
def runs_list(
    ctx: typer.Context,
    project: Project = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """List the runs that wrote to trackers, newest first.

    Example: crosstie runs list -n 5
    """
    session = session_of(ctx)
    workspace = session.workspace()
    key = workspace.project(project)[0] if project else None
    with workspace.store.reading() as books:
        runs = books.outbox.runs(key, limit)
    if as_json:
        session.answer("runs", {"runs": [_run_dict(run) for run in runs]})
        return
    if not runs:
        session.screen.data("Nothing was ever written. What would be: crosstie changes")
    for run in runs:
        session.screen.data(_line(run, workspace.config.general.timezone))


@runs_app.command("show")
def runs_show(ctx: typer.Context, run: Number, as_json: Json = False) -> None:
    """Show one run: each write with what stood there before, what stands there now, and how it ended.

    Example: crosstie runs show 12
    """
    session = session_of(ctx)
    found = run_called(session, run)
    with session.workspace().store.reading() as books:
        entries = books.outbox.of_run(run)
    if as_json:
        session.answer("run", _run_dict(found) | {"writes": [_entry_dict(entry) for entry in entries]})
        return
    zone = session.workspace().config.general.timezone
    session.screen.data(_line(found, zone))
    if not entries:
        session.screen.data(
            f"  No write of it is kept. The audit log has them: crosstie audit list --run {run}"
        )
    for line in _entry_lines(entries):
        session.screen.data(line)
    if any(entry.state.value == "applied" for entry in entries) and found.undone_by is None:
        session.screen.say(f"To take it back: crosstie undo {run}")


@runs_app.command("settle")
def runs_settle(
    ctx: typer.Context,
    write: Annotated[str, typer.Argument(help="The write's name, as crosstie health tells it.")],
    found: Annotated[
        str | None, typer.Option("--found", help="The issue that it made: its key, id, or connection:id.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="It made nothing; it may be made anew.")] = False,
) -> None:
    """Say what became of a parked creation, after looking in the tracker.

    Example: crosstie runs settle m-4f1e0a --found acme/payroll#431
    """
    from service.acting import note_act
    from service.settling import parked_write, settle
    from service.tying import retie_projects

    if (found is None) == (not none):
        raise Failure(Exit.USAGE, "Give --found ISSUE or --none, one of the two. Nothing was changed.")
    session = session_of(ctx)
    workspace = session.workspace()
    entry = parked_write(workspace, write)
    issue = the_issue(workspace.store.find(found), found) if found else None
    with workspace.store.transaction() as writer:
        settle(writer, entry, issue, workspace.clock())
        note_act(writer, workspace, "settle", intent=write, found=str(issue) if issue else None)
    if issue is not None:
        retie_projects(workspace)
        session.screen.say(f"{found} is what it made; the two count as one from now on.")
    else:
        session.screen.say("It made nothing; the next crosstie sync may make it.")


def run_called(session: Session, number: int) -> SyncRun:
    """The run of that number. Failure: there is none."""
    with session.workspace().store.reading() as books:
        found = books.outbox.run(number)
    if found is None:
        raise Failure(Exit.USAGE, f"There is no run {number}. Those there are: crosstie runs list")
    return found


def when(at: datetime, zone: str) -> str:
    """An instant in the reader's zone, to the minute."""
    from zoneinfo import ZoneInfo

    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _line(run: SyncRun, zone: str) -> str:
    from reports.text import shown

    counts = json.loads(run.counts)
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "nothing written"
    undone = f"; taken back by run {run.undone_by}" if run.undone_by else ""
    return shown(
        f"{run.pk:>5}  {when(run.started, zone)}  {run.project} {run.kind.value} by {run.by}: "
        f"{run.outcome}, {told}{undone}"
    )


def _entry_lines(entries: Sequence[Entry]) -> list[str]:
    from reports.text import cut, shown
    from service.changeset_page import label_of
    from sync.intents import read_write

    lines = []
    for entry in entries:
        write = read_write(entry)
        where = f"{entry.connection} {write.key or entry.target or write.source}"
        before, after = (cut(text or "nothing", 60) for text in (write.shown_before, write.shown_after))
        what = (
            f"{label_of(write.field)} {before} -> {after}" if write.field else f"new “{cut(write.title, 60)}”"
        )
        lines.append(shown(f"  {entry.state.value:<9} {where} {what}"))
        if entry.error:
            lines.append(shown(f"            {' '.join(entry.error.split())}"))
    return lines


def _run_dict(run: SyncRun) -> dict[str, object]:
    from dataclasses import asdict

    told = asdict(run)
    return {"run": told.pop("pk"), **told, "counts": json.loads(run.counts)}


def _entry_dict(entry: Entry) -> dict[str, object]:
    from sync.intents import read_write

    return {
        "intent": entry.intent,
        "state": entry.state,
        "write": read_write(entry),
        "target": entry.target,
        "attempts": entry.attempts,
        "next_try": entry.next_try,
        "settled": entry.settled,
        "error": entry.error,
    }
