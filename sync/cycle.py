"""One round for a project: pull, settle what is open, tie, compute, guard, apply; told step by step.

The daemon and the command line both drive this; nothing below it knows which one did.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from config.settings import Config, SourceSettings
from connectors.base import Connector
from connectors.writing import WritingConnector
from model.books import Books
from model.leases import Lease
from model.outbox import RunKind
from model.store import Store
from sync import pull as pulling
from sync.apply import apply
from sync.authority import Watch
from sync.changes import propose
from sync.changeset import Changeset
from sync.charter import Charter, Tracker
from sync.guards import Reason, Source, Surroundings, Verdict, held_back, judge
from sync.means import Clock, Means
from sync.memory import Memory, recall, remember
from sync.outcome import Halted
from sync.outcome import Step as Applying
from sync.resume import resume
from sync.send import PAUSED, Signs
from sync.standing import ProjectSides
from sync.tie import retie

__all__ = ["Guarded", "Proposed", "Step", "cycle", "guarded", "means_of", "surroundings", "trackers_of"]

Pull = Callable[[SourceSettings], Iterator[pulling.Step]]

_DAY = timedelta(days=1)
_TIES_HOLD = timedelta(hours=1)
"""So long ties may stand without another look at every text."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the run would do, before any guard looked at it."""

    changeset: Changeset


@dataclass(frozen=True, slots=True)
class Guarded:
    """What stands against it, and what is left of it to be applied."""

    verdicts: tuple[Verdict, ...]
    changeset: Changeset


Step = pulling.Step | Proposed | Guarded | Applying


def trackers_of(
    connectors: Mapping[str, object], verified: Collection[str] = (), own: Mapping[str, str] | None = None
) -> dict[str, Tracker]:
    """What the engine has to know of each connection's tracker; `own` maps a connection to our account."""
    known = own or {}
    return {
        name: Tracker(connector.capabilities.writes, connector.rounded, name in verified, own=known.get(name))
        if isinstance(connector, WritingConnector)
        else Tracker(verified=name in verified)
        for name, connector in connectors.items()
    }


def means_of(
    store: Store,
    config: Config,
    charter: Charter,
    connectors: Mapping[str, Connector],
    marker: Callable[[str, str, str], str],
    clock: Clock,
    by: str,
    lease: Lease | None = None,
    *,
    insist: bool = False,
) -> Means:
    """What a run of a project works with."""
    signs = Signs(
        charter.name,
        charter.project,
        config.connections,
        config.general.timezone,
        charter.audiences.seen,
        lease,
    )
    sources = {(source.connection, source.key): source for source in charter.project.sources}
    sides = ProjectSides(charter)
    return Means(store, connectors, sources, signs, sides, marker, clock, by, insist)


def cycle(
    means: Means,
    charter: Charter,
    pull: Pull | None = None,
    accepted: Callable[[Reason], bool] = lambda reason: False,
    *,
    write: bool = True,
) -> Iterator[Step]:
    """Carry a project's round out. `pull` reads one source (None: nothing is read); without `write` nothing
    is written anywhere but what was read.

    `accepted` says which guards a person lets pass this once. Errors of the store end it, such as LeaseLost.
    """
    store, project = means.store, charter.project
    for source in project.sources if pull is not None else ():
        assert pull is not None
        yield from pull(source)
    if write:
        yield from resume(means)
        _retie_if_moved(means, charter)
    else:
        retie(store, project, means.clock(), _watch(charter))
    proposal = propose(store, charter, means.clock())
    yield Proposed(proposal.changeset)
    if not write:
        return
    verdicts: tuple[Verdict, ...] = ()
    if proposal.changeset.writes:
        with store.reading() as books:
            around = surroundings(books, means, charter)
        verdicts = judge(proposal.changeset, project, means.signs.connections, around)
    left = guarded(proposal.changeset, verdicts, accepted)
    if verdicts:
        yield Guarded(verdicts, left)
    halted = False
    for step in apply(means, left, kind=RunKind.SYNC):
        halted = halted or (isinstance(step, Halted) and step.run is None)
        yield step
    if not halted:
        _remember(means, charter, proposal.memory, verdicts)


def guarded(
    changeset: Changeset, verdicts: Collection[Verdict], accepted: Callable[[Reason], bool]
) -> Changeset:
    """The changeset without the writes that are held back; they come again with the next one."""
    stopped = held_back(verdicts, accepted)
    if not stopped:
        return changeset
    left = tuple(write for write in changeset.writes if (write.target, write.field) not in stopped)
    return replace(changeset, writes=left)


def surroundings(books: Books, means: Means, charter: Charter) -> Surroundings:
    """What the guards look at beside a changeset."""
    now = means.clock()
    paused = books.leases.flag(PAUSED)
    before = {flag.name: int(flag.value) for flag in books.leases.flags(_counted(charter, ""))}
    counts = books.agreement(charter.sources).counts()
    return Surroundings(
        today=now.astimezone(ZoneInfo(means.signs.zone)).date(),
        paused="" if paused is None else f"{paused.by} paused all writing",
        day=books.outbox.tallies(now - _DAY),
        sources=tuple(
            Source(*place, before.get(_counted(charter, *place), count), count)
            for place, count in sorted(counts.items())
        ),
    )


def _retie_if_moved(means: Means, charter: Charter) -> None:
    """Find the ties anew where something came that may tie: it looks at every issue.

    A text may change without a word in any history, so now and then they are found anew in any case.
    """
    name, rules = f"ties.{charter.name}", sha256(charter.project.ties.model_dump_json().encode()).hexdigest()
    with means.store.reading() as books:
        memory, flag = recall(books, charter.name), books.leases.flag(name)
        agreement, now = books.agreement(charter.sources), means.clock()
        if memory is not None and flag is not None and flag.value == rules:
            quiet = memory.mark == agreement.mark()
            if quiet or (now - flag.at < _TIES_HOLD and not agreement.worded(memory.mark)):
                return
    retie(means.store, charter.project, now, _watch(charter))
    with means.store.transaction() as writer:
        writer.leases.set(name, rules, means.by, now)


def _watch(charter: Charter) -> Watch:
    return Watch(charter.audiences, charter.people, charter.verified, charter.ours)


def _remember(means: Means, charter: Charter, memory: Memory, verdicts: Collection[Verdict]) -> None:
    """Keep how far this round looked, and how many issues each source held while nothing was amiss."""
    with means.store.reading() as books:
        known = recall(books, charter.name)
        if known is not None and replace(known, at=memory.at) == memory:
            return
    now = means.clock()
    with means.store.transaction() as writer:
        remember(writer, charter.name, memory, now)
        if any(verdict.reason is Reason.EMPTY for verdict in verdicts):
            return
        held = {flag.name: flag.value for flag in writer.leases.flags(_counted(charter, ""))}
        for place, count in writer.agreement(charter.sources).counts().items():
            name = _counted(charter, *place)
            if held.get(name) != str(count):
                writer.leases.set(name, str(count), means.by, now)


def _counted(charter: Charter, connection: str, source: str = "") -> str:
    """The flag that keeps how many issues a source held."""
    name = f"count.{charter.name}."
    return f"{name}{connection}.{source}" if connection else name
