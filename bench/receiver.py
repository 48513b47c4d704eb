"""The webhook receiver beside the least that any must do: HMAC, an append that is flushed in groups, 202.

Both are served by the same listener in a process of their own and loaded over the same 64 connections with
bodies of 20 kB, turn by turn; what counts are the ratios. `python -m bench.receiver` prints them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SECRET = "a secret of the benchmark 0123456789"
SENDERS = 64
SIZE = 20_000
SECONDS = 4.0
ROUNDS = 3


def main() -> None:
    """Take turns, print the figures."""
    told: dict[str, list[Load]] = {"floor": [], "ours": []}
    for _ in range(ROUNDS):
        for name in told:
            told[name].append(measure(name))
    for name, loads in told.items():
        for load in loads:
            times = f"p50 {load.at(0.5):6.2f} ms   p99 {load.at(0.99):6.2f} ms"
            cost = f"{load.cost * 1e6:5.0f} us of processor"
            print(f"{name:6} {load.rate:7.0f}/s   {times}   {cost}   {load.note}")
    floor, ours = (sorted(told[name], key=lambda load: load.rate)[ROUNDS // 2] for name in ("floor", "ours"))
    print(f"rate {ours.rate / floor.rate:.2f} x the floor's, p99 {ours.at(0.99) / floor.at(0.99):.2f} x")


@dataclass
class Load:
    """What came back in some seconds; `times` are seconds from request to answer, of good answers only.

    `cost` is the server's processor time for one of them.
    """

    seconds: float
    times: list[float]
    other: int
    cost: float = 0.0
    note: str = ""

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def at(self, share: float) -> float:
        """A quantile, in milliseconds."""
        return sorted(self.times)[int(len(self.times) * share)] * 1000


def measure(name: str) -> Load:
    """Serve, load, and count what the server says it stored."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.receiver", name, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert server.stdin
        assert server.stdout
        port = int(server.stdout.readline())
        load = asyncio.run(_load(port))
        server.stdin.close()
        stored, used = server.stdout.readline().split()
        server.wait()
        load.cost = float(used) / len(load.times)
        load.note = f"{len(load.times)} answered 202, {int(stored)} stored, {load.other} others"
        return load


def serve(name: str, folder: Path) -> None:
    """Serve one of the two until our input ends; tell the port first and the rows at last."""
    from service.hooks.listener import Listener, listen

    sys.setswitchinterval(0.0005)  # as crosstie serve does
    app, count = _floor(folder) if name == "floor" else _ours(folder)
    listener = Listener(app, listen("127.0.0.1", 0), name)
    listener.start()
    print(listener.address[1], flush=True)
    begun = time.process_time()
    sys.stdin.read()
    used = time.process_time() - begun
    listener.stop()
    print(count(), used, flush=True)


def _ours(folder: Path) -> tuple[Any, Any]:
    from config.secrets import Secret
    from connectors.github.hooks import Hooks as Judge
    from connectors.github.settings import GitHubConnection, GitHubSource
    from connectors.hooks import Keys
    from model.store import open_store
    from service.hooks.commit import Committer
    from service.hooks.door import Door
    from service.hooks.receiver import Hooks

    store = open_store(f"sqlite:///{folder / 'bench.db'}")
    settings = GitHubConnection(name="gh", kind="github", token="env:T", webhook_secret="env:S")
    judge = Judge(
        settings, [GitHubSource(connection="gh", repo="acme/payroll")], Keys((Secret(SECRET, "s"),))
    )

    def clock() -> datetime:
        return datetime.now(UTC)

    def append(deliveries: Any) -> Any:
        with store.transaction() as writer:
            return writer.inbox.append(deliveries, clock(), 1 << 40)

    committer = Committer(append)
    app = Hooks({"gh": Door("gh", judge)}, committer.store, clock, lambda seen: None)

    def count() -> int:
        committer.close()
        with store.reading() as books:
            return sum(each.waiting for each in books.inbox.backlog())

    return app, count


def _floor(folder: Path) -> tuple[Any, Any]:
    floor = _Floor((folder / "inbox").open("ab", buffering=0))
    return floor, lambda: floor.rows


@dataclass
class _Floor:
    """The minimal raw receiver."""

    file: Any
    rows: int = 0
    waiting: list[tuple[bytes, asyncio.Future[None]]] = field(default_factory=list)
    running: asyncio.Task[None] | None = None
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        pieces = []
        more = True
        while more:
            message = await receive()
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(pieces)
        given = next(value for name, value in scope["headers"] if name == b"x-hub-signature-256")
        mac = b"sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex().encode()
        good = hmac.compare_digest(given, mac)
        if good:
            await self._keep(body)
        status = 202 if good else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def _keep(self, body: bytes) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((body, future))
        if self.running is None or self.running.done():
            self.running = asyncio.create_task(self._flush_all())
        return future

    async def _flush_all(self) -> None:
        while self.waiting:
            batch = self.waiting[:]
            self.waiting.clear()
            bodies = [body for body, _ in batch]
            await asyncio.get_running_loop().run_in_executor(self.pool, self._flush, bodies)
            self.rows += len(batch)
            for _, future in batch:
                if not future.done():
                    future.set_result(None)

    def _flush(self, bodies: Sequence[bytes]) -> None:
        self.file.write(b"".join(bodies))
        os.fdatasync(self.file.fileno())


@dataclass
class _Maker:
    """Requests with a body of their own each: the same 20 kB with another end, so that signing is cheap."""

    number: int = 0
    start: bytes = b""
    mac: Any = field(default=None)

    def __post_init__(self) -> None:
        told = {
            "action": "edited",
            "issue": {"node_id": "I_1", "number": 1, "body": "word " * (SIZE // 5 - 60)},
            "repository": {"full_name": "acme/payroll"},
            "sender": {"login": "somebody"},
        }
        self.start = json.dumps(told).encode()[:-1] + b',"n":"'
        self.mac = hmac.new(SECRET.encode(), self.start, hashlib.sha256)

    def request(self) -> bytes:
        self.number += 1
        end = b'%012d"}' % self.number
        mac = self.mac.copy()
        mac.update(end)
        size = len(self.start) + len(end)
        head = (
            f"POST /hooks/gh HTTP/1.1\r\nHost: bench\r\nContent-Length: {size}\r\n"
            "Content-Type: application/json\r\nX-GitHub-Event: issues\r\n"
            f"X-GitHub-Delivery: 0b989ba4-242f-11e5-81e1-{self.number:012}\r\n"
            f"X-Hub-Signature-256: sha256={mac.hexdigest()}\r\n\r\n"
        )
        return head.encode() + self.start + end


class _Client(asyncio.Protocol):
    def __init__(self, maker: _Maker, load: Load, ends: float) -> None:
        self._maker, self._load, self._ends = maker, load, ends
        self._sent = 0.0
        self._heard = b""
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if b"\r\n\r\n" not in self._heard:
            return
        now = time.perf_counter()
        if self._heard.startswith(b"HTTP/1.1 202"):
            self._load.times.append(now - self._sent)
        else:
            self._load.other += 1
        self._heard = b""
        if now < self._ends:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._maker.request())


async def _load(port: int) -> Load:
    load = Load(SECONDS, [], 0)
    maker = _Maker()
    ends = time.perf_counter() + SECONDS
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: _Client(maker, load, ends), "127.0.0.1", port))[1]
        for _ in range(SENDERS)
    ]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*(client.over for client in clients)), SECONDS + 10)
    return load


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
