"""Look: history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.app import session_of
from service.cli.reading import Json, Project, the_issue
from service.failures import Exit, Failure

if TYPE_CHECKING:
    from model.values import Change, Ref
    from reports.story import Chapter, Story
    from service.screen import Screen
    from sync.own import OwnWrite

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
    from service.reporting import look
    from sync.own import own_writes

    session = session_of(ctx)
    workspace = session.workspace()
    refs = workspace.store.find(issue)
    for key in [workspace.project(project)[0]] if project else workspace.config.projects:
        work = look(workspace, key, workspace.clock())
        items = {work.item_of[ref] for ref in refs if ref in work.item_of}
        if len(items) == 1:
            told = story(work, items.pop())
            break
    else:
        the_issue(refs, issue)
        raise Failure(Exit.USAGE, f'"{issue}" is in no project of {workspace.path.name}.')
    ours = {record.ref: own_writes(workspace.store, record.ref) for record in told.records}
    changes, left = _attributed(work.changes.get(told.item, ()), ours)
    told = story(replace(work, changes={told.item: changes}), told.item)
    if as_json:
        from reports.render.json import encode

        writes = [{"ref": str(ref), "write": each} for ref, several in ours.items() for each in several]
        body = {f.name: getattr(told, f.name) for f in fields(told)}
        session.screen.data(encode(body | {"writes": writes}))
    else:
        _tell(session.screen, told, left, workspace.config.general.timezone)


def _attributed(
    changes: Iterable[Change], ours: Mapping[Ref, Sequence[OwnWrite]]
) -> tuple[tuple[Change, ...], list[tuple[Ref, OwnWrite]]]:
    """The changes, with Crosstie as the author of its own; and what it wrote that no change tells of."""
    from sync.own import written_by

    told, seen = [], set()
    for change in changes:
        write = written_by(change, ours.get(change.ref, ()))
        if write is not None:
            seen.add((change.ref, write.run, write.field))
            change = replace(change, actor=_author(write))
        told.append(change)
    left = [
        (ref, each)
        for ref, several in ours.items()
        for each in several
        if each.state.value == "applied" and (ref, each.run, each.field) not in seen
    ]
    return tuple(told), left


def _author(write: OwnWrite) -> str:
    cause = f", from {write.why.key}" if write.why.key else ""
    return f"Crosstie (run {write.run}{cause})"


def _tell(screen: Screen, told: Story, left: Sequence[tuple[Ref, OwnWrite]], zone: str) -> None:
    from zoneinfo import ZoneInfo

    from reports.text import shown

    screen.data(shown(told.title))
    for record in told.records:
        gone = "  (gone)" if record.gone else ""
        screen.data(
            f"  {record.tracker} {shown(record.key)}: {shown(record.status)}{gone}  {shown(record.url)}"
        )
    screen.data("")
    for at, line in sorted([*_chapters(told.chapters), *_writes(told, left)], key=lambda pair: pair[0]):
        screen.data(f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}  {shown(line)}")
    if not told.chapters and not left:
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


def _writes(told: Story, left: Iterable[tuple[Ref, OwnWrite]]) -> Iterable[tuple[datetime, str]]:
    from reports.text import cut
    from service.changeset_page import label_of

    records = {record.ref: record for record in told.records}
    for ref, each in left:
        where = f"{records[ref].tracker:<8} {records[ref].key}"
        before, after = cut(each.before or "nothing", 40), cut(each.after or "nothing", 40)
        what = f"{label_of(each.field)} {before} -> {after}" if each.field else f"created as “{after}”"
        yield each.at or each.since, f"{where}: {what} by {_author(each)}"
