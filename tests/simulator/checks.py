"""What must be so when all is quiet: the sides agree or a person is asked, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from model.outbox import State
from model.values import Issue, Ref
from tests.simulator.program import Program
from tests.simulator.world import World

__all__ = ["faults_at_the_end"]


def faults_at_the_end(world: World, program: Program) -> list[str]:
    """Everything that is not as it must be."""
    return [
        *_apart(world, program),
        *_groundless(world, program),
        *_twice(world),
        *_unaudited(world, program),
        *_unsettled(program),
    ]


def _apart(world: World, program: Program) -> Iterator[str]:
    """Fields on which tied issues still differ although nobody is asked and nothing forbids to write."""
    found = list(_differing(world, program))
    explained = program.explained() if found else frozenset()
    for one, other, name in found:
        if not explained & {(one.ref, name), (other.ref, name)}:
            values = getattr(one, name), getattr(other, name)
            yield f"{one.ref} and {other.ref} differ in {name}: {values[0]!r} and {values[1]!r}"


def _differing(world: World, program: Program) -> Iterator[tuple[Issue, Issue, str]]:
    for tie in program.ties():
        there = [issue for issue in (_there(world, ref) for ref in tie) if issue is not None]
        for one, other in combinations(there, 2):
            for name in sorted(world.ledger.fields):
                if not _alike(world, one.ref, other.ref, name):
                    yield one, other, name


def _groundless(world: World, program: Program) -> Iterator[str]:
    """Conflicts over a field that nobody edited on two sides without knowing of the other."""
    for conflict in program.last.conflicts if program.last else ():
        refs = [side.ref for side in conflict.sides]
        if world.is_excused(refs, conflict.field, conflict.proven) or world.ledger.is_contested(
            refs, conflict.field
        ):
            continue
        told = ", ".join(f"{side.ref} says {side.shown}" for side in conflict.sides)
        yield f"a conflict that nobody caused: {conflict.field}: {told}"


def _alike(world: World, one: Ref, other: Ref, name: str) -> bool:
    fields = [world.trackers[ref.connection].form.fields for ref in (one, other)]
    if any(name not in each for each in fields):
        return True
    return all(
        world.rounded(one, name, left) == world.rounded(one, name, right)
        or world.rounded(other, name, left) == world.rounded(other, name, right)
        for left, right in world.ledger.pairs(one, other, name)
    )


def _there(world: World, ref: Ref) -> Issue | None:
    return next((i for i in world.trackers[ref.connection].issues() if i.ref == ref), None)


def _twice(world: World) -> Iterator[str]:
    """Issues created more than once for the same origin in the same tracker.

    One that lost its marker is known by its title alone, and a restored store knows nothing of it at all.
    """
    lost = world.unmarked if world.was_restored else set()
    for origin, made in world.made.items():
        for connection in {ref.connection for ref in made}:
            several = [str(ref) for ref in made if ref.connection == connection and ref not in lost]
            if len(several) > 1:
                yield f"{origin or 'an issue'} was created {len(several)} times: {', '.join(several)}"


def _unaudited(world: World, program: Program) -> Iterator[str]:
    """Writes that no older audit entry tells of, and a log that does not hold together."""
    with program.store.reading() as books:
        yield from (f"audit: {fault}" for fault in books.audit.verify())
    yield from world.unaudited


def _unsettled(program: Program) -> Iterator[str]:
    """Writes whose fate is open although every answer came; a parked one waits for a person, who is told."""
    with program.store.reading() as books:
        for entry in books.outbox.unsettled():
            if entry.state in (State.SENT, State.UNKNOWN, State.INTENDED):
                yield f"{entry.intent} {entry.target} {entry.field} is still {entry.state}: {entry.error}"
        for run in books.outbox.runs():
            if run.outcome == "running":
                yield f"run {run.pk} never ended"
