"""Care for what was read: health, remap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Json, Project
from service.failures import Exit, Failure, explain

if TYPE_CHECKING:
    from config.settings import SourceSettings
    from service.remapping import NotRemapped
    from service.workspace import Workspace
    from sync.remap import Remapped

__all__ = ["health", "remap"]

_NAMED = 5


def health(
    ctx: typer.Context,
    project: Project = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail when something needs a person.")] = False,
    as_json: Json = False,
) -> None:
    """Tell how Crosstie itself is doing: what was read when, at what cost, and what waits.

    No tracker is asked.
    """
    from reports.text import shown
    from service.health import common_lines, examine_sources, lines
    from service.writing_health import examine_writing, writing_lines

    session = session_of(ctx)
    workspace = session.workspace()
    found = examine_sources(workspace, _sources(workspace, project, None))
    waiting = [each for each in found if each.needs]
    names = [workspace.project(project)[0]] if project else list(workspace.config.projects)
    writing = examine_writing(workspace, names)
    now = workspace.clock()
    if as_json:
        from reports.render.json import encode

        well = not waiting and not writing.needs
        told = {"schema": "crosstie/health/1", "as_of": now, "complete": well, "sources": found}
        session.screen.data(encode(told | {"writing": writing}))
    else:
        for each in found:
            for line in lines(each, now):
                session.screen.data(shown(line))
        for line in (*writing_lines(writing), *common_lines(found)):
            session.screen.data(shown(line))
        verdict = [f"{len(waiting)} of {len(found)} sources need somebody."] if waiting else []
        verdict += ["Writing needs somebody."] if writing.needs else []
        session.screen.data(" ".join(verdict) or "All is well.")
    raise typer.Exit(Exit.PARTLY_DONE if strict and (waiting or writing.needs) else Exit.DONE)


def remap(
    ctx: typer.Context,
    project: Project = None,
    connection: Annotated[
        str | None, typer.Option("--connection", help="Only what is read through this connection.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change; store nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read the stored pages anew through today's config, without asking any tracker.

    Use it after the config's mapping changed, or Crosstie itself. What was misread in the past is restated;
    deletions and the places where the next pull goes on are not touched.
    """
    from service.remapping import remap_sources
    from service.tying import retie_projects

    session = session_of(ctx)
    workspace = session.workspace()
    sources = _sources(workspace, project, connection)
    session.screen.say(
        f"Reading the stored pages of {len(sources)} sources anew"
        + ("; nothing will be stored." if dry_run else ". To see first what would change: --dry-run.")
    )
    done = list(remap_sources(workspace, sources, dry=dry_run))
    if not dry_run:
        retie_projects(workspace, project)
    if as_json:
        from reports.render.json import encode

        session.screen.data(encode({"dry_run": dry_run, "sources": [_as_dict(each) for each in done]}))
    else:
        names = {(s.connection, s.key): s.name or s.key for s in sources}
        for each in done:
            session.screen.data(_told(each, names[each.connection, each.source]))
    raise typer.Exit(_verdict(done))


def _sources(workspace: Workspace, project: str | None, connection: str | None) -> tuple[SourceSettings, ...]:
    connections = workspace.config.connections
    if connection is not None and connection not in connections:
        known = ", ".join(sorted(connections)) or "none"
        raise Failure(Exit.USAGE, f'There is no connection "{connection}". There are: {known}.')
    chosen = tuple(s for s in workspace.sources(project) if connection in (None, s.connection))
    if not chosen:
        raise Failure(Exit.CONFIGURATION, f"{workspace.path.name} has no source.")
    return chosen


def _told(each: Remapped | NotRemapped, name: str) -> str:
    """One source's outcome in words."""
    from service.remapping import NotRemapped

    if isinstance(each, NotRemapped):
        return f"{each.connection} {name}: left as it was. {each.error}"
    fields = ", ".join(f"{field} {count:,}" for field, count in sorted(each.fields.items()))
    told = f"{each.connection} {name}: {each.pages:,} pages of {each.issues:,} issues; "
    told += f"{each.added:,} new, {each.changed:,} changed{f' ({fields})' * bool(fields)}, "
    told += f"{each.restated:,} past events restated, {each.events:,} new events"
    if each.parked:
        told += f"; {each.parked:,} still not understood"
    if each.missing:
        keys = ", ".join(each.missing[:_NAMED]) + ", …" * (len(each.missing) > _NAMED)
        told += (
            f"\n    {len(each.missing):,} issues stay as they were, since no page of them is left ({keys}). "
            "Read them again: crosstie pull --full"
        )
    return told + "".join(f"\n    {note}" for note in each.notes)


def _as_dict(each: Remapped | NotRemapped) -> dict[str, object]:
    from dataclasses import asdict

    from service.remapping import NotRemapped

    if isinstance(each, NotRemapped):
        return {"connection": each.connection, "source": each.source, "error": str(each.error)}
    return asdict(each) | {"error": None}


def _verdict(done: list[Remapped | NotRemapped]) -> int:
    from service.remapping import NotRemapped

    failed = [each for each in done if isinstance(each, NotRemapped)]
    if not failed:
        return Exit.DONE
    failure = explain(failed[0].error)
    return Exit.PARTLY_DONE if len(failed) < len(done) or failure is None else failure.exit
