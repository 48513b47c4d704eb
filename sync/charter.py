"""What governs a project's writing, out of the config and of what its trackers can hold: pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from config.rules import FIELDS
from config.settings import Config, Person, Project, SourceSettings
from model.values import Ref
from sync.audience import Audiences, audiences_of
from sync.merge import Ruling
from sync.sides import Terms

__all__ = ["Charter", "Place", "Rounding", "Tracker", "charter_of"]

Place = tuple[str, str]
"""A source, as (connection, key)."""

Rounding = Callable[[str, object], object]
"""(field, value) -> the value as a tracker would hold it."""


@dataclass(frozen=True, slots=True)
class Tracker:
    """What is known of a connection's tracker: the fields it can be written, and how it rounds them.

    `writes` is empty where it is only read. `holds`: source key -> the fields that this source can hold,
    where that is not all of `writes`; `rounds`: source key -> how this source rounds, where that is not as
    `rounded`. `verified`: its accounts' addresses may match people. `own`: our account there. `lost`: why
    it cannot be used now, "" where it can.
    """

    writes: Collection[str] = frozenset()
    rounded: Rounding | None = None
    verified: bool = False
    holds: Mapping[str, Collection[str]] = field(default_factory=dict)
    own: str | None = None
    rounds: Mapping[str, Rounding] = field(default_factory=dict)
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Charter:
    """`rules` is a digest of everything in the config and the trackers that may change a decision."""

    name: str
    project: Project
    rules: str
    terms: Terms
    audiences: Audiences
    people: Mapping[str, Person]
    verified: frozenset[str]
    ours: frozenset[Ref]
    browse: Mapping[str, str]

    @property
    def sources(self) -> tuple[Place, ...]:
        """The project's sources in its order."""
        return tuple((source.connection, source.key) for source in self.project.sources)


def charter_of(config: Config, name: str, trackers: Mapping[str, Tracker]) -> Charter:
    """The charter of a project; `trackers` has one for each connection that the project reads."""
    project = config.projects[name]
    sources: tuple[SourceSettings, ...] = project.sources
    used = sorted({source.connection for source in sources})
    known = {connection: trackers.get(connection, Tracker()) for connection in used}
    terms = Terms(
        rules=_rulings(project),
        holds={
            (source.connection, source.key): frozenset(known[source.connection].writes)
            & frozenset(known[source.connection].holds.get(source.key, known[source.connection].writes))
            for source in sources
            if known[source.connection].writes
        },
        rounded=_roundings(sources, known),
        priorities=config.mapping.priority,
        hours_per_day=config.general.calendar.hours_per_day,
        locked=_locked(config, known),
        lost={name: tracker.lost for name, tracker in known.items() if tracker.lost},
    )
    return Charter(
        name,
        project,
        _digest(config, name, terms),
        terms,
        audiences_of(config),
        config.people,
        frozenset(each for each, tracker in known.items() if tracker.verified),
        frozenset(Ref(each, tracker.own) for each, tracker in known.items() if tracker.own),
        {each: config.connections[each].browse for each in used},
    )


def _rulings(project: Project) -> dict[str, Ruling]:
    rules = {name: project.rules.of(name) for name in FIELDS.values()}
    return {
        name: Ruling(rule.policy, rule.connection) for name, rule in rules.items() if rule.policy != "off"
    }


def _roundings(sources: Sequence[SourceSettings], known: Mapping[str, Tracker]) -> dict[Place, Rounding]:
    found: dict[Place, Rounding] = {}
    for source in sources:
        tracker = known[source.connection]
        made = tracker.rounds.get(source.key, tracker.rounded)
        if made is not None:
            found[source.connection, source.key] = made
    return found


def _locked(config: Config, known: Mapping[str, Tracker]) -> dict[str, str]:
    found = {
        name: f"{name} is only read: nothing can be written through a connection of kind "
        f"{config.connections[name].kind}"
        for name, tracker in known.items()
        if not tracker.writes
    }
    found |= {name: tracker.lost for name, tracker in known.items() if tracker.lost}
    return found | {
        name: f"[connections.{name}] is read_only; take that out to write through it"
        for name in known
        if config.connections[name].read_only
    }


def _digest(config: Config, name: str, terms: Terms) -> str:
    """Stable over everything but what is only shown: names, dates and limits of the project."""
    project = config.projects[name]
    used = sorted({source.connection for source in project.sources})
    said = (
        project.model_dump_json(include={"rules", "mirrors", "dimensions"}),
        [source.model_dump_json() for source in project.sources],
        [(each, config.connections[each].visibility, config.connections[each].read_only) for each in used],
        config.mapping.model_dump_json(),
        {
            key: person.model_dump_json(include={"accounts", "emails"})
            for key, person in config.people.items()
        },
        {key: audience.model_dump_json() for key, audience in config.audiences.items()},
        [(*place, sorted(fields)) for place, fields in sorted(terms.holds.items())],
        str(terms.hours_per_day),
    )
    return sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()
