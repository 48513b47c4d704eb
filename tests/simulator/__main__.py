"""Live many seeds: `python -m tests.simulator --seed 1 --count 1000`; one that fails is told shortest."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from statistics import median

from tests.simulator.life import Life, Shelf, live
from tests.simulator.script import write_script
from tests.simulator.shrink import shrink


def main(argv: list[str]) -> int:
    """Run the seeds asked for; 1 if any failed."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    asked.add_argument("--seed", type=int, default=1, help="the first seed")
    asked.add_argument("--count", type=int, default=1, help="how many")
    asked.add_argument("--seconds", type=float, default=None, help="stop after so many")
    asked.add_argument("--story", action="store_true", help="tell each life")
    options = asked.parse_args(argv)
    shelf, spent, failed, totals = Shelf(), [], [], [0, 0, 0, 0]
    began = time.monotonic()
    try:
        for seed in range(options.seed, options.seed + options.count):
            start = time.process_time()
            life = live(write_script(seed), shelf)
            spent.append(time.process_time() - start)
            for index, each in enumerate((life.writes, life.edits, life.conflicts, life.crashes)):
                totals[index] += each
            if options.story:
                print("\n".join(life.story))
            if life.faults:
                failed.append(seed)
                print("\n".join(_failure(seed, life, shelf)), flush=True)
            if options.seconds is not None and time.monotonic() - began > options.seconds:
                break
    finally:
        shelf.close()
    writes, edits, conflicts, crashes = totals
    print(
        f"{len(spent)} lives from seed {options.seed}, {len(failed)} failed {failed or ''}; "
        f"{edits} edits, {writes} writes, {conflicts} conflicts left open, {crashes} crashes; "
        f"CPU per life: median {median(spent) * 1000:.0f} ms, all {sum(spent):.0f} s"
    )
    return 1 if failed else 0


def _failure(seed: int, life: Life, shelf: Shelf) -> Iterator[str]:
    first = life.faults[0]
    short = shrink(life.script, lambda script: bool(live(script, shelf).faults))
    again = live(short, shelf)
    yield f"seed {seed}: {first}"
    yield f"  {short.setup}"
    yield from (f"  {step}" for step in short.steps)
    yield from (f"  | {line}" for line in again.story)
    yield from (f"  ! {fault}" for fault in again.faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
