"""The receiver over real sockets: what is answered 2xx is stored, and no sender can hold it up."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from model.errors import StoreBusy, StoreFull
from model.inbox import Arrival, Delivery
from model.store import open_store
from service.hooks.commit import Committer, Full
from service.hooks.receiver import Limits
from tests.service.hook_senders import Served, exchange, request, send_many
from tests.service.hooks_desk import Desk, github_body, github_headers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(sqlite_store_url: Callable[[], str]) -> Iterator[Served]:
    one = Served(sqlite_store_url(), Limits(body_seconds=0.3), head_seconds=0.3)
    yield one
    one.close()


def _status(heard: bytes) -> int:
    return int(heard.split(b" ", 2)[1]) if heard else 0


BODY = github_body()
SMUGGLED = b"0\r\n\r\nPOST /hooks/gh HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        request("a", BODY, f"Content-Length: {len(BODY)}", "Transfer-Encoding: chunked"),
        request("a", SMUGGLED, "Content-Length: 5", "Transfer-Encoding: chunked"),
        request("a", BODY, f"Content-Length: {len(BODY)}", f"Content-Length: {len(BODY)}"),
        request("a", BODY, "Content-Length: 5", f"Content-Length: {len(BODY)}"),
        request("a", BODY, f"Content-Length: +{len(BODY)}"),
        request("a", BODY, "Content-Length: 0x10"),
        request("a", BODY, "Transfer-Encoding: chunked, identity"),
        request("a", BODY, "Transfer-Encoding: xchunked"),
        request("a", BODY, "Transfer-Encoding : chunked"),
        request("a", BODY, " Content-Length: 5", "Content-Length: 5"),
        request("a", b"zz\r\n", "Transfer-Encoding: chunked"),
        request("a", b"ffffffffffffffffff\r\nx", "Transfer-Encoding: chunked"),
        b"POST /hooks/gh HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /hooks/gh\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /hooks/\xff\xfe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /hooks/gh HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_an_odd_request_is_refused_and_its_connection_closed(served: Served, raw: bytes) -> None:
    heard = exchange(served.port, raw)
    assert _status(heard) in (400, 401, 404, 408), heard
    assert b" 202 " not in heard
    assert b" 500 " not in heard
    assert heard.count(b"HTTP/1.1") == 1, "what follows in the same bytes is not taken for another request"
    assert served.rows() == []


def test_a_chunked_body_is_taken(served: Served) -> None:
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    signed = request("c", BODY, "Transfer-Encoding: chunked").removesuffix(BODY)
    assert _status(exchange(served.port, signed + chunks, seconds=0.5)) == 202
    assert served.rows() == ["c"]


def test_a_slow_head_and_a_slow_body_are_given_up(served: Served) -> None:
    begun = time.monotonic()
    assert exchange(served.port, b"POST /hooks/gh HTTP/1.1\r\nHost: x\r\n") == b""
    assert exchange(served.port, b"") == b""
    whole = request("s", BODY)
    assert _status(exchange(served.port, whole[:-1])) == 408
    assert time.monotonic() - begun < 4
    assert served.rows() == []


def test_a_head_that_does_not_end_is_cut_off(served: Served) -> None:
    junk = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(200))
    assert _status(exchange(served.port, b"POST /hooks/gh HTTP/1.1\r\n", junk)) in (0, 400)


def test_hundreds_of_idle_connections_do_not_keep_a_sender_out(served: Served) -> None:
    with ExitStack() as held:
        for _ in range(300):
            talk = held.enter_context(socket.create_connection(("127.0.0.1", served.port)))
            talk.sendall(b"POST /hooks/gh HTTP/1.1\r\n")
        begun = time.monotonic()
        assert _status(exchange(served.port, request("through"), seconds=1.0)) == 202
        assert time.monotonic() - begun < 2.5


def test_more_connections_than_there_is_room_for_are_put_off(sqlite_store_url: Callable[[], str]) -> None:
    served = Served(sqlite_store_url(), most=5)
    try:
        with ExitStack() as held:
            for _ in range(8):
                held.enter_context(socket.create_connection(("127.0.0.1", served.port))).sendall(b"POST")
            statuses = {_status(exchange(served.port, request(f"r{n}"), seconds=0.3)) for n in range(3)}
        assert statuses == {503}
    finally:
        served.close()


def test_what_64_senders_are_told_is_stored_is_stored_once(served: Served) -> None:
    answers = asyncio.run(send_many(served.port, senders=64, each=15))
    assert set(answers) == {202}
    assert sorted(served.rows()) == sorted(answers[202])
    assert len(answers[202]) == 64 * 15


def test_what_is_sent_twice_is_stored_once(served: Served) -> None:
    asyncio.run(send_many(served.port, senders=8, each=5))
    again = asyncio.run(send_many(served.port, senders=8, each=5))
    assert set(again) == {202}
    assert len(served.rows()) == 40
    assert {seen.result for seen in served.seen} == {"new", "duplicate"}


def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "hooks.db"
    acknowledged: list[str] = []
    for round in range(2):
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.service.hook_senders", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        assert server.stdout is not None
        port = int(server.stdout.readline())
        killer = threading.Timer(0.25 + 0.15 * round, os.kill, (server.pid, signal.SIGKILL))
        killer.start()
        answers = asyncio.run(send_many(port, senders=32, each=10_000, name=f"k{round}"))
        server.communicate()
        assert set(answers) <= {202}
        acknowledged += answers.get(202, [])
    with open_store(f"sqlite:///{path}") as store, store.reading() as books:
        stored = [
            delivery.id
            for several in books.inbox.waiting("gh", limit=1_000_000)
            for delivery in several.deliveries
        ]
        assert list(books.inbox.verify()) == []
    assert acknowledged, "the rounds were long enough to prove something"
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


class _Slow:
    """An inbox whose commit takes until it is let go."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.entered = threading.Event()
        self.go = threading.Event()

    def __call__(self, deliveries: Sequence[Delivery]) -> Sequence[Arrival]:
        self.entered.set()
        assert self.go.wait(10)
        self.groups.append(len(deliveries))
        return [Arrival.NEW] * len(deliveries)


def _delivery(number: int) -> Delivery:
    from tests.service.hooks_desk import NOW

    return Delivery("gh", f"d{number}", b"%d" % number, NOW)


def test_what_comes_during_a_commit_goes_into_the_next_one_together() -> None:
    inbox = _Slow()
    committer = Committer(inbox)

    async def send() -> list[Arrival]:
        first = asyncio.create_task(committer.store(_delivery(0)))
        await asyncio.to_thread(inbox.entered.wait, 5)
        others = [asyncio.create_task(committer.store(_delivery(n))) for n in range(1, 40)]
        await asyncio.sleep(0)
        inbox.go.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(send()) == [Arrival.NEW] * 40
    committer.close()
    assert inbox.groups == [1, 39]


def test_more_than_may_wait_is_refused_at_once() -> None:
    inbox = _Slow()
    committer = Committer(inbox, room=2)

    async def send() -> list[object]:
        tasks = [asyncio.create_task(committer.store(_delivery(0)))]
        await asyncio.to_thread(inbox.entered.wait, 5)
        tasks += [asyncio.create_task(committer.store(_delivery(n))) for n in range(1, 5)]
        await asyncio.sleep(0)
        inbox.go.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    told = asyncio.run(send())
    committer.close()
    assert [isinstance(one, Full) for one in told] == [False, False, False, True, True]


@pytest.mark.parametrize(
    "failure", [StoreBusy("locked"), StoreFull("full"), Full(), OSError("no space"), TimeoutError()]
)
def test_what_cannot_be_stored_is_answered_503_with_a_wait(failure: Exception) -> None:
    desk = Desk(fails=failure)
    body = github_body()
    reply = desk.knock("/hooks/acme-gh", body, *github_headers(body))
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
    assert desk.stored == []


def test_a_fault_of_our_own_is_never_a_500() -> None:
    desk = Desk()

    class Broken:
        def judge(self, delivery: object) -> object:
            raise ZeroDivisionError

    from service.hooks.door import Door

    desk.app.doors = {"acme-gh": Door("acme-gh", Broken())}  # type: ignore[arg-type]
    body = github_body()
    assert desk.knock("/hooks/acme-gh", body, *github_headers(body)).status == 503
