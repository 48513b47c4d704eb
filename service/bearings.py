"""What people must know beside a changeset: the trackers' names and ages, the ties' issues, who is who."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from model.condition import read_condition
from model.progress import Outcome
from reports.voice import Voice
from reports.work import TRACKERS
from service.changeset_page import Around, Member
from sync.groups import chains, people_of, standing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from model.agreement import Agreement
    from model.values import Issue, Ref
    from service.workspace import Workspace
    from sync.changeset import Changeset
    from sync.charter import Charter

__all__ = ["bearings", "tracker_names"]


def tracker_names(workspace: Workspace, charter: Charter) -> dict[str, str]:
    """Connection -> what people call it: its kind, or its own name where a project reads two of a kind."""
    used = sorted({connection for connection, _ in charter.sources})
    kinds = {name: workspace.config.connections[name].kind for name in used}
    called = {name: TRACKERS.get(kind, kind) for name, kind in kinds.items()}
    often = Counter(called.values())
    return {name: word if often[word] == 1 and word != "the file" else name for name, word in called.items()}


def bearings(workspace: Workspace, charter: Charter, changeset: Changeset | None = None) -> Around:
    """All of it for one changeset, or for a project; the store is read, and no tracker asked."""
    general, project = workspace.config.general, charter.project
    zone = ZoneInfo(general.timezone)
    now = workspace.clock()
    names = tracker_names(workspace, charter)
    ties = _ties(changeset) if changeset is not None else set()
    with workspace.store.reading() as books:
        agreement = books.agreement(charter.sources)
        people = people_of(agreement, charter)
        called = {account.ref: account.name for account in agreement.accounts()}
        members = _members(agreement, ties, charter.sources)
    called |= {ref: people.called[person] for ref, person in people.of.items() if person in people.called}
    return Around(
        voice=Voice(general.language, now.astimezone(zone).date(), zone),
        trackers=names,
        ages=_ages(workspace, charter, names),
        members={
            tie: {i.ref: Member(names.get(i.ref.connection, i.ref.connection), i.key, i.title) for i in found}
            for tie, found in members.items()
        },
        people=called,
        limit=max(int(project.guard.run * (changeset.ties if changeset else 0)), project.guard.free),
        share=project.guard.run,
    )


def _ties(changeset: Changeset) -> set[Ref]:
    several = (changeset.writes, changeset.conflicts, changeset.refusals, changeset.settled)
    return {each.tie for part in several for each in part}


def _ages(
    workspace: Workspace, charter: Charter, names: Mapping[str, str]
) -> tuple[tuple[str, timedelta | None], ...]:
    """How long ago the oldest source of each connection was read completely; None: one never was."""
    now = workspace.clock()
    found: dict[str, timedelta | None] = {}
    for connection, source in charter.sources:
        courses = read_condition(workspace.store.database, connection, source, now).courses
        ends = [course.ended for course in courses if course.outcome == Outcome.COMPLETE.value]
        last = ends[-1] if ends else None
        age = None if last is None else max(timedelta(0), now - last)
        before = found.get(connection, timedelta(0))
        found[connection] = None if age is None or before is None else max(age, before)
    return tuple((names[connection], age) for connection, age in found.items())


def _members(
    agreement: Agreement, ties: Collection[Ref], sources: Sequence[tuple[str, str]]
) -> dict[Ref, list[Issue]]:
    """The issues of each tie that is named by its smallest one, in the order of the project's sources."""
    places = {place: number for number, place in enumerate(sources)}
    numbers = agreement.numbers(ties)
    groups = chains(standing(agreement.edges(numbers.values())), numbers.values())
    issues = agreement.issues([number for group in groups for number in group])
    home = {number: group for group in groups for number in group}
    found: dict[Ref, list[Issue]] = {}
    for tie, number in numbers.items():
        there = [issues[each] for each in home[number] if each in issues and not issues[each].gone]
        found[tie] = sorted(there, key=lambda i: (places[i.ref.connection, i.source], i.ref))
    return found
