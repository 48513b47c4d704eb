"""How the Planner connector takes what goes wrong between it and Graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.errors import AccessRefused, Misconfigured, SourceStopped, Unreachable
from sandbox.server import listen, url_of
from tests.connectors.planner_office import START, Bureau, bureau, cursors_of, gathered
from tests.connectors.wire import Reply, answer, wire

WHOLE = ("/tasks", "/$batch", "/getByIds")
"""Addresses that are asked for by themselves."""
PARTS = ("/details", "/buckets", "/planner/plans/")
"""Addresses that are asked for as a part of a batch, which can fail alone but not break off alone."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Bureau]:
    with bureau(tmp_path) as office:
        yield office


def test_graph_is_waited_for_as_long_as_it_asks(office):
    office.fill()
    office.graph.faults.once("rate_limit", "/tasks")
    assert len(gathered(office.pull(), "issues")) == 8
    assert 10 <= office.slept[0] < 13.01
    (said,) = office.waits
    assert said.startswith('waiting 10 s, Planner "planner" asked for it: ')


def test_a_part_of_a_batch_that_was_put_off_is_asked_again_alone(tmp_path):
    with bureau(tmp_path, expand="ignore") as office:
        tasks = office.fill()
        office.graph.faults.once("rate_limit", f"{tasks[0]}/details")
        batches = office.pull()
        sizes = [len(batch) for batch in office.batched("/tasks/")]
    assert gathered(batches, "issues")[0].body == "See the wiki\n[ ] Draft"
    assert sizes == [2, 1]
    assert office.slept[0] >= 2.128


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *((path, fault) for path in WHOLE for fault in ("rate_limit", "server_error", "drop_reply")),
        *((path, fault) for path in PARTS for fault in ("rate_limit", "server_error")),
    ],
)
def test_a_passing_fault_anywhere_costs_a_wait_and_nothing_else(tmp_path, path, fault):
    with bureau(tmp_path, expand="ignore") as office:
        office.fill()
        clean = gathered(office.pull(), "issues")
        office.graph.faults.once(fault, path)
        assert gathered(office.pull(), "issues") == clean
    assert office.graph.faults.pending == 0
    assert len(office.slept) == 1


def test_a_short_page_is_no_end(tmp_path):
    with bureau(tmp_path, page=4) as office:
        office.fill()
        office.graph.faults.once("short_page", "/tasks")
        batches = office.pull()
    assert len(gathered(batches, "issues")) == 8
    assert gathered(batches, "gone") == []


def test_an_unanswering_graph_ends_the_pull_after_the_last_try(office):
    for _ in range(5):
        office.graph.faults.once("server_error", "/$batch")
    with pytest.raises(Unreachable):
        office.pull()


def test_a_token_that_ran_out_is_renewed_without_a_word(office):
    office.fill()
    office.entra_wall.ahead = -3000
    connector = office.connect()
    list(connector.pull(office.source(), {}, office.clock.now()))
    office.graph_wall.ahead, office.entra_wall.ahead = 1000, 0
    batches = list(connector.pull(office.source(), {}, office.clock.now()))
    assert len(gathered(batches, "issues")) == 8
    assert [request.status for request in office.graph.requests].count(401) == 1


def test_a_token_that_is_never_taken_is_refused_after_one_renewal(office):
    office.graph_wall.ahead = 7200
    with pytest.raises(AccessRefused, match="does not take our token"):
        office.pull()
    assert [request.status for request in office.graph.requests] == [401, 401]


# One odd task


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"title": "\udc00"}, None), ({"percent": 10**20}, "percentComplete"), ({"title": None}, "title")],
)
def test_one_odd_task_is_set_aside_and_the_page_goes_on(office, given, reason):
    tasks = office.fill()
    for name, value in given.items():
        setattr(office.tenant.tasks[tasks[1]], name, value)
    batches = office.pull()
    read = [issue.ref.id for issue in gathered(batches, "issues")]
    if reason is None:
        assert read == tasks
        assert gathered(batches, "issues")[1].title == "\ufffd"
        return
    (parked,) = gathered(batches, "parked")
    assert read == [id for id in tasks if id != tasks[1]]
    assert (parked.id, reason in parked.reason) == (tasks[1], True)
    office.tenant.tasks[tasks[1]].title = "Sound again"
    office.tenant.tasks[tasks[1]].percent = 100
    mended = office.pull(cursors_of(batches))
    assert [issue.ref.id for issue in gathered(mended, "issues")] == [tasks[1]]


# Foreign addresses


def test_a_link_to_another_host_gets_no_credential_and_stops_the_source(tmp_path):
    foreign = listen()
    try:
        with bureau(tmp_path, page=3) as office:
            office.fill()
            walk = office.connect().pull(office.source(), {}, office.clock.now())
            begun = [next(walk), next(walk)]
            cursor = json.loads(begun[1].cursor)
            cursor["next"] = cursor["next"].replace(office.graph.url, url_of(foreign))
            with pytest.raises(SourceStopped, match="not this connection's address"):
                office.pull({"tasks": json.dumps(cursor)})
        with pytest.raises(BlockingIOError):
            foreign.accept()
    finally:
        foreign.close()


def graph_that_links_to(link: str) -> Callable[[int, bytes], Reply]:
    """A Graph whose list of tasks goes on at `link`, and that has no labels and no buckets."""

    def reply(_number: int, request: bytes) -> Reply:
        path = request.split(b" ")[1].decode()
        body = {"id": "P" * 28, "title": "Plan", "value": [], "categoryDescriptions": None}
        if "$batch" in path:
            parts = json.loads(request.partition(b"\r\n\r\n")[2])["requests"]
            replies = [{"id": one["id"], "status": 200, "headers": {}, "body": body} for one in parts]
            return answer("200 OK", json.dumps({"responses": replies}).encode())
        if "/tasks" in path:
            body["@odata.nextLink"] = link.replace("SELF", f"http://{host(request)}{path}")
        return answer("200 OK", json.dumps(body).encode(), "Content-Type: application/json")

    return reply


def host(request: bytes) -> str:
    return next(line[6:] for line in request.decode().split("\r\n") if line.lower().startswith("host: "))


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://graph.microsoft.com.evil.example/v1.0/x", "not this connection's address"),
        ("SELF", "in a circle"),
    ],
)
def test_a_bad_link_stops_the_source_before_its_page_is_stored(office, link, reason):
    with wire(graph_that_links_to(link)) as graph:
        walk = office.connect(url=f"{graph.url}/v1.0").pull(office.source(plan="P" * 28), {}, START)
        begun = [next(walk)]
        with pytest.raises(SourceStopped, match=reason):
            begun += list(walk)
    assert "evil.example" not in "".join(batch.cursor for batch in begun)


def test_a_redirect_is_not_followed(office):
    moved = answer("302 Found", b"", "Location: /v1.0/planner/elsewhere")
    with wire(lambda _number, _request: moved) as graph, pytest.raises(Misconfigured, match="redirects"):
        list(office.connect(url=f"{graph.url}/v1.0").pull(office.source(), {}, START))
    assert len(graph.received) == 1


def test_a_page_that_is_no_json_stops_the_source(office):
    page = answer("200 OK", b"<html>Sign in</html>")
    with wire(lambda _number, _request: page) as graph, pytest.raises(SourceStopped, match="JSON"):
        list(office.connect(url=f"{graph.url}/v1.0").pull(office.source(), {}, START))
