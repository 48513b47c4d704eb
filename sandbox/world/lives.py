"""What happens to a piece of work between the plan and the end: told for the stories, drawn for the rest.

Every work draws from a generator of its own, so that one more work changes nothing in the life of another.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from sandbox.world.cast import GITHUB, JIRA, PEOPLE, PLANNER
from sandbox.world.days import DAYS, GO_LIVE, SPRINTS, desk_time, number, running
from sandbox.world.fates import FATES, Line
from sandbox.world.plan import LENGTHS, able
from sandbox.world.work import Act, Verb, Work

__all__ = ["live"]

_LEADS: Final = {JIRA: "t-ferreira", GITHUB: "l-nowak", PLANNER: "a-byrne"}
"""Who does what has to be done in a tracker where the person meant has no account."""

_SIZES: Final = (1, 2, 3, 5, 8, 13, 20)
_NOT_IN_PLANNER: Final = {Verb.REVIEW, Verb.SPRINT}
_ONLY_IN_JIRA: Final = {Verb.LOG, Verb.UNLOG}
_FIRST_DAY: Final = 1
_LAST_DAY: Final = len(DAYS) - 1


def live(work: Work, seed: int) -> Iterator[Act]:
    """The acts on this work's records after the baseline, in the order of its home record."""
    rng = random.Random(f"{seed}/{work.id}")
    lines = FATES[work.story] if work.story in FATES else _Life(work, rng).lines()
    written = [Line(work.born, Verb.FILE, work.author, tracker=work.home)] if work.born else []
    if work.twinned:
        written.append(Line(work.twinned, Verb.FILE, work.author, tracker=work.twin))
    return _dated(work, sorted((*written, *lines), key=lambda line: line.day), rng)


def _dated(work: Work, lines: Iterable[Line], rng: random.Random) -> Iterator[Act]:
    """Give every line its instants: one at the home record, one a little later at the twin.

    The twin's delay is the same all through, so that it never overtakes itself.
    """
    lag = timedelta(minutes=rng.randint(6, 200))
    home, at = work.home, None
    for line in lines:
        wished = desk_time(rng, PEOPLE[line.by].zone, line.day)
        at = wished if at is None or wished > at else at + timedelta(minutes=rng.randint(3, 20))
        for tracker in _hearers(work, home, line):
            later = lag if tracker == work.twin and line.verb is not Verb.FILE else timedelta()
            yield Act(at + later, line.verb, _hand(line.by, tracker), work.id, tracker, line.value)
        if line.verb is Verb.MOVE:
            home = GITHUB


def _hearers(work: Work, home: str, line: Line) -> Iterator[str]:
    if line.tracker:
        yield line.tracker
        return
    present = [home]
    heard = line.verb is not Verb.TITLE and line.verb not in work.silent
    if work.twin and heard and (work.twinned is None or line.day > work.twinned):
        present.append(work.twin)
    for tracker in present:
        dated = line.verb is not Verb.DUE or work.dated in (None, tracker)
        if dated and _speaks(tracker, line.verb):
            yield tracker


def _speaks(tracker: str, verb: Verb) -> bool:
    """Whether a tracker has a place for this at all."""
    if verb in _ONLY_IN_JIRA:
        return tracker == JIRA
    if verb is Verb.PULL:
        return tracker == GITHUB
    return tracker != PLANNER or verb not in _NOT_IN_PLANNER


def _hand(by: str, tracker: str) -> str:
    return by if tracker in PEOPLE[by].logins else _LEADS[tracker]


class _Life:
    """Draws the life of one work; days are positions in DAYS."""

    def __init__(self, work: Work, rng: random.Random) -> None:
        self._work = work
        self._rng = rng
        self._notes: list[tuple[int, Line]] = []
        self._owner = work.owner or rng.choice(able(work.home, work.twin))
        self._known = self._written()
        self._earliest = self._free_from()
        self._due = number(work.due) if work.due else min(self._earliest + rng.randint(6, 70), _LAST_DAY)
        self._length = LENGTHS[work.points]
        self._decided = self._known

    def lines(self) -> list[Line]:
        work, rng = self._work, self._rng
        if work.type in ("Epic", "Feature"):
            self._note(number(SPRINTS[0].first) + 1, Verb.START, self._owner)
            return self._sorted()
        if rng.random() < 0.03 and not work.story:
            self._note(rng.randint(self._earliest, max(self._earliest, self._due)), Verb.CANCEL, work.author)
            return self._sorted()
        self._follow_go_live()
        self._pull_forward()
        start = max(self._earliest, self._due - self._length + rng.randint(-1, 2))
        self._prepare(start)
        finish = self._slip(start)
        self._defer(start, finish)
        self._do(start, finish)
        return self._sorted()

    # Where it begins

    def _written(self) -> int:
        """The first day after all its records exist."""
        days = [number(day) + 1 for day in (self._work.born, self._work.twinned) if day]
        return max((_FIRST_DAY, *days))

    def _free_from(self) -> int:
        """The first day on which it can be worked on: it waits for its sprint."""
        sprint = self._work.sprint
        return max(self._known, number(SPRINTS[sprint - 1].first) + 1) if sprint else self._known

    def _follow_go_live(self) -> None:
        """Work of the last weeks is put off when go-live is, some days after that was decided."""
        if self._work.born or not self._work.due or self._due < number(GO_LIVE.due) - 12:
            return
        for decided, until in GO_LIVE.moves:
            if self._rng.random() < 0.6:
                day = number(decided) + self._rng.randint(7, 11)
                self._put_off(day, min(self._due + self._rng.randint(5, 7), number(until) - 1))

    def _pull_forward(self) -> None:
        """Now and then something is done a sprint earlier than planned."""
        work, rng = self._work, self._rng
        if work.born or work.twinned or not work.sprint or work.sprint < 2 or rng.random() > 0.05:
            return
        box = SPRINTS[work.sprint - 2]
        day = number(box.first) + rng.randint(4, 9)
        if day <= self._known:
            return
        self._note(day, Verb.SPRINT, self._owner, box.number)
        self._due = number(box.last) - rng.randint(0, 4)
        self._note(day, Verb.DUE, self._owner, DAYS[self._due])
        self._earliest = self._decided = day + 1

    def _prepare(self, start: int) -> None:
        """Before work begins it gets what the plan left open: an owner, a size, a date, a sprint."""
        work, rng = self._work, self._rng
        before = max(self._earliest, start - rng.randint(0, 5))
        if not work.points and rng.random() < 0.6:
            self._note(before, Verb.ESTIMATE, self._owner, rng.choice((1, 2, 3, 5)))
        if not work.due and rng.random() < 0.5:
            self._note(before, Verb.DUE, self._owner, DAYS[self._due])
        if not work.owner:
            self._note(start, Verb.OWNER, self._owner, self._owner)
        box = running(start)
        if box and not work.sprint and work.home != PLANNER and work.project == "ERP" and rng.random() < 0.35:
            self._note(start, Verb.SPRINT, self._owner, box.number)

    # How it goes

    def _slip(self, start: int) -> int:
        """Draw how late it will be, with the due dates that are moved on the way; the day it is done."""
        rng, fate = self._rng, self._rng.random()
        if fate < 0.54:
            return max(start + 1, self._due - rng.randint(0, 3))
        if fate < 0.71:
            return max(start + 1, self._due + rng.randint(1, 4))
        if fate < 0.74:
            return _LAST_DAY
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            day = max(self._decided + 1, self._due - rng.randint(1, 4))
            if self._work.due:
                self._put_off(day, self._due + rng.randint(3, 10))
        return max(start + 1, self._decided + 1, self._due + rng.randint(-2, 2))

    def _put_off(self, day: int, due: int) -> None:
        """Move the due date; nothing is ever put off to a day after go-live as it stands then."""
        known = GO_LIVE.due
        for decided, until in GO_LIVE.moves:
            known = until if number(decided) < day else known
        due = min(due, number(known) - 1)
        self._decided = day
        if due > self._due:
            self._due = due
            self._note(day, Verb.DUE, self._owner, DAYS[due])

    def _defer(self, start: int, finish: int) -> None:
        """Some of what will not be done in its sprint is taken out of it before it ends."""
        work, rng = self._work, self._rng
        if not work.sprint or work.born or any(line.verb is Verb.SPRINT for _, line in self._notes):
            return
        box = SPRINTS[work.sprint - 1]
        if finish <= number(box.last) or rng.random() > 0.3:
            return
        day = number(box.first) + rng.randint(5, 14)
        following = work.sprint + 1 if work.sprint < len(SPRINTS) else None
        self._note(day, Verb.SPRINT, self._owner, following)

    def _do(self, start: int, finish: int) -> None:
        rng = self._rng
        self._note(start, Verb.START, self._owner)
        self._log(start, finish)
        self._resize(start, finish)
        if rng.random() < 0.06 and finish - start > 1:
            other = rng.choice(able(self._work.home, self._work.twin))
            self._note(rng.randint(start + 1, finish - 1), Verb.OWNER, self._owner, other)
        if rng.random() < 0.02 and not self._work.story:
            self._note(start, Verb.TITLE, self._owner, f"{self._work.title}, all sites")
        if rng.random() < 0.6 and finish - start > 1:
            self._note(finish - 1, Verb.REVIEW, self._owner)
        if rng.random() < 0.12:
            self._note(max(start, finish - 1), Verb.PULL, self._owner)
        self._note(finish, Verb.CLOSE, self._owner)
        if rng.random() < 0.04:
            self._reopen(finish)

    def _log(self, start: int, finish: int) -> None:
        for _ in range(self._rng.randint(0, 3)):
            day = self._rng.randint(start, max(start, finish - 1))
            seconds = 900 * self._rng.randint(4, 28)
            self._note(day, Verb.LOG, self._owner, seconds)

    def _resize(self, start: int, finish: int) -> None:
        """Re-estimate while it is being done: up twice as often as down."""
        points, fate = self._work.points, self._rng.random()
        if not points or fate > 0.15 or finish - start < 2:
            return
        position = _SIZES.index(points) + (1 if fate < 0.1 else -1)
        if position >= 0:
            day = self._rng.randint(start + 1, finish - 1)
            self._note(day, Verb.ESTIMATE, self._owner, _SIZES[position])

    def _reopen(self, finish: int) -> None:
        day = finish + self._rng.randint(2, 8)
        box = running(day)
        self._note(day, Verb.REOPEN, self._work.author)
        if box and self._work.sprint and box.number >= self._work.sprint:
            self._note(day, Verb.SPRINT, self._work.author, box.number)
        self._note(day + self._rng.randint(2, 6), Verb.CLOSE, self._owner)

    # The notes

    def _note(self, day: int, verb: Verb, by: str, value: object = None) -> None:
        self._notes.append((min(day, _LAST_DAY), Line(DAYS[min(day, _LAST_DAY)], verb, by, value)))

    def _sorted(self) -> list[Line]:
        return [line for _, line in sorted(self._notes, key=lambda note: note[0])]
