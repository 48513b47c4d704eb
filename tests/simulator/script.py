"""What happens in one life, as data: the same seed writes the same script, and steps can be taken out of it.

Steps name issues and values by numbers that the world takes modulo what is there, so a script without some
of its steps is still one that can be lived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from connectors.memory.faults import Call, Fault

__all__ = [
    "FIELDS",
    "Add",
    "Backup",
    "Crash",
    "Cycle",
    "Decide",
    "Edit",
    "Hide",
    "Hint",
    "Lag",
    "Meanwhile",
    "Remove",
    "Restore",
    "Script",
    "Setup",
    "Step",
    "Trouble",
    "Undo",
    "Wait",
    "write_script",
]

FIELDS = ("title", "due", "status", "labels", "percent", "assignees", "priority", "estimate")
"""What people edit here."""


@dataclass(frozen=True, slots=True)
class Setup:
    """The world at its beginning: how many trackers, ties, which rules; `coarse` trackers round."""

    trackers: int
    ties: int
    rules: Mapping[str, str]
    coarse: bool
    coupled: bool
    mirror: bool
    search_lag: int
    backlink: bool = True
    deletion: str = "unlink"


@dataclass(frozen=True, slots=True)
class Edit:
    """A person sets a field of an issue in one tracker."""

    tracker: int
    issue: int
    field: str
    value: int


@dataclass(frozen=True, slots=True)
class Add:
    """A person opens an issue; where mirroring is on, `mirrored` ones get a twin."""

    tracker: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class Remove:
    """A person deletes an issue."""

    tracker: int
    issue: int


@dataclass(frozen=True, slots=True)
class Hide:
    """What was hidden from the program is shown again, and with `away` another issue is not any more."""

    tracker: int
    issue: int
    away: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Hint:
    """A delivery says that an issue changed: it is fetched by id, without a pull."""

    tracker: int
    issue: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """Pull, tie, compute, apply."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The call after the next `after` calls of this sort to a tracker fails so."""

    tracker: int
    call: Call
    fault: Fault
    after: int


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """A person edits an issue at the very moment of such a call."""

    call: Call
    after: int
    edit: Edit


@dataclass(frozen=True, slots=True)
class Crash:
    """The program dies at the point after the next `after` ones: around commits and before calls."""

    after: int


@dataclass(frozen=True, slots=True)
class Decide:
    """A person resolves an open conflict in favour of one side."""

    conflict: int
    side: int


@dataclass(frozen=True, slots=True)
class Undo:
    """A person takes back one of the runs so far."""

    run: int


@dataclass(frozen=True, slots=True)
class Lag:
    """From now on a tracker's searches show a new issue only after so many of them."""

    tracker: int
    searches: int


@dataclass(frozen=True, slots=True)
class Backup:
    """The store is copied away."""


@dataclass(frozen=True, slots=True)
class Restore:
    """The store is replaced by its copy, if there is one."""


Step = (
    Edit
    | Add
    | Remove
    | Hide
    | Wait
    | Hint
    | Cycle
    | Trouble
    | Meanwhile
    | Crash
    | Decide
    | Undo
    | Lag
    | Backup
    | Restore
)


@dataclass(frozen=True, slots=True)
class Script:
    """One life: the beginning and what happens then; quiet follows by itself."""

    setup: Setup
    steps: tuple[Step, ...] = field(default_factory=tuple)


_POLICIES: Mapping[str, tuple[str, ...]] = {
    "title": ("ask", "newest", "owner", "one-way"),
    "due": ("ask", "ask", "newest", "owner"),
    "status": ("ask", "ask", "newest", "owner"),
    "labels": ("union",),
    "percent": ("ask", "newest", "off"),
    "assignees": ("ask", "union", "off"),
    "priority": ("ask", "owner", "off"),
    "estimate": ("ask", "newest", "off"),
}


def write_script(seed: int) -> Script:
    """The life of this seed."""
    chance = Random(seed)
    setup = _setup(chance)
    rounds = chance.choice((1, 2, 2, 3, 4))
    steps: list[Step] = []
    for _ in range(rounds):
        steps += _round(chance, setup)
    if chance.random() < 0.2:
        edits = [_edit(chance, setup), _edit(chance, setup)]
        steps = [*edits, Cycle(), Backup(), *steps, *_taken_back(edits), Restore()]
    return Script(setup, tuple(steps))


def _taken_back(edits: list[Edit]) -> list[Step]:
    """Somebody thinks better of it and sets something else: what an older copy of the store cannot know."""
    return [Cycle(), *(replace(edit, value=edit.value + 1) for edit in edits), Cycle()]


def _setup(chance: Random) -> Setup:
    coupled = chance.random() < 0.3
    rules = {name: chance.choice(policies) for name, policies in _POLICIES.items()}
    if coupled:
        rules["percent"] = "off"
    return Setup(
        trackers=chance.choice((2, 2, 3)),
        ties=chance.randint(1, 3),
        rules=rules,
        coarse=chance.random() < 0.5,
        coupled=coupled,
        mirror=chance.random() < 0.6,
        search_lag=chance.choice((0, 0, 1, 3)),
        backlink=chance.random() < 0.5,
        deletion=chance.choice(("unlink", "unlink", "cancel")),
    )


def _round(chance: Random, setup: Setup) -> list[Step]:
    """Some edits, perhaps troubles ahead, and a cycle."""
    steps: list[Step] = [_edit(chance, setup) for _ in range(chance.randint(0, 3))]
    if chance.random() < 0.35:
        steps.append(Add(0, mirrored=chance.random() < 0.8))
        if setup.mirror and chance.random() < 0.5:
            call = chance.choice((Call.CREATE, Call.CREATE, Call.MARK, Call.RECEIPT))
            steps.append(Trouble(setup.trackers - 1, call, chance.choice(tuple(Fault)), 0))
    steps += [step for odds, make in _RARELY if chance.random() < odds for step in (make(chance, setup),)]
    chance.shuffle(steps)
    return [*steps, Cycle(), Wait(chance.choice((1, 5, 60, 600)))]


def _edit(chance: Random, setup: Setup) -> Edit:
    written = [name for name in FIELDS if setup.rules[name] != "off"]
    return Edit(
        chance.randrange(setup.trackers), chance.randrange(8), chance.choice(written), chance.randrange(8)
    )


def _trouble(chance: Random, setup: Setup) -> Step:
    call = chance.choice(
        (Call.PAGE, Call.FETCH, Call.WRITE, Call.WRITE, Call.CREATE, Call.MARK, Call.RECEIPT, Call.FIND)
    )
    return Trouble(chance.randrange(setup.trackers), call, chance.choice(tuple(Fault)), chance.randrange(3))


def _meanwhile(chance: Random, setup: Setup) -> Step:
    call = chance.choice((Call.PAGE, Call.FETCH, Call.FETCH, Call.WRITE, Call.RECEIPT))
    return Meanwhile(call, chance.choice((0, 0, 1, 2)), _edit(chance, setup))


_RARELY = (
    (0.35, _trouble),
    (0.25, _trouble),
    (0.4, _meanwhile),
    (0.25, lambda chance, setup: Crash(chance.randrange(30))),
    (0.25, lambda chance, setup: Hint(chance.randrange(setup.trackers), chance.randrange(8))),
    (0.2, lambda chance, setup: Decide(chance.randrange(4), chance.randrange(3))),
    (0.08, lambda chance, setup: Remove(chance.randrange(setup.trackers), chance.randrange(8))),
    (0.1, lambda chance, setup: Hide(chance.randrange(setup.trackers), chance.randrange(8))),
    (0.1, lambda chance, setup: Undo(chance.randrange(4))),
    (0.1, lambda chance, setup: Lag(chance.randrange(setup.trackers), chance.randrange(4))),
    (0.05, lambda chance, setup: Backup()),
    (0.05, lambda chance, setup: Restore()),
)
"""How likely each is in a round."""
