"""How the Planner connector takes what goes wrong between it and Graph."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
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


@pytest.mark.parametrize("expand", ["honour", "refuse"])
def test_a_page_that_fails_for_good_is_where_the_next_pull_goes_on(tmp_path, expand):
    with bureau(tmp_path, page=3, expand=expand) as office:
        tasks = office.fill()
        walk = office.connect().pull(office.source(), {}, office.clock.now())
        got = [next(walk), next(walk)]
        for _ in range(5):
            office.graph.faults.once("server_error", "/tasks" if expand == "honour" else "/$batch")
        with pytest.raises(Unreachable):
            got += list(walk)
        rest = office.pull(cursors_of(got))
        whole = office.pull()
    read = [issue.ref.id for issue in gathered(got + rest, "issues")]
    assert read == tasks
    assert {issue.ref: issue for issue in gathered(got + rest, "issues")} == {
        issue.ref: issue for issue in gathered(whole, "issues")
    }


@pytest.mark.parametrize("expand", ["honour", "refuse"])
def test_an_empty_page_that_leads_on_is_no_end(tmp_path, expand):
    with bureau(tmp_path, page=3, expand=expand) as office:
        tasks = office.fill()
        cursors = cursors_of(office.pull())
        walk = office.connect().pull(office.source(), {}, office.clock.now())
        got = [next(walk), next(walk)]
        office.tenant.hollow = 3
        got += list(walk)
        again = office.pull(cursors)
    assert [issue.ref.id for issue in gathered(got, "issues")] == tasks
    assert gathered(again, "gone") == gathered(again, "hidden") == gathered(again, "issues") == []


def test_no_page_size_is_asked_for_because_planner_would_not_heed_it(tmp_path):
    with bureau(tmp_path, page=3, expand="refuse") as office:
        office.fill()
        office.pull()
        asked = [request.query for request in office.graph.requests]
        asked += [url for batch in office.batched() for url in batch]
    assert not any("$top" in query for query in asked)


@pytest.mark.parametrize("expand", ["honour", "refuse"])
def test_tasks_edited_while_they_are_walked_end_as_a_clean_reading_has_them(tmp_path, expand):
    with bureau(tmp_path, page=3, expand=expand) as office:
        tasks = office.fill()
        walk = office.connect().pull(office.source(), {}, office.clock.now())
        got = [next(walk), next(walk)]
        office.edit(tasks[0], title="Read already")
        office.edit(tasks[5], title="To be read", description="Now")
        office.tenant.delete_task(tasks[6])
        office.add("Just made")
        got += list(walk)
        for _ in range(2):
            office.clock.advance(timedelta(minutes=30))
            got += office.pull(cursors_of(got))
        clean = {issue.ref.id: issue for issue in gathered(office.pull(), "issues")}
    ended = {issue.ref.id: issue for issue in gathered(got, "issues")}
    gone = set(gathered(got, "gone"))
    assert {id: issue for id, issue in ended.items() if id not in gone} == clean
    assert gone <= {tasks[6]}


def test_a_plan_that_is_closed_in_mid_walk_fails_the_pull_and_deletes_nothing(tmp_path):
    with bureau(tmp_path, page=3) as office:
        office.fill()
        cursors = cursors_of(office.pull())
        office.edit(next(iter(office.tenant.tasks)), title="Newer")
        walk = office.connect().pull(office.source(), cursors, office.clock.now())
        got = [next(walk), next(walk)]
        office.tenant.closed.add(office.plan)
        with pytest.raises(AccessRefused):
            got += list(walk)
    assert gathered(got, "gone") == gathered(got, "hidden") == []


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


def test_a_good_answer_without_a_body_stops_the_source(office):
    with (
        wire(lambda _number, _request: answer("200 OK")) as graph,
        pytest.raises(SourceStopped, match="JSON"),
    ):
        list(office.connect(url=f"{graph.url}/v1.0").pull(office.source(), {}, START))


def test_an_answer_that_breaks_off_in_its_compression_is_asked_for_again(office):
    packer = zlib.compressobj(wbits=31)
    whole = packer.compress(b'{"responses": []}' * 50) + packer.flush()
    cut = answer("200 OK", whole[: len(whole) // 2], "Content-Encoding: gzip")
    with wire(lambda _number, _request: cut) as graph, pytest.raises(Unreachable):
        list(office.connect(url=f"{graph.url}/v1.0").pull(office.source(), {}, START))
    assert len(graph.received) == 5


def test_a_batch_without_the_replies_it_owes_is_asked_for_again(office):
    none = answer("200 OK", b'{"responses": []}')
    with wire(lambda _number, _request: none) as graph, pytest.raises(Unreachable, match="put off 3"):
        list(office.connect(url=f"{graph.url}/v1.0").pull(office.source(), {}, START))
    assert len(graph.received) == 5
