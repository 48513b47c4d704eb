"""`crosstie serve` under a steady storm of signed webhooks, killed every minute or so: is anything lost?

Issues are edited in stand-ins of GitHub and Jira; each edit's deliveries are sent out of order, some of them
twice, and again until they are answered 2xx. At the end every accepted delivery must be stored once and dealt
with, and the store must say of every issue what its tracker says, with each of its renames once.
`python -m bench.soak --minutes 20` prints the figures; it exits with 1 where anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.storm import SECRETS, TOKEN, GitHubOffice, JiraOffice, Office, Senders
from model.store import open_store
from model.values import Ref, StatusCategory

__all__: list[str] = []

CONFIG = """
version = 1
[connections.github]
kind = "github"
url = "{github}"
token = "env:TOKEN"
webhook_secret = "env:SECRET_github"
[connections.jira]
kind = "jira"
url = "{jira}"
site = "https://jira.example.com"
user = "ann@example.com"
token = "env:TOKEN"
webhook_secret = "env:SECRET_jira"
[projects.erp]
name = "ERP rollout"
sources = [ {{ connection = "github", repo = "acme/erp" }}, {{ connection = "jira", project = "ED" }} ]
[web]
hooks = "127.0.0.1:{hooks}"
metrics = "127.0.0.1:{metrics}"
[daemon]
poll = "1h"
"""


@dataclass
class Served:
    """The daemon, one life after the other. `memory`: (life, seconds into it, MB); `used`: CPU seconds."""

    folder: Path
    lives: int = 0
    used: float = 0.0
    memory: list[tuple[int, float, float]] = field(default_factory=list)
    _begun: float = 0.0
    _last: float = 0.0

    def start(self) -> None:
        log = (self.folder / "daemon.log").open("ab")
        command = [sys.executable, "-m", "service.entry", "--config", str(self.folder / "crosstie.toml")]
        environ = {**os.environ, "TOKEN": TOKEN, **{f"SECRET_{name}": text for name, text in SECRETS.items()}}
        self.process = subprocess.Popen([*command, "serve"], env=environ, stdout=log, stderr=log)
        log.close()
        self.lives += 1
        self._begun, self._last = time.monotonic(), 0.0

    def sample(self) -> None:
        """Look at what it takes now."""
        place = Path(f"/proc/{self.process.pid}")
        resident = next(line for line in (place / "status").read_text().splitlines() if "VmRSS" in line)
        self.memory.append((self.lives, time.monotonic() - self._begun, int(resident.split()[1]) / 1024))
        spent = (place / "stat").read_text().rpartition(")")[2].split()[11:13]
        self._last = sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.sample()
        self.used += self._last
        self.process.kill()
        self.process.wait()

    def end(self) -> float:
        """Stop it as systemd would; how many seconds that took."""
        self.sample()
        self.used += self._last
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout=60)
        return time.monotonic() - begun

    def slope(self) -> float:
        """MB a minute within a life, after its first 20 seconds."""
        lives = [[(at, mb) for life, at, mb in self.memory if life == n and at > 20] for n in range(99)]
        above = below = 0.0
        for points in (points for points in lives if len(points) > 2):
            mean_at, mean_mb = (statistics.fmean(part) for part in zip(*points, strict=True))
            above += sum((at - mean_at) * (mb - mean_mb) for at, mb in points)
            below += sum((at - mean_at) ** 2 for at, mb in points)
        return 60 * above / below if below else 0.0


class Books:
    """The store as it lies on the disk."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def rows(self) -> list[tuple[str, str, str, int, int | None]]:
        """Connection, id, state, received and settled (microseconds) of every delivery."""
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=30) as at:
            return list(at.execute("select connection, delivery, state, received, settled from inbox"))

    def waiting(self) -> int:
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=30) as at:
            (count,) = at.execute("select count(*) from inbox where state = 'waiting'").fetchone()
            return int(count)


def differences(file: Path, offices: Sequence[Office]) -> Iterator[tuple[str, str]]:
    """("state" or "history", the issue): what is said now, or how many renames were, differs."""
    store = open_store(f"sqlite:///{file}")
    view = store.view(datetime.now(UTC))
    renames = Counter((one.ref.connection, one.ref.id) for one in view.changes(fields=("title",)))
    for office in offices:
        for id, (title, done) in office.state().items():
            issue = view.issue(Ref(office.name, id))
            held = (issue.title, issue.status is StatusCategory.DONE) if issue else None
            if held != (title, done):
                yield "state", f"{office.name} {id}: {held} held, {(title, done)} there"
            if renames[office.name, id] != office.renamed[id]:
                told = f"{renames[office.name, id]} of {office.renamed[id]} renames"
                yield "history", f"{office.name} {id}: {told}"
    store.close()


def storm(args: argparse.Namespace, served: Served, senders: Senders, offices: Sequence[Office]) -> int:
    """Edit and send at the rate, kill and start; how many deliveries there were."""
    chance = random.Random(args.seed)
    begun = due = look = time.monotonic()
    death, sent = begun + chance.uniform(30, 90), 0
    while time.monotonic() < begun + args.minutes * 60:
        for post in offices[sent % len(offices)].edit(chance):
            senders.send(post)
            sent += 1
            due += 1 / args.rate
        now = time.monotonic()
        if now >= death:
            served.kill()
            served.start()
            death = now + chance.uniform(30, 90)
            print(f"{now - begun:5.0f} s: killed; {sent} sent, {len(senders.accepted)} accepted", flush=True)
        if now >= look:
            served.sample()
            look = now + 2
        time.sleep(max(0.0, due - time.monotonic()))
    return sent


def settle(served: Served, senders: Senders, books: Books, longest: float) -> float:
    """Wait until all is delivered and dealt with; how many seconds that took."""
    begun = time.monotonic()
    while (senders.open or books.waiting()) and time.monotonic() < begun + longest:
        served.sample()
        time.sleep(1)
    return time.monotonic() - begun


def verdict(file: Path, sent: int, senders: Senders, offices: Sequence[Office]) -> tuple[int, list[str]]:
    """The lines about deliveries, and how many are lost or doubled."""
    rows = Books(file).rows()
    stored = Counter((connection, id) for connection, id, *_ in rows)
    done = {(connection, id) for connection, id, state, *_ in rows if state == "done"}
    missing = senders.accepted - stored.keys()
    undone = (senders.accepted & stored.keys()) - done
    doubled = sum(count - 1 for count in stored.values())
    apart = list(differences(file, offices))
    took = sorted((settled - received) / 1e6 for *_, received, settled in rows if settled)
    late = [f"{took[int(len(took) * share)]:.1f} s" for share in (0.5, 0.95, 0.999)] if took else []
    lines = [
        f"sent                {sent} deliveries, {sum(senders.answers.values())} attempts",
        f"answers             {dict(sorted(senders.answers.items()))} (0: none)",
        f"accepted            {len(senders.accepted)}",
        f"stored              {len(stored)}",
        f"dealt with          {len(done)}, after (p50, p95, p99.9) {', '.join(late)}",
        f"lost                {len(missing)} not stored, {len(undone)} not dealt with",
        f"doubled             {doubled}",
        f"issues              {sum(len(office.issues) for office in offices)}",
        f"  state differs     {sum(kind == 'state' for kind, _ in apart)}",
        f"  history differs   {sum(kind == 'history' for kind, _ in apart)}",
        *(f"  {line}" for _, line in sorted(apart, reverse=True)[:10]),
    ]
    return len(missing) + len(undone) + doubled + len(apart) + (sent - len(senders.accepted)), lines


def soak(args: argparse.Namespace, folder: Path) -> int:
    """One whole run; the exit code."""
    offices = (GitHubOffice(args.issues), JiraOffice(args.issues))
    ports = [free_port(), free_port()]
    for office in offices:
        office.stand.start()
    urls = {office.name: office.stand.url for office in offices}
    (folder / "crosstie.toml").write_text(CONFIG.format(**urls, hooks=ports[0], metrics=ports[1]))
    senders, served = Senders(ports[0], random.Random(args.seed + 1)), Served(folder)
    file = folder / "crosstie.db"
    begun = time.monotonic()
    served.start()
    senders.start()
    sent = storm(args, served, senders, offices)
    quiet = settle(served, senders, Books(file), args.patience)
    lasted = time.monotonic() - begun
    stopped = served.end()
    bad, lines = verdict(file, sent, senders, offices)
    answered = sorted(senders.waits)
    print("\n".join(lines))
    print(f"kills               {served.lives - 1} in {lasted:.0f} s; quiet {quiet:.0f} s after the last")
    print(f"202 after           p50 {1000 * answered[len(answered) // 2]:.0f} ms, ", end="")
    print(f"p99 {1000 * answered[len(answered) * 99 // 100]:.0f} ms")
    memory = [mb for _, _, mb in served.memory]
    print(f"memory              at most {max(memory):.0f} MB, {served.slope():+.2f} MB a minute of a life")
    print(f"processor           {served.used / lasted:.0%} of a core")
    print(f"store               {file.stat().st_size / 1e6:.0f} MB")
    asked = {office.name: len(office.stand.requests) for office in offices}
    print(f"requests            {', '.join(f'{name} {count}' for name, count in asked.items())}")
    print(f"stopped             in {stopped:.1f} s, with exit code {served.process.returncode}")
    return 1 if bad else 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def main() -> int:
    """Read the arguments, run, keep the folder where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=50, help="deliveries a second")
    parser.add_argument("--issues", type=int, default=150, help="of each tracker")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=240, help="seconds until all must be quiet")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak", dir=os.environ.get("BENCH_FOLDER")))
    code = soak(args, folder)
    print(f"its store and log   {folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
