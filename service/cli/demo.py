"""Start: demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.app import session_of

__all__ = ["demo"]


def demo(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for what it makes.")] = Path(
        "demo-out"
    ),
    seed: Annotated[int, typer.Option(help="Another seed, another half year.")] = 7,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the trackers running to play with.")] = False,
) -> None:
    """Show Crosstie on a half year of an ERP rollout in three stand-in trackers; needs no account.

    The connectors talk real HTTP to the stand-ins, week by week; at the end the status page is printed and
    the HTML reports lie in the folder.
    """
    from service.showing import show

    show(session_of(ctx).screen, output, seed, keep=keep)
