"""Many senders of signed webhooks over real sockets, and a server of the receiver in a process of its own."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model.store import open_store
from service.hooks.commit import Committer
from service.hooks.door import Door
from service.hooks.listener import Listener, listen
from service.hooks.receiver import Hooks, Limits
from service.hooks.storing import append_to
from tests.service.hooks_desk import GITHUB, GITHUB_SECRET, GITHUB_SOURCE, github_body, keys, sign

__all__ = ["Served", "exchange", "request", "send_many"]


class Served:
    """The receiver as the daemon runs it, on a store of its own."""

    def __init__(
        self, url: str, limits: Limits | None = None, most: int = 1000, head_seconds: float = 5.0
    ) -> None:
        from connectors.github.hooks import Hooks as Judge

        self.store = open_store(url)
        self.seen: list[Any] = []
        self.committer = Committer(append_to(self.store, lambda: datetime.now(UTC)))
        door = Door("gh", Judge(GITHUB, [GITHUB_SOURCE], keys(GITHUB_SECRET)))
        self.app = Hooks(
            {"gh": door}, self.committer.store, lambda: datetime.now(UTC), self.seen.append, limits
        )
        self.listener = Listener(self.app, listen("127.0.0.1", 0), "hooks", most, head_seconds)
        self.listener.start()
        self.port: int = self.listener.address[1]

    def rows(self) -> list[str]:
        """The ids of every delivery that is stored."""
        with self.store.reading() as books:
            waiting = books.inbox.waiting("gh", limit=1_000_000)
        return [delivery.id for several in waiting for delivery in several.deliveries]

    def close(self) -> None:
        self.listener.stop()
        self.committer.close()
        self.store.close()


def request(id: str, body: bytes | None = None, *headers: str, path: str = "/hooks/gh") -> bytes:
    """A whole request with a body of its own."""
    body = body if body is not None else github_body(sender={"login": id})
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: hooks.example",
        f"X-Hub-Signature-256: {sign(GITHUB_SECRET, body)}",
        f"X-GitHub-Delivery: {id}",
        *(headers or [f"Content-Length: {len(body)}"]),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def exchange(port: int, *pieces: bytes, seconds: float = 5.0) -> bytes:
    """Everything the server says until it closes or is quiet for so long."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as talk:
        heard = b""
        with suppress(TimeoutError, ConnectionError):
            for piece in pieces:
                talk.sendall(piece)
            while piece := talk.recv(65536):
                heard += piece
        return heard


async def send_many(port: int, senders: int, each: int, name: str = "d") -> dict[int, list[str]]:
    """Status -> ids, of deliveries sent over kept connections; a sender ends when its server does."""
    answers: dict[int, list[str]] = {}

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(OSError, asyncio.IncompleteReadError):
            for count in range(each):
                id = f"{name}-{number}-{count}"
                writer.write(request(id))
                head = await reader.readuntil(b"\r\n\r\n")
                answers.setdefault(int(head.split()[1]), []).append(id)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    await asyncio.gather(*(one(number) for number in range(senders)))
    return answers


def main() -> None:
    """Serve a store until killed; the port is told first."""
    served = Served(f"sqlite:///{Path(sys.argv[1])}")
    print(served.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
