"""`python -m bench`: measure, print the tables and write them to docs/performance.md.

Everything is measured in one run on one machine, so that ratios mean something where seconds do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.ours import Cost
from bench.run import crowd, floor, library, ours
from bench.work_day import the_day

__all__: list[str] = []

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
LATENCY = 0.2
KINDS = {"jira": "Jira with changelog", "github": "GitHub with history", "planner": "Planner with details"}
REQUESTS = {
    "jira": ("Jira", 110),
    "github": ("GitHub", 205),
    "github-board": ("GitHub with a Projects board", 310),
    "planner": ("Planner, details expanded", 60),
    "planner-batch": ("Planner, details in batches", 510),
}
"""Kind of crowd -> its name and the most requests for 10,000 issues."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Microseconds of CPU for one more issue, of several programs on the same answers."""

    kind: str
    ours: float
    floor: float
    library: float | None
    events: float
    memory: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Options:
    small: int
    large: int
    few: int
    requests: int
    waited: int


def measure_slope(kind: str, options: Options) -> Slope:
    costs: list[tuple[Cost, Cost]] = []
    for size in (options.small, options.large):
        with crowd(kind, size) as where:
            (cost,), asked = ours(where)
            costs.append((cost, floor(where, asked, cost.events / size)))
    (first, low), (second, high) = costs
    span = options.large - options.small
    plain = _library_slope(kind, options.few) if kind != "planner" else None
    return Slope(
        KINDS[kind],
        (second.cpu - first.cpu) / span * 1e6,
        (high.cpu - low.cpu) / span * 1e6,
        plain,
        second.events / second.issues,
        (first.memory, second.memory),
    )


def _library_slope(kind: str, few: int) -> float:
    costs = []
    for size in (few, 3 * few):
        with crowd(kind, size) as where:
            costs.append(library(where).cpu)
    return (costs[1] - costs[0]) / (2 * few) * 1e6


def requests_table(size: int) -> Iterator[str]:
    yield "| | full read | at most | nothing changed |"
    yield "|---|---:|---:|---:|"
    for kind, (name, most) in REQUESTS.items():
        with crowd(kind, size) as where:
            (full, again), _ = ours(where, pulls=2)
        yield f"| {name} | {full.requests} | {round(most * size / 10_000)} | {again.requests} |"


def waiting_table(size: int) -> Iterator[str]:
    yield "| | requests | requests x 0.2 s | wall | ratio |"
    yield "|---|---:|---:|---:|---:|"
    for kind, name in KINDS.items():
        with crowd(kind, size, LATENCY) as where:
            (cost,), asked = ours(where)
        least = len(asked) * LATENCY
        yield f"| {name} | {len(asked)} | {least:.1f} s | {cost.wall:.1f} s | {cost.wall / least:.2f} |"


def memory_table(slopes: Sequence[Slope], options: Options) -> Iterator[str]:
    yield f"| | {options.small:,} issues | {options.large:,} issues |"
    yield "|---|---:|---:|"
    for one in slopes:
        yield f"| {one.kind} | {one.memory[0]:.0f} MB | {one.memory[1]:.0f} MB |"


def slope_table(slopes: Sequence[Slope]) -> Iterator[str]:
    yield "| | events an issue | floor | ours | ours / floor | plain library | library / ours |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for one in slopes:
        plain = f"{one.library:.0f} µs" if one.library else "none"
        beside = f"{one.library / one.ours:.1f}" if one.library else ""
        yield (
            f"| {one.kind} | {one.events:.1f} | {one.floor:.0f} µs | {one.ours:.0f} µs | "
            f"{one.ours / one.floor:.1f} | {plain} | {beside} |"
        )


def machine() -> str:
    """What it was all measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({model}), "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, load {load:.1f} at the end."
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def tables(options: Options) -> Iterator[tuple[str, list[str]]]:
    """Each table with the name of its place on the page, as soon as it is measured."""
    slopes = [measure_slope(kind, options) for kind in KINDS]
    yield "slope", [f"From {options.small:,} to {options.large:,} issues:", "", *slope_table(slopes)]
    yield "memory", [*memory_table(slopes, options)]
    yield "requests", [f"For {options.requests:,} issues:", "", *requests_table(options.requests)]
    late = f"{options.waited:,} issues, each answer {LATENCY:g} s late:"
    yield "waiting", [late, "", *waiting_table(options.waited)]
    yield "day", [*the_day()]
    yield "machine", [machine()]


def write(options: Options, page: Path) -> None:
    """Fill the places of the page that are marked for measured tables; what stands around them stays."""
    for name, lines in tables(options):
        table = "\n".join(lines)
        print(f"{table}\n", flush=True)
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = page.read_text(encoding="utf-8").partition(begin)
        after = rest.partition(end)[2]
        page.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", type=int, default=1000, help="issues at the lower end of the slope")
    parser.add_argument("--large", type=int, default=5000, help="issues at its upper end")
    parser.add_argument(
        "--few", type=int, default=500, help="issues for the plain libraries, and thrice that"
    )
    parser.add_argument("--requests", type=int, default=10_000, help="issues for counting requests")
    parser.add_argument("--waited", type=int, default=2000, help="issues for the slow tracker")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to fill")
    given = vars(parser.parse_args(arguments))
    page = given.pop("page")
    write(Options(**given), page)


if __name__ == "__main__":
    main(sys.argv[1:])
