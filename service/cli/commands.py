"""Every command's place on the command line, in the order in which the help shows them."""

from __future__ import annotations

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Hang the commands on the root: those to start with first, those of care last."""
    for group in (_start, _look, _change, _run, _care):
        group(app)


def _start(app: typer.Typer) -> None:
    from service.cli import demo, setup

    app.command()(demo.demo)
    app.command()(setup.init)
    app.command()(setup.check)


def _look(app: typer.Typer) -> None:
    from service.cli import changing, planning, reading, remembering, reporting, tying

    app.command()(reading.pull)
    app.add_typer(reporting.report_app, name="report")
    app.add_typer(planning.baseline_app, name="baseline")
    app.command()(remembering.history)
    app.add_typer(tying.ties_app, name="ties")
    app.command()(changing.changes)


def _change(app: typer.Typer) -> None:
    from service.cli import changing, deciding

    app.command()(changing.apply)
    app.command()(changing.sync)
    app.add_typer(deciding.conflicts_app, name="conflicts")
    app.command()(changing.undo)


def _run(app: typer.Typer) -> None:
    from service.cli import hooking, running, serving

    app.command()(serving.serve)
    app.add_typer(hooking.hooks_app, name="hooks")
    app.add_typer(running.runs_app, name="runs")
    app.command()(running.pause)
    app.command()(running.resume)


def _care(app: typer.Typer) -> None:
    from service.cli import auditing, caring, peopling, setup, storing

    app.command()(caring.health)
    app.add_typer(peopling.people_app, name="people")
    app.add_typer(auditing.audit_app, name="audit")
    app.command()(caring.remap)
    app.add_typer(setup.config_app, name="config")
    app.add_typer(storing.db_app, name="db")
    app.command()(setup.version)
