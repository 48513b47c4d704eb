"""When a read is asked again, how long it waits, and that a write is sent once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jira
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import AccessRefused, RetryLater, Unreachable
from connectors.retry import Retry, retry_after
from connectors.transport import Guard
from tests.connectors.wire import Reply, answer, drop, wire

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Bench:
    """A policy whose sleeps move its own clock and are written down."""

    def __init__(self, jitter: float = 0.0, attempts: int = 5, longest: float = 300.0) -> None:
        self.now = NOON
        self.slept: list[float] = []
        self.said: list[str] = []
        self.retry = Retry(
            "GitHub",
            self._sleep,
            lambda: self.now,
            self.said.append,
            jitter=lambda: jitter,
            attempts=attempts,
            longest=longest,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def failing(*errors: Exception) -> Callable[[], str]:
    """A call that raises each error once and then answers."""
    waiting = list(errors)

    def call() -> str:
        if waiting:
            raise waiting.pop(0)
        return "answer"

    return call


def test_a_read_waits_longer_each_time_until_it_is_answered() -> None:
    bench = Bench()
    assert bench.retry.read(failing(RetryLater("x"), RetryLater("x"), RetryLater("x"))) == "answer"
    assert bench.slept == [1.0, 2.0, 4.0]


@given(wish=st.floats(0, 300), jitter=st.floats(0, 0.999))
def test_a_wait_is_never_shorter_than_the_wish(wish: float, jitter: float) -> None:
    bench = Bench(jitter)
    bench.retry.read(failing(RetryLater("x", wish)))
    assert max(wish, 1.0) <= bench.slept[0] <= max(wish, 1.0) * 1.3


def test_a_wait_is_announced_with_its_reason() -> None:
    bench = Bench()
    bench.retry.read(failing(RetryLater("busy", 41.2), RetryLater("tracker.example refused the connection.")))
    assert bench.said == [
        "waiting 42 s, GitHub asked for it: busy",
        "waiting 2 s, tracker.example refused the connection",
    ]


def test_the_last_failure_says_what_to_do_next() -> None:
    bench = Bench(attempts=3)
    with pytest.raises(Unreachable, match=r"refused it; 3 attempts failed\. Check the address"):
        bench.retry.read(failing(*[RetryLater("tracker.example refused it")] * 9))
    assert len(bench.slept) == 2


def test_a_wish_that_is_too_long_is_left_to_a_later_run() -> None:
    bench = Bench()
    with pytest.raises(RetryLater, match=r"38 minutes.* after 2026-03-02 12:37 UTC") as caught:
        bench.retry.read(failing(RetryLater("rate limit", 2250)))
    assert caught.value.after == 2250
    assert bench.slept == []


def test_an_error_that_asks_for_a_person_is_not_repeated() -> None:
    bench = Bench()
    with pytest.raises(AccessRefused):
        bench.retry.read(failing(AccessRefused("no")))
    assert bench.slept == []


def test_a_write_is_called_once_whatever_it_raises() -> None:
    bench = Bench()
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        raise RetryLater("broke off")

    with pytest.raises(RetryLater):
        bench.retry.write(call)
    assert (len(calls), bench.slept) == (1, [])


def test_without_a_source_of_jitter_the_clock_spreads_the_waits() -> None:
    slept: list[float] = []
    retry = Retry("Jira", slept.append, lambda: NOON.replace(microsecond=500_000), lambda text: None)
    retry.read(failing(RetryLater("x", 10)))
    assert slept == [11.5]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "60"}, 60.0),
        ({"retry-after": "2.128"}, 2.128),
        ({"RETRY-AFTER": "0"}, 0.0),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "Mon, 02 Mar 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Mon, 02 Mar 2026 11:00:00 GMT"}, 0.0),
        (
            {"Retry-After": "Mon, 02 Mar 2026 14:00:30 GMT", "Date": "Mon, 02 Mar 2026 14:00:00 GMT"},
            30.0,
        ),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOON) == seconds


@pytest.mark.parametrize(
    "reply", [answer("502 Bad Gateway", b"<html>"), drop, answer("503 Unavailable", b"", "Retry-After: 1")]
)
def test_the_jira_library_sends_a_post_once(reply: Reply) -> None:
    info = {"versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}

    def replies(number: int, request: bytes) -> Reply:
        return answer("200 OK", json.dumps(info).encode()) if request.startswith(b"GET") else reply

    with wire(replies) as server:
        client = jira.JIRA(
            server.url, basic_auth=("mia", "token"), max_retries=0, validate=False, get_server_info=True
        )
        Guard(server.url).protect(client._session)
        with pytest.raises((jira.JIRAError, RetryLater)):
            client._session.post(f"{server.url}/rest/api/3/issue", data="{}")
        assert len([request for request in server.received if request.startswith(b"POST")]) == 1
        client.close()
