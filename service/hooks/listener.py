"""A listener of its own for one application: uvicorn in a thread, with deadlines that uvicorn has not."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Listener", "listen"]

_HEAD_SECONDS = 5.0
_LARGEST_HEAD = 64 * 1024
_IDLE_SECONDS = 15
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. OSError: the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setblocking(False)
    return listener


class Listener:
    """Serves an application on one socket until `stop`.

    `most` is how many connections it holds at once, `head_seconds` how long a request's head may take.
    """

    def __init__(
        self,
        app: Any,
        listener: socket.socket,
        name: str,
        most: int = 1000,
        head_seconds: float = _HEAD_SECONDS,
    ) -> None:
        self.address = listener.getsockname()[:2]
        self._socket = listener
        self._server = _Server(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=type("Protocol", (_Protocol,), {"head_seconds": head_seconds}),
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                limit_concurrency=most,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=3,
            )
        )
        self._thread = threading.Thread(target=self._serve, name=f"listen-{name}", daemon=True)

    def start(self) -> None:
        """Serve; returns when requests are being taken."""
        self._thread.start()
        self._server.up.wait()

    def stop(self) -> None:
        """Let requests under way end, within three seconds, and close; harmless when repeated."""
        if self._thread.is_alive():
            self._server.finish()
            self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._server.up.set()


class _Server(uvicorn.Server):
    """uvicorn's server with events in place of flags: an idle daemon does not wake ten times a second."""

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


class _Protocol(HttpToolsProtocol):
    """Ends connections whose head does not come whole in time, or is too large: uvicorn would keep them."""

    head_seconds = _HEAD_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        cycle: Any = self.cycle  # None before the first request
        if self._timer is None and (cycle is None or cycle.response_complete):
            self._await_head()
        if self._timer is not None:
            self._head += len(data)
        super().data_received(data)
        if self._timer is not None and self._head > _LARGEST_HEAD:
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._settle_head()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head = 0
        self._timer = self.loop.call_later(self.head_seconds, self.timeout_keep_alive_handler)

    def _settle_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
