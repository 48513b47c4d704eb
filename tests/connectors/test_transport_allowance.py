"""What trackers say is left, and that a budget leaves room for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
import pytest

from connectors.allowance import Purse, read_allowance
from connectors.base import Allowance
from connectors.errors import RetryLater
from connectors.httpx_transport import GuardedTransport
from connectors.retry import Retry
from connectors.transport import Guard
from tests.connectors.wire import Reply, answer, wire

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATE = {"Date": "Mon, 02 Mar 2026 12:00:00 GMT"}


def github(remaining: int, resource: str = "core") -> dict[str, str]:
    """GitHub's headers of an answer at noon; full again a minute later."""
    return DATE | {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(int(NOON.timestamp()) + 60),
        "x-ratelimit-resource": resource,
    }


MINUTE_LATER = datetime(2026, 3, 2, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (github(4000), Allowance("core", 5000, 4000, MINUTE_LATER)),
        (
            {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "7", "X-RateLimit-NearLimit": "true"},
            Allowance("", 100, 7),
        ),
        (
            {
                "X-RateLimit-Limit": "350",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": "2026-03-02T12:01Z",
                "RateLimit-Reason": "jira-quota-tenant-based",
            },
            Allowance("jira-quota-tenant-based", 350, 0, MINUTE_LATER),
        ),
        (
            DATE
            | {
                "X-RateLimit-Limit": "50",
                "X-RateLimit-Remaining": "49",
                "X-RateLimit-Interval-Seconds": "60",
                "X-RateLimit-FillRate": "10",
            },
            Allowance("", 50, 49, MINUTE_LATER),
        ),
        ({"X-RateLimit-Limit": "ten", "X-RateLimit-Remaining": "7"}, None),
        ({"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"}, None),
        (
            {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "9" * 30},
            Allowance("", 5, 5),
        ),
        ({"Retry-After": "60"}, None),
    ],
)
def test_what_is_left_is_read_in_every_trackers_words(
    headers: Mapping[str, str], said: Allowance | None
) -> None:
    assert read_allowance(headers, NOON) == said


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_a_spent_share_is_said_once_with_the_seconds_that_are_left() -> None:
    watch = Stopwatch()
    purse = Purse(0.5, watch)
    purse.note("https://api.example/repos", github(2500))
    purse.spend("https://api.example/repos")
    purse.note("https://api.example/repos", github(2499))
    watch.seconds = 15
    with pytest.raises(RetryLater, match=r"2,499 of 5,000 are left for others") as caught:
        purse.spend("https://api.example/repos")
    assert caught.value.after == 45
    purse.spend("https://api.example/repos")


def test_a_share_is_whole_again_after_the_reset_or_a_better_answer() -> None:
    watch = Stopwatch()
    purse = Purse(0.5, watch)
    purse.note("https://api.example/repos", github(10))
    watch.seconds = 61
    purse.spend("https://api.example/repos")
    purse.note("https://api.example/repos", github(10))
    purse.note("https://api.example/repos", github(5000))
    purse.spend("https://api.example/repos")


def test_each_resource_has_its_own_allowance() -> None:
    purse = Purse(0.5, Stopwatch())
    purse.note("https://api.example/graphql", github(1, "graphql"))
    purse.note("https://api.example/repos", github(4000))
    purse.spend("https://api.example/repos")
    with pytest.raises(RetryLater, match="graphql"):
        purse.spend("https://api.example/graphql")
    assert [one.name for one in purse.allowances()] == ["core", "graphql"]


def test_a_whole_budget_never_holds_back() -> None:
    purse = Purse(1.0, Stopwatch())
    purse.note("https://api.example/repos", github(0))
    purse.spend("https://api.example/repos")


def _asking(library: str, guard: Guard) -> Callable[[str], bytes]:
    if library == "requests":
        session = guard.session()
        return lambda url: session.get(url).content
    client = httpx.Client(transport=GuardedTransport(guard), follow_redirects=False, trust_env=False)
    return lambda url: client.get(url).content


@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_a_pull_pauses_for_its_budget_and_goes_on(library: str) -> None:
    told = [f"{name}: {value}" for name, value in github(100).items()]
    full = [f"{name}: {value}" for name, value in github(5000).items()]

    def replies(number: int, request: bytes) -> Reply:
        return answer("200 OK", b"page", *(full if number else told))

    slept: list[float] = []
    said: list[str] = []
    with wire(replies) as server:
        guard = Guard(server.url, budget=0.5, elapsed=Stopwatch())
        retry = Retry("GitHub", slept.append, lambda: NOON, said.append, jitter=lambda: 0.0)
        ask = _asking(library, guard)
        assert [retry.read(lambda: ask(server.url)) for _ in range(3)] == [b"page"] * 3
    assert slept == [60.0]
    assert "for others" in said[0]
    assert guard.spent().requests == 3
    assert guard.spent().allowances == (Allowance("core", 5000, 5000, MINUTE_LATER),)
