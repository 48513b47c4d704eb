"""Run: hooks list, install, verify, rotate, replay."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import Session, session_of
from service.cli.reading import Json
from service.failures import Exit, Failure, explain

if TYPE_CHECKING:
    from connectors.registration import Registered
    from service.hooks.upkeep import Desk
    from service.workspace import Workspace

__all__ = ["hooks_app"]

hooks_app = typer.Typer(help="Look after the webhooks that trackers send.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="Which connection; default: all that take webhooks.")]
Connection = Annotated[str, typer.Argument(help="Which connection.")]
Wait = Annotated[int, typer.Option("--wait", min=0, max=600, help="Seconds to wait for the trial.")]

_PAUSE = 0.5


@hooks_app.command("list")
def hooks_list(ctx: typer.Context, connection: Name = None, as_json: Json = False) -> None:
    """List the webhooks at the trackers that lead here, what came through them and what waits.

    Example: crosstie hooks list
    """
    from connectors.errors import ConnectorError
    from service.hooks.upkeep import desk_of, named

    session = session_of(ctx)
    workspace = session.workspace()
    told = []
    for name in named(workspace, connection):
        found: tuple[Registered, ...] = ()
        trouble = ""
        try:
            with desk_of(workspace, name) as desk:
                found = desk.ours()
        except (ConnectorError, Failure) as error:
            trouble = str(error)
        told.append({"connection": name, "webhooks": found, "trouble": trouble, **_local(workspace, name)})
    if as_json:
        session.answer("hooks", {"connections": told})
        return
    for each in told:
        _show(session, each)


def _local(workspace: Workspace, name: str) -> dict[str, object]:
    """What the store knows of a connection's deliveries."""
    from service.concerns import HEARD

    with workspace.store.reading() as books:
        backlog = next((one for one in books.inbox.backlog() if one.connection == name), None)
        heard = books.leases.flag(f"{HEARD}{name}")
    return {
        "last_heard": heard.at if heard else None,
        "waiting": backlog.waiting if backlog else 0,
        "parked": backlog.parked if backlog else 0,
    }


def _show(session: Session, told: dict[str, object]) -> None:
    from reports.text import shown

    heard = told["last_heard"]
    when = f"last heard {heard:%d %b %Y %H:%M} UTC" if isinstance(heard, datetime) else "never heard"
    session.screen.data(f"{told['connection']}: {when}, {told['waiting']} waiting, {told['parked']} parked")
    webhooks: tuple[Registered, ...] = told["webhooks"]  # type: ignore[assignment]
    for one in webhooks:
        ends = f", until {one.ends:%d %b %Y}" if one.ends else ""
        session.screen.data(
            shown(f"  {'▲' if one.trouble else '✓'} {one.place}{ends}  {one.trouble}".rstrip())
        )
    if told["trouble"]:
        session.screen.data(shown(f"  ▲ {told['trouble']}"))
    elif not webhooks:
        session.screen.data(
            f"  ▲ none at the tracker. Register it: crosstie hooks install {told['connection']}"
        )


@hooks_app.command("install")
def hooks_install(ctx: typer.Context, connection: Name = None) -> None:
    """Register the webhooks that the sources need, or set right those that are there.

    The daemon must be running and reachable where [web] url says. Example: crosstie hooks install acme-gh
    """
    from service.hooks.upkeep import named

    session = session_of(ctx)

    def install(desk: Desk) -> None:
        made = desk.install()
        for one in made:
            ends = f" until {one.ends:%d %b %Y}; crosstie serve renews it" if one.ends else ""
            session.screen.data(f"{desk.name}: {one.place} tells of its changes{ends}")
        if not made:
            session.screen.data(f"{desk.name}: its sources name no place that could tell of changes")

    _each(session, named(session.workspace(), connection), install)
    session.screen.say("Next: crosstie hooks verify")


@hooks_app.command("verify")
def hooks_verify(ctx: typer.Context, connection: Name = None, wait: Wait = 20) -> None:
    """Check the webhooks at the trackers, and have a trial sent where the tracker can do that.

    Example: crosstie hooks verify acme-gh
    """
    from service.hooks.upkeep import named

    session = session_of(ctx)
    workspace = session.workspace()

    def verify(desk: Desk) -> None:
        found = desk.ours()
        troubles = [f"{one.place}: {one.trouble}" for one in found if one.trouble]
        if not found:
            raise Failure(
                Exit.CONFIGURATION, f"{desk.name} has no webhook. Next: crosstie hooks install {desk.name}"
            )
        begun = workspace.clock()
        tried = [one for one in found if desk.registrar.ping(one)]
        if tried and not _comes(workspace, desk.name, begun, wait):
            raise Failure(
                Exit.PARTLY_DONE,
                f"{desk.name}: the trial did not arrive in {wait} s. See that crosstie serve runs and that "
                f"{desk.base} leads to it, then: crosstie hooks verify {desk.name}",
            )
        if troubles:
            raise Failure(
                Exit.PARTLY_DONE, f"{'; '.join(troubles)}. Set it right: crosstie hooks install {desk.name}"
            )
        what = "the trial arrived" if tried else "this tracker sends no trials"
        session.screen.data(f"{desk.name}: {_count(len(found), 'webhook')} in order; {what}")

    _each(session, named(workspace, connection), verify)


def _comes(workspace: Workspace, name: str, since: datetime, seconds: int) -> bool:
    """Whether a delivery of the connection is stored before the time is over."""
    from service.concerns import HEARD

    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with workspace.store.reading() as books:
            flag = books.leases.flag(f"{HEARD}{name}")
            waiting = books.inbox.waiting(name)
        if flag is not None and flag.at >= since:
            return True
        if any(one.received >= since for several in waiting for one in several.deliveries):
            return True
        workspace.sleep(_PAUSE)
    return False


@hooks_app.command("rotate")
def hooks_rotate(ctx: typer.Context, connection: Connection, wait: Wait = 60) -> None:
    """Change over to a new webhook secret without losing a delivery.

    First write the new secret's reference as webhook_secret and the one before as webhook_secret_old; both
    are taken until the old line is deleted. Example: crosstie hooks rotate acme-gh
    """
    from service.hooks.upkeep import desk_of, named

    session = session_of(ctx)
    workspace = session.workspace()
    (name,) = named(workspace, connection)
    settings = workspace.config.connections[name]
    if settings.webhook_secret_old is None:
        raise Failure(
            Exit.CONFIGURATION,
            f"{workspace.path.name} connections.{name}: nothing to change over to. Keep 32 random bytes as "
            "the new secret, write its reference as webhook_secret and today's, "
            f"{settings.webhook_secret}, as webhook_secret_old, then: crosstie hooks rotate {name}",
        )
    begun = workspace.clock()
    with desk_of(workspace, name) as desk:
        made = desk.install()
        tried = [one for one in made if desk.registrar.ping(one)]
        arrived = _comes(workspace, name, begun, wait) if tried else False
    if tried and not arrived:
        raise Failure(
            Exit.PARTLY_DONE,
            f"{name}: the tracker has the new secret, but its trial did not arrive in {wait} s. Keep "
            f"webhook_secret_old until it does: crosstie hooks verify {name}",
        )
    session.screen.data(f"{name}: the new secret is set for {_count(len(made), 'webhook')}")
    session.screen.say("Delete the line webhook_secret_old within a day; crosstie health reminds you.")


@hooks_app.command("replay")
def hooks_replay(ctx: typer.Context, connection: Name = None) -> None:
    """Have deliveries that did not get through sent again, and try parked ones once more.

    Example: crosstie hooks replay
    """
    from service.hooks.upkeep import named

    session = session_of(ctx)
    workspace = session.workspace()
    names = named(workspace, connection)
    with workspace.store.transaction() as writer:
        parked = [one.number for one, _ in writer.inbox.parked() if one.connection in names]
        writer.inbox.retry(parked)
    session.screen.data(
        f"crosstie serve tries {_count(len(parked), 'parked delivery', 'parked deliveries')} once more"
    )

    def replay(desk: Desk) -> None:
        count = desk.redeliver(session.screen.say)
        session.screen.data(f"{desk.name}: the tracker sends {_count(count, 'delivery', 'deliveries')} again")

    _each(session, names, replay)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _each(session: Session, names: list[str], act: object) -> None:
    """Do something for each connection; one that fails does not stop the others."""
    from connectors.errors import ConnectorError
    from service.hooks.upkeep import desk_of

    failures = []
    for name in names:
        try:
            with desk_of(session.workspace(), name) as desk:
                act(desk)  # type: ignore[operator]
        except (ConnectorError, Failure) as error:
            failures.append(error)
            session.screen.complain(f"{name}: {error}")
    if failures:
        failure = explain(failures[0])
        raise typer.Exit(Exit.PARTLY_DONE if len(failures) < len(names) or failure is None else failure.exit)
