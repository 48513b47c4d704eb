"""Care: db upgrade, db info."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from service.cli.app import session_of

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


def _size(count: int | None) -> str:
    return "size not known" if count is None else f"{count / 1_000_000:,.1f} MB"
