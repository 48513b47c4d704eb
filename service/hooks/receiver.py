"""POST /hooks/CONNECTION as a raw ASGI application: refuse, verify, store, answer; no step is left out.

Nothing of a request is answered or logged: not its body, not its path, not its headers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

from connectors.hooks import Delivery, Handshake, Refused, Verdict
from model import inbox
from model.errors import StoreError
from service.hooks.commit import Full
from service.hooks.door import Door, Networks, sender_of
from service.hooks.letter import UNREADABLE, letter

__all__ = ["Hooks", "Limits", "Log", "Seen"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

_RETRY_AFTER = b"30"
_MOST_SEGMENTS = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """`largest`: bytes of a body; `body_seconds` to send it; `store_seconds` for it to become durable."""

    largest: int = 1_000_000
    body_seconds: float = 5.0
    store_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, for counters and the log. `result` is one word of a short list."""

    connection: str
    result: str
    status: int
    delivery: str = ""
    event: str = ""
    digest: str = ""
    dropped: int = 0


class Log(Protocol):
    def __call__(self, seen: Seen) -> None: ...


class _Answer(Exception):
    """The answer is decided."""

    def __init__(self, status: int, result: str) -> None:
        self.status = status
        self.result = result


class Hooks:
    """The application. `doors` may be replaced while it runs."""

    def __init__(
        self,
        doors: Mapping[str, Door],
        store: Callable[[inbox.Delivery], Awaitable[inbox.Arrival]],
        clock: Callable[[], datetime],
        log: Log,
        limits: Limits | None = None,
        proxies: Networks = (),
    ) -> None:
        self.doors = doors
        self.proxies = proxies
        self.limits = limits or Limits()
        self._store = store
        self._clock = clock
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        seen = Seen("", "path", 404)
        try:
            seen = await self._take(scope, receive, send)
        except _Gone:
            seen = Seen("", "gone", 0)
        except _Answer as answer:
            seen = Seen(_named(scope, self.doors), answer.result, answer.status)
            await _say(send, answer.status)
        self._log(seen)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> Seen:
        door, rest = self._door(scope)
        headers: Headers = scope["headers"]
        peer = (scope.get("client") or ("", 0))[0]
        sender = sender_of(peer, scope.get("scheme", "http"), headers, self.proxies)
        _refuse_odd_lengths(headers, self.limits.largest)
        if not door.admits(sender):
            raise _Answer(404, "address")
        body = await self._body(receive)
        delivery = Delivery(rest, scope["query_string"], headers, body, sender.secure, self._clock())
        verdict = _judged(door, delivery)
        if isinstance(verdict, Refused):
            raise _Answer(verdict.status, verdict.reason)
        if isinstance(verdict, Handshake):
            await _shake(send, verdict.text)
            return Seen(door.connection, "handshake", 200)
        stored = letter(door.connection, delivery, verdict)
        arrival = await self._stored(stored)
        await _say(send, 202)
        result = arrival.value if verdict.readable else UNREADABLE
        return Seen(
            door.connection, result, 202, stored.id, stored.kind, stored.digest, dropped=verdict.dropped
        )

    def _door(self, scope: Scope) -> tuple[Door, tuple[str, ...]]:
        """The connection meant and the rest of the path. Whatever is wrong is answered the same."""
        first, hooks, *named = scope["path"].split("/")
        if scope["method"] != "POST" or first or hooks != "hooks" or not 0 < len(named) <= _MOST_SEGMENTS:
            raise _Answer(404, "path")
        door = self.doors.get(named[0])
        if door is None:
            raise _Answer(404, "path")
        return door, tuple(named[1:])

    async def _body(self, receive: Receive) -> bytes:
        """The whole body, counted as it comes, whatever its headers announced."""
        pieces: list[bytes] = []
        size = 0
        with _Deadline(self.limits.body_seconds) as deadline:
            try:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    piece = message.get("body", b"")
                    size += len(piece)
                    if size > self.limits.largest:
                        raise _Answer(413, "size")
                    pieces.append(piece)
                    if not message.get("more_body", False):
                        return b"".join(pieces)
            except asyncio.CancelledError:
                raise (_Answer(408, "slow") if deadline.passed() else asyncio.CancelledError) from None

    async def _stored(self, delivery: inbox.Delivery) -> inbox.Arrival:
        with _Deadline(self.limits.store_seconds) as deadline:
            try:
                arrival = await self._store(delivery)
            except Full:
                raise _Answer(503, "full") from None
            except (StoreError, TimeoutError, OSError):
                raise _Answer(503, "store") from None
            except asyncio.CancelledError:
                raise (_Answer(503, "store") if deadline.passed() else asyncio.CancelledError) from None
        if arrival is inbox.Arrival.FULL:
            raise _Answer(503, "full")
        return arrival


class _Deadline:
    """Cancels its task when the time is over, as asyncio.timeout does at several times the cost."""

    __slots__ = ("_late", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._late = False

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def passed(self) -> bool:
        """Whether a cancellation was ours; it is taken back then."""
        if self._late and self._task is not None:
            self._task.uncancel()
        return self._late

    def _expire(self) -> None:
        self._late = True
        if self._task is not None:
            self._task.cancel()


class _Gone(Exception):
    """The sender hung up before the body was whole."""


def _judged(door: Door, delivery: Delivery) -> Verdict:
    """A fault of our own is not the sender's: it is told to come again."""
    try:
        return door.receiver.judge(delivery)
    except Exception:
        raise _Answer(503, "fault") from None


def _refuse_odd_lengths(headers: Headers, largest: int) -> None:
    """Two ways of telling a length are one way to smuggle a second request past a proxy."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1 or any(coding.lower() != b"chunked" for coding in codings):
        raise _Answer(400, "length")
    if lengths:
        if not lengths[0].isdigit() or len(lengths[0]) > 15:
            raise _Answer(400, "length")
        if int(lengths[0]) > largest:
            raise _Answer(413, "size")


def _named(scope: Scope, doors: Mapping[str, Door]) -> str:
    """The connection that a refused request was for, for the counters; none for an unknown path."""
    parts = scope["path"].split("/", 3)
    return parts[2] if len(parts) > 2 and parts[2] in doors else ""


def _headers(status: int, size: int) -> Iterable[tuple[bytes, bytes]]:
    yield b"content-length", str(size).encode()
    if status == 503:
        yield b"retry-after", _RETRY_AFTER
    if status >= 400:
        yield b"connection", b"close"


async def _say(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(_headers(status, 0))})
    await send({"type": "http.response.body", "body": b""})


async def _shake(send: Send, text: str) -> None:
    """The token as plain text that no browser takes for a page."""
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),
        *_headers(200, len(body)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
