"""The guard of connectors.transport inside an httpx client."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from typing import Any

import httpcore
import httpx

from connectors.transport import Guard, Watch

__all__ = ["GuardedTransport", "guarded_client"]


class _TimedStream(httpcore.NetworkStream):
    """A network stream, each operation of which waits no longer than the request's time allows."""

    def __init__(self, stream: httpcore.NetworkStream, watch: Watch) -> None:
        self._stream = stream
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._watch, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._watch, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = _left(self._watch, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, limit), self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _TimedBackend(httpcore.NetworkBackend):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        limit = _left(self._watch, httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, limit, local_address, socket_options)
        return _TimedStream(stream, self._watch)


def _left(watch: Watch, late: type[Exception]) -> float:
    try:
        return watch.left()
    except TimeoutError:
        raise late("deadline") from None


class GuardedTransport(httpx.HTTPTransport):
    """Hand it to `httpx.Client(transport=…, follow_redirects=False, trust_env=False)`.

    Answers are read whole under the guard's limits; faults are raised as errors of connectors.errors.
    """

    def __init__(self, guard: Guard) -> None:
        super().__init__(verify=guard.context, trust_env=False, proxy=guard.proxy)
        # httpx has no public place for a network backend; a test with a slow server watches over this line.
        self._pool._network_backend = _TimedBackend(guard.watch)
        self._guard = guard

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self._guard.begin(url)
        request.headers["Accept-Encoding"] = "gzip"
        try:
            answer = super().handle_request(request)
            self._guard.purse.note(url, answer.headers)
            try:
                body = self._body(url, answer)
            finally:
                answer.close()
        except httpx.TransportError as error:
            raise self._guard.fault(url, error) from None
        headers = [
            (name, value)
            for name, value in answer.headers.raw
            if name.lower() not in (b"content-encoding", b"content-length", b"transfer-encoding")
        ]
        return httpx.Response(answer.status_code, headers=headers, content=body)

    def _body(self, url: str, answer: httpx.Response) -> bytes:
        assert isinstance(answer.stream, httpx.SyncByteStream)
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        return self._guard.collect(url, answer.stream, encoding, answer.headers.get("location"))


def guarded_client(guard: Guard, headers: Mapping[str, str]) -> httpx.Client:
    """A client under the guard: it follows no redirect and takes nothing from the environment."""
    return httpx.Client(
        transport=GuardedTransport(guard),
        timeout=guard.watch.seconds,
        follow_redirects=False,
        trust_env=False,
        headers=headers,
    )
