"""The one way out to a tracker: what is sent where, how long an answer may take and how large it may be.

A Guard pins the addresses a connection may talk to, and its limits hold inside whatever library makes the
requests: `protect` arms a `requests` session (jira, PyGithub, msal), `connectors.httpx_transport` an httpx
client. Every fault leaves here as an error of connectors.errors, whose text holds no query and no header.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter

from config.settings import ConnectionSettings
from connectors.allowance import Purse
from connectors.base import Spent
from connectors.errors import ConnectorError, Misconfigured, RetryLater, SourceStopped

__all__ = ["Guard", "GuardedAdapter", "Watch", "inflate", "origin"]

_PORTS = {"http": 80, "https": 443}
_PIECE = 1 << 16
_MEGABYTE = 1 << 20
_CONNECT = 15.0
_NEVER_CONNECTED = (
    ConnectionRefusedError,
    socket.gaierror,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
)


def origin(url: str) -> str:
    """Scheme, host and port of a URL, written one way; everything else of it is dropped."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme.lower(), 0)
    except ValueError:
        return "an unreadable address"
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}"


class Watch:
    """How much of a request's total time is left; each socket operation gets at most that."""

    def __init__(self, seconds: float, elapsed: Callable[[], float]) -> None:
        self.seconds = seconds
        self._elapsed = elapsed
        self._ends = 0.0

    def start(self) -> None:
        self._ends = self._elapsed() + self.seconds

    def left(self) -> float:
        """Seconds left, more than none. Raises TimeoutError when they are used up."""
        left = self._ends - self._elapsed()
        if left <= 0:
            raise TimeoutError("deadline")
        return left


class Guard:
    """The limits of one connection: its addresses, its certificates, its proxy, its clock and its purse.

    `deadline` is the longest a request may take from first byte sent to last byte read, in seconds;
    `max_bytes` the most a decoded answer may hold. `elapsed` measures passing seconds, as socket timeouts
    do: it tells no time of day. `requests` and `received` count what was asked and how many bytes came.
    `budget` is the share of the tracker's allowance that may be used up, from 0 to 1.
    """

    def __init__(
        self,
        *urls: str,
        deadline: float = 60.0,
        max_bytes: int = 64 * _MEGABYTE,
        ca_file: Path | None = None,
        proxy: str | None = None,
        elapsed: Callable[[], float] = time.perf_counter,
        budget: float | Decimal = 1.0,
    ) -> None:
        self.origins = frozenset(map(origin, urls))
        self.max_bytes = max_bytes
        self.proxy = proxy
        self.watch = Watch(deadline, elapsed)
        self.context = _trust(ca_file)
        self.requests = 0
        self.received = 0
        self.purse = Purse(float(budget), elapsed)

    @classmethod
    def of(cls, settings: ConnectionSettings, url: str) -> Guard:
        """The guard that a connection's settings ask for around one of its addresses."""
        return cls(
            url,
            deadline=settings.timeout.total_seconds(),
            ca_file=settings.ca_file,
            proxy=settings.proxy,
            budget=settings.budget,
        )

    def session(self) -> requests.Session:
        """A fresh session under this guard."""
        session = requests.Session()
        self.protect(session)
        return session

    def protect(self, session: requests.Session) -> None:
        """Arm a session somebody else made; its environment, netrc and proxies are ignored."""
        session.trust_env = False
        session.adapters.clear()
        adapter = GuardedAdapter(self)
        for scheme in _PORTS:
            session.mount(f"{scheme}://", adapter)

    def admit(self, url: str) -> None:
        """Refuse an address that is not this connection's, before a byte is sent there."""
        if origin(url) not in self.origins:
            ours = " or ".join(sorted(self.origins))
            raise SourceStopped(
                f"An answer from {ours} points to {origin(url)}, which is not this connection's address. "
                "Nothing was sent there. If the tracker has moved, change the connection's url."
            )

    def begin(self, url: str) -> None:
        """Admit a request, count it and start its time. RetryLater: our share of the allowance is used up."""
        self.admit(url)
        self.purse.spend(url)
        self.requests += 1
        self.watch.start()

    def spent(self) -> Spent:
        """What was asked so far, and what the tracker says is left."""
        return Spent(self.requests, self.purse.allowances())

    def collect(self, url: str, chunks: Iterable[bytes], encoding: str, location: str | None) -> bytes:
        """The decoded body of an answer within the limits; a redirect to a foreign address is refused."""
        if location is not None:
            self.admit(urljoin(url, location))
        body = inflate(chunks, encoding, self.max_bytes, origin(url))
        self.received += len(body)
        return body

    def fault(self, url: str, error: BaseException) -> ConnectorError:
        """What a library's network error means for the caller, in words that give nothing away."""
        place = origin(url)
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return Misconfigured(
                f"The certificate of {place} is not trusted. If your organisation signs it itself, name the "
                "authority's file as ca_file in the connection."
            )
        way = f" through the proxy {origin(self.proxy)}" if self.proxy else ""
        unsent = any(isinstance(cause, _NEVER_CONNECTED) for cause in causes)
        return RetryLater(f"{place}{way} {self._what(causes)}", unsent=unsent)

    def _what(self, causes: list[BaseException]) -> str:
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return "has a name that cannot be resolved"
        if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            return "refused the connection"
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return f"gave no complete answer within {self.watch.seconds:g} s"
        return "broke the connection before the answer was complete"


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """The authorities that a connection trusts; a changed file is read anew."""
    try:
        stamp = ca_file.stat().st_mtime_ns if ca_file is not None else 0
        return _authorities(ca_file, stamp)
    except OSError as error:
        raise Misconfigured(
            f"ca_file {ca_file} cannot be used ({error.strerror or 'no certificate in it'}). "
            "Name a readable PEM file of certificate authorities."
        ) from None


@lru_cache(maxsize=16)
def _authorities(ca_file: Path | None, _stamp: int) -> ssl.SSLContext:
    """Made once and shared: to read the world's authorities costs more than a small pull."""
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _causes(error: BaseException) -> Iterable[BaseException]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def inflate(chunks: Iterable[bytes], encoding: str, limit: int, place: str) -> bytes:
    """The decoded body, never holding more than `limit` bytes of it, nor more than 1 MB per step of decoding.

    Raises SourceStopped when it is larger or encoded in a way not asked for, RetryLater when it is cut short.
    """
    pieces = chunks if encoding in ("", "identity") else _gunzip(chunks, encoding, place)
    body: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise SourceStopped(
                f"An answer of {place} is larger than {limit / _MEGABYTE:g} MB. Nothing of it was stored; "
                "check that the connection's url is the tracker's API."
            )
        body.append(piece)
    return b"".join(body)


def _gunzip(chunks: Iterable[bytes], encoding: str, place: str) -> Iterable[bytes]:
    if encoding not in ("gzip", "x-gzip"):
        raise SourceStopped(f"{place} answers in the encoding {encoding[:20]!r}, which nobody asked for.")
    member = None
    try:
        for chunk in chunks:
            data = chunk
            while data:
                member = member if member and not member.eof else zlib.decompressobj(wbits=31)
                yield member.decompress(data, _MEGABYTE)
                data = member.unconsumed_tail or member.unused_data
        while member and not member.eof:
            rest = member.decompress(b"", _MEGABYTE)
            if not rest:
                raise RetryLater(f"{place} broke off in the middle of an answer")
            yield rest
    except zlib.error:
        raise RetryLater(f"{place} sent a damaged answer") from None


class _TimedRaw(io.RawIOBase):
    """A socket's bytes, each read of which waits no longer than the request's time allows."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._sock = sock
        self._watch = watch
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._watch.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """What http.client's response needs of a socket."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._sock = sock
        self._watch = watch

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedRaw(self._sock, self._watch))


def _pools(watch: Watch) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Connection pools whose answers, headers included, are read against the watch."""

    class Answer(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(_TimedSocket(sock, watch), *args, **kwargs)  # type: ignore[arg-type]

    class Plain(urllib3.connection.HTTPConnection):
        response_class = Answer

    class Secure(urllib3.connection.HTTPSConnection):
        response_class = Answer

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class GuardedAdapter(HTTPAdapter):
    """The guard inside a `requests` session.

    Certificates are always verified against the guard's authorities, whatever the session says. Answers are
    read whole here and carry no cookies on: a lapsed session cookie would outrank a valid token.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._guard.context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._guard.watch)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._guard.context, **kwargs)
        manager.pool_classes_by_scheme = _pools(self._guard.watch)
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {"ssl_context": self._guard.context, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        url = request.url or ""
        guard = self._guard
        guard.begin(url)
        request.headers["Accept-Encoding"] = "gzip"
        routes = {scheme: guard.proxy for scheme in _PORTS} if guard.proxy else {}
        limit = (min(guard.watch.seconds, _CONNECT), guard.watch.seconds)
        try:
            return self._read_whole(url, super().send(request, stream=True, timeout=limit, proxies=routes))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise guard.fault(url, error) from None

    def _read_whole(self, url: str, response: requests.Response) -> requests.Response:
        raw = response.raw
        self._guard.purse.note(url, response.headers)
        encoding = response.headers.pop("Content-Encoding", "").strip().lower()
        try:
            body = self._guard.collect(
                url, raw.stream(_PIECE, decode_content=False), encoding, response.headers.get("Location")
            )
        except BaseException:
            raw.close()
            raise
        response.raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), status=response.status_code, reason=response.reason, preload_content=False
        )
        return response
