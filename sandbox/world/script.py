"""The whole script: every act of the half year with its instant, before any of it is played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from sandbox.world.cast import GITHUB, JIRA, PLANNER
from sandbox.world.days import BASELINE, END, MILESTONES, SPRINTS, START, desk_time, local
from sandbox.world.fates import BLOCKS
from sandbox.world.lives import live
from sandbox.world.purchases import purchases
from sandbox.world.work import Act, Verb, Work

__all__ = ["script"]

_MANAGER: Final = "h-brandt"
_SCRUM_MASTER: Final = "t-ferreira"
_INTEGRATION_LEAD: Final = "l-nowak"
_ZONE: Final = "Europe/London"
_LINKING: Final = timedelta(minutes=30)
"""How long before the baseline the records stand and only links are made."""


def script(works: Sequence[Work], seed: int) -> list[Act]:
    """All acts in the order in which they are played; the same seed and works give the same script."""
    acts = [Act(START, Verb.SET_UP, _MANAGER)]
    acts.extend(_filing(works))
    acts.extend(_linking(works, Random(f"{seed}/links")))
    acts.extend(_sprints())
    acts.extend(_milestones(Random(f"{seed}/milestones")))
    for work in works:
        acts.extend(live(work, seed))
    acts.extend(purchases())
    acts = [act for act in acts if act.at < END]
    acts.sort(key=lambda act: act.at)
    return acts


def _filing(works: Sequence[Work]) -> Iterator[Act]:
    """The plan is written down in one morning, each work followed at once by its twin."""
    todo = [
        (work.id, tracker)
        for work in works
        if not work.born
        for tracker in (work.home, None if work.twinned else work.twin)
        if tracker
    ]
    first = START + timedelta(minutes=1)
    for (id, tracker), at in zip(todo, _spread(first, BASELINE - _LINKING - first, len(todo)), strict=True):
        yield Act(at, Verb.FILE, _MANAGER, id, tracker)


def _linking(works: Sequence[Work], rng: Random) -> Iterator[Act]:
    """What has to wait for what: told for the stories, else often for an earlier work of the same part."""
    told = {work.story: work.id for work in works if work.story}
    links = [(JIRA, told[one], told[other]) for one, other in BLOCKS]
    links.extend(_drawn_links(works, rng))
    span = _LINKING - timedelta(minutes=5)
    for (tracker, one, other), at in zip(links, _spread(BASELINE - _LINKING, span, len(links)), strict=True):
        yield Act(at, Verb.BLOCK, _MANAGER, one, tracker, other)


def _drawn_links(works: Sequence[Work], rng: Random) -> Iterator[tuple[str, str, str]]:
    last: dict[tuple[str, str], Work] = {}
    for work in sorted(works, key=lambda one: one.due or date.max):
        if work.born or work.story or work.home == PLANNER or not work.due:
            continue
        earlier = last.get((work.home, work.part))
        last[work.home, work.part] = work
        if earlier and earlier.due and earlier.due < (work.start or work.due) and rng.random() < 0.4:
            yield work.home, earlier.id, work.id


def _spread(first: datetime, span: timedelta, count: int) -> Iterator[datetime]:
    """`count` whole seconds, evenly over a span."""
    for position in range(count):
        yield first + timedelta(seconds=int(span.total_seconds() * position / count))


def _sprints() -> Iterator[Act]:
    """Jira's sprints are opened and closed by hand; GitHub's iterations come by date, their cards by hand."""
    for box in SPRINTS:
        yield Act(local(_ZONE, box.first, 10), Verb.OPEN_SPRINT, _SCRUM_MASTER, value=box.number)
        if box.number < len(SPRINTS):
            yield Act(local(_ZONE, box.last, 16, 30), Verb.CLOSE_SPRINT, _SCRUM_MASTER, value=box.number)
            monday = local(_ZONE, box.last + timedelta(days=3), 8, 30)
            yield Act(monday, Verb.ROLL_ITERATION, _INTEGRATION_LEAD, value=box.number)


def _milestones(rng: Random) -> Iterator[Act]:
    for one in MILESTONES:
        by = _INTEGRATION_LEAD if one.tracker == GITHUB else _MANAGER
        for day, due in one.moves:
            at = max(local(_ZONE, day, 15), desk_time(rng, _ZONE, day))
            yield Act(at, Verb.MOVE_MILESTONE, by, one.name, value=due)
        if one.reached:
            yield Act(local(_ZONE, one.reached, 17, 15), Verb.REACH_MILESTONE, by, one.name)
