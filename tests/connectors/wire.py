"""A loopback server that answers with exactly the bytes a test gives it, and keeps what it was sent."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Reply = Callable[[socket.socket], None]


@dataclass
class Wire:
    url: str = ""
    received: list[bytes] = field(default_factory=list)

    @property
    def authorizations(self) -> int:
        return sum(request.lower().count(b"authorization:") for request in self.received)


def answer(status: str, body: bytes = b"", *headers: str) -> Reply:
    """A whole answer with its length, after which the connection closes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]

    def reply(client: socket.socket) -> None:
        client.sendall("\r\n".join(lines).encode() + body)

    return reply


def raw(*pieces: bytes) -> Reply:
    def reply(client: socket.socket) -> None:
        for piece in pieces:
            client.sendall(piece)

    return reply


def trickle(head: bytes, every: float, stop: threading.Event) -> Reply:
    """The head at once, then one byte at a time until the client hangs up."""

    def reply(client: socket.socket) -> None:
        client.sendall(head)
        while not stop.wait(every):
            client.sendall(b"1")

    return reply


def drop(client: socket.socket) -> None:
    """Read the request, then hang up without a word."""


def _read_request(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def wire(reply: Callable[[int, bytes], Reply], tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Serve `reply(number of the request from 0, the request)` on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "https" if tls else "http"
    seen = Wire(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(client, server_side=True) if tls else client as talk:
                    request = _read_request(talk)
                    if request:
                        seen.received.append(request)
                        reply(len(seen.received) - 1, request)(talk)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


Spoil = Callable[[str, bytes], bytes]


def spoiling(asgi: ASGIApp, spoil: Spoil) -> ASGIApp:
    """The application, with the bytes of its answers changed on their way out."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await asgi(scope, receive, keep)
        start, *rest = answer
        body = spoil(scope["path"], b"".join(message.get("body", b"") for message in rest))
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await send({**start, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})

    return application
