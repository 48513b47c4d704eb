"""Every command's place on the command line, grouped as the help shows them."""

from __future__ import annotations

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Hang the commands on the root."""
    from service.cli import setup

    app.command(rich_help_panel="Start")(setup.init)
    app.command(rich_help_panel="Start")(setup.check)
    app.add_typer(setup.config_app, name="config", rich_help_panel="Care")
    app.command(rich_help_panel="Care")(setup.version)
