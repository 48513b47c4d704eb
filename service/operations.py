"""The third listener: /healthz says whether we live, /readyz whether we can work, /metrics how it goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Operations", "Probe"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What the daemon knows of itself: each answers the reasons why not, none being the good answer."""

    alive: Callable[[], list[str]]
    ready: Callable[[], list[str]]
    metrics: Callable[[], bytes]


class Operations:
    """A raw ASGI application; it only reads."""

    def __init__(self, probe: Probe, content_type: str) -> None:
        self._probe = probe
        self._content_type = content_type

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"] if scope["method"] in ("GET", "HEAD") else ""
        if path == "/metrics":
            body = await self._asked(self._probe.metrics)
            status = 200 if body is not None else 503
            await _say(send, status, self._content_type, body or b"")
        elif path in ("/healthz", "/readyz"):
            ask = self._probe.alive if path == "/healthz" else self._probe.ready
            reasons = await self._asked(ask)
            if reasons is None:
                reasons = ["no answer in time"]
            told = json.dumps({"ok": not reasons, "reasons": reasons}).encode()
            await _say(send, 503 if reasons else 200, "application/json", told)
        else:
            await _say(send, 404, "text/plain", b"")

    async def _asked(self, ask: Callable[[], Any]) -> Any:
        """The answer of something that may block; None where it fails or takes too long."""
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.to_thread(ask)
        except Exception:
            return None


async def _say(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
