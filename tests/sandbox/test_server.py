"""A stand is a real server: it starts and stops for certain, logs what it met, and breaks where told to."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.clock import WorldClock
from sandbox.faults import Faults
from sandbox.server import Stand, bad_gateway, listen, url_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Counter:
    """The smallest stand-in: POST adds one, GET tells, /broken is a defect of its own."""

    def __init__(self) -> None:
        self.clock = WorldClock(NOON)
        self.faults = Faults()
        self.count = 0
        self.asgi = Starlette(
            routes=[
                Route("/count", self.tell, methods=["GET"]),
                Route("/count", self.add, methods=["POST"]),
                Route("/broken", self.break_down),
            ]
        )

    async def tell(self, request: Request) -> Response:
        return JSONResponse({"count": self.count})

    async def add(self, request: Request) -> Response:
        self.count += len(await request.body())
        return Response(status_code=204)

    async def break_down(self, request: Request) -> Response:
        raise LookupError("a defect of the stand-in")

    def rate_limited(self, path: str) -> Response:
        return JSONResponse({"slow": path}, status_code=429)

    def server_error(self, path: str) -> Response:
        return bad_gateway()


def test_every_request_is_logged_with_what_was_sent_and_how_much_came_back():
    with Stand(Counter()) as stand:
        httpx.post(f"{stand.url}/count?by=body", content=b"xyz")
        answer = httpx.get(f"{stand.url}/count")
    post, get = stand.requests
    assert (post.method, post.path, post.query, post.status, post.bytes, post.body) == (
        "POST",
        "/count",
        "by=body",
        204,
        0,
        b"xyz",
    )
    assert (get.status, get.bytes) == (200, len(answer.content))
    assert get.headers["user-agent"].startswith("python-httpx/")


def test_the_date_header_is_the_worlds_time():
    app = Counter()
    app.clock.advance(timedelta(days=1))
    with Stand(app) as stand:
        assert httpx.get(f"{stand.url}/count").headers["date"] == "Tue, 03 Mar 2026 12:00:00 GMT"


def test_a_rate_limit_and_a_server_error_leave_the_state_alone():
    app = Counter()
    with Stand(app) as stand:
        stand.faults.once("rate_limit")
        stand.faults.once("server_error", after=1)
        statuses = [httpx.post(f"{stand.url}/count", content=b"x").status_code for _ in range(3)]
    assert statuses == [429, 204, 502]
    assert app.count == 1
    assert [request.fault for request in stand.requests] == ["rate_limit", None, "server_error"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_dropped_reply_was_applied_but_never_arrives_whole(method):
    app = Counter()
    with Stand(app) as stand:
        stand.faults.once("drop_reply", match="/count")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.request(method, f"{stand.url}/count", content=b"x")
        assert httpx.get(f"{stand.url}/count").json() == {"count": 1 if method == "POST" else 0}


def test_a_late_error_was_applied_all_the_same():
    app = Counter()
    with Stand(app) as stand:
        stand.faults.once("late_error", match="/count")
        assert httpx.post(f"{stand.url}/count", content=b"x").status_code == 502
        assert [one.fault for one in stand.requests] == ["late_error"]
    assert app.count == 1


def test_a_fault_waits_for_its_path_and_strikes_once():
    with Stand(Counter()) as stand:
        stand.faults.once("server_error", match="/elsewhere")
        assert httpx.get(f"{stand.url}/count").status_code == 200
        assert httpx.get(f"{stand.url}/elsewhere").status_code == 502
        assert httpx.get(f"{stand.url}/elsewhere").status_code == 404
        assert stand.faults.pending == 0


def test_an_unknown_fault_is_refused_where_it_is_armed():
    with pytest.raises(ValueError, match="drop_reply"):
        Faults().once("earthquake")  # type: ignore[arg-type]


def test_tls_is_trusted_through_the_stands_own_authority_only():
    with Stand(Counter(), tls=True) as stand:
        assert stand.url.startswith("https://localhost:")
        trusting = ssl.create_default_context(cadata=stand.ca_pem.decode())
        assert httpx.get(f"{stand.url}/count", verify=trusting).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(f"{stand.url}/count")


def test_an_address_is_known_before_anything_is_served_there():
    listener = listen()
    url = url_of(listener)
    with Stand(Counter(), listener=listener) as stand:
        assert stand.url == url
        assert httpx.get(f"{url}/count").status_code == 200


def test_a_stopped_stand_leaves_no_thread_and_no_listener():
    stand = Stand(Counter()).start()
    kept_alive = httpx.Client()
    kept_alive.get(f"{stand.url}/count")
    stand.stop()
    stand.stop()
    kept_alive.close()
    assert not any("stand" in thread.name for thread in threading.enumerate())
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{stand.url}/count")


def test_a_stand_that_was_never_started_can_be_stopped():
    Stand(Counter()).stop()


def test_a_stand_ins_own_defect_is_raised_to_the_test():
    with pytest.raises(LookupError, match="a defect of the stand-in"), Stand(Counter()) as stand:
        assert httpx.get(f"{stand.url}/broken").status_code == 500


def test_the_clock_only_goes_forward():
    clock = WorldClock(NOON)
    clock.set(NOON)
    with pytest.raises(ValueError, match="is over"):
        clock.set(NOON - timedelta(microseconds=1))
    with pytest.raises(ValueError, match="time zone"):
        clock.set(datetime(2026, 3, 3))  # noqa: DTZ001 - the point of the test
    assert clock.now() == NOON
