"""Care for what was read: health, remap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Json, Project
from service.failures import Exit, Failure, explain

if TYPE_CHECKING:
    from datetime import datetime

    from config.settings import SourceSettings
    from service.concerns import Concern
    from service.health import SourceHealth
    from service.remapping import NotRemapped
    from service.workspace import Workspace
    from service.writing_health import WritingHealth
    from sync.remap import Remapped

__all__ = ["health", "remap"]

_NAMED = 5


def health(
    ctx: typer.Context,
    project: Project = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail when something needs a person.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again and again.")] = False,
    every: Annotated[int, typer.Option("--every", min=1, help="With --watch: seconds between.")] = 5,
    as_json: Json = False,
) -> None:
    """Tell how Crosstie itself is doing: what was read when, at what cost, and what waits for somebody.

    No tracker is asked.
    """
    session = session_of(ctx)
    workspace = session.workspace()
    if watch:
        from service.watching import watch as show

        show(lambda: _page(_examined(workspace, project)), session.screen, every, workspace.sleep)
    found = _examined(workspace, project)
    if as_json:
        from reports.render.json import encode

        told = {"schema": "crosstie/health/1", "as_of": found.now, "complete": not found.troubled}
        told |= {"sources": found.sources, "writing": found.writing, "concerns": found.concerns}
        session.screen.data(encode(told))
    else:
        for line in _page(found):
            session.screen.data(line)
    raise typer.Exit(Exit.PARTLY_DONE if strict and found.troubled else Exit.DONE)


@dataclass(frozen=True)
class _Examined:
    """What health knows; `concerns` is everything that waits for somebody, in one list."""

    now: datetime
    sources: tuple[SourceHealth, ...]
    writing: WritingHealth
    concerns: tuple[Concern, ...]

    @property
    def troubled(self) -> bool:
        return any(each.needs for each in self.sources) or bool(self.writing.needs) or bool(self.concerns)


def _examined(workspace: Workspace, project: str | None) -> _Examined:
    from service.concerns import find_concerns
    from service.health import examine_sources
    from service.writing_health import examine_writing

    found = examine_sources(workspace, _sources(workspace, project, None))
    names = [workspace.project(project)[0]] if project else list(workspace.config.projects)
    writing = examine_writing(workspace, names)
    return _Examined(workspace.clock(), found, writing, find_concerns(workspace, found))


def _page(found: _Examined) -> list[str]:
    """The page for people, free of anything that a terminal would obey."""
    from reports.text import shown
    from service.concerns import told
    from service.health import common_lines, lines
    from service.writing_health import writing_lines

    page = [line for each in found.sources for line in lines(each, found.now)]
    page += [*writing_lines(found.writing), *common_lines(found.sources), *told(found.concerns, found.now)]
    waiting = sum(bool(each.needs) for each in found.sources)
    verdict = [f"{waiting} of {len(found.sources)} sources need somebody."] if waiting else []
    verdict += ["Writing needs somebody."] if found.writing.needs else []
    if found.troubled and not verdict:
        verdict = [f"{len(found.concerns)} things need somebody."]
    return [*map(shown, page), " ".join(verdict) or "All is well."]


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
