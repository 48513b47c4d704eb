"""Serves a stand-in over real HTTP on loopback, logs every request and applies the faults."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from types import TracebackType
from typing import Protocol, Self

import trustme
import uvicorn
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.clock import WorldClock
from sandbox.faults import FaultKind, Faults

__all__ = ["Application", "LoggedRequest", "Stand", "bad_gateway", "listen", "url_of"]

_HOST = "127.0.0.1"
_Payload = bytes


class Application(Protocol):
    """What a stand-in brings: its routes, its clock, and its tracker's own way of saying no.

    Handlers are `async def` and never wait, so requests are answered one after the other; a world moves
    only between requests, which is why a state needs no lock.
    """

    clock: WorldClock
    faults: Faults

    @property
    def asgi(self) -> ASGIApp: ...

    def rate_limited(self, path: str) -> Response: ...

    def server_error(self, path: str) -> Response: ...


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as the server met it. `bytes` counts the answer's body; `headers` (lower-case names) and
    `body` are what the client sent, credentials included.
    """

    method: str
    path: str
    query: str
    status: int
    bytes: int
    headers: Mapping[str, str]
    body: _Payload
    fault: FaultKind | None = None


def bad_gateway() -> Response:
    """The page a proxy in front of a tracker answers with: HTML where the client expects JSON."""
    return HTMLResponse("<html><head><title>502 Bad Gateway</title></head></html>", status_code=502)


def listen() -> socket.socket:
    """A listening loopback socket on a free port, for worlds that must know their address early."""
    listener = socket.create_server((_HOST, 0))
    # Accepted sockets inherit it; asyncio sets it only where the protocol number is given, and without it
    # an answer's body waits 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket, tls: bool = False) -> str:
    host, port = listener.getsockname()
    return f"{'https' if tls else 'http'}://{'localhost' if tls else host}:{port}"


class Stand:
    """One stand-in being served from a daemon thread: started by `with` or `start()`, gone after `stop()`.

    `requests` is the log. With `tls` the certificate is signed by a throw-away authority, `ca_pem`.
    A crash of the stand-in itself is kept in `failures` and raised on leaving the `with` block, so that it is
    never taken for a tracker's own error.
    """

    def __init__(self, app: Application, tls: bool = False, listener: socket.socket | None = None) -> None:
        self.app = app
        self.requests: list[LoggedRequest] = []
        self.failures: list[Exception] = []
        self._authority = trustme.CA() if tls else None
        self.ca_pem = self._authority.cert_pem.bytes() if self._authority else None
        self._listener = listener or listen()
        self.url = url_of(self._listener, tls)
        self._server = _Server(self._configure())
        self._thread = threading.Thread(target=self._serve, name=f"stand {self.url}", daemon=True)

    @property
    def faults(self) -> Faults:
        return self.app.faults

    def start(self) -> Self:
        """Serve; returns when the socket is being read."""
        self._thread.start()
        self._server.up.wait()
        if not self._server.started:
            raise RuntimeError(f"the stand-in at {self.url} did not start")
        return self

    def stop(self) -> None:
        """Stop serving and wait until thread and sockets are gone; harmless when repeated."""
        if self._thread.is_alive():
            self._server.finish()
            self._thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None and self.failures:
            raise self.failures[0]

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._server.up.set()

    def _configure(self) -> uvicorn.Config:
        return uvicorn.Config(
            _Door(self.app, self.requests, self.failures),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            ssl_context_factory=self._certify if self._authority else None,
            timeout_graceful_shutdown=2,
        )

    def _certify(self, _config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        assert self._authority is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost", _HOST).configure_cert(context)
        return context


class _Server(uvicorn.Server):
    """uvicorn's server with events in place of flags, so that neither side polls."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._over.wait()

    def finish(self) -> None:
        """Let the loop end; called from another thread, after `up`."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)


class _Door:
    """The one ASGI middleware: reads the request, meets it with a fault or the application, logs, answers."""

    def __init__(self, app: Application, log: list[LoggedRequest], failures: list[Exception]) -> None:
        self._app = app
        self._log = log
        self._failures = failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _read(receive)
        path: str = scope["path"]
        fault: FaultKind | None = None
        answer = _Answer()
        if self._app.faults.take("rate_limit", path):
            fault = "rate_limit"
            await self._app.rate_limited(path)(scope, receive, answer.collect)
        elif self._app.faults.take("server_error", path):
            fault = "server_error"
            await self._app.server_error(path)(scope, receive, answer.collect)
        else:
            answer = await self._apply(scope, body)
            if self._app.faults.take("drop_reply", path):
                fault = "drop_reply"
            elif self._app.faults.take("late_error", path):
                fault, answer = "late_error", _Answer()
                await self._app.server_error(path)(scope, receive, answer.collect)
        self._log.append(
            LoggedRequest(
                method=scope["method"],
                path=path,
                query=scope["query_string"].decode("latin-1"),
                status=answer.status,
                bytes=len(answer.body),
                headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
                body=body,
                fault=fault,
            )
        )
        answer.headers.append((b"date", format_datetime(self._app.clock.now(), usegmt=True).encode()))
        await (answer.break_off(send) if fault == "drop_reply" else answer.give(send))

    async def _apply(self, scope: Scope, body: bytes) -> _Answer:
        answer = _Answer()

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            await self._app.asgi(scope, replay, answer.collect)
        except Exception as crash:  # whatever a handler raises is the stand-in's own defect
            self._failures.append(crash)
            answer = _Answer()
            text = "".join(traceback.format_exception(crash))
            await Response(text, status_code=500)(scope, replay, answer.collect)
        return answer


class _Answer:
    """A whole answer in memory, so that it can be logged before a byte of it is on the wire."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def collect(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", [])]
        else:
            self.body += message.get("body", b"")

    async def give(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})

    async def break_off(self, send: Send) -> None:
        """Promise more bytes than are sent: the server closes the connection when the handler returns.

        An answer without a body (204, 304) has nothing to break off, so it promises one with 200.
        """
        status = self.status if self.body else 200
        headers = [(name, value) for name, value in self.headers if name != b"content-length"]
        headers.append((b"content-length", str(len(self.body) + 1).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True}
        )


async def _read(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body
