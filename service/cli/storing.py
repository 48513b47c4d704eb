"""Care: db upgrade, info, verify, backup, restore, admit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from service.workspace import Workspace

__all__ = ["db_app"]

db_app = typer.Typer(help="Look after the store.", no_args_is_help=True)


@db_app.command("upgrade")
def db_upgrade(ctx: typer.Context) -> None:
    """Bring the store to this version's schema; a SQLite file is copied first."""
    session = session_of(ctx)
    workspace = session.workspace()
    from model.schema import upgrade

    done = upgrade(
        workspace.config.general.store.url, password=workspace.store_password(), now=workspace.clock()
    )
    session.screen.say(str(done))


@db_app.command("info")
def db_info(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """Print where the store is, its revision, its size and how much it holds."""
    session = session_of(ctx)
    info = session.workspace().store.info()
    facts = {
        "dialect": info.dialect,
        "revision": info.revision,
        "bytes": info.size,
        "raw_page_bytes": info.raw_bytes,
        "newest_event": info.newest_event.isoformat() if info.newest_event else None,
        "rows": dict(info.rows),
    }
    if as_json:
        session.screen.data(json.dumps(facts, indent=2))
        return
    session.screen.data(f"{info.dialect}, revision {info.revision}, {_size(info.size)}")
    session.screen.data(f"pages as received: {_size(info.raw_bytes)}; newest event: {facts['newest_event']}")
    for name, count in sorted(info.rows.items()):
        session.screen.data(f"  {name:<20}{count:>12,}")


@db_app.command("verify")
def db_verify(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A backup; default: the store.")
    ] = None,
    anchor: Annotated[
        list[str] | None, typer.Option("--anchor", help="A head that a report or backup printed; again.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Look the store through, or a backup: its structure, and every row that carries a proof of what it said.

    That the newest entries of a chain were cut off shows only against an anchor.
    Example: crosstie db verify backup.tar
    """
    session = session_of(ctx)
    workspace = session.workspace()
    if file is None:
        faults, what = workspace.store.examine(anchor or ()), "The store"
    else:
        from model.backup import prove

        _, faults = prove(file, workspace.clock())
        what = str(file)
    if as_json:
        session.answer("db-verify", {"faults": faults})
    else:
        from reports.text import shown

        for fault in faults:
            row = f" {fault.row}" if fault.row else ""
            session.screen.data(shown(f"■ {fault.subject or 'a chain'}{row}: {fault.reason}"))
        session.screen.data(f"{what} is {'damaged' if faults else 'whole'}.")
    if faults:
        raise Failure(
            Exit.STORE,
            f"{what} is not what it was: {len(faults):,} faults. Restore a good backup into another file: "
            "crosstie db restore FILE, after [general.store] url names it.",
        )


@db_app.command("backup")
def db_backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to; replaces an older backup.")],
) -> None:
    """Back the store up while everything goes on; it counts once it was unpacked, counted and examined.

    The config goes along; it holds no secret, only where secrets are.
    Example: crosstie db backup crosstie.tar
    """
    from importlib import metadata

    from model.backup import back_up

    session = session_of(ctx)
    workspace = session.workspace()
    _refuse_postgres(workspace, f"pg_dump --format=custom --file={file.name} DATABASE")
    config = {workspace.path.name: workspace.path.read_bytes()}
    made = back_up(workspace.store, file, workspace.clock(), metadata.version("crosstie"), config)
    session.screen.data(
        f"{file} holds {made.rows['issue']:,} issues and {made.rows['event']:,} events "
        f"({_size(file.stat().st_size)}), examined. Heads: baselines {made.baseline_head}, "
        f"audit {made.audit_head}"
    )


@db_app.command("restore")
def db_restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The backup.")],
) -> None:
    """Make the store from a backup, where there is none yet.

    It reads trackers at once, and writes to them only after crosstie db admit.
    """
    from model.backup import restore
    from service.acting import person_here

    session = session_of(ctx)
    workspace = session.workspace()
    _refuse_postgres(workspace, f"pg_restore --dbname=DATABASE {file.name}")
    url, now = workspace.config.general.store.url, workspace.clock()
    made = restore(file, url, now, person_here(workspace.environ))
    session.screen.data(f"Restored the store of {made.made:%Y-%m-%d %H:%M} UTC from {file}.")
    session.screen.say(
        "The trackers have moved on since. Next: crosstie pull, then look at crosstie changes, "
        "then let it write again: crosstie db admit"
    )


@db_app.command("admit")
def db_admit(ctx: typer.Context) -> None:
    """Let a store that is an older copy of itself write to trackers again.

    What the sides of a tie agreed on is unproven then: where they differ, you are asked instead.
    """
    from service.acting import person_here

    session = session_of(ctx)
    workspace = session.workspace()
    reason = workspace.store.restored()
    if reason is None:
        session.screen.say("The store is no older copy of itself; there is nothing to admit.")
        return
    workspace.store.admit_restore(workspace.clock(), person_here(workspace.environ))
    session.screen.data(f"The store may write again; {reason}. What was agreed counts as unproven.")


def _refuse_postgres(workspace: Workspace, command: str) -> None:
    """PostgreSQL has its own means, which know its roles and settings."""
    if not workspace.config.general.store.url.startswith("sqlite"):
        raise Failure(Exit.USAGE, f"The store is a PostgreSQL database. Run this instead: {command}")


def _size(count: int | None) -> str:
    return "size not known" if count is None else f"{count / 1_000_000:,.1f} MB"
