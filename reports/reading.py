"""From a view of the store to a project's work: records become lives, tied lives become items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from config.settings import Config, Project
from model.values import Change, Entity, Issue, Milestone, Ref
from reports.calendar import working_calendar
from reports.containers import Goal, TimeBox, goals, time_boxes
from reports.identity import canonical
from reports.items import ItemReader
from reports.lives import Facts, Life, Member, Rank, Timeline, joined, record_life
from reports.translation import Translation
from reports.work import Work

if TYPE_CHECKING:
    from model.view import View

__all__ = ["read_work"]

_TRACKED = (
    *("due", "estimate", "finished", "gone", "labels", "milestone"),
    *("parent", "source", "sprints", "start", "status"),
)


def read_work(view: View, config: Config, name: str) -> Work:
    """Everything the reports of the project `name` need, read once. KeyError: no such project."""
    project = config.projects[name]
    homes = {(source.connection, source.key): place for place, source in enumerate(project.sources)}
    changed = _by_ref(view.changes(Entity.ISSUE))
    issues = [issue for issue in view.all_issues() if _is_read(issue, changed.get(issue.ref, ()), homes)]
    ranks = _ranks(issues, project, homes)
    members: dict[str, list[Issue]] = defaultdict(list)
    item_of = canonical((issue.ref for issue in issues), view.ties())
    for issue in sorted(issues, key=lambda issue: ranks[issue.ref].source):
        members[item_of[issue.ref]].append(issue)
    work = _bare(view, config, name, homes, item_of, ranks)
    translation = Translation(work, homes)
    records = {issue.ref: _life(view, issue, changed.get(issue.ref, ()), translation) for issue in issues}
    lives = {
        item: joined([Member(ranks[issue.ref], records[issue.ref]) for issue in members[item]])
        for item in sorted(members)
    }
    work = replace(
        work,
        lives=lives,
        children=_members(lives, _parents),
        goal_members=_members(lives, attrgetter("milestones")),
        box_members=_members(lives, attrgetter("sprints")),
        changes={item: _together(changed, issues) for item, issues in members.items()},
        history_from={item: _history(view, issues, ranks) for item, issues in members.items()},
    )
    reader = ItemReader(work, records, translation)
    return replace(work, items={item: reader.item(item, members[item]) for item in lives})


def _by_ref(changes: Iterable[Change]) -> dict[Ref, list[Change]]:
    found: dict[Ref, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.ref].append(change)
    return dict(found)


def _is_read(issue: Issue, changes: Sequence[Change], homes: Mapping[tuple[str, str], int]) -> bool:
    """Whether the project reads the issue, or did before it was moved elsewhere."""
    sources = [issue.source, *(str(c.before) for c in changes if c.field == "source")]
    return any((issue.ref.connection, source) in homes for source in sources)


def _ranks(
    issues: Sequence[Issue], project: Project, homes: Mapping[tuple[str, str], int]
) -> dict[Ref, Rank]:
    """Who speaks first per family: the configured master, then the order of the project's sources."""

    def places(master: str | None) -> dict[Ref, int]:
        def order(issue: Issue) -> tuple[bool, int, Ref]:
            place = homes.get((issue.ref.connection, issue.source), len(homes))
            return issue.ref.connection != master, place, issue.ref

        return {issue.ref: place for place, issue in enumerate(sorted(issues, key=order))}

    masters = project.masters
    by_source, by_dates = places(None), places(masters.dates)
    by_estimate, by_status = places(masters.estimate), places(masters.status)
    return {ref: Rank(by_source[ref], by_dates[ref], by_estimate[ref], by_status[ref]) for ref in by_source}


def _bare(
    view: View,
    config: Config,
    name: str,
    homes: Mapping[tuple[str, str], int],
    item_of: Mapping[Ref, str],
    ranks: Mapping[Ref, Rank],
) -> Work:
    """The work without its items: what the items are read with."""
    project = config.projects[name]
    return Work(
        name=name,
        project=project,
        config=config,
        calendar=working_calendar(config.general.calendar, config.general.timezone),
        at=view.at,
        known=view.known,
        items={},
        lives={},
        changes={},
        children={},
        predecessors=_predecessors(view, item_of),
        time_boxes=_time_boxes(view, homes),
        goals=_goals(view, project, homes),
        goal_members={},
        box_members={},
        item_of=item_of,
        ranks=ranks,
        history_from={},
        people=_people(view, config),
        view=view,
    )


def _time_boxes(view: View, homes: Mapping[tuple[str, str], int]) -> tuple[TimeBox, ...]:
    mine = [s for s in view.sprints() if (s.ref.connection, s.source) in homes]
    return time_boxes(sorted(mine, key=lambda s: (homes[s.ref.connection, s.source], s.ref)))


def _goals(view: View, project: Project, homes: Mapping[tuple[str, str], int]) -> tuple[Goal, ...]:
    def order(milestone: Milestone) -> tuple[object, ...]:
        place = homes[milestone.ref.connection, milestone.source]
        return milestone.ref.connection != project.masters.dates, place, milestone.ref

    mine = [m for m in view.milestones() if (m.ref.connection, m.source) in homes]
    return goals(mine, view.changes(Entity.MILESTONE), project.milestones, order)


def _people(view: View, config: Config) -> dict[str, str]:
    """Account ("connection:id") -> name: the config's people before what the trackers call their accounts."""
    names = {str(account.ref): account.name for account in view.accounts()}
    for person in config.people.values():
        names |= {f"{connection}:{account}": person.name for connection, account in person.accounts.items()}
    return names


def _life(view: View, issue: Issue, changes: Sequence[Change], translation: Translation) -> Life:
    moved = {change.field for change in changes}.intersection(_TRACKED)
    timelines: dict[str, Timeline] = {}
    for name in sorted(moved):
        if timeline := view.timeline(issue.ref, name):
            timelines[name] = timeline
    first = min((timeline[0][0] for timeline in timelines.values()), default=None)
    begin = issue.created or first or view.history_from(issue.ref)
    values = {name: getattr(issue, name) for name in _TRACKED}
    return record_life(begin, values, timelines, partial(translation.facts, issue))


def _together(changed: Mapping[Ref, Sequence[Change]], members: Sequence[Issue]) -> tuple[Change, ...]:
    """The changes of an item's records in one order of time."""
    found = [change for issue in members for change in changed.get(issue.ref, ())]
    return tuple(found if len(members) == 1 else sorted(found, key=lambda change: change.at))


def _history(view: View, members: Sequence[Issue], ranks: Mapping[Ref, Rank]) -> datetime:
    """How far back the record goes that speaks for the item's dates."""
    speaker = min(members, key=lambda issue: ranks[issue.ref].dates)
    return view.history_from(speaker.ref)


def _members(
    lives: Mapping[str, Life], belongs: Callable[[Facts], frozenset[str]]
) -> dict[str, tuple[str, ...]]:
    """Whatever items ever belonged to -> those items, sorted."""
    found: dict[str, list[str]] = defaultdict(list)
    for item, life in lives.items():
        for owner in frozenset().union(*map(belongs, life.facts)):
            found[owner].append(item)
    return {owner: tuple(items) for owner, items in found.items()}


def _parents(facts: Facts) -> frozenset[str]:
    return frozenset() if facts.parent is None else frozenset({facts.parent})


def _predecessors(view: View, item_of: Mapping[Ref, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for link in view.dependencies():
        before, after = item_of.get(link.predecessor), item_of.get(link.successor)
        if before is not None and after is not None and before != after:
            found[after].add(before)
    return {after: tuple(sorted(before)) for after, before in found.items()}
