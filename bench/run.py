"""Processes of a measurement: a crowd to ask, and programs that ask it, each alone in its process."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.ours import Cost

__all__ = ["Asked", "crowd", "floor", "library", "ours"]

Asked = list[tuple[str, str, str]]
"""Method, target and body of each request."""


@contextmanager
def crowd(kind: str, size: int, latency: float = 0.0) -> Iterator[dict[str, Any]]:
    """A server of so many issues; what it says of itself."""
    command = [sys.executable, "-m", "bench.crowd", kind, str(size), str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.stdin.close()


def ours(where: dict[str, Any], pulls: int = 1) -> tuple[list[Cost], Asked]:
    """What so many pulls of ours in a row cost, and all that they asked."""
    told = _told("bench.ours", json.dumps(where), str(pulls))
    return [Cost(**each) for each in told], _seen(where)


def floor(where: dict[str, Any], asked: Asked, events: float) -> Cost:
    """What it costs to ask the same and store as many rows; `events` are the rows of each issue."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(asked, file)
        file.flush()
        signed = {**where, "authorization": _authorization(where)}
        return Cost(**_told("bench.floor", json.dumps(signed), file.name, str(events)))


def library(where: dict[str, Any]) -> Cost:
    """What a loop over the plain library costs that reads the same issues with their histories."""
    return Cost(**_told("bench.library", json.dumps(where)))


def _told(module: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _seen(where: dict[str, Any]) -> Asked:
    with urllib.request.urlopen(where.get("base", where["url"]) + "/bench/seen") as answer:
        return [(method, target, body) for method, target, body in json.load(answer)]


def _authorization(where: dict[str, Any]) -> str:
    """Signed in as a pull of ours; for Planner by a token that the crowd issues to whoever asks for it."""
    if where["kind"] == "jira":
        user = where["settings"]["user"]
        return "Basic " + base64.b64encode(f"{user}:bench".encode()).decode()
    if where["kind"] == "github":
        return "bearer bench"
    return f"Bearer {where['token']}"
