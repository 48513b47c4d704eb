"""What survives power loss, failing flushes, full disks and rot: `python -m bench.durability` prints it.

A workload stores deliveries, batches, intents, agreed values and backups, and says after each what it was
promised. Then every image that a disk may hold is opened, and nothing promised may be missing from it. The
same workload with flushes weakened must lose something, or the rig would prove nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.power import Disk, operations, shim, watched_run
from bench.workload import fill, furnish
from model.backup import prove
from model.errors import StoreError
from model.mark import MarkFile
from model.store import open_store, upgrade

__all__ = ["Verdict", "check_image", "main", "power_loss", "rot"]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_PAGE = 4096
PROTECTED = {
    "event": "record, id, field, before, after, at, learned, origin, actor",
    "baseline": "project, name, taken, as_of, approved_by, reason, origin, coverage, previous_hash, hash",
    "baseline_item": 'baseline, connection, id, "key", title, start, due, estimate, unit, sprints, milestone',
    "baseline_milestone": "baseline, connection, id, name, due",
    "audit": "at, run, who, what, previous_hash, hash",
    "inbox": "connection, delivery, body_digest, received, kind, subject, headers, body",
}
"""Table -> the columns whose every change must be found."""

FILLING = """
import sys
from bench.durability import fill_up
fill_up(sys.argv[1], int(sys.argv[2]))
"""
WORKLOAD = """
import sys
from bench.workload import work
work(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "backups")
"""


@dataclass
class Verdict:
    """What was looked at and what was wrong: images, those that lack something promised, those not whole."""

    images: int = 0
    losing: int = 0
    broken: int = 0
    missing: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        worst = f", at most {self.missing} promises in one" if self.missing else ""
        return f"{self.images:,} images: {self.losing:,} lost something{worst}; {self.broken:,} not whole"


def power_loss(
    library: Path, commits: int, every: int, synchronous: str, seed: int, backups: bool = False, fail: int = 0
) -> Verdict:
    """Run the workload and check an image at every so many operations, in three variants each.

    `synchronous` is SQLite's: "full" as in the product, or "normal" to see whether the rig bites.
    """
    verdict, chance = Verdict(), random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        work, log = Path(scratch) / "work", Path(scratch) / "log"
        work.mkdir()
        upgrade(f"sqlite:///{work / 'crosstie.db'}", now=NOW)
        disk = Disk(work)
        (work / "promised").touch()
        script = [WORKLOAD, str(work), str(commits), synchronous, "backups" if backups else "plain"]
        watched_run(library, work, log, script, fail)
        promised: list[str] = []
        handle = -1
        for number, operation in enumerate(operations(log)):
            if operation.kind == "O" and operation.bytes.endswith(b"/promised"):
                handle = operation.handle
            elif operation.kind == "W" and operation.handle == handle:
                promised += operation.bytes.decode().split()
                continue
            elif operation.handle != handle or operation.kind in "UR":
                disk.apply(operation)
            if number % every == 0:
                for variant in (None, chance, chance):
                    _judge(disk, Path(scratch) / "image", variant, promised, verdict)
        _judge(disk, Path(scratch) / "image", None, promised, verdict)
    return verdict


def _judge(
    disk: Disk, image: Path, chance: random.Random | None, promised: list[str], verdict: Verdict
) -> None:
    shutil.rmtree(image, ignore_errors=True)
    image.mkdir()
    disk.image(image, chance)
    verdict.images += 1
    lost, broken = check_image(image, promised)
    verdict.losing += bool(lost)
    verdict.missing = max(verdict.missing, len(lost))
    verdict.broken += bool(broken)
    verdict.notes += [f"lost {lost[:3]}"] * bool(lost) + [broken] * bool(broken)


def check_image(image: Path, promised: list[str]) -> tuple[list[str], str]:
    """The promises that an image does not keep, and what else is wrong with it ("": nothing)."""
    try:
        with closing(sqlite3.connect(image / "crosstie.db")) as store:
            store.execute("PRAGMA synchronous = OFF")  # this is only to look
            found = {f"d{name}" for (name,) in store.execute("SELECT delivery FROM inbox")}
            found |= {f"i{name}" for (name,) in store.execute("SELECT intent FROM outbox")}
            (issues,) = store.execute("SELECT count(*) FROM issue").fetchone()
            cursor = store.execute("SELECT position FROM cursor").fetchone()
            mark = store.execute("SELECT value FROM flag WHERE name = 'mark'").fetchone()
            sound = store.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        return promised, f"it cannot be opened: {error}"
    found |= {f"b{number}" for number in range(1, issues + 1)}
    kept = MarkFile(image / "crosstie.db-mark").read()
    if sound != "ok":
        return [], sound
    if issues != (int(cursor[0]) if cursor else 0):
        return [], f"{issues} issues, and the cursor is at {cursor}"
    if kept is not None and kept.count > (int(mark[0]) if mark else 0):
        return [], f"the mark {kept.count} is ahead of the store's {mark}"
    return [each for each in promised if each not in found and not _kept(image, each)], ""


def _kept(image: Path, promise: str) -> bool:
    """Whether a promise that is not in the store is kept: a mark, or a backup at least as new."""
    if promise.startswith("m"):
        kept = MarkFile(image / "crosstie.db-mark").read()
        return kept is not None and kept.count >= int(promise[1:])
    if promise.startswith("k"):
        try:
            manifest, faults = prove(image / "backup.tar", NOW)
        except (StoreError, OSError):
            return False
        return not faults and manifest.rows["issue"] >= int(promise[1:])
    return False


def failing_flushes(library: Path, commits: int, runs: int) -> Verdict:
    """Let one flush after the other fail: what is promised before and after it is there at the end."""
    total = Verdict()
    for number in range(1, runs + 1):
        found = power_loss(library, commits, 20, "full", number, fail=2 + number * 3)
        total.images += found.images
        total.losing += found.losing
        total.broken += found.broken
        total.notes += found.notes
    return total


def full_disks(runs: int, mounted: bool = False) -> Verdict:
    """Let the disk be full: what is promised is there, and once there is room all goes on.

    Files may grow only so far ("disk I/O error"), or the file system itself is small ("disk is full"), for
    which the system must let us mount one.
    """
    verdict = Verdict()
    for number in range(runs):
        with tempfile.TemporaryDirectory() as scratch:
            limit = 0 if mounted else 600_000 + 40_000 * number
            command = [sys.executable, "-c", FILLING, scratch, str(limit)]
            if mounted:
                size = 2_000 + 100 * number
                mount = f'mount -t tmpfs -o size={size}k tmpfs "$3" && exec "$0" "$@"'
                command = ["unshare", "-Urm", "sh", "-c", mount, *command]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode or "full" not in done.stdout:
                raise RuntimeError(done.stderr or "the disk was never full")
            lost, broken = json.loads(done.stdout.splitlines()[-1])
            verdict.images += 1
            verdict.losing += bool(lost)
            verdict.broken += bool(broken)
            verdict.notes += [f"lost {lost[:3]}"] * bool(lost) + [broken] * bool(broken)
    return verdict


def fill_up(folder: str, limit: int) -> None:
    """One such run, and what is missing at its end."""
    upgrade(f"sqlite:///{folder}/crosstie.db", now=NOW)
    (Path(folder) / "promised").touch()
    fill(folder, limit)
    print(json.dumps(check_image(Path(folder), (Path(folder) / "promised").read_text().split())))


@dataclass
class Rot:
    """Files damaged; those in which something protected changed, and how many of these were found."""

    flips: int = 0
    changing: int = 0
    found: int = 0
    structural: int = 0
    missed: list[str] = field(default_factory=list)


def rot(flips: int, seed: int) -> Rot:
    """Damage a store's file; every change of a protected row must be found.

    Mostly a single bit anywhere is flipped; now and then two pages change places, or the end is cut off.
    """
    result, chance = Rot(), random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "crosstie.db"
        upgrade(f"sqlite:///{file}", now=NOW)
        furnish(scratch)
        whole, before = file.read_bytes(), _protected(file)
        if before is None:
            raise RuntimeError("the store cannot be read before anything was flipped")
        for _ in range(flips):
            rotten, told = _damaged(whole, chance)
            file.write_bytes(rotten)
            result.flips += 1
            if (after := _protected(file)) == before:
                continue
            result.changing += 1
            faults = _faults(file)
            result.found += bool(faults)
            result.structural += any(fault == "the file" for fault in faults)
            if not faults:
                result.missed.append(f"{told}: {_difference(before, after)}")
    return result


def _damaged(whole: bytes, chance: random.Random) -> tuple[bytearray, str]:
    """A damaged copy, and what was done to it."""
    rotten, pages = bytearray(whole), len(whole) // _PAGE
    draw = chance.random()
    if draw < 0.05:
        first, second = (_PAGE * number for number in chance.sample(range(1, pages), 2))
        rotten[first : first + _PAGE] = whole[second : second + _PAGE]
        rotten[second : second + _PAGE] = whole[first : first + _PAGE]
        return rotten, f"pages at {first} and {second} swapped"
    if draw < 0.08:
        end = chance.randrange(_PAGE, len(whole))
        return rotten[:end], f"cut off at {end}"
    place, bit = chance.randrange(100, len(whole)), chance.randrange(8)
    rotten[place] ^= 1 << bit
    return rotten, f"byte {place} bit {bit}"


def _faults(file: Path) -> list[str]:
    try:
        with open_store(f"sqlite:///{file}") as store:
            return [fault.subject for fault in store.examine()]
    except StoreError as error:
        return [str(error)]


def _protected(file: Path) -> dict[str, list[object]] | None:
    """Everything that must not change unnoticed, as the bytes that are stored; None: it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as store:
            store.text_factory = bytes
            return {
                name: store.execute(f"SELECT {columns} FROM {name} NOT INDEXED ORDER BY rowid").fetchall()
                for name, columns in PROTECTED.items()
            }
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def _difference(before: dict[str, list[object]], after: dict[str, list[object]] | None) -> str:
    if after is None:
        return "unreadable"
    for name in before:
        for old, new in zip(before[name], after[name], strict=False):
            if old != new:
                return f"{name}: {old!r} -> {new!r}"[:300]
    return "rows are missing"


def _say(what: str, found: object) -> None:
    print(f"{what:40}{found}", flush=True)


def main() -> None:
    """Print what came out; fail when anything was lost, or when the control lost nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=240)
    parser.add_argument("--every", type=int, default=2)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--flips", type=int, default=4_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        library = shim(Path(scratch))
        if library is None:
            raise SystemExit("Power loss and failing flushes were not tried: there is no C compiler (cc).")
        full = power_loss(library, options.commits, options.every, "full", 1)
        _say("power loss, flushes as in the product", full)
        backups = power_loss(library, options.commits // 8, options.every * 8, "full", 2, backups=True)
        _say("the same while backups are made", backups)
        normal = power_loss(library, options.commits, options.every * 8, "normal", 1)
        _say("control: synchronous=NORMAL", normal)
        flushes = failing_flushes(library, 40, options.runs)
        _say(f"a flush that fails, {options.runs} runs", flushes)
    disks = full_disks(options.runs)
    _say(f"a disk that is full, {options.runs} runs", disks)
    try:
        small = full_disks(options.runs, mounted=True)
        _say(f"a file system that is full, {options.runs} runs", small)
        disks.notes += small.notes
    except (OSError, RuntimeError) as error:
        _say("a file system that is full", f"not tried: {error}")
    rotten = rot(options.flips, 1)
    _say(
        "rot",
        f"{rotten.flips:,} files damaged, protected rows changed in {rotten.changing:,}, {rotten.found:,} of "
        f"these found (SQLite's own check alone: {rotten.structural:,})",
    )
    notes = full.notes + backups.notes + flushes.notes + disks.notes + rotten.missed
    print(json.dumps(notes[:20], indent=1))
    if notes or not normal.losing:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
