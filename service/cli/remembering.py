"""Look: history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Json, Project, the_issue
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from reports.story import Chapter, Story
    from service.own_writes import OwnWrite
    from service.screen import Screen

__all__ = ["history"]


def history(
    ctx: typer.Context,
    issue: Annotated[str, typer.Argument(help="An issue's key, former key, id or connection:id.")],
    project: Project = None,
    as_json: Json = False,
) -> None:
    """Show an issue's life across the trackers: every change of every tied record, in one order.

    What Crosstie itself wrote is among it, with the run that wrote it. Example: crosstie history PAY-88
    """
    from reports.story import story
    from service.own_writes import own_writes, strange
    from service.reporting import look

    session = session_of(ctx)
    workspace = session.workspace()
    ref = the_issue(workspace.store.find(issue), issue)
    for key in [workspace.project(project)[0]] if project else workspace.config.projects:
        work = look(workspace, key, workspace.clock())
        if ref in work.item_of:
            told = story(work, work.item_of[ref])
            break
    else:
        raise Failure(Exit.USAGE, f'"{issue}" is in no project of {workspace.path.name}.')
    trackers = {record.ref.connection: record.tracker for record in told.records}
    ours = own_writes(workspace.store, [record.ref for record in told.records], trackers)
    told = replace(told, chapters=strange(told, ours))
    if as_json:
        from reports.render.json import encode

        session.screen.data(encode({f.name: getattr(told, f.name) for f in fields(told)} | {"writes": ours}))
    else:
        _tell(session.screen, told, ours, workspace.config.general.timezone)


def _tell(screen: Screen, told: Story, ours: Sequence[OwnWrite], zone: str) -> None:
    from zoneinfo import ZoneInfo

    from reports.text import shown

    screen.data(shown(told.title))
    for record in told.records:
        gone = "  (gone)" if record.gone else ""
        screen.data(
            f"  {record.tracker} {shown(record.key)}: {shown(record.status)}{gone}  {shown(record.url)}"
        )
    screen.data("")
    for at, line in sorted([*_chapters(told.chapters), *_writes(ours)], key=lambda pair: pair[0]):
        screen.data(f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}  {shown(line)}")
    if not told.chapters and not ours:
        screen.data("Nothing has changed since it was created.")


def _chapters(chapters: Iterable[Chapter]) -> Iterable[tuple[datetime, str]]:
    from reports.text import cut

    for chapter in chapters:
        who = f" by {chapter.actor}" if chapter.actor else ""
        how = "" if chapter.origin == "recorded" else " (found by comparing two reads)"
        before, after = cut(chapter.before, 40), cut(chapter.after, 40)
        yield (
            chapter.at,
            f"{chapter.tracker:<8} {chapter.key}: {chapter.field} {before} -> {after}{who}{how}",
        )


def _writes(ours: Iterable[OwnWrite]) -> Iterable[tuple[datetime, str]]:
    from reports.text import cut
    from service.changeset_page import label_of

    for each in ours:
        before, after = cut(each.before, 40), cut(each.after, 40)
        cause = f", from {each.cause}" if each.cause else ""
        what = f"{label_of(each.field)} {before} -> {after} by Crosstie (run {each.run}{cause})"
        yield each.at, f"{each.tracker:<8} {each.key}: {what}"
