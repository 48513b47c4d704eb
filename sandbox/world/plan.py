"""The plan as it stands on the first day, and the work that will be added to it later."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from sandbox.world.cast import CAST, DEPARTMENTS, GITHUB, JIRA, PLANNER
from sandbox.world.days import DAYS, MILESTONES, SPRINTS, number
from sandbox.world.stories import told
from sandbox.world.titles import AREAS, EPICS, FEATURES, titles
from sandbox.world.work import Verb, Work

__all__ = ["LENGTHS", "able", "plan"]

_POINTS: Final = ((1, 12), (2, 20), (3, 28), (5, 24), (8, 12), (13, 4))
LENGTHS: Final[Mapping[int | None, int]] = {None: 4, 1: 2, 2: 3, 3: 5, 5: 8, 8: 12, 13: 16}
"""Points -> planned working days."""

_FIRST_DUE, _LAST_DUE = number(date(2026, 1, 13)), number(date(2026, 7, 2))
_LAST_BORN: Final = number(date(2026, 6, 25))
_TWIN_KINDS: Final = {GITHUB: ("url", "url", "key"), PLANNER: ("reference", "reference", "key")}


@dataclass(frozen=True, slots=True)
class _Share:
    """How many pieces of work of one kind a world of scale 1 has."""

    home: str
    twin: str | None
    count: int
    added: bool = False
    twinned_later: bool = False


_SHARES: Final = (
    _Share(JIRA, None, 104),
    _Share(GITHUB, None, 62),
    _Share(PLANNER, None, 66),
    _Share(JIRA, GITHUB, 17),
    _Share(JIRA, PLANNER, 14),
    _Share(GITHUB, PLANNER, 8),
    _Share(JIRA, None, 15, added=True),
    _Share(GITHUB, None, 12, added=True),
    _Share(PLANNER, None, 10, added=True),
    _Share(JIRA, GITHUB, 3, twinned_later=True),
    _Share(GITHUB, PLANNER, 2, twinned_later=True),
)

_UNHEARD: Final = (
    frozenset({Verb.DUE}),
    frozenset({Verb.CLOSE, Verb.REOPEN}),
    frozenset({Verb.OWNER}),
    frozenset({Verb.ESTIMATE}),
)
"""What some twins never hear of."""

_GROWERS: Final = {
    JIRA: ("d-whitfield", "d-whitfield", "d-whitfield", "d-whitfield", "m-lindqvist", "b-hargreaves"),
    GITHUB: ("g-okafor", "l-nowak", "l-nowak", "s-rivera"),
    PLANNER: ("b-hargreaves", "z-achterberg", "d-whitfield", "d-whitfield"),
}
"""Who asks for more: the process owner above all."""


def plan(seed: int, scale: float) -> list[Work]:
    """Everything that will ever be work in this world; `born` tells the additions from the plan."""
    rng = random.Random(f"{seed}/plan")
    works: list[Work] = []
    parents = {
        JIRA: list(_parents(JIRA, EPICS, "Epic", scale)),
        GITHUB: list(_parents(GITHUB, FEATURES, "Feature", scale, AREAS)),
    }
    for parent in (*parents[JIRA], *parents[GITHUB]):
        works.append(parent)
    works.extend(told())
    names = {tracker: titles(tracker, rng) for tracker in (JIRA, GITHUB, PLANNER)}
    for share in _SHARES:
        for ordinal in range(max(1, round(share.count * scale))):
            works.append(_draw(rng, share, names[share.home], ordinal))
    for position, work in enumerate(works, start=1):
        work.id = f"W-{position:04}"
    _settle_parents(rng, works, parents)
    _settle_sameness(works)
    return works


def _parents(
    home: str, names: Iterable[str], type: str, scale: float, parts: Iterable[str] | None = None
) -> Iterator[Work]:
    """One for each part, more of them in a larger world, so that none gets too many children."""
    for batch in range(max(1, round(scale))):
        for name, part in zip(names, parts or names, strict=True):
            title = name if batch == 0 else f"{name} (batch {batch + 1})"
            yield Work(title, home, part, type=type, owner="t-ferreira" if home == JIRA else "l-nowak")


def _draw(rng: random.Random, share: _Share, names: Iterator[tuple[str, str]], ordinal: int) -> Work:
    title, part = next(names)
    work = Work(title, share.home, part, twin=share.twin, type=_type(rng, share.home))
    work.points = None if rng.random() < 0.07 else _weighted(rng)
    work.wave = rng.choice((1, 1, 2, 2, 3, 3, None))
    work.owner = None if rng.random() < 0.09 else rng.choice(able(share.home, share.twin))
    if share.added:
        _add_later(rng, work, ordinal)
    else:
        _place(rng, work, _FIRST_DUE)
    if share.twin:
        _describe_twin(rng, work, share)
    return work


def _place(rng: random.Random, work: Work, earliest: int) -> None:
    """Give dates, sprint and milestones from the working day `earliest` on."""
    span = _LAST_DUE - earliest
    share = rng.triangular(0, 1, 0.75) if work.home == PLANNER else rng.random()
    due = earliest + int(span * share)
    start = max(0, due - LENGTHS[work.points])
    work.start, work.due = DAYS[start], DAYS[due]
    work.milestones = _milestones(rng, work, DAYS[due])
    if GITHUB in (work.home, work.twin) or JIRA in (work.home, work.twin):
        box = next((one for one in SPRINTS if one.first < DAYS[due] <= one.last), None)
        work.sprint = box.number if box and rng.random() < 0.88 else None
    if rng.random() < 0.06 and not work.sprint:
        work.start = work.due = None


def _add_later(rng: random.Random, work: Work, ordinal: int) -> None:
    """Work nobody had planned, sprint after sprint; most of it lands in the sprint that is running."""
    box = SPRINTS[ordinal % len(SPRINTS)]
    at_once = ordinal < len(SPRINTS) or rng.random() < 0.7
    last = min(number(box.last), _LAST_BORN)
    born = rng.randint(number(box.first) + 1, last - 8 if at_once else last)
    work.born = DAYS[born]
    work.author = rng.choice(_GROWERS[work.home])
    if not at_once:
        _place(rng, work, min(born + 3, _LAST_DUE))
        return
    work.start, work.due = DAYS[born + 1], DAYS[min(number(box.last), born + rng.randint(4, 12))]
    work.sprint = None if work.home == PLANNER else box.number
    work.milestones = _milestones(rng, work, work.due)


def _describe_twin(rng: random.Random, work: Work, share: _Share) -> None:
    assert share.twin is not None
    kinds = _TWIN_KINDS[share.twin] if share.home == JIRA else ("reference",)
    work.evidence = rng.choice(kinds)
    if share.twinned_later and work.start:
        work.twinned = DAYS[max(1, number(work.start) - rng.randint(1, 6))]
    work.silent = dict(enumerate(_UNHEARD)).get(rng.randrange(14), frozenset())


def _milestones(rng: random.Random, work: Work, due: date) -> dict[str, str]:
    found: dict[str, str] = {}
    for tracker in (JIRA, GITHUB):
        later = [one for one in MILESTONES if one.tracker == tracker and one.due >= due]
        if tracker in (work.home, work.twin) and later and rng.random() < 0.85:
            found[tracker] = later[0].name
    return found


def _type(rng: random.Random, home: str) -> str:
    return rng.choice(("Story", "Story", "Task", "Task", "Bug") if home == JIRA else ("Task", "Task", "Bug"))


def _weighted(rng: random.Random) -> int:
    return rng.choices([points for points, _ in _POINTS], [weight for _, weight in _POINTS])[0]


@cache
def able(home: str, twin: str | None) -> tuple[str, ...]:
    """People of the home tracker's department with an account in every tracker of the work."""
    needed = {home, twin or home}
    return tuple(
        one.key for one in CAST if one.department == DEPARTMENTS[home] and needed <= one.logins.keys()
    )


def _settle_parents(rng: random.Random, works: list[Work], parents: dict[str, list[Work]]) -> None:
    """Put work below an epic or feature of its part."""
    by_part = {
        (home, part): [one.id for one in found if one.part == part]
        for home, found in parents.items()
        for part in {one.part for one in found}
    }
    for work in works:
        choice = by_part.get((work.home, work.part))
        if choice and work.type not in ("Epic", "Feature") and work.project == "ERP" and rng.random() < 0.8:
            work.parent = rng.choice(choice)


def _settle_sameness(works: list[Work]) -> None:
    """Replace the story names that stand in `same_as` by the ids these works have got."""
    ids = {work.story: work.id for work in works if work.story}
    for work in works:
        if work.same_as:
            work.same_as = ids[work.same_as]
