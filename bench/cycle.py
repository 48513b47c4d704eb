"""What a cycle costs when little happened: the store is asked and a changeset computed, nothing is pulled.

`python -m bench.cycle [TIES] [SIDES]` makes a SQLite store of so many ties at rest and measures a cycle with
nothing changed, with 100 issues changed and with every tie looked at.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from config.load import load
from connectors.base import Batch
from model.store import Store, open_store
from model.values import Entity, EvidenceKind, Issue, Ref, StatusCategory, TieEdge
from model.writer import Kept
from sync.changes import Proposal, propose, remember
from sync.charter import Charter, Tracker, charter_of
from sync.record import Place, record

__all__ = ["make_store", "rules"]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = ("jira", "github", "plan")
WRITES = frozenset({"status", "start", "due", "assignees", "labels", "title", "percent"})
_CONFIG = """\
version = 1
[connections]
{connections}
[projects.big]
name = "Big"
write = true
sources = [{sources}]
"""
_LOT = 5000


def rules(sides: int) -> Charter:
    """The charter of a project that reads so many sources, with the rules that a project has by default."""
    from service.wiring import kinds

    used = NAMES[:sides]
    text = _CONFIG.format(
        connections="\n".join(
            f'{name} = {{ kind = "jira", url = "https://{name}.example", token = "env:T" }}' for name in used
        ),
        sources=", ".join(f'{{ connection = "{name}", project = "BIG" }}' for name in used),
    )
    config = load(text, kinds(), "bench.toml", Path.cwd())
    return charter_of(config, "big", {name: Tracker(WRITES) for name in used})


def issue(name: str, number: int) -> Issue:
    return Issue(
        Ref(name, f"{number}"),
        "BIG",
        f"{name.upper()}-{number}",
        f"Work item {number}",
        f"https://{name}.example/{number}",
        StatusCategory.DOING,
        "In progress",
        created=NOW,
        due=date(2026, 4, 1) + timedelta(days=number % 90),
        labels=frozenset({f"wave-{number % 12}"}),
        body="A few lines of text.\n" * 10,
        version="1",
    )


def make_store(path: Path, ties: int, sides: int) -> Store:
    """A store of ties that have settled."""
    store = open_store(f"sqlite:///{path}")
    used = NAMES[:sides]
    for begin in range(0, ties, _LOT):
        numbers = range(begin, min(begin + _LOT, ties))
        issues = [[issue(name, number) for name in used] for number in numbers]
        with store.transaction() as writer:
            writer.save(Entity.ISSUE, [Kept(each, NOW, NOW) for group in issues for each in group])
            edges = [_edge(group[0], other) for group in issues for other in group[1:]]
            writer.ties.save(edges, [each.ref for group in issues for each in group], NOW)
    return store


def _edge(one: Issue, other: Issue) -> TieEdge:
    low, high = sorted((one.ref, other.ref))
    return TieEdge(low, high, EvidenceKind.MARKER, "ct1.bench.0", NOW)


def keep(store: Store, proposal: Proposal, now: datetime) -> None:
    """Let everything settle and remember it, as a run does."""
    settled: dict[Ref, dict[str, str | None]] = {}
    for entry in proposal.changeset.settled:
        for side, text in entry.values.items():
            connection, _, id_ = side.partition(":")
            settled.setdefault(Ref(connection, id_), {})[entry.field] = text
    with store.transaction() as writer:
        writer.ties.agree_all(settled, now)
        remember(writer, proposal.changeset.project, proposal.memory, now)


def change(store: Store, numbers: Sequence[int], days: int) -> None:
    """So many issues of the first tracker get another due date."""
    moved = [issue("jira", number) for number in numbers]
    later = tuple(replace(each, due=date(2026, 9, 1) + timedelta(days=days)) for each in moved)
    with store.transaction() as writer:
        record(
            writer, Place("jira", "BIG", NOW + timedelta(days=days), False), Batch("issues", "c", True, later)
        )


def timed(work: Callable[[], Proposal]) -> tuple[float, float, Proposal]:
    """Seconds by the clock and of CPU."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - clock, time.process_time() - cpu, found


def measure(ties: int, sides: int) -> Iterator[str]:
    """The lines of the account."""
    charter = rules(sides)
    with tempfile.TemporaryDirectory() as folder, make_store(Path(folder) / "cycle.db", ties, sides) as store:
        whole = timed(lambda: propose(store, charter, NOW))
        yield f"first contact: {whole[0]:.1f} s, {len(whole[2].changeset.settled)} settled"
        keep(store, whole[2], NOW)
        quiet = [timed(lambda: propose(store, charter, NOW)) for _ in range(5)]
        yield f"nothing changed: {min(q[0] for q in quiet):.3f} s ({min(q[1] for q in quiet):.3f} s CPU)"
        runs = []
        for turn in range(3):
            change(store, range(turn * 100, turn * 100 + 100), turn)
            runs.append(timed(lambda: propose(store, charter, NOW)))
            keep(store, runs[-1][2], NOW)
        wrote = {len(run[2].changeset.writes) for run in runs[:1]}
        best = min(run[0] for run in runs), min(run[1] for run in runs)
        yield f"100 changed: {best[0]:.3f} s ({best[1]:.3f} s CPU), {wrote} writes"
        every = timed(lambda: propose(store, charter, NOW, whole=True))
        yield f"every tie looked at: {every[0]:.1f} s ({every[1]:.1f} s CPU)"


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    for line in measure(*(given or [100_000]), *([] if len(given) > 1 else [3])):
        print(line, flush=True)
