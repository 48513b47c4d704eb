"""What a pull costs, counted in the stand-in's own log of requests."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from connectors.conformance import fold
from connectors.jira.pages import find
from sandbox.server import Stand
from tests.connectors.jira_desk import ANN, BOB, Desk

_SETUP = {"serverInfo", "myself", "project", "field", "status", "board", "configuration"}


def filled(issues: int) -> Desk:
    """A site whose issues were created a minute apart and edited once, with a few worklogs."""
    desk = Desk()
    ids = []
    for number in range(issues):
        ids.append(desk.story(f"Story {number}"))
        desk.clock.advance(timedelta(minutes=1))
    for number, id in enumerate(ids):
        desk.clock.advance(timedelta(minutes=1))
        desk.site.edit(id, BOB, points=number % 8)
    for id in ids[:20]:
        desk.site.log_work(id, BOB, desk.clock.now(), 600)
    desk.wait(hours=1)
    return desk


def asked(stand: Stand) -> Counter[str]:
    """Requests by what they ask for; the log begins anew."""
    counted = Counter(_word(request.path) for request in stand.requests)
    stand.requests.clear()
    return counted


def _word(path: str) -> str:
    parts = path.strip("/").split("/")
    return (
        "project" if parts[-2] == "project" else "/".join(p for p in parts[-2:] if p not in ("3", "2", "1"))
    )


def short(counted: Counter[str]) -> Counter[str]:
    return Counter({word.rpartition("/")[2]: number for word, number in counted.items()})


def test_each_hundred_issues_cost_a_page_and_each_thousand_their_histories() -> None:
    """So 10,000 issues with their histories take 110 requests, besides what every pull asks once."""
    costs: dict[int, Counter[str]] = {}
    for issues in (1000, 2000):
        desk = filled(issues)
        with desk.served() as stand:
            assert len(fold(desk.pull()).issues) == issues
            costs[issues] = short(asked(stand))
    growth = costs[2000] - costs[1000]
    assert growth == {"jql": 10, "bulkfetch": 1}
    once = costs[1000] - Counter({"jql": 10, "bulkfetch": 1})
    assert set(once) - _SETUP == {
        "approximate-count", "mypermissions", "jql", "sprint", "version", "updated", "list", "deleted",
    }  # fmt: skip
    assert sum(once.values()) <= 16


@pytest.fixture(scope="module")
def desk() -> Desk:
    return filled(400)


def test_when_nothing_changed_each_stream_costs_one_request(desk: Desk) -> None:
    with desk.served() as stand:
        seen = fold(desk.pull())
        asked(stand)
        desk.wait(hours=1)
        fold(desk.pull(seen.cursors), seen)
        assert short(asked(stand)) == {
            "project": 1,
            "approximate-count": 1,
            "sprint": 1,
            "version": 1,
            "jql": 1,
            "updated": 1,
            "deleted": 1,
        }


def test_a_hundred_changed_issues_with_worklogs_cost_ten_requests_at_most(desk: Desk) -> None:
    with desk.served() as stand:
        seen = fold(desk.pull())
        desk.wait(hours=1)
        asked(stand)
        for id in list(desk.site.issues)[100:200]:
            desk.clock.advance(timedelta(seconds=20))
            desk.site.edit(id, BOB, points=13)
            desk.site.log_work(id, BOB, desk.clock.now(), 900)
        desk.wait(hours=1)
        fold(desk.pull(seen.cursors), seen)
        counted = short(asked(stand))
    del counted["approximate-count"]
    assert sum(counted.values()) <= 10
    assert sum(issue.estimate == 13 for issue in seen.issues.values()) == 100
    assert len(seen.worklogs) >= 120


def test_a_day_later_the_site_is_looked_at_again(desk: Desk) -> None:
    with desk.served() as stand:
        seen = fold(desk.pull())
        asked(stand)
        desk.wait(hours=25)
        fold(desk.pull(seen.cursors), seen)
        assert set(short(asked(stand))) >= _SETUP


def test_other_settings_look_at_the_site_again_at_once(desk: Desk) -> None:
    with desk.served() as stand:
        seen = fold(desk.pull())
        asked(stand)
        fold(desk.pull(seen.cursors, start="Start date"), seen)
        assert short(asked(stand))["field"] == 1


def test_the_ids_of_twelve_thousand_issues_are_three_pages() -> None:
    desk = Desk()
    for _ in range(12_000):
        desk.site.create_issue("ED", "Task", "x", ANN)
    desk.wait(hours=1)
    with desk.served() as stand:
        client = desk.connect()._client
        token, met = "", set()
        while True:
            page = find(client, 'project = "ED"', ("id",), token, 5000)
            met.update(bytes(raw) for raw in page.issues)
            token = page.token
            if not token:
                break
        assert len(stand.requests) == 3
    assert len(met) == 12_000


def test_a_request_log_tells_what_the_connector_says_it_spent(desk: Desk) -> None:
    with desk.served() as stand:
        connector = desk.connect()
        for _ in connector.pull(desk.source(), {}, desk.clock.now()):
            pass
        assert connector.spent().requests == len(stand.requests)
