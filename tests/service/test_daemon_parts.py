"""The daemon's parts, each by itself: pace, errands by the clock, hints, log lines, health, systemd."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.web import Web
from connectors.hooks import Accepted, Hint
from connectors.hooks import Delivery as Request
from model.errors import LeaseLost
from model.inbox import Waiting
from model.leases import Job
from model.store import Store
from service.fenced import FencedStore, Hold
from service.hearing import plan_errand
from service.hooks.door import networks, sender_of
from service.hooks.letter import letter
from service.hooks.subscriptions import Order, Orders, forget, keep
from service.logs import logger_to
from service.operations import Operations, Probe
from service.pace import Pace
from service.presence import Presence
from service.rendering import Failed, Renderer
from service.rendering import Order as Render
from service.systemd import Notifier
from service.timetable import Errand, Timetable, instants
from tests.service.daemon_run import eventually

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_source_is_asked_more_often_while_it_changes_and_less_while_it_rests() -> None:
    pace = Pace(100)
    assert pace.read(changed=True, left=0.9) == 50
    waits = [pace.read(changed=False, left=0.9) for _ in range(6)]
    assert waits == [100, 150, 225, 337.5, 400, 400]
    assert pace.read(changed=True, left=0.9) == 50


def test_a_source_whose_allowance_runs_low_is_asked_seldom_whatever_changes() -> None:
    assert Pace(100).read(changed=True, left=0.1) == 400


def test_a_failing_source_is_left_alone_for_longer_each_time_and_as_long_as_its_tracker_wishes() -> None:
    pace = Pace(100)
    assert [pace.failed(None) for _ in range(8)] == [100, 200, 400, 800, 1600, 3200, 3200, 3200]
    assert pace.failed(5000) == 5000
    assert pace.read(changed=False, left=None) == 400
    assert pace.failed(None) == 100


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("0 7 * * mon", "UTC", datetime(2026, 3, 3, tzinfo=UTC), ["2026-03-09T07:00", "2026-03-16T07:00"]),
        ("0 7 * * 1-5", "UTC", datetime(2026, 3, 6, 8, tzinfo=UTC), ["2026-03-09T07:00", "2026-03-10T07:00"]),
        (
            "30 2 * * *",
            "Europe/Berlin",
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            ["2026-03-29T03:00", "2026-03-30T02:30"],
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            datetime(2026, 10, 24, 12, tzinfo=UTC),
            ["2026-10-25T02:30", "2026-10-26T02:30"],
        ),
    ],
)
def test_cron_texts_count_monday_as_one_and_know_the_nights_of_the_clock_change(
    cron: str, zone: str, after: datetime, expected: list[str]
) -> None:
    found = instants(cron, after, zone)
    assert [next(found).strftime("%Y-%m-%dT%H:%M") for _ in expected] == expected


def _log() -> tuple[Any, io.StringIO]:
    out = io.StringIO()
    return logger_to(out, lambda text: text), out


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_errand_missed_ten_times_runs_once_and_a_failure_does_not_end_it(store: Store) -> None:
    log, out = _log()
    ran: list[str] = []
    with store.transaction() as writer:
        writer.leases.note_job(Job("tidy", next=NOW - timedelta(days=10)))

    def fail() -> str:
        ran.append("fail")
        raise OSError("no room")

    def tidy() -> str:
        ran.append("tidy")
        return "done"

    errands = [Errand("tidy", tidy, cron="0 3 * * *"), Errand("bad", fail, every=timedelta(milliseconds=1))]
    table = Timetable(store, "UTC", lambda: datetime.now(UTC), log, errands)
    table.start()
    eventually(lambda: ran.count("tidy") == 1 and ran.count("fail") >= 2)
    table.stop()
    with store.reading() as books:
        jobs = {job.name: job for job in books.leases.jobs()}
    assert ran.count("tidy") == 1
    assert jobs["tidy"].outcome == "done"
    assert jobs["tidy"].next is not None
    assert jobs["tidy"].next > datetime.now(UTC)
    assert jobs["bad"].outcome == "failed: no room"
    assert "bad failed: no room" in out.getvalue()


def _waiting(*hints: Hint, number: int = 1, readable: bool = True) -> Waiting:
    request = Request((), b"", (), b"%d" % number, True, NOW)
    stored = letter("gh", request, Accepted(f"d{number}", "issues", hints, readable))
    return Waiting("gh", stored.subject, (replace(stored, number=number),))


HELD = {"acme/a": {"I_1": "acme/a#1"}, "acme/b": {"I_2": "acme/b#2"}}


def _errand(*waiting: Waiting) -> Any:
    return plan_errand(waiting, tuple(HELD), HELD)


def test_issues_that_are_known_are_read_by_id_each_once() -> None:
    one, two = Hint("acme/a", "I_1", "acme/a#1"), Hint(None, "I_2")
    errand = _errand(_waiting(one), _waiting(one, number=2), _waiting(two, number=3))
    assert errand.issues == {"acme/a": {"I_1"}, "acme/b": {"I_2"}}
    assert errand.sources == set()
    assert errand.numbers == [1, 2, 3]


def test_an_unknown_id_asks_its_source_and_an_invented_one_costs_no_more() -> None:
    invented = [_waiting(Hint("acme/a", f"X{n}"), number=n) for n in range(1, 100)]
    errand = _errand(*invented)
    assert errand.issues == {}
    assert errand.sources == {"acme/a"}


def test_a_source_that_is_read_whole_is_not_read_issue_by_issue_as_well() -> None:
    errand = _errand(_waiting(Hint("acme/a", "I_1")), _waiting(Hint("acme/a"), number=2))
    assert errand.issues == {}
    assert errand.sources == {"acme/a"}


def test_a_hint_about_a_source_that_the_config_dropped_is_done_with() -> None:
    errand = _errand(_waiting(Hint("acme/gone", "I_1")), _waiting(Hint("acme/gone"), number=2))
    assert (errand.issues, errand.sources, errand.numbers) == ({}, set(), [1, 2])


def test_what_could_not_be_read_is_for_a_person() -> None:
    assert _errand(_waiting(readable=False)).unclear == [1]


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_who_lost_the_lease_can_store_nothing(store: Store) -> None:
    clock = SimpleNamespace(now=NOW)
    first = Hold(store, "work/gh", "first", lambda: clock.now)
    second = Hold(store, "work/gh", "second", lambda: clock.now)
    assert first.take()
    assert not second.take()
    fenced = FencedStore(store, first)
    with fenced.transaction() as writer:
        writer.leases.set("seen", "1", "first", clock.now)
    clock.now += timedelta(minutes=3)
    assert second.take()
    with pytest.raises(LeaseLost), fenced.transaction() as writer:
        writer.leases.set("seen", "2", "first", clock.now)
    with store.reading() as books:
        assert books.leases.flag("seen").value == "1"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_lease_that_is_used_does_not_run_out(store: Store) -> None:
    clock = SimpleNamespace(now=NOW)
    hold = Hold(store, "work/gh", "first", lambda: clock.now)
    other = Hold(store, "work/gh", "second", lambda: clock.now)
    assert hold.take()
    for _ in range(20):
        clock.now += timedelta(minutes=1)
        hold.renew()
    assert not other.take()
    hold.give_back()
    assert other.take()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_lease_of_a_daemon_that_was_killed_is_taken_over_at_once(store: Store, tmp_path: Path) -> None:
    living, following = (Presence(tmp_path / "crosstie.db") for _ in range(2))
    first = Hold(store, "work/gh", "here:1:1", lambda: NOW, living.alone)
    second = Hold(store, "work/gh", "here:2:2", lambda: NOW, following.alone)
    elsewhere = Hold(store, "work/gh", "there:2:2", lambda: NOW, following.alone)
    assert living.alone()
    assert first.take()
    assert not second.take()
    living.end()  # as the system does when a process is killed
    assert not elsewhere.take()
    assert second.take()
    with pytest.raises(LeaseLost), FencedStore(store, first).transaction() as writer:
        writer.leases.set("seen", "1", "first", NOW)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_subscription_is_known_while_it_is_asked_for_and_after(store: Store) -> None:
    orders = Orders(store, "planner", elapsed=iter(range(100)).__next__)
    assert not orders.is_pending("slot", NOW)
    keep(store, "planner", Order("slot", "/groups/1", pending=NOW + timedelta(minutes=2)), NOW)
    assert orders.is_pending("slot", NOW)
    assert orders.at("slot") is None
    assert not orders.is_pending("slot", NOW + timedelta(minutes=2))
    keep(store, "planner", Order("slot", "/groups/1", id="sub"), NOW)
    found = orders.at("slot")
    assert found is not None
    assert (found.id, found.resource) == ("sub", "/groups/1")
    assert Orders(store, "other").at("slot") is None
    forget(store, "planner", "slot")
    assert Orders(store, "planner").at("slot") is None


def test_log_lines_are_json_without_secrets_and_without_line_breaks() -> None:
    out = io.StringIO()
    log = logger_to(out, lambda text: text.replace("canary", "***"))
    log.warning("first\nsecond canary", delivery="canary-1", digest="\x1b[31m", many=["canary", 3], ok=True)
    (line,) = out.getvalue().splitlines()
    told = json.loads(line)
    assert told["event"] == "first | second ***"
    assert told["delivery"] == "***-1"
    assert told["many"] == ["***", 3]
    assert "\x1b" not in told["digest"]
    assert told["level"] == "warning"


async def _ask(app: Operations, path: str, method: str = "GET") -> tuple[int, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "path": path, "method": method}, None, send)
    return sent[0]["status"], sent[1]["body"]


def _operations(alive: Sequence[str] = (), ready: Sequence[str] = ()) -> Operations:
    return Operations(Probe(lambda: list(alive), lambda: list(ready), lambda: b"x 1\n"), "text/plain")


@pytest.mark.parametrize(
    ("app", "path", "status", "said"),
    [
        (_operations(), "/healthz", 200, b"true"),
        (_operations(alive=["the thread of gh ended"]), "/healthz", 503, b"the thread of gh ended"),
        (_operations(ready=["the disk is full"]), "/healthz", 200, b"true"),
        (_operations(ready=["the disk is full"]), "/readyz", 503, b"the disk is full"),
        (_operations(), "/metrics", 200, b"x 1"),
        (_operations(), "/", 404, b""),
        (_operations(), "/hooks/gh", 404, b""),
        (_operations(), "/docs", 404, b""),
    ],
)
def test_what_is_not_well_is_answered_503_with_the_reason(
    app: Operations, path: str, status: int, said: bytes
) -> None:
    found, body = asyncio.run(_ask(app, path))
    assert found == status
    assert said in body


def test_the_operations_listener_takes_no_writes() -> None:
    assert asyncio.run(_ask(_operations(), "/metrics", "POST"))[0] == 404


def test_a_probe_that_fails_is_an_answer_and_no_crash() -> None:
    def broken() -> list[str]:
        raise OSError("gone")

    app = Operations(Probe(broken, broken, lambda: b""), "text/plain")
    assert asyncio.run(_ask(app, "/readyz"))[0] == 503


@contextmanager
def _systemd(folder: Path, **more: str):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(2)
        yield Notifier({"NOTIFY_SOCKET": str(folder / "notify"), **more}), manager


def test_systemd_is_told_of_start_reload_and_stop(tmp_path: Path) -> None:
    with _systemd(tmp_path, WATCHDOG_USEC="120000000") as (notifier, manager):
        assert notifier.watchdog == 60
        notifier.ready("3 connections")
        notifier.reloading()
        notifier.alive("3 connections")
        notifier.stopping()
        told = [manager.recv(4096).decode() for _ in range(4)]
    assert told[0] == "READY=1\nSTATUS=3 connections"
    assert told[1].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert told[2].startswith("WATCHDOG=1")
    assert told[3] == "STOPPING=1"


def test_without_systemd_nobody_is_told() -> None:
    Notifier({}).ready("fine")


@pytest.mark.parametrize(
    ("peer", "headers", "address", "secure"),
    [
        ("203.0.113.5", [], "203.0.113.5", False),
        (
            "203.0.113.5",
            [(b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-proto", b"https")],
            "203.0.113.5",
            False,
        ),
        (
            "10.0.0.1",
            [(b"x-forwarded-for", b"6.6.6.6, 192.0.2.1"), (b"x-forwarded-proto", b"https")],
            "192.0.2.1",
            True,
        ),
        ("10.0.0.1", [(b"x-forwarded-for", b"192.0.2.1, 10.0.0.7")], "192.0.2.1", False),
        ("10.0.0.1", [], "10.0.0.1", False),
        ("10.0.0.1", [(b"x-forwarded-proto", b"https"), (b"x-forwarded-proto", b"http")], "10.0.0.1", False),
    ],
)
def test_only_a_named_proxy_is_believed_about_the_sender(
    peer: str, headers: list[tuple[bytes, bytes]], address: str, secure: bool
) -> None:
    found = sender_of(peer, "http", headers, networks(["10.0.0.0/24"]))
    assert (found.address, found.secure) == (address, secure)


def test_a_report_that_cannot_be_rendered_says_why_and_the_child_goes_on(tmp_path: Path) -> None:
    (tmp_path / "crosstie.toml").write_text("version = 2\n")
    renderer = Renderer({})
    try:
        for _ in range(2):
            with pytest.raises(Failed, match="newer than this program"):
                renderer.render(
                    Render(str(tmp_path / "crosstie.toml"), "erp", "status", "md", str(tmp_path / "x.md"))
                )
        assert not (tmp_path / "x.md").exists()
    finally:
        renderer.close()


def test_the_three_addresses_are_on_this_machine_only_unless_told_otherwise() -> None:
    web = Web()
    assert web.hooks.startswith("127.0.0.1:")
    assert web.metrics.startswith("127.0.0.1:")
    assert web.hooks != web.metrics
